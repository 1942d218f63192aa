"""Writes one segment out of several: the line of each key that counts, and what the rest cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from factory.ledger.lines import Note, Paid, Tally, checksum_holds, pack_note, parse
from factory.ledger.sidecar import Counts, Index, read_counts, read_idx, scan
from factory.ledger.table import Table, place_of

_BUFFER = 4 << 20


class SegmentChanged(Exception):
    """A segment does not hold what its index says, or has lines without a time.

    Args:
        path: of the segment.
        timeless: it is of an early ledger: the order of its lines is in its name alone, and it must
            stay as it is.
    """

    def __init__(self, path: Path, *, timeless: bool) -> None:
        super().__init__(str(path))
        self.path = path
        self.timeless = timeless


@dataclass(frozen=True, slots=True)
class Merged:
    """What was written."""

    index: Index
    duplicates: int
    damaged: int


def merge(
    inputs: Sequence[Path], output: IO[bytes], leftover: Sequence[str], distrusted: set[Path]
) -> Merged:
    """Write the lines that count of some segments, and two notes about the rest.

    Args:
        inputs: segments that nobody writes to.
        output: empty.
        leftover: names of segments that the inputs replaced and that are still there.
        distrusted: inputs whose indexes are not to be used.

    Raises:
        SegmentChanged: nothing that was written is of use.
        OSError: the disk is full or failed.
    """
    tables, counts, readable, damaged = [], Counts(), 0, 0
    for number, path in enumerate(inputs):
        index, known = _index(path, number, path in distrusted)
        if index.counts.timeless:
            raise SegmentChanged(path, timeless=True)
        tables.append(index.table)
        counts.lines += known.lines
        counts.paid.add(known.paid)
        counts.dropped.add(known.dropped)
        damaged += index.counts.damaged + (path.stat().st_size > index.covered)
        readable += index.counts.lines
    table = Table.merged(tables, {number: path.name for number, path in enumerate(inputs)})
    kept = Tally()
    complete = len(table) == counts.lines
    head = pack_note(Note(replaces=[*leftover, *(path.name for path in inputs)]))
    output.write(head)
    sequence = np.argsort(table.place, kind="stable")
    segments = table.segments()[sequence]
    for number, path in enumerate(inputs):
        rows = sequence[segments == number]
        _copy(path, table.pick(rows), output, None if complete else kept)
    if not complete:
        counts.dropped = Paid()
        counts.dropped.add(counts.paid)
        counts.dropped.add(kept.paid(), -1)
        counts.dropped = counts.dropped.nonzero()
    tail = pack_note(Note(dropped=counts.dropped))
    output.write(tail)
    counts.lines = len(table)
    ends = len(head) + np.cumsum(table.length[sequence], dtype=np.uint64)
    offsets = np.empty(len(table), dtype=np.uint64)
    offsets[sequence] = ends - table.length[sequence]
    new = Table(table.high, table.low, table.rank, place_of(0, offsets), table.length)
    covered = len(head) + int(table.length.sum(dtype=np.uint64)) + len(tail)
    return Merged(Index(new, counts, covered), readable - len(table), damaged)


def _index(path: Path, number: int, distrusted: bool) -> tuple[Index, Counts]:
    """(what can be read of a segment, what was paid for as far as anyone knows)."""
    index = None if distrusted else read_idx(path, number)
    if index is None or index.covered < path.stat().st_size:
        index = scan(path, number)
    # The index of a writer knows of lines, too, that were damaged later.
    said = read_counts(path)
    return index, said[0] if said and said[1] == index.covered else index.counts


def _copy(path: Path, rows: Table, output: IO[bytes], kept: Tally | None) -> None:
    """Copy lines, in the order of the segment; adds what they cost to `kept`."""
    position = 0
    with path.open("rb", buffering=_BUFFER) as file:
        for offset, length in zip(rows.offsets().tolist(), rows.length.tolist(), strict=True):
            if offset != position:
                file.seek(offset)
            line = file.read(length)
            position = offset + length
            if not checksum_holds(line):
                raise SegmentChanged(path, timeless=False)
            output.write(line)
            if kept is not None:
                said = parse(line)
                assert isinstance(said, tuple), "its checksum holds, and it was indexed"
                kept.add(said[1].account, said[1])
