"""What a ledger holds and what was paid for it; and all of it as one file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import RunError
from factory.ledger.lines import Paid, Usage, completion_in, parse, rows
from factory.ledger.names import sealed, segments
from factory.ledger.reader import LedgerChanged, LedgerReader
from factory.ledger.sidecar import Counts, read_counts, scan
from factory.records import Completion
from factory.store import write_atomic

_ATTEMPTS = 8
_BATCH_ROWS = 4096
_BATCH_CHARACTERS = 32 << 20
_TYPES = {str: pa.string(), int: pa.int64()}
_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("account", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        *((name, _TYPES.get(type(value), pa.float64())) for name, value in rows(Completion())),
    ]
)


@dataclass(kw_only=True, slots=True)
class LedgerStats:
    """What lies in a ledger."""

    segments: int = 0
    live_writers: int = 0
    """Segments whose writers live, or may live where the file system has no locks."""
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


def export(directory: Path, path: Path) -> int:
    """Write every distinct completion to one file; returns how many there are.

    Rows hold the key, the account, when it was written, and the fields of the completion, in the
    order in which they were written; the same ledger gives the same rows, compacted or not. Lone
    surrogates are escaped in JSONL and replaced in parquet. Memory: the index, and some rows.

    Args:
        directory: the ledger.
        path: a new file, `.jsonl` or `.parquet`.

    Raises:
        ValueError: another suffix.
        RunError: the ledger cannot be read or the file not be written; nothing is left of it.
    """
    writers = {".jsonl": _write_jsonl, ".parquet": _write_parquet}
    if path.suffix not in writers:
        raise ValueError(f"{path}: the suffix must be .jsonl or .parquet")
    reader = LedgerReader(directory)
    for attempt in range(_ATTEMPTS):
        reader.refresh()
        num_rows = 0

        def write(file: IO[bytes]) -> None:
            nonlocal num_rows
            num_rows = writers[path.suffix](file, map(_row, reader.lines()))

        try:
            write_atomic(path, write)
        except LedgerChanged:
            if attempt == _ATTEMPTS - 1:
                raise
            continue
        return num_rows
    raise AssertionError("the last attempt returns or raises")


def _row(line: bytes) -> dict[str, Any]:
    said = parse(line)
    assert isinstance(said, tuple), "the reader checked it"
    key, stored = said
    row = {"key": key.hex(), "account": stored.account, "at": stored.at or None}
    return row | dict(rows(completion_in(line)))


def _write_jsonl(file: IO[bytes], rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    for row in rows:
        try:
            file.write(msgspec.json.encode(row) + b"\n")
        except UnicodeEncodeError:
            file.write(json.dumps(row).encode() + b"\n")
        count += 1
    return count


def _write_parquet(file: IO[bytes], rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    with pq.ParquetWriter(file, _SCHEMA, compression="zstd", write_page_checksum=True) as writer:
        for batch in _batches(rows):
            writer.write_table(pa.Table.from_pylist(batch, schema=_SCHEMA))
            count += len(batch)
    return count


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        batch.append({name: _storable(value) for name, value in row.items()})
        size += len(row["text"])
        if len(batch) == _BATCH_ROWS or size > _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _storable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
