"""Rows into files that are whole or not there: one file, or shards of a size that loaders like."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from factory import store

SHARD_BYTES = 500_000_000
"""A shard is closed at the first batch of rows beyond; the Hub's viewer takes them up to that."""
_GROUP_BYTES = 64_000_000
_GROUP_ROWS = 10_000


class Sink(Protocol):
    """Takes the rows of one file."""

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Append rows."""
        ...

    def flush(self) -> None:
        """Hand over what was gathered."""
        ...


class _Lines:
    """JSON lines."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, rows: list[dict[str, Any]]) -> None:
        self._file.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))

    def flush(self) -> None:
        pass


class _Parquet:
    """Parquet, with row groups bounded by rows and by bytes."""

    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = writer
        self._pending: list[pa.Table] = []

    def write(self, rows: list[dict[str, Any]]) -> None:
        self._pending.append(pa.Table.from_pylist(rows, schema=self._schema))
        held = self._pending
        if (
            sum(len(table) for table in held) >= _GROUP_ROWS
            or sum(table.nbytes for table in held) >= _GROUP_BYTES
        ):
            self.flush()

    def flush(self) -> None:
        if self._pending:
            table = pa.concat_tables(self._pending)
            self._writer.write_table(table, row_group_size=len(table))
            self._pending = []


class Shards:
    """Files of one kind of rows, each closed when it is large enough, named when all are there.

    Args:
        name: of a file, given its number from 0 and how many there are.
        suffix: of the files.
        schema: of parquet.
        shard_bytes: a file is closed from so many bytes on; never where it is None.
    """

    def __init__(
        self,
        name: Callable[[int, int], Path],
        suffix: str,
        schema: pa.Schema,
        shard_bytes: int | None,
    ) -> None:
        self._name, self._suffix, self._schema = name, suffix, schema
        self._most = shard_bytes
        self._unnamed: list[Path] = []
        self._open: tuple[ExitStack, IO[bytes], Sink] | None = None

    def __enter__(self) -> "Shards":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """After a failure nothing stays of the open file; a full disk is told as elsewhere."""
        if error is not None and self._open:
            (stack, _, _), self._open = self._open, None
            stack.__exit__(kind, error, trace)

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Append rows."""
        if self._open is None:
            first = self._name(len(self._unnamed), 0)
            path = first.with_name(f"{first.name}.unnamed")
            stack = ExitStack()
            file = stack.enter_context(store.new_file(path))
            self._unnamed.append(path)
            self._open = stack, file, self._sink(stack, file)
        self._open[2].write(rows)
        if self._most is not None and self._open[1].tell() >= self._most:
            self._close()

    def finish(self) -> list[Path]:
        """Close the last file and name all."""
        self._close()
        total = len(self._unnamed)
        names = [self._name(number, total) for number in range(total)]
        for unnamed, final in zip(self._unnamed, names, strict=True):
            unnamed.replace(final)
        return names

    def _sink(self, stack: ExitStack, file: IO[bytes]) -> Sink:
        if self._suffix == ".jsonl":
            return _Lines(file)
        writer = pq.ParquetWriter(file, self._schema, compression="zstd", write_page_checksum=True)
        return _Parquet(stack.enter_context(writer), self._schema)

    def _close(self) -> None:
        if self._open:
            (stack, _, rows), self._open = self._open, None
            with stack:
                rows.flush()
