"""Rows with the same 64-bit key, found by sorting; loops over flat arrays, without the GIL."""

import numpy as np

from factory.dedup.columns import I64, U64
from factory.shingles.lanes import native

NO_KEYS = np.empty(0, np.uint64)


@native
def mix(value: np.uint64) -> np.uint64:
    """A 64-bit hash of a 64-bit value (the finaliser of splitmix64, Steele et al. 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def sort_positions(keys: U64) -> U64:
    """The positions of keys in the order of the keys, equal ones in that of their positions.

    Returns:
        Words of the highest bits of a key and, below, as many bits of its position as `mask_of`
        says. Keys whose order their highest bits cannot tell stand together, but not in order.
    """
    mask = np.uint64(mask_of(len(keys)))
    words = keys & ~mask
    words |= np.arange(len(keys), dtype=np.uint64)
    words.sort()  # ten times as fast as sorting positions by their keys
    return words


def key_order(keys: U64) -> I64:
    """The positions of keys as `sort_positions` orders them."""
    return (sort_positions(keys) & np.uint64(mask_of(len(keys)))).view(np.int64)


@native
def mask_of(number: int) -> int:
    """The bits of a word of `sort_positions` that hold one of so many positions."""
    mask = 1
    while (number - 1) & ~mask > 0:
        mask = mask << 1 | 1
    return mask


def find_runs(words: U64, keys: U64, more: U64) -> tuple[I64, I64]:
    """The positions whose keys are not alone, those with the same keys together.

    Args:
        words: from `sort_positions` of the keys.
        keys: uint64, shape (n,).
        more: a second key that must agree as well, shape (n,), or `NO_KEYS`.

    Returns:
        The positions, in ascending order within a run; and where each run starts, and the end.
    """
    mask = np.uint64(mask_of(len(words)))
    for start, stop in zip(*find_mixed(words, keys, more), strict=True):
        positions = words[start:stop] & mask
        columns = [positions, *([more[positions]] if len(more) else []), keys[positions]]
        words[start:stop] = (words[start:stop] & ~mask) | positions[np.lexsort(columns)]
    return gather_runs(words, keys, more)


@native
def find_mixed(words: U64, keys: U64, more: U64) -> tuple[I64, I64]:
    """Bounds of the few stretches of words whose highest bits agree, but not their keys."""
    mask = np.uint64(mask_of(len(words)))
    starts, stops = np.empty(16, np.int64), np.empty(16, np.int64)
    found = start = 0
    while start < len(words):
        stop = start + 1
        mixed = False
        while stop < len(words) and words[start] & ~mask == words[stop] & ~mask:
            mixed = mixed or not _equal(keys, more, words[start] & mask, words[stop] & mask)
            stop += 1
        if mixed:
            if found == len(starts):
                starts = np.concatenate((starts, np.empty_like(starts)))
                stops = np.concatenate((stops, np.empty_like(stops)))
            starts[found], stops[found] = start, stop
            found += 1
        start = stop
    return starts[:found], stops[:found]


@native
def gather_runs(words: U64, keys: U64, more: U64) -> tuple[I64, I64]:
    """What `find_runs` returns, of words in the order of their keys."""
    mask = np.uint64(mask_of(len(words)))
    members = np.empty(len(words), np.int64)
    starts = np.empty(len(words) // 2 + 1, np.int64)
    filled = num_runs = 0
    alone = True
    for place in range(1, len(words)):
        last, this = words[place - 1], words[place]
        same = last & ~mask == this & ~mask
        if not same or not _equal(keys, more, last & mask, this & mask):
            alone = True
            continue
        if alone:
            starts[num_runs] = filled
            num_runs += 1
            members[filled] = last & mask
            filled += 1
            alone = False
        members[filled] = this & mask
        filled += 1
    starts[num_runs] = filled
    return members[:filled].copy(), starts[: num_runs + 1].copy()


@native
def _equal(keys: U64, more: U64, one: int, other: int) -> bool:
    return keys[one] == keys[other] and (len(more) == 0 or more[one] == more[other])
