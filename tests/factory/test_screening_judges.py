"""A run whose prompts two judges compare with benchmark items, and what is said of that."""

import dataclasses

import pytest

from factory.engine import run
from factory.estimate import estimate
from factory.explain import explain
from factory.published import published_toml
from factory.recipe import Job, load_recipe
from factory.rundir import open_run
from factory.screened import dropped
from factory.teachers.scripted import ScriptedConfig
from pipelines import make_job
from tests.factory.test_rejudge import text
from tests.screened_runs import ITEMS, LEAK, NEAR, Listed, story, teacher, write_items

pytestmark = pytest.mark.timeout(120)  # the first run may have to compile kernels
RECIPE = """
pipeline = "math"
[math]
samples_on = 1
samples_off = 1
[teachers.llama]
kind = "scripted"
replies = ["llama"]
price = {prompt = 1.0, completion = 1.0}
[teachers.qwen]
kind = "scripted"
replies = ["qwen"]
price = {prompt = 2.0, completion = 2.0}
[ask]
on = "llama"
off = "llama"
[decontaminate]
embed = "scripted"
similarity = 0.55
judge = ["llama", "qwen"]
"""
SURE = ITEMS[0]["question"]
"""The item that qwen alone calls the same."""
CAST = {ScriptedConfig(replies=(name,)).identity()[1]: name for name in ("llama", "qwen")}
"""Who is asked, by the revision that the request names."""


def said(request) -> str:
    if CAST[request.revision] == "llama":
        return "The numbers differ.\nFalse"
    return str(SURE in request.messages[0].content)


@pytest.fixture(scope="module")
def finished(client, tmp_path_factory) -> tuple[Job, dict, object]:
    folder = tmp_path_factory.mktemp("judged")
    write_items(folder / "hens.jsonl")
    (folder / "r.toml").write_text(f'{RECIPE}against = ["{folder}/hens.jsonl"]\n')
    made = make_job(load_recipe(folder / "r.toml"))
    source = Listed((story(1), NEAR, LEAK))
    job = dataclasses.replace(made, pipeline=dataclasses.replace(made.pipeline, source=source))
    manifest = run(job, folder / "run", client=client, teacher=teacher(said))
    return job, manifest, open_run(folder / "run")


def test_what_the_second_judge_alone_calls_the_same_is_dropped(finished):
    _, manifest, directory = finished
    assert dropped(directory, 0) == {1: "contaminated", 2: "contaminated"}
    assert manifest["screening"][-1]["judged"] == {"different": 1, "same": 1}


def test_each_judge_is_in_the_manifest_with_what_it_took(finished):
    _, manifest, _ = finished
    judges = manifest["screening"][-1]["judge"]
    assert [(each["teacher"], each["completions"]) for each in judges] == [
        ("llama", 2),
        ("qwen", 2),
    ]
    for rows in ("usage", "paid"):
        found = {r["teacher"]: r for r in manifest[rows] if r["domain"] == "decontamination"}
        for judge in judges:
            row = found[judge["teacher"]]
            tokens = judge["prompt_tokens"] + judge["completion_tokens"]
            price = {"llama": 1e-6, "qwen": 2e-6}[judge["teacher"]]
            assert row["completion_tokens"] == judge["completion_tokens"]
            assert row["cost"] == pytest.approx(tokens * price)
    assert [("same problem" in each["does"]) for each in manifest["teachers"]] == [True, True]


def test_explain_shows_which_judge_said_what(finished):
    job, _, directory = finished
    prompt = list(job.pipeline.source.prompts(0, 3))[1]
    shown = text(explain(job, directory, prompt.id))
    assert "judged same: llama: different; qwen: same" in shown
    assert "judged different: llama: different; qwen: different" in shown


def test_the_card_names_the_judges_in_their_order(finished):
    _, _, directory = finished
    card = (directory.root / "dataset" / "README.md").read_text()
    assert (
        "Teachers `llama`, then `qwen` were asked whether it is the same problem, each about what "
        "none before it called that: 1 different, 1 same. What one of them would not judge was "
        "dropped." in card
    )


def test_a_published_recipe_lists_the_judges(finished):
    job, _, _ = finished
    assert 'judge = [\n    "llama",\n    "qwen",\n]' in published_toml(job)


def test_an_estimate_counts_each_judge(finished, tmp_path):
    job, manifest, _ = finished
    found = estimate(job, job, tmp_path / "ledger", teacher=teacher(said))
    for judge in manifest["screening"][-1]["judge"]:
        account = found.accounts[f"{judge['teacher']}/decontamination/off"]
        assert account["completions"].expected == pytest.approx(judge["completions"])
