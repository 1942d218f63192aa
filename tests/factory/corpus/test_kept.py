"""What is kept is written as it was."""

import gzip
import io
import json
import zlib
from datetime import datetime

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.corpus import TextColumns, open_corpus, read_texts, write_kept
from factory.corpus.gzipping import GzipWriter, level_of
from factory.errors import RunError


def kept(path, out, gone, *, part_bytes=64 << 20):
    """Write what is kept when the rows `gone`, counted through the file, go."""
    parts = open_corpus(str(path), part_bytes=part_bytes).parts
    firsts = {}
    for part in parts:
        num_rows = part.num_rows
        if num_rows is None:
            num_rows = sum(len(b.texts) for b in read_texts(part, TextColumns(column=("text",))))
        firsts[part.number] = (sum(n for _, n in firsts.values()), num_rows)

    def removed(number):
        first, num_rows = firsts[number]
        rows = np.array([row - first for row in sorted(gone)], np.int64)
        return rows[(rows >= 0) & (rows < num_rows)]

    return write_kept(parts, removed, out)


RICH = pa.schema(
    [
        pa.field("text", pa.large_string(), nullable=False, metadata={"unit": "words"}),
        pa.field("turns", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        pa.field("category", pa.dictionary(pa.int16(), pa.string())),
        pa.field("when", pa.timestamp("ns", tz="Europe/Berlin")),
        pa.field("price", pa.decimal128(20, 3)),
        pa.field("json", pa.json_()),
        pa.field("view", pa.string_view()),
        pa.field("map", pa.map_(pa.string(), pa.int32())),
        pa.field("fixed", pa.list_(pa.float32(), 2)),
        pa.field("small", pa.uint8()),
        pa.field("raw", pa.binary(3)),
        pa.field("void", pa.null()),
    ],
    metadata={"huggingface": '{"info": {}}', "mine": "\u00fc"},
)


def rich(num_rows):
    rows = [
        {
            "text": f"text {i}", "turns": [{"role": "user", "content": str(i)}] * (i % 3) or None,
            "category": f"c{i % 4}", "when": datetime(2024, 1, 1 + i % 28), "price": i,
            "json": "{}", "view": f"a view that is longer than twelve bytes {i}",
            "map": [(str(i), i)], "fixed": [i, 0.5], "small": i % 256, "raw": b"abc", "void": None,
        }
        for i in range(num_rows)
    ]  # fmt: skip
    columns = [pa.array([row[field.name] for row in rows], _storage(field.type)).cast(field.type)
               for field in RICH]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=RICH)


def _storage(kind):
    if isinstance(kind, pa.BaseExtensionType):
        return kind.storage_type
    if pa.types.is_string_view(kind):
        return pa.string()
    return kind


@pytest.mark.parametrize("codec", ["zstd", "snappy", "none", "gzip", "brotli", "lz4"])
@pytest.mark.parametrize("part_bytes", [1, 64 << 20])
def test_parquet_keeps_schema_metadata_codec_and_order(tmp_path, codec, part_bytes):
    path, out = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(rich(100), path, row_group_size=30, compression=codec)
    gone = {0, 3, 31, 59, 60, 99}
    counts = kept(path, out, gone, part_bytes=part_bytes)
    assert counts == {"rows": 100, "removed": 6, "kept": 94}
    before, after = pq.ParquetFile(path), pq.ParquetFile(out)
    assert after.schema_arrow.equals(before.schema_arrow, check_metadata=True)
    assert after.schema.equals(before.schema)
    assert after.metadata.metadata.keys() == before.metadata.metadata.keys()
    assert [after.metadata.row_group(i).num_rows for i in range(4)] == [28, 28, 29, 9]
    assert after.metadata.row_group(0).column(0).compression == (
        before.metadata.row_group(0).column(0).compression
    )
    rows = pq.read_table(path).to_pylist()
    expected = [row for number, row in enumerate(rows) if number not in gone]
    assert pq.read_table(out).to_pylist() == expected
    assert sorted(tmp_path.iterdir()) == [path, out]


def test_nothing_removed_gives_the_same_table(tmp_path):
    path, out = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(rich(50), path)
    kept(path, out, set())
    assert pq.read_table(out).equals(pq.read_table(path), check_metadata=True)


@pytest.mark.parametrize("num_rows", [0, 40])
def test_no_row_left_is_a_file_with_the_schema(tmp_path, num_rows):
    path, out = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(rich(num_rows), path, row_group_size=10)
    kept(path, out, set(range(num_rows)))
    assert pq.read_table(out).num_rows == 0
    assert pq.read_schema(out).equals(pq.read_schema(path), check_metadata=True)
    assert pq.read_metadata(out).num_row_groups == 0


