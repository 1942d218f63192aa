"""Made-up text by the gigabyte: the words, phrases and passages, and what writes rows of them.

Words are drawn by a Zipf-like law, one in ten of the draws is a phrase of three to eight words from
a common stock, and one text in eight ends in one of forty standing passages: unrelated texts share
n-grams, as real ones do. A row is a pure function of (seed, family, member), so that a corpus of
any size is written as a stream, and relatives may stand anywhere in it.

While a row is made, a word is an int64: its number in the vocabulary, or `NUMBER` plus a value; the
bits from `COMMA` on say what follows it, which the plain style leaves out.
"""

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final

import numpy as np
from numba import njit

KINDS: Final = (
    "unique", "short", "exact", "folded", "near", "chain", "cluster", "template", "popular",
)  # fmt: skip
"""What a family of rows is; `KINDS.index` is its code."""
UNIQUE, SHORT, EXACT, FOLDED, NEAR, CHAIN, CLUSTER, TEMPLATE, POPULAR = range(len(KINDS))

NUM_WORDS: Final = 30_000
NUM_PHRASES: Final = 4_000
PHRASE: Final = 8
NUM_PASSAGES: Final = 40
PASSAGE: Final = 64
NUMBER = 1 << 24
COMMA, STOP, BREAK = 1 << 32, 1 << 33, 1 << 34
BARE = COMMA - 1
MAX_BYTES: Final = 20
"""Of a written word with what follows it: a bound."""


@dataclass(frozen=True)
class Stock:
    """The tables that rows are made of."""

    letters: np.ndarray  # uint8: all words, one after the other
    starts: np.ndarray  # int64, shape (NUM_WORDS + 1,)
    words: np.ndarray  # int32: word numbers, each as often as it is likely
    phrases: np.ndarray  # int32, shape (NUM_PHRASES, PHRASE + 1): length, then words
    popular: np.ndarray  # int32: phrase numbers, each as often as it is likely
    passages: np.ndarray  # int32, shape (NUM_PASSAGES, PASSAGE + 1): length, then words

    @property
    def tables(self) -> tuple[np.ndarray, ...]:
        """In the order that the kernels take them."""
        return self.letters, self.starts, self.words, self.phrases, self.popular, self.passages


@cache
def stock(seed: int) -> Stock:
    """The words, phrases and passages of a seed."""
    draw = Random(f"stock {seed}")
    vocabulary = _vocabulary(draw)
    letters = np.frombuffer("".join(vocabulary).encode(), dtype=np.uint8).copy()
    starts = np.cumsum([0, *map(len, vocabulary)], dtype=np.int64)
    words = _zipf(NUM_WORDS, 1 << 18)
    return Stock(
        letters,
        starts,
        words,
        _passages(draw, words, NUM_PHRASES, 3, PHRASE),
        _zipf(NUM_PHRASES, 1 << 16),
        _passages(draw, words, NUM_PASSAGES, 20, PASSAGE),
    )


def _vocabulary(draw: Random) -> list[str]:
    """Different words, the frequent ones short."""
    found: dict[str, None] = {}
    while len(found) < NUM_WORDS:
        syllables = draw.choice(
            (1, 1, 2) if len(found) < 120 else (2, 2, 3) if len(found) < 9_000 else (3, 4)
        )
        word = "".join(
            draw.choice("bcdfghklmnprstvw")
            + draw.choice("aeiou")
            + draw.choice(("", "", "", "n", "r", "s", "t"))
            for _ in range(syllables)
        )
        found.setdefault(word)
    return list(found)


def _zipf(number: int, size: int) -> np.ndarray:
    """Numbers below `number`, in a table of about `size`, each as often as its rank says."""
    weight = 1 / (np.arange(number) + 2.7)
    times = np.maximum(1, np.rint(weight / weight.sum() * size)).astype(np.int64)
    return np.repeat(np.arange(number, dtype=np.int32), times)


def _passages(draw: Random, words: np.ndarray, number: int, low: int, high: int) -> np.ndarray:
    """Fixed runs of words: a row each, its length first."""
    table = np.zeros((number, high + 1), dtype=np.int32)
    for row in table:
        row[0] = draw.randint(low, high)
        row[1:] = words[[draw.randrange(len(words)) for _ in range(high)]]
    return table


