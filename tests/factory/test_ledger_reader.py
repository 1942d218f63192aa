import os
import random
import threading
import time

import numpy as np
import pytest

from factory.ledger import LedgerReader, LedgerWriter, compact, reader_state, sidecar
from factory.ledger.lines import _seal
from factory.ledger.table import Table, count_distinct, pack_entry
from factory.records import Completion
from factory.seeds import digest
from tests.factory.ledgers import key, read, texts, wait_for, write


def idx(writer: LedgerWriter):
    return sidecar.idx_path(writer.path)


def read_without_scanning(directory, monkeypatch):
    def refuse(*_):
        raise AssertionError("the lines were read")

    monkeypatch.setattr(reader_state, "scan", refuse)
    return read(directory)


def test_a_segment_that_was_closed_is_opened_by_its_index_alone(tmp_path, monkeypatch):
    write(tmp_path, 5)
    reader = read_without_scanning(tmp_path, monkeypatch)
    assert len(reader) == 5
    assert reader.get(key(3)).text == "text 3"


def test_a_lost_index_is_made_again_in_memory_and_nothing_is_written(tmp_path):
    writer = write(tmp_path, 5)
    idx(writer).unlink()
    assert len(texts(tmp_path)) == 5
    assert list(tmp_path.iterdir()) == [writer.path]


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:-1],
        lambda data: data[:40],
        lambda data: b"",
        lambda data: data[:60] + bytes([data[60] ^ 1]) + data[61:],
        lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:],
        lambda data: data[:8] + b"\x63\0\0\0" + data[12:],
        lambda data: b"something else altogether" * 100,
    ],
    ids=["torn", "head only", "empty", "flipped key", "flipped count", "version 99", "foreign"],
)
def test_a_damaged_index_is_passed_over(tmp_path, harm):
    writer = write(tmp_path, 5)
    data = idx(writer).read_bytes()
    idx(writer).write_bytes(harm(data))
    assert sidecar.read_idx(writer.path, 0) is None
    assert len(texts(tmp_path)) == 5


def test_an_index_of_another_segment_is_passed_over(tmp_path):
    first, second = write(tmp_path, 5), write(tmp_path, range(5, 10), text="else")
    idx(second).write_bytes(idx(first).read_bytes())
    assert sidecar.read_idx(second.path, 0) is None
    assert len(texts(tmp_path)) == 10


def test_an_index_of_a_part_of_the_segment_serves_for_that_part(tmp_path):
    writer = write(tmp_path, 5)
    with writer.path.open("ab") as file:
        file.write(_seal(key(7).encode(), b'{"text": "text 7"}'))
    assert sidecar.read_idx(writer.path, 0).covered < writer.path.stat().st_size
    assert sorted(texts(tmp_path)) == [0, 1, 2, 3, 4, 7]


def test_a_line_that_was_damaged_behind_the_index_is_not_handed_out(tmp_path):
    writer = write(tmp_path, 5, text="x" * 5000)
    other = write(tmp_path, range(3, 4), text="second")
    data = writer.path.read_bytes()
    lines = data.splitlines(keepends=True)
    for number in (2, 3):
        lines[number] = lines[number].replace(b"xx", b"xy", 1)
    writer.path.write_bytes(b"".join(lines))
    reader = read(tmp_path)
    assert key(2) in reader, "the index says so"
    assert reader.get(key(2)) is None
    assert key(2) not in reader
    assert reader.get(key(3)).text == "second 3"
    assert len(reader) == 4
    assert reader.damage == {writer.path.name: 2}
    assert other.path.exists()


def test_a_reader_takes_in_a_segment_that_grows_and_ends(tmp_path):
    writer, reader = LedgerWriter(tmp_path), read(tmp_path)
    for number in range(5):
        writer.append(key(number), Completion(text=str(number)))
        assert key(number) not in reader
        reader.refresh()
        assert reader.get(key(number)).text == str(number)
    assert not idx(writer).exists()
    writer.append(key(9), Completion(text="9"))
    writer.close()
    reader.refresh()
    assert len(reader) == 6
    assert reader.problems() == []


def test_a_torn_line_that_is_completed_later_is_taken_in(tmp_path):
    writer = write(tmp_path, 3)
    idx(writer).unlink()
    data = writer.path.read_bytes()
    writer.path.write_bytes(data[:-20])
    reader = read(tmp_path)
    assert len(reader) == 2
    assert "torn" in reader.problems()[0]
    writer.path.write_bytes(data)
    reader.refresh()
    assert len(reader) == 3
    assert reader.problems() == []


