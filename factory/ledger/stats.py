"""What a ledger holds and what was paid for it."""

from dataclasses import dataclass, field
from pathlib import Path

from factory.errors import RunError
from factory.ledger.lines import Paid, Usage
from factory.ledger.names import sealed, segments
from factory.ledger.reader import LedgerReader
from factory.ledger.sidecar import Counts, read_counts, scan

_ATTEMPTS = 8


@dataclass(kw_only=True, slots=True)
class LedgerStats:
    """What lies in a ledger."""

    segments: int = 0
    live_writers: int = 0
    """Segments whose writers live, or may live, see `names.sealed`."""
    bytes: int = 0
    """Of the segments, without their indexes."""
    keys: int = 0
    """Distinct."""
    duplicates: int = 0
    """Lines whose key has an earlier one; paid for and never used, a compaction leaves them out."""
    damaged: int = 0
    """Lines that cannot be read, torn ones included."""
    accounts: dict[str, Usage] = field(default_factory=dict)
    """What was paid for, by account, duplicates included; sorted by name."""
    engines: dict[str, Usage] = field(default_factory=dict)
    """The same by what computed it."""


def spent(directory: Path, run: str) -> dict[str, Usage]:
    """What a run paid for, by account: every completion, those that came twice included.

    Only that run's segments are looked at: the counts in their indexes, or, where one has no index
    because its writer lives or was killed, its lines.

    Args:
        directory: the ledger; it may be missing.
        run: the id that its writers were given.

    Raises:
        RunError: the ledger cannot be read.
    """
    return dict(sorted(_paid(directory, run).accounts.items()))


def _paid(directory: Path, run: str) -> Paid:
    paid = Paid()
    for _, counts, _ in _counted(directory, run):
        paid.add(counts.paid)
    return paid


def _counted(directory: Path, run: str | None) -> list[tuple[Path, Counts, int]]:
    """(segment, its counts, its size in bytes) of each segment that counts."""
    for _ in range(_ATTEMPTS):
        try:
            return [(path, *_counts(path)) for path in segments(directory, run)[0]]
        except FileNotFoundError:  # compacted away just now
            continue
        except OSError as error:
            raise RunError(f"{error.filename or directory}: {error.strerror}") from error
    raise RunError(f"{directory}: segments vanish again and again")


def _counts(path: Path) -> tuple[Counts, int]:
    size = path.stat().st_size
    known = read_counts(path)
    counts, covered = known or (Counts(), 0)
    if covered < size:
        more = scan(path, 0, covered)
        counts.lines += more.counts.lines
        counts.damaged += more.counts.damaged
        counts.paid.add(more.counts.paid)
        # A writer that lives may be about to end the last line; then it is not damaged.
        counts.damaged += more.covered < size
    return counts, size


def stats(directory: Path) -> LedgerStats:
    """What lies in a ledger.

    Raises:
        RunError: it cannot be read.
    """
    found = LedgerStats()
    paid = Paid()
    lines = 0
    for path, counts, size in _counted(directory, None):
        with sealed(path) as ended:
            found.live_writers += not ended and path.exists()
        found.segments += 1
        found.bytes += size
        found.damaged += counts.damaged
        lines += counts.lines
        paid.add(counts.paid)
    reader = LedgerReader(directory)
    reader.refresh()
    found.keys = len(reader)
    found.duplicates = max(0, lines - found.keys)
    found.accounts = dict(sorted(paid.accounts.items()))
    found.engines = dict(sorted(paid.engines.items()))
    return found
