"""The n-grams of benchmark items as flat arrays, and how each item is to be found.

The rule is that of `factory.decontamination.ngrams`. n-grams that are evidence lie in an open
addressing table behind a filter of bits that stays in a core's cache, since most n-grams of a
corpus are in no item. Items found as a whole run have their n-grams in the same table, or the
rarest one of them where all are boilerplate; items shorter than n, a piece of `min_tokens` tokens.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from factory.decontamination.instructions import own_grams
from factory.decontamination.items import Item
from factory.decontamination.kernel import (
    NONE,
    SHARE,
    TEXT,
    WHOLE,
    fill,
    item_grams,
    run_hash,
)
from factory.decontamination.ngrams import Ngrams
from factory.decontamination.repeats import told_apart
from factory.decontamination.verifying import num_holders
from factory.decontamination.words import Words, words

Longs = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
_NEVER = np.iinfo(np.int32).max
_FEWEST_BITS, _MOST_BITS = 1 << 12, 1 << 27
_BITS_A_GRAM = 16


class Arrays(NamedTuple):
    """What the native passes need; n-grams are numbered in the order of their hashes."""

    keys: Hashes
    slots: npt.NDArray[np.int32]
    bits: Hashes
    shift: int
    """What is left of a hash shifted by it is the place of its word in the filter."""
    spans: Longs
    """Where each n-gram's items begin in `items` and `places`."""
    items: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]
    """The first token of the n-gram in the item."""
    totals: npt.NDArray[np.int32]
    """How many of an item's n-grams are in the table."""
    needed: npt.NDArray[np.int32]
    """How many of an item's n-grams in the table must be in a row."""
    modes: npt.NDArray[np.int8]
    offsets: Longs
    """Where each item's tokens begin in `tokens`."""
    tokens: Hashes
    runs: Hashes
    """The hash of all tokens of each item that is found as one run, else 0."""
    texts: Hashes
    """The hashes of the items that are found as the whole text of a row, sorted."""
    text_items: npt.NDArray[np.int32]
    longest_text: int


class Index(NamedTuple):
    """Benchmark items, ready to be looked for."""

    items: tuple[Item, ...]
    arrays: Arrays
    lengths: Longs
    """Of the n-grams in the table."""
    words: Words
    repeats: dict[int, int]
    """Items that repeat an earlier one but for case and white space, and which one."""
    twins: dict[int, tuple[tuple[int, ...], ...]]
    """For the first of some items with the same tokens, those of each set that signs tell apart."""
    problems: dict[int, str]
    """Items that no n-gram can find, and why: `no_text`, `no_words`, `too_short`, `boilerplate`."""


class _Grams(NamedTuple):
    """The distinct n-grams of each item, sorted by hash, then item."""

    hashes: Hashes
    items: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]
    """Of how many items each is an n-gram."""

    def only(self, chosen: npt.NDArray[Any]) -> "_Grams":
        hashes, items, places, counts = self
        return _Grams(hashes[chosen], items[chosen], places[chosen], counts[chosen])


class _Ways(NamedTuple):
    """How each item is found."""

    modes: npt.NDArray[np.int8]
    totals: npt.NDArray[np.int32]
    needed: npt.NDArray[np.int32]
    grams: _Grams
    """What goes into the table."""
    lengths: Longs


def build_index(items: Sequence[Item], method: Ngrams) -> Index:
    """The index of benchmark items."""
    found = words(pa.array([item.text for item in items], pa.large_string()))
    sizes = np.diff(found.offsets)
    same_as = _first_of_equals(found)
    ways = _ways(found, (same_as == np.arange(len(items))) & (sizes > 0), method)
    texts, text_items = _whole_texts(found, ways.modes)
    runs = np.zeros(len(items), np.uint64)
    for item in np.flatnonzero(ways.modes == WHOLE):
        runs[item] = _run(found, item)
    arrays = Arrays(
        **_table(ways.grams)._asdict(),
        totals=ways.totals,
        needed=ways.needed,
        modes=ways.modes,
        offsets=found.offsets,
        tokens=found.hashes,
        runs=runs,
        texts=texts,
        text_items=text_items,
        longest_text=int(sizes[text_items].max(initial=0)),
    )
    repeats, twins = told_apart(items, same_as)
    return Index(
        items=tuple(items),
        arrays=arrays,
        lengths=ways.lengths,
        words=found,
        repeats=repeats,
        twins=twins,
        problems=_problems(items, sizes, ways.modes[same_as], _piece(method)),
    )


def _piece(method: Ngrams) -> int:
    """Tokens of a piece of an item that is shorter than an n-gram."""
    return min(method.min_tokens, method.ngram)


def _ways(found: Words, first: npt.NDArray[np.bool_], method: Ngrams) -> _Ways:
    """How the items are found of which `first` says that they repeat none and have tokens."""
    sizes, piece = np.diff(found.offsets), _piece(method)
    most = method.most_items(int(first.sum()))
    grams = _grams(found, np.flatnonzero(first & (sizes >= method.ngram)), method.ngram)
    few = np.flatnonzero(first & (sizes >= piece) & (sizes < method.ngram))
    own = np.unique(item_grams(found.hashes, found.offsets, few, piece)[0])
    pieces = _grams(found, np.flatnonzero(first & (sizes >= piece)), piece, own)
    useful = _useful(grams, sizes, method, most)
    totals = np.bincount(useful.items, minlength=sizes.size).astype(np.int32)
    modes = np.where(first, TEXT, NONE).astype(np.int8)
    modes[first & (sizes >= piece)] = WHOLE
    modes[first & (sizes >= 2 * method.ngram) & (totals >= method.ngram)] = SHARE
    # An n-gram that others have too leads to an item that has no other, a piece to a short one.
    leads = _rarest(grams.only(totals[grams.items] == 0))
    short = _rarest(pieces.only(sizes[pieces.items] < method.ngram))
    modes[_boilerplate(leads, grams, found, most)] = TEXT
    modes[_boilerplate(short, pieces, found, most)] = TEXT
    leads, short = (each.only(modes[each.items] == WHOLE) for each in (leads, short))
    totals[leads.items] = totals[short.items] = 1
    needed = np.where(modes == WHOLE, totals, _NEVER).astype(np.int32)
    shared = np.flatnonzero(modes == SHARE)
    needed[shared] = [method.needed(total) for total in totals[shared].tolist()]
    lengths = [method.ngram] if useful.items.size + leads.items.size else []
    lengths += [piece] if short.items.size else []
    together = _together(useful, leads, short)
    return _Ways(modes, totals, needed, together, np.array(lengths, np.int64))