def test_columns_keep_their_codecs_encodings_order_and_index(tmp_path):
    path, out = tmp_path / "a.parquet", tmp_path / "b.parquet"
    table = pa.table({"id": range(100), "text": [f"t{i}" for i in range(100)], "kind": ["k"] * 100,
                      "x": [float(i) for i in range(100)]})  # fmt: skip
    pq.write_table(
        table, path, use_dictionary=["kind"], write_page_index=True, store_schema=False,
        column_encoding={"id": "DELTA_BINARY_PACKED", "text": "DELTA_BYTE_ARRAY",
                         "x": "BYTE_STREAM_SPLIT"},
        compression={"id": "none", "text": "zstd", "kind": "snappy", "x": "gzip"},
        sorting_columns=[pq.SortingColumn(0)],
    )  # fmt: skip
    kept(path, out, {5})
    before, after = (pq.read_metadata(each).row_group(0) for each in (path, out))
    assert after.sorting_columns == before.sorting_columns
    for i in range(4):
        old, new = before.column(i), after.column(i)
        assert (new.compression, new.encodings, new.has_dictionary_page, new.has_offset_index) == (
            old.compression, old.encodings, old.has_dictionary_page, old.has_offset_index
        )  # fmt: skip
    assert pq.read_metadata(out).metadata == pq.read_metadata(path).metadata


def test_old_timestamps_stay_as_they_are(tmp_path):
    path, out = tmp_path / "a.parquet", tmp_path / "b.parquet"
    table = pa.table({"t": pa.array([datetime(2000, 1, 1)] * 3, pa.timestamp("ns"))})
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)
    kept(path, out, {1})
    assert pq.read_metadata(out).row_group(0).column(0).physical_type == "INT96"
    assert pq.read_table(out).equals(table.slice(1))


def test_a_giant_row_group_is_written_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("factory.corpus.kept_parquet._GROUP_BYTES", 100_000)
    monkeypatch.setattr("factory.corpus.kept_parquet._BATCH_BYTES", 10_000)
    path, out = tmp_path / "a.parquet", tmp_path / "b.parquet"
    table = pa.table({"text": [f"{i:0100}" for i in range(5000)]})
    pq.write_table(table, path, use_dictionary=False)
    assert len(open_corpus(str(path), part_bytes=50_000).parts) == 4
    kept(path, out, {0, 2500, 4999}, part_bytes=50_000)
    assert pq.read_metadata(out).num_row_groups == 6
    assert pq.read_table(out)["text"].to_pylist() == [
        f"{i:0100}" for i in range(5000) if i not in (0, 2500, 4999)
    ]


def test_other_readers_read_it(tmp_path):
    path, out = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(pa.table({"text": [f"t{i}" for i in range(100)]}), path, row_group_size=10)
    kept(path, out, set(range(0, 100, 2)))
    assert pl.read_parquet(out)["text"].to_list() == [f"t{i}" for i in range(1, 100, 2)]


@pytest.mark.parametrize("part_bytes", [1, 50, 64 << 20])
@pytest.mark.parametrize("suffix", ["jsonl", "json", "jsonl.gz", "ndjson.zst"])
def test_lines_are_kept_byte_for_byte(tmp_path, suffix, part_bytes):
    rows = [b'{"text": "a"}\n', b'{"text":"b"}  \r\n', b"not json\n", b'{"text": "\xff"}\n',
            b"[1]\n", b' {"text": NaN}\r\n', b'{"text": "\xc3\xa9", "z": 1e999}\n',
            b'{"text": "last"}']  # fmt: skip
    data = b"\n\r\n" + b"".join(row + b"\n  \t\n" for row in rows[:-1]) + rows[-1]
    path, out = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    path.write_bytes(packed(data, suffix))
    assert kept(path, out, set(), part_bytes=part_bytes)["rows"] == 8
    assert unpacked(out) == data
    out.unlink()
    counts = kept(path, out, {1, 3, 7}, part_bytes=part_bytes)
    assert counts == {"rows": 8, "removed": 3, "kept": 5}
    expected = data
    for row in (1, 3, 7):
        expected = expected.replace(rows[row], b"", 1)
    assert unpacked(out) == expected


def packed(data, suffix):
    if suffix.endswith("gz"):
        return gzip.compress(data)
    return pa.compress(data, "zstd", asbytes=True) if suffix.endswith("zst") else data


def unpacked(path):
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return pa.input_stream(io.BytesIO(path.read_bytes()), compression="zstd").read()
    return path.read_bytes()


