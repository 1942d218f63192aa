"""Splits that are held out: by prompt and what is near to it, never by row."""

from collections import Counter

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from datasets import load_dataset

from factory.errors import ConfigError
from factory.mixing import held_out, mix
from factory.schemas import RL, SFT
from tests.pipelines.test_mixture import recipe, table, write

WORDS = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "mu",
)  # fmt: skip
HALF = "[held_out]\nvalidation = 0.25\ntest = 0.25\n"


def problem(number: int) -> str:
    """A problem of many words, unlike the others."""
    draw = np.random.default_rng(number)
    return " ".join(draw.choice(WORDS, 40)) + f" {number}"


def answers(domain: str, problems: list[str], samples: int = 2) -> list[dict]:
    return [
        {
            **dict.fromkeys(SFT.names),
            "input": [{"role": "user", "content": text}],
            "output": f"{mode} {sample}",
            "category": domain,
            "license": "mit",
            "reasoning": mode,
            "id": f"{domain}-{number}-{mode}-{sample}",
        }
        for number, text in enumerate(problems)
        for mode in ("on", "off")
        for sample in range(samples)
    ]


def split_of(folder, manifest, name="out") -> dict[str, set[str]]:
    """The splits in which each prompt stands, answers and prompts of RL together."""
    found: dict[str, set[str]] = {}
    for shard in manifest["shards"]:
        for turns in pl.read_parquet(folder / name / shard["path"])["input"].to_list():
            side = shard["split"] if shard["split"] in ("validation", "test") else "train"
            found.setdefault(turns[0]["content"], set()).add(side)
    return found


def test_all_rows_of_a_prompt_stand_on_one_side_in_all_domains(tmp_path):
    problems = [problem(i) for i in range(200)]
    write(tmp_path / "math", answers("math", problems))
    write(tmp_path / "science", answers("science", problems[:100]))
    manifest = mix(
        recipe(tmp_path, HALF + table(tmp_path, "math") + table(tmp_path, "science")),
        tmp_path / "out",
    )
    sides = split_of(tmp_path, manifest)
    assert all(len(each) == 1 for each in sides.values())
    counts = Counter(next(iter(each)) for each in sides.values())
    assert counts.total() == 200
    assert manifest["held_out"]["prompts"] == dict(counts)
    assert 30 <= counts["validation"] <= 70
    assert 30 <= counts["test"] <= 70
    assert [stage["name"] for stage in manifest["stages"]] == ["train", "validation", "test"]
    assert sum(shard["rows"] for shard in manifest["shards"]) == 1200
    loaded = load_dataset(str(tmp_path / "out"), split="test", cache_dir=str(tmp_path / "cache"))
    assert len(loaded) == manifest["stages"][2]["rows"]
    card = (tmp_path / "out" / "README.md").read_text()
    assert f"{counts['test']} for a test, of 200" in card


def test_prompts_that_nearly_say_the_same_stay_on_one_side(tmp_path):
    families = [[problem(i), f"{problem(i)} now", f"{problem(i)} now then"] for i in range(60)]
    write(tmp_path / "math", answers("math", [text for each in families for text in each], 1))
    text = HALF + table(tmp_path, "math")
    manifest = mix(recipe(tmp_path, text), tmp_path / "out")
    sides = split_of(tmp_path, manifest)
    assert manifest["held_out"]["groups"] == 60
    assert all(len(set.union(*(sides[text] for text in each))) == 1 for each in families)
    assert len({min(sides[each[0]]) for each in families}) == 3
    apart = mix(
        recipe(tmp_path, text.replace("[held_out]", "[held_out]\nnear = 0.0")), tmp_path / "x"
    )
    sides = split_of(tmp_path, apart, "x")
    assert apart["held_out"]["groups"] == 180
    assert not all(len(set.union(*(sides[text] for text in each))) == 1 for each in families)


def test_sides_do_not_depend_on_how_the_data_is_cut_or_on_other_domains(tmp_path):
    problems = [problem(i) for i in range(80)]
    write(tmp_path / "math", answers("math", problems, 1))
    write(tmp_path / "other" / "math", answers("math", problems[::-1], 1), parts=3)
    write(tmp_path / "code", answers("code", [problem(i) for i in range(1000, 1040)], 1))
    one = mix(recipe(tmp_path, HALF + table(tmp_path, "math")), tmp_path / "one")
    more = HALF + table(tmp_path / "other", "math") + table(tmp_path, "code")
    two = mix(recipe(tmp_path, more), tmp_path / "two")
    first, second = split_of(tmp_path, one, "one"), split_of(tmp_path, two, "two")
    assert {text: second[text] for text in first} == first


def test_held_out_prompts_leave_the_prompts_of_reinforcement_learning_too(tmp_path):
    problems = [problem(i) for i in range(60)]
    write(tmp_path / "math" / "dataset" / "SFT" / "math", answers("math", problems, 1))
    place = tmp_path / "math" / "dataset" / "RL" / "math"
    place.mkdir(parents=True)
    made = [
        {"input": [{"role": "user", "content": text}], "args": {"task": "math"}, "id": f"{i}-rl"}
        for i, text in enumerate(problems)
    ]
    pa.parquet.write_table(pa.Table.from_pylist(made, RL), place / "v1-00000-of-00001.parquet")
    manifest = mix(recipe(tmp_path, HALF + table(tmp_path, "math")), tmp_path / "out")
    splits = {s["split"] for s in manifest["shards"] if s["config"] == "RL"}
    assert splits == {"math", "validation", "test"}
    assert all(len(each) == 1 for each in split_of(tmp_path, manifest).values())
    assert manifest["rl"]["taken"] == {"math": 60}


def test_what_is_held_out_stands_once_however_often_rows_repeat(tmp_path):
    write(tmp_path / "math", answers("math", [problem(i) for i in range(40)], 1))
    text = HALF + table(tmp_path, "math", "rows = 240\nmax_copies = 3.0")
    manifest = mix(recipe(tmp_path, text), tmp_path / "out")
    for shard in manifest["shards"]:
        ids = Counter(pl.read_parquet(tmp_path / "out" / shard["path"])["id"])
        assert set(ids.values()) == ({3} if shard["split"] == "train" else {1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[held_out]\nvalidation = 1.0", "validation must be in [0, 1), got 1.0"),
        ("[held_out]\nnear = 0.5", "validation + test must be above 0 and below 1, got 0.0"),
        ("[held_out]\ntest = 0.1\nnear = 2.0", "near must be in [0, 1], got 2.0"),
        ("[held_out]\ntset = 0.1", "did you mean test?"),
        ('[held_out]\ntest = 0.1\n[[stages]]\nname = "test"', "must not be called 'test'"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, text, message):
    with pytest.raises(ConfigError) as error:
        recipe(tmp_path, f"{text}\n{table(tmp_path, 'math')}")
    assert message in str(error.value)


def test_the_key_of_a_prompt_is_of_all_that_its_turns_say():
    turns = [[{"role": "user", "content": "a"}], [{"role": "user", "content": "b"}]]
    one, other = held_out.prompt_keys(pa.chunked_array([turns]))
    assert one != other
    again = held_out.prompt_keys(pa.chunked_array([[[{"role": "user", "content": "a"}]]]))
    assert again == one
