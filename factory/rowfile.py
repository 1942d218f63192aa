"""Rows into one file, `.parquet` or `.jsonl`, as they come: whole in the end, or not there."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from factory import store
from factory.errors import ConfigError

SUFFIXES = (".parquet", ".jsonl")


class RowFile:
    """Takes rows of one schema; without a path it takes and forgets them."""

    def __init__(self, file: Any, schema: pa.Schema) -> None:
        self._file = file
        self._schema = schema
        self._pending: list[dict[str, Any]] = []
        self.num_rows = 0

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Append rows; those of parquet are gathered into row groups of some thousand."""
        self.num_rows += len(rows)
        if self._file is None:
            return
        self._pending += [_storable(row) for row in rows]
        if len(self._pending) >= 4096:
            self.flush()

    def flush(self) -> None:
        """Hand what was gathered to the file."""
        if self._file is None or not self._pending:
            return
        if isinstance(self._file, pq.ParquetWriter):
            table = pa.Table.from_pylist(self._pending, schema=self._schema)
            self._file.write_table(table)
        else:
            for row in self._pending:
                line = {name: row.get(name) for name in self._schema.names}
                self._file.write(msgspec.json.encode(line) + b"\n")
        self._pending = []


def check_path(path: Path | None) -> None:
    """Refuse a file that is there, or of another suffix, before anything is worked out for it.

    Raises:
        ConfigError: naming the file and the way out.
    """
    if path and path.suffix not in SUFFIXES:
        got = repr(path.suffix) if path.suffix else "none"
        raise ConfigError(f"{path}: the suffix must be .jsonl or .parquet, got {got}")
    if path and os.path.lexists(path):
        raise ConfigError(f"{path}: is there already; give --out a new file, or delete this one")


@contextlib.contextmanager
def row_file(path: Path | None, schema: pa.Schema) -> Iterator[RowFile]:
    """A new file of rows, renamed into place at the end; nothing is left of it after a failure.

    Args:
        path: `.jsonl` or `.parquet`; None keeps nothing.
        schema: of the rows.

    Raises:
        ConfigError: another suffix, or the file is there already.
        RunError: the file cannot be written.
    """
    check_path(path)
    if path is None:
        yield RowFile(None, schema)
        return
    with store.new_file(path) as file, contextlib.ExitStack() as stack:
        sink: Any = file
        if path.suffix == ".parquet":
            sink = stack.enter_context(pq.ParquetWriter(file, schema, compression="zstd"))
        rows = RowFile(sink, schema)
        yield rows
        rows.flush()


def _storable(value: Any) -> Any:
    """The same with halves of surrogate pairs replaced, which no file of text takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {name: _storable(each) for name, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list | tuple) else value
