"""New problems made of seeds, and what is checked of them."""

import json
from collections import Counter

import polars as pl
import pytest

from factory.engine import run
from factory.errors import ConfigError
from factory.recipe import load_recipe
from factory.records import Sampling
from factory.teachers.scripted import ScriptedTeacher
from pipelines import make_job, math
from pipelines.math_variants import VARY

RECIPE = """
pipeline = "math"
seed = 3
[math]
num_prompts = 50
samples_on = 3
samples_off = 2
writer = "teacher"
variants = {{ similar = 2, inspired = 1, reworded = 1 }}
[math.rows]
data = "{data}"
name = "seeds"
license = "mit"
columns = {{ problem = "question", expected_answer = "gold" }}
[teacher]
kind = "scripted"
replies = ["-"]
[limits]
part_size = {part_size}
"""
SEEDS = [
    {"question": "Ann has 3 apples and buys 4. How many has she?", "gold": 7},
    {
        "question": "A rope of 12 metres is cut into 3 equal parts. How long is one?",
        "gold": "It is 12 / 3 = 4.\n#### 4",
    },
    {"question": "What is half of 18?", "gold": "9"},
    {"question": "", "gold": "9"},
    {"question": "What is a tenth of 70?", "gold": None},
]
MADE = {
    ("apples", "similar", 0): "Problem 1: Bob has 5 pens and finds 6. How many has he?",
    ("apples", "similar", 1): "Problem 1: Cora has 8 cups and sells some. How many are left?",
    ("apples", "inspired", 0): "Problem 1: What is 3 + 4? Answer: 7\nAnswer: 7",
    ("apples", "reworded", 0): "Problem 1: Ann buys 4 apples. She had 3. How many are hers now?",
    ("rope", "similar", 0): "Problem 1: a rope of 12 metres  is cut into 3 equal parts. "
    "How long is one?",
    ("rope", "similar", 1): "A rope of 15 metres is cut into 3 equal parts. How long is one?",
    ("rope", "inspired", 0): "Problem 1: Ein Seil von zwanzig Metern wird in vier gleiche Teile "
    "geschnitten, die alle verkauft werden. Wie lang ist jedes einzelne?",
    ("rope", "reworded", 0): "Problem 1: ?",
    ("half", "similar", 0): "Problem 1: What is half of 22?\nProblem 2: What is half of 24?",
    ("half", "similar", 1): "Problem 1: What is half of 26?",
    ("half", "inspired", 0): "Problem 1: What number is 18 half of?",
    ("half", "reworded", 0): "Problem 1: Halve 18. What is left?",
}
"""What the teacher makes of a seed with this word, by kind and sample."""
ANSWERS = {
    "Bob": "11",
    "apples": "7",
    "rope": "4",
    "half of 18": "9",
    "half of 26": "13",
    "18 half of": "36",
    "Halve 18": "8",
    "tenth": "7",
}


def teacher(request):
    text = request.messages[-1].content
    for kind, question in VARY.items():
        if text.startswith(question[:50]):
            seed = text.split("Problem:\n")[1]
            for (word, made_kind, sample), made in MADE.items():
                if (made_kind, sample) == (kind, request.sample) and word in seed:
                    return made
            return "I would rather not."
    if text.startswith("A teacher wrote this mathematics problem"):
        if "half of 26" in text:
            return "No verdict from me."
        return f"So:\nVerdict: {'no' if 'sells some' in text else 'yes'}"
    answer = next(answer for words, answer in ANSWERS.items() if words in text)
    work = f"Way number {request.sample} leads there."
    think = f"<think>\n{work}\n</think>\n\n" if request.mode == "on" else f"{work} "
    return f"{think}\\boxed{{{answer}}}"


def make(folder, part_size=30):
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "seeds.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in SEEDS))
    path = folder / "math.toml"
    path.write_text(RECIPE.format(data=data, part_size=part_size))
    return make_job(load_recipe(path))


