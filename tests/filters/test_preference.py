import pytest

from factory.apply import apply_filter, judge
from factory.records import Grade, Verdict
from factory.steps import Keep, KeepGroup
from filters import JudgeVerdict, RewardScore, Truncated
from filters.preference import BestOfN
from tests.toys import response


def grade(score, error="", column="reward"):
    return Grade(column=column, score=score, error=error)


def answers(*rewards, order=None):
    """One response for each reward; None is no column, text an error, `cut` a dropped response."""
    group = []
    for sample, reward in zip(order or range(len(rewards)), rewards, strict=True):
        cut = reward == "cut"
        grades = () if reward is None else (grade(9.0 if cut else reward),)
        if isinstance(reward, str) and not cut:
            grades = (grade(None, error=reward),)
        finish = "length" if cut else "stop"
        group.append(response("x", sample=sample, grades=grades, finish_reason=finish))
    return group


def reasons(group, **fields):
    judged = judge((Keep(Truncated()), KeepGroup(BestOfN(**fields))), group)
    return [item.verdicts[-1].reason for item in judged]


TABLE = [
    ({}, (1.0, 3.0, 2.0), ["not_best", "", "not_best"]),
    ({"keep": 2}, (1.0, 3.0, 2.0), ["not_best", "", ""]),
    ({"keep": 9}, (1.0, 3.0, 2.0), ["", "", ""]),
    ({}, (3.0, 3.0, 3.0), ["", "not_best", "not_best"]),
    ({}, (-5.0, -3.0), ["not_best", ""]),
    ({}, (-5.0,), [""]),
    ({"low": 3.0}, (1.0, 3.0), ["not_best", ""]),
    ({"low": 3.1}, (1.0, 3.0), ["not_best", "low_reward"]),
    ({"low": 2.0, "keep": 2}, (1.0, 3.0), ["low_reward", ""]),
    ({"margin": 1.0}, (1.0, 3.0, 2.0), ["not_best", "", "not_best"]),
    ({"margin": 1.1}, (1.0, 3.0, 2.0), ["not_best", "small_margin", "not_best"]),
    ({"margin": 1.0, "keep": 2}, (1.0, 3.0, 1.5), ["not_best", "", "small_margin"]),
    ({"margin": 9.0}, (1.0,), [""]),
    ({"margin": 1.0, "over": "mean"}, (1.0, 3.0, 2.0), ["not_best", "", "not_best"]),
    ({"margin": 1.1, "over": "mean"}, (1.0, 3.0, 2.0), ["not_best", "small_margin", "not_best"]),
    ({"margin": 9.0, "over": "mean"}, (1.0,), [""]),
    ({}, (1.0, "cut", 0.0), ["", "cut_at_max_tokens", "not_best"]),
    ({}, (1.0, None, "failed: 500"), ["", "no_column", "reward_failed"]),
    ({}, (1.0, "no_column: never asked"), ["", "no_column"]),
    ({}, (float("nan"), 1.0), ["reward_without_verdict", ""]),
    ({}, (float("inf"), 1.0), ["reward_without_verdict", ""]),
    ({}, (None,), ["no_column"]),
]


@pytest.mark.parametrize(("fields", "rewards", "expected"), TABLE)
def test_the_best_of_those_that_compete_stay(fields, rewards, expected):
    assert reasons(answers(*rewards), **fields) == expected


def test_every_reason_is_reached_above():
    reached = {reason for _, _, expected in TABLE for reason in expected}
    slugs = {"not_best", *BestOfN.REASONS.values()} - {"out_before"}
    assert reached == slugs | {"", "cut_at_max_tokens"}


def test_the_lowest_sample_wins_a_tie_wherever_it_stands():
    assert reasons(answers(3.0, 3.0, 3.0, order=(2, 0, 1))) == ["not_best", "", "not_best"]


def test_the_score_is_the_rank_and_missing_rewards_are_unjudged():
    judged = judge((KeepGroup(BestOfN()),), answers(1.0, 3.0, None))
    verdicts = [item.verdicts[-1] for item in judged]
    assert [verdict.score for verdict in verdicts] == [2.0, 1.0, None]
    assert [verdict.decision for verdict in verdicts] == ["drop", "keep", "unjudged"]
    assert BestOfN(keep=2).judge(2.0) == Verdict.keep()


def test_an_empty_group_has_no_scores():
    assert BestOfN().scores([]) == []


@pytest.mark.parametrize("fields", [{"keep": 0}, {"margin": -1.0}, {"margin": float("nan")}])
def test_values_out_of_range_are_refused(fields):
    with pytest.raises(ValueError, match="must be"):
        BestOfN(**fields)


@pytest.mark.parametrize(
    ("grades", "expected"),
    [
        ((), "no_column"),
        ((grade(1.0, column="other"),), "no_column"),
        ((grade(None, error="no_column"),), "no_column"),
        ((grade(None, error="timeout: 60 s"),), "{who}_failed"),
        ((grade(None),), "{who}_without_verdict"),
        ((grade(float("nan")),), "{who}_without_verdict"),
        ((grade(1.0),), ""),
    ],
)
def test_a_column_that_was_never_asked_for_is_unjudged_as_such(grades, expected):
    for who, check in (("reward", RewardScore()), ("judge", JudgeVerdict(column="reward"))):
        verdict = apply_filter(check, response("x", grades=grades))
        assert verdict.reason == expected.format(who=who)
