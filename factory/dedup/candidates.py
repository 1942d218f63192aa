"""The pairs of all bands, each once, without those whose sizes alone tell them apart."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from factory.dedup.bits import add_rows, no_rows
from factory.dedup.buckets import PAIRS
from factory.dedup.columns import U32, U64, Flags, bounds, flat, read_batches, write_columns
from factory.dedup.comparison import Comparison
from factory.dedup.mapped import Mapped
from factory.dedup.minhash import MinHash
from factory.shingles.lanes import native

HALF = np.uint64(32)
LOWER = np.uint64(0xFFFFFFFF)
"""Of a pair as one word: the shift to the smaller row, and the bits of the larger."""
_PAIR_BYTES = 32
"""A pair while it is sorted and checked."""


def cut_pairs(comparison: Comparison, num_files: int) -> list[int]:
    """Bounds of ranges of pairs, from 0 to 2**64, so that the pairs of each fit a slice."""
    batches = list(_batches(comparison, num_files))
    total = sum(map(len, batches))
    most = max(comparison.slice_bytes // _PAIR_BYTES, 1)
    if total <= most:
        return [0, 1 << 64]
    step = max(most // (4 * len(batches)), 1)
    samples = np.sort(np.concatenate([batch[step - 1 :: step] for batch in batches]))
    chosen = np.unique(samples[most // step - 1 :: max(most // step, 1)])
    return [0, *(int(each) for each in chosen if each), 1 << 64]


def unite_pairs(comparison: Comparison, num_files: int, cuts: list[int], number: int) -> Any:
    """Write the pairs of one range, each once."""
    method = comparison.method
    assert isinstance(method, MinHash)
    low, high = cuts[number], cuts[number + 1]
    found = [batch[bounds(batch, low, high)] for batch in _batches(comparison, num_files)]
    pairs = np.concatenate([np.empty(0, np.uint64), *found])
    pairs.sort()
    sizes = Mapped(comparison.work / "sizes.bin", np.uint32)
    kept = keep_distinct(pairs, sizes.array, method.threshold)
    write_columns(comparison.path("candidates", number), [{"pair": pairs[:kept]}], PAIRS)
    return {"candidates": kept}


def candidate_rows(comparison: Comparison, num_ranges: int) -> Flags:
    """The set of the rows that stand in a pair."""
    bits = no_rows(comparison.num_rows)
    for number in range(num_ranges):
        for batch in read_batches(comparison.path("candidates", number)):
            pairs = flat(batch, "pair")
            add_rows(bits, smaller(pairs))
            add_rows(bits, larger(pairs))
    return bits


def smaller(pairs: U64) -> U32:
    """The smaller row of each pair."""
    return (pairs >> HALF).astype(np.uint32)


def larger(pairs: U64) -> U32:
    """The larger row of each pair."""
    return (pairs & LOWER).astype(np.uint32)


@native
def keep_distinct(pairs: U64, sizes: U32, threshold: float) -> int:
    """Move the distinct pairs, whose sizes allow the similarity, to the front; their number."""
    kept = 0
    last = ~np.uint64(0)  # of no two rows
    for pair in pairs:
        if pair == last:
            continue
        last = pair
        one, other = sizes[pair >> HALF], sizes[pair & LOWER]
        # Two sets are at most as similar as the smaller is to the larger. Division rounds both
        # sides alike, so that no pair is lost that the check would keep.
        if min(one, other) / max(one, other) >= threshold:
            pairs[kept] = pair
            kept += 1
    return kept


def _batches(comparison: Comparison, num_files: int) -> Iterator[U64]:
    for number in range(num_files):
        for batch in read_batches(comparison.path("pairs", number)):
            yield flat(batch, "pair")
