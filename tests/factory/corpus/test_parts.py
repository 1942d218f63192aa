"""How a dataset is found and cut into parts."""

import gzip
import os
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.corpus import Part, TextColumns, open_corpus, read_texts, write_kept
from factory.errors import ConfigError, RunError


def texts(part, **more):
    return [t for b in read_texts(part, TextColumns(), **more) for t in b.texts.to_pylist()]


def parquet(path, rows, *, group=10, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"text": [f"row {i:04}" for i in range(rows)]})
    pq.write_table(table, path, row_group_size=group, **more)
    return path


def test_small_row_groups_share_a_part_and_each_part_reads_its_own(tmp_path):
    path = parquet(tmp_path / "a.parquet", 100)
    size = pq.read_metadata(path).row_group(0).total_byte_size
    corpus = open_corpus(str(path), part_bytes=3 * size + 20)
    bounds = [(part.number, part.index, part.start, part.stop) for part in corpus.parts]
    assert bounds == [(0, 0, 0, 3), (1, 1, 3, 6), (2, 2, 6, 9), (3, 3, 9, 10)]
    assert [part.num_rows for part in corpus.parts] == [30, 30, 30, 10]
    assert [t for part in corpus.parts for t in texts(part)] == [f"row {i:04}" for i in range(100)]
    assert corpus.single_file
    assert pickle.loads(pickle.dumps(corpus)) == corpus


def test_a_giant_row_group_is_four_parts_that_read_their_own_rows(tmp_path):
    path = parquet(tmp_path / "a.parquet", 10_003, group=9_999)
    size = pq.read_metadata(path).row_group(0).total_byte_size
    parts = open_corpus(str(path), part_bytes=size // 9).parts
    found = [(p.index, p.start, p.stop, p.first_row, p.num_rows) for p in parts]
    assert found == [(0, 0, 1, 0, 2499), (1, 0, 1, 2499, 2500), (2, 0, 1, 4999, 2500),
                     (3, 0, 1, 7499, 2500), (4, 1, 2, 0, 4)]  # fmt: skip
    for batch_bytes in (1 << 10, 1 << 20):
        read = [texts(part, batch_bytes=batch_bytes) for part in parts]
        assert [len(each) for each in read] == [2499, 2500, 2500, 2500, 4]
        assert [t for each in read for t in each] == [f"row {i:04}" for i in range(10_003)]
    assert len(open_corpus(str(path), part_bytes=size // 7).parts) == 2


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False], ids=["line end", "no line end"])
@pytest.mark.parametrize("part_bytes", [1, 7, 40, 64, 10_000])
def test_parts_of_plain_lines_begin_and_end_with_a_line(tmp_path, end, last, part_bytes):
    lines = [b'{"text": "%s"}' % (b"x" * (i % 60)) for i in range(100)]
    path = tmp_path / "a.jsonl"
    path.write_bytes(end.join(lines) + (end if last else b""))
    corpus = open_corpus(str(path), part_bytes=part_bytes)
    data = path.read_bytes()
    assert b"".join(data[part.start : part.stop] for part in corpus.parts) == data
    assert all(data[part.stop - 1] == 10 for part in corpus.parts[:-1])
    assert [t for part in corpus.parts for t in texts(part)] == ["x" * (i % 60) for i in range(100)]
    assert (len(corpus.parts) > 1) == (part_bytes < 10_000)


def test_a_directory_is_its_files_by_name_each_with_parts_of_its_own(tmp_path):
    parquet(tmp_path / "b" / "two.parquet", 20)
    parquet(tmp_path / "one.parquet", 10)
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b'{"text": "zip"}\n'))
    (tmp_path / "notes.md").write_text("no data")
    corpus = open_corpus(str(tmp_path), part_bytes=100)
    assert [(p.number, p.name, p.index) for p in corpus.parts] == [
        (0, os.path.join("b", "two.parquet"), 0), (1, os.path.join("b", "two.parquet"), 1),
        (2, "c.jsonl.gz", 0), (3, "one.parquet", 0),
    ]  # fmt: skip
    assert [len(parts) for parts in corpus.files] == [2, 1, 1]
    assert not corpus.single_file
    assert all(part.path.is_absolute() for part in corpus.parts)


def test_names_below_a_pattern_are_relative_to_what_its_files_share(tmp_path):
    for name in ("x/1.parquet", "y/2.parquet"):
        parquet(tmp_path / name, 1)
    corpus = open_corpus(str(tmp_path / "*" / "*.parquet"))
    assert [part.name for part in corpus.parts] == [
        os.path.join("x", "1.parquet"), os.path.join("y", "2.parquet")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["a b.parquet", "a[1].parquet", "ü\n*.parquet", os.fsdecode(b"\xff.parquet")]
)
def test_odd_names_are_names(tmp_path, name):
    parquet(tmp_path / "x.parquet", 3).rename(tmp_path / name)
    assert texts(open_corpus(str(tmp_path / name)).parts[0]) == ["row 0000", "row 0001", "row 0002"]
    assert open_corpus(str(tmp_path)).parts[0].name == name


