import os
import re
import threading
import time

import pytest

from factory.errors import RunError
from factory.ledger import (
    LedgerReader,
    LedgerWriter,
    Usage,
    compact,
    compaction,
    names,
    spent,
    stats,
)
from factory.ledger.lines import _seal
from factory.records import Completion
from tests.factory.ledgers import key, read, segment_names, start, texts, wait_for, write


def test_segments_of_a_run_become_one_and_every_answer_stays(tmp_path):
    for number in range(5):
        write(tmp_path, range(10 * number, 10 * number + 10), run="r")
    before = texts(tmp_path)
    done = compact(tmp_path)
    assert (done.inputs, done.outputs, done.duplicates, done.damaged) == (5, 1, 0, 0)
    (name,) = segment_names(tmp_path)
    assert name.startswith("r-")
    assert (tmp_path / f"{name}.idx").exists()
    assert done.bytes_after == (tmp_path / name).stat().st_size
    assert texts(tmp_path) == before
    assert len(before) == 50
    (tmp_path / f"{name}.idx").unlink()
    assert texts(tmp_path) == before, "the notes are no damage"
    assert read(tmp_path).problems() == []


def test_nothing_is_done_twice_and_a_missing_ledger_is_empty(tmp_path):
    assert compact(tmp_path / "none").inputs == 0
    write(tmp_path, 3)
    write(tmp_path, 3)
    assert compact(tmp_path).inputs == 2
    names = segment_names(tmp_path)
    assert compact(tmp_path).inputs == 0
    assert segment_names(tmp_path) == names


def test_runs_stay_apart_and_one_can_be_chosen(tmp_path):
    for run in ("a", "b", "a-b", ""):
        for _ in range(2):
            write(tmp_path, 3, run=run)
    assert compact(tmp_path, "a").inputs == 2
    assert len(segment_names(tmp_path)) == 7
    compact(tmp_path)
    assert len(segment_names(tmp_path)) == 4