@njit(cache=True, nogil=True)
def _mix(x: np.uint64) -> np.uint64:
    """The finaliser of splitmix64 (https://prng.di.unimi.it/splitmix64.c)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def _seed(state: np.ndarray, seed: int, family: int, member: int) -> None:
    """Begin the draws of one member of one family, or of the family where member is -1."""
    x = _mix(np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15))
    x = _mix(x ^ np.uint64(family))
    state[0] = _mix(x ^ np.uint64(member + 1))


@njit(cache=True, nogil=True)
def _below(state: np.ndarray, limit: int) -> int:
    """A whole number in [0, limit)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    return np.int64(_mix(state[0]) >> np.uint64(1)) % limit


@njit(cache=True, nogil=True)
def _between(state: np.ndarray, low: float, high: float) -> float:
    """A number in [low, high)."""
    return low + (high - low) * (_below(state, 1 << 53) / (1 << 53))


@njit(cache=True, nogil=True)
def _base(state, tables, length, out) -> int:
    """Fill in the text of a family; the number of its words is returned."""
    _, _, words, phrases, popular, passages = tables
    n, until_stop = 0, 6 + _below(state, 18)
    while n < length:
        what = _below(state, 100)
        if what < 10:
            phrase = phrases[popular[_below(state, len(popular))]]
            for i in range(phrase[0]):
                out[n + i] = phrase[i + 1]
            n += phrase[0]
        else:
            one = words[_below(state, len(words))]
            out[n] = NUMBER + _below(state, 1_000) if what == 99 else one
            n += 1
        if n >= until_stop:
            out[n - 1] |= BREAK if _below(state, 7) == 0 else STOP
            until_stop = n + 6 + _below(state, 18)
        elif what < 17:
            out[n - 1] |= COMMA
    n = length
    if _below(state, 8) == 0:
        # A standing passage, the first ones oftener than the last.
        passage = passages[_below(state, 1 + _below(state, len(passages)))]
        for i in range(passage[0]):
            out[n + i] = passage[i + 1]
        n += passage[0]
    out[n - 1] |= STOP
    return n


