"""Appends completions to a segment of one's own.

A line is written to the operating system as the completion arrives, which survives the death of the
process; it is flushed to the disk at most 0.1 s later, and only then handed on, which survives the
death of the machine. The segment is locked for as long as its writer lives.
"""

import contextlib
import os
import threading
import time
import weakref
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

    Several threads may share one. As a context manager it is closed at the end.

    Args:
        directory: the ledger; made where it is missing.
        run: the id of the run that pays, with which the segment's name begins.

    Raises:
        ValueError: the run's id has other characters than letters, digits, `_`, `.` and `-`.
    """

    def __init__(self, directory: Path, run: str = "") -> None:
        self.path = directory / new_name(run)
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
        self._error: RunError | None = None
        self._flusher = threading.Thread(
            target=_flush_often, args=(weakref.ref(self), self._wake, self._closed), daemon=True
        )

    def __enter__(self) -> "LedgerWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        """What was dropped and not closed is left as if its process had been killed."""
        if hasattr(self, "_flusher"):
            self._closed.set()
            self._wake.set()
            if self._file is not None:
                os.close(self._file)

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
        raw = _raw(key)
        with self._lock:
            if self._closed.is_set():
                raise ValueError(f"{self.path}: the writer is closed")
            # A clock that steps back must not change which of two lines comes first.
            at = max(time.time_ns() // 1000, self._last_time + 1)
            line = pack(raw, completion, at=at, account=account)
            try:
                offset = self._write(line)
            except OSError as error:
                raise self._failed(error) from error
            self._last_time = at
            self._entries += pack_entry(raw, make_rank(at, line), offset, len(line))
            self._counts.lines += 1
            self._tally.add(account, completion)
            self._written += 1
            self._wake.set()
            return self._written

    def _write(self, line: bytes) -> int:
        """Append a line, all of it or nothing that a full disk let through; returns its offset."""
        if self._file is None:
            self._file = self._open()
            self._flusher.start()
        data = b"\n" + line if self._torn else line
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError:
            if written:
                try:
                    os.ftruncate(self._file, self._size)
                except OSError:
                    # What cannot be taken back is ended before the next line, and damaged.
                    self._size, self._torn = self._size + written, True
            raise
        self._counts.damaged += self._torn
        self._size, self._torn = self._size + len(data), False
        return self._size - len(line)

    def _open(self) -> int:
        """Make the segment, locked before it has its name: a compaction never finds it unlocked."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f"{self.path.name}.tmp")
        file = os.open(temporary, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            lock(file)
            temporary.replace(self.path)
            sync_directory(self.path.parent)
        except OSError:
            os.close(file)
            temporary.unlink(missing_ok=True)
            raise
        return file

    def _failed(self, error: OSError) -> RunError:
        return RunError(f"{self.path}: the ledger cannot be written: {way_out(error)}")

    def _sync(self, file: int) -> None:
        """Bring the segment to the disk.

        Raises:
            RunError: the disk failed, or nobody will find there what was written.
        """
        try:
            os.fsync(file)
            links = os.fstat(file).st_nlink
        except OSError as error:
            raise self._failed(error) from error
        if not links:
            raise RunError(
                f"{self.path}: was deleted while it was written, by hand or by a compaction on a "
                f"host that cannot see this one's locks; compact while no run writes, then start "
                f"the run again: what is lost is asked for again"
            )

    @property
    def durable(self) -> int:
        """How many completions are on the disk.

        Raises:
            RunError: flushing failed.
        """
        if self._error:
            raise RunError(str(self._error)) from self._error
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
                    self._sync(file)  # while others append
                except RunError as error:
                    self._error = error
                else:
                    self._durable = written
        return self.durable

    def close(self) -> None:
        """Flush, write the index, and end the segment.

        Raises:
            RunError: the disk failed; the segment is ended all the same.
        """
        try:
            self.flush()
            with self._lock, contextlib.suppress(RunError):  # readers do without an index
                closed = self._closed.is_set()
                self._closed.set()  # before the index, which says that nothing more comes
                if self._file is not None and not self._torn and not closed:
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


def _flush_often(
    writer: "weakref.ref[LedgerWriter]", wake: threading.Event, closed: threading.Event
) -> None:
    """Flush what was appended, until the writer is closed or nobody has it any more."""
    while not closed.is_set():
        wake.wait()
        wake.clear()
        closed.wait(_FLUSH_S)
        held = writer()
        if held is None:
            return
        with contextlib.suppress(RunError):  # kept for whoever appends or asks next
            held.flush()
        del held


def _raw(key: str) -> bytes:
    raw = bytes.fromhex(key)
    if len(raw) != KEY_BYTES:
        raise ValueError(f"a key has {2 * KEY_BYTES} hexadecimal digits, got {key!r}")
    return raw