@pytest.mark.parametrize("merged", [(0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_the_first_of_several_answers_counts_before_and_after(tmp_path, merged):
    # Three segments of which some can be merged: the place of a merged one among the others
    # must not decide.
    for number in range(3):
        run = "r" if number in merged else "other"
        write(tmp_path, range(number, 6), text=f"{number}", run=run)
    expected = {0: "0 0", 1: "0 1", 2: "0 2", 3: "0 3", 4: "0 4", 5: "0 5"}
    assert texts(tmp_path) == expected
    compact(tmp_path)
    assert len(segment_names(tmp_path)) == 4 - len(merged)
    assert texts(tmp_path) == expected


def test_an_answer_between_two_merged_segments_keeps_its_place(tmp_path):
    write(tmp_path, range(0, 1), run="r", text="first")
    write(tmp_path, range(1, 2), run="between", text="second")
    write(tmp_path, range(0, 3), run="r", text="third")
    compact(tmp_path, "r")
    assert texts(tmp_path) == {0: "first 0", 1: "second 1", 2: "third 2"}


def test_a_duplicate_that_is_dropped_stays_paid(tmp_path):
    write(tmp_path, 4, run="r", account="a")
    write(tmp_path, range(2, 6), run="r", account="b")
    paid = {"a": Usage(4, 8, 12), "b": Usage(4, 8, 12)}
    assert spent(tmp_path, "r") == paid
    assert stats(tmp_path).duplicates == 2
    assert compact(tmp_path).duplicates == 2
    assert spent(tmp_path, "r") == paid
    assert stats(tmp_path).duplicates == 0
    (idx,) = tmp_path.glob("*.idx")
    idx.unlink()
    assert spent(tmp_path, "r") == paid, "the segment says it, too"
    write(tmp_path, range(5, 7), run="r", account="b")
    compact(tmp_path)
    assert spent(tmp_path, "r") == {"a": Usage(4, 8, 12), "b": Usage(6, 12, 18)}


@pytest.mark.parametrize("with_index", [True, False])
def test_damaged_lines_are_dropped_and_another_answer_takes_their_place(tmp_path, with_index):
    text = "x" * 5000  # the middle of the segment is not among what its index compares
    first = write(tmp_path, 5, run="r", text=text)
    write(tmp_path, range(2, 3), run="r", text="second")
    data = first.path.read_bytes()
    lines = data.splitlines(keepends=True)
    lines[2] = lines[2].replace(b"xx", b"xy", 1)
    first.path.write_bytes(b"".join(lines))
    if not with_index:
        (tmp_path / f"{first.path.name}.idx").unlink()
    done = compact(tmp_path)
    assert (done.inputs, done.damaged, done.duplicates) == (2, 1, 0)
    assert texts(tmp_path)[2] == "second 2"
    assert sorted(texts(tmp_path)) == [0, 1, 2, 3, 4]
    assert spent(tmp_path, "r")[""].completions == (6 if with_index else 5)


def test_segments_with_a_torn_end_are_merged_without_it(tmp_path):
    first = write(tmp_path, 3)
    write(tmp_path, range(5, 7))
    first.path.write_bytes(first.path.read_bytes()[:-10])
    assert compact(tmp_path).damaged == 1
    assert sorted(texts(tmp_path)) == [0, 1, 5, 6]
    assert read(tmp_path).problems() == []


def test_large_segments_are_left_alone_and_rewritten_seldom(tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "_SMALL", 1)
    big = write(tmp_path, 300)
    for number in range(300, 310):
        write(tmp_path, range(number, number + 1))
    compact(tmp_path)
    assert big.path.name in segment_names(tmp_path)
    assert len(segment_names(tmp_path)) == 2
    compact(tmp_path, target_bytes=1)
    assert len(segment_names(tmp_path)) == 2
    write(tmp_path, range(310, 500))
    compact(tmp_path)
    assert big.path.name not in segment_names(tmp_path), "enough has come together beside it"
    assert len(texts(tmp_path)) == 500


def test_no_segment_becomes_larger_than_the_target(tmp_path):
    for number in range(8):
        write(tmp_path, range(10 * number, 10 * number + 10))
    size = max(path.stat().st_size for path in tmp_path.glob("*.jsonl"))
    compact(tmp_path, target_bytes=3 * size)
    assert len(segment_names(tmp_path)) == 3
    assert max(path.stat().st_size for path in tmp_path.glob("*.jsonl")) < 3 * size + 400
    assert len(texts(tmp_path)) == 80


def test_many_segments_are_merged_in_several_passes(tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "_MAX_INPUTS", 3)
    for number in range(10):
        write(tmp_path, range(number, number + 2))
    compact(tmp_path)
    assert len(segment_names(tmp_path)) == 1
    assert len(texts(tmp_path)) == 11
    assert spent(tmp_path, "")[""].completions == 20


def test_segments_of_early_ledgers_and_foreign_files_stay(tmp_path):
    line = _seal(key(1).encode(), b'{"text": "early"}')
    for name in ("20250101T000000-my-host-7-abcdef.jsonl", "20250101T000001-host-7-abcdef.jsonl"):
        (tmp_path / name).write_bytes(line)
    (tmp_path / "demo.jsonl").write_bytes(line)
    write(tmp_path, range(2, 4))
    write(tmp_path, range(4, 6))
    done = compact(tmp_path)
    assert (done.inputs, done.left_alone) == (2, 3)
    assert len(segment_names(tmp_path)) == 4
    assert texts(tmp_path)[1] == "early"


def test_two_compactions_do_not_meet(tmp_path):
    write(tmp_path, 3)
    write(tmp_path, 3)
    with compaction._alone(tmp_path) as busy:
        assert not busy
        assert str(compact(tmp_path)) == "another compaction is at work"
    assert len(segment_names(tmp_path)) == 2
    assert not compact(tmp_path).busy


def test_a_compaction_is_told_in_a_line(tmp_path):
    assert str(compact(tmp_path)) == "nothing to merge"
    for _ in range(3):
        write(tmp_path, 3000)
    line = _seal(key(1).encode(), b'{"text": "early"}')
    (tmp_path / "20250101T000000-my-host-7-abcdef.jsonl").write_bytes(line)
    assert re.fullmatch(
        r"merged 3 segments of 1\.\d MB into 1 of 0\.\d MB; "
        r"6,000 duplicates and 0 lines with damage left out; "
        r"1 segment left alone: their writers may live, .*",
        str(compact(tmp_path)),
    )


@pytest.mark.parametrize(
    ("owner", "works"),
    [("HERE 4194305\n", True), ("HERE LIVING\n", False), ("node7 4194305\n", False),
     ("", False), ("HERE", False), ("HERE x", False)],
)  # fmt: skip
def test_without_locks_the_file_of_a_killed_compaction_blocks_nobody_on_its_host(
    tmp_path, monkeypatch, owner, works
):
    monkeypatch.setattr(compaction, "lock", lambda file: None)
    write(tmp_path, 3)
    write(tmp_path, 3)
    path = tmp_path / "compaction.owner"
    path.write_text(owner.replace("HERE", names.this_host()).replace("LIVING", str(os.getpid())))
    said = str(compact(tmp_path))
    assert said.startswith("merged 2 segments") is works
    assert path.exists() is not works
    if not works:
        who = path.read_text().strip() or "that does not say where"
        assert said == f"another compaction ({who}) is at work; if it is dead, delete {path}"


def test_temporaries_of_killed_writers_go_after_a_day(tmp_path):
    name = write(tmp_path, 3).path.name
    for kind, hours in (("old", 25), ("new", 23)):
        for path in (tmp_path / f"{kind}.jsonl.tmp", tmp_path / f"{name}.idx.{kind}.tmp"):
            path.touch()
            os.utime(path, (time.time() - hours * 3600,) * 2)
    compact(tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.tmp")) == sorted(
        [f"{name}.idx.new.tmp", "new.jsonl.tmp"]
    )


def test_a_full_disk_leaves_the_inputs(tmp_path, monkeypatch):
    write(tmp_path, 3)
    write(tmp_path, 3)
    before = sorted(tmp_path.iterdir())

    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compaction.os, "fsync", full)
    with pytest.raises(
        RunError, match="cannot be compacted: No space left on device; .* make room"
    ):
        compact(tmp_path)
    monkeypatch.undo()
    assert [path for path in sorted(tmp_path.iterdir()) if path.suffix != ".lock"] == before


WRITER = """
import itertools, sys
from pathlib import Path
from factory.ledger import LedgerWriter
from factory.records import Completion
writer = LedgerWriter(Path(sys.argv[1]), "r")
number = int(sys.argv[2])
for text in itertools.chain(["ready"], sys.stdin):
    writer.append(f"{number:032x}", Completion(text=text.strip()))
    number += 1
    print(writer.flush(), flush=True)
"""


def test_a_segment_whose_writer_lives_elsewhere_is_left_alone(tmp_path):
    process = start(WRITER, tmp_path, 500)
    try:
        write(tmp_path, 3, run="r")
        write(tmp_path, range(3, 6), run="r")
        assert stats(tmp_path).live_writers == 1
        done = compact(tmp_path)
        assert (done.inputs, done.left_alone) == (2, 1)
        process.stdin.write("later\n")
        process.stdin.flush()
        assert process.stdout.readline() == "2\n"
        assert texts(tmp_path)[501] == "later"
    finally:
        process.kill()
        process.communicate()
    assert stats(tmp_path).live_writers == 0
    assert compact(tmp_path).inputs == 2
    assert texts(tmp_path)[501] == "later"


@pytest.mark.parametrize(("host", "merges"), [("", True), ("elsewhere", False)])
def test_without_locks_a_writer_is_gone_if_its_process_on_this_host_is(
    tmp_path, monkeypatch, host, merges
):
    from factory.ledger import names

    def unsupported(file, flags):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(names.fcntl, "flock", unsupported)
    live = write(tmp_path, 2).path
    for start_at in (10, 20):
        path = write(tmp_path, range(start_at, start_at + 2)).path
        stamp, this, _, random = path.name.split("-")
        path.rename(tmp_path / f"{stamp}-{host or this}-4194305-{random}")
    assert compact(tmp_path).inputs == (2 if merges else 0)
    assert live.exists(), "its process is this one"
    assert len(texts(tmp_path)) == 6
    assert not (tmp_path / "compaction.owner").exists()


def test_a_reader_reads_on_through_compactions(tmp_path):
    for number in range(6):
        write(tmp_path, range(100 * number, 100 * number + 100), run="r")
    reader = read(tmp_path)
    missing, errors, stop = [], [], threading.Event()

    def look():
        try:
            while not stop.is_set():
                for number in range(0, 600, 7):
                    if reader.get(key(number)) is None or key(number) not in reader:
                        missing.append(number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(4):
        write(tmp_path, range(700 + number, 702 + number), run="r")
        assert compact(tmp_path).outputs == 1
        reader._file.cache_clear()
        if number % 2:
            reader.refresh()
        time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join()
    assert (missing, errors) == ([], [])
    assert reader.get(key(3)).text == "text 3"
    reader.refresh()
    assert len(reader) == 605


def test_a_segment_that_was_compacted_away_is_found_in_its_successor(tmp_path):
    write(tmp_path, 3, run="r")
    write(tmp_path, range(3, 6), run="r")
    reader = read(tmp_path)
    compact(tmp_path)
    assert [reader.get(key(n)).text for n in range(6)] == [f"text {n}" for n in range(6)]
    assert reader.get(key(9)) is None
    assert len(reader) == 6


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from factory.ledger import compact, spent
from tests.factory.ledgers import segment_names, texts
made, work = Path(sys.argv[1]), Path(sys.argv[2])
expected, paid = texts(made), spent(made, "r")
assert len(expected) == 30
print("ready", flush=True)

def die_at(step):
    calls = 0
    def before(real):
        def call(*arguments, **more):
            nonlocal calls
            calls += 1
            if calls == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **more)
        return call
    for name in ("fsync", "replace", "unlink", "open", "write"):
        setattr(os, name, before(getattr(os, name)))

for step in range(1, 500):
    shutil.copytree(made, work)
    child = os.fork()
    if not child:
        die_at(step)
        compact(work)
        os._exit(0)
    killed = os.waitpid(child, 0)[1]
    assert texts(work) == expected, step
    assert spent(work, "r") == paid, (step, spent(work, "r"), paid)
    compact(work)
    assert texts(work) == expected, step
    assert spent(work, "r") == paid, step
    assert len(segment_names(work)) == 1, step
    left = [path for path in work.iterdir() if ".jsonl" not in path.name]
    assert [path.name for path in left] == ["compaction.lock"], left
    assert len(list(work.iterdir())) == 3
    shutil.rmtree(work)
    if not killed:
        break
print(step, flush=True)
"""


def test_a_compaction_that_is_killed_at_any_step_loses_nothing_and_falsifies_nothing(tmp_path):
    for number in range(3):
        write(tmp_path / "made", range(9 * number, 9 * number + 12), f"{number}", "r", "a")
    process = start(KILLED, tmp_path / "made", tmp_path / "work")
    output, _ = process.communicate()
    assert process.returncode == 0
    assert int(output) > 15, "so many steps were there to be killed at"


def test_a_writer_beside_compactions_loses_nothing(tmp_path):
    stop = threading.Event()

    def compact_often():
        while not stop.is_set():
            compact(tmp_path)

    thread = threading.Thread(target=compact_often)
    thread.start()
    for number in range(30):
        writer = LedgerWriter(tmp_path, "r")
        writer.append(key(number), Completion(text=f"text {number}"))
        writer.append(key(number + 100), Completion(text=f"text {number + 100}"))
        writer.close()
    stop.set()
    thread.join()
    assert len(texts(tmp_path)) == 60
    assert spent(tmp_path, "r")[""].completions == 60
    wait_for(lambda: not compact(tmp_path).busy)
    assert os.path.exists(tmp_path / "compaction.lock")


def test_a_reader_that_never_saw_the_inputs_sees_the_output(tmp_path):
    write(tmp_path, 3)
    write(tmp_path, range(3, 6))
    reader = LedgerReader(tmp_path)
    compact(tmp_path)
    reader.refresh()
    assert len(reader) == 6
