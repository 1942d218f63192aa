"""The distinct ones of many hashes, and hashes in order.

The hashes are mixed well, so that their first bits spread them evenly: a row is sorted by laying
the hashes out by those bits, which leaves little to exchange.
"""

import numpy as np

from factory.shingles.hashing import U64, Array, Int, signed
from factory.shingles.lanes import part

TABLE = 1 << 16
"""Hashes of work space."""
_COUNTERS = 1 << 11
_SPARE = TABLE - 2 * _COUNTERS
_FEW = 1 << 14
"""Hashes up to which a table of four times as many places is kept."""
_MAP = 1 << 10
"""Words of the bitmap in which a hash that came before, or one like it, is noticed."""
_SUSPECTS = 8
_ONCE = 1 << 13
"""Hashes up to which they are laid out once."""
_ONE = U64(1)
_SIX = U64(6)
_BITS = U64(63)


@part
def distinct(hashes: Array, count: Int, table: Array) -> Int:
    """Move the distinct ones of `count` hashes, none of them 0, to the front; returns how many.

    `table` is work space of 65536 hashes.
    """
    if count > _FEW:
        sort_hashes(hashes, count, table)
        return without_neighbours(hashes, count)
    for i in range(_MAP):
        table[i] = U64(0)
    num_suspects = 0
    for i in range(count):
        value = hashes[i]
        word = (value >> _SIX) & U64(_MAP - 1)
        bits = table[word]
        table[word] = bits | (_ONE << (value & _BITS))
        table[_MAP + num_suspects] = U64(i)
        num_suspects += signed((bits >> (value & _BITS)) & _ONE)
    if num_suspects > _SUSPECTS:
        return without_repeated(hashes, count, table)
    repeated = 0
    for suspect in range(num_suspects):
        i = signed(table[_MAP + suspect])
        value = hashes[i]
        before = 0
        for j in range(i):
            before += hashes[j] == value
        if before:
            hashes[i] = U64(0)
            repeated += 1
    return without_zeros(hashes, count) if repeated else count


@part
def without_zeros(hashes: Array, count: Int) -> Int:
    """Move those of `count` hashes that are not 0 to the front; returns how many."""
    found = 0
    for i in range(count):
        value = hashes[i]
        hashes[found] = value
        found += value != U64(0)
    return found


@part
def without_neighbours(hashes: Array, count: Int) -> Int:
    """Move the distinct ones of `count` sorted hashes to the front; returns how many."""
    found = min(count, 1)
    for i in range(1, count):
        value = hashes[i]
        if value != hashes[found - 1]:
            hashes[found] = value
            found += 1
    return found


@part
def without_repeated(hashes: Array, count: Int, table: Array) -> Int:
    """As `distinct`, by a table with open addressing."""
    size = 64
    while size < 4 * count:
        size *= 2
    for i in range(size):
        table[i] = U64(0)
    mask = U64(size - 1)
    found = 0
    for i in range(count):
        value = hashes[i]
        slot = value & mask
        while table[slot] != U64(0) and table[slot] != value:
            slot = (slot + _ONE) & mask
        if table[slot] == U64(0):
            table[slot] = value
            hashes[found] = value
            found += 1
    return found


@part
def sort_hashes(hashes: Array, count: Int, table: Array) -> None:
    """Sort `count` hashes; more than 61440 take as much work space of their own."""
    if count > 16:
        spare = table if count <= _SPARE else np.empty(count, np.uint64)
        bits = spread(hashes, 0, count, 64, spare, table, _SPARE)
        start = 0
        for bucket in range(1 << bits if count > _ONCE else 0):
            stop = signed(table[_SPARE + bucket])
            spread(spare, start, stop, 64 - bits, hashes, table, _SPARE + _COUNTERS)
            start = stop
        for i in range(start, count):
            hashes[i] = spare[i]
    for i in range(1, count):
        value = hashes[i]
        j = i
        while j > 0 and hashes[j - 1] > value:
            hashes[j] = hashes[j - 1]
            j -= 1
        hashes[j] = value


@part
def spread(
    source: Array, start: Int, stop: Int, below: Int, target: Array, table: Array, counters: Int
) -> Int:
    """Lay `source[start:stop]` out in `target[start:stop]` by the bits below bit `below`.

    Returns:
        How many bits, up to 11; `table[counters:]` has the end of each of so many buckets.
    """
    bits = 1
    while 1 << bits < stop - start and bits < 11:
        bits += 1
    shift = U64(below - bits)
    mask = U64((1 << bits) - 1)
    for bucket in range(1 << bits):
        table[counters + bucket] = U64(0)
    for i in range(start, stop):
        table[U64(counters) + ((source[i] >> shift) & mask)] += _ONE
    before = U64(start)
    for bucket in range(1 << bits):
        width = table[counters + bucket]
        table[counters + bucket] = before
        before += width
    for i in range(start, stop):
        value = source[i]
        slot = U64(counters) + ((value >> shift) & mask)
        target[table[slot]] = value
        table[slot] += _ONE
    return bits
