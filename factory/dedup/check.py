"""The true Jaccard similarity of each pair, by merging the sets of its rows.

The sets lie in a mapped file; what was mapped is given back after some thousand pairs, so that a
worker's memory does not grow with the sets.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from factory.dedup.candidates import larger, smaller
from factory.dedup.columns import F64, I64, U32, U64, read_column, write_columns
from factory.dedup.comparison import Comparison
from factory.dedup.mapped import Mapped
from factory.dedup.minhash import MinHash
from factory.shingles.kernel import jaccard
from factory.shingles.lanes import native

EDGES = {"pair": pa.uint64(), "similarity": pa.float64()}
NUM_BINS = 100
_VALUES = 1 << 22
"""Shingles that are mapped at once: 32 MB, and what lies around them."""
_AROUND = 1024
"""Shingles that the kernel maps around a set, about."""


def check_pairs(comparison: Comparison, number: int) -> dict[str, Any]:
    """Write the pairs of a range that are similar enough, and how similar all of them are."""
    method = comparison.method
    assert isinstance(method, MinHash)
    pairs = read_column(comparison.path("candidates", number), "pair", np.uint64)
    similarity = _similarities(comparison, pairs)
    edges = similarity >= method.threshold
    table = {"pair": pairs[edges], "similarity": similarity[edges]}
    write_columns(comparison.path("edges", number), [table], EDGES)
    bins = np.minimum((similarity * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    histogram = np.bincount(bins, minlength=NUM_BINS).tolist()
    return {"checked_pairs": len(pairs), "edges": int(edges.sum()), "histogram": histogram}


def _similarities(comparison: Comparison, pairs: U64) -> F64:
    sizes = Mapped(comparison.work / "sizes.bin", np.uint32)
    starts = Mapped(comparison.work / "starts.bin", np.int64)
    sets = Mapped(comparison.work / "sets.bin", np.uint64)
    one, other = smaller(pairs), larger(pairs)
    found = np.empty(len(pairs), np.float64)
    done = 0
    while done < len(pairs):
        done = compare(one, other, sizes.array, starts.array, sets.array, done, _VALUES, found)
        for mapped in (sizes, starts, sets):
            mapped.release()
    return found


@native
def compare(
    one: U32, other: U32, sizes: U32, starts: I64, sets: U64, first: int, most: int, found: F64
) -> int:
    """Similarities of the pairs from `first` on, of `most` shingles or so; the next pair."""
    touched = 0
    for place in range(first, len(one)):
        a, b = one[place], other[place]
        touched += sizes[a] + sizes[b] + _AROUND
        if touched > most and place > first:
            return place
        found[place] = jaccard(
            sets[starts[a] : starts[a] + sizes[a]], sets[starts[b] : starts[b] + sizes[b]]
        )
    return len(one)
