"""Filters over a dataset that was made elsewhere."""

import gzip
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.check import check
from factory.errors import ConfigError, RunError
from factory.foreign_files import batches
from factory.records import Verdict
from filters import FinalAnswer, ThinkTags


def released(output: str, *, reasoning: str = "off", **more) -> dict:
    """A row with the released columns."""
    return {
        "input": [{"role": "user", "content": "What is 2 + 3?"}],
        "output": output,
        "category": "math",
        "license": "cc-by-4.0",
        "reasoning": reasoning,
        "generator": "DeepSeek-R1",
        "used_in_training": "Ultra, Super, Nano",
        "version": "v1.1",
        "system_prompt": f"detailed thinking {reasoning}",
        **more,
    }


ROWS = [
    released("<think>\n2 and 3\n</think>\n\n\\boxed{5}", reasoning="on", expected_answer="5"),
    released("\\boxed{5}", reasoning="on", expected_answer="5"),
    released("\\boxed{5}", expected_answer="5"),
    released("\\boxed{6}", expected_answer="5"),
    released("\x1b[31m[bold]five\ud800", expected_answer="5"),
    released("<think>hm</think>\\boxed{5}"),
]
LINES = [*map(json.dumps, ROWS), "{", "[1]", json.dumps({"output": "lost"})]


@pytest.fixture
def data(tmp_path) -> Path:
    path = tmp_path / "released.jsonl"
    path.write_text("\n".join(LINES) + "\n")
    return path


def written(path: Path, kind: str) -> Path:
    path = path.with_name(f"copy.{kind}")
    text = ("\n".join(LINES)).encode()
    if kind == "jsonl.gz":
        path.write_bytes(gzip.compress(text))
    elif kind == "jsonl.zst":
        with pa.output_stream(str(path), compression="zstd") as file:
            file.write(text)
    else:
        whole = [row for row in ROWS if "\ud800" not in row["output"]]
        pq.write_table(pa.Table.from_pylist(whole), path)
    return path


FILTERS = (ThinkTags(), FinalAnswer())


def test_every_filter_sees_every_row_and_bad_rows_have_reasons(data):
    found = check(batches(str(data)), FILTERS)
    assert found.num_rows == 9
    assert found.bad == {"not_json": 1, "not_an_object": 1, "no_prompt": 1}
    assert found.rows == {"on": 2, "off": 4}
    assert found.kept == {"on": 1, "off": 1}
    assert found.verdicts == {
        ("think_tags.v1", "keep", "", "on"): 1,
        ("think_tags.v1", "drop", "no_block", "on"): 1,
        ("think_tags.v1", "keep", "", "off"): 3,
        ("think_tags.v1", "drop", "tag_with_reasoning_off", "off"): 1,
        ("final_answer.v2", "keep", "", "on"): 2,
        ("final_answer.v2", "keep", "", "off"): 1,
        ("final_answer.v2", "drop", "wrong_answer", "off"): 1,
        ("final_answer.v2", "drop", "no_answer", "off"): 1,
        ("final_answer.v2", "unjudged", "no_gold", "off"): 1,
    }
    assert found.alone == {("think_tags.v1", "on"): 1, ("final_answer.v2", "off"): 2}


@pytest.mark.parametrize("kind", ["jsonl.gz", "jsonl.zst", "parquet"])
def test_compressed_lines_and_parquet_hold_the_same_rows(data, kind):
    found = check(batches(str(written(data, kind))), FILTERS)
    assert found.rows["on"] == 2
    assert found.verdicts["final_answer.v2", "drop", "wrong_answer", "off"] == 1


def test_a_directory_and_a_pattern_are_many_files(data):
    written(data, "parquet")
    (data.parent / "README.md").write_text("no data")
    for name in (data.parent, data.parent / "*.*"):
        assert {batch.name for batch in batches(str(name))} == {
            str(data),
            str(data.with_name("copy.parquet")),
        }


