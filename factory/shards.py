"""Published shards: rows as parquet files that are cut the same however the rows come in.

Row groups are small enough for the Hub's viewer and for streaming, files for a download; where they
end depends on the rows alone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from factory import store

GROUP_ROWS = 1_000
"""Of a row group, at most."""
GROUP_BYTES = 64 << 20
"""Of text, after which a row group ends."""
SHARD_BYTES = 400 << 20
"""Of text, after which a shard ends: on the disk it is smaller, under 500 MB."""


class Shards:
    """Writes rows into numbered files of one split; they get their names when all are there.

    Args:
        root: of the dataset.
        config: `SFT` or `RL`.
        split: the split and its directory.
        version: in the files' names.
        schema: of the rows; it has `id`, `input`, and with answers `output`.
        rows_per_shard: rows of each file, if they are not too long for one; the last has fewer.
        keeps_ids: whether the ids of each shard's rows are told.
    """

    def __init__(
        self,
        root: Path,
        config: str,
        split: str,
        version: str,
        schema: pa.Schema,
        rows_per_shard: int,
        *,
        keeps_ids: bool = True,
    ) -> None:
        self._root, self._config, self._split = root, config, split
        self._version, self._schema, self._most = version, schema, rows_per_shard
        self._folder = root / config / split
        self._waiting: list[pa.Table] = []
        self._rows = self._bytes = 0
        """Of the rows that wait."""
        self._writer: pq.ParquetWriter | None = None
        self._shard_bytes = 0
        self._counts: list[int] = []
        """Rows of each shard."""
        self._keeps_ids = keeps_ids
        self._ids: list[list[str]] = []
        """Of each shard's rows."""

    def add(self, table: pa.Table) -> None:
        """Put rows behind those that are there."""
        sizes = np.cumsum(text_bytes(table))
        first = 0
        while first < len(table):
            before = int(sizes[first - 1]) if first else 0
            room = self._room()
            full = int(np.searchsorted(sizes, before + GROUP_BYTES - self._bytes)) + 1
            stop = min(first + room, full, len(table))
            self._waiting.append(table.slice(first, stop - first))
            self._rows += stop - first
            self._bytes += int(sizes[stop - 1]) - before
            if stop < len(table) or self._rows >= self._full() or self._bytes >= GROUP_BYTES:
                self._write_group()
            first = stop

    def finish(self) -> list[dict[str, Any]]:
        """Name the files; what the manifest says of each."""
        self._write_group()
        self._close()
        total = len(self._counts)
        return [self._named(number, total) for number in range(total)]

    def _full(self) -> int:
        """Rows of the row group that is filled now."""
        written = self._counts[-1] if self._writer else 0
        return min(GROUP_ROWS, self._most - written)

    def _room(self) -> int:
        return self._full() - self._rows

    def _write_group(self) -> None:
        if not self._rows:
            return
        group = pa.concat_tables(self._waiting).combine_chunks()
        with store.writing(self._folder):
            if self._writer is None:
                self._writer = self._open(self._unnamed(len(self._counts)))
                self._counts.append(0)
                self._ids.append([])
            self._writer.write_table(group)
        self._counts[-1] += len(group)
        if self._keeps_ids:
            self._ids[-1] += group["id"].to_pylist()
        self._shard_bytes += self._bytes
        self._waiting, self._rows, self._bytes = [], 0, 0
        if self._counts[-1] >= self._most or self._shard_bytes >= SHARD_BYTES:
            self._close()

    def _open(self, path: Path) -> pq.ParquetWriter:
        path.parent.mkdir(parents=True, exist_ok=True)
        return pq.ParquetWriter(
            path, self._schema, compression="zstd", write_page_checksum=True, write_page_index=True
        )

    def _close(self) -> None:
        if self._writer is not None:
            with store.writing(self._folder):
                self._writer.close()
        self._writer, self._shard_bytes = None, 0

    def _named(self, number: int, total: int) -> dict[str, Any]:
        path = self._folder / f"{self._version}-{number:05d}-of-{total:05d}.parquet"
        with store.writing(path):
            store.name_file(self._unnamed(number), path)
        return {
            "path": str(path.relative_to(self._root)),
            "config": self._config,
            "split": self._split,
            "rows": self._counts[number],
            "bytes": path.stat().st_size,
            "uncompressed": _uncompressed(path),
            "sha256": store.sha256(path),
            **({"ids": self._ids[number]} if self._keeps_ids else {}),
        }

    def _unnamed(self, number: int) -> Path:
        return self._folder / f"{self._version}-{number:05d}.unnamed"


def _uncompressed(path: Path) -> int:
    """Bytes of a file's columns before they were compressed."""
    found = pq.read_metadata(path)
    return sum(found.row_group(n).total_byte_size for n in range(found.num_row_groups))


def write_shards(shards: Shards, rows: Iterator[dict[str, Any]], schema: pa.Schema) -> None:
    """Put rows into shards, some at a time."""
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == GROUP_ROWS:
            shards.add(pa.Table.from_pylist(waiting, schema))
            waiting = []
    if waiting:
        shards.add(pa.Table.from_pylist(waiting, schema))


def text_bytes(table: pa.Table) -> npt.NDArray[np.int64]:
    """UTF-8 bytes of each row's turns and answer, shape (n,)."""
    turns = pa.chunked_array(table["input"]).combine_chunks()
    said = pc.struct_field(turns.flatten(), "content")
    lengths = pc.fill_null(pc.binary_length(said), 0).to_numpy(zero_copy_only=False)
    number = pc.fill_null(pc.list_value_length(turns), 0).to_numpy(zero_copy_only=False)
    owners = np.repeat(np.arange(len(table)), number)
    found = np.bincount(owners, weights=lengths, minlength=len(table)).astype(np.int64)
    if "output" in table.column_names:
        answers = pc.fill_null(pc.binary_length(table["output"]), 0)
        found += answers.to_numpy().astype(np.int64)
    return found
