"""Dedup can be stopped anywhere and gone on with; a work directory belongs to one comparison."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from factory.dedup import Exact, MinHash, stages
from factory.errors import ConfigError, PartError, RunError
from factory.progress import Progress
from tests.factory.dedup.corpora import find, random_texts, removals, table, write_corpus

ROOT = Path(__file__).parents[3]
STAGES = ["sketch_part", "check_pairs", "resolve", "write_sets", "write_result"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    rows = [{"id": i, "text": text} for i, text in enumerate(random_texts(200, words=60))]
    return write_corpus(tmp_path_factory.mktemp("data") / "in", rows, group=40)


@pytest.fixture(scope="module")
def whole(data, client, tmp_path_factory):
    return find(data, tmp_path_factory.mktemp("work"), client, part_bytes=12_000)


def same(one, other):
    return (
        removals(one) == removals(other)
        and table(one, "clusters") == table(other, "clusters")
        and one.counts == other.counts
        and one.histogram == other.histogram
    )


@pytest.mark.parametrize("stage", STAGES)
def test_a_task_that_fails_leaves_what_the_others_made(
    stage, data, whole, client, tmp_path, monkeypatch
):
    work = tmp_path / "work"
    with monkeypatch.context() as patch:
        patch.setattr(stages, stage, _failing(getattr(stages, stage), 0))
        with pytest.raises(PartError, match=r"1 of \d+ tasks failed, what is finished is kept"):
            find(data, work, client, part_bytes=12_000)
    before = {path: path.stat().st_mtime_ns for path in (work / "done").iterdir()}
    assert before or stage == "sketch_part"
    result = find(data, work, client, part_bytes=12_000)
    assert same(result, whole)
    for path, changed in before.items():
        assert path.stat().st_mtime_ns == changed


def _failing(task, wrong):
    def fail(*args):
        if args[-1] == wrong:
            raise ValueError("no more")
        return task(*args)

    return fail


def test_what_is_finished_is_only_read(data, whole, client):
    before = {path: path.stat().st_mtime_ns for path in whole.work.rglob("*.arrow")}
    assert same(find(data, whole.work, client, part_bytes=12_000), whole)
    assert before == {path: path.stat().st_mtime_ns for path in whole.work.rglob("*.arrow")}


KILLED = """
import os, signal, sys
from distributed import Client, LocalCluster
from factory.corpus import TextColumns, open_corpus
from factory.dedup import MinHash, dedup, parse_keep
from factory.progress import Progress
from pathlib import Path

class Killing(Progress):
    left = int(sys.argv[3])
    def part_done(self, counts):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

options = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": "127.0.0.1:0"}
with LocalCluster(processes=False, **options) as cluster, Client(cluster) as client:
    dedup(
        open_corpus(sys.argv[1], part_bytes=12_000),
        MinHash(),
        columns=TextColumns(),
        keep=parse_keep("first"),
        work=Path(sys.argv[2]),
        client=client,
        progress=Killing(quiet=True),
    )
"""


@pytest.mark.parametrize("number", [1, 4, 12, 30])
def test_a_killed_process_loses_at_most_the_tasks_in_flight(number, data, whole, client, tmp_path):
    work = tmp_path / "work"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, data, str(work), str(number)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    before = {path: path.stat().st_mtime_ns for path in (work / "done").glob("*.json")}
    assert len(before) >= number
    result = find(data, work, client, part_bytes=12_000)
    assert same(result, whole)
    assert not list(work.rglob("*.tmp"))
    for path, changed in before.items():
        assert path.stat().st_mtime_ns == changed


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"method": MinHash(threshold=0.7)}, r"method.threshold was 0.8 and is 0.7"),
        ({"method": Exact()}, r"method.name was 'minhash.v2' and is 'exact.v1'"),
        ({"keep": "longest"}, r"keep was 'first' and is 'longest'"),
        ({"within": "id"}, r"within was None and is 'id'"),
        ({"part_bytes": 1 << 30}, r"parts was \d+ and is 3"),
    ],
)
def test_a_work_directory_of_other_settings_is_refused(changed, message, data, whole, client):
    options = {"part_bytes": 12_000, **changed}
    with pytest.raises(
        ConfigError, match=rf"holds another comparison \({message}\); choose another"
    ):
        find(data, whole.work, client, **options)


def test_a_work_directory_of_data_that_changed_is_refused(client, tmp_path):
    data = write_corpus(tmp_path / "in", [{"text": "a"}, {"text": "b"}, {"text": "c"}])
    find(data, tmp_path / "work", client)
    os.utime(tmp_path / "in" / "1.parquet", (1, 1))
    with pytest.raises(ConfigError, match="other data: names, sizes or times"):
        find(data, tmp_path / "work", client)


def test_data_that_changes_meanwhile_is_told(data, client, tmp_path, monkeypatch):
    import polars as pl

    rows = [{"text": text} for text in random_texts(60, words=60)]
    data = write_corpus(tmp_path / "in", rows)

    class Changing(Progress):
        def stage(self, name, **numbers):
            if "again" in name:
                for path in (tmp_path / "in").iterdir():
                    frame = pl.read_parquet(path)
                    frame.with_columns(text=pl.col("text") + " new").write_parquet(
                        path, row_group_size=7
                    )

    monkeypatch.setattr("tests.factory.dedup.corpora.Progress", Changing)
    with pytest.raises(PartError, match="has changed since it was read first"):
        find(data, tmp_path / "work", client)


def test_a_damaged_working_file_is_named(data, client, tmp_path, monkeypatch):
    work = tmp_path / "work"
    with monkeypatch.context() as patch:
        patch.setattr(stages, "check_pairs", _failing(stages.check_pairs, 0))
        with pytest.raises(PartError):
            find(data, work, client, part_bytes=12_000)
    path = work / "candidates" / "part-00000.arrow"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(PartError, match=r"candidates/part-00000.arrow: damaged working file"):
        find(data, work, client, part_bytes=12_000)


def test_two_processes_do_not_work_in_one_directory(data, client, tmp_path):
    import fcntl

    (tmp_path / "work").mkdir()
    with (tmp_path / "work" / ".dedup.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="another process works in it"):
            find(data, tmp_path / "work", client)


def test_the_same_directory_may_hold_another_corpus_later(client, tmp_path):
    for name, texts in (("one", ["a", "a", "b"]), ("other", ["c", "b", "c"])):
        data = write_corpus(tmp_path / name, [{"text": text} for text in texts])
        result = find(data, tmp_path / "work", client)
        assert removals(result) == {"one": {1: (0, 1.0)}, "other": {2: (0, 1.0)}}[name]
        shutil.rmtree(tmp_path / "work")
