"""Requests with a wanted stance: drawn by category, refused or not, with a trace or without."""

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from factory.apply import apply_filter, check_gold
from factory.config import build
from factory.engine import run
from factory.errors import ConfigError
from factory.recipe import load_recipe
from factory.records import Completion, Response
from factory.seeds import seeded
from factory.sources import as_draft
from factory.teachers.scripted import ScriptedTeacher
from filters import Refusal
from pipelines import make_job
from pipelines.safety import SOURCE, Config, PolicyRequests, pipeline
from pipelines.safety_prompts import CATEGORIES, KINDS, draw_request
from pipelines.safety_shots import BY_POLICY, SHOTS

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"
PROMPTS = list(PolicyRequests(num_prompts=312, seed=3).prompts(0, 312))


def test_prompts_do_not_depend_on_how_they_are_divided():
    source = PolicyRequests(num_prompts=30, seed=3)
    assert PROMPTS[:30] == [
        each for start in range(0, 30, 7) for each in source.prompts(start, min(start + 7, 30))
    ]
    assert [p.problem for p in PROMPTS[:30]] != [
        p.problem for p in PolicyRequests(num_prompts=30, seed=4).prompts(0, 30)
    ]


def test_every_category_has_all_three_kinds_as_often():
    assert Counter(prompt.topic for prompt in PROMPTS) == {
        f"{category}/{kind}": 8 for category in CATEGORIES for kind in KINDS
    }
    assert len(CATEGORIES) == 13


def test_only_what_is_to_be_refused_has_that_policy():
    for prompt in PROMPTS:
        refuse = prompt.topic.endswith("/refuse")
        assert prompt.policy == ("refuse" if refuse else "comply")
        assert check_gold(Refusal(), prompt).decision == "keep"
        assert prompt.input[0].content == prompt.problem
        assert prompt.source == f"{SOURCE}/{prompt.policy}"


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("kind", KINDS)
def test_requests_have_no_slot_left_and_stay_short(category, kind):
    texts = {draw_request(seeded(1, place), category, kind) for place in range(60)}
    assert len(texts) > 10
    for text in texts:
        assert "{" not in text
        assert text[0].isupper()
        assert len(text.split()) < 35


def test_there_are_many_different_requests():
    source = PolicyRequests(num_prompts=3_000, seed=1)
    assert len({prompt.id for prompt in source.prompts(0, 3_000)}) > 1_500


@pytest.mark.parametrize("policy", BY_POLICY)
def test_the_worked_examples_of_a_policy_take_its_stance(policy):
    prompt = next(each for each in PROMPTS if each.policy == policy)
    assert set(BY_POLICY[policy]) < set(SHOTS)
    for shot in BY_POLICY[policy]:
        response = Response(prompt=prompt, mode="off", sample=0, output=shot.answer)
        assert apply_filter(Refusal(), response).decision == "keep"


