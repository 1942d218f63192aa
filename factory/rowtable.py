"""Rows of anyone's dataset by position: read on any worker, from where it is asked.

The rows of each part are counted once a process; what is read goes on from where it stopped, so
that parts in their order read a file once, however it is compressed.
"""

import bisect
import contextlib
import hashlib
import itertools
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from factory.corpus import Corpus, Part, TextColumns, open_corpus
from factory.corpus.columns import field_steps, no_column
from factory.corpus.files import find_files, open_parquet, reading
from factory.corpus.hub import HubData
from factory.corpus.line_texts import line_columns, part_blocks
from factory.errors import RunError
from factory.foreign_files import Batch, part_batches
from factory.seeds import digest

_PART_BYTES = 8 << 20
_BLOCK_BYTES = 1 << 20
_ENDS_BYTES = 1 << 20
_OPEN = 8
"""Files that a process leaves open where reading stopped."""
_WINDOW = 2
"""Batches that stay in memory of each: the same rows are read for every step of a run's part."""


@dataclass(frozen=True, kw_only=True)
class RowTable:
    """The rows of a dataset on disk, each with its number."""

    corpus: Corpus
    bounds: tuple[int, ...]
    """The first row of each part, and how many there are."""

    @property
    def num_rows(self) -> int:
        """How many there are; a blank line is none."""
        return self.bounds[-1]

    def rows(
        self, start: int, stop: int, columns: Sequence[str], optional: Sequence[str] = ()
    ) -> Iterator[dict[str, Any] | str]:
        """The rows at positions [start, stop); a string is the reason why one was not read.

        Args:
            start: the first.
            stop: behind the last one; at most `num_rows`.
            columns: what each file must have, `a.b` for a field of a struct.
            optional: what is read where a file has it.

        Raises:
            ConfigError: a file lacks a column.
            RunError: a file is damaged, or was changed.
        """
        while start < stop:
            number = bisect.bisect_right(self.bounds, start) - 1
            first, end = self.bounds[number], min(self.bounds[number + 1], stop)
            part = self.corpus.parts[number]
            stat = part.path.stat()
            state = stat.st_size, stat.st_mtime_ns
            names = _file_columns(part.path, state, part.kind, tuple(columns), tuple(optional))
            with _CURSORS.lent((part, names, state), start - first) as cursor:
                yield from cursor.rows(start - first, end - first)
            start = end

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the files' names, sizes, first and last megabytes, and the number of rows."""
        said: list[int | str] = [self.num_rows]
        for parts in self.corpus.files:
            said += [parts[0].name, *_ends(parts[0].path)]
        return digest(said)


def open_rows(
    data: str,
    *,
    config: str | None = None,
    split: str | None = None,
    revision: str = "",
    limit: int | None = None,
) -> RowTable:
    """The rows of a file, a directory, a pattern, or a dataset of the Hub, which is fetched once.

    Raises:
        ConfigError: there is no such data.
        PrerequisiteError: the Hub does not give it.
        RunError: a file is damaged; the message names it.
    """
    if not find_files(data).paths:
        hub = HubData(data=data, config=config, split=split, revision=revision, limit=limit)
        data = str(hub.fetch())
    stats = [path.stat() for path in find_files(data).paths]
    with _COUNTING:
        return _counted(data, tuple((stat.st_size, stat.st_mtime_ns) for stat in stats))


_COUNTING = threading.Lock()


@lru_cache(maxsize=64)
def _counted(data: str, stats: tuple[tuple[int, int], ...]) -> RowTable:
    corpus = open_corpus(data, part_bytes=_PART_BYTES)
    counts = map(_num_rows, corpus.parts)
    return RowTable(corpus=corpus, bounds=tuple(itertools.accumulate(counts, initial=0)))


def _num_rows(part: Part) -> int:
    if part.num_rows is not None:
        return part.num_rows
    return sum(block.num_rows for block in part_blocks(part, _BLOCK_BYTES))


def _ends(path: Path) -> tuple[int, str]:
    """(bytes of a file, hash of its first and last megabyte)."""
    state = hashlib.sha256()
    size = path.stat().st_size
    with reading(path), path.open("rb") as file:
        state.update(file.read(_ENDS_BYTES))
        file.seek(max(0, size - _ENDS_BYTES))
        state.update(file.read(_ENDS_BYTES))
    return size, state.hexdigest()


@lru_cache(maxsize=4096)
def _file_columns(
    path: Path,
    state: tuple[int, int],
    kind: str,
    columns: tuple[str, ...],
    optional: tuple[str, ...],
) -> tuple[str, ...]:
    """The top columns to read of a file; the names before a place in a list are looked for."""
    wanted = tuple(map(_before_places, columns))
    if kind == "jsonl":
        part = Part(
            number=0, path=path, name="", kind="jsonl", start=0, stop=0, index=0, num_bytes=0
        )
        if wanted:
            line_columns(part, TextColumns(column=wanted), ())
        return ()
    with reading(path), open_parquet(path) as file:
        schema = file.schema_arrow
    found = {name: field_steps(schema, name) for name in (*wanted, *map(_before_places, optional))}
    for name in wanted:
        if not found[name]:
            raise no_column(path, name, schema.names)
    return tuple(dict.fromkeys(steps[0] for steps in found.values() if steps))


def _before_places(name: str) -> str:
    steps = itertools.takewhile(lambda step: not step.isdecimal(), name.split("."))
    return ".".join(steps) or name


class _Cursor:
    """Reads on in one part, and remembers the last batches."""

    def __init__(self, part: Part, columns: Sequence[str]) -> None:
        self._part = part
        self._batches = part_batches(part, columns or None)
        self._window: deque[Batch] = deque(maxlen=_WINDOW)

    @property
    def first(self) -> int:
        """The first row that it still can tell."""
        return self._window[0].start if self._window else 0

    def rows(self, start: int, stop: int) -> Iterator[dict[str, Any] | str]:
        """The rows of the part at [start, stop), from `first` on."""
        for batch in [*self._window]:
            yield from _overlap(batch, start, stop)
        while not self._window or _end(self._window[-1]) < stop:
            found = next(self._batches, None)
            if found is None:
                raise RunError(f"{self._part.path}: has fewer rows than before; begin anew")
            self._window.append(found)
            yield from _overlap(found, start, stop)


def _end(batch: Batch) -> int:
    return batch.start + len(batch.rows)


def _overlap(batch: Batch, start: int, stop: int) -> tuple[dict[str, Any] | str, ...]:
    return batch.rows[max(start - batch.start, 0) : max(stop - batch.start, 0)]


_Key = tuple[Part, tuple[str, ...], tuple[int, int]]
"""A part, the columns that are read of it, and the state of its file."""


class _Cursors:
    """The process's cursors; each is lent to one reader at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: deque[tuple[_Key, _Cursor]] = deque(maxlen=_OPEN)

    @contextlib.contextmanager
    def lent(self, key: _Key, place: int) -> Iterator[_Cursor]:
        cursor = self._take(key, place) or _Cursor(key[0], key[1])
        yield cursor  # one whose reader failed or left is not read on
        with self._lock:
            self._free.append((key, cursor))

    def _take(self, key: _Key, place: int) -> _Cursor | None:
        """The one that has least to read up to a place."""
        with self._lock:
            fit = [each for each in self._free if each[0] == key and each[1].first <= place]
            if not fit:
                return None
            best = max(fit, key=lambda each: each[1].first)
            self._free.remove(best)
            return best[1]


_CURSORS = _Cursors()
