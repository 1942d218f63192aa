"""Mixtures of what nobody should have written: a line says what is wrong, no row goes silently."""

import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.errors import ConfigError, RunError
from pipelines.mixture import load_mixture
from tests.pipelines.test_mixture_of_foreign_rows import lines, mixed, released


@pytest.fixture
def good(tmp_path) -> Path:
    return lines(tmp_path / "good.jsonl", *(released("4", "off", id=str(n)) for n in range(40)))


def test_rows_that_no_table_takes_are_left_out_and_the_others_stay(tmp_path):
    data = lines(
        tmp_path / "math.jsonl",
        released("4", "off"),
        released("half a pair: \ud800", "off"),
        released("4", "off", id="\udfff"),
        released("4", "off", pass_rate=10**400),
    )
    manifest, frame = mixed(tmp_path, f'[domains.math]\ndata = "{data}"\n')
    assert manifest["dropped"]["math"] == {"not_the_schema": 1, "not_utf8": 2}
    assert frame["id"].to_list() == ["math-0"]


def test_prompts_that_are_not_of_the_schema_are_left_out_and_told(tmp_path):
    row = {"input": [{"role": "user", "content": "q"}], "args": {"expected_answer": "4"}}
    data = lines(tmp_path / "rl.jsonl", row, {**row, "args": 5}, {**row, "input": "q"}, {})
    manifest, frame = mixed(tmp_path, f'[domains.math]\ndata = "{data}"\nconfig = "RL"\n')
    assert manifest["rl"]["dropped"] == {"math": {"no_input": 1, "not_the_schema": 2}}
    assert len(frame) == 1


def test_turns_that_are_null_are_held_out_like_others(tmp_path):
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    turns = pa.array([[None], [{"role": "user", "content": None}], []], pa.list_(turn))
    table = pa.table({"input": turns, "output": ["4"] * 3, "reasoning": ["off"] * 3})
    pq.write_table(table, tmp_path / "math.parquet")
    text = f'[domains.math]\ndata = "{tmp_path / "math.parquet"}"\n[held_out]\ntest = 0.5\n'
    assert len(mixed(tmp_path, text)[1]) == 3


@pytest.mark.parametrize(
    ("top", "told"),
    [
        ('plan = ["nano"]', "plan is \\['nano'\\]"),
        ('plan = "nano"', "no stage for the domains trivia; it knows math, code"),
        ("stages = []", "stages must name at least one split"),
        ('version = "../../v1"', "version must be"),
        ("rows_per_shard = 99_999_999", "rows_per_shard must be in"),
    ],
)
def test_recipes_that_make_nothing_or_leave_their_directory_are_refused(tmp_path, good, top, told):
    with pytest.raises(ConfigError, match=told):
        mixed(tmp_path, f'{top}\n[domains.trivia]\ndata = "{good}"\n')


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"rows = {10**30}", "rows must be in"),
        ('split = "../.."', "split must be the name of one"),
        ('data = ""', "domains.math.data must be a place"),
    ],
)
def test_domains_out_of_range_are_refused(tmp_path, good, line, told):
    data = "" if line.startswith("data") else f'data = "{good}"\n'
    with pytest.raises(ConfigError, match=told):
        mixed(tmp_path, f"[domains.math]\n{data}{line}\n")


@pytest.mark.parametrize("text", ["domains = 3", '[domains]\nmath = "runs/math"'])
def test_domains_that_are_no_tables_are_refused_whatever_else_is_said(tmp_path, text):
    path = tmp_path / "mixture.toml"
    for plan in ("", 'plan = "nano"\n'):
        path.write_text(f'mixture = "toy"\n{plan}{text}\n')
        with pytest.raises(ConfigError, match="should be an object"):
            load_mixture(path, {"math": "runs/math"})


def test_of_a_mixture_that_holds_rows_out_one_split_is_taken(tmp_path, good):
    first = f'[domains.math]\ndata = "{good}"\n[held_out]\ntest = 0.4\nnear = 0.0\n'
    data = json.loads(good.read_text().splitlines()[0])
    rows = [{**data, "input": [{"role": "user", "content": str(n)}]} for n in range(20)]
    lines(good, *rows)
    manifest, _ = mixed(tmp_path, first)
    told = {shard["split"]: shard["rows"] for shard in manifest["shards"]}
    (tmp_path / "again").mkdir()
    again = f'[domains.math]\ndata = "{tmp_path / "out"}"\n'
    with pytest.raises(ConfigError, match="holds rows out; say which .*split: train, test"):
        mixed(tmp_path / "again", again)
    _, frame = mixed(tmp_path / "again", again + 'split = "train"\n')
    assert len(frame) == told["train"] < 20


def test_a_finished_dataset_is_taken_whole_or_not(tmp_path, good):
    mixed(tmp_path, f'rows_per_shard = 10\n[domains.math]\ndata = "{good}"\n')
    [gone, cut, *_] = sorted((tmp_path / "out" / "SFT" / "train").glob("*.parquet"))
    (tmp_path / "again").mkdir()
    again = f'[domains.math]\ndata = "{tmp_path / "out"}"\n'
    kept = cut.read_bytes()
    for damage, path in ((lambda: pl.DataFrame().write_parquet(cut), cut), (gone.unlink, gone)):
        damage()
        with pytest.raises(RunError, match=f"{path.name}: is missing or not as long as"):
            mixed(tmp_path / "again", again)
        cut.write_bytes(kept)
    (tmp_path / "out" / "plan.json").write_text("{}")
    with pytest.raises(ConfigError, match="the run is not finished"):
        mixed(tmp_path / "again", again)
