"""Why each removed row went, from the files of a finished dedup, a slice at a time."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from factory.corpus import TextColumns
from factory.dedup.findings import Example, Findings
from factory.reportfile import json_report
from factory.rownames import Numbers, RowName, RowNames, Skipped
from factory.rowtexts import read_some
from factory.store import write_atomic
from factory.versions import versions

if TYPE_CHECKING:
    from factory.dedup import DedupResult

_SLICE = 1 << 15
"""Rows of a report that are put together at once."""
_CLUSTERS = pa.schema(
    [
        ("id", pa.string()), ("file", pa.string()), ("row", pa.int64()), ("kept", pa.bool_()),
        ("cluster", pa.int64()), ("cluster_size", pa.int64()),
    ]
)  # fmt: skip


class Evidence:
    """What a dedup found, row by row.

    Args:
        result: the dedup.
        names: of its rows.
    """

    def __init__(self, result: "DedupResult", names: RowNames) -> None:
        self._result, self._names = result, names
        self._parts = range(len(result.corpus.parts))

    def removed(self) -> Iterator[pl.DataFrame]:
        """The removed rows in order: row, twin (counted through all parts), and why it went."""
        for part in self._parts:
            for frame in _slices(self._result.removed_path(part)):
                twin = self._names.numbers(frame["twin_part"], frame["twin_local"])
                row = self._names.numbers(np.full(len(frame), part), frame["local"])
                yield frame.with_columns(row=pl.Series(row), twin=pl.Series(twin))

    def clustered(self) -> Iterator[pl.DataFrame]:
        """All rows that are in a cluster, in order: part, local, cluster, cluster_size, kept."""
        for part in self._parts:
            gone = self._result.removed_rows(part)
            for frame in _slices(self._result.clusters_path(part)):
                kept = ~np.isin(frame["local"].to_numpy(), gone)
                yield frame.with_columns(part=pl.lit(part), kept=pl.Series(kept))

    def involved(self) -> Iterator[tuple[int, Numbers]]:
        """(part, rows in it) of all rows that a report may name."""
        for part in self._parts:
            paths = (self._result.clusters_path(part), self._result.skipped_path(part))
            rows = [frame["local"].to_numpy() for path in paths for frame in _slices(path)]
            yield part, np.unique(np.concatenate([np.empty(0, np.int64), *rows]))

    def clustered_rows(self) -> Iterator[dict[str, Any]]:
        """All rows that are in a cluster as columns, some thousands at a time."""
        for frame in self.clustered():
            rows = self._names.numbers(frame["part"], frame["local"])
            files, places = self._names.files(rows)
            columns = frame.select("kept", "cluster", "cluster_size").to_dict(as_series=False)
            yield {"id": self._names.ids(rows), "file": files, "row": places, **columns}

    def skipped(self) -> Iterator[Skipped]:
        """All rows that were not compared, in order."""
        for part in self._parts:
            for frame in _slices(self._result.skipped_path(part)):
                rows = self._names.numbers(np.full(len(frame), part), frame["local"])
                for row, reason in zip(self._names.described(rows), frame["reason"], strict=True):
                    yield Skipped(row=RowName(**row), reason=reason)

    def sizes(self) -> dict[int, int]:
        """Clusters by their number of rows."""
        rows: Counter[int] = Counter()
        for frame in self.clustered():
            counts = frame.group_by("cluster_size").len()
            rows.update(dict(counts.iter_rows()))
        return {size: number // size for size, number in sorted(rows.items())}

    def examples(self, number: int, columns: TextColumns) -> list[Example]:
        """The least similar of the removed rows, at most one of a cluster, with the texts."""
        found: list[tuple[float, int, int, int, int]] = []
        for frame in self.removed() if number else ():
            first = frame.sort("similarity", "row").unique("cluster", keep="first")
            least = first.sort("similarity", "row").head(number)
            columns_ = ("similarity", "row", "twin", "cluster", "cluster_size")
            found += least.select(columns_).iter_rows()
            found = _one_a_cluster(sorted(found))[:number]
        rows = [row for each in found for row in each[1:3]]
        parts, local = self._names.places(rows)
        places = list(zip(parts.tolist(), local.tolist(), strict=True))
        texts = read_some(self._result.corpus.parts, columns, places)
        names = [RowName(**each) for each in self._names.described(rows)]
        return [
            Example(
                row=names[2 * i], twin=names[2 * i + 1], similarity=each[0], cluster_size=each[4],
                text=texts.get(places[2 * i], ""), twin_text=texts.get(places[2 * i + 1], ""),
            )
            for i, each in enumerate(found)
        ]  # fmt: skip

    def removed_objects(self) -> Iterator[dict[str, Any]]:
        """For each removed row its place, its twin, and the pair that joined it to its cluster."""
        for frame in self.removed():
            rows = self._names.described(frame["row"])
            twins = self._names.described(frame["twin"])
            joined = [self._names.ids(frame[name]) for name in ("joined_a", "joined_b")]
            columns = ("similarity", "cluster", "cluster_size", "joined_similarity")
            values = frame.select(columns).iter_rows()
            for row, twin, a, b, (similarity, cluster, size, joining) in zip(
                rows, twins, *joined, values, strict=True
            ):
                yield {
                    **row,
                    "twin": twin,
                    "similarity": round(similarity, 6),
                    "cluster": cluster,
                    "cluster_size": size,
                    "joined_by": {"ids": [a, b], "similarity": round(joining, 6)},
                }


def write_report(path: Path, found: Findings, evidence: Evidence) -> None:
    """Every removed row with its twin, and what a reader needs to judge that, as JSON."""
    with json_report(path) as report:
        report.field("command", "dedup")
        for name in ("data", "out", "method", "settings"):
            report.field(name, getattr(found, name))
        report.field("versions", versions())
        report.field("counts", found.counts())
        report.field("bands", found.bands_table())
        report.field("similarities", list(found.histogram))
        report.field("cluster_sizes", found.sizes)
        report.field("not_compared", found.problems)
        report.field("repeated_ids", asdict(found.repeated))
        report.rows("skipped", ({**asdict(e.row), "reason": e.reason} for e in evidence.skipped()))
        report.rows("removed", evidence.removed_objects())


def write_clusters(path: Path, evidence: Evidence) -> None:
    """Every row that is in a cluster as parquet, kept ones too, in the order of the data."""

    def write(file: IO[bytes]) -> None:
        with pq.ParquetWriter(file, _CLUSTERS, compression="zstd") as writer:
            for rows in evidence.clustered_rows():
                writer.write_table(pa.Table.from_pydict(rows, schema=_CLUSTERS))

    write_atomic(path, write)


def _one_a_cluster(found: Iterable[tuple[float, int, int, int, int]]) -> list[Any]:
    first: dict[int, Any] = {}
    for each in found:
        first.setdefault(each[3], each)
    return list(first.values())


def _slices(path: Path) -> Iterator[pl.DataFrame]:
    """The rows of a file of the dedup, some thousands at a time; none where it is not there."""
    if not path.exists():
        return
    with pa.memory_map(bytes(path)) as file:
        reader = pa.ipc.open_file(file)
        for number in range(reader.num_record_batches):
            frame = pl.DataFrame(pl.from_arrow(reader.get_batch(number)))
            yield from frame.iter_slices(_SLICE)