def test_batches_are_cut_and_numbered_so_that_memory_stays(tmp_path):
    path = tmp_path / "many.jsonl"
    path.write_text("{}\n" * 1000)
    found = list(batches(str(path)))
    assert [(batch.start, len(batch.rows)) for batch in found] == [
        (0, 256), (256, 256), (512, 256), (768, 232)
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_verdicts_on_every_row_go_into_a_file(data, tmp_path, suffix):
    out = tmp_path / f"verdicts{suffix}"
    check(batches(str(data)), FILTERS, out=out)
    rows = (pl.read_parquet(out) if suffix == ".parquet" else pl.read_ndjson(out)).to_dicts()
    assert [row["row"] for row in rows] == list(range(9))
    assert [row["problem"] for row in rows[6:]] == ["not_json", "not_an_object", "no_prompt"]
    assert [verdict["filter"] for verdict in rows[0]["verdicts"]] == [
        "think_tags.v1",
        "final_answer.v2",
    ]
    assert [row["kept"] for row in rows[:3]] == [True, False, True]
    assert rows[0]["id"] == "released.jsonl:0"


def test_a_limit_takes_the_first_rows(data):
    assert check(batches(str(data)), FILTERS, limit=2).num_rows == 2


class Broken:
    """A filter with a defect."""

    name = "broken.v1"

    def score(self, response):
        return 1 / 0 if "6" in response.output else 1.0

    def judge(self, score):
        return Verdict.keep()


def test_a_filter_that_fails_on_a_row_is_told_and_the_others_go_on(data):
    found = check(batches(str(data)), [Broken()])
    assert found.verdicts["broken.v1", "unjudged", "filter_failed", "off"] == 1
    assert found.verdicts["broken.v1", "keep", "", "off"] == 3
    assert found.failures == [
        "released.jsonl:3: broken.v1 failed: ZeroDivisionError: division by zero"
    ]


@pytest.mark.parametrize("name", ["cut.parquet", "cut.jsonl.gz", "cut.jsonl.zst"])
def test_a_damaged_file_is_named(data, name):
    whole = written(data, name.partition(".")[2]).read_bytes()
    path = data.with_name(name)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunError, match=f"{name}: cannot be read"):
        check(batches(str(path)), FILTERS)


def test_several_processes_find_the_same(tmp_path):
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ROWS * 100))
    one, two = (check(batches(str(path)), FILTERS, workers=n) for n in (1, 2))
    assert one.verdicts == two.verdicts
    assert one.examples == two.examples


def test_the_command_shows_counts_and_examples_safely(data, factory):
    done = factory("check", data, "--filter", "think_tags", "--filter", "final_answer")
    assert done.returncode == 0, done.stderr
    for words in ("9 rows, 6 of them judged", "not_json", "drop wrong_answer", "kept by all",
                  "\\x1b[31m[bold]five\\ud800"):  # fmt: skip
        assert words in done.stdout, words
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--filter", "final_answr"], "did you mean final_answer?"),
        (["--filter", "agreement"], "compares the answers to one prompt"),
        (["--filter", "final_answer", "--set", "think_tags.x=1"], "no such filter in --filter"),
        (["--filter", "final_answer", "--set", "final_answer.timeout=1"], "did you mean timeout_s"),
        (["--filter", "final_answer", "--column", "answer"], "must be ROLE=NAME"),
        (["--filter", "final_answer", "--column", "outptu=x"], "did you mean output?"),
        (["--filter", "final_answer", "--out", "x.csv"], "the suffix must be"),
    ],
)
def test_a_wrong_command_ends_with_2_and_the_way_out(data, factory, arguments, message):
    done = factory("check", data, *arguments)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize("name", ["nowhere.jsonl", "no/where.parquet", "some words", "*.parquet"])
def test_data_that_is_not_there_ends_with_2(tmp_path, factory, name):
    done = factory("check", tmp_path / name, "--filter", "think_tags")
    assert done.returncode == 2
    assert "no such data" in done.stderr


def test_a_dataset_of_the_hub_without_network_ends_with_2(factory):
    done = factory("check", "nvidia/no-such-dataset", "--filter", "think_tags")
    assert done.returncode == 2
    assert "cannot be had from the Hub" in done.stderr


def test_one_json_array_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "array.json"
    path.write_text("[{}]")
    with pytest.raises(ConfigError, match="write a JSON object a line instead"):
        check(batches(str(path)), FILTERS)


def test_a_file_of_another_kind_is_told_from_one_that_is_not_there(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b")
    with pytest.raises(ConfigError, match="must be a file of .parquet, .jsonl.*got .csv"):
        check(batches(str(path)), FILTERS)


def test_a_line_that_is_not_utf8_has_a_reason_and_the_others_go_on(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"output": "\xff"}\n' + json.dumps(ROWS[2]).encode() + b"\n")
    found = check(batches(str(path)), FILTERS)
    assert found.bad == {"not_utf8": 1}
    assert found.rows == {"off": 1}


def test_a_file_that_is_there_is_never_written_over(data, factory):
    before = data.read_bytes()
    done = factory("check", data, "--filter", "think_tags", "--out", data)
    assert done.returncode == 2
    assert "is there already; give --out a new file" in done.stderr
    assert data.read_bytes() == before


def test_where_no_row_can_be_judged_the_command_fails_with_the_way_out(data, factory):
    done = factory("check", data, "--filter", "think_tags", "--column", "output=solution")
    assert done.returncode == 1
    assert "no_output" in done.stdout
    assert "no row of it could be judged; name its columns with --column" in done.stderr


def test_filters_are_named_whole_on_a_narrow_terminal(data, factory, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = factory("check", data, "--filter", "think_tags", "--filter", "final_answer")
    table = done.stdout.partition("What is not kept")[0]
    assert "final_answer.v2" in table
    assert "unjudged" in table
    assert "…" not in table
