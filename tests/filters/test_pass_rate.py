import pytest

from filters import PassRate
from tests.toys import judged


def reason(rate, **settings):
    item = judged("x")
    item.pass_rate = rate
    (score,) = PassRate(**settings).scores([item])
    return PassRate(**settings).judge(score).reason


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(0, "never_solved"), (0.1, "too_hard"), (0.2, ""), (0.8, ""), (0.9, "too_easy"),
     (1, "always_solved"), (None, "never_solved")],
)  # fmt: skip
def test_prompts_never_and_always_solved_have_reasons_of_their_own(rate, expected):
    assert reason(rate, low=0.2, high=0.8) == expected


@pytest.mark.parametrize(
    ("solved", "expected"),
    [(0, ""), (5, ""), (6, "too_easy"), (7, "too_easy"), (8, "always_solved")],
)
def test_the_papers_cut_for_rl_prompts_drops_six_of_eight_and_keeps_five(solved, expected):
    assert reason(solved / 8, high=0.75, high_exclusive=True) == expected


def test_saturated_prompts_alone_can_be_cut():
    assert reason(7 / 8, high_exclusive=True) == ""
    assert reason(1.0, high_exclusive=True) == "always_solved"


def test_the_default_keeps_all():
    assert {reason(rate) for rate in (None, 0, 0.5, 1)} == {""}


@pytest.mark.parametrize("settings", [{"low": -0.1}, {"high": 1.1}, {"low": 0.6, "high": 0.5}])
def test_limits_out_of_order_are_refused(settings):
    with pytest.raises(ValueError, match="low"):
        PassRate(**settings)
