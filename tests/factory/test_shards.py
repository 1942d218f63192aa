"""Shards: cut by rows and by bytes, the same however the rows come in."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory import shards, store
from factory.errors import RunError
from factory.schemas import RL, SFT
from factory.shards import Shards, text_bytes


def rows(number: int, answer: str = "four") -> pa.Table:
    """So many published answers."""
    turns = [{"role": "user", "content": "2 + 2?"}]
    given = [{"id": f"r{i}", "input": turns, "output": f"{answer} {i}"} for i in range(number)]
    return pa.Table.from_pylist(given, SFT)


def written(root, table: pa.Table, most: int, at_once: int) -> list[dict]:
    """What the manifest says of a table that is written some rows at a time."""
    found = Shards(root, "SFT", "math", "v1", SFT, most)
    for first in range(0, len(table), at_once):
        found.add(table.slice(first, at_once))
    return found.finish()


def test_rows_come_back_in_order_in_shards_of_equal_size(tmp_path):
    told = written(tmp_path, rows(25), 10, 25)
    assert [shard["rows"] for shard in told] == [10, 10, 5]
    assert [shard["path"] for shard in told] == [
        f"SFT/math/v1-0000{k}-of-00003.parquet" for k in range(3)
    ]
    tables = [pq.read_table(tmp_path / shard["path"]) for shard in told]
    assert pa.concat_tables(tables).equals(rows(25))
    assert [name for shard in told for name in shard["ids"]] == [f"r{i}" for i in range(25)]
    for shard in told:
        assert shard["sha256"] == store.sha256(tmp_path / shard["path"])


@pytest.mark.parametrize("at_once", [1, 7, 1000, 2500])
def test_shards_have_the_same_bytes_however_the_rows_come_in(tmp_path, at_once):
    table = rows(2500)
    whole = written(tmp_path / "whole", table, 1700, 2500)
    pieces = written(tmp_path / "pieces", table, 1700, at_once)
    assert pieces == whole
    assert [shard["rows"] for shard in whole] == [1700, 800]


@pytest.mark.parametrize("at_once", [1, 3, 30])
def test_long_rows_end_row_groups_and_shards_early(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(shards, "GROUP_BYTES", 3_000)
    monkeypatch.setattr(shards, "SHARD_BYTES", 10_000)
    table = rows(30, answer="x" * 995)
    told = written(tmp_path, table, 1_000, at_once)
    assert [shard["rows"] for shard in told] == [12, 12, 6]
    first = pq.read_metadata(tmp_path / told[0]["path"])
    assert [first.row_group(k).num_rows for k in range(first.num_row_groups)] == [3, 3, 3, 3]


def test_row_groups_hold_a_thousand_rows(tmp_path):
    [told] = written(tmp_path, rows(2500), 10_000, 400)
    footer = pq.read_metadata(tmp_path / told["path"])
    assert [footer.row_group(k).num_rows for k in range(3)] == [1000, 1000, 500]
    assert footer.row_group(0).column(0).has_offset_index


def test_no_rows_make_no_shard(tmp_path):
    assert written(tmp_path, rows(0), 10, 1) == []
    assert list(tmp_path.iterdir()) == []


def test_the_bytes_of_a_row_are_those_of_its_turns_and_its_answer():
    turns = [{"role": "user", "content": "äb"}, {"role": "assistant", "content": None}]
    given = [{"id": "a", "input": turns, "output": "12"}, {"id": "b", "input": [], "output": None}]
    assert text_bytes(pa.Table.from_pylist(given, SFT)).tolist() == [5, 0]
    prompts = [{"id": "a", "input": turns}, {"id": "b", "input": None}]
    assert text_bytes(pa.Table.from_pylist(prompts, RL)).tolist() == [3, 0]


def test_a_place_that_cannot_be_written_is_named_with_the_way_out(tmp_path):
    (tmp_path / "SFT").write_text("in the way")
    with pytest.raises(RunError, match=r"SFT/math: cannot be written: Not a directory"):
        written(tmp_path, rows(1), 10, 1)
