import numpy as np
import pytest

from factory.dedup import MinHash
from factory.dedup.bands import MISS, candidate_probability, curve, derive_bands, error_areas
from factory.shingles import band_keys


@pytest.mark.parametrize(
    ("threshold", "num_perm", "cut"),
    [(0.8, 128, (21, 6)), (0.5, 128, (42, 3)), (1.0, 64, (1, 64)), (0.01, 16, (16, 1))],
)
def test_bands_have_the_most_rows_that_still_find_pairs_at_the_threshold(threshold, num_perm, cut):
    assert derive_bands(threshold, num_perm) == cut
    bands, rows = cut
    if bands < num_perm:
        assert 1 - candidate_probability(threshold, bands, rows) <= MISS
    if rows < num_perm:
        narrower = num_perm // (rows + 1), rows + 1
        assert 1 - candidate_probability(threshold, *narrower) > MISS


def test_bands_may_be_given():
    assert MinHash(bands=16, rows=8).cut == (16, 8)
    assert MinHash().cut == (21, 6)


@pytest.mark.parametrize("similarity", [0.5, 0.7, 0.8])
def test_the_curve_is_what_random_signatures_do(similarity):
    draw = np.random.default_rng(5)
    bands, rows, number = 8, 4, 20_000
    one = draw.integers(0, 2**32, (number, 32), dtype=np.uint32)
    agrees = draw.random(one.shape) < similarity
    other = np.where(agrees, one, draw.integers(0, 2**32, one.shape, dtype=np.uint32))
    together = (band_keys(one, bands, rows) == band_keys(other, bands, rows)).any(axis=1).mean()
    assert together == pytest.approx(candidate_probability(similarity, bands, rows), abs=0.015)


def test_the_curve_runs_from_nothing_to_certainty_and_its_areas_add_up():
    points = curve(21, 6)
    assert points[0] == (0.0, 0.0)
    assert points[-1] == (1.0, 1.0)
    assert [s for s, _ in points] == sorted(s for s, _ in points)
    false, missed = error_areas(0.8, 21, 6)
    whole = np.mean([candidate_probability(s, 21, 6) for s in np.linspace(0, 1, 20_001)])
    assert false + (0.2 - missed) == pytest.approx(whole, abs=1e-4)
    assert missed < 1e-4 < false
