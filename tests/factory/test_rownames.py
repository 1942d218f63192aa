"""Names of rows: the user's ids where there are some, else file and row."""

import json
from functools import partial

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.corpus import TextColumns, open_corpus, read_texts
from factory.errors import ConfigError
from factory.progress import Progress
from factory.rowids import ids_path, read_ids, repeated_ids
from factory.rownames import RowNames
from factory.rowtexts import read_some

QUIET = Progress(quiet=True)


@pytest.fixture
def corpus(tmp_path):
    """Two files of five and three rows, in as many parts as can be."""
    data = tmp_path / "data"
    data.mkdir()
    table = pa.table({"id": ["a", "b", None, "d", "a"], "text": list("ABCDE")})
    pq.write_table(table, data / "one.parquet", row_group_size=2)
    rows = [{"id": 7, "text": "F"}, {"id": "b", "text": "G"}, {"text": "H"}]
    (data / "two.jsonl").write_text("\n\n".join(map(json.dumps, rows)))
    return open_corpus(str(data), part_bytes=1)


@pytest.fixture
def rows(corpus) -> tuple[int, ...]:
    """Of each part; some of JSON lines hold nothing but a blank line."""
    columns = TextColumns(column=("text",))
    return tuple(sum(len(b.texts) for b in read_texts(part, columns)) for part in corpus.parts)


def test_without_ids_rows_are_called_by_file_and_row(corpus, rows):
    names = RowNames(corpus.parts, rows)
    assert names.ids([1, 2, 4, 5]) == [
        "one.parquet:1", "one.parquet:2", "one.parquet:4", "two.jsonl:0",
    ]  # fmt: skip
    assert len(corpus.parts) > 4


def test_numbers_and_places_agree_also_around_empty_parts(corpus):
    names = RowNames(corpus.parts[:4], (0, 3, 0, 2))
    parts, local = names.places(np.arange(5))
    assert parts.tolist() == [1, 1, 1, 3, 3]
    assert local.tolist() == [0, 1, 2, 0, 1]
    assert names.numbers(parts, local).tolist() == [0, 1, 2, 3, 4]


def test_ids_come_from_the_column_and_repeated_ones_are_counted(corpus, rows, client, tmp_path):
    names, folder = RowNames(corpus.parts, rows), tmp_path / "ids"
    found = read_ids(corpus, "id", 8, folder=folder, client=client, progress=QUIET)
    names.gather(
        folder,
        partial(ids_path, folder),
        ((part, np.arange(count)) for part, count in enumerate(rows)),
    )
    assert names.ids(range(8)) == [
        "a", "b", "one.parquet:2", "d", "a", "7", "b", "two.jsonl:2",
    ]  # fmt: skip
    repeated = repeated_ids(found, names, folder)
    assert (repeated.num_ids, repeated.num_rows) == (2, 4)
    assert repeated.first == (
        ("a", "one.parquet:0", "one.parquet:4"), ("b", "one.parquet:1", "two.jsonl:1"),
    )  # fmt: skip


def test_only_gathered_rows_have_their_ids(corpus, rows, client, tmp_path):
    names, folder = RowNames(corpus.parts, rows), tmp_path / "ids"
    read_ids(corpus, "id", 8, folder=folder, client=client, progress=QUIET)
    parts, local = names.places([1, 2, 3])
    some = [(part, np.array([row])) for part, row in zip(parts, local, strict=True)]
    names.gather(folder, partial(ids_path, folder), some)
    assert names.ids([0, 1, 2, 3, 4, 7]) == [
        "one.parquet:0", "b", "one.parquet:2", "d", "one.parquet:4", "two.jsonl:2",
    ]  # fmt: skip
    names.gather(folder, partial(ids_path, folder), [])


