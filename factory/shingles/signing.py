"""What is kept of a row's shingles: their number, the hash of their set, signature and bands."""

import numpy as np

from factory.shingles.hashing import Array, Int, band_hash, set_hash
from factory.shingles.lanes import SLACK, inlined, part
from factory.shingles.vectors import PERMUTATIONS, least, prepare

_AT_ONCE = 4096
"""Hashes that are put under all permutations at a time, while they are in the cache."""
LANES = _AT_ONCE + SLACK
MOST = np.uint32(2**32 - 1)


@inlined
def sign(
    hashes: Array, count: Int, factors: Array, shifts: Array, lanes: Array, out: Array
) -> None:
    """Write the MinHash signature of `count` shingle hashes to `out`.

    Args:
        hashes: distinct or not.
        count: how many.
        factors: one a permutation, as many as a multiple of 64.
        shifts: likewise.
        lanes: work space of `LANES` values.
        out: one value a permutation.
    """
    for i in range(out.size):
        out[i] = MOST
    for start in range(0, count, _AT_ONCE):
        width = min(_AT_ONCE, count - start)
        prepare(hashes, start, width, lanes)
        for first in range(0, out.size, PERMUTATIONS):
            least(lanes, width, factors, shifts, first, out)


@part
def write_sketch(
    hashes: Array, count: Int, row: Int, factors: Array, shifts: Array, lanes: Array,
    minima: Array, bands: Int, rows: Int,
    num_shingles: Array, set_hashes: Array, signature: Array, keys: Array,
) -> None:  # fmt: skip
    """Write the sketch of one row from its distinct shingle hashes."""
    num_shingles[row] = np.uint32(count)
    set_hashes[row, 0], set_hashes[row, 1] = set_hash(hashes, count)
    sign(hashes, count, factors, shifts, lanes, minima)
    for i in range(signature.shape[1]):
        signature[row, i] = minima[i]
    for band in range(bands):
        keys[row, band] = band_hash(minima, band, rows)
