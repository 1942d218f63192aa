"""Kept rows of a parquet file: read and filtered in a thread while the last ones are written."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from factory.corpus.ahead import ahead
from factory.corpus.files import open_parquet, reading
from factory.corpus.gone import Gone, ascending, check_inside
from factory.corpus.parts import Part

_GROUP_BYTES = 128 << 20
_BATCH_BYTES = 16 << 20
_SAMPLE = 16
"""Row groups that are looked at for how a file was written."""


def kept_parquet(
    parts: Sequence[Part], removed: Callable[[int], np.ndarray], out: IO[bytes]
) -> tuple[int, int]:
    """Write the kept rows of a file as a parquet file like it.

    Returns:
        How many rows there were, and how many of them were left out.
    """
    path = parts[0].path
    with reading(path), open_parquet(path) as file:
        sizes = [_num_rows(part, file.metadata) for part in parts]
        schema, like = file.schema_arrow, _written_like(file)
    rows = _gone_rows(parts, sizes, removed)
    gone = Gone(rows)
    with pq.ParquetWriter(out, schema, **like) as writer:
        for table in ahead(_tables(path, parts[-1].stop, gone)):
            writer.write_table(table.unify_dictionaries(), row_group_size=table.num_rows)
    return gone.num_rows, len(rows)


def _num_rows(part: Part, metadata: pq.FileMetaData) -> int:
    if part.num_rows is not None:
        return part.num_rows
    return sum(metadata.row_group(number).num_rows for number in range(part.start, part.stop))


def _gone_rows(
    parts: Sequence[Part], sizes: Sequence[int], removed: Callable[[int], np.ndarray]
) -> np.ndarray:
    """The rows to leave out, counted through the file."""
    found = []
    first = 0
    for part, num_rows in zip(parts, sizes, strict=True):
        rows = ascending(part.number, removed(part.number))
        check_inside(part.number, rows, num_rows)
        found.append(rows + first)
        first += num_rows
    return np.concatenate(found)


def _tables(path: Path, num_groups: int, gone: Gone) -> Iterator[pa.Table]:
    """What is kept of each row group, in one table or in several of a bounded size."""
    with reading(path), open_parquet(path) as file:
        for number in range(num_groups):
            with reading(path, f"row group {number}"):
                yield from _group(file, number, gone)


def _group(file: pq.ParquetFile, number: int, gone: Gone) -> Iterator[pa.Table]:
    group = file.metadata.row_group(number)
    num_pieces = max(-(-group.total_byte_size // _GROUP_BYTES), 1)
    piece_rows = max(-(-group.num_rows // num_pieces), 1)
    num_batches = max(-(-group.total_byte_size // num_pieces // _BATCH_BYTES), 1)
    batch_rows = max(-(-piece_rows // num_batches), 1)
    kept: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in file.iter_batches(batch_rows, row_groups=[number], use_threads=False):
        rows += batch.num_rows
        kept.append(_without(batch, gone.among(batch.num_rows)))
        size += kept[-1].nbytes
        if rows >= piece_rows or size > 2 * _GROUP_BYTES:
            yield from _table(kept)
            kept, rows, size = [], 0, 0
    yield from _table(kept)


def _table(kept: Sequence[pa.RecordBatch]) -> Iterator[pa.Table]:
    """None of no rows: readers of the Hub's kind fail on a row group without any."""
    if sum(batch.num_rows for batch in kept):
        yield pa.Table.from_batches(kept)


def _without(batch: pa.RecordBatch, rows: np.ndarray) -> pa.RecordBatch:
    if not len(rows):
        return batch
    keep = np.ones(batch.num_rows, bool)
    keep[rows] = False
    bits = pa.py_buffer(np.packbits(keep, bitorder="little"))
    try:
        return batch.filter(pa.Array.from_buffers(pa.bool_(), len(keep), [None, bits]))
    except pa.ArrowNotImplementedError:  # views of strings; what lies between is copied as it is
        return _between(batch, rows)


def _between(batch: pa.RecordBatch, rows: np.ndarray) -> pa.RecordBatch:
    bounds = [-1, *rows.tolist(), batch.num_rows]
    slices = [batch.slice(a + 1, b - a - 1) for a, b in itertools.pairwise(bounds)]
    return pa.concat_batches(slices)


def _written_like(file: pq.ParquetFile) -> dict[str, Any]:
    """Arguments of a writer that writes as the file was written, as far as the file tells."""
    metadata = file.metadata
    groups = [metadata.row_group(i) for i in range(min(metadata.num_row_groups, _SAMPLE))]
    chunks = [group.column(i) for group in groups for i in range(group.num_columns)]
    codecs = {chunk.path_in_schema: _codec(chunk) for chunk in chunks}
    dictionaries = {chunk.path_in_schema for chunk in chunks if chunk.has_dictionary_page}
    encodings = {
        chunk.path_in_schema: encoding
        for chunk in chunks
        for encoding in chunk.encodings
        if encoding.startswith(("DELTA_", "BYTE_STREAM_SPLIT"))
        and chunk.path_in_schema not in dictionaries
    }
    int96 = any(chunk.physical_type == "INT96" for chunk in chunks)
    return {
        "compression": codecs
        if len(set(codecs.values())) > 1
        else next(iter(codecs.values()), "zstd"),
        "use_dictionary": sorted(dictionaries),
        "column_encoding": encodings or None,
        "sorting_columns": groups[0].sorting_columns or None if groups else None,
        "store_schema": b"ARROW:schema" in (metadata.metadata or {}),
        "use_deprecated_int96_timestamps": int96,
        "write_page_index": any(chunk.has_offset_index for chunk in chunks),
        "write_page_checksum": True,
    }


def _codec(chunk: pq.ColumnChunkMetaData) -> str:
    return "NONE" if chunk.compression == "UNCOMPRESSED" else str(chunk.compression)
