"""JSON lines, block by block: where the rows of a block lie, and what a line says.

A row is a line that is not blank. A line too long for memory comes in pieces, so that it can
still be copied byte for byte.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Literal

import msgspec
import numpy as np

MAX_LINE = 256 << 20
"""Bytes of a line, with its end; a longer one is a row that is not read."""
_BLANK = np.frombuffer(b"\t\n\x0b\x0c\r ", np.uint8)
_NEWLINE = 10
_WINDOW = 64 << 10
"""Bytes that are looked through at a time; these and what is found in them fit into a cache."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Some whole lines of a file, or a piece of a line that is too long."""

    data: bytes
    starts: np.ndarray
    """int64: where the lines of the rows begin."""
    stops: np.ndarray
    """int64: where they end, behind the end of the line."""
    piece: Literal["", "first", "more"] = ""
    """Of a line that is too long; the first piece counts as its row."""

    @property
    def num_rows(self) -> int:
        """How many rows begin in it."""
        return 1 if self.piece == "first" else len(self.starts)

    def lines(self) -> Iterator[memoryview]:
        """The lines of the rows; none for a piece."""
        data = memoryview(self.data)
        for start, stop in zip(self.starts.tolist(), self.stops.tolist(), strict=True):
            yield data[start:stop]


def line_blocks(
    file: IO[bytes], *, num_bytes: int | None = None, block_bytes: int, max_line: int | None = None
) -> Iterator[Block]:
    """The lines of a file from where it stands, every byte in exactly one block.

    Args:
        file: read on from its position.
        num_bytes: how far; to the end by default.
        block_bytes: read at a time; a block holds one line at least.
        max_line: bytes of the longest line that is read; `MAX_LINE` by default.

    Raises:
        EOFError: the file ends before `num_bytes`.
    """
    max_line = max_line or MAX_LINE
    rest: list[bytes] = []
    size = 0
    too_long = False
    for chunk in _chunks(file, num_bytes, min(block_bytes, max_line)):
        first = chunk.find(b"\n") + 1
        if too_long:
            yield _piece(chunk[:first] or chunk, "more")
            if not first:
                continue
            too_long, chunk = False, chunk[first:]
        elif first and size + first > max_line:
            yield _piece(b"".join((*rest, chunk[:first])), "first")
            rest, size, chunk = [], 0, chunk[first:]
        end = chunk.rfind(b"\n") + 1
        if end:
            yield _block(b"".join((*rest, chunk[:end])))
            rest, size = [], 0
        rest.append(chunk[end:])
        size += len(chunk) - end
        if size > max_line:
            yield _piece(b"".join(rest), "first")
            rest, size, too_long = [], 0, True
    if size:
        yield _block(b"".join(rest))


def _chunks(file: IO[bytes], num_bytes: int | None, chunk_bytes: int) -> Iterator[bytes]:
    left = num_bytes
    while left is None or left > 0:
        chunk = file.read(chunk_bytes if left is None else min(chunk_bytes, left))
        if not chunk:
            if left:
                raise EOFError(f"it ends {left:,} bytes early; it was changed meanwhile")
            return
        left = None if left is None else left - len(chunk)
        yield chunk


def _piece(data: bytes, piece: Literal["first", "more"]) -> Block:
    none = np.empty(0, np.int64)
    return Block(data=data, starts=none, stops=none, piece=piece)


def _block(data: bytes) -> Block:
    codes = np.frombuffer(data, np.uint8)
    found = [
        np.flatnonzero(codes[place : place + _WINDOW] == _NEWLINE) + (place + 1)
        for place in range(0, len(codes), _WINDOW)
    ]
    if codes[-1] != _NEWLINE:
        found.append(np.array([len(codes)]))
    stops = np.concatenate(found)
    starts = np.concatenate(([0], stops[:-1]))
    suspects = np.flatnonzero(np.isin(codes[starts], _BLANK))
    blank = [i for i in suspects if not data[starts[i] : stops[i]].strip()]
    if blank:
        starts, stops = np.delete(starts, blank), np.delete(stops, blank)
    return Block(data=data, starts=starts, stops=stops)


def parse_object(line: bytes | memoryview) -> dict[str, Any] | str:
    """The object that a line holds, or a slug: `not_utf8`, `not_json`, `not_an_object`."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:  # what msgspec refuses, such as NaN and halves of surrogate pairs
            value = json.loads(bytes(line))
        except UnicodeDecodeError:
            return "not_utf8"
        except (ValueError, RecursionError):
            return "not_json"
    return value if isinstance(value, dict) else "not_an_object"


def is_array(start: bytes) -> bool:
    """Whether a file that begins so is one JSON array, which is no JSON lines."""
    return start.lstrip().startswith(b"[")
