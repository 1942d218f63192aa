"""Near duplicates: Jaccard similarity of word n-grams, candidates by datasketch's MinHash LSH.

Every candidate pair is checked by the true similarity of its shingle sets, so that nothing is
dropped because two signatures happened to agree.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import datasketch

from factory.config import settings
from factory.dedup.exact import Duplicate

_FEW = 64
"""Texts up to which comparing all pairs costs less than their signatures."""
_TOKEN = re.compile(r"\w+|[^\w\s]")


@settings
class MinHash:
    """Finds texts whose shingles are nearly those of an earlier, kept text."""

    name: ClassVar[str] = "minhash.v1"
    reason: ClassVar[str] = "near_duplicate"

    threshold: float = 0.8
    """Jaccard similarity in (0, 1] from which a text counts as a repetition."""
    ngram: int = 5
    """Tokens (words or single signs) in a shingle; a shorter text is one shingle."""
    num_perm: int = 128
    """Permutations of a signature."""
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError(f"threshold must be in (0, 1], got {self.threshold}")
        if self.ngram < 1:
            raise ValueError(f"ngram must be > 0, got {self.ngram}")
        if self.num_perm < 16:
            raise ValueError(f"num_perm must be >= 16, got {self.num_perm}")

    def duplicates(self, texts: Sequence[str]) -> list[Duplicate | None]:
        """For each text, in order, the most similar kept one before it, or None.

        Few texts, such as the answers to one prompt, are compared all with all.
        """
        index: _All | _Index = _All() if len(texts) <= _FEW else _Index(self)
        kept: dict[int, frozenset[str]] = {}
        found: list[Duplicate | None] = []
        for position, text in enumerate(texts):
            shingles = self.shingles(text)
            scored = [(_jaccard(shingles, kept[twin]), -twin) for twin in index.near(shingles)]
            similarity, twin = max(scored, default=(0.0, 0))
            if similarity >= self.threshold:
                found.append(Duplicate(twin=-twin, similarity=similarity))
                continue
            found.append(None)
            kept[position] = shingles
            index.add(position, shingles)
        return found

    def shingles(self, text: str) -> frozenset[str]:
        """The distinct n-grams of a text, folded in case."""
        tokens = _TOKEN.findall(text.casefold())
        last = max(len(tokens) - self.ngram, 0)
        return frozenset(" ".join(tokens[i : i + self.ngram]) for i in range(last + 1))

    def signature(self, shingles: frozenset[str]) -> datasketch.MinHash:
        """The MinHash of a set of shingles, which datasketch's indexes take as it is."""
        signature = datasketch.MinHash(num_perm=self.num_perm, seed=self.seed)
        signature.update_batch([shingle.encode() for shingle in shingles])
        return signature


class _All:
    """Every text is near every other."""

    def __init__(self) -> None:
        self._positions: list[int] = []

    def add(self, position: int, shingles: frozenset[str]) -> None:
        self._positions.append(position)

    def near(self, shingles: frozenset[str]) -> list[int]:
        return self._positions


class _Index:
    """datasketch's LSH index."""

    def __init__(self, method: MinHash) -> None:
        # Candidates are checked, so a looser index finds more and drops nothing wrongly; near 1
        # datasketch has no bands that would do.
        bands = _bands(min(max(method.threshold, 0.1), 0.8), method.num_perm)
        self._method = method
        self._index = datasketch.MinHashLSH(num_perm=method.num_perm, params=bands)
        self._last: tuple[frozenset[str], datasketch.MinHash] | None = None

    def add(self, position: int, shingles: frozenset[str]) -> None:
        self._index.insert(position, self._signature(shingles))

    def near(self, shingles: frozenset[str]) -> list[int]:
        return list(self._index.query(self._signature(shingles)))

    def _signature(self, shingles: frozenset[str]) -> datasketch.MinHash:
        """That of the text that was looked up is wanted again when it is added."""
        if self._last is None or self._last[0] is not shingles:
            self._last = shingles, self._method.signature(shingles)
        return self._last[1]


@cache
def _bands(threshold: float, num_perm: int) -> tuple[int, int]:
    """(bands, rows) that suit a threshold; datasketch integrates for 30 ms to find them."""
    index = datasketch.MinHashLSH(threshold=threshold, num_perm=num_perm)
    return index.b, index.r


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    common = len(a & b)
    return common / (len(a) + len(b) - common)
