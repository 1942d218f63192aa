"""A segment's index: built by reading its lines, or taken from the file that lies beside it.

`<segment>.idx` holds a header, the columns of a `Table` as little-endian numbers (high and low half
of the keys, rank, offset, length), and the counts as JSON. It may be lost at any time. It is passed
over where it is torn, of another version, or not about the first `covered` bytes of the segment
as they are now, of which the first and last 4 KiB are compared; every line that is looked up is
checked against its own checksum besides.
"""

import contextlib
import os
import struct
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from factory.errors import RunError
from factory.ledger.lines import Paid, Tally, parse
from factory.ledger.names import read_name
from factory.ledger.table import BYTES_A_KEY, Table, make_rank, pack_entry, place_of
from factory.store import write_atomic

_MAGIC = b"RFledger"
_VERSION = 1
_HEADER = struct.Struct("<8sIIQQII")
"""Magic, version, bytes of JSON, keys, covered, checksum of the covered part's ends, of columns."""
_CHECKED = struct.Struct("<I")
_ENDS = 4096


@dataclass(slots=True)
class Counts:
    """What a segment holds, beside its lines."""

    lines: int = 0
    """Whole completion lines, several under one key included."""
    damaged: int = 0
    """Lines that were passed over."""
    timeless: int = 0
    """Lines without a time, of early ledgers."""
    paid: Paid = field(default_factory=Paid)
    """What was paid for, lines that a compaction dropped included."""
    dropped: Paid = field(default_factory=Paid)
    """The part of it that is in no line any more."""


@dataclass(slots=True)
class Index:
    """What is known of the first `covered` bytes of a segment."""

    table: Table
    counts: Counts
    covered: int
    """Bytes; always the end of a line."""


_decode_counts = msgspec.json.Decoder(Counts).decode


def idx_path(segment: Path) -> Path:
    """Where a segment's index lies."""
    return segment.with_name(f"{segment.name}.idx")


def scan(segment: Path, number: int, start: int = 0) -> Index:
    """Index the whole lines from an offset on; a torn last line is left for later.

    Args:
        segment: the file.
        number: of the segment, below 2**24, for the table.
        start: offset of a line.

    Raises:
        OSError: it cannot be read.
    """
    entries, counts, tally = bytearray(), Counts(), Tally()
    offset, timeless = start, 0
    fallback = read_name(segment.name).time
    with segment.open("rb", buffering=1 << 20) as file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                break
            said = parse(line)
            length = len(line)
            if isinstance(said, tuple):
                key, stored = said
                tally.add(stored.account, stored)
                at = stored.at
                # Early lines all have the rank of their segment's time: name and place decide.
                rank = make_rank(at, line) if at else fallback << 12
                timeless += not at
                entries += pack_entry(key, rank, offset, length)
            elif said is None:
                counts.damaged += 1
            else:
                counts.dropped.add(said.dropped)
            offset += length
    counts.lines, counts.timeless = len(entries) // BYTES_A_KEY, timeless
    counts.paid = tally.paid()
    counts.paid.add(counts.dropped)
    return Index(Table.of_entries(entries, number), counts, offset)


def write_idx(segment: Path, index: Index, path: Path | None = None) -> None:
    """Write the index of a segment, atomically.

    Args:
        segment: the file.
        index: what it holds.
        path: where to, if not beside the segment.

    Raises:
        RunError: the disk is full or does not take the file.
    """
    try:
        with segment.open("rb") as data:
            ends = _ends(data, index.covered)
    except OSError as error:
        raise RunError(f"{segment}: cannot be read: {error.strerror}") from error
    table = index.table
    columns = [
        np.ascontiguousarray(column, dtype=kind).data
        for column, kind in (
            (table.high, "<u8"), (table.low, "<u8"), (table.rank, "<u8"),
            (table.offsets(), "<u8"), (table.length, "<u4"),
        )
    ]  # fmt: skip
    checksum = 0
    for column in columns:
        checksum = zlib.crc32(column, checksum)
    counts = msgspec.json.encode(_storable(index.counts))
    header = _HEADER.pack(_MAGIC, _VERSION, len(counts), len(table), index.covered, ends, checksum)
    sealed = header + _CHECKED.pack(zlib.crc32(header + counts))

    def write(file: IO[bytes]) -> None:
        file.write(sealed)
        for column in columns:
            file.write(column)
        file.write(counts)

    write_atomic(path or idx_path(segment), write)


def _storable(counts: Counts) -> object:
    """The counts with lone surrogates in their names replaced, which JSON does not take."""
    try:
        msgspec.json.encode(counts)
    except UnicodeEncodeError:
        return _clean(asdict(counts))
    return counts


def _clean(value: object) -> object:
    if isinstance(value, dict):
        return {key.encode("utf-8", "replace").decode(): _clean(v) for key, v in value.items()}
    return value


def read_counts(segment: Path) -> tuple[Counts, int] | None:
    """(counts, bytes covered) out of the index beside a segment; None where it does not count."""
    with contextlib.suppress(OSError), idx_path(segment).open("rb") as file:
        head = _read_head(file, segment)
        return head and (head[0], head[2])
    return None


def read_idx(segment: Path, number: int) -> Index | None:
    """The index that lies beside a segment; None where it is missing or does not count.

    Args:
        segment: the file.
        number: of the segment, for the table.
    """
    try:
        with idx_path(segment).open("rb") as file:
            head = _read_head(file, segment)
            if head is None:
                return None
            counts, num_keys, covered, checksum = head
            file.seek(_HEADER.size + _CHECKED.size)
            data = file.read(num_keys * BYTES_A_KEY)
    except OSError:
        return None
    if len(data) != num_keys * BYTES_A_KEY or zlib.crc32(data) != checksum:
        return None
    wide = [
        np.frombuffer(data, "<u8", num_keys, position * 8 * num_keys).astype(np.uint64)
        for position in range(4)
    ]
    length = np.frombuffer(data, "<u4", num_keys, 32 * num_keys).astype(np.uint32)
    table = Table(wide[0], wide[1], wide[2], place_of(number, wide[3]), length)
    return Index(table, counts, covered)


def _read_head(file: IO[bytes], segment: Path) -> tuple[Counts, int, int, int] | None:
    """(counts, keys, covered, checksum of the columns) where the index is about this segment."""
    size = _HEADER.size + _CHECKED.size
    header = file.read(size)
    if len(header) != size:
        return None
    magic, version, length, num_keys, covered, ends, checksum = _HEADER.unpack_from(header)
    if magic != _MAGIC or version != _VERSION:
        return None
    file.seek(size + num_keys * BYTES_A_KEY)
    counts = file.read(length)
    (expected,) = _CHECKED.unpack_from(header, _HEADER.size)
    if zlib.crc32(header[: _HEADER.size] + counts) != expected:
        return None
    try:
        with segment.open("rb") as data:
            if os.fstat(data.fileno()).st_size < covered or _ends(data, covered) != ends:
                return None
        return _decode_counts(counts), num_keys, covered, checksum
    except (OSError, ValueError):
        return None


def _ends(file: IO[bytes], covered: int) -> int:
    """The checksum of the first and the last 4 KiB of a segment's covered part."""
    first = os.pread(file.fileno(), min(_ENDS, covered), 0)
    last = os.pread(file.fileno(), min(_ENDS, covered), max(covered - _ENDS, 0))
    return zlib.crc32(last, zlib.crc32(first))
