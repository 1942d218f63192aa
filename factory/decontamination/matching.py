"""From texts to matches: candidates by hashes, then every token compared, then the ends of runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from factory.decontamination import kernel, scanning, verifying
from factory.decontamination.ends import around, goes_on, stands_alone
from factory.decontamination.index import Index
from factory.decontamination.ngrams import Ngrams
from factory.decontamination.repeats import spelled
from factory.decontamination.words import Words, character_table, words
from factory.shingles.buffers import text_buffers
from factory.shingles.hashing import Array


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """A row that holds an item."""

    row: int
    """Its place in the texts."""
    item: int
    overlap: float
    """The share of the item's n-grams that the row has, in (0, 1]; boilerplate is not counted."""
    start: int
    """The longest run that both have: characters of the row from `start` to before `stop`."""
    stop: int
    span: str
    """That run in the row's text."""
    item_start: int
    """The same run in the item's text."""
    item_stop: int
    certain: bool
    """False where a short item stands in the middle of a sentence: see `Ngrams.common_rows`."""


class _Run(NamedTuple):
    """Tokens that a row and an item have in common."""

    item: int
    overlap: float
    start: int
    """The first of them, as a number of the row's tokens."""
    at: int
    """The first of them in the item."""
    size: int
    certain: bool = True


class _Row(NamedTuple):
    """A row and its tokens."""

    raw: bytes
    tokens: Array
    starts: Array
    stops: Array


def find_matches(texts: pa.LargeStringArray, index: Index, method: Ngrams) -> list[Match]:
    """What some texts hold of the items, in the order of the rows, then of the items."""
    buffers = text_buffers(texts)
    rows, items = scanning.scan_rows(*buffers, character_table(), index.lengths, index.arrays)
    held, begins = np.unique(rows, return_index=True)
    some = texts.take(pa.array(held))
    found = words(some)
    matches: list[Match] = []
    for place, candidates in enumerate(np.split(items, begins[1:]) if held.size else []):
        row = _row(some, place, found)
        runs = _runs(row, np.sort(candidates), index, method)
        mine = (each for run in runs for each in _match(int(held[place]), row, run, index))
        matches += sorted(mine, key=attrgetter("item"))
    return matches


def _row(texts: pa.LargeStringArray, place: int, found: Words) -> _Row:
    mine = slice(*found.offsets[place : place + 2])
    raw = texts[place].as_buffer().to_pybytes()
    return _Row(raw, found.hashes[mine], found.starts[mine], found.stops[mine])


def _match(number: int, row: _Row, run: _Run, index: Index) -> Iterator[Match]:
    """A match with the item of the run, and with one of each other set that has the same tokens."""
    start, stop = int(row.starts[run.start]), int(row.stops[run.start + run.size - 1])
    span = row.raw[start:stop].decode("utf-8", "replace")
    begin = _characters(row.raw[:start])
    for item in _named(run.item, span, index):
        item_start, item_stop = _within(item, run, index)
        yield Match(
            row=number,
            item=item,
            overlap=run.overlap,
            start=begin,
            stop=begin + len(span),
            span=span,
            item_start=item_start,
            item_stop=item_stop,
            certain=run.certain,
        )


def _within(item: int, run: _Run, index: Index) -> tuple[int, int]:
    """The characters of a run in the text of an item that has its tokens."""
    first = index.words.offsets[item] + run.at
    text = index.items[item].text.encode()
    start, stop = index.words.starts[first], index.words.stops[first + run.size - 1]
    begin = _characters(text[:start])
    return begin, begin + _characters(text[start:stop])


def _named(item: int, span: str, index: Index) -> Iterator[int]:
    """Of the items of each set with the same tokens one that has the run's signs, or the first."""
    twins = index.twins.get(item, ((item,),))
    said = spelled(span) if item in index.twins else ""
    for mine in twins:
        alike = (twin for twin in mine if len(mine) > 1 and said in spelled(index.items[twin].text))
        yield next(alike, mine[0])


def _characters(raw: bytes) -> int:
    return len(raw.decode("utf-8", "replace"))


def _runs(row: _Row, items: Array, index: Index, method: Ngrams) -> Iterator[_Run]:
    """For each item that a row holds after all, the run of it that the row has."""
    arrays = index.arrays
    counts, best, owners, places = verifying.held(row.tokens, items, index.lengths, arrays)
    for slot, item in enumerate(items.tolist()):
        mode, count = arrays.modes[item], counts[slot]
        if mode == kernel.SHARE and count >= arrays.needed[item]:
            start, at, size = map(int, best[slot])
            yield _Run(item, float(count / arrays.totals[item]), start, at, size)
            continue
        wanted = arrays.tokens[arrays.offsets[item] : arrays.offsets[item + 1]]
        if mode == kernel.TEXT and np.array_equal(row.tokens, wanted):
            yield _Run(item, 1.0, 0, 0, row.tokens.size)
        elif mode == kernel.WHOLE:
            at, certain = _whole(places[owners == slot].tolist(), wanted.size, row, method)
            if at >= 0:
                yield _Run(item, 1.0, at, 0, wanted.size, certain)


def _whole(places: list[int], size: int, row: _Row, method: Ngrams) -> tuple[int, bool]:
    """The best of the places where a row has a whole item, and whether it is certain; -1: none."""
    best = -1
    for at in places:
        edges = around(row.raw, int(row.starts[at]), int(row.stops[at + size - 1]))
        if size < 2 * method.ngram and goes_on(*edges):
            continue
        if size >= method.ngram or stands_alone(*edges):
            return at, True
        best = at if best < 0 else best
    return best, False