@njit(cache=True, nogil=True)
def _swap(out, start, middle, stop) -> None:
    """Let two neighbouring stretches change places: three times turn a stretch round."""
    for low, high in ((start, middle), (middle, stop), (start, stop)):
        for i in range((high - low) // 2):
            out[low + i], out[high - 1 - i] = out[high - 1 - i], out[low + i]


@njit(cache=True, nogil=True)
def _edit(state, tables, similarity, out, n) -> int:
    """Change a text until about `similarity` of its word 5-grams are left, as Jaccard counts.

    A word that is replaced costs each side five 5-grams, an inserted or deleted one four and five,
    a sentence that moves twelve.
    """
    words = tables[2]
    budget = max(n - 4, 1) * (1 - similarity) / (1 + similarity) + _between(state, -5, 0)
    all_of_it = budget
    while (budget > 0 or budget == all_of_it) and n > 12:
        what, at = _below(state, 20), _below(state, n)
        if what < 11:
            out[at] = words[_below(state, len(words))] + (out[at] & ~BARE)
            budget -= 5
        elif what < 14:
            for i in range(n, at, -1):
                out[i] = out[i - 1]
            out[at] = words[_below(state, len(words))]
            n += 1
            budget -= 4.5
        elif what < 17:
            for i in range(at, n - 1):
                out[i] = out[i + 1]
            n -= 1
            budget -= 4.5
        elif budget > 10 and n > 60:
            length, width = 8 + _below(state, 12), 5 + _below(state, n - 40)
            begin = _below(state, n - length - width + 1)
            _swap(out, begin, begin + length, begin + length + width)
            budget -= 12
    return n


@njit(cache=True, nogil=True)
def _near(state: np.ndarray) -> float:
    """How similar a near duplicate is to be: many just below and just above 0.8."""
    part = _below(state, 100)
    if part < 45:
        return _between(state, 0.70, 0.80)
    if part < 75:
        return _between(state, 0.80, 0.90)
    return _between(state, 0.90, 0.99) if part < 85 else _between(state, 0.50, 0.70)


@njit(cache=True, nogil=True)
def _fill(state, family, member, seed, out, n) -> None:
    """Put numbers of its own into a member of a template, which its family places."""
    similarity = (
        _between(state, 0.70, 0.80) if _below(state, 5) < 3 else _between(state, 0.80, 0.95)
    )
    slots = max(1, round((n - 4) * (1 - similarity) / (1 + similarity) / 5))
    gap = n / slots
    shift = _below(state, max(1, int(gap)))
    _seed(state, seed, family, member)
    for slot in range(slots):
        at = int(slot * gap) + shift
        if at < n:
            out[at] = NUMBER + 1_000 + _below(state, 9_000_000) + (out[at] & ~BARE)


@njit(cache=True, nogil=True)
def _words(state, tables, seed, kind, family, member, length, out) -> int:
    """The words of one row; their number is returned, and the state is the member's own."""
    _seed(state, seed, family, -1)
    n = _base(state, tables, length, out)
    if kind == TEMPLATE:
        _fill(state, family, member, seed, out, n)
    elif kind == CHAIN:
        for step in range(1, member + 1):
            _seed(state, seed, family, step)
            n = _edit(state, tables, _between(state, 0.83, 0.93), out, n)
    elif member and kind in (NEAR, CLUSTER):
        _seed(state, seed, family, member)
        similarity = _near(state) if kind == NEAR else _between(state, 0.88, 0.99)
        n = _edit(state, tables, similarity, out, n)
    elif kind == FOLDED:
        _seed(state, seed, family, member)
    return n


@njit(cache=True, nogil=True)
def _number(value, target, end) -> int:
    """Write a whole number; where it ends is returned."""
    digits = 1
    while 10**digits <= value:
        digits += 1
    for i in range(digits):
        target[end + digits - 1 - i] = 48 + value % 10
        value //= 10
    return end + digits


@njit(cache=True, nogil=True)
def _write(state, tables, out, n, prose, folded, target, end) -> int:
    """Write a row's words as text; where it ends is returned."""
    letters, starts = tables[0], tables[1]
    case = _below(state, 3) if folded else -1
    spaces = _below(state, 3) if folded else -1
    capital = prose
    for i in range(n):
        word, after = out[i] & BARE, out[i] & ~BARE
        first = end
        if word >= NUMBER:
            end = _number(word - NUMBER, target, end)
        else:
            length = starts[word + 1] - starts[word]
            for at in range(length):
                target[end + at] = letters[starts[word] + at]
            end += length
        upper = end if case == 0 or (case == 2 and _below(state, 4) == 0) else first
        if case == 1 or capital:
            upper = max(upper, first + 1)
        for at in range(first, upper):
            if target[at] >= 97:
                target[at] -= 32
        capital = prose and after >= STOP
        if prose and after:
            target[end] = 44 if after == COMMA else 46
            end += 1
        if i + 1 == n:
            break
        target[end] = 10 if prose and after >= BREAK else 32
        end += 1
        if spaces == 0 or (spaces == 1 and _below(state, 9) == 0):
            target[end] = 10 if spaces == 1 else 32
            end += 1
    if spaces == 2:
        target[end] = target[end + 1] = 10
        end += 2
    return end


@njit(cache=True, nogil=True)
def write_rows(tables, seed, rows, prose, target, offsets) -> None:
    """Write rows one after the other.

    Args:
        tables: `Stock.tables`.
        seed: of the corpus.
        rows: int64, shape (num_rows, 4): kind, family, member, words.
        prose: with sentences, capitals and paragraphs instead of words and single spaces.
        target: uint8, room for `room_for`.
        offsets: int64, shape (num_rows + 1,), filled in.
    """
    state = np.zeros(1, dtype=np.uint64)
    longest = 0
    for row in range(len(rows)):
        longest = max(longest, rows[row, 3])
    buffer = np.zeros(2 * longest + 8 * PASSAGE, dtype=np.int64)
    end = 0
    for row in range(len(rows)):
        kind, family, member, length = rows[row, 0], rows[row, 1], rows[row, 2], rows[row, 3]
        offsets[row] = end
        n = _words(state, tables, seed, kind, family, member, length, buffer)
        folded = kind == FOLDED and member > 0
        end = _write(state, tables, buffer, n, prose, folded, target, end)
    offsets[len(rows)] = end


def room_for(rows: np.ndarray) -> int:
    """Bytes that `write_rows` may need: edits make a text longer by a tenth at most."""
    return int((rows[:, 3] * 1.25 + PASSAGE * 1.25 + 8).sum() * MAX_BYTES)
