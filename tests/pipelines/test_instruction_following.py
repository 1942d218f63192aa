"""Requests with instructions that a program checks: drawn, witnessed, asked and published."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from factory.apply import apply_filter, check_gold
from factory.config import build
from factory.engine import run
from factory.errors import ConfigError
from factory.recipe import load_recipe
from factory.records import Completion, Draft, Response
from factory.seeds import seeded
from factory.sources import as_draft
from factory.teachers.scripted import ScriptedTeacher
from filters import Constraints
from filters.constraints import INSTRUCTION_IDS, check
from filters.constraints.witness import witness
from pipelines import make_job
from pipelines.instruction_following import (
    LICENSE,
    SOURCE,
    ComposedRequests,
    Config,
    pipeline,
)
from pipelines.instruction_following_conflicts import CONFLICTS, conflict
from pipelines.instruction_following_sets import constraints, draw_arguments, draw_set
from pipelines.instruction_following_shots import SHOTS
from pipelines.instruction_following_tasks import NUM_TASKS, TOPICS, draw_task
from pipelines.instruction_following_wordings import LANGUAGES, LEAST, LESS, said, ways

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"
PROMPTS = list(ComposedRequests(num_prompts=120, seed=3, low=1, high=10).prompts(0, 120))


def instructions(prompt):
    return [(each.instruction_id, json.loads(each.kwargs)) for each in prompt.constraints]


def test_prompts_do_not_depend_on_how_they_are_divided():
    source = ComposedRequests(num_prompts=30, seed=3, low=1, high=10)
    assert PROMPTS[:30] == [
        each for start in range(0, 30, 7) for each in source.prompts(start, min(start + 7, 30))
    ]
    assert PROMPTS[:30] != list(replace(source, seed=4).prompts(0, 30))
    assert len({prompt.id for prompt in PROMPTS}) == 120


def without_answer(prompts):
    """The prompts for which no answer is found that follows all instructions."""
    for prompt in prompts:
        answer = Constraints().gold_answer(prompt) or ""
        response = Response(prompt=prompt, mode="off", sample=0, output=answer)
        if apply_filter(Constraints(), response).decision != "keep":
            yield prompt.problem, answer


def test_every_prompt_has_an_answer_that_follows_all_its_instructions():
    assert list(without_answer(PROMPTS[:50])) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_thousand_prompts_have_such_an_answer():
    source = ComposedRequests(num_prompts=2_000, seed=8, low=1, high=10)
    assert list(without_answer(source.prompts(0, 2_000))) == []


def test_no_two_instructions_of_a_prompt_conflict_and_one_to_ten_are_as_likely():
    numbers = Counter(len(prompt.constraints) for prompt in PROMPTS)
    assert set(numbers) == set(range(1, 11))
    assert max(numbers.values()) < 4 * min(numbers.values())
    for prompt in PROMPTS:
        names = [each.instruction_id for each in prompt.constraints]
        assert not any(conflict(names[:i], name) for i, name in enumerate(names)), names


def test_all_twenty_five_instructions_are_drawn():
    assert {name for prompt in PROMPTS for name, _ in instructions(prompt)} == set(INSTRUCTION_IDS)


def test_the_table_of_conflicts_names_known_pairs_and_leaves_ten_that_go_together():
    assert all(len(pair) == 2 and pair <= set(INSTRUCTION_IDS) for pair in CONFLICTS)
    assert conflict(["change_case:english_capital"], "change_case:english_lowercase")
    assert conflict(["change_case:english_lowercase"], "change_case:english_capital")
    assert conflict(["punctuation:no_comma"], "punctuation:no_comma")
    assert not conflict(["punctuation:no_comma"], "startend:quotation")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("change_case:english_capital", {}), ("change_case:english_lowercase", {})),
        (("combination:two_responses", {}),
         ("length_constraints:number_paragraphs", {"num_paragraphs": 3})),
        (("detectable_format:json_format", {}), ("detectable_format:number_bullet_lists",
                                                {"num_bullets": 2})),
        (("startend:quotation", {}), ("combination:repeat_prompt", {"prompt_to_repeat": "Hi"})),
        (("change_case:english_lowercase", {}), ("detectable_format:constrained_response", {})),
    ],
)  # fmt: skip
def test_pairs_that_no_answer_can_follow_are_in_the_table(first, second):
    text = witness([first, second])
    assert not all(check(name, kwargs, "", text) for name, kwargs in (first, second))
    assert conflict([first[0]], second[0])


def test_ten_instructions_are_found_for_every_kind_of_request():
    for place in range(20):
        draw = seeded(9, place)
        drawn = draw_set(draw, number=10, request="Why?", words=("tide",), yes_no=place % 2 == 0)
        answer = witness(drawn)
        assert len({name for name, _ in drawn}) == 10
        assert all(check(name, kwargs, "", answer) for name, kwargs in drawn), drawn


@pytest.mark.parametrize("name", INSTRUCTION_IDS)
def test_every_wording_tells_all_that_is_demanded(name):
    _, kwargs = next(
        each for prompt in _many(name) for each in instructions(prompt) if each[0] == name
    )
    for relation in (LEAST, LESS):
        shown = {k: relation if k.endswith("relation") else v for k, v in kwargs.items()}
        texts = {said(name, shown, seeded(place)) for place in range(40)}
        assert len(texts) == len(ways(name, shown)) >= 3
        for text in texts:
            for value in shown.values():
                values = value if isinstance(value, list) else [value]
                for each in (v for v in values if v not in (LEAST, LESS, "Why?")):
                    assert str(LANGUAGES.get(each, each)) in text


@pytest.mark.parametrize("name", ["keywords:existence", "keywords:forbidden_words"])
def test_a_single_word_is_spoken_of_as_one(name):
    key = "keywords" if name.endswith("existence") else "forbidden_words"
    for words, told in ((["tide"], "the word "), (["tide", "moon"], "words")):
        texts = {said(name, {key: words}, seeded(place)).lower() for place in range(40)}
        assert len(texts) == 3
        assert all(told in text and (len(words) > 1) == ("words" in text) for text in texts)


def test_few_words_are_not_asked_for_in_many_sentences():
    names = ("length_constraints:number_words", "length_constraints:number_sentences")
    drawn = [draw_arguments(seeded(4, n), names, request="Why?", words=()) for n in range(200)]
    both = [(each[names[0]], each[names[1]]) for each in drawn]
    tight = [(w, s) for w, s in both if (w["relation"], s["relation"]) == (LESS, LEAST)]
    assert tight
    assert all(w["num_words"] >= 12 * s["num_sentences"] > 0 for w, s in tight)


def test_requests_speak_of_topics_in_the_plural_as_of_others():
    topics = "|".join(TOPICS)
    for place in range(400):
        text = draw_task(seeded("agreement", place)).text
        assert not re.search(rf"\b(?:is|has) (?:{topics})\b", text, re.IGNORECASE), text


def _many(name):
    for place in range(400):
        draw = seeded(1, name, place)
        drawn = draw_set(draw, number=2, request="Why?", words=(), yes_no=True)
        yield replace(PROMPTS[0], constraints=constraints(drawn))


def test_the_published_prompt_holds_the_request_and_its_instructions():
    prompt = PROMPTS[0]
    (turn,) = prompt.input
    assert turn.content == prompt.problem
    assert (prompt.source, prompt.license, prompt.domain) == (
        SOURCE, LICENSE, "instruction_following",
    )  # fmt: skip
    assert prompt.topic in prompt.problem
    repeated = [
        (each.problem, kwargs["prompt_to_repeat"])
        for each in PROMPTS
        for name, kwargs in instructions(each)
        if name == "combination:repeat_prompt"
    ]
    assert repeated
    assert all(problem.startswith(request) for problem, request in repeated)


def test_there_are_thousands_of_requests():
    assert NUM_TASKS > 20_000
    assert all(len(set(words)) == 3 for words in TOPICS.values())


def test_the_worked_examples_follow_their_own_instructions():
    wanted = [
        [("punctuation:no_comma", {}), ("keywords:existence", {"keywords": ["kettle", "guest"]})],
        [
            ("detectable_format:number_bullet_lists", {"num_bullets": 3}),
            ("length_constraints:number_words", {"num_words": 60, "relation": LESS}),
        ],
        [
            ("detectable_format:title", {}),
            ("startend:end_checker", {"end_phrase": "That is all for now."}),
        ],
    ]
    for shot, instructions in zip(SHOTS, wanted, strict=True):
        assert all(check(name, kwargs, "", shot.answer) for name, kwargs in instructions), shot


@pytest.mark.parametrize(
    "settings",
    [
        {"num_prompts": 0},
        {"samples_on": 0},
        {"min_instructions": 0},
        {"max_instructions": 11},
        {"min_instructions": 5, "max_instructions": 4},
        {"max_request_words": 0},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        build(Config, settings, where="x.toml", prefix="instruction_following")


# --- rows ---

ROWS = [
    {"conversation": [{"content": " Why is the sky blue? "}], "language": "English"},
    {"conversation": [{"content": "Warum?"}], "language": "German"},
    {"conversation": [{"content": "Say something rude"}], "language": "English", "toxic": True},
    {"conversation": [{"content": "I am NAME_1"}], "language": "English", "redacted": True},
    {"conversation": [{"content": "Write 500 words about frogs"}], "language": "English"},
    {"conversation": [{"content": "why " * 151}], "language": "English"},
    {"conversation": [{"content": " "}], "language": "English"},
]
REASONS = ["", "not_english", "toxic", "redacted", "has_a_form", "too_long", "no_problem"]
TABLE = {
    "license": "odc-by",
    "attribution": "somebody",
    "columns": {"problem": "conversation.0.content"},
}


def from_rows(folder, rows=ROWS):
    path = folder / "chats.jsonl"
    path.write_text(
        "".join(json.dumps({"toxic": False, "redacted": False} | r) + "\n" for r in rows)
    )
    options = {"num_prompts": 50, "rows": {**TABLE, "data": str(path)}}
    config = build(Config, options, where="x.toml", prefix="instruction_following")
    return pipeline(config, 5).source


def test_requests_of_rows_get_instructions_and_unfit_rows_their_reason(tmp_path):
    drafts = [as_draft(each) for each in from_rows(tmp_path).prompts(0, 7)]
    assert [draft.reason for draft in drafts] == REASONS
    first = drafts[0].prompt
    assert first.problem.startswith("Why is the sky blue?")
    assert first.constraints
    assert (first.license, first.attribution, first.source) == ("odc-by", "somebody", "chats")
    assert check_gold(Constraints(), first).decision == "keep"


def test_a_row_gets_the_same_instructions_wherever_it_stands(tmp_path):
    (alone,) = from_rows(tmp_path, ROWS[:1]).prompts(0, 1)
    *_, last = from_rows(tmp_path, [*ROWS[1:], ROWS[0]]).prompts(0, 7)
    assert not isinstance(last, Draft)
    assert (alone.id, alone.constraints) == (last.id, last.constraints)


# --- the whole way ---

RECIPE = """
pipeline = "instruction_following"
seed = 3
used_in_training = ["Nano"]
[instruction_following]
num_prompts = 12
samples_on = 6
samples_off = 5
[teacher]
kind = "scripted"
replies = ["a"]
thinks = true
[limits]
part_size = {part_size}
"""


def job(folder, part_size=6):
    folder.mkdir()
    (folder / "recipe.toml").write_text(RECIPE.format(part_size=part_size))
    return make_job(load_recipe(folder / "recipe.toml"))


def reply(prompts):
    """A teacher that does something else in each sample, and gets it right in the first."""
    right = {each.problem: Constraints().gold_answer(each) for each in prompts}

    def answer(request):
        gold = right[request.messages[-1].content]
        think = "<think>\nI read the instructions.\n</think>\n\n" if request.mode == "on" else ""
        match request.sample:
            case 0:
                return f"{think}{gold}"
            case 1:
                return f"{think}\u3042, "  # breaks some of every set that is used here
            case 2:
                return Completion(text=f"{think}{gold}", finish_reason="length")
            case 3:
                return f"{think}{'so it is and ' * 40}"
            case 4:
                return f"{think}{gold}"
            case _:
                return gold

    return answer


def ran(folder, client, part_size=6):
    """A job, its prompts, its manifest and its directory."""
    made = job(folder / "recipe", part_size)
    prompts = list(made.pipeline.source.prompts(0, 12))
    manifest = run(made, folder / "out", client=client, teacher=ScriptedTeacher(reply(prompts)))
    return prompts, manifest, folder / "out"


@pytest.fixture(scope="module")
def done(client, tmp_path_factory):
    return ran(tmp_path_factory.mktemp("done"), client)


def rows(out, config):
    return pl.read_parquet(out / "dataset" / config / "**" / "*.parquet")


def test_a_run_keeps_what_follows_all_and_says_why_the_rest_goes(done):
    _, manifest, out = done
    responses = pl.read_parquet(out / "responses" / "*.parquet")
    reasons = {
        mode: Counter(responses.filter(pl.col("mode") == mode)["reason"]) for mode in ("on", "off")
    }
    assert manifest["funnel"]["prompts"]["asked"] == 12
    each = {"": 12, "constraints_broken": 12, "cut_at_max_tokens": 12, "loop": 12}
    assert reasons["off"] == each | {"exact_duplicate": 12}
    assert reasons["on"] == each | {"exact_duplicate": 12, "no_block": 12}
    assert Counter(rows(out, "SFT")["reasoning"]) == {"on": 12, "off": 12}
    assert set(rows(out, "SFT")["verifier"]) == {"constraints.v1"}
    assert len(rows(out, "RL")) == 12


def test_rl_rows_have_the_released_form(done):
    prompts, _, out = done
    by_id = {each.id: each for each in prompts}
    assert "output" not in rows(out, "RL").columns
    for row in rows(out, "RL").to_dicts():
        args, prompt = row["args"], by_id[row["prompt_id"]]
        assert args["task"] == row["category"] == "instruction_following"
        assert args["num_instructions"] == len(args["instruction_id_list"])
        kwargs = [
            {key: value for key, value in each.items() if value is not None}
            for each in args["instruction_kwargs"]
        ]
        assert list(zip(args["instruction_id_list"], kwargs, strict=True)) == instructions(prompt)
        assert row["input"] == [{"role": "user", "content": prompt.problem}]


def shards(out):
    return [path.read_bytes() for path in sorted((out / "dataset").rglob("*.parquet"))]


def test_the_dataset_is_the_same_for_another_size_of_parts(done, client, tmp_path):
    *_, other = ran(tmp_path, client, part_size=12)
    assert shards(done[2]) == shards(other)
    assert len(shards(other)) == 2


@pytest.mark.parametrize("size", ["tiny", "small", "paper"])
def test_the_recipes_load_without_a_network(size):
    made = make_job(load_recipe(RECIPES / f"instruction_following-{size}.toml"))
    assert made.pipeline.name == "instruction_following"
    assert made.num_prompts > 0


def test_the_paper_recipe_asks_as_many_prompts_as_are_published():
    made = make_job(load_recipe(RECIPES / "instruction_following-paper.toml"))
    assert made.num_prompts * made.recipe.assume.asked == pytest.approx(56_339, rel=0.1)


def test_off_answers_may_be_asked_of_a_share_of_the_prompts():
    config = Config(num_prompts=4, off_share=0.25)
    assert pipeline(config, 1).ask.off_share == 0.25


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_tiny_recipe_keeps_answers_of_the_bundled_teacher_in_both_modes(tmp_path):
    made = make_job(load_recipe(RECIPES / "instruction_following-tiny.toml"), limit=12)
    manifest = run(made, tmp_path / "out")
    kept = pl.read_parquet(tmp_path / "out" / "dataset" / "SFT" / "**" / "*.parquet")
    assert set(kept["reasoning"]) == {"on", "off"}
    assert manifest["funnel"]["prompts"]["asked"] == 12