def test_what_is_cut_otherwise_or_was_written_again_has_another_fingerprint(tmp_path):
    path = parquet(tmp_path / "a.parquet", 100)
    first = open_corpus(str(path)).fingerprint
    assert open_corpus(str(path)).fingerprint == first
    assert open_corpus(str(path), part_bytes=1).fingerprint != first
    os.utime(path, ns=(1, 1))
    assert open_corpus(str(path)).fingerprint != first


@pytest.mark.parametrize("write", [
    lambda path: pq.write_table(pa.table({"text": pa.array([], pa.string())}), path),
    lambda path: path.with_name("a.jsonl").write_bytes(b""),
    lambda path: path.with_name("a.jsonl").write_bytes(b"\n \r\n\t"),
    lambda path: path.with_name("a.jsonl.gz").write_bytes(gzip.compress(b"")),
])  # fmt: skip
def test_a_file_without_rows_is_a_part_without_batches(tmp_path, write):
    write(tmp_path / "a.parquet")
    (part,) = open_corpus(str(tmp_path)).parts
    assert sum(len(batch.texts) for batch in read_texts(part, TextColumns())) == 0


def test_one_damaged_file_among_many_is_named_at_once(tmp_path):
    for name in "abc":
        parquet(tmp_path / f"{name}.parquet", 10)
    path = tmp_path / "b.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(RunError, match=r"b\.parquet: cannot be read"):
        open_corpus(str(tmp_path))


@pytest.mark.parametrize("name", ["none.parquet", "no/such.jsonl", "some words", "*.jsonl", "."])
def test_data_that_is_not_there_is_a_wrong_command(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="no such data"):
        open_corpus(name)


def test_a_link_to_nowhere_is_told_and_another_link_is_followed(tmp_path):
    parquet(tmp_path / "data" / "a.parquet", 1)
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "a.parquet").symlink_to(tmp_path / "data" / "a.parquet")
    assert len(open_corpus(str(tmp_path / "links")).parts) == 1
    (tmp_path / "links" / "b.parquet").symlink_to(tmp_path / "gone.parquet")
    with pytest.raises(ConfigError, match=r"b\.parquet: is a link to a file that is not there"):
        open_corpus(str(tmp_path / "links"))


def test_directories_behind_links_are_read_and_circles_of_links_end(tmp_path):
    for name in ("data/one", "data/two", "more"):
        parquet(tmp_path / name / "a.parquet", 1)
    (tmp_path / "data" / "linked").symlink_to(tmp_path / "more")
    (tmp_path / "data" / "above").symlink_to(tmp_path)
    (tmp_path / "data" / "one" / "other").symlink_to(tmp_path / "data" / "two")
    (tmp_path / "data" / "two" / "other").symlink_to(tmp_path / "data" / "one")
    names = [part.name for part in open_corpus(str(tmp_path / "data")).parts]
    assert names == [
        "linked/a.parquet", "one/a.parquet", "one/other/a.parquet", "two/a.parquet",
        "two/other/a.parquet",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["b.jsonl.gz", "b.jsonl.zst", "b.parquet"])
def test_a_file_that_lost_all_its_bytes_is_damaged(tmp_path, name):
    parquet(tmp_path / "a.parquet", 1)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(RunError, match=rf"{name}: cannot be read"):
        open_corpus(str(tmp_path))


def test_one_json_array_is_no_json_lines(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('\n[{"text": "x"}]')
    with pytest.raises(ConfigError, match="is one JSON array"):
        open_corpus(str(path))


def test_a_file_that_got_shorter_meanwhile_is_told(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x"}\n' * 100)
    (part,) = open_corpus(str(path)).parts
    path.write_text('{"text": "x"}\n' * 90)
    with pytest.raises(RunError, match="ends 140 bytes early"):
        texts(part)


def test_a_part_made_by_hand_is_all_of_its_row_groups(tmp_path):
    path = parquet(tmp_path / "a.parquet", 25)
    part = Part(number=3, path=path, name="a", kind="parquet", start=0, stop=3, index=0,
                num_bytes=1)  # fmt: skip
    assert texts(part) == [f"row {i:04}" for i in range(25)]
    out = tmp_path / "b.parquet"
    assert write_kept([part], lambda number: np.array([number]), out)["rows"] == 25
    assert pq.read_table(out)["text"].to_pylist() == [f"row {i:04}" for i in range(25) if i != 3]
