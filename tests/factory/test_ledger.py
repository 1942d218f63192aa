import contextlib
import dataclasses
import errno
import gc
import math
import os
import re
import threading
import time

import pytest

from factory.errors import RunError
from factory.ledger import LedgerWriter, compact, names, spent
from factory.ledger import writer as ledger
from factory.ledger.names import read_name, sealed, this_host
from factory.records import Completion
from tests.factory.ledgers import key, read, start, wait_for, write
from tests.toys import request


def test_a_completion_comes_back_whatever_is_in_it(tmp_path):
    text = 'line\nbreak "quote" \\ \x00 \u2028 é \ud800 🙂 \ud83d\ude00'
    completions = [
        Completion(text=text, completion_tokens=3, engine="\udfff"),
        Completion(text="x\n" * 3_000_000),
        Completion(),
        Completion(
            text="a", finish_reason="length", prompt_tokens=2**70, engine="e", error="f", score=-0.5
        ),
        Completion(score=1e300),
    ]
    writer = LedgerWriter(tmp_path)
    for number, completion in enumerate(completions):
        writer.append(key(number), completion, account="r1/\ud800/é")
    writer.append(key(10), Completion(text="nan", score=math.nan))
    writer.close()
    for _ in range(2):
        reader = read(tmp_path)
        assert [reader.get(key(number)) for number in range(len(completions))] == completions
        nan = reader.get(key(10))
        assert nan.text == "nan"
        assert math.isnan(nan.score)
        assert reader.get(key(99)) is None
        assert len(reader) == 6
        for path in tmp_path.glob("*.idx"):
            path.unlink()


def test_a_line_is_readable_and_leaves_defaults_out(tmp_path):
    writer = LedgerWriter(tmp_path)
    writer.append(key(1), Completion(text="é", completion_tokens=3), account="r1/math/on")
    writer.close()
    line = writer.path.read_text()
    assert re.fullmatch(
        r"[0-9a-f]{8} 0{31}1 "
        r'{"account":"r1/math/on","at":\d{16},"text":"é","completion_tokens":3}\n',
        line,
    )


@pytest.mark.parametrize("run", ["math-small", "a", ""])
def test_a_segment_is_named_after_its_run(tmp_path, run):
    writer = LedgerWriter(tmp_path, run)
    writer.append(key(1), Completion())
    said = read_name(writer.path.name)
    assert (said.run, said.host, said.pid) == (run, this_host(), os.getpid())
    assert writer.path.name.startswith(f"{run}-{said.stamp}" if run else said.stamp)
    writer.close()


@pytest.mark.parametrize("run", ["a/b", "..", "ä", "a b", "a\n"])
def test_a_run_that_makes_no_file_name_is_refused(tmp_path, run):
    with pytest.raises(ValueError, match="run must be of letters"):
        LedgerWriter(tmp_path, run)


def test_a_writer_without_completions_leaves_nothing_and_a_closed_one_takes_none(tmp_path):
    writer = LedgerWriter(tmp_path / "ledger")
    writer.close()
    writer.close()
    assert not (tmp_path / "ledger").exists()
    with pytest.raises(ValueError, match="the writer is closed"):
        writer.append(key(1), Completion())


def test_a_segment_is_locked_while_its_writer_lives(tmp_path):
    writer = LedgerWriter(tmp_path)
    writer.append(key(1), Completion())
    with sealed(writer.path) as ended:
        assert not ended
    assert [path.name for path in tmp_path.iterdir()] == [writer.path.name]
    writer.close()
    with sealed(writer.path) as ended:
        assert ended


@pytest.mark.parametrize(
    ("hours", "has_index", "ended"),
    [(0, False, False), (23, False, False), (25, False, True), (0, True, True), (25, True, True)],
)
@pytest.mark.parametrize("has_locks", [True, False])
def test_a_lock_that_is_granted_says_little_of_another_host(
    tmp_path, monkeypatch, hours, has_index, ended, has_locks
):
    now = time.time_ns()
    monkeypatch.setattr(ledger.time, "time_ns", lambda: now - hours * 3600 * 10**9)
    written = write(tmp_path, 3).path
    monkeypatch.undo()
    stamp, _, pid, random = written.name.split("-")
    path = written.rename(tmp_path / f"{stamp}-elsewhere-{pid}-{random}")
    with path.open("ab") as file:
        file.write(b"torn" * 50_000)
    index = written.with_name(f"{written.name}.idx")
    if has_index:
        index.rename(f"{path}.idx")
    if not has_locks:
        monkeypatch.setattr(names, "lock", lambda file: None)
    with sealed(path) as said:
        assert said is ended


def test_another_hosts_segment_without_lines_is_as_old_as_its_name(tmp_path):
    for stamp, ended in (("20250101T000000", True), ("20990101T000000", False)):
        path = tmp_path / f"{stamp}-elsewhere-7-abcdef.jsonl"
        path.touch()
        with sealed(path) as said:
            assert said is ended


def test_a_writer_whose_segment_was_deleted_says_so_and_counts_nothing_as_durable(tmp_path):
    writer = LedgerWriter(tmp_path)
    writer.append(key(1), Completion())
    assert writer.flush() == 1
    writer.path.unlink()
    writer.append(key(2), Completion())
    with pytest.raises(RunError, match=r"was deleted while it was written.*start the run again"):
        writer.flush()
    with pytest.raises(RunError, match="was deleted"):
        _ = writer.durable
    with pytest.raises(RunError, match="was deleted"):
        writer.close()
    assert list(tmp_path.iterdir()) == []


