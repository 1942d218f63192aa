"""Precision and recall of a filter from labels of a stratified sample, with intervals.

Strata are sampled at different rates, so each counts by its size, not by its labels. The interval
is the posterior's of a hierarchical model. The rates of the strata with the same decision are drawn
from one beta distribution, whose centre (Jeffreys' prior) and weight (log-uniform) the labels tell
about; the responses without a label are drawn from their stratum's rate. So a few labels in each of
many strata help one another, a stratum that is labelled whole adds no doubt, and one without a
label adds its share. The interval is widened to hold the estimate, which at rates of 0 and 1 an
equal-tailed one does not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVEL = 0.95
_CENTRES = np.sin(np.linspace(0, np.pi / 2, 82)[1:-1]) ** 2
"""Equally likely under Jeffreys' prior."""
_WEIGHTS = 2.0 ** np.arange(0, 9)
"""From strata that have little in common to strata that are alike."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """A stratum and its labels."""

    kept: bool
    """Whether the filter keeps it."""
    size: int
    """Responses in the stratum."""
    yes: int
    """Labelled as deserving to be kept."""
    no: int
    unsure: int = 0
    """Counts as without a label."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """An estimate and the bounds between which it lies with probability `LEVEL`."""

    low: float
    estimate: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimate:.1%} ({self.low:.1%} to {self.high:.1%})"


def precision(strata: Sequence[Labelled], *, num_draws: int = 20_000) -> Interval | None:
    """Of what the filter keeps, the share that deserves it; None without labels to tell."""
    kept = [each for each in strata if each.kept and each.size]
    if not _num_labels(kept):
        return None
    size = sum(each.size for each in kept)
    draws = _draws(kept, np.random.default_rng(0), num_draws) / size
    return _interval(_right(kept) / size, draws)


def recall(strata: Sequence[Labelled], *, num_draws: int = 20_000) -> Interval | None:
    """Of what deserves to be kept, the share that the filter keeps; None without labels to tell.

    What it could not judge is not kept.
    """
    kept = [each for each in strata if each.kept and each.size]
    others = [each for each in strata if not each.kept and each.size]
    if not _num_labels(kept) or (others and not _num_labels(others)):
        return None
    rng = np.random.default_rng(0)
    found, missed = _draws(kept, rng, num_draws), _draws(others, rng, num_draws)
    whole = _right(kept) + _right(others)
    if not whole:
        return None
    with np.errstate(invalid="ignore"):
        draws = found / (found + missed)
    return _interval(_right(kept) / whole, draws[np.isfinite(draws)])


def _num_labels(strata: Sequence[Labelled]) -> int:
    return sum(each.yes + each.no for each in strata)


def _right(strata: Sequence[Labelled]) -> float:
    """How many deserve to be kept; a stratum without labels is taken to be like the others."""
    told = [each for each in strata if each.yes + each.no]
    right = sum(each.size * each.yes / (each.yes + each.no) for each in told)
    size = sum(each.size for each in told)
    return right * sum(each.size for each in strata) / size if size else 0.0


def _draws(
    strata: Sequence[Labelled], rng: np.random.Generator, number: int
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Draws of how many deserve to be kept, shape (number,)."""
    centre, weight = _drawn_prior(strata, rng, number)
    total = np.zeros(number)
    for each in strata:
        rate = rng.beta(each.yes + weight * centre, each.no + weight * (1 - centre))
        total += each.yes + rng.binomial(each.size - each.yes - each.no, rate)
    return total


def _drawn_prior(strata: Sequence[Labelled], rng: np.random.Generator, number: int) -> Any:
    """Draws of what the strata have in common, given their labels: (centre, weight in labels)."""
    centre, weight = (axis.ravel() for axis in np.meshgrid(_CENTRES, _WEIGHTS))
    a, b = weight * centre, weight * (1 - centre)
    chance = np.zeros(len(centre))
    for each in strata:
        chance += _log_beta(a + each.yes, b + each.no) - _log_beta(a, b)
    chance = np.exp(chance - chance.max())
    picks = rng.choice(len(centre), number, p=chance / chance.sum())
    return centre[picks], weight[picks]


def _log_beta(a: "np.ndarray[Any, Any]", b: "np.ndarray[Any, Any]") -> Any:
    return _log_gamma(a) + _log_gamma(b) - _log_gamma(a + b)


_log_gamma = np.vectorize(math.lgamma, otypes=[float])


def _interval(estimate: float, draws: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Interval:
    low, high = np.quantile(draws, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Interval(
        low=min(float(low), estimate), estimate=estimate, high=max(float(high), estimate)
    )