def test_ids_are_read_once(corpus, client, tmp_path):
    folder = tmp_path / "ids"
    first = read_ids(corpus, "id", 8, folder=folder, client=client, progress=QUIET)
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert read_ids(corpus, "id", 8, folder=folder, client=client, progress=QUIET) == first
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times


def test_many_ranges_find_what_one_finds(corpus, rows, client, tmp_path, monkeypatch):
    monkeypatch.setattr("factory.rowids._RANGE_ROWS", 2)
    names, folder = RowNames(corpus.parts, rows), tmp_path / "ids"
    found = read_ids(corpus, "id", 8, folder=folder, client=client, progress=QUIET)
    assert len(found) == 4
    repeated = repeated_ids(found, names, folder)
    assert [each[0] for each in repeated.first] == ["a", "b"]


@pytest.mark.parametrize(
    ("column", "ids"),
    [
        (pa.array([1, 2, None]), ["1", "2", "x.parquet:2"]),
        (pa.array(["", "\x00", "ü"]), ["", "\x00", "ü"]),
        (pa.array([{"v": 1.5}, {"v": 2.0}, None]), ["1.5", "2.0", "x.parquet:2"]),
        (pa.array([b"\xff", b"b", None]).view(pa.string()), ["\ufffd", "b", "x.parquet:2"]),
    ],
    ids=["numbers", "odd texts", "a field of a struct", "not UTF-8"],
)
def test_ids_of_any_kind(column, ids, client, tmp_path):
    pq.write_table(pa.table({"id": column, "text": ["a"] * 3}), tmp_path / "x.parquet")
    corpus = open_corpus(str(tmp_path / "x.parquet"))
    name = "id.v" if pa.types.is_struct(column.type) else "id"
    names, folder = RowNames(corpus.parts, (3,)), tmp_path / "ids"
    read_ids(corpus, name, 3, folder=folder, client=client, progress=QUIET)
    names.gather(folder, partial(ids_path, folder), [(0, np.arange(3))])
    assert names.ids(range(3)) == ids


def test_a_piece_of_a_large_row_group_has_its_own_ids_only(client, tmp_path):
    number = 150_000  # more than a reader's batch
    ids = pa.array(np.arange(number))
    pq.write_table(pa.table({"id": ids, "text": ["a"] * number}), tmp_path / "x.parquet")
    corpus = open_corpus(str(tmp_path / "x.parquet"), part_bytes=100_000)
    assert len(corpus.parts) > 1
    folder = tmp_path / "ids"
    read_ids(corpus, "id", number, folder=folder, client=client, progress=QUIET)
    for part in corpus.parts:
        with pa.memory_map(str(ids_path(folder, part.number))) as file:
            assert pa.ipc.open_file(file).read_all().num_rows == part.num_rows
    names = RowNames(corpus.parts, [part.num_rows for part in corpus.parts])
    last = [(part.number, np.array([part.num_rows - 1])) for part in corpus.parts]
    names.gather(folder, partial(ids_path, folder), last)
    rows = np.cumsum([part.num_rows for part in corpus.parts]) - 1
    assert names.ids(rows) == [str(row) for row in rows]


def test_lists_are_no_ids(client, tmp_path):
    pl.DataFrame({"id": [[1], [2]], "text": ["a", "b"]}).write_parquet(tmp_path / "x.parquet")
    corpus = open_corpus(str(tmp_path / "x.parquet"))
    with pytest.raises(ConfigError, match="--id-column 'id' is List"):
        read_ids(corpus, "id", 2, folder=tmp_path / "ids", client=client, progress=QUIET)


def test_texts_of_a_few_rows_are_found_in_any_part(corpus, rows):
    names = RowNames(corpus.parts, rows)
    places = [(int(part), int(row)) for part, row in zip(*names.places([5, 1, 4, 1]), strict=True)]
    texts = read_some(corpus.parts, TextColumns(column=("text",)), places)
    assert [texts[place] for place in places] == ["F", "B", "E", "B"]
    assert len(texts) == 3
