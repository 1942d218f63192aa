"""The rule decides what it can, a judge the rest."""

from dataclasses import replace

import pytest

from factory.apply import apply_filter
from factory.records import Grade
from filters import JudgedAnswer
from tests.toys import response

YES, NO, SILENT = 1.0, 0.0, None


def said(answer: str, gold: str | None, *scores: float | None):
    grades = tuple(Grade(column="judge", score=score, text="...") for score in scores)
    return apply_filter(JudgedAnswer(), replace(response(answer, gold=gold), grades=grades))


@pytest.mark.parametrize(
    ("answer", "gold", "decision", "reason"),
    [
        ("\\boxed{5}", "5", "keep", ""),
        ("\\boxed{0.5}", "\\frac{1}{2}", "keep", ""),
        ("\\boxed{25}", "5", "drop", "wrong_answer"),
        ("\\boxed{\\frac{\\pi}{3}}", "\\frac{\\pi}{2}", "drop", "wrong_answer"),
        ("\\boxed{(1, 2)}", "(2, 1)", "drop", "wrong_answer"),
        ("nothing", "5", "drop", "no_answer"),
        ("\\boxed{all odd primes}", "all odd primes", "keep", ""),
        ("\\boxed{every odd prime}", "all odd primes", "unjudged", "undecided"),
        ("\\boxed{f(x)=kx}", "f(x)=cx", "unjudged", "undecided"),
        ("\\boxed{5}", "...", "unjudged", "undecided"),
        ("\\boxed{5}", None, "unjudged", "no_gold"),
    ],
)
def test_without_a_judge_what_the_rule_cannot_decide_is_unjudged(answer, gold, decision, reason):
    verdict = said(answer, gold)
    assert (verdict.decision, verdict.reason) == (decision, reason)


@pytest.mark.parametrize(
    ("score", "decision", "reason"),
    [
        (YES, "keep", ""),
        (NO, "drop", "judged_wrong"),
        (SILENT, "unjudged", "judge_without_verdict"),
    ],
)
def test_the_judge_decides_what_is_undecided(score, decision, reason):
    verdict = said("\\boxed{every odd prime}", "all odd primes", score)
    assert (verdict.decision, verdict.reason) == (decision, reason)


@pytest.mark.parametrize("score", [YES, NO])
def test_the_judge_cannot_overrule_the_rule(score):
    assert said("\\boxed{5}", "5", score).decision == "keep"
    assert said("\\boxed{25}", "5", score).reason == "wrong_answer"


def test_what_an_answer_says_of_itself_is_no_judgement():
    verdict = said("Judgement: yes \\boxed{every odd prime}", "all odd primes")
    assert verdict.reason == "undecided"


def test_a_judge_of_another_column_or_scale_is_read_as_the_fields_say():
    grade = Grade(column="second", score=0.7)
    item = replace(response("\\boxed{every odd prime}", gold="all odd primes"), grades=(grade,))
    assert apply_filter(JudgedAnswer(column="second", low=0.7), item).decision == "keep"
    assert apply_filter(JudgedAnswer(column="second", low=0.8), item).reason == "judged_wrong"
    assert apply_filter(JudgedAnswer(), item).reason == "undecided"
