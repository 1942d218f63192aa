"""Where completions lie: sorted arrays, 36 bytes a key.

Of several lines under one key the first that was written counts. The order of two lines is their
`rank`: the time that stands in the line and, for the same microsecond, twelve bits of its checksum.
It moves with the line when a compaction copies it, so that no answer changes by a compaction. Only
between equal ranks (lines of early ledgers, which carry no time) the segment's name and the place
in it decide.
"""

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from factory.ledger.lines import KEY_BYTES

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]

_ENTRY = struct.Struct(f"<{KEY_BYTES}sQQI")
BYTES_A_KEY = _ENTRY.size
pack_entry = _ENTRY.pack
"""(key, rank, offset, length) as `Table.of_entries` takes them."""
_COLUMNS = np.dtype([("key", ">u8", 2), ("rank", "<u8"), ("offset", "<u8"), ("length", "<u4")])
halves = struct.Struct(">QQ").unpack
"""A key of 16 bytes as two numbers in the same order."""

_OFFSET_BITS = 40
_OFFSET = (1 << _OFFSET_BITS) - 1
_WINDOW = 128


def make_rank(at: int, line: bytes) -> int:
    """The order of a line among those of its key.

    Args:
        at: microseconds since 1970, in [0, 2**52).
        line: as it lies on disk.
    """
    return at << 12 | int(line[:3], 16)


@dataclass(slots=True)
class Table:
    """Distinct keys in ascending order, and where the first line of each lies."""

    high: U64
    low: U64
    rank: U64
    place: U64
    """Number of the segment, 24 bits, and offset in bytes, 40 bits."""
    length: U32
    """Bytes of the line, its break included."""
    _high: memoryview = field(init=False, repr=False)
    _low: memoryview = field(init=False, repr=False)
    _place: memoryview = field(init=False, repr=False)
    _length: memoryview = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Taking a number out of a memoryview costs a third of taking it out of an array.
        self._high, self._low = self.high.data, self.low.data
        self._place, self._length = self.place.data, self.length.data

    def __len__(self) -> int:
        return len(self.high)

    @classmethod
    def of_entries(cls, entries: bytes | bytearray, segment: int) -> "Table":
        """A table of what `pack_entry` made, in the order of the lines of one segment."""
        rows = np.frombuffer(entries, dtype=_COLUMNS)
        place = rows["offset"].astype(np.uint64) | np.uint64(segment << _OFFSET_BITS)
        return _first_of_each(
            rows["key"][:, 0].astype(np.uint64),
            rows["key"][:, 1].astype(np.uint64),
            rows["rank"].astype(np.uint64),
            place,
            rows["length"].astype(np.uint32),
            {segment: 0},
        )

    @classmethod
    def merged(cls, tables: Sequence["Table"], names: dict[int, str]) -> "Table":
        """One table of several.

        Args:
            tables: of different segments.
            names: of all their segments, by number; they decide between equal ranks.
        """
        if len(tables) == 1:
            return tables[0]
        ordered = sorted(names, key=lambda number: names[number])
        return _first_of_each(
            np.concatenate([t.high for t in tables]),
            np.concatenate([t.low for t in tables]),
            np.concatenate([t.rank for t in tables]),
            np.concatenate([t.place for t in tables]),
            np.concatenate([t.length for t in tables]),
            {number: position for position, number in enumerate(ordered)},
        )

    def find(self, high: int, low: int) -> int:
        """The row of a key, -1 where there is none."""
        keys, size = self._high, len(self._high)
        # Keys are hashes, evenly spread: the place is nearly known, and better so once one key
        # near it is known. Keys that are no hashes are searched for in the whole.
        guess = high * size >> 64
        if size:
            guess += (high - keys[guess]) * size >> 64
        left, right = guess - _WINDOW, guess + _WINDOW
        if left <= 0 or left >= size or keys[left] >= high:
            left = 0
        if right < 0 or right >= size or keys[right] < high:
            right = size
        row = bisect_left(keys, high, left, right)
        if row == size or keys[row] != high:
            return -1
        if self._low[row] == low:
            return row
        row = bisect_left(self._low, low, row, bisect_right(keys, high, row))
        return row if row < size and self._low[row] == low and keys[row] == high else -1

    def find_all(self, high: U64, low: U64) -> npt.NDArray[np.int64]:
        """The row of each key, -1 where there is none."""
        rows = np.searchsorted(self.high, high).astype(np.int64)
        clipped = np.minimum(rows, max(len(self) - 1, 0))
        if not len(self):
            return np.full(len(high), -1, dtype=np.int64)
        alike = self.high[clipped] == high
        found = np.where(alike & (self.low[clipped] == low), clipped, -1)
        for at in np.flatnonzero(alike & (found < 0)):  # keys that are no hashes
            found[at] = self.find(int(high[at]), int(low[at]))
        return found

    def at(self, row: int) -> tuple[int, int, int]:
        """(number of the segment, offset, length) of a row."""
        place = self._place[row]
        return place >> _OFFSET_BITS, place & _OFFSET, self._length[row]

    def segments(self) -> U64:
        """The number of the segment of each row."""
        return self.place >> np.uint64(_OFFSET_BITS)

    def offsets(self) -> U64:
        """The offset of each row in its segment, in bytes."""
        return self.place & np.uint64(_OFFSET)

    def pick(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Table":
        """Some rows, in the order given."""
        return Table(
            self.high[rows], self.low[rows], self.rank[rows], self.place[rows], self.length[rows]
        )


def place_of(segment: int, offsets: U64) -> U64:
    """Number of the segment and offsets in one, as a table keeps them."""
    return offsets | np.uint64(segment << _OFFSET_BITS)


def count_distinct(tables: Sequence[Table]) -> int:
    """Distinct keys of several tables."""
    ordered = sorted(tables, key=len, reverse=True)
    total = 0
    for position, table in enumerate(ordered):
        new = np.ones(len(table), dtype=bool)
        for larger in ordered[:position]:
            new &= larger.find_all(table.high, table.low) < 0
        total += int(new.sum())
    return total


def _first_of_each(
    high: U64, low: U64, rank: U64, place: U64, length: U32, order: dict[int, int]
) -> Table:
    """The rows sorted by key, of each key the one that counts."""
    rows = np.argsort(high, kind="stable")
    sorted_high = high[rows]
    same = sorted_high[1:] == sorted_high[:-1]
    if same.any():
        grouped = np.concatenate(([False], same)) | np.concatenate((same, [False]))
        tied = rows[grouped]
        number = place[tied] >> np.uint64(_OFFSET_BITS)
        position = _positions(number, order)
        offset = place[tied] & np.uint64(_OFFSET)
        rows[grouped] = tied[np.lexsort((offset, position, rank[tied], low[tied], high[tied]))]
        again = np.concatenate(
            ([False], (high[rows[1:]] == high[rows[:-1]]) & (low[rows[1:]] == low[rows[:-1]]))
        )
        rows = rows[~again]
    return Table(high[rows], low[rows], rank[rows], place[rows], length[rows])


def _positions(numbers: U64, order: dict[int, int]) -> npt.NDArray[np.int64]:
    present, inverse = np.unique(numbers, return_inverse=True)
    positions: Iterable[int] = (order[int(number)] for number in present)
    return np.fromiter(positions, dtype=np.int64, count=len(present))[inverse]
