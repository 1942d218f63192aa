import json
import re

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from factory.errors import ConfigError, RunError
from factory.ledger import (
    LedgerReader,
    LedgerWriter,
    Usage,
    compact,
    export,
    spent,
    stats,
    stats_table,
)
from factory.records import Completion
from tests.factory.ledgers import key, read, write


def test_what_a_run_paid_for_is_told_by_account_and_of_that_run_only(tmp_path):
    write(tmp_path, 3, run="r", account="a")
    write(tmp_path, range(3, 5), run="r", account="b")
    write(tmp_path, range(5, 9), run="r-2", account="a")
    write(tmp_path, range(5, 9), account="a")
    assert spent(tmp_path, "r") == {"a": Usage(3, 6, 9), "b": Usage(2, 4, 6)}
    assert spent(tmp_path, "r-2") == {"a": Usage(4, 8, 12)}
    assert spent(tmp_path, "other") == spent(tmp_path / "none", "r") == {}


def test_what_a_run_is_paying_for_now_counts_too(tmp_path):
    writer = LedgerWriter(tmp_path, "r")
    for number in range(3):
        writer.append(key(number), Completion(prompt_tokens=5), "a")
        assert spent(tmp_path, "r") == {"a": Usage(number + 1, 5 * number + 5, 0)}
    writer.close()
    assert spent(tmp_path, "r") == {"a": Usage(3, 15, 0)}
    for path in tmp_path.glob("*.idx"):
        path.unlink()
    assert spent(tmp_path, "r") == {"a": Usage(3, 15, 0)}


def test_stats_count_what_lies_there(tmp_path):
    first = write(tmp_path, 4, account="a")
    write(tmp_path, range(3, 6), run="r", account="b")
    live = LedgerWriter(tmp_path)
    live.append(key(9), Completion(engine="other"), "b")
    first.path.write_bytes(first.path.read_bytes()[:-9])
    found = stats(tmp_path)
    live.close()
    assert (found.segments, found.live_writers, found.damaged) == (3, 1, 1)
    assert (found.keys, found.duplicates) == (7, 0), "of the duplicate the first line is torn"
    assert found.bytes == sum(path.stat().st_size for path in tmp_path.glob("*.jsonl"))
    assert found.accounts == {"a": Usage(3, 6, 9), "b": Usage(4, 6, 9)}
    assert found.engines == {"other": Usage(1, 0, 0), "toy": Usage(6, 12, 18)}
    console = Console(width=100, record=True)
    console.print(stats_table(found))
    text = console.export_text()
    assert re.search(r"keys\s+7\b", text)
    assert re.search(r"toy\s+6\s+12\s+18", text)


def test_a_hostile_engine_name_does_nothing_to_the_terminal(tmp_path):
    writer = LedgerWriter(tmp_path)
    writer.append(key(1), Completion(engine="[red]x\x1b[2J\ud800"))
    writer.close()
    console = Console(width=100, record=True)
    console.print(stats_table(stats(tmp_path)))
    text = console.export_text()
    assert "[red]x" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_every_distinct_completion_is_exported_in_the_order_of_writing(tmp_path, suffix):
    ledger, path = tmp_path / "ledger", tmp_path / f"out{suffix}"
    writers = [LedgerWriter(ledger, "r"), LedgerWriter(ledger, "r")]
    numbers = list(range(50))[::-1]
    for number in numbers:
        for writer in writers[number % 2 :]:
            writer.append(key(number), Completion(text=f"{number} \ud800\x00é", score=0.5), "a")
    for writer in writers:
        writer.close()
    assert export(ledger, path) == 50 == len(read(ledger))
    if suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_bytes().decode().splitlines()]
        text = "7 \ud800\x00é"
    else:
        rows, text = pq.read_table(path).to_pylist(), "7 ?\x00é"
    assert [row["key"] for row in rows] == [key(number) for number in numbers]
    row = rows[numbers.index(7)]
    assert row.pop("at")
    assert row == {
        "key": key(7), "account": "a", "text": text, "finish_reason": "stop", "prompt_tokens": 0,
        "completion_tokens": 0, "engine": "", "error": "", "score": 0.5, "attempts": 1,
    }  # fmt: skip
    before = path.read_bytes()
    compact(ledger)
    export(ledger, path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_an_empty_ledger_is_exported_as_no_rows(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    assert export(tmp_path / "none", path) == 0
    assert path.exists()
    if suffix == ".parquet":
        assert pq.read_table(path).num_rows == 0


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"out\.csv: .* \.jsonl or \.parquet, got '\.csv'"):
        export(tmp_path, tmp_path / "out.csv")


def test_an_export_of_a_ledger_with_damage_behind_its_index_has_what_can_be_read(tmp_path):
    ledger, path = tmp_path / "ledger", tmp_path / "out.jsonl"
    writer = write(ledger, 5, text="x" * 5000)
    lines = writer.path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"xx", b"xy", 1)
    writer.path.write_bytes(b"".join(lines))
    assert export(ledger, path) == 4
    assert len(path.read_bytes().splitlines()) == 4


def test_an_export_goes_on_through_a_compaction(tmp_path, monkeypatch):
    ledger, path = tmp_path / "ledger", tmp_path / "out.jsonl"
    write(ledger, 5)
    write(ledger, range(3, 9))
    real, done = LedgerReader.lines, []

    def lines(reader):
        for line in real(reader):
            if not done:
                done.append(compact(ledger))
                reader._file.cache_clear()
            yield line

    monkeypatch.setattr(LedgerReader, "lines", lines)
    assert export(ledger, path) == 9
    assert done[0].outputs == 1


def test_an_export_to_a_place_that_cannot_be_written_is_told(tmp_path):
    write(tmp_path / "ledger", 2)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        export(tmp_path / "ledger", tmp_path / "file" / "out.jsonl")
