"""Loops: a teacher that says the same words over and over."""

import re
from typing import ClassVar

import numpy as np

from factory.config import settings
from factory.records import Response, Verdict

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
        words: dict[str, int] = {}
        tokens = _TOKEN.findall(response.output)
        codes = np.array([words.setdefault(token, len(words)) for token in tokens], dtype=np.int64)
        most = 1.0
        for period in range(1, min(self.max_phrase, len(codes) // 2) + 1):
            equal = codes[period:] == codes[:-period]
            shortest = max(self.min_tokens, 2 * period)
            if np.count_nonzero(equal) + period < shortest:
                continue  # nearly every period of nearly every text
            run = _longest_run(equal) + period
            if run >= shortest:
                most = max(most, float(run // period))
        return most

    def judge(self, score: float) -> Verdict:
        """Drop what repeats itself more often than allowed."""
        return Verdict.drop("loop") if score > self.max_repeats else Verdict.keep()


def _longest_run(equal: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> int:
    """Length of the longest run of True."""
    breaks = np.flatnonzero(~equal)
    edges = np.concatenate(([-1], breaks, [len(equal)]))
    return int(np.diff(edges).max()) - 1
