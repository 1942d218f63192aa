import json

import pyarrow.parquet as pq
import pytest

from factory.errors import ConfigError, RunError
from factory.ledger import LedgerReader, LedgerWriter, compact, export
from factory.records import Completion
from tests.factory.ledgers import key, read, write


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
