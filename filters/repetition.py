"""Loops: a teacher that says the same words over and over."""

import re
from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from factory.config import settings
from factory.records import Response, Verdict
from filters.token_hashes import near_repeats, token_hashes

_TOKEN = re.compile(r"\w+|[^\w\s]")


@settings
class RepetitionLoops:
    """Drop outputs in which a phrase is said again and again without anything between."""

    name: ClassVar[str] = "repetition_loops.v1"

    max_repeats: int = 4
    """How often a phrase may stand in a row, inclusive."""
    max_phrase: int = 64
    """Longest phrase looked for, in tokens (words or single signs)."""
    min_tokens: int = 12
    """Shorter runs are no loop: `0, 0, 0, 0` may be an answer."""

    def __post_init__(self) -> None:
        for name in ("max_repeats", "max_phrase", "min_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")

    def score(self, response: Response) -> float:
        """The most times that a phrase stands in a row, in runs of at least `min_tokens`."""
        hashes = token_hashes(response.output)
        if hashes is not None and self._most(hashes) == 1:
            return 1.0  # equal tokens have equal hashes: nearly every text is done
        words: dict[str, int] = {}
        tokens = _TOKEN.findall(response.output)
        codes = (words.setdefault(token, len(words)) for token in tokens)
        return self._most(np.fromiter(codes, np.uint64, len(tokens)))

    def _most(self, codes: npt.NDArray[np.uint64]) -> float:
        """The score of tokens given as numbers."""
        most = 1.0
        for period in self._periods(codes):
            run = _longest_run(codes[period:] == codes[:-period]) + period
            if run >= max(self.min_tokens, 2 * period):
                most = max(most, float(run // period))
        return most

    def _periods(self, codes: npt.NDArray[np.uint64]) -> Iterable[int]:
        """The lengths of phrases that may stand in a row.

        A run of `min_tokens` and of two phrases at least repeats half of `min_tokens` at once.
        """
        repeated = min(-(-self.min_tokens // 2), 6)
        periods = near_repeats(codes, repeated, self.max_phrase)
        return [period for period in periods if period <= len(codes) // 2]

    def judge(self, score: float) -> Verdict:
        """Drop what repeats itself more often than allowed."""
        return Verdict.drop("loop") if score > self.max_repeats else Verdict.keep()


def _longest_run(equal: npt.NDArray[np.bool_]) -> int:
    """Length of the longest run of True."""
    breaks = np.flatnonzero(~equal)
    edges = np.concatenate(([-1], breaks, [len(equal)]))
    return int(np.diff(edges).max()) - 1
