"""Bands of a signature: which pairs become candidates, and how often that goes wrong.

A signature is cut into `bands` bands of `rows` values; two texts are candidates where a whole band
agrees. One value agrees with the probability of their Jaccard similarity s, so they become
candidates with the probability 1 - (1 - s^rows)^bands (Leskovec, Rajaraman and Ullman, Mining of
Massive Datasets, section 3.4.2). Candidates are checked by their true similarity afterwards, so
that a false one costs time and nothing else; a missed one is a duplicate that stays.
"""

from functools import cache

MISS = 0.005
"""The share of pairs exactly at the threshold that derived bands may miss."""
_STEPS = 2_000


def candidate_probability(similarity: float, bands: int, rows: int) -> float:
    """How often a pair of this Jaccard similarity becomes a candidate, in [0, 1]."""
    return 1.0 - float((1.0 - similarity**rows) ** bands)


@cache
def derive_bands(threshold: float, num_perm: int) -> tuple[int, int]:
    """(bands, rows) with the most rows, and so the fewest false candidates, that miss few pairs.

    A pair exactly at the threshold is missed with a probability of at most `MISS`. Where not even
    bands of one value reach that, these are taken.
    """
    for rows in range(num_perm, 1, -1):
        bands = num_perm // rows
        if 1.0 - candidate_probability(threshold, bands, rows) <= MISS:
            return bands, rows
    return num_perm, 1


def curve(bands: int, rows: int) -> tuple[tuple[float, float], ...]:
    """(similarity, probability of becoming a candidate) for 0, 0.05, ... 1."""
    return tuple((i / 20, candidate_probability(i / 20, bands, rows)) for i in range(21))


def error_areas(threshold: float, bands: int, rows: int) -> tuple[float, float]:
    """The areas of false candidates below and of missed pairs above a threshold.

    They are the integrals of the curve over [0, threshold] and of what it lacks over
    [threshold, 1], as if all similarities were equally common.
    """
    below = above = 0.0
    for step in range(_STEPS):
        part = (step + 0.5) / _STEPS
        below += candidate_probability(part * threshold, bands, rows)
        above += 1.0 - candidate_probability(threshold + part * (1.0 - threshold), bands, rows)
    return below * threshold / _STEPS, above * (1.0 - threshold) / _STEPS
