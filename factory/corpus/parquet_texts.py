"""Texts of parquet files: only the columns that are needed, a few rows at a time."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from factory.corpus.arrays import is_list, is_text, join_columns, said_field, texts_in
from factory.corpus.columns import TextColumns, field_steps, field_type, no_column, no_text, usual
from factory.corpus.files import open_parquet, reading
from factory.corpus.frames import arrow_frame, fits_frame
from factory.corpus.parts import Part
from factory.corpus.rows import TextBatch, text_batch
from factory.errors import ConfigError, RunError

_MAX_ROWS = 4096
"""Read at a time, so that a few large rows among small ones do not come together."""
_CODE_BYTES = 4
"""A value that takes less in a file's pages, on average, is a code of a dictionary there."""


def parquet_columns(part: Part, columns: TextColumns, extra: tuple[str, ...]) -> tuple[str, ...]:
    """See `texts.chosen_columns`."""
    with reading(part.path), open_parquet(part.path) as file:
        return _chosen(part, file.schema_arrow, columns, extra)


def _chosen(
    part: Part, schema: pa.Schema, columns: TextColumns, extra: tuple[str, ...]
) -> tuple[str, ...]:
    names = columns.column or usual(lambda name: bool(field_steps(schema, name)))
    if not names:
        raise no_text(part.path, schema.names)
    for name in (*names, *extra):
        steps = field_steps(schema, name)
        if not steps:
            raise no_column(part.path, name, schema.names)
        kind = field_type(schema, steps)
        if name in names and not is_text(kind):
            raise ConfigError(
                f"{part.path}: column {name!r} is {kind}; name one of text, or of turns"
            )
        if name in extra and not fits_frame(kind):
            raise ConfigError(f"{part.path}: column {name!r} is {kind}, which is not read here")
    return names


def parquet_texts(
    part: Part, columns: TextColumns, extra: tuple[str, ...], batch_bytes: int
) -> Iterator[TextBatch]:
    """See `texts.read_texts`."""
    with reading(part.path), open_parquet(part.path) as file:
        schema = file.schema_arrow
        names = _chosen(part, schema, columns, extra)
        if part.stop > file.metadata.num_row_groups:
            raise RunError(f"{part.path}: has fewer row groups than before; begin anew")
        leaves = _leaves(file, names, extra)
        rows, codes = _sizes(part, file.metadata, leaves, batch_bytes)
    start = 0
    with reading(part.path), open_parquet(part.path, codes) as file:
        for batch in of_part(part, _batches(part, file, leaves, rows)):
            for some in _cut(batch, batch_bytes):
                yield _texts(start, some, schema, names, extra)
                start += some.num_rows


def _leaves(file: pq.ParquetFile, names: Sequence[str], extra: Sequence[str]) -> tuple[str, ...]:
    """What is to be read, as paths of parquet: of turns, only what is said."""
    schema = file.schema_arrow
    paths = [file.schema.column(i).path for i in range(len(file.schema.names))]
    found = [".".join(field_steps(schema, name)) for name in extra]
    for name in names:
        steps = field_steps(schema, name)
        kind, prefix = field_type(schema, steps), ".".join(steps)
        turns = kind is not None and is_list(kind) and pa.types.is_struct(kind.value_type)
        said = [
            path
            for path in paths
            if turns and path.startswith(f"{prefix}.") and path.count(".") == len(steps) + 2
            and path.endswith(f".{said_field(kind.value_type)}")  # type: ignore[union-attr]  # turns
        ]  # fmt: skip
        found += said or [prefix]
    return tuple(dict.fromkeys(found))


def _sizes(
    part: Part, metadata: pq.FileMetaData, leaves: Sequence[str], batch_bytes: int
) -> tuple[int, tuple[str, ...]]:
    """How many rows to read at a time, and which columns as codes of a dictionary.

    A long text that many rows share takes no room in the file, and would take much in a batch.
    """
    sizes: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    rows = 1
    for number in range(part.start, part.stop):
        group = metadata.row_group(number)
        rows += group.num_rows
        for i in range(group.num_columns):
            chunk = group.column(i)
            path = chunk.path_in_schema
            if any(path == leaf or path.startswith(f"{leaf}.") for leaf in leaves):
                sizes[path] += chunk.total_uncompressed_size
                codes[path] += _page_bytes(chunk)
    coded = tuple(path for path, size in codes.items() if size / rows < _CODE_BYTES)
    return min(max(batch_bytes * rows // max(sizes.total(), 1), 1), _MAX_ROWS), coded


def _page_bytes(chunk: pq.ColumnChunkMetaData) -> int:
    """What a column's pages take in the file, without its dictionary."""
    if not chunk.has_dictionary_page:
        return int(chunk.total_uncompressed_size)
    dictionary = chunk.data_page_offset - chunk.dictionary_page_offset
    return int(chunk.total_compressed_size - dictionary)


def _batches(
    part: Part, file: pq.ParquetFile, leaves: Sequence[str], rows: int
) -> Iterator[pa.RecordBatch]:
    def read(groups: Sequence[int]) -> Iterator[pa.RecordBatch]:
        yield from file.iter_batches(rows, row_groups=groups, columns=leaves, use_threads=False)

    groups = range(part.start, part.stop)
    if not groups:
        return
    try:
        yield from read(groups)
    except (OSError, pa.ArrowException):
        for group in groups:
            with reading(part.path, f"row group {group}"):
                for _ in read([group]):
                    pass
        raise


def of_part(part: Part, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows of a part, of those of its row groups."""
    before, left = part.first_row, part.num_rows
    for batch in batches:
        skipped = min(before, batch.num_rows)
        rows = batch.slice(skipped, left)
        before -= skipped
        if rows.num_rows:
            yield rows
        if left is not None:
            left -= rows.num_rows
            if not left:
                return


def _cut(batch: pa.RecordBatch, batch_bytes: int) -> Iterator[pa.RecordBatch]:
    if batch.num_rows < 2 or _num_bytes(batch) <= batch_bytes:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _cut(batch.slice(0, half), batch_bytes)
    yield from _cut(batch.slice(half), batch_bytes)


def _num_bytes(batch: pa.RecordBatch) -> int:
    """What a batch takes with its dictionaries written out."""
    return sum(_written_out(column) for column in batch.columns)


def _written_out(column: pa.Array) -> int:
    if not pa.types.is_dictionary(column.type) or not is_text(column.type):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary.cast(pa.large_binary()))
    return int(np.int64(pc.sum(lengths.take(column.indices)).as_py() or 0)) + 8 * len(column)


def _texts(
    start: int,
    batch: pa.RecordBatch,
    schema: pa.Schema,
    names: tuple[str, ...],
    extra: tuple[str, ...],
) -> TextBatch:
    def column(name: str) -> pa.Array:
        first, *others = field_steps(schema, name)
        array = batch.column(first)
        for step in others:
            array = pc.struct_field(array, step)
        return array

    texts, problems = join_columns([texts_in(column(name)) for name in names])
    return text_batch(start, texts, problems, arrow_frame({name: column(name) for name in extra}))
