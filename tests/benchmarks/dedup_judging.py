"""What a removal of near duplicates is worth, against the exact truth about the corpus."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tests.benchmarks.dedup_truth import Truth
from tests.benchmarks.dedup_words import KINDS

THRESHOLD: Final = 0.8
CROWDS: Final = ("cluster", "popular", "template")
"""Kinds whose families are so large that their pairs outnumber all others."""
WIDTH: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class Share:
    """How many of how many."""

    part: int
    whole: int

    def __str__(self) -> str:
        return f"{self.part / self.whole:.4f}" if self.whole else "-"


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a removal is worth on rows of some kinds."""

    found: Share
    """Of the pairs of rows with Jaccard >= 0.8, those of which a row was removed."""
    justified: Share
    """Of the removed rows, those with a kept row with Jaccard >= 0.8."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What a removal is worth."""

    all: Worth
    scattered: Worth
    """Without the crowds."""
    kinds: dict[str, Worth]
    buckets: dict[float, Share]
    """Pairs of which a row was removed, by the lower end of a twentieth of Jaccard; 1.0: equal."""


class Judge:
    """Compares what was removed with the truth about one corpus."""

    def __init__(self, truth: Truth, kinds: np.ndarray) -> None:
        """Takes the truth and the kind (index in `KINDS`) of each row."""
        self._truth = truth
        self._kinds = kinds
        self._rows = np.bincount(truth.groups, minlength=truth.num_groups)
        self._kind_of = np.zeros(truth.num_groups, dtype=np.int64)
        self._kind_of[truth.groups] = kinds
        self._edges = truth.jaccard >= THRESHOLD

    def quality(self, removed: np.ndarray) -> Quality:
        """What the removal of these rows (a mask) is worth."""
        groups = self._truth.groups
        kept = np.bincount(groups[~removed], minlength=self._truth.num_groups)
        gone = self._kinds[removed], self._has_twin(kept)[groups[removed]]
        scattered = [kind for kind in KINDS if kind not in CROWDS]
        return Quality(
            all=self._worth(KINDS, kept, *gone),
            scattered=self._worth(scattered, kept, *gone),
            kinds={kind: self._worth([kind], kept, *gone) for kind in KINDS},
            buckets=self._buckets(kept),
        )

    def _worth(
        self, names: Sequence[str], kept: np.ndarray, kinds: np.ndarray, justified: np.ndarray
    ) -> Worth:
        """Of rows of some kinds; `kinds` and `justified` are of the removed rows."""
        codes = [KINDS.index(name) for name in names]
        gone = np.isin(kinds, codes)
        mine = np.isin(self._kind_of, codes)
        edges = self._edges & mine[self._truth.left]
        sums = zip(self._between(kept, edges), self._within(kept, mine), strict=True)
        whole, part = (int(a.sum() + b.sum()) for a, b in sums)
        return Worth(
            found=Share(part=part, whole=whole),
            justified=Share(part=int(justified[gone].sum()), whole=int(gone.sum())),
        )

    def _between(self, kept: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(pairs of rows, those of which a row was removed) for pairs of groups (a mask)."""
        left, right = self._truth.left[which], self._truth.right[which]
        pairs = self._rows[left] * self._rows[right]
        return pairs, pairs - kept[left] * kept[right]

    def _within(self, kept: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same for pairs of rows of one group, for groups (a mask)."""
        rows, left = self._rows[which], kept[which]
        pairs = rows * (rows - 1) // 2
        return pairs, pairs - left * (left - 1) // 2

    def _buckets(self, kept: np.ndarray) -> dict[float, Share]:
        """Pairs of which a row was removed, by Jaccard."""
        places = np.minimum(((self._truth.jaccard + 1e-6) / WIDTH).astype(np.int64), 19)
        every = np.ones(len(places), dtype=np.bool_)
        counts = [np.bincount(places, weights, 20) for weights in self._between(kept, every)]
        found = {
            round(i * WIDTH, 2): Share(whole=int(counts[0][i]), part=int(counts[1][i]))
            for i in range(round(self._truth.low / WIDTH), 20)
        }
        whole, part = self._within(kept, np.ones(len(kept), dtype=np.bool_))
        return found | {1.0: Share(whole=int(whole.sum()), part=int(part.sum()))}

    def _has_twin(self, kept: np.ndarray) -> np.ndarray:
        """For each group, whether a row that has gone from it has a kept row that is alike."""
        left, right = self._truth.left[self._edges], self._truth.right[self._edges]
        near = np.bincount(left, kept[right] > 0, len(kept))
        near += np.bincount(right, kept[left] > 0, len(kept))
        return (kept > 0) | (near > 0)
