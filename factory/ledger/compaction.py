"""Merges segments whose writers have ended, without ever losing or changing an answer.

A merged segment is written under a temporary name, flushed and renamed; then its inputs are
deleted. Its first line names them: a kill in between leaves both, and everyone who counts passes
over the inputs until the next compaction deletes them. Duplicates and damaged lines are left out,
and what was paid for them goes into the last line, so that a run's expenses stay true.

Only segments of one run are merged, and a large one only once the smaller ones together are half
as large: a line is copied O(log n) times in its life, and a shared ledger is not rewritten by each
run.
"""

import contextlib
import os
import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from factory.errors import RunError
from factory.ledger.merging import Merged, SegmentChanged, merge
from factory.ledger.names import (
    DAY_S,
    MERGED,
    SUFFIX,
    first_note,
    listing,
    lock,
    merged_name,
    process_is_gone,
    read_name,
    sealed,
    segments,
    this_host,
)
from factory.ledger.sidecar import idx_path, write_idx
from factory.store import sync_directory, way_out

TARGET_BYTES = 1 << 30
_SMALL = 4 << 20
"""Bytes up to which a segment is always merged with others."""
_MAX_INPUTS = 256
"""Each is open, for its lock, while it is merged."""
_TEMPORARY = ".compacting"
_LOCK = "compaction.lock"
_OWNER = "compaction.owner"


@dataclass(kw_only=True, slots=True)
class Compaction:
    """What a compaction did."""

    inputs: int = 0
    """Segments that were merged; one that was merged again in a later pass counts again."""
    outputs: int = 0
    bytes_before: int = 0
    """Of the inputs."""
    bytes_after: int = 0
    """Of the outputs."""
    duplicates: int = 0
    """Lines left out because an earlier one has their key."""
    damaged: int = 0
    """Lines left out because they cannot be read."""
    left_alone: int = 0
    """Segments whose writers live, or may live, or that are not ours or of an early ledger."""
    busy: str = ""
    """Who else is compacting, so that nothing was done; empty where nobody was."""

    def __str__(self) -> str:
        """All of it in a line."""
        if self.busy:
            return self.busy
        said = ["nothing to merge"]
        if self.outputs:
            duplicates, damaged = _count(self.duplicates, "duplicate"), _count(self.damaged, "line")
            said = [
                f"merged {_count(self.inputs, 'segment')} of {self.bytes_before / 1e6:.1f} MB "
                f"into {self.outputs} of {self.bytes_after / 1e6:.1f} MB",
                f"{duplicates} and {damaged} with damage left out",
            ]
        if self.left_alone:
            said.append(
                f"{_count(self.left_alone, 'segment')} left alone: their writers may live, or they "
                "are of another user or an early ledger"
            )
        return "; ".join(said)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def compact(
    directory: Path, run: str | None = None, *, target_bytes: int = TARGET_BYTES
) -> Compaction:
    """Merge what can be merged; readers and writers may go on meanwhile.

    Args:
        directory: the ledger; where it is missing, nothing is done.
        run: only its segments; None for those of every run, each by itself.
        target_bytes: segments of this size or larger are left alone, and none is made larger, but
            for its notes.

    Raises:
        RunError: the disk is full or failed; every answer is where it was.
    """
    done = Compaction()
    if not directory.is_dir():
        return done
    try:
        with _alone(directory) as busy:
            if busy:
                return Compaction(busy=busy)
            _clean(directory)
            by_run: dict[str, set[Path]] = defaultdict(set)
            for path in segments(directory, run)[0]:
                by_run[read_name(path.name).run].add(path)
            for name, paths in sorted(by_run.items()):
                _compact_run(directory, name, paths, target_bytes, done)
    except OSError as error:
        raise RunError(
            f"{error.filename or directory}: cannot be compacted: {way_out(error)}"
        ) from error
    return done


def _compact_run(
    directory: Path, run: str, paths: set[Path], target_bytes: int, done: Compaction
) -> None:
    while groups := _plan(paths, target_bytes):
        for group in groups:
            with contextlib.ExitStack() as held:
                free = {path for path in group if held.enter_context(sealed(path))}
                free = {p for p in free if read_name(p.name).stamp and os.access(p, os.W_OK)}
                output, timeless = _replace(directory, run, sorted(free), done)
            left = (set(group) - free) | timeless
            done.left_alone += len(left)
            paths -= set(group)
            paths |= {output} if output else free - timeless


