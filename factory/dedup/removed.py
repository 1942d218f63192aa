"""The result, part by part: the rows that go, each with its kept twin, and the clusters."""

from typing import Any

import numpy as np
import pyarrow as pa

from factory.dedup.columns import I64, U32, Array, bounds, flat, read_batches, write_columns
from factory.dedup.comparison import Comparison

REMOVED = {
    "local": pa.int64(),
    "twin_part": pa.int32(),
    "twin_local": pa.int64(),
    "similarity": pa.float64(),
    "cluster": pa.int64(),
    "cluster_size": pa.int64(),
    "joined_a": pa.int64(),
    "joined_b": pa.int64(),
    "joined_similarity": pa.float64(),
}
"""A row of the part; its kept twin; the cluster, named by the number of its first row in the
corpus; the pair, by the same numbers, with which the row came into it."""
CLUSTERS = {"local": pa.int64(), "cluster": pa.int64(), "cluster_size": pa.int64()}
"""Every row of the part that is in a cluster, kept or not."""
_CLUSTERED = ("row", "cluster", "size")
_GONE = ("row", "twin", "similarity", "cluster", "size", "joined", "joined_similarity")
Table = dict[str, Array]


def write_result(comparison: Comparison, num_collapsed: int, number: int) -> dict[str, int]:
    """Write the rows of a part that go, and those in clusters."""
    start, stop = comparison.bases[number : number + 2]
    resolved = _Resolved(comparison)
    own = resolved.between(start, stop)
    gone = [{name: values[own["kept"] == 0] for name, values in own.items()}]
    clustered = [own]
    for file in range(num_collapsed):
        rows = _between(comparison, "collapsed", file, "row", start, stop)
        gone.append(resolved.followers(rows))
        clustered.append(gone[-1])
        groups = _between(comparison, "groups", file, "best", start, stop)
        alone = ~resolved.knows(groups["best"])
        clustered.append(
            {
                "row": groups["best"][alone],
                "cluster": groups["first"][alone],
                "size": groups["size"][alone],
            }
        )
    table = _joined(gone, _GONE)
    _write_removed(comparison, number, table)
    rows = _joined(clustered, _CLUSTERED)
    found = {
        "local": rows["row"].astype(np.int64) - start,
        "cluster": rows["cluster"].astype(np.int64),
        "cluster_size": rows["size"].astype(np.int64),
    }
    write_columns(comparison.path("clusters", number), [found], CLUSTERS)
    return {
        "removed": len(table["row"]),
        "removed_exact": sum(len(each["row"]) for each in gone[1:]),
        "removed_near": len(gone[0]["row"]),
        "clusters": int((rows["row"] == rows["cluster"]).sum()),
        "in_clusters": len(rows["row"]),
    }


class _Resolved:
    """The rows that have an edge, as `resolve` left them."""

    def __init__(self, comparison: Comparison) -> None:
        (batch,) = read_batches(comparison.work / "resolved.arrow")
        self._table: Table = {name: flat(batch, name) for name in batch.schema.names}
        self._rows: U32 = self._table["row"]

    def between(self, start: int, stop: int) -> Table:
        """Those of [start, stop)."""
        chosen = bounds(self._rows, start, stop)
        return {name: values[chosen] for name, values in self._table.items()}

    def knows(self, rows: U32) -> Array:
        """Which of the rows have an edge."""
        known: Array = np.zeros(len(rows), np.bool_)
        if len(self._rows):
            known = self._rows[self._places(rows)] == rows
        return known

    def followers(self, rows: Table) -> Table:
        """Collapsed rows: each goes for the one that stands for it, or for that one's twin."""
        best = rows["best"]
        gone: Table = {
            "row": rows["row"],
            "twin": best.copy(),
            "similarity": np.ones(len(best)),
            "cluster": rows["first"].copy(),
            "size": rows["size"].copy(),
            "joined": best,
            "joined_similarity": np.ones(len(best)),
        }
        known = self.knows(best)
        places = self._places(best[known])
        for name in ("cluster", "size"):
            gone[name][known] = self._table[name][places]
        leave = self._table["kept"][places] == 0
        known[known] = leave
        for name in ("twin", "similarity"):
            gone[name][known] = self._table[name][places[leave]]
        return gone

    def _places(self, rows: U32) -> I64:
        last = max(len(self._rows) - 1, 0)
        return np.minimum(np.searchsorted(self._rows, rows), last)


def _write_removed(comparison: Comparison, number: int, table: Table) -> None:
    twins = table["twin"].astype(np.int64)
    parts = comparison.part_of(twins)
    pair = np.sort(np.stack([table["row"], table["joined"]]).astype(np.int64), axis=0)
    found = {
        "local": table["row"].astype(np.int64) - comparison.bases[number],
        "twin_part": parts.astype(np.int32),
        "twin_local": twins - np.asarray(comparison.bases)[parts],
        "similarity": table["similarity"],
        "cluster": table["cluster"].astype(np.int64),
        "cluster_size": table["size"].astype(np.int64),
        "joined_a": pair[0],
        "joined_b": pair[1],
        "joined_similarity": table["joined_similarity"],
    }
    write_columns(comparison.path("removed", number), [found], REMOVED)


def _between(
    comparison: Comparison, kind: str, file: int, key: str, start: int, stop: int
) -> Table:
    """The lines of a file, sorted by a row, whose row lies in [start, stop)."""
    (batch,) = read_batches(comparison.path(kind, file))
    chosen = bounds(flat(batch, key), start, stop)
    return {name: flat(batch, name)[chosen] for name in batch.schema.names}


def _joined(tables: list[Any], names: tuple[str, ...]) -> Table:
    """Some columns of several tables as one, in the order of the rows."""
    found = {name: np.concatenate([table[name] for table in tables]) for name in names}
    order = np.argsort(found["row"])
    return {name: values[order] for name, values in found.items()}
