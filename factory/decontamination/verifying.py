"""What a row has of the items that it may hold, token by token, in one pass over the row."""

from typing import TYPE_CHECKING

import numpy as np

from factory.decontamination.kernel import (
    BASE,
    SHARE,
    WHOLE,
    bits_of,
    equal,
    find,
    gram_hashes,
    mixed,
    power,
    run_hash,
)
from factory.shingles.hashing import U64, Array, Int
from factory.shingles.kernel import grown
from factory.shingles.lanes import native, part

if TYPE_CHECKING:
    from factory.decontamination.index import Arrays

_LONG = 128
_MOST_PLACES = 1_000
"""Places of a short item in a row that are looked at."""


@native
def num_holders(item: Int, others: Array, offsets: Array, tokens: Array, most: Int) -> Int:
    """How many of some items hold all tokens of one as a run; counted up to `most + 1`."""
    run = tokens[offsets[item] : offsets[item + 1]]
    wanted = run_hash(run, run.size)
    count = 0
    for other in others:
        held = gram_hashes(tokens[offsets[other] : offsets[other + 1]], run.size)
        if other != item and np.any(held == wanted):
            count += 1
            if count > most:
                break
    return count


@part
def follow(row: Array, run: Array, start: Int, at: Int, size: Int, low: Int) -> tuple[Int, Int]:
    """How many equal tokens are before `row[start]`, down to `low`, and from it on, past `size`."""
    before, after = 0, size
    while start - before > low and at > before and row[start - before - 1] == run[at - before - 1]:
        before += 1
    while (
        start + after < row.size
        and at + after < run.size
        and row[start + after] == run[at + after]
    ):  # fmt: skip
        after += 1
    return before, after


@native
def held(
    row: Array, items: Array, lengths: Array, index: "Arrays"
) -> tuple[Array, Array, Array, Array]:
    """What a row's tokens have of some items.

    Args:
        row: its tokens.
        items: candidates, rising.
        lengths: of the index's n-grams.
        index: its arrays.

    Returns:
        For each item that is found by its n-grams, how many of them are in the row, and the longest
        run of tokens that both have, (start in the row, start in the item, length). For items that
        are found as one run, the places where the run begins, as two arrays: the item's position in
        `items`, and the place.
    """
    bases = np.zeros(items.size + 1, np.int64)
    for slot in range(items.size):
        bases[slot + 1] = bases[slot] + index.offsets[items[slot] + 1] - index.offsets[items[slot]]
    seen = np.zeros(bases[items.size], np.bool_)
    counts, ends = np.zeros(items.size, np.int64), np.zeros(items.size, np.int64)
    best = np.zeros((items.size, 3), np.int64)
    owners, places = np.empty(16, np.int64), np.empty(16, np.int64)
    num_places = 0
    sums = np.zeros(row.size + 1, np.uint64)
    for place in range(row.size):
        sums[place + 1] = sums[place] * BASE + row[place]
    for length in lengths:
        factor = power(length)
        for start in range(row.size - length + 1):
            gram = mixed(sums[start + length] - sums[start] * factor, length)
            wanted = bits_of(gram)
            if index.bits[gram >> U64(index.shift)] & wanted != wanted:
                continue
            number = find(gram, index.keys, index.slots)
            if number < 0:
                continue
            for posting in range(index.spans[number], index.spans[number + 1]):
                item, at = index.items[posting], np.int64(index.places[posting])
                slot = np.searchsorted(items, item)
                if slot == items.size or items[slot] != item:
                    continue
                run = index.tokens[index.offsets[item] : index.offsets[item + 1]]
                if index.modes[item] == SHARE:
                    inside = start + length <= ends[slot]  # of a run that was followed to its end
                    known = seen[bases[slot] + at]
                    if (known and inside) or not equal(row, run, start, at, length):
                        continue
                    seen[bases[slot] + at] = True
                    counts[slot] += not known
                    if not inside:
                        before, after = follow(row, run, start, at, length, ends[slot])
                        ends[slot] = start + after
                        if before + after > best[slot, 2]:
                            best[slot, 0], best[slot, 1] = start - before, at - before
                            best[slot, 2] = before + after
                elif index.modes[item] == WHOLE:
                    begin, end = start - at, start - at + run.size
                    most = 1 if run.size > _LONG else _MOST_PLACES
                    if begin < ends[slot] or end > row.size or counts[slot] == most:
                        continue
                    whole = mixed(sums[end] - sums[begin] * power(run.size), run.size)
                    if whole != index.runs[item] or not equal(row, run, begin, 0, run.size):
                        continue
                    ends[slot] = begin + 1
                    counts[slot] += 1
                    owners, places = grown(owners, num_places, 1), grown(places, num_places, 1)
                    owners[num_places], places[num_places] = slot, begin
                    num_places += 1
    return counts, best, owners[:num_places], places[:num_places]