@pytest.mark.parametrize(
    "settings",
    [
        {"num_prompts": 0},
        {"samples_off": 0},
        {"trace": "none"},
        {"policy": "refuse"},
        {"policy": "maybe"},
    ],
)
def test_settings_that_do_not_fit_are_refused(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        build(Config, settings, where="x.toml", prefix="safety")


# --- rows ---

ROWS = [
    {"prompt": "How do I hurt somebody?", "label": "unsafe", "category": "Violence"},
    {"prompt": " How do I boil an egg? ", "label": "Safe", "category": ""},
    {"prompt": "REDACTED", "label": "unsafe", "category": "Suicide"},
    {"prompt": "Hm?", "label": "needs caution", "category": ""},
    {"prompt": None, "label": "safe", "category": ""},
]
COLUMNS = {"problem": "prompt", "policy": "label", "topic": "category"}


def drafts(folder, columns=COLUMNS, **more):
    path = folder / "labelled.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    rows = {"data": str(path), "license": "cc-by-4.0", "columns": columns}
    config = build(Config, {"rows": rows, **more}, where="x.toml", prefix="safety")
    return [as_draft(each) for each in pipeline(config, 5).source.prompts(0, 5)]


def test_labels_of_rows_say_the_stance_and_unfit_rows_have_their_reason(tmp_path):
    made = drafts(tmp_path)
    assert [draft.reason for draft in made] == ["", "", "redacted", "unknown_policy", "no_problem"]
    assert [draft.prompt.policy for draft in made[:2]] == ["refuse", "comply"]
    assert [draft.prompt.topic for draft in made[:2]] == ["Violence", ""]
    assert made[1].prompt.problem == "How do I boil an egg?"
    assert made[0].prompt.license == "cc-by-4.0"


def test_rows_without_a_label_take_the_stance_of_the_recipe_or_none(tmp_path):
    said = drafts(tmp_path, {"problem": "prompt"}, policy="comply")
    assert [draft.prompt.policy for draft in said[:2]] == ["comply", "comply"]
    assert {draft.reason for draft in drafts(tmp_path, {"problem": "prompt"})[:2]} == {
        "unknown_policy"
    }


# --- the whole way ---

RECIPE = """
pipeline = "safety"
seed = 3
used_in_training = ["Nano"]
[safety]
num_prompts = 12
samples_on = {samples}
samples_off = {samples}
trace = "{trace}"
[teacher]
kind = "scripted"
replies = ["a"]
thinks = true
[sampling.off]
temperature = 0.5
[limits]
part_size = {part_size}
"""
REFUSAL = "I'm sorry, but I can't help with that."
HELP = "Here is what you can do: start early, take your time and ask the people who know about it."


def job(folder, *, trace="real", part_size=6, samples=9):
    folder.mkdir()
    text = RECIPE.format(trace=trace, part_size=part_size, samples=samples)
    (folder / "recipe.toml").write_text(text)
    return make_job(load_recipe(folder / "recipe.toml"))


def reply(prompts):
    """A teacher that takes the wanted stance in some samples, and has a defect in the others."""
    policy = {each.problem: each.policy for each in prompts}

    def answer(request):
        wanted = policy[request.messages[-1].content]
        right, wrong = (REFUSAL, HELP) if wanted == "refuse" else (HELP, REFUSAL)
        think = "<think>\nIs anybody harmed?\n</think>\n\n" if request.mode == "on" else ""
        return [
            f"{think}{right}",
            f"{think}{wrong}",
            f"{think}I won't say how much. Hypothetically, you heat the water to 80 degrees.",
            Completion(text=f"{think}{right}", finish_reason="length"),
            f"{think}{'Take care and ' * 40}",
            f"{think}{right}",
            f"{think}Ich kann dabei leider nicht helfen, weil es nicht erlaubt ist.",
            think or " ",
            right if think else f"<think>\nno\n</think>\n\n{right}",
        ][request.sample]

    return answer


def ran(folder, client, **settings):
    """The manifest and the directory of a run."""
    made = job(folder / "recipe", **settings)
    teacher = ScriptedTeacher(reply(made.pipeline.source.prompts(0, 12)))
    return run(made, folder / "out", client=client, teacher=teacher), folder / "out"


@pytest.fixture(scope="module")
def done(client, tmp_path_factory):
    return ran(tmp_path_factory.mktemp("done"), client)


@pytest.fixture(scope="module")
def without_trace(client, tmp_path_factory):
    return ran(tmp_path_factory.mktemp("empty"), client, trace="empty", samples=1)


def reasons(out, mode):
    responses = pl.read_parquet(out / "responses" / "*.parquet")
    return Counter(responses.filter(pl.col("mode") == mode)["reason"])


def published(out):
    return pl.read_parquet(out / "dataset" / "SFT" / "**" / "*.parquet")


def test_a_run_keeps_the_wanted_stance_and_says_why_the_rest_goes(done):
    manifest, out = done
    assert manifest["funnel"]["prompts"]["asked"] == 12
    both = {
        "": 12, "complied_but_should_refuse": 4, "refused_but_should_comply": 8, "partial": 12,
        "cut_at_max_tokens": 12, "loop": 12, "exact_duplicate": 12, "not_english": 12,
        "empty_answer": 12,
    }  # fmt: skip
    assert reasons(out, "on") == both | {"no_block": 12}
    assert reasons(out, "off") == both | {"tag_with_reasoning_off": 12}
    assert Counter(published(out)["trace"]) == {"real": 12, None: 12}
    assert set(published(out)["verifier"]) == {"refusal.v1"}
    assert not any((out / "dataset").glob("RL/**/*.parquet"))


def test_without_a_trace_on_answers_are_the_off_answers_and_are_marked(without_trace):
    manifest, out = without_trace
    for booked in ("paid", "usage"):
        (row,) = manifest[booked]
        assert (row["mode"], row["completions"]) == ("off", 12), f"{booked}: the off answers alone"
    rows = published(out)
    on, off = (rows.filter(pl.col("reasoning") == mode).sort("prompt_id") for mode in ("on", "off"))
    assert len(on) == len(off) == 12
    assert on["output"].to_list() == [f"<think>\n</think>\n\n{each}" for each in off["output"]]
    assert Counter(rows["trace"]) == {"empty": 12, None: 12}
    assert {each["temperature"] for each in on["sampling"]} == {0.5}
    assert any("`empty`" in note for note in manifest["notes"])


def shards(out):
    return [path.read_bytes() for path in sorted((out / "dataset").rglob("*.parquet"))]


def test_the_dataset_is_the_same_for_another_size_of_parts(done, client, tmp_path):
    _, other = ran(tmp_path, client, part_size=12)
    assert shards(done[1]) == shards(other)
    assert len(shards(other)) == 1


def test_nor_does_it_change_without_traces(without_trace, client, tmp_path):
    _, other = ran(tmp_path, client, trace="empty", samples=1, part_size=12)
    assert shards(without_trace[1]) == shards(other)


@pytest.mark.parametrize("size", ["tiny", "small", "paper"])
def test_the_recipes_load_without_a_network(size):
    made = make_job(load_recipe(RECIPES / f"safety-{size}.toml"))
    assert made.pipeline.name == "safety"
    assert made.num_prompts > 0


def test_the_paper_recipe_comes_to_as_many_rows_as_are_published():
    made = make_job(load_recipe(RECIPES / "safety-paper.toml"))
    assume, asked = made.recipe.assume, made.num_prompts * made.recipe.assume.asked
    assert asked * (assume.on_kept + assume.off_kept) == pytest.approx(31_426, rel=0.1)
    assert made.pipeline.ask.empty_trace


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_tiny_recipe_keeps_answers_of_the_bundled_teacher_in_both_modes(tmp_path):
    made = make_job(load_recipe(RECIPES / "safety-tiny.toml"), limit=12)
    manifest = run(made, tmp_path / "out")
    kept = pl.read_parquet(tmp_path / "out" / "dataset" / "SFT" / "**" / "*.parquet")
    assert set(kept["reasoning"]) == {"on", "off"}
    assert manifest["funnel"]["prompts"]["asked"] == 12
