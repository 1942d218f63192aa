"""Datasets made elsewhere, batch by batch: parquet and JSON lines on disk, or a dataset of the Hub.

Nothing is read whole: memory holds some batches, however long the dataset is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from factory.corpus.files import file_kind, find_files, open_bytes, open_parquet, reading
from factory.corpus.hub import asking_hub, hub_stream
from factory.corpus.line_texts import part_blocks
from factory.corpus.lines import Block, is_array, line_blocks, parse_object
from factory.corpus.parquet_texts import of_part
from factory.corpus.parts import Part
from factory.errors import ConfigError

_BATCH_ROWS = 256
_BATCH_BYTES = 8 << 20
_PART_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Some rows of a file, in their order."""

    name: str
    """Of the file, or of the dataset."""
    start: int
    """The number of the first row in it, from 0."""
    rows: tuple[dict[str, Any] | str, ...]
    """A string is the reason why a row could not be read."""


def batches(data: str, *, config: str | None = None, split: str | None = None) -> Iterator[Batch]:
    """The rows of a dataset.

    Args:
        data: a file, a directory, a glob pattern, or an id of the Hub.
        config: the Hub's configuration, such as `SFT`.
        split: the Hub's split, such as `math`.

    Raises:
        ConfigError: there is no such data.
        RunError: a file is damaged; the message names it.
    """
    paths = find_files(data).paths
    if not paths:
        yield from _cut(data, _from_hub(data, config, split))
        return
    for path in paths:
        yield from _cut(str(path), _rows(path))


def _cut(name: str, rows: Iterable[tuple[dict[str, Any] | str, int]]) -> Iterator[Batch]:
    """Batches of rows, cut by number and by size."""
    batch: list[dict[str, Any] | str] = []
    start, size = 0, 0
    for row, num_bytes in rows:
        batch.append(row)
        size += num_bytes
        if len(batch) == _BATCH_ROWS or size > _BATCH_BYTES:
            yield Batch(name=name, start=start, rows=tuple(batch))
            start, size, batch = start + len(batch), 0, []
    if batch:
        yield Batch(name=name, start=start, rows=tuple(batch))


def part_batches(part: Part, columns: Sequence[str] | None = None) -> Iterator[Batch]:
    """The rows of a part of a corpus.

    Args:
        part: of any file.
        columns: what is read of parquet files; all by default.

    Raises:
        RunError: the file is damaged, or was changed; the message names it.
    """
    rows = _parquet_part(part, columns) if part.kind == "parquet" else _line_part(part)
    with reading(part.path):
        yield from _cut(part.name, rows)


def _parquet_part(
    part: Part, columns: Sequence[str] | None
) -> Iterator[tuple[dict[str, Any] | str, int]]:
    groups = range(part.start, part.stop)
    if not groups:
        return
    with open_parquet(part.path) as file:
        batches = file.iter_batches(
            _BATCH_ROWS, row_groups=groups, columns=columns, use_threads=False
        )
        for batch in of_part(part, batches):
            yield from _plain_rows(batch)


def _line_part(part: Part) -> Iterator[tuple[dict[str, Any] | str, int]]:
    for block in part_blocks(part, _PART_BLOCK_BYTES):
        yield from _block_rows(block)


def _rows(path: Path) -> Iterator[tuple[dict[str, Any] | str, int]]:
    """(row, its size in bytes) of a file."""
    with reading(path):
        yield from _parquet(path) if file_kind(path) == ".parquet" else _lines(path)


def _parquet(path: Path) -> Iterator[tuple[dict[str, Any] | str, int]]:
    with open_parquet(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            yield from _plain_rows(batch)


def _plain_rows(batch: pa.RecordBatch) -> Iterator[tuple[dict[str, Any] | str, int]]:
    size = batch.nbytes // max(batch.num_rows, 1)
    try:
        yield from ((row, size) for row in batch.to_pylist())
    except UnicodeDecodeError:
        yield from ((_row(batch, number), size) for number in range(batch.num_rows))


def _row(batch: pa.RecordBatch, number: int) -> dict[str, Any] | str:
    try:
        row: dict[str, Any] = batch.slice(number, 1).to_pylist()[0]
    except UnicodeDecodeError:
        return "not_utf8"
    return row


def _lines(path: Path) -> Iterator[tuple[dict[str, Any] | str, int]]:
    with open_bytes(path) as file:
        for number, block in enumerate(line_blocks(file, block_bytes=_BATCH_BYTES)):
            if number == 0 and is_array(block.data):
                raise ConfigError(f"{path}: is one JSON array; write a JSON object a line instead")
            yield from _block_rows(block)


def _block_rows(block: Block) -> Iterator[tuple[dict[str, Any] | str, int]]:
    if block.piece == "first":
        yield "line_too_long", len(block.data)
    yield from ((parse_object(line), len(line)) for line in block.lines())


def _from_hub(
    data: str, config: str | None, split: str | None
) -> Iterator[tuple[dict[str, Any] | str, int]]:
    """The rows of a dataset of the Hub, streamed."""
    with asking_hub(data):
        for row in hub_stream(data, config, split):
            yield row, sum(len(each) for each in row.values() if isinstance(each, str))