def test_members_and_frames_one_after_another_are_one_file(tmp_path):
    line = b'{"text": "%d"}\n'
    for suffix in ("jsonl.gz", "jsonl.zst"):
        path, out = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
        path.write_bytes(b"".join(packed(line % i, suffix) for i in range(5)))
        kept(path, out, {2})
        assert unpacked(out) == b"".join(line % i for i in (0, 1, 3, 4))


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000])
@pytest.mark.parametrize("level", [1, 6])
def test_gzip_in_blocks_is_one_member_that_any_reader_reads(size, level):
    data = (b"".join(b"%d %d\n" % (i, i * i % 1009) for i in range(size // 8 + 1)))[:size]
    out = io.BytesIO()
    writer = GzipWriter(out, level)
    for start in range(0, size, 700_001):
        writer.write(memoryview(data)[start : start + 700_001])
    writer.finish()
    writer.close()
    unpacker = zlib.decompressobj(wbits=31)  # one member, its checksum compared
    assert unpacker.decompress(out.getvalue()) == data
    assert unpacker.eof
    assert unpacker.unused_data == b""
    assert len(out.getvalue()) <= 1.0002 * len(gzip.compress(data, level)) + 20
    assert level_of(out.getvalue()) == level


def test_compressed_output_is_the_same_bytes_every_time(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "x"}\n' * 1000))
    kept(path, tmp_path / "b.jsonl.gz", {1})
    monkeypatch.setattr("factory.corpus.gzipping._THREADS", 1)
    monkeypatch.setattr("time.time", lambda: 1e9)
    kept(path, tmp_path / "c.jsonl.gz", {1})
    assert (tmp_path / "b.jsonl.gz").read_bytes() == (tmp_path / "c.jsonl.gz").read_bytes()


@pytest.mark.parametrize("length", [99, 100, 101, 150, 1000])
@pytest.mark.parametrize("goes", [True, False])
def test_a_line_too_long_is_a_listed_row_and_copied_whole(tmp_path, monkeypatch, length, goes):
    monkeypatch.setattr("factory.corpus.lines.MAX_LINE", 100)
    line = b'{"text": "' + b"x" * (length - 13) + b'"}\n'
    data = b'{"text": "a"}\n' + line + b'{"text": "b"}\n' + line + b'{"text": "c"}'
    path, out = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    path.write_bytes(data)
    (part,) = open_corpus(str(path)).parts
    for batch_bytes in (7, 64, 1 << 20):
        batches = list(read_texts(part, TextColumns(column=("text",)), batch_bytes=batch_bytes))
        texts = [text for batch in batches for text in batch.texts.to_pylist()]
        assert (texts[0], texts[2], texts[4]) == ("a", "b", "c")
        found = [problem for batch in batches for problem in batch.problems]
        assert found == ([(1, "line_too_long"), (3, "line_too_long")] if length > 100 else [])
    kept(path, out, {1, 2} if goes else set())
    gone = line + b'{"text": "b"}\n'
    assert out.read_bytes() == (data.replace(gone, b"") if goes else data)


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl"])
@pytest.mark.parametrize("rows", [[5], [-1], [1, 1], [2, 1]])
def test_rows_that_are_none_are_a_caller_s_mistake_and_leave_nothing(tmp_path, name, rows):
    path, out = tmp_path / name, tmp_path / f"out-{name}"
    if name == "a.parquet":
        pq.write_table(pa.table({"text": list("abcde")}), path)
    else:
        path.write_text("".join(json.dumps({"text": t}) + "\n" for t in "abcde"))
    with pytest.raises(ValueError, match="part 0: row"):
        write_kept(open_corpus(str(path)).parts, lambda part: np.array(rows), out)
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_page_leaves_nothing_and_names_the_row_group(tmp_path):
    path, out = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(pa.table({"text": [f"text {i}" * 9 for i in range(300)]}), path,
                   row_group_size=100, write_page_checksum=True, use_dictionary=False,
                   compression="none")  # fmt: skip
    data = bytearray(path.read_bytes())
    chunk = pq.read_metadata(path).row_group(2).column(0)
    data[chunk.data_page_offset + chunk.total_compressed_size - 9] ^= 1
    path.write_bytes(data)
    with pytest.raises(RunError, match=r"a\.parquet: row group 2: cannot be read"):
        kept(path, out, {1})
    assert list(tmp_path.iterdir()) == [path]


def test_an_output_that_cannot_be_written_is_told(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a"]}), path)
    with pytest.raises(RunError, match="cannot be written"):
        kept(path, path / "b.parquet", set())
