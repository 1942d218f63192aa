"""Kept JSON lines: the bytes between those that go."""

import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from factory.corpus.ahead import ahead
from factory.corpus.gone import Gone, ascending, check_inside
from factory.corpus.gzipping import GzipWriter, level_of
from factory.corpus.line_texts import part_blocks
from factory.corpus.lines import Block
from factory.corpus.parts import Part

_BLOCK_BYTES = 16 << 20


def kept_lines(
    parts: Sequence[Part], removed: Callable[[int], np.ndarray], out: IO[bytes]
) -> tuple[int, int]:
    """Copy what is kept of a file's lines; blank lines stay.

    Returns:
        How many rows there were, and how many of them were left out.
    """
    num_rows = num_gone = 0
    with _compressed(parts[0].path, out) as write:
        for part in parts:
            rows = ascending(part.number, removed(part.number))
            gone = Gone(rows)
            for data in _kept(part, gone):
                write(data)
            check_inside(part.number, rows, gone.num_rows)
            num_rows += gone.num_rows
            num_gone += len(rows)
    return num_rows, num_gone


@contextlib.contextmanager
def _compressed(path: Path, out: IO[bytes]) -> Iterator[Callable[[memoryview], object]]:
    """What takes the lines for a file like that of a path."""
    if path.suffix == ".gz":
        with path.open("rb") as file:
            level = level_of(file.read(10))
        with contextlib.closing(GzipWriter(out, level)) as gzipped:
            yield gzipped.write
            gzipped.finish()
    elif path.suffix == ".zst":
        with pa.CompressedOutputStream(_LeftOpen(out), "zstd") as packed:
            yield packed.write
    else:
        yield out.write


class _LeftOpen(io.RawIOBase):
    """A file that its user cannot close: Arrow closes what it has compressed into."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._file.write(data)


def _kept(part: Part, gone: Gone) -> Iterator[memoryview]:
    drop = False
    for block in ahead(part_blocks(part, _BLOCK_BYTES)):
        rows = gone.among(block.num_rows)
        if not block.piece:
            yield from _between(block, rows)
            continue
        drop = bool(len(rows)) if block.piece == "first" else drop
        if not drop:
            yield memoryview(block.data)


def _between(block: Block, gone: np.ndarray) -> Iterator[memoryview]:
    data = memoryview(block.data)
    place = 0
    starts, stops = block.starts[gone].tolist(), block.stops[gone].tolist()
    for start, stop in zip(starts, stops, strict=True):
        if start > place:
            yield data[place:start]
        place = stop
    if place < len(data):
        yield data[place:]