def test_a_segment_that_shrank_or_vanished_is_forgotten(tmp_path):
    first, second = write(tmp_path, 3), write(tmp_path, range(1, 6), text="second")
    idx(first).unlink()
    reader = read(tmp_path)
    assert reader.get(key(1)).text == "text 1"
    first.path.write_bytes(first.path.read_bytes()[:-5])
    reader.refresh()
    assert reader.get(key(2)).text == "second 2"
    first.path.unlink()
    reader.refresh()
    assert reader.get(key(1)).text == "second 1"
    assert len(reader) == 5
    second.path.unlink()
    reader.refresh()
    assert reader.get(key(1)) is None
    assert len(reader) == 0


def test_the_answer_does_not_depend_on_when_a_reader_looked(tmp_path):
    # The segment that was begun first gets its answer last.
    early, late = LedgerWriter(tmp_path, "a"), LedgerWriter(tmp_path, "b")
    early.append(key(0), Completion(text="other"))
    late.append(key(1), Completion(text="first"))
    reader = read(tmp_path)
    early.append(key(1), Completion(text="second"))
    reader.refresh()
    assert reader.get(key(1)).text == "first"
    assert read(tmp_path).get(key(1)).text == "first"
    early.close()
    late.close()
    assert read(tmp_path).get(key(1)).text == "first"


def test_a_clock_that_steps_back_does_not_change_which_line_is_first(tmp_path, monkeypatch):
    from factory.ledger import writer as module

    writer = LedgerWriter(tmp_path)
    writer.append(key(1), Completion(text="first"))
    monkeypatch.setattr(module.time, "time_ns", lambda: 1_000)
    writer.append(key(1), Completion(text="second"))
    assert read(tmp_path).get(key(1)).text == "first"
    writer.close()
    assert read(tmp_path).get(key(1)).text == "first"


def test_lines_of_early_ledgers_are_read_in_the_order_of_names_and_lines(tmp_path):
    def line(number: int, text: str) -> bytes:
        return _seal(key(number).encode(), f'{{"text": "{text}", "score": null}}'.encode())

    later = line(1, "third") + line(2, "third")
    (tmp_path / "20250101T000000-my-host-8-abcdef.jsonl").write_bytes(later)
    both = line(1, "first") + line(1, "second")
    (tmp_path / "20250101T000000-my-host-7-abcdef.jsonl").write_bytes(both)
    assert texts(tmp_path) == {1: "first", 2: "third"}
    write(tmp_path, range(2, 4), text="new")
    assert texts(tmp_path) == {1: "first", 2: "third", 3: "new 3"}


def test_twenty_thousand_keys_in_many_segments(tmp_path):
    numbers = list(range(20_000))
    keys = [digest(number) for number in numbers]
    for start in range(0, len(keys), 1000):
        writer = LedgerWriter(tmp_path, "r")
        part = keys[start : start + 1500]  # a third comes twice
        for k in part:
            writer.append(k, Completion(text=f"{start} {k}"))
        writer.close()
    reader = LedgerReader(tmp_path, max_files=3)
    reader.refresh()
    assert len(reader) == 20_000
    assert len(reader._state.tables) < 6
    random.Random(1).shuffle(numbers)
    expected = [f"{max(0, n // 1000 * 1000 - 1000 * (n % 1000 < 500))} {keys[n]}" for n in numbers]
    assert [reader.get(keys[n]).text for n in numbers] == expected
    absent = [digest("absent", number) for number in range(100)]
    assert not any(k in reader for k in absent)
    assert {reader.get(k) for k in absent} == {None}
    assert reader._file.cache_info().currsize <= 3
    compact(tmp_path)
    reader.refresh()
    assert len(reader) == 20_000
    assert [reader.get(keys[n]).text for n in numbers[:500]] == expected[:500]


def test_tables_that_are_not_merged_agree(tmp_path, monkeypatch):
    monkeypatch.setattr(reader_state, "_SETTLED", 1)
    for start in (0, 5, 3):
        write(tmp_path, range(start, start + 10), text=f"{start}")
    reader = read(tmp_path)
    assert len(reader._state.tables) == 3
    assert len(reader) == 15
    assert reader.get(key(7)).text == "0 7"
    assert [reader.get(key(n)).text for n in (12, 3)] == ["5 12", "0 3"]
    assert texts(tmp_path)[14] == "5 14"


