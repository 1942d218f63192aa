import errno
import os
import time

import pytest

from factory.errors import RunError
from factory.ledger import LedgerReader, LedgerWriter
from factory.ledger import writer as ledger
from factory.records import Completion
from tests.toys import request


def key(number: int) -> str:
    return f"{number:032x}"


def write(directory, count: int, text: str = "text") -> LedgerWriter:
    writer = LedgerWriter(directory)
    for number in range(count):
        writer.append(key(number), Completion(text=f"{text} {number}"))
    writer.close()
    return writer


def read(directory) -> LedgerReader:
    reader = LedgerReader(directory)
    reader.refresh()
    return reader


def test_a_completion_comes_back_whatever_is_in_it(tmp_path):
    text = 'line\nbreak "quote" \\ \x00 \u2028 é \ud800 🙂'
    writer = LedgerWriter(tmp_path)
    writer.append(key(1), Completion(text=text, completion_tokens=3))
    writer.close()
    assert read(tmp_path).get(key(1)) == Completion(text=text, completion_tokens=3)
    assert read(tmp_path).get(key(2)) is None


def test_a_torn_last_line_costs_that_line_only(tmp_path):
    writer = write(tmp_path, 3)
    data = writer.path.read_bytes()
    writer.path.write_bytes(data[:-20])
    reader = read(tmp_path)
    assert len(reader) == 2
    (problem,) = reader.problems()
    assert problem.startswith(f"{writer.path}: the last line is torn")
    assert "asked for again" in problem


def test_a_flipped_byte_costs_that_line_only(tmp_path):
    writer = write(tmp_path, 3)
    lines = writer.path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"text 1", b"text 7")
    writer.path.write_bytes(b"".join(lines))
    reader = read(tmp_path)
    assert len(reader) == 2
    assert key(1) not in reader
    assert reader.problems()[0].startswith(f"{writer.path}: 1 damaged lines, skipped")


def test_what_is_no_segment_is_passed_over(tmp_path):
    import zlib

    write(tmp_path, 1)
    (tmp_path / "folder.jsonl").mkdir()
    body = b'not-hexadecimal {"text": "x"}'
    (tmp_path / "odd.jsonl").write_bytes(b"%08x %s\n" % (zlib.crc32(body), body))
    reader = read(tmp_path)
    assert len(reader) == 1
    assert reader.damage == {"odd.jsonl": 1}


def test_of_two_segments_the_first_completion_counts(tmp_path):
    first = write(tmp_path, 2, "first")
    first.path.rename(tmp_path / "0.jsonl")
    write(tmp_path, 3, "second")
    reader = read(tmp_path)
    assert len(reader) == 3
    assert reader.get(key(0)).text == "first 0"


def test_a_reader_takes_in_what_came_since(tmp_path):
    reader = read(tmp_path)
    assert len(reader) == 0
    write(tmp_path, 2)
    reader.refresh()
    assert len(reader) == 2


def test_durability_does_not_wait_for_the_next_completion(tmp_path):
    writer = LedgerWriter(tmp_path)
    writer.append(key(1), Completion(text="x"))
    deadline = time.monotonic() + 5
    while writer.durable == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert writer.durable == 1
    writer.close()


def test_every_field_of_a_request_is_in_its_key():
    from factory.records import Message, Sampling

    base = request()
    others = [
        request(messages=(Message(role="user", content="other"),)),
        request(messages=(Message(role="system", content="hello"),)),
        request(prefix="x"),
        request(stop=("x",)),
        request(mode="off"),
        request(model="other"),
        request(revision="2"),
        request(sampling=Sampling(max_tokens=9)),
        request(sampling=Sampling(max_tokens=8, temperature=0.5)),
        request(sampling=Sampling(max_tokens=8, top_p=0.5)),
        request(sample=1),
        request(seed=2),
    ]
    assert len({r.key for r in [base, *others]}) == len(others) + 1
    assert request().key == base.key


def test_a_full_disk_is_an_error_and_what_was_written_stays_readable(tmp_path, monkeypatch):
    writer = LedgerWriter(tmp_path)
    writer.append(key(1), Completion(text="whole"))
    real = os.write

    def half(file, data):
        if len(data) > 20:
            return real(file, data[:20])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ledger.os, "write", lambda f, d: half(f, d[:25]))
    with pytest.raises(RunError, match="the ledger cannot be written: No space left"):
        writer.append(key(2), Completion(text="does not fit"))
    monkeypatch.undo()
    writer.append(key(3), Completion(text="after room was made"))
    writer.close()
    reader = read(tmp_path)
    assert len(reader) == 2
    assert reader.damage == {}
