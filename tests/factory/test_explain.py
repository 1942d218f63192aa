"""The life of one row."""

import dataclasses
import shutil

import polars as pl
import pytest

from factory.engine import run
from factory.explain import explain
from factory.finding import find, nearest_ids
from factory.rundir import open_run
from factory.teachers.scripted import ScriptedTeacher
from tests.factory.test_engine import LENIENT, scripted
from tests.factory.test_rejudge import judged_run, text
from tests.factory.test_several_teachers import TWO, always_right, job
from tests.toys import toy_job


@pytest.fixture(scope="module")
def finished(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain")
    made = toy_job(folder, more=LENIENT)
    run(made, folder / "run", client=client, teacher=scripted(made))
    return made, open_run(folder / "run")


def prompt_id(made, place: int = 7) -> str:
    return next(made.pipeline.source.prompts(place, place + 1)).id


def test_a_dropped_response_names_its_twin_its_request_and_its_verdicts(finished):
    made, directory = finished
    id = prompt_id(made)
    shown = text(explain(made, directory, f"{id}-on-001"))
    for words in (
        "position 7 of the source, part 1, domain math",
        "licence apache-2.0",
        "passes its own check",
        "system: detailed thinking on",
        "temperature 0.6, top_p 0.95, max_tokens 1024, sample 1, seed",
        "on account teacher/math/on, by scripted",
        "drop exact_duplicate",
        f"exact.v1: exact_duplicate, repeats {id}-on-000",
        "not seen",
        f"{id}-on-001: not published",
        f"{id}-rl: published in dataset/RL/math/v1-00000-of-00001.parquet, row 7",
    ):
        assert words in shown, words
    row = find(directory, f"{id}-on-001").response
    assert f"key {row['request_keys'][0]}" in shown


def test_a_request_that_this_recipe_would_not_make_is_not_shown_as_the_one_that_was_made(finished):
    made, directory = finished
    other = dataclasses.replace(made, recipe=dataclasses.replace(made.recipe, seed=8))
    shown = text(explain(other, directory, f"{prompt_id(made)}-on-001"))
    assert "what was asked cannot be shown" in shown
    assert "system: detailed thinking on" not in shown
    assert "on account teacher/math/on" in shown, "what the ledger says is known all the same"


def test_a_published_row_is_found_in_its_shard(finished):
    made, directory = finished
    id = f"{prompt_id(made)}-off-000"
    shown = text(explain(made, directory, id))
    assert f"{id}: published in dataset/SFT/math/v1-00000-of-00001.parquet, row 15" in shown


def test_a_prompt_and_an_rl_record_show_all_responses(finished):
    made, directory = finished
    id = prompt_id(made)
    for each in (id, f"{id}-rl"):
        shown = text(explain(made, directory, each))
        assert shown.count(f"{id}-o") == 11 + 2 + 1, "all, two are published, one is repeated"
        assert "teacher: content_filter" in shown


def test_cost_is_at_the_recipes_prices(client, tmp_path):
    made = job(tmp_path, teachers=TWO)
    run(made, tmp_path / "run", client=client, teacher=always_right(made))
    directory = open_run(tmp_path / "run")
    id = f"{prompt_id(made, 2)}-on-000"
    row = find(directory, id).response
    cost = (row["prompt_tokens"] + 4 * row["completion_tokens"]) / 1e6
    assert f"US$ {cost:.6f}" in text(explain(made, directory, id))


def test_a_judges_words_are_shown(client, tmp_path):
    made, directory = judged_run(client, tmp_path)
    shown = text(explain(made, directory, f"{prompt_id(made, 2)}-off-000"))
    assert "column judge" in shown
    assert "Judgement: no" in shown
    assert "drop judged_wrong" in shown


def test_repeated_prompts_name_each_other(client, tmp_path):
    made = toy_job(tmp_path, num_prompts=30, samples=(1, 1), more="max_error_share = 1.0")
    loose = made.pipeline.with_filter_settings({"prompt_minhash": {"threshold": 0.2}}, "test")
    made = dataclasses.replace(made, pipeline=loose)
    run(made, tmp_path / "run", client=client, teacher=scripted(made))
    directory = open_run(tmp_path / "run")
    rows = pl.read_parquet(sorted((directory.root / "prompts" / "duplicates").glob("*")))
    gone = rows.row(0, named=True)
    twin = prompt_id(made, gone["twin"])
    shown = text(explain(made, directory, gone["id"]))
    assert f"repeats {twin}: not asked (minhash.v2 near_duplicate" in shown
    assert "It was never asked." in shown
    assert f"repeated by {gone['id']} at position" in text(explain(made, directory, twin))


def test_what_a_model_wrote_cannot_speak_to_the_terminal(client, tmp_path, factory):
    made = toy_job(tmp_path, num_prompts=1, samples=(1, 1))
    evil = "<think>\n\x1b]0;owned\x07 [bold red]x[/]\u202e\n</think>\n\n\\boxed{[/]}"
    run(made, tmp_path / "run", client=client, teacher=ScriptedTeacher(lambda item: evil))
    done = factory("explain", tmp_path / "run", f"{prompt_id(made, 0)}-on-000")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "\\x1b]0;owned\\x07 [bold red]x[/]\\u202e" in done.stdout


def test_a_ledger_that_is_gone_is_told(finished, tmp_path):
    made, directory = finished
    copy = tmp_path / "run"
    shutil.copytree(directory.root, copy)
    shutil.rmtree(copy / "ledger")
    shown = text(explain(made, open_run(copy), f"{prompt_id(made)}-on-000"))
    assert "its completion is not in" in shown


@pytest.mark.parametrize(("suffix", "near"), [("-on-000", "-on-000"), ("", ""), ("-rl", "-rl")])
def test_an_unknown_id_ends_with_2_and_names_the_nearest(finished, factory, suffix, near):
    made, directory = finished
    id = prompt_id(made)
    wrong = id[:9] + "x" + id[10:]
    done = factory("explain", directory.root, wrong + suffix)
    assert done.returncode == 2
    assert f"the nearest are {id}{near}" in done.stderr


def test_an_unknown_sample_names_those_that_are_there(finished, factory):
    made, directory = finished
    id = prompt_id(made)
    done = factory("explain", directory.root, f"{id}-on-010")
    assert done.returncode == 2
    assert f"the nearest are {id}-on-00" in done.stderr


def test_nearest_ids_are_found_among_many_by_either_end():
    known = [f"math-{n:016x}" for n in range(0, 10**9, 10**4)]
    wrong_end = known[777][:-1] + "z"
    wrong_start = "maht" + known[777][4:]
    assert known[777] in nearest_ids(wrong_end, known)
    assert nearest_ids(wrong_start, known)[0] == known[777]


def test_ids_are_whole_on_a_narrow_terminal(finished, factory, monkeypatch):
    made, directory = finished
    monkeypatch.setenv("COLUMNS", "80")
    done = factory("explain", directory.root, prompt_id(made))
    assert done.returncode == 0, done.stderr
    assert "…" not in done.stdout.partition("All responses to the prompt")[2]