def test_a_writer_is_closed_at_the_end_of_its_block(tmp_path):
    with LedgerWriter(tmp_path) as writer:
        writer.append(key(1), Completion())
    assert writer.path.with_name(f"{writer.path.name}.idx").exists()
    with pytest.raises(ValueError, match="is closed"):
        writer.append(key(2), Completion())


def test_a_writer_that_was_dropped_leaves_its_lines_and_nothing_else(tmp_path):
    def open_files():
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/self/fd/{name}").startswith(str(tmp_path)):
                    yield name

    flushers, before = set(), set(threading.enumerate())
    for number in range(10):
        writer = LedgerWriter(tmp_path)
        writer.append(key(number), Completion())
        flushers |= set(threading.enumerate()) - before
    path = writer.path
    assert len(flushers) >= 10
    del writer
    gc.collect()
    wait_for(lambda: not any(thread.is_alive() for thread in flushers))
    assert list(open_files()) == []
    with sealed(path) as ended:
        assert ended
    assert len(read(tmp_path)) == 10


def test_a_segment_that_could_not_be_made_is_made_at_the_next_completion(tmp_path, monkeypatch):
    writer = LedgerWriter(tmp_path)

    def full(directory):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for name in ("lock", "sync_directory"):
        with monkeypatch.context() as patch:
            patch.setattr(ledger, name, full)
            with pytest.raises(RunError, match="No space left"):
                writer.append(key(1), Completion())
        assert list(tmp_path.glob("*.tmp")) == []
    writer.append(key(1), Completion(text="x"))
    writer.close()
    assert read(tmp_path).get(key(1)).text == "x"


def test_threads_share_a_writer(tmp_path):
    writer = LedgerWriter(tmp_path)

    def append(thread: int) -> None:
        for number in range(200):
            writer.append(key(1000 * thread + number), Completion(text=f"{thread} {number}"))
            assert number % 20 or writer.flush() > number

    threads = [threading.Thread(target=append, args=[n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.flush() == 800
    writer.close()
    assert len(read(tmp_path)) == 800
    for path in tmp_path.glob("*.idx"):
        path.unlink()
    assert read(tmp_path).get(key(3100)).text == "3 100"


def test_a_failed_flush_is_told_to_everyone_and_leaves_no_index(tmp_path, monkeypatch):
    writer = LedgerWriter(tmp_path)

    def broken(file):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(ledger.os, "fsync", broken)
    monkeypatch.setattr(ledger, "sync_directory", lambda directory: None)
    writer.append(key(1), Completion(text="x"))
    with pytest.raises(RunError, match="Input/output error"):
        writer.flush()
    monkeypatch.undo()
    with pytest.raises(RunError, match="cannot be written"):
        _ = writer.durable
    with pytest.raises(RunError, match="cannot be written"):
        writer.close()
    assert list(tmp_path.glob("*.idx")) == []
    with sealed(writer.path) as ended:
        assert ended


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
    wait_for(lambda: writer.durable == 1)
    assert key(1) in read(tmp_path), "and it is there while its writer is open"
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
        request(task="score"),
        request(settings="x"),
    ]
    fields = {field.name for field in dataclasses.fields(base)}
    changed = {
        name for one in others for name in fields if getattr(one, name) != getattr(base, name)
    }
    assert changed == fields
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


def test_what_a_failing_disk_did_not_take_back_costs_itself_only(tmp_path, monkeypatch):
    writer = LedgerWriter(tmp_path)
    writer.append(key(1), Completion(text="whole"))
    real, calls = os.write, []

    def half(file, data):
        calls.append(1)
        if len(calls) == 1:
            return real(file, data[:20])
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def stuck(file, size):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(ledger.os, "write", half)
    monkeypatch.setattr(ledger.os, "ftruncate", stuck)
    with pytest.raises(RunError, match="the ledger cannot be written"):
        writer.append(key(2), Completion(text="torn"))
    monkeypatch.undo()
    writer.append(key(3), Completion(text="after"))
    writer.close()
    for _ in range(2):
        reader = read(tmp_path)
        assert reader.get(key(3)) == Completion(text="after")
        assert len(reader) == 2
        assert reader.damage == {writer.path.name: 1}
        for path in tmp_path.glob("*.idx"):
            path.unlink()


def test_a_killed_writer_costs_what_it_had_not_flushed_at_most(tmp_path):
    code = """
import sys, itertools
from pathlib import Path
from factory.ledger import LedgerWriter
from factory.records import Completion
writer = LedgerWriter(Path(sys.argv[1]), "r")
for number in itertools.count():
    writer.append(f"{number:032x}", Completion(text=f"text {number}", completion_tokens=1), "a")
    if number % 50 == 0:
        print(writer.flush(), flush=True)
"""
    process = start(code, tmp_path)
    lines = [process.stdout.readline() for _ in range(5)]
    process.kill()
    durable = int((lines + process.communicate()[0].splitlines())[-1])
    reader = read(tmp_path)
    assert len(reader) >= durable >= 200
    assert all(reader.get(key(n)).text == f"text {n}" for n in range(durable))
    assert spent(tmp_path, "r")["a"].completions == len(reader)
    write(tmp_path, range(0, 1), run="r", account="a")
    assert compact(tmp_path).inputs == 2
    assert len(read(tmp_path)) == len(reader)
