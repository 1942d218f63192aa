"""All of a ledger as one file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import ConfigError
from factory.ledger.lines import completion_in, parse, rows
from factory.ledger.reader import LedgerChanged, LedgerReader
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


def export(directory: Path, path: Path) -> int:
    """Write every distinct completion to one file; returns how many there are.

    Rows hold the key, the account, when it was written, and the fields of the completion, in the
    order in which they were written; the same ledger gives the same rows, compacted or not. Lone
    surrogates are escaped in JSONL and replaced in parquet. Memory: the index, and some rows.

    Args:
        directory: the ledger.
        path: a new file, `.jsonl` or `.parquet`.

    Raises:
        ConfigError: another suffix.
        RunError: the ledger cannot be read or the file not be written; nothing is left of it.
    """
    writers = {".jsonl": _write_jsonl, ".parquet": _write_parquet}
    if path.suffix not in writers:
        got = repr(path.suffix) if path.suffix else "none"
        raise ConfigError(f"{path}: the suffix must be .jsonl or .parquet, got {got}")
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
