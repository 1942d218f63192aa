"""Rows that share a band, as pairs.

While a bucket has few rows, all its pairs are taken. In a larger one, every row is paired with its
first rows and with its neighbours in an order that puts rows of similar signatures together, so
that the time is linear, however many rows share a band; the pairs that are left out are counted.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from factory.dedup.bandfile import read_band
from factory.dedup.bits import has_row
from factory.dedup.columns import I64, U32, U64, Flags, key_range, write_columns
from factory.dedup.comparison import Comparison
from factory.dedup.minhash import MinHash
from factory.dedup.sorting import NO_KEYS, find_runs, sort_positions
from factory.shingles.lanes import native

PAIRS = {"pair": pa.uint64()}
"""The smaller row in the upper half, the larger in the lower; sorted within a batch."""
ENTRY_BYTES = 16
_FIRSTS = 4
"""Rows of a large bucket that all others are paired with."""
_NEIGHBOURS = 4
"""Next rows in the order of the signatures that each is paired with."""
_BATCH = 1 << 22
"""Pairs that are sorted at once: 32 MB."""


def pair_bucket_rows(comparison: Comparison, of: int, number: int) -> dict[str, int]:
    """Pair the rows that share a band, for one range of one band's keys."""
    method = comparison.method
    assert isinstance(method, MinHash)
    band, part = divmod(number, of)
    bits = np.fromfile(comparison.work / "collapsed.bits", np.uint8)
    keys, rows, orders = _read_range(comparison, method.cut[0], band, *key_range(part, of), bits)
    members, starts = find_runs(sort_positions(keys), keys, NO_KEYS)
    rows, orders = rows[members], orders[members]
    most = largest_bucket(method.max_bucket_pairs)
    arrange(rows, orders, starts, most)
    counts = {"pairs": 0}

    def batches() -> Iterator[dict[str, U64]]:
        for pairs in pair_rows(rows, starts, most):
            pairs.sort()
            counts["pairs"] += len(pairs)
            yield {"pair": pairs}

    write_columns(comparison.path("pairs", number), batches(), PAIRS)
    sizes = np.diff(starts)
    possible = int((sizes * (sizes - 1) // 2).sum())
    return {
        **counts,
        "skipped_pairs": possible - counts["pairs"],
        "large_buckets": int((sizes > most).sum()),
    }


def largest_bucket(max_pairs: int) -> int:
    """Rows up to which all pairs of a bucket are compared."""
    return max(int((1 + (1 + 8 * max_pairs) ** 0.5) / 2), _FIRSTS + _NEIGHBOURS)


def pair_rows(rows: U32, starts: I64, most: int) -> Iterator[U64]:
    """The pairs of all buckets, some million at a time; each once for a bucket."""
    bucket, place = 0, 0
    while bucket < len(starts) - 1:
        pairs = np.empty(max(_BATCH, 2 * most), np.uint64)
        filled, bucket, place = fill_pairs(rows, starts, most, bucket, place, pairs)
        yield pairs[:filled]


def arrange(rows: U32, orders: U32, starts: I64, most: int) -> None:
    """Put the rows of large buckets, but for the first ones, in the order of their signatures."""
    for bucket in np.flatnonzero(np.diff(starts) > most):
        rest = slice(starts[bucket] + _FIRSTS, starts[bucket + 1])
        rows[rest] = rows[rest][np.argsort(orders[rest], kind="stable")]


@native
def fill_pairs(
    rows: U32, starts: I64, most: int, bucket: int, place: int, pairs: U64
) -> tuple[int, int, int]:
    """Fill pairs from where the last call ended; (number, bucket, place in it) of the next."""
    filled = 0
    while bucket < len(starts) - 1:
        start, stop = starts[bucket], starts[bucket + 1]
        while start + place < stop:
            if filled + most + _FIRSTS + _NEIGHBOURS > len(pairs):
                return filled, bucket, place
            one = start + place
            last = stop
            if stop - start > most and place >= _FIRSTS:
                for other in range(start, start + _FIRSTS):
                    pairs[filled] = packed(rows[one], rows[other])
                    filled += 1
                last = min(stop, one + 1 + _NEIGHBOURS)
            elif stop - start > most:
                last = start + _FIRSTS
            for other in range(one + 1, last):
                pairs[filled] = packed(rows[one], rows[other])
                filled += 1
            place += 1
        bucket, place = bucket + 1, 0
    return filled, bucket, place


@native
def packed(one: np.uint32, other: np.uint32) -> np.uint64:
    """A pair as one word."""
    a, b = np.uint64(min(one, other)), np.uint64(max(one, other))
    return a << np.uint64(32) | b


@native
def _uncollapsed(rows: U32, bits: Flags) -> I64:
    found = np.empty(len(rows), np.int64)
    filled = 0
    for place in range(len(rows)):
        found[filled] = place
        filled += not has_row(bits, rows[place])
    return found[:filled]


def _read_range(
    comparison: Comparison, num_bands: int, band: int, low: int, high: int, bits: Flags
) -> tuple[U64, U32, U32]:
    """Keys of a range, their rows and order bits; ascending rows where keys are equal."""
    parts = [(np.empty(0, np.uint64), np.empty(0, np.uint32), np.empty(0, np.uint32))]
    for number in range(comparison.num_parts):
        base = np.uint32(comparison.bases[number])
        path = comparison.path("bands", number)
        for keys, locals, orders in read_band(path, band, num_bands, low, high):
            rows = locals + base
            chosen = _uncollapsed(rows, bits)
            if len(chosen) == len(rows):
                parts.append((keys, rows, orders))
            else:
                parts.append((keys[chosen], rows[chosen], orders[chosen]))
    keys, rows, orders = (np.concatenate(each) for each in zip(*parts, strict=True))
    return keys, rows, orders
