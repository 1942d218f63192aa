"""Segments: their names, which of them count, and whether their writers live.

[<run>-]<time>-<host>-<pid>-<random>.jsonl         a writer's; times in UTC
[<run>-]<time>-_merged-<inputs>-<random>.jsonl     a compaction's; time of its first input
"""

import contextlib
import errno
import fcntl
import os
import re
import secrets
import socket
import time
from calendar import timegm
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from factory.ledger.lines import Note, parse

SUFFIX = ".jsonl"
MERGED = "_merged"
DAY_S = 24 * 60 * 60
"""Age at which what another host began, and did not end, is taken for given up."""
_STAMP = r"\d{8}T\d{6}"
_NAME = re.compile(
    rf"(?:(?P<run>.+)-)?(?P<stamp>{_STAMP})-(?P<host>[^-]+)-(?P<pid>\d+)-[0-9a-f]+\.jsonl"
)
_RUN = re.compile(r"[\w.-]*", re.ASCII)
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EINVAL}


@dataclass(frozen=True, slots=True)
class SegmentName:
    """What a segment's name says; `stamp` is empty where it is no name that a writer gives."""

    run: str
    stamp: str
    host: str
    pid: int

    @property
    def time(self) -> int:
        """Microseconds since 1970; 0 without a stamp."""
        with contextlib.suppress(ValueError):
            return timegm(time.strptime(self.stamp, "%Y%m%dT%H%M%S")) * 1_000_000
        return 0


def read_name(name: str) -> SegmentName:
    """Take a segment's name apart."""
    found = _NAME.fullmatch(name)
    if found is None:
        stamp = re.match(rf"{_STAMP}(?=-)", name)  # of an early ledger, on a host with a hyphen
        return SegmentName("", stamp[0] if stamp else "", "", 0)
    return SegmentName(found["run"] or "", found["stamp"], found["host"], int(found["pid"]))


def this_host() -> str:
    """This machine's name as it stands in segment names, without hyphens."""
    return re.sub(r"[^\w.]", "_", socket.gethostname(), flags=re.ASCII) or "_"


def new_name(run: str) -> str:
    """A name for a segment of this process.

    Raises:
        ValueError: the run's id has other characters than letters, digits, `_`, `.` and `-`.
    """
    if not _RUN.fullmatch(run) or run.startswith("."):
        raise ValueError(f"run must be of letters, digits, '_', '.' and '-', got {run!r}")
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return _join(run, f"{stamp}-{this_host()}-{os.getpid()}")


def merged_name(run: str, stamp: str, num_inputs: int) -> str:
    """A name for a segment that takes the place of others."""
    return _join(run, f"{stamp}-{MERGED}-{num_inputs}")


def _join(run: str, rest: str) -> str:
    return f"{run}{'-' if run else ''}{rest}-{secrets.token_hex(4)}{SUFFIX}"


def listing(directory: Path) -> dict[str, os.DirEntry[str]]:
    """The segments and indexes that are there, by name.

    A directory is not read at one moment: a compaction in between could show neither its inputs
    nor its output. It is read until two readings agree.
    """
    before: dict[str, os.DirEntry[str]] | None = None
    for _ in range(20):
        found = {}
        with contextlib.suppress(FileNotFoundError), os.scandir(directory) as entries:
            found = {e.name: e for e in entries if e.name.endswith((SUFFIX, SUFFIX + ".idx"))}
        if before is not None and found.keys() == before.keys():
            break
        before = found
    return found


def segments(directory: Path, run: str | None = None) -> tuple[list[Path], list[Path]]:
    """(segments that count, segments that a compaction replaced and could not delete yet).

    Args:
        directory: the ledger.
        run: only its segments; None for all.

    Returns:
        Both in the order of the names.
    """
    names = [
        name
        for name, entry in sorted(listing(directory).items())
        if name.endswith(SUFFIX) and (run is None or read_name(name).run == run) and entry.is_file()
    ]
    replaced: set[str] = set()
    for name in names:
        if read_name(name).host == MERGED:
            replaced.update(first_note(directory / name).replaces)
    return (
        [directory / name for name in names if name not in replaced],
        [directory / name for name in names if name in replaced],
    )


def first_note(path: Path) -> Note:
    """The note in a compacted segment's first line."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        said = parse(file.readline())
        if isinstance(said, Note):
            return said
    return Note()


def lock(file: int) -> bool | None:
    """Lock a file for as long as its descriptor is open; None where the file system has no locks.

    Returns:
        False where another holds it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


@contextlib.contextmanager
def sealed(path: Path) -> Iterator[bool]:
    """Whether nobody writes to a segment any more; while this lasts, nobody else will say so.

    A lock that is granted proves it for writers of this host only: some file systems keep each
    host's locks to itself. A segment of another host counts as sealed where its index lies beside
    it, or its last line is older than a day; without locks, one of this host where its process is
    gone.
    """
    try:
        # Over NFS an exclusive lock takes a descriptor that can write.
        file = os.open(path, os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY)
    except OSError:
        yield False  # gone, or not ours
        return
    try:
        yield _is_ended(path, file, lock(file))
    finally:
        os.close(file)


def _is_ended(path: Path, file: int, locked: bool | None) -> bool:
    name = read_name(path.name)
    if locked is False:
        return False
    if name.host == MERGED:
        return True
    if name.host == this_host():
        return locked or process_is_gone(name.pid)
    return path.with_name(f"{path.name}.idx").exists() or (
        _last_time(file, name) < time.time_ns() // 1000 - DAY_S * 1_000_000
    )


def _last_time(file: int, name: SegmentName) -> int:
    """Microseconds since 1970 in the last line that can be read, or in the name."""
    size = os.fstat(file).st_size
    length = 1 << 16
    while True:
        data = os.pread(file, length, max(0, size - length))
        for line in reversed(data.splitlines(keepends=True)):
            said = parse(line)
            if isinstance(said, tuple):
                return said[1].at
        if length >= size:
            return name.time
        length *= 16


def process_is_gone(pid: int) -> bool:
    """Whether no process of this host has a number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
