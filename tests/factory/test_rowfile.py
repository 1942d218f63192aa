"""Rows into one file: whole, or not there."""

import json

import polars as pl
import pyarrow as pa
import pytest

from factory.errors import ConfigError, RunError
from factory.rowfile import row_file

SCHEMA = pa.schema([("id", pa.string()), ("score", pa.float64())])
ROWS = [{"id": "a", "score": 1.0}, {"id": "\ud800", "score": None}, {"id": "c"}]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_rows_come_back_without_halves_of_surrogate_pairs(tmp_path, suffix):
    path = tmp_path / "new" / f"rows{suffix}"
    with row_file(path, SCHEMA) as file:
        file.write(ROWS[:1])
        file.write(ROWS[1:])
    assert file.num_rows == 3
    rows = pl.read_parquet(path) if suffix == ".parquet" else pl.read_ndjson(path)
    assert rows.rows() == [("a", 1.0), ("?", None), ("c", None)]


def test_many_rows_are_not_gathered(tmp_path):
    with row_file(tmp_path / "rows.parquet", SCHEMA) as file:
        for _ in range(20):
            file.write(ROWS * 200)
            assert len(file._pending) < 4096
    assert len(pl.read_parquet(tmp_path / "rows.parquet")) == 12_000


def test_nothing_is_left_of_a_failure(tmp_path):
    def fail():
        with row_file(tmp_path / "rows.jsonl", SCHEMA) as file:
            file.write(ROWS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not list(tmp_path.iterdir())


def test_an_older_file_stays(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("older")
    with pytest.raises(ConfigError, match="is there already"), row_file(path, SCHEMA):
        pass
    assert path.read_text() == "older"


def test_without_a_path_rows_are_counted(tmp_path):
    with row_file(None, SCHEMA) as file:
        file.write(ROWS)
    assert file.num_rows == 3


def test_what_cannot_be_written_says_so(tmp_path):
    with (
        pytest.raises(ConfigError, match="the suffix must be"),
        row_file(tmp_path / "a.csv", SCHEMA),
    ):
        pass
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RunError, match="cannot be written"),
        row_file(tmp_path / "file" / "rows.jsonl", SCHEMA),
    ):
        pass


def test_lines_have_every_column(tmp_path):
    path = tmp_path / "rows.jsonl"
    with row_file(path, SCHEMA) as file:
        file.write(ROWS[2:])
    assert json.loads(path.read_text()) == {"id": "c", "score": None}
