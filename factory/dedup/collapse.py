"""Rows with the same set of shingles: the best of them stands for the others.

Linear, however often a set occurs: the others are not compared any more, and go for the sake of
the row that stands for them, or of that row's twin.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from factory.dedup.bits import add_rows, no_rows
from factory.dedup.columns import (
    I64,
    U32,
    U64,
    Array,
    Flags,
    bounds,
    flat,
    key_range,
    read_batches,
    read_column,
    write_columns,
)
from factory.dedup.comparison import Comparison
from factory.dedup.sorting import find_runs, sort_positions

COLLAPSED = {"row": pa.uint32(), "best": pa.uint32(), "first": pa.uint32(), "size": pa.uint32()}
"""A row, the one that stands for it, and the first row and the size of their group."""
GROUPS = {"best": pa.uint32(), "first": pa.uint32(), "size": pa.uint32()}
"""A group, by the row that stands for it."""
ENTRY_BYTES = 20


def collapse_range(comparison: Comparison, of: int, number: int) -> dict[str, int]:
    """Find the rows of equal sets in one range of the sets' hashes."""
    high, low, rows = _read_range(comparison, *key_range(number, of))
    members, starts = find_runs(sort_positions(high), high, low)
    alike = rows[members]
    sizes = np.diff(starts)
    best = _best(comparison, alike, starts)
    first = alike[starts[:-1]]
    found: dict[str, Array] = {
        "row": alike,
        "best": np.repeat(best, sizes),
        "first": np.repeat(first, sizes),
        "size": np.repeat(sizes.astype(np.uint32), sizes),
    }
    others = found["row"] != found["best"]
    order = np.argsort(alike[others])
    table = {name: values[others][order] for name, values in found.items()}
    write_columns(comparison.path("collapsed", number), [table], COLLAPSED)
    order = np.argsort(best)
    groups: dict[str, Array] = {"best": best, "first": first, "size": sizes.astype(np.uint32)}
    path = comparison.path("groups", number)
    write_columns(path, [{name: each[order] for name, each in groups.items()}], GROUPS)
    return {"collapsed": int(others.sum())}


def collapsed_rows(comparison: Comparison, of: int) -> Flags:
    """The set of the rows that another one stands for."""
    bits = no_rows(comparison.num_rows)
    for number in range(of):
        add_rows(bits, read_column(comparison.path("collapsed", number), "row", np.uint32))
    return bits


def read_keys(comparison: Comparison, rows: U32) -> list[U64]:
    """The keys by which rows, given in ascending order, are kept; one array a term."""
    terms = range(len(comparison.keep.terms))
    found = [np.empty(len(rows), np.uint64) for _ in terms]
    edges = np.searchsorted(rows, np.asarray(comparison.bases))
    for number in range(comparison.num_parts if terms else 0):
        chosen = slice(edges[number], edges[number + 1])
        if chosen.start == chosen.stop:
            continue
        locals = rows[chosen].astype(np.int64) - comparison.bases[number]
        batches = read_batches(comparison.path("rows", number))
        ends = np.cumsum([0, *(len(batch) for batch in batches)])
        cuts = np.searchsorted(locals, ends)
        for batch, first, start, stop in zip(batches, ends, cuts, cuts[1:], strict=False):
            for term in terms:
                into = found[term][chosen][start:stop]
                into[:] = flat(batch, f"keep{term}")[locals[start:stop] - first]
    return found


def by_policy(keys: Sequence[U64], groups: I64 | None = None) -> I64:
    """The order of rows, best first; ties keep their order; within groups where these are given."""
    columns = [*reversed(keys), *([] if groups is None else [groups])]
    return np.lexsort(columns) if columns else np.empty(0, np.int64)


def _best(comparison: Comparison, members: U32, starts: I64) -> U32:
    """The row of each run that stands for it."""
    if not comparison.keep.terms or not len(members):
        return members[starts[:-1]]
    order = np.argsort(members)
    keys = read_keys(comparison, members[order])
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    groups = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    ranked = by_policy([each[back] for each in keys], groups)
    return members[ranked[starts[:-1]]]


def _read_range(comparison: Comparison, low: int, high: int) -> tuple[U64, U64, U32]:
    """High and low hashes in a range, and their rows; ascending rows where hashes are equal."""
    highs, lows, rows = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)], [np.empty(0, np.uint32)]
    for number in range(comparison.num_parts):
        for batch in read_batches(comparison.path("hashes", number)):
            keys = flat(batch, "high")
            chosen = bounds(keys, low, high)
            highs.append(keys[chosen])
            lows.append(flat(batch, "low")[chosen])
            rows.append(flat(batch, "local")[chosen] + np.uint32(comparison.bases[number]))
    return np.concatenate(highs), np.concatenate(lows), np.concatenate(rows)