def test_settling_many_small_tables_takes_time_in_proportion(tmp_path, monkeypatch):
    table = Table.of_entries(pack_entry(bytes(16), 1, 0, 1), 0)
    monkeypatch.setattr(Table, "merged", lambda tables, names: tables[0])
    draft = reader_state.Draft(tmp_path, reader_state.State())
    known = reader_state.Known(tmp_path / "0.jsonl", "")
    draft._segments = dict.fromkeys(range(400_000), known)
    draft._tables = [(table, frozenset([number])) for number in range(400_000)]
    assert len(draft.state().tables) == 1


def test_keys_are_found_among_neighbours_that_share_their_first_half():
    generator = np.random.default_rng(3)
    high = generator.integers(0, 2**64, 5_000, dtype=np.uint64)
    numbers = [(int(h), low) for h in high for low in range(3)]
    numbers += [(7, low) for low in range(20_000)] + [(0, 0), (2**64 - 1, 2**64 - 1)]
    entries = b"".join(
        pack_entry(h.to_bytes(8, "big") + low.to_bytes(8, "big"), 1, place, 1)
        for place, (h, low) in enumerate(numbers)
    )
    table = Table.of_entries(entries, 5)
    assert len(table) == len(set(numbers)) == count_distinct([table, table])
    for place in [*range(0, len(numbers), 97), len(numbers) - 1]:
        assert table.at(table.find(*numbers[place])) == (5, place, 1)
    assert table.find(7, 20_000) == table.find(8, 0) == table.find(2**64 - 1, 0) == -1


@pytest.mark.parametrize("bad", ["", "00", "zz" * 16, "0" * 31, "0" * 34])
def test_what_is_no_key_is_refused(tmp_path, bad):
    reader = read(tmp_path)
    with pytest.raises(ValueError, match=r"hexadecimal|fromhex"):
        reader.get(bad)
    with pytest.raises(ValueError, match=r"hexadecimal|fromhex"):
        LedgerWriter(tmp_path).append(bad, Completion())


def test_a_key_in_capitals_is_the_same_key(tmp_path):
    writer = LedgerWriter(tmp_path)
    writer.append("AB" * 16, Completion(text="x"))
    writer.close()
    assert read(tmp_path).get("ab" * 16) == read(tmp_path).get("AB" * 16) == Completion(text="x")


def test_a_stale_descriptor_is_opened_again(tmp_path, monkeypatch):
    write(tmp_path, 3)
    reader, real, failed = read(tmp_path), os.pread, []

    def stale(descriptor, length, offset):
        if not failed:
            failed.append(1)
            raise OSError(116, "Stale file handle")
        return real(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", stale)
    assert reader.get(key(1)).text == "text 1"
    assert failed


def test_threads_share_a_reader_while_it_takes_in_what_comes(tmp_path):
    reader, writer = read(tmp_path), LedgerWriter(tmp_path)
    seen, wrong, count = [0, 0, 0], [], 2_000

    def look(thread: int) -> None:
        while seen[thread] < count:
            if thread == 0:
                reader.refresh()
            completion = reader.get(key(seen[thread]))
            if completion is None:
                continue
            if completion.text != f"text {seen[thread]}":
                wrong.append(completion)
            seen[thread] += 1

    threads = [threading.Thread(target=look, args=[n], daemon=True) for n in range(3)]
    for thread in threads:
        thread.start()
    for number in range(count):
        writer.append(key(number), Completion(text=f"text {number}"))
    wait_for(lambda: seen == [count] * 3, 15)
    writer.close()
    assert wrong == []


def test_what_is_stored_says_whose_it_is_and_when_it_was_written(tmp_path):
    before = time.time()
    with LedgerWriter(tmp_path) as writer:
        writer.append(key(1), Completion(text="\ud800", completion_tokens=3), "teacher/math/on")
    reader = read(tmp_path)
    stored = reader.stored(key(1))
    assert (stored.account, stored.text, stored.completion_tokens) == (
        "teacher/math/on",
        "\ud800",
        3,
    )
    assert before - 1 < stored.at / 1e6 < time.time() + 1
    assert reader.stored(key(2)) is None
    writer.path.write_bytes(b"x" * writer.path.stat().st_size)
    assert read(tmp_path).stored(key(1)) is None
