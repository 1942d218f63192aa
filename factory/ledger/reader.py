"""Looks completions up by their key. Places are kept in memory, texts stay on the disk."""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from factory.errors import RunError
from factory.ledger.lines import KEY_BYTES, Stored, stored_in, unpack
from factory.ledger.reader_state import Draft, State
from factory.ledger.table import Table, count_distinct, halves
from factory.records import Completion

T = TypeVar("T")
_ATTEMPTS = 8
_GONE = (errno.ENOENT, errno.ESTALE)


class LedgerChanged(RunError):
    """A ledger was compacted or found damaged while all of it was read; refresh and begin again."""


class _File:
    """A descriptor that is closed when nobody reads from it any more."""

    def __init__(self, path: str) -> None:
        self.descriptor = -1
        self.descriptor = os.open(path, os.O_RDONLY)

    def __del__(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)


class LedgerReader:
    """Looks completions up by key, in every segment of a ledger.

    Of several completions under one key the first that was written counts, whoever reads and
    whatever was compacted. Several threads may share a reader. Memory: 36 bytes a key.

    Args:
        directory: the ledger; it may be missing, and is then empty. `refresh` takes it in.
        max_files: descriptors that are kept open at most.
    """

    def __init__(self, directory: Path, max_files: int = 64) -> None:
        self.directory = directory
        self._lock = threading.RLock()
        self._state = State()
        self._counted: tuple[State, int] = self._state, 0
        self._file = lru_cache(maxsize=max_files)(_File)

    @property
    def damage(self) -> dict[str, int]:
        """Lines skipped so far, by segment name."""
        return {s.path.name: s.damaged for s in self._state.segments.values() if s.damaged}

    def refresh(self) -> None:
        """Take in what was appended or compacted since the last call.

        A torn last line is left for later. Lookups of other threads see the ledger as it was, until
        this returns.

        Raises:
            RunError: the ledger cannot be read.
        """
        with self._lock:
            self._follow(Draft(self.directory, self._state))

    def _follow(self, draft: Draft) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                draft.take_in()
                break
            except OSError as error:
                # Listed and not there: compacted away just now, or the listing is an old one, as
                # network file systems keep them for a while.
                if error.errno not in _GONE or attempt == _ATTEMPTS - 1:
                    raise self._unreadable(error) from error
                time.sleep(0.01 * 2**attempt)
        self._file.cache_clear()
        self._state = draft.state()

    def _unreadable(self, error: OSError) -> RunError:
        return RunError(f"{error.filename or self.directory}: cannot be read: {error.strerror}")

    def problems(self) -> list[str]:
        """What was skipped, one line a segment; what it held is asked for again."""
        again = "skipped, what it held is asked for again"
        segments = self._state.segments.values()
        lines = [f"{s.path}: {s.damaged} damaged lines, {again}" for s in segments if s.damaged]
        torn = [s.path for s in segments if not s.sealed and _size(s.path) > s.end]
        return lines + [f"{path}: the last line is torn (writer killed?), {again}" for path in torn]

    def __contains__(self, key: str) -> bool:
        high, low = _halves(bytes.fromhex(key))
        for table in self._state.tables:  # noqa: SIM110 - any() would take longer than all else
            if table.find(high, low) >= 0:
                return True
        return False

    def __len__(self) -> int:
        state = self._state
        if self._counted[0] is not state:
            self._counted = state, count_distinct(state.tables)
        return self._counted[1]

    def get(self, key: str) -> Completion | None:
        """The first completion under a key, or None.

        Args:
            key: 32 hexadecimal digits.

        Raises:
            RunError: the ledger cannot be read.
            ValueError: no key.
        """
        return self._look_up(key, unpack)

    def stored(self, key: str) -> Stored | None:
        """The same with whose it is and when it was written.

        Args:
            key: 32 hexadecimal digits.

        Raises:
            RunError: the ledger cannot be read.
            ValueError: no key.
        """
        return self._look_up(key, stored_in)

    def _look_up(self, key: str, decode: Callable[[bytes, bytes], T | None]) -> T | None:
        raw = bytes.fromhex(key)
        high, low = _halves(raw)
        text = raw.hex().encode()
        for _ in range(_ATTEMPTS):
            state = self._state
            place = state.find(high, low)
            if place is None:
                return None
            line = self._read(state, *place)
            if line is not None:
                said = decode(line, text)
                if said is not None:
                    return said
            self._mend(state, place[0], gone=line is None)
        raise RunError(f"{self.directory}: completion {key} moves again and again")

    def lines(self) -> Iterator[bytes]:
        """The line of every distinct key as it lies on disk, in the order they were written.

        Raises:
            LedgerChanged: the ledger was compacted or found damaged meanwhile.
        """
        state = self._state
        members = frozenset(state.segments)
        if not state.tables:
            return
        table = Table.merged(list(state.tables), state.names(members))
        order = np.lexsort((table.low, table.high, table.rank))
        for row in order.tolist():
            line = self._read(state, *table.at(row))
            key = b"%016x%016x" % (int(table.high[row]), int(table.low[row]))
            if line is None or unpack(line, key) is None:
                self._mend(state, table.at(row)[0], gone=line is None)
                raise LedgerChanged(f"{self.directory}: changed while it was read")
            yield line

    def _read(self, state: State, number: int, offset: int, length: int) -> bytes | None:
        """Bytes of a segment, None where it is gone."""
        try:
            file = self._file(state.segments[number].file)
            return os.pread(file.descriptor, length, offset)
        except OSError as error:
            if error.errno not in _GONE:
                raise self._unreadable(error) from error
            self._file.cache_clear()
            return None

    def _mend(self, state: State, number: int, *, gone: bool) -> None:
        """Index anew after a line was not where it was said to be."""
        with self._lock:
            if self._state is not state:
                return  # another thread has done it
            draft = Draft(self.directory, state)
            if not gone:
                draft.distrust(number)
            self._follow(draft)


def _halves(raw: bytes) -> tuple[int, int]:
    if len(raw) != KEY_BYTES:
        raise ValueError(f"a key has {2 * KEY_BYTES} hexadecimal digits, got {raw.hex()!r}")
    return halves(raw)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