def _plan(paths: Iterable[Path], target_bytes: int) -> list[list[Path]]:
    """Which segments to merge with which."""
    groups, group, total = [], list[Path](), 0
    for size, path in sorted((path.stat().st_size, path) for path in paths):
        if size >= target_bytes:
            break
        too_large = size > max(2 * total, _SMALL) or total + size > target_bytes
        if group and (too_large or len(group) == _MAX_INPUTS):
            groups.append(group)
            group, total = [], 0
        group.append(path)
        total += size
    return [group for group in [*groups, group] if len(group) > 1]


def _replace(
    directory: Path, run: str, inputs: list[Path], done: Compaction
) -> tuple[Path | None, set[Path]]:
    """Put one segment in the place of several.

    Returns:
        (the new one; None where fewer than two were left to merge, those of an early ledger)
    """
    temporary = directory / f"{secrets.token_hex(8)}{_TEMPORARY}"
    try:
        rest, merged = _merge(inputs, temporary)
        timeless = set(inputs) - set(rest)
        if merged is None:
            return None, timeless
        stamp = min(read_name(path.name).stamp for path in rest)
        output = directory / merged_name(run, stamp, len(rest))
        before = sum(path.stat().st_size for path in rest)
        # The index first: whoever finds the segment finds it with its index.
        write_idx(temporary, merged.index, idx_path(output))
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(directory)
    _delete(directory, rest)
    done.inputs += len(rest)
    done.outputs += 1
    done.bytes_before += before
    done.bytes_after += merged.index.covered
    done.duplicates += merged.duplicates
    done.damaged += merged.damaged
    return output, timeless


def _merge(inputs: list[Path], temporary: Path) -> tuple[list[Path], Merged | None]:
    """(the segments that were merged, None where fewer than two can be)."""
    rest, distrusted = list(inputs), set[Path]()
    while len(rest) > 1:
        try:
            with temporary.open("wb") as file:
                merged = merge(rest, file, _leftover(rest), distrusted)
                file.flush()
                os.fsync(file.fileno())
            return rest, merged
        except SegmentChanged as found:
            if found.timeless:
                rest.remove(found.path)
            elif found.path in distrusted:
                raise RunError(
                    f"{found.path}: reads differently each time; check the disk"
                ) from None
            else:
                distrusted.add(found.path)
    return rest, None


def _leftover(inputs: list[Path]) -> list[str]:
    """Segments that some inputs replaced and that could not be deleted."""
    names = [name for path in inputs for name in first_note(path).replaces]
    return [name for name in names if (inputs[0].parent / name).exists()]


def _delete(directory: Path, paths: list[Path]) -> None:
    """Delete segments and then their indexes, those that can be."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError, PermissionError):
            path.unlink()
            idx_path(path).unlink(missing_ok=True)
    sync_directory(directory)


def _clean(directory: Path) -> None:
    """Delete what a killed compaction left: temporaries, inputs, indexes without a segment."""
    for pattern in (f"*{_TEMPORARY}", f"*-{MERGED}-*.idx.*.tmp"):
        for path in directory.glob(pattern):
            path.unlink(missing_ok=True)
    for path in directory.glob("*.tmp"):  # of a writer that was killed, or is at it right now
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if time.time() - path.stat().st_mtime > DAY_S:
                path.unlink()
    _delete(directory, segments(directory)[1])
    listed = listing(directory)
    for name in listed:
        if not name.endswith(SUFFIX) and name.removesuffix(".idx") not in listed:
            (directory / name).unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[str]:
    """Keep other compactions of the ledger out; yields which other one keeps this one out."""
    file = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        held = lock(file)
        if held is not None:
            yield "" if held else "another compaction is at work"
            return
        with _owner(directory / _OWNER) as busy:
            yield busy
    finally:
        os.close(file)


@contextlib.contextmanager
def _owner(path: Path) -> Iterator[str]:
    """The same without locks; the file of an owner killed elsewhere is the user's to delete."""
    host, _, pid = _owner_in(path).rpartition(" ")
    if host == this_host() and pid.isdigit() and process_is_gone(int(pid)):
        path.unlink(missing_ok=True)
    try:
        with path.open("x") as file:
            file.write(f"{this_host()} {os.getpid()}\n")
    except FileExistsError:
        who = _owner_in(path) or "that does not say where"
        yield f"another compaction ({who}) is at work; if it is dead, delete {path}"
        return
    try:
        yield ""
    finally:
        path.unlink(missing_ok=True)


def _owner_in(path: Path) -> str:
    """Host and process that a file names; empty where there is none."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(errors="replace").strip()
    return ""
