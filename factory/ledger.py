"""Every completion that was ever paid for, by the hash of its request.

A ledger is a directory of append-only segments, one writer each:

    ledger/<time>-<host>-<pid>-<random>.jsonl

A line is `<crc32 of the rest, 8 hex digits> <key> <completion as JSON>`. A line is written to the
operating system as the completion arrives, which survives the death of the process; it is flushed
to the disk at most 0.1 s later, and only then handed on, which survives the death of the machine.

Readers take every segment. A line that is torn (its writer was killed) or damaged is skipped and
counted: its completion is asked for again.
"""

import contextlib
import json
import os
import secrets
import socket
import threading
import time
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from factory.errors import RunError
from factory.records import Completion
from factory.store import sync_directory, way_out

_FLUSH_S = 0.1
_KEY_BYTES = 16


class LedgerWriter:
    """Appends to a segment of its own, which it makes at the first completion."""

    def __init__(self, directory: Path, run: str = "") -> None:
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        name = f"{stamp}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}.jsonl"
        self.path = directory / name
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._file: int | None = None
        self._written = 0
        self._durable = 0
        self._error: OSError | None = None
        self._closed = False
        self._flusher = threading.Thread(target=self._flush_often, daemon=True)

    def append(self, key: str, completion: Completion, account: str = "") -> int:
        """Write a completion; returns the number that `durable` reaches when it is on disk.

        Raises:
            RunError: the disk is full or failed; the segment stays readable.
        """
        body = f"{key} {json.dumps(asdict(completion), ensure_ascii=False)}".encode(
            "utf-8", "surrogatepass"
        )
        line = b"%08x %s\n" % (zlib.crc32(body), body)
        with self._lock:
            try:
                if self._file is None:
                    self._open()
                assert self._file is not None
                _write_whole(self._file, line)
            except OSError as error:
                raise self._failed(error) from error
            self._written += 1
            self._wake.set()
            return self._written

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        sync_directory(self.path.parent)
        self._flusher.start()

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
        """Bring all that was appended to the disk; returns `durable`."""
        with self._lock:
            if self._file is not None and self._durable < self._written:
                try:
                    os.fsync(self._file)
                except OSError as error:
                    self._error = error
                else:
                    self._durable = self._written
        return self.durable

    def _flush_often(self) -> None:
        while not self._closed:
            self._wake.wait()
            self._wake.clear()
            time.sleep(_FLUSH_S)
            with contextlib.suppress(RunError):  # kept for whoever appends or asks next
                self.flush()

    def close(self) -> None:
        """Flush and end the segment."""
        try:
            self.flush()
        finally:
            self._closed = True
            self._wake.set()
            with self._lock:
                if self._file is not None:
                    os.close(self._file)
                    self._file = None


def _write_whole(file: int, line: bytes) -> None:
    """Append a line; a part of a line that a full disk let through is taken back."""
    size = os.fstat(file).st_size
    try:
        written = 0
        while written < len(line):
            written += os.write(file, line[written:])
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(file, size)
        raise


class LedgerReader:
    """Looks completions up by key; keeps their places in memory, not their texts."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.damage: dict[str, int] = {}
        """Lines skipped so far, by segment name."""
        self._places: dict[bytes, tuple[Path, int, int]] = {}
        self._read_to: dict[Path, int] = {}

    def refresh(self) -> None:
        """Take in what was appended since the last call; a torn last line is left for later."""
        for path in sorted(self.directory.glob("*.jsonl")):
            start = self._read_to.get(path, 0)
            if not path.is_file() or path.stat().st_size == start:
                continue
            with path.open("rb") as file:
                file.seek(start)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self._index(path, start, line)
                    start += len(line)
            self._read_to[path] = start

    def _index(self, path: Path, start: int, line: bytes) -> None:
        parsed = _parse(line)
        if parsed is None:
            self.damage[path.name] = self.damage.get(path.name, 0) + 1
            return
        self._places.setdefault(bytes.fromhex(parsed[0]), (path, start, len(line)))

    def problems(self) -> list[str]:
        """What was skipped, one line a segment; what it held is asked for again."""
        again = "skipped, what it held is asked for again"
        lines = [
            f"{self.directory / name}: {count} damaged lines, {again}"
            for name, count in self.damage.items()
        ]
        torn = [path for path, end in self._read_to.items() if path.stat().st_size > end]
        return lines + [f"{path}: the last line is torn (writer killed?), {again}" for path in torn]

    def __contains__(self, key: str) -> bool:
        return bytes.fromhex(key) in self._places

    def __len__(self) -> int:
        return len(self._places)

    def get(self, key: str) -> Completion | None:
        """The first completion under a key, or None."""
        place = self._places.get(bytes.fromhex(key))
        if place is None:
            return None
        path, start, length = place
        with path.open("rb") as file:
            file.seek(start)
            parsed = _parse(file.read(length))
        if parsed is None or parsed[0] != key:  # the segment was changed since it was indexed
            del self._places[bytes.fromhex(key)]
            return None
        return parsed[1]


def _parse(line: bytes) -> tuple[str, Completion] | None:
    """(key, completion) of a line, None where it is damaged."""
    checksum, _, body = line.rstrip(b"\n").partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(body):
            return None
        key, _, text = body.decode("utf-8", "surrogatepass").partition(" ")
        completion = Completion(**json.loads(text))
        return (key, completion) if len(bytes.fromhex(key)) == _KEY_BYTES else None
    except (ValueError, TypeError):
        return None


def spent(directory: Path, run: str) -> dict[str, Any]:
    """Stub."""
    return {}


def compact(directory: Path, run: str = "") -> None:
    """Stub."""
