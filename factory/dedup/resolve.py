"""Who goes, and for whose sake: greedy in the order of the policy, along checked edges.

A row goes exactly when a better row that is itself kept is its neighbour; its twin is the most
similar of those. So in a chain a ~ b ~ c, where b goes for the sake of a, the row c stays unless
it is a neighbour of a. Clusters, which union-find finds over all edges, are only labels.

Memory is 62 bytes for each row that has an edge, and a slice: the edges are sorted through files.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pyarrow as pa

from factory.dedup.bits import add_rows, no_rows, rows_between
from factory.dedup.candidates import larger, smaller
from factory.dedup.collapse import by_policy, read_keys
from factory.dedup.columns import (
    F64,
    I64,
    U32,
    U64,
    Flags,
    column_file,
    flat,
    read_batches,
    read_column,
    write_columns,
)
from factory.dedup.comparison import Comparison
from factory.shingles.lanes import native

RESOLVED = {
    "row": pa.uint32(),
    "kept": pa.uint8(),
    "twin": pa.uint32(),
    "similarity": pa.float64(),
    "cluster": pa.uint32(),
    "size": pa.uint32(),
    "joined": pa.uint32(),
    "joined_similarity": pa.float64(),
}
"""A row with an edge; the kept row for whose sake it goes; the first row and the size of its
cluster, collapsed rows among them; the most similar of its neighbours."""
_RANKED = {"pair": pa.uint64(), "similarity": pa.float64()}
_EDGE_BYTES = 40


def resolve(
    comparison: Comparison, num_edges: int, num_collapsed: int, number: int
) -> dict[str, int]:
    """Decide over the rows that have an edge.

    Args:
        comparison: what is compared.
        num_edges: files of edges.
        num_collapsed: files of collapsed rows.
        number: always 0.
    """
    rows, count = _edge_rows(comparison, num_edges)
    first, size = rows.copy(), np.ones(len(rows), np.uint32)
    _add_groups(comparison, num_collapsed, rows, first, size)
    order = _order(comparison, rows)
    rank = np.empty(len(rows), np.uint32)
    rank[order] = np.arange(len(rows), dtype=np.uint32)
    parents = np.arange(len(rows), dtype=np.uint32)
    joined, joined_similarity = parents.copy(), np.zeros(len(rows))
    groups = max(-(-count * _EDGE_BYTES // comparison.slice_bytes), 1)
    with ExitStack() as stack:
        appends = [
            stack.enter_context(column_file(comparison.path("ranked", group), _RANKED))
            for group in range(groups)
        ]
        for a, b, similarity in _edges(comparison, num_edges):
            one, other = np.searchsorted(rows, a), np.searchsorted(rows, b)
            unite(one, other, similarity, parents, joined, joined_similarity)
            worse = np.maximum(rank[one], rank[other]).astype(np.uint64)
            better = np.minimum(rank[one], rank[other]).astype(np.uint64)
            places = worse * np.uint64(groups) // np.uint64(max(len(rows), 1))
            pairs = worse << np.uint64(32) | better
            for each in range(groups):
                chosen = places == each
                appends[each]({"pair": pairs[chosen], "similarity": similarity[chosen]})
    kept, twin = np.ones(len(rows), np.uint8), np.zeros(len(rows), np.uint32)
    similarity = np.zeros(len(rows))
    for group in range(groups):
        path = comparison.path("ranked", group)
        pairs = read_column(path, "pair", np.uint64)
        place = np.argsort(pairs)
        decide(
            pairs[place], read_column(path, "similarity", np.float64)[place], kept, twin, similarity
        )
    label(parents, first, size)
    table = {
        "row": rows,
        "kept": kept[rank],
        "twin": rows[order[twin[rank]]],
        "similarity": similarity[rank],
        "cluster": first,
        "size": size,
        "joined": rows[joined],
        "joined_similarity": joined_similarity,
    }
    write_columns(comparison.work / "resolved.arrow", [table], RESOLVED)
    return {"in_edges": len(rows)}


@native
def unite(
    one: I64, other: I64, similarity: F64, parents: U32, joined: U32, joined_similarity: F64
) -> None:
    """Join the sets of the two ends of each edge; remember the most similar neighbour of each.

    Of neighbours that are equally similar, the one that stands first in the data.
    """
    for place in range(len(one)):
        a, b = one[place], other[place]
        for row, neighbour in ((a, b), (b, a)):
            found, best = similarity[place], joined_similarity[row]
            if found > best or (found == best and neighbour < joined[row]):
                joined[row], joined_similarity[row] = neighbour, found
        roots = find(parents, a), find(parents, b)
        parents[max(roots)] = min(roots)


@native
def find(parents: U32, row: int) -> int:
    """The root of a row's set, always the first of the set; the way to it is halved."""
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = int(parents[row])
    return row


@native
def decide(pairs: U64, similarities: F64, kept: Flags, twin: U32, similarity: F64) -> None:
    """Let rows go, the better first.

    Args:
        pairs: (rank of the worse row, rank of the better) as one word, ascending.
        similarities: of the pairs.
        kept: by rank; filled from the ranks that come here.
        twin: the rank of the most similar better row that is kept; of several, the best.
        similarity: to the twin.
    """
    for place in range(len(pairs)):
        worse = np.int64(pairs[place] >> np.uint64(32))
        better = np.int64(pairs[place] & np.uint64(0xFFFFFFFF))
        if kept[better] and similarities[place] > similarity[worse]:
            kept[worse], twin[worse] = 0, better
            similarity[worse] = similarities[place]


@native
def label(parents: U32, first: U32, size: U32) -> None:
    """Turn the first row and the size of each row's group into those of its cluster."""
    for row in range(len(parents)):
        root = find(parents, row)
        if root != row:
            size[root] += size[row]
            first[root] = min(first[root], first[row])
    for row in range(len(parents)):
        root = find(parents, row)
        size[row], first[row] = size[root], first[root]


def _edges(comparison: Comparison, num_edges: int) -> Iterator[tuple[U32, U32, F64]]:
    for number in range(num_edges):
        for batch in read_batches(comparison.path("edges", number)):
            pairs = flat(batch, "pair")
            yield smaller(pairs), larger(pairs), flat(batch, "similarity").copy()


def _edge_rows(comparison: Comparison, num_edges: int) -> tuple[U32, int]:
    """The rows that have an edge, ascending, and the number of edges."""
    bits = no_rows(comparison.num_rows)
    count = 0
    for one, other, _ in _edges(comparison, num_edges):
        add_rows(bits, one)
        add_rows(bits, other)
        count += len(one)
    return rows_between(bits, 0, comparison.num_rows), count


def _add_groups(
    comparison: Comparison, num_collapsed: int, rows: U32, first: U32, size: U32
) -> None:
    """Put the groups that rows stand for into `first` and `size`."""
    for number in range(num_collapsed if len(rows) else 0):
        for batch in read_batches(comparison.path("groups", number)):
            best = flat(batch, "best")
            places = np.minimum(np.searchsorted(rows, best), len(rows) - 1)
            known = rows[places] == best
            first[places[known]] = flat(batch, "first")[known]
            size[places[known]] = flat(batch, "size")[known]


def _order(comparison: Comparison, rows: U32) -> I64:
    """The positions of rows, the best first."""
    if not comparison.keep.terms:
        return np.arange(len(rows))
    return by_policy(read_keys(comparison, rows))
