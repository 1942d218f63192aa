"""The true Jaccard similarity of each pair, by merging the sets of its rows.

Pairs of rows that have a neighbour in common stand together, as those of a cluster do. The sets of
some hundred thousand pairs at a time are gathered from their file, each once and in the order of
the file: a worker's memory is a slice, and a set is read about once and not once for each pair.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from numba import types

from factory import store
from factory.dedup.candidates import HALF, LOWER, larger, smaller
from factory.dedup.columns import F64, I64, U32, U64, Array, read_column, write_columns
from factory.dedup.comparison import Comparison
from factory.dedup.mapped import Mapped
from factory.dedup.minhash import MinHash
from factory.errors import PartError
from factory.shingles.kernel import jaccard
from factory.shingles.lanes import native

EDGES = {"pair": pa.uint64(), "similarity": pa.float64()}
NUM_BINS = 100
_PAIRS = 1 << 18
"""Pairs whose sets are gathered at once, at most."""
_pread = types.ExternalFunction(
    "pread", types.int64(types.int32, types.uintp, types.uintp, types.int64)
)


def check_pairs(comparison: Comparison, number: int) -> dict[str, Any]:
    """Write the pairs of a range that are similar enough, and how similar all of them are."""
    method = comparison.method
    assert isinstance(method, MinHash)
    pairs = gathered(read_column(comparison.path("candidates", number), "pair", np.uint64))
    similarity = _similarities(comparison, pairs)
    edges = similarity >= method.threshold
    table = {"pair": pairs[edges], "similarity": similarity[edges]}
    write_columns(comparison.path("edges", number), [table], EDGES)
    bins = np.minimum((similarity * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    histogram = np.bincount(bins, minlength=NUM_BINS).tolist()
    return {"checked_pairs": len(pairs), "edges": int(edges.sum()), "histogram": histogram}


def gathered(pairs: U64) -> U64:
    """The pairs by the first neighbour of their smaller row, so that clusters stand together.

    Args:
        pairs: ascending.
    """
    swapped = np.sort(pairs << HALF | pairs >> HALF)
    keys = np.empty(len(pairs), np.uint64)
    key_by_neighbour(pairs, swapped, keys)
    keys.sort()
    return pairs[larger(keys)]


@native
def key_by_neighbour(pairs: U64, swapped: U64, keys: U64) -> None:
    """A word for each pair: the first neighbour of its smaller row, and the pair's place.

    Args:
        pairs: ascending.
        swapped: (larger, smaller) of the same pairs, ascending.
        keys: of the same length; filled.
    """
    other = 0
    for place in range(len(pairs)):
        row = pairs[place] >> HALF
        while other < len(swapped) and swapped[other] >> HALF < row:
            other += 1
        first = row
        if other < len(swapped) and swapped[other] >> HALF == row:
            first = swapped[other] & LOWER
        keys[place] = first << HALF | np.uint64(place)


def without_neighbours(values: Array) -> Array:
    """The distinct ones of sorted values."""
    return values[np.concatenate([[True], values[1:] != values[:-1]])] if len(values) else values


def _similarities(comparison: Comparison, pairs: U64) -> F64:
    found = np.empty(len(pairs), np.float64)
    first, number = 0, _PAIRS
    with _Sets(comparison) as sets:
        while first < len(pairs):
            chosen = pairs[first : first + number]
            one, other = smaller(chosen), larger(chosen)
            rows = without_neighbours(np.sort(np.concatenate([one, other])))
            lengths = sets.lengths(rows)
            ends = np.cumsum(lengths, dtype=np.int64)
            if 8 * ends[-1] > comparison.slice_bytes and len(chosen) > 1:
                number = len(chosen) // 2
                continue
            begins = ends - lengths
            near = sets.gather(rows, lengths, begins)
            places = np.searchsorted(rows, one), np.searchsorted(rows, other)
            compare(*places, begins, ends, near, found[first : first + number])
            first += len(chosen)
            if 16 * ends[-1] < comparison.slice_bytes:
                number = min(2 * number, _PAIRS)
    return found


class _Sets:
    """The file of the sets."""

    def __init__(self, comparison: Comparison) -> None:
        self._sizes = Mapped(comparison.work / "sizes.bin", np.uint32)
        self._starts = Mapped(comparison.work / "starts.bin", np.int64)
        self._path = comparison.work / "sets.bin"

    def __enter__(self) -> "_Sets":
        try:
            self._file = self._path.open("rb")
        except OSError as error:
            raise PartError(f"{self._path}: {store.way_out(error)}") from error
        return self

    def __exit__(self, *details: object) -> None:
        self._file.close()

    def lengths(self, rows: U32) -> U32:
        """The sizes of the sets of rows."""
        lengths: U32 = self._sizes.array[rows]
        self._sizes.release()
        return lengths

    def gather(self, rows: U32, lengths: U32, begins: I64) -> U64:
        """The sets of rows one behind the other, each from where it is to begin."""
        near = np.empty(int(begins[-1]) + int(lengths[-1]), np.uint64)
        starts = self._starts.array[rows]
        self._starts.release()
        if not read_sets(self._file.fileno(), starts, lengths, begins, near):
            raise PartError(f"{self._path}: damaged working file; begin anew in another directory")
        return near


@native
def read_sets(file: int, starts: I64, lengths: U32, begins: I64, near: U64) -> bool:
    """Read sets from where they start in a file to where they are to begin; whether all is there.

    Reading costs a quarter of mapping a page and giving it back.
    """
    for row in range(len(starts)):
        place, offset, left = 8 * begins[row], 8 * starts[row], 8 * np.int64(lengths[row])
        while left > 0:
            done = _pread(np.int32(file), near.ctypes.data + place, left, offset)
            if done <= 0:
                return False
            place, offset, left = place + done, offset + done, left - done
    return True


@native
def compare(one: I64, other: I64, begins: I64, ends: I64, sets: U64, found: F64) -> None:
    """The similarities of pairs of sets, each given by its number."""
    for place in range(len(one)):
        a, b = one[place], other[place]
        found[place] = jaccard(sets[begins[a] : ends[a]], sets[begins[b] : ends[b]])
