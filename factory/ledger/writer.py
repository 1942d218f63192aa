"""Appends completions to a segment of one's own.

A line is written to the operating system as the completion arrives, which survives the death of the
process; it is flushed to the disk at most 0.1 s later, and only then handed on, which survives the
death of the machine. The segment is locked for as long as its writer lives.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from factory.errors import RunError
from factory.ledger.lines import KEY_BYTES, Tally, pack
from factory.ledger.names import lock, new_name
from factory.ledger.sidecar import Counts, Index, write_idx
from factory.ledger.table import Table, make_rank, pack_entry
from factory.records import Completion
from factory.store import sync_directory, way_out

_FLUSH_S = 0.1


class LedgerWriter:
    """Appends to a segment of its own, which it makes at the first completion.

    Several threads may share one.

    Args:
        directory: the ledger; made where it is missing.
        run: the id of the run that pays, with which the segment's name begins.

    Raises:
        ValueError: the run's id has other characters than letters, digits, `_`, `.` and `-`.
    """

    def __init__(self, directory: Path, run: str = "") -> None:
        self.path = directory / new_name(run)
        self._run = run
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()  # taken before _lock where both are needed
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._file: int | None = None
        self._size = 0
        self._torn = False
        self._last_time = 0
        self._entries = bytearray()
        self._counts = Counts()
        self._tally = Tally()
        self._written = 0
        self._durable = 0
        self._error: OSError | None = None
        self._flusher = threading.Thread(target=self._flush_often, daemon=True)

    def append(self, key: str, completion: Completion, account: str = "") -> int:
        """Write a completion; returns the number that `durable` reaches when it is on disk.

        Args:
            key: 32 hexadecimal digits.
            completion: what was paid for.
            account: on whose account, such as `r1/math/on`.

        Raises:
            RunError: the disk is full or failed; the segment stays readable.
            ValueError: no key, or the writer is closed.
        """
        return self.append_many([(key, completion)], account)

    def append_many(self, items: Iterable[tuple[str, Completion]], account: str = "") -> int:
        """Write (key, completion) pairs in one go, all or none of them; see `append`."""
        pairs = [(_raw(key), completion) for key, completion in items]
        with self._lock:
            if self._closed.is_set():
                raise ValueError(f"{self.path}: the writer is closed")
            lines, entries, size = [], bytearray(), self._size + self._torn
            # A clock that steps back must not change which of two lines comes first.
            now = max(time.time_ns() // 1000, self._last_time + 1)
            for at, (key, completion) in enumerate(pairs, now):
                line = pack(key, completion, at=at, account=account)
                entries += pack_entry(key, make_rank(at, line), size, len(line))
                size += len(line)
                lines.append(line)
            try:
                self._write(b"".join(lines))
            except OSError as error:
                raise self._failed(error) from error
            self._last_time = now + len(pairs)
            self._entries += entries
            self._counts.lines += len(pairs)
            for _, item in pairs:
                self._tally.add(account, item)
            self._written += len(pairs)
            self._wake.set()
            return self._written

    def _write(self, data: bytes) -> None:
        """Append whole lines; what a full disk let through of them is taken back."""
        if self._file is None:
            self._file = self._open()
            self._flusher.start()
        data = b"\n" + data if self._torn else data
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:] if written else data)
        except OSError:
            if written:
                try:
                    os.ftruncate(self._file, self._size)
                except OSError:
                    # What cannot be taken back is ended before the next line, and damaged.
                    self._size, self._torn = self._size + written, True
            raise
        if self._torn:
            self._counts.damaged += 1
        self._size, self._torn = self._size + len(data), False

    def _open(self) -> int:
        """Make the segment, locked before it has its name: a compaction never finds it unlocked."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(10):
            temporary = self.path.with_name(f"{self.path.name}.tmp")
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL
            file = os.open(temporary, flags, 0o644)
            try:
                lock(file)
                temporary.replace(self.path)
                sync_directory(self.path.parent)
            except OSError as error:
                os.close(file)
                # A run that starts removes temporary files, of others too where a ledger is shared.
                if not isinstance(error, FileNotFoundError) or attempt == 9:
                    raise
                self.path = self.path.with_name(new_name(self._run))
            else:
                return file
        raise AssertionError("the last attempt returns or raises")

    def _failed(self, error: OSError) -> RunError:
        return RunError(f"{self.path}: the ledger cannot be written: {way_out(error)}")

    @property
    def durable(self) -> int:
        """How many completions are on the disk.

        Raises:
            RunError: flushing failed.
        """
        if self._error:
            raise self._failed(self._error)
        return self._durable

    def flush(self) -> int:
        """Bring all that was appended to the disk; returns `durable`.

        Raises:
            RunError: the disk failed, now or earlier.
        """
        with self._sync_lock:
            with self._lock:
                file, written = self._file, self._written
            if file is not None and self._durable < written:
                try:
                    os.fsync(file)  # while others append
                except OSError as error:
                    self._error = error
                else:
                    self._durable = written
        return self.durable

    def _flush_often(self) -> None:
        while not self._closed.is_set():
            self._wake.wait()
            self._wake.clear()
            self._closed.wait(_FLUSH_S)
            with contextlib.suppress(RunError):  # kept for whoever appends or asks next
                self.flush()

    def close(self) -> None:
        """Flush, write the index, and end the segment.

        Raises:
            RunError: the disk failed; the segment is ended all the same.
        """
        try:
            self.flush()
            with self._lock, contextlib.suppress(RunError):  # readers do without an index
                if self._file is not None and not self._torn and not self._closed.is_set():
                    table = Table.of_entries(self._entries, 0)
                    self._counts.paid = self._tally.paid()
                    write_idx(self.path, Index(table, self._counts, self._size))
        finally:
            self._closed.set()
            self._wake.set()
            with self._sync_lock, self._lock:
                if self._file is not None:
                    os.close(self._file)
                    self._file = None
                self._entries = bytearray()
            if self._flusher.is_alive() and self._flusher is not threading.current_thread():
                self._flusher.join()


def _raw(key: str) -> bytes:
    raw = bytes.fromhex(key)
    if len(raw) != KEY_BYTES:
        raise ValueError(f"a key has {2 * KEY_BYTES} hexadecimal digits, got {key!r}")
    return raw
