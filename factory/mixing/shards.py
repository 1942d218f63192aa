"""A split of a mixture as shards of equal size, written as the rows come."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory import store
from factory.mixing.reading import SCHEMAS


class Shards:
    """Writes rows into numbered parquet files; they get their names when all are there.

    Args:
        root: of the dataset.
        version: in the files' names.
        split: the name of the split and its directory.
        rows_per_shard: rows of each file but the last.
        config: the configuration of the split, `SFT` or `RL`.
    """

    def __init__(
        self, root: Path, version: str, split: str, rows_per_shard: int, config: str = "SFT"
    ) -> None:
        self._root = root
        self._version = version
        self._split = split
        self._most = rows_per_shard
        self._config = config
        self._folder = root / config / split
        self._writer: pq.ParquetWriter | None = None
        self._counts: list[int] = []

    def add(self, table: pa.Table) -> None:
        """Write rows behind those that are there."""
        while len(table):
            if self._writer is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._counts.append(0)
                path = self._unnamed(len(self._counts) - 1)
                self._writer = pq.ParquetWriter(path, SCHEMAS[self._config], compression="zstd")
            room = self._most - self._counts[-1]
            self._writer.write_table(table.slice(0, room))
            self._counts[-1] += min(room, len(table))
            table = table.slice(room)
            if self._counts[-1] == self._most:
                self._close()

    def finish(self) -> list[dict[str, Any]]:
        """Name the files; what the manifest says of each."""
        self._close()
        total = len(self._counts)
        found = []
        for number, rows in enumerate(self._counts):
            final = self._folder / f"{self._version}-{number:05d}-of-{total:05d}.parquet"
            self._unnamed(number).replace(final)
            found.append(
                {
                    "path": str(final.relative_to(self._root)),
                    "config": self._config,
                    "split": self._split,
                    "rows": rows,
                    "bytes": final.stat().st_size,
                    "sha256": store.sha256(final),
                }
            )
        return found

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _unnamed(self, number: int) -> Path:
        return self._folder / f"{number:05d}.unnamed"
