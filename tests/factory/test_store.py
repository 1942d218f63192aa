import errno
import io
import os

import pytest

from factory import store
from factory.errors import PartError, RunError
from factory.schemas import DUPLICATES

ROWS = [
    {**dict.fromkeys(DUPLICATES.names), "index": i, "id": f"p{i}", "twin": 0, "similarity": 1.0}
    for i in range(50)
]


def test_a_part_comes_back_as_it_was_written(tmp_path):
    store.write_part(tmp_path / "a.parquet", ROWS, DUPLICATES)
    assert store.read_part(tmp_path / "a.parquet", DUPLICATES) == ROWS
    assert store.read_part(tmp_path / "a.parquet", DUPLICATES, ["index"])[3] == {"index": 3}
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


def test_the_same_rows_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        store.write_part(tmp_path / name, ROWS, DUPLICATES)
    assert store.sha256(tmp_path / "a") == store.sha256(tmp_path / "b")


def test_no_flipped_byte_in_a_part_goes_unnoticed(tmp_path):
    path = tmp_path / "part-00000.parquet"
    store.write_part(path, ROWS, DUPLICATES)
    data = path.read_bytes()
    silent = []
    for position in range(0, len(data), 5):
        flipped = bytearray(data)
        flipped[position] ^= 0x41
        path.write_bytes(flipped)
        try:
            if store.read_part(path, DUPLICATES) != ROWS:
                silent.append(position)
        except PartError:
            pass
    assert silent == []


@pytest.mark.parametrize("damage", ["truncated", "overwritten", "empty", "missing"])
def test_a_damaged_part_is_named_with_the_way_out(tmp_path, damage):
    path = tmp_path / "part-00003.parquet"
    store.write_part(path, ROWS, DUPLICATES)
    data = path.read_bytes()
    match damage:
        case "truncated":
            path.write_bytes(data[: len(data) // 2])
        case "overwritten":
            path.write_bytes(data[:40] + b"\xff" * 60 + data[100:])
        case "empty":
            path.write_bytes(b"")
        case "missing":
            path.unlink()
    with pytest.raises(PartError, match="part-00003.parquet: damaged part .*delete it"):
        store.read_part(path, DUPLICATES)


def test_a_part_of_another_schema_is_refused(tmp_path):
    from factory.schemas import PROMPTS

    store.write_part(tmp_path / "a.parquet", ROWS, DUPLICATES)
    with pytest.raises(PartError, match="columns"):
        store.read_part(tmp_path / "a.parquet", PROMPTS)


class FullDisk(io.FileIO):
    def write(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "manifest.json"
    store.write_json(path, {"old": 1})
    monkeypatch.setattr(type(path), "open", lambda self, mode: FullDisk(self, "w"))
    with pytest.raises(RunError, match=r"manifest.json: cannot be written: No space left"):
        store.write_json(path, {"new": 2})
    monkeypatch.undo()
    assert store.read_json(path, keys=["old"], advice="x") == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_what_killed_writers_left_is_removed(tmp_path):
    (tmp_path / "part-00000.parquet.77.tmp").write_bytes(b"half")
    (tmp_path / "part-00001.parquet").write_bytes(b"whole")
    store.remove_temporaries([tmp_path])
    assert [path.name for path in tmp_path.iterdir()] == ["part-00001.parquet"]
