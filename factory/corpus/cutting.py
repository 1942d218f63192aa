"""Where a file is cut into parts."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq

from factory.corpus.files import COMPRESSED, file_kind, open_bytes, open_parquet
from factory.corpus.lines import is_array
from factory.errors import ConfigError

_PROBE = 64 << 10
_GUESSED_RATIO = 4
"""Bytes of text to a byte of a compressed file."""
_GIANT = 8
"""Of so many parts' size, a row group is cut, so that more than one task has work."""
_PIECES = 4
"""A piece of a row group is read from the group's beginning: many would read most of it often."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A part of one file; the fields are those of `Part`."""

    kind: Literal["parquet", "jsonl"]
    start: int
    stop: int
    num_bytes: int
    first_row: int = 0
    num_rows: int | None = None


def cut_file(path: Path, part_bytes: int) -> Iterator[Piece]:
    """The parts of a file, one at least.

    Raises:
        ConfigError: it is one JSON array.
    """
    if file_kind(path) == ".parquet":
        with open_parquet(path) as file:
            _ = file.schema_arrow  # a type that is not known is told now
            yield from _row_groups(file.metadata, part_bytes)
        return
    with open_bytes(path) as lines:
        if is_array(lines.read(_PROBE)):
            raise ConfigError(f"{path}: is one JSON array; write a JSON object a line instead")
    size = path.stat().st_size
    if path.suffix in COMPRESSED:
        if not size:  # readers take it for no rows; a writer makes some bytes of these, too
            raise EOFError("it has no bytes, so that it was not written to its end")
        yield Piece(kind="jsonl", start=0, stop=size, num_bytes=size * _GUESSED_RATIO)
        return
    bounds = [0, *_line_starts(path, size, part_bytes), size]
    for start, stop in itertools.pairwise(bounds):
        yield Piece(kind="jsonl", start=start, stop=stop, num_bytes=stop - start)


def _row_groups(metadata: pq.FileMetaData, part_bytes: int) -> Iterator[Piece]:
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    sizes = [group.total_byte_size for group in groups]
    rows = [group.num_rows for group in groups]
    bounds, gathered = [0], 0
    for number, size in enumerate(sizes):
        if number and gathered + size > part_bytes:
            bounds.append(number)
            gathered = 0
        gathered += size
    for start, stop in itertools.pairwise([*bounds, len(sizes)]):
        yield from _pieces(start, stop, sum(sizes[start:stop]), sum(rows[start:stop]), part_bytes)


def _pieces(start: int, stop: int, size: int, rows: int, part_bytes: int) -> Iterator[Piece]:
    """A run of row groups, or pieces of a single one."""
    giant = stop == start + 1 and size > _GIANT * part_bytes
    number = min(_PIECES, rows) if giant else 1
    for i in range(number):
        first, last = rows * i // number, rows * (i + 1) // number
        yield Piece(
            kind="parquet", start=start, stop=stop, num_bytes=size // number, first_row=first,
            num_rows=last - first,
        )  # fmt: skip


def _line_starts(path: Path, size: int, part_bytes: int) -> Iterator[int]:
    """Where lines begin, about `part_bytes` apart."""
    place = part_bytes
    with path.open("rb") as file:
        while place < size:
            file.seek(place - 1)
            while chunk := file.read(_PROBE):
                place = file.tell() - len(chunk)
                end = chunk.find(b"\n") + 1
                if end:
                    place += end
                    break
            else:
                return
            if place < size:
                yield place
            place += part_bytes
