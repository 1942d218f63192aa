"""What a reader knows of a ledger at one moment, and how the next moment's is made of it.

The tables of a state are sorted arrays. A table of a million keys or more stays as it is; smaller
ones are merged with others that are not much larger, so that a lookup searches few.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path

from factory.ledger.names import SUFFIX, listing
from factory.ledger.sidecar import read_idx, scan
from factory.ledger.table import Table

_SETTLED = 1 << 20
"""Keys from which on a table is not merged any more."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a segment."""

    path: Path
    file: str
    """The same; a cache finds text sooner than a path."""
    end: int = 0
    """Bytes that are indexed."""
    damaged: int = 0
    """Lines that were passed over."""
    sealed: bool = False
    """Its writer has ended it, and all of it is indexed: it is not looked at again."""
    distrusted: bool = False
    """Its index did not hold what it said: its lines are read instead."""


@dataclass(frozen=True, slots=True)
class State:
    """Never changed, only replaced as a whole, so that lookups need no lock."""

    tables: tuple[Table, ...] = ()
    members: tuple[frozenset[int], ...] = ()
    """The segments in each table, by number."""
    segments: dict[int, Known] = field(default_factory=dict)

    def find(self, high: int, low: int) -> tuple[int, int, int] | None:
        """(number of the segment, offset, length) of a key's first line."""
        best: Table | None = None
        best_row = -1
        for table in self.tables:
            row = table.find(high, low)
            if row >= 0 and (best is None or self._order(table, row) < self._order(best, best_row)):
                best, best_row = table, row
        return None if best is None else best.at(best_row)

    def _order(self, table: Table, row: int) -> tuple[int, str, int]:
        number, offset, _ = table.at(row)
        return int(table.rank[row]), self.segments[number].path.name, offset

    def names(self, numbers: frozenset[int]) -> dict[int, str]:
        """Names of segments by number."""
        return {number: self.segments[number].path.name for number in numbers}


class Draft:
    """The next state in the making."""

    def __init__(self, directory: Path, state: State) -> None:
        self.directory = directory
        self._next = max(state.segments, default=-1) + 1
        self._segments = dict(state.segments)
        self._tables = list(zip(state.tables, state.members, strict=True))

    def state(self) -> State:
        """What has been taken in, as a state."""
        self._settle()
        return State(
            tuple(table for table, _ in self._tables),
            tuple(members for _, members in self._tables),
            self._segments,
        )

    def distrust(self, number: int) -> None:
        """Have a segment's lines read anew, whatever its index says."""
        if number in self._segments:
            self._segments[number] = replace(self._segments[number], distrusted=True)
            self._forget({number})

    def take_in(self) -> None:
        """Follow what lies on the disk.

        Raises:
            OSError: with ENOENT or ESTALE, a segment was listed and is not there.
        """
        listed = listing(self.directory)
        names = [name for name, e in listed.items() if name.endswith(SUFFIX) and e.is_file()]
        numbers = {known.path.name: number for number, known in self._segments.items()}
        gone = {number for name, number in numbers.items() if name not in listed}
        sizes = {}
        for name in names:
            number = numbers.get(name)
            if number is None or not self._segments[number].sealed:
                sizes[name] = (self.directory / name).stat().st_size
        shrunk = {numbers[n] for n, size in sizes.items() if self._end(numbers.get(n)) > size}
        self._forget(gone | shrunk)
        for number in gone:
            del self._segments[number]
        for name in sorted(names):
            number = numbers.get(name, self._next)
            known = self._segments.get(number) or Known(
                self.directory / name, str(self.directory / name)
            )
            if not known.sealed:
                self._next = max(self._next, number + 1)
                self._extend(number, known, sizes.get(name), f"{name}.idx" in listed)

    def _end(self, number: int | None) -> int:
        return 0 if number is None else self._segments[number].end

    def _extend(self, number: int, known: Known, size: int | None, has_idx: bool) -> None:
        """Index what is new in a segment."""
        if size is None:  # it was sealed, and is read anew
            size = known.path.stat().st_size
        indexes = []
        if has_idx and not known.end and not known.distrusted:
            found = read_idx(known.path, number)
            indexes += [found] if found else []
        end = indexes[0].covered if indexes else known.end
        if end < size:
            indexes.append(scan(known.path, number, end))
            end = indexes[-1].covered
        damaged = known.damaged + sum(index.counts.damaged for index in indexes)
        self._segments[number] = replace(
            known, end=end, damaged=damaged, sealed=has_idx and end == size
        )
        self._tables += [(i.table, frozenset([number])) for i in indexes if len(i.table)]

    def _forget(self, numbers: set[int]) -> None:
        """Drop tables with lines of some segments; all that was in them is to be read again."""
        forgotten = set(numbers)
        # A segment that grew is in several tables, each of which may hold yet other segments.
        while touched := [item for item in self._tables if item[1] & forgotten]:
            for _, members in touched:
                forgotten |= members
            self._tables = [item for item in self._tables if not item[1] & forgotten]
        for number in forgotten:
            known = self._segments[number]
            self._segments[number] = Known(known.path, known.file, distrusted=known.distrusted)

    def _settle(self) -> None:
        """Merge small tables, each key O(log n) times in the life of a reader."""
        settled = [item for item in self._tables if len(item[0]) >= _SETTLED]
        small = [item for item in self._tables if len(item[0]) < _SETTLED]
        waiting = deque(sorted(small, key=lambda item: len(item[0])))
        while waiting:
            group = [waiting.popleft()]
            total = len(group[0][0])
            while waiting and len(waiting[0][0]) <= 2 * total and total < _SETTLED:
                group.append(waiting.popleft())
                total += len(group[-1][0])
            members = frozenset[int]().union(*(item[1] for item in group))
            merged = Table.merged([item[0] for item in group], self._names(members))
            settled.append((merged, members))
        self._tables = settled

    def _names(self, numbers: frozenset[int]) -> dict[int, str]:
        return {number: self._segments[number].path.name for number in numbers}
