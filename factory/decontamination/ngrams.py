"""Decontamination by n-grams: which rows hold a benchmark item, word for word.

What is compared. The tokens of `factory.shingles`, folded in case, so that case and white space do
not matter; without signs, so that quotes, dashes, line ends and markup around an item do not matter
either. Signs that reckon (+ - * / = < > ^ % and those of mathematics) stay where a number is beside
them, for `12 - 5` is not `12 + 5`; doubled ones (`**`, `==`, `<<`) are markup and go.

What makes a row contaminated. n is 8, as in open-r1's and s1's decontamination. One common n-gram,
open-r1's rule, is too little: problems share their stock phrases (`how many ordered pairs of
positive integers a b are there such that`). A share of the item, as PaLM has it (arXiv 2204.02311:
70% of the 8-grams), is too little for short items: of two exercises that differ in the last number
most n-grams agree. Here an item with N n-grams is in a row that has `n + share * (N - n)` of them:
all of one that is as long as a sentence, half of what a long one has beyond that.

    tokens of the item    found where
    2n and more           so many of its n-grams are in the row
    min_tokens to 2n - 1  all of it is in the row, as one run, and no number or formula goes on at
                          its ends: `What is 12 + 5` is not in `What is 12 + 5 * 3`
    fewer                 it is all that the row says

What is no evidence. On the side of the benchmark: an n-gram of more than `max_items` items (fewer
in small sets: a tenth of the items, but at least two) is boilerplate and counts for none of them,
nor does one that is half of it where boilerplate begins or ends an item that has n others; an item
that is left with fewer than n must be there whole, as one run. Items that repeat
each other count once. On the side of the corpus nothing is guarded where an item has n tokens or
more: the n-grams of an item that leaked ten thousand times are frequent too, and no stock phrase is
half of an item. A shorter item may be a common turn of phrase: where it is found in more than
`common_rows` of the rows (and in more than ten), only rows in which it stands alone, between line
ends, sentence ends or brackets, count from there on, as a question would, however many they are.

What no n-gram can find (no text, no words, fewer than `min_tokens` tokens, or all of it part of
more than `max_items` other items) is listed with the result; the last two are still found as the
whole text of a row. In scripts without spaces (Han, kana, Thai, ...) a token is one character, so
that n-grams say less, and what counts as a short item is a phrase.
"""

import math
from typing import ClassVar

from factory.config import settings


@settings
class Ngrams:
    """Finds rows that hold a benchmark item, by the n-grams of its words."""

    name: ClassVar[str] = "ngrams.v1"
    reason: ClassVar[str] = "contaminated"

    ngram: int = 8
    """Tokens of an n-gram."""
    share: float = 0.5
    """How much of what an item has beyond its first n n-grams must be in a row, in (0, 1]."""
    min_tokens: int = 5
    """Items of fewer tokens are found only as the whole text of a row."""
    max_items: int = 10
    """An n-gram of more items than this is boilerplate."""
    common_rows: float = 0.001
    """An item shorter than an n-gram that is in a greater share of the rows must stand alone."""

    def __post_init__(self) -> None:
        if not 2 <= self.ngram <= 64:
            raise ValueError(f"ngram must be in [2, 64], got {self.ngram}")
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be in (0, 1], got {self.share}")
        if self.min_tokens < 1:
            raise ValueError(f"min_tokens must be > 0, got {self.min_tokens}")
        if self.max_items < 1:
            raise ValueError(f"max_items must be > 0, got {self.max_items}")
        if not 0 <= self.common_rows <= 1:
            raise ValueError(f"common_rows must be in [0, 1], got {self.common_rows}")

    def needed(self, num_ngrams: int) -> int:
        """How many of an item's n-grams must be in a row."""
        beyond = max(num_ngrams - self.ngram, 0)
        return min(num_ngrams, self.ngram) + math.ceil(self.share * beyond - 1e-9)

    def most_items(self, num_items: int) -> int:
        """In how many of so many different items an n-gram may be and still be evidence."""
        return min(self.max_items, max(2, num_items // 10))
