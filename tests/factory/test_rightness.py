"""Precision and recall from a stratified sample: the intervals hold what they promise."""

import numpy as np
import pytest

from factory.rightness import Labelled, precision, recall

# (kept, responses, share that is right, labels)
POPULATIONS = {
    "disagreements are few and bad": [
        (True, 5000, 0.98, 15),
        (True, 200, 0.7, 8),
        (False, 3000, 0.05, 12),
        (False, 100, 0.4, 6),
    ],
    "never wrong": [(True, 1000, 1.0, 20), (False, 1000, 0.0, 20)],
    "many small samples": [(True, 500, 0.95, 4)] * 8 + [(False, 500, 0.05, 4)] * 6,
    "half of few": [(True, 20, 0.9, 10), (False, 15, 0.2, 10)],
    "a bad filter": [(True, 3000, 0.6, 15), (True, 500, 0.3, 10), (False, 4000, 0.2, 25)],
}


def truth(population, kept: bool | None = None) -> int:
    return sum(round(n * share) for k, n, share, _ in population if kept in (None, k))


@pytest.mark.parametrize("name", POPULATIONS)
def test_nine_of_ten_intervals_hold_the_truth(name):
    population = POPULATIONS[name]
    right = truth(population, kept=True)
    exact = {
        precision: right / sum(size for kept, size, _, _ in population if kept),
        recall: right / truth(population),
    }
    rng = np.random.default_rng(20)
    held = dict.fromkeys(exact, 0)
    for _ in range(100):
        strata = []
        for kept, size, share, labels in population:
            good = round(size * share)
            yes = int(rng.hypergeometric(good, size - good, labels))
            strata.append(Labelled(kept=kept, size=size, yes=yes, no=labels - yes))
        for function, value in exact.items():
            interval = function(strata, num_draws=800)
            held[function] += interval.low - 1e-9 <= value <= interval.high + 1e-9
    assert min(held.values()) >= 86, held  # 90 expected of 100 at worst, less a chance deviation


def test_a_stratum_counts_by_its_size_and_not_by_its_labels():
    strata = [
        Labelled(kept=True, size=9000, yes=10, no=0),
        Labelled(kept=True, size=1000, yes=0, no=50),
    ]
    interval = precision(strata)
    assert interval.estimate == pytest.approx(0.9)
    assert interval.low < 0.9 < interval.high


def test_what_is_labelled_whole_leaves_no_doubt():
    strata = [
        Labelled(kept=True, size=8, yes=6, no=2),
        Labelled(kept=False, size=4, yes=2, no=2),
    ]
    assert str(precision(strata)) == "75.0% (75.0% to 75.0%)"
    assert recall(strata).low == recall(strata).high == 0.75


def test_what_is_right_every_time_is_estimated_so_and_bounded_below():
    interval = precision([Labelled(kept=True, size=1000, yes=20, no=0)])
    assert (interval.estimate, interval.high) == (1.0, 1.0)
    assert 0.8 < interval.low < 0.95


def test_without_labels_nothing_is_said():
    kept, dropped = Labelled(kept=True, size=9, yes=0, no=0, unsure=3), Labelled(
        kept=False, size=9, yes=1, no=1
    )  # fmt: skip
    assert precision([kept, dropped]) is None
    assert recall([kept, dropped]) is None
    assert recall([Labelled(kept=True, size=9, yes=3, no=0), dropped]) is not None
    assert precision([]) is None
    assert recall([Labelled(kept=True, size=9, yes=0, no=3)]) is None, "nothing is right at all"
