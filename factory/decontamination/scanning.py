"""Texts looked through for the n-grams of an index, in one native pass.

As in `factory.shingles.kernel`, arrays go from function to function one by one: numba counts
references to what a tuple holds, which costs a row as much as its n-grams.
"""

from typing import TYPE_CHECKING

import numpy as np

from factory.decontamination.kernel import (
    BASE,
    SHARED,
    bits_of,
    find,
    long_words,
    mixed,
    power,
    row_words,
    run_hash,
    spans,
)
from factory.shingles.hashing import U64, Array, Int
from factory.shingles.kernel import grown, largest, work_space
from factory.shingles.lanes import native, part

if TYPE_CHECKING:
    from factory.decontamination.index import Arrays


@part
def hits(
    tokens: Array, count: Int, length: Int, bits: Array, shift: Int, keys: Array, slots: Array,
    out: Array, found: Int,
) -> Int:  # fmt: skip
    """Write the numbers of the index's n-grams among `count` tokens to `out[found:]`.

    Returns:
        `found`, and as many more.
    """
    oldest = power(length)
    value = before = U64(0)
    for place in range(min(length - 1, count)):
        value = value * BASE + tokens[U64(place)]
    for place in range(length - 1, count):
        value = value * BASE + tokens[U64(place)] - before
        before = tokens[U64(place - length + 1)] * oldest
        gram = mixed(value, length)
        wanted = bits_of(gram)
        if bits[gram >> U64(shift)] & wanted == wanted:
            number = find(gram, keys, slots)
            if number >= 0:
                out[found] = number
                found += 1
    return found


@part
def count_items(
    numbers: Array, num_hits: Int, row: Int, seen: Array, starts: Array, items: Array,
    counts: Array, touched: Array,
) -> Int:  # fmt: skip
    """Count for each item its distinct n-grams among those of a row; returns how many items.

    Args:
        numbers: of the n-grams.
        num_hits: how many.
        row: its number.
        seen: for each n-gram the last row that had it, plus one.
        starts: where each n-gram's items begin.
        items: of all n-grams.
        counts: for each item, 0 before.
        touched: receives the items.
    """
    num_touched = 0
    for i in range(num_hits):
        number = numbers[i]
        if seen[number] == row + 1:
            continue
        seen[number] = row + 1
        for posting in range(starts[number], starts[number + 1]):
            item = items[posting]
            if counts[item] == 0:
                touched[num_touched] = item
                num_touched += 1
            counts[item] += 1
    return num_touched


@native
def scan_rows(
    data: Array, offsets: Array, valid: Array, characters: Array, lengths: Array, index: "Arrays"
) -> tuple[Array, Array]:
    """Rows and the items that they may hold: those of which they have enough n-grams.

    Args:
        data: the bytes of all texts.
        offsets: where each begins.
        valid: which are looked through.
        characters: the table of `factory.shingles.unicode.characters`.
        lengths: of the index's n-grams.
        index: its arrays.

    Returns:
        (row, item) of each candidate, in the order of the rows.
    """
    bits, shift, keys, slots = index.bits, index.shift, index.keys, index.slots
    starts, items, needed = index.spans, index.items, index.needed
    texts, text_items, longest_text = index.texts, index.text_items, index.longest_text
    rows, held = np.empty(256, np.int64), np.empty(256, np.int64)
    found = 0
    seen = np.zeros(starts.size, np.int32)
    counts = np.zeros(needed.size, np.int32)
    touched = np.empty(needed.size, np.int32)
    size = largest(offsets)
    text, _, state, firsts, lasts, tokens, _ = work_space(size)
    numbers = np.empty(lengths.size * (size + 8), np.int32)
    none, nothing = spans(0)
    for row in range(offsets.size - 1):
        start, stop = offsets[row], offsets[row + 1]
        if not valid[row]:
            continue
        num_hits, whole = 0, U64(0)
        if stop - start <= SHARED:
            count = row_words(
                data, start, stop, characters, text, state, firsts, lasts, tokens, none, nothing
            )
            for length in lengths:
                num_hits = hits(tokens, count, length, bits, shift, keys, slots, numbers, num_hits)
            num_touched = count_items(numbers, num_hits, row, seen, starts, items, counts, touched)
            if 0 < count <= longest_text:
                whole = run_hash(tokens, count)
        else:
            count, many, _, _ = long_words(data, start, stop, characters, False)
            own = np.empty(lengths.size * count, np.int32)
            for length in lengths:
                num_hits = hits(many, count, length, bits, shift, keys, slots, own, num_hits)
            num_touched = count_items(own, num_hits, row, seen, starts, items, counts, touched)
            if 0 < count <= longest_text:
                whole = run_hash(many, count)
        if whole != U64(0):
            at = np.searchsorted(texts, whole)
            if at < texts.size and texts[at] == whole:
                touched[num_touched] = text_items[at]
                num_touched += 1
                counts[text_items[at]] = needed[text_items[at]]
        if num_touched == 0:
            continue
        rows, held = grown(rows, found, num_touched), grown(held, found, num_touched)
        for i in range(num_touched):
            item = touched[i]
            if counts[item] >= needed[item]:
                rows[found], held[found] = row, item
                found += 1
            counts[item] = 0
    return rows[:found], held[:found]
