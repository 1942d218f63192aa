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
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from factory.errors import RunError
from factory.ledger.merging import Merged, SegmentChanged, merge
from factory.ledger.names import (
    MERGED,
    SUFFIX,
    first_note,
    listing,
    lock,
    merged_name,
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
_TEMPORARY = ".compacting"  # not .tmp, which a run that starts removes
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
    busy: bool = False
    """Another compaction is at work, and nothing was done."""


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
        with _alone(directory) as alone:
            if not alone:
                return Compaction(busy=True)
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
    _delete(directory, segments(directory)[1])
    listed = listing(directory)
    for name in listed:
        if not name.endswith(SUFFIX) and name.removesuffix(".idx") not in listed:
            (directory / name).unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[bool]:
    """Whether this is the only compaction of the ledger, for as long as this lasts."""
    file = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        held = lock(file)
        if held is not None:
            yield held
            return
        with _owner(directory) as owner:
            yield owner
    finally:
        os.close(file)


@contextlib.contextmanager
def _owner(directory: Path) -> Iterator[bool]:
    """The same without locks; the file of an owner that was killed is the user's to delete."""
    path = directory / _OWNER
    try:
        with path.open("x") as file:
            file.write(f"{this_host()} {os.getpid()}\n")
    except FileExistsError:
        yield False
        return
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)