def _useful(grams: _Grams, sizes: Longs, method: Ngrams, most: int) -> _Grams:
    """The n-grams that are evidence; of an item that has enough of its own, those alone."""
    frequent = grams.counts > most
    own = own_grams(grams.items, grams.places, sizes, method.ngram, frequent)
    enough = np.bincount(grams.items[own], minlength=sizes.size) >= method.ngram
    return grams.only(np.where(enough[grams.items], own, ~frequent))


def _whole_texts(found: Words, modes: npt.NDArray[np.int8]) -> tuple[Hashes, npt.NDArray[np.int32]]:
    """The hashes of the items that are found as whole texts, sorted, and the items."""
    items = np.flatnonzero(modes == TEXT).astype(np.int32)
    hashes = np.array([_run(found, item) for item in items], np.uint64)
    order = np.argsort(hashes, kind="stable")
    return hashes[order], items[order]


def _tokens(found: Words, item: int) -> Hashes:
    return found.hashes[found.offsets[item] : found.offsets[item + 1]]


def _run(found: Words, item: int) -> Any:
    return run_hash(_tokens(found, item), found.offsets[item + 1] - found.offsets[item])


def _first_of_equals(found: Words) -> npt.NDArray[np.int32]:
    first: dict[bytes, int] = {}
    num_items = found.offsets.size - 1
    keys = (_tokens(found, item).tobytes() for item in range(num_items))
    return np.array([first.setdefault(key, item) for item, key in enumerate(keys)], np.int32)


def _grams(found: Words, chosen: Longs, length: int, among: Hashes | None = None) -> _Grams:
    """The distinct n-grams of items, all or those `among` some, each where an item has it first."""
    hashes, items, places = item_grams(found.hashes, found.offsets, chosen, length)
    if among is not None:
        wanted = np.isin(hashes, among)
        hashes, items, places = hashes[wanted], items[wanted], places[wanted]
    order = np.argsort(hashes, kind="stable")
    hashes, items, places = hashes[order], items[order], places[order]
    new = np.ones(hashes.size, np.bool_)
    new[1:] = (hashes[1:] != hashes[:-1]) | (items[1:] != items[:-1])
    hashes, items, places = hashes[new], items[new], places[new]
    group = np.cumsum(np.concatenate([[False], hashes[1:] != hashes[:-1]])[: hashes.size])
    return _Grams(hashes, items, places, np.bincount(group)[group])


def _together(*several: _Grams) -> _Grams:
    hashes, items, places, counts = (
        np.concatenate([grams[field] for grams in several]) for field in range(4)
    )
    return _Grams(hashes, items, places, counts)


def _rarest(grams: _Grams) -> _Grams:
    """The n-gram of each item that the fewest items have."""
    order = np.lexsort((grams.places, grams.counts, grams.items))
    _, first = np.unique(grams.items[order], return_index=True)
    return grams.only(order[first])


def _boilerplate(leads: _Grams, source: _Grams, found: Words, most: int) -> list[int]:
    """The items that are part of more than `most` items."""
    frequent = leads.only(leads.counts > most)
    begins = np.searchsorted(source.hashes, frequent.hashes)
    ends = begins + frequent.counts
    return [
        int(item)
        for item, begin, end in zip(frequent.items, begins, ends, strict=True)
        if num_holders(item, source.items[begin:end], found.offsets, found.hashes, most) > most
    ]


class _Table(NamedTuple):
    keys: Hashes
    slots: npt.NDArray[np.int32]
    bits: Hashes
    shift: int
    spans: Longs
    items: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]


def _table(grams: _Grams) -> _Table:
    order = np.argsort(grams.hashes, kind="stable")
    distinct, starts = np.unique(grams.hashes[order], return_index=True)
    num_slots = 1 << (2 * distinct.size).bit_length()
    wanted = 1 << (_BITS_A_GRAM * distinct.size).bit_length()
    keys, slots = np.zeros(num_slots, np.uint64), np.zeros(num_slots, np.int32)
    num_bits = min(max(wanted, _FEWEST_BITS), _MOST_BITS)
    bits, shift = np.zeros(num_bits // 64, np.uint64), 71 - num_bits.bit_length()
    fill(distinct, keys, slots, bits, shift)
    spans = np.append(starts, order.size).astype(np.int64)
    return _Table(keys, slots, bits, shift, spans, grams.items[order], grams.places[order])


def _problems(
    items: Sequence[Item], sizes: Longs, modes: npt.NDArray[np.int8], piece: int
) -> dict[int, str]:
    found: dict[int, str] = {}
    for number, item in enumerate(items):
        if not sizes[number]:
            found[number] = "no_words" if item.text.strip() else "no_text"
        elif modes[number] == TEXT:
            found[number] = "too_short" if sizes[number] < piece else "boilerplate"
    return found