@pytest.fixture(scope="module")
def done(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("variants")
    manifest = run(make(folder), folder / "run", client=client, teacher=ScriptedTeacher(teacher))
    return folder / "run", manifest


@pytest.fixture(scope="module")
def prompts(done):
    return pl.read_parquet(done[0] / "prompts" / "*.parquet").sort("index")


def test_every_reason_why_a_new_problem_goes_is_in_the_funnel(done):
    assert done[1]["funnel"]["prompts"]["dropped"] == {
        "no_problem": 1,
        "unanswerable": 2,
        "gives_answer": 1,
        "repeats_seed": 1,
        "no_list": 6,
        "wrong_language": 1,
        "malformed": 1,
    }


def test_seeds_stay_beside_what_is_made_of_them_and_are_made_of_once(prompts):
    kept = prompts.filter(pl.col("decision") == "keep")
    assert Counter(kept["source"]) == {
        "seeds": 4,
        "seeds/similar": 1,
        "seeds/inspired": 1,
        "seeds/reworded": 2,
    }
    seeds = kept.filter(pl.col("source") == "seeds")
    assert set(seeds["seed_id"]) == {""}
    assert set(kept.filter(pl.col("source") != "seeds")["seed_id"]) <= set(seeds["id"])
    assert len(prompts) == 5 + 4 * 4


def test_a_reworded_problem_keeps_its_answer_and_others_wait_for_the_majority(prompts):
    answers = dict(zip(prompts["problem"], prompts["expected_answer"], strict=True))
    assert answers["Ann buys 4 apples. She had 3. How many are hers now?"] == "7"
    assert answers["Halve 18. What is left?"] == "9"
    assert answers["Bob has 5 pens and finds 6. How many has he?"] is None
    assert answers["Ann has 3 apples and buys 4. How many has she?"] == "7", "a number is an answer"
    assert answers["A rope of 12 metres is cut into 3 equal parts. How long is one?"] == "4"


def test_rows_say_how_their_answer_is_known_and_both_modes_keep_some(done):
    rows = pl.read_parquet(done[0] / "dataset" / "SFT" / "math" / "*.parquet")
    told = {(row["source"], row["answer_source"]) for row in rows.iter_rows(named=True)}
    assert told == {
        ("seeds", "gold"),
        ("seeds", "majority"),
        ("seeds/similar", "majority"),
        ("seeds/inspired", "majority"),
        ("seeds/reworded", "gold"),
    }
    assert set(rows["reasoning"]) == {"on", "off"}
    contents = "\n".join(rows["input"].list.last().struct.field("content"))
    assert "Halve" not in contents, "its answers are wrong by the seed's"


def test_the_shards_are_the_same_for_another_division_into_parts(client, done, tmp_path):
    again = run(
        make(tmp_path, 300), tmp_path / "run", client=client, teacher=ScriptedTeacher(teacher)
    )
    assert again["shards"] == done[1]["shards"]


def test_several_greedy_variants_are_refused():
    with pytest.raises(ValueError, match="varying.temperature must be > 0 for 2 variants"):
        math.Config(
            writer="w",
            variants={"similar": 2},
            varying=Sampling(temperature=0.0),
        )


def test_an_unknown_kind_is_refused(tmp_path):
    path = tmp_path / "x.toml"
    kinds = "variants = {{ similar = 2, inspired = 1, reworded = 1 }}"
    text = RECIPE.replace(kinds, "variants = {{ funny = 1 }}")
    path.write_text(text.format(data=tmp_path / "x.jsonl", part_size=1))
    with pytest.raises(ConfigError, match="funny"):
        make_job(load_recipe(path))


def test_drawn_problems_can_be_seeds_and_new_ones_have_their_examples():
    pipeline = math.pipeline(math.Config(variants={"similar": 1}, writer="w"), 1)
    assert pipeline.most == 2
    assert pipeline.votes
    assert (
        pipeline.ask.shots["reasoning-gym/gcd/similar"] == pipeline.ask.shots["reasoning-gym/gcd"]
    )
    assert not math.pipeline(math.Config(), 1).votes
