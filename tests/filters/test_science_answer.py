from dataclasses import replace

import pytest

from factory.apply import apply_filter, check_gold
from factory.errors import Unjudged
from factory.records import Judged
from filters import ScienceAnswer, ScienceMajority
from tests.toys import prompt, response

OPTIONS = ("42 J", "7 J", "9 J", "1 J")


def answered(text, gold, choices=()):
    asked = replace(prompt(gold=gold), choices=choices)
    return replace(response(text, gold=gold), prompt=asked)


@pytest.mark.parametrize(
    ("gold", "choices", "answer", "reason"),
    [
        ("B", OPTIONS, "\\boxed{B}", ""),
        ("B", OPTIONS, "\\boxed{\\text{(B)}}", ""),
        ("B", OPTIONS, "\\boxed{7 J}", ""),
        ("B", OPTIONS, "\\boxed{C}", "wrong_answer"),
        ("B", OPTIONS, "\\boxed{E}", "no_such_option"),
        ("B", OPTIONS, "\\boxed{A or B}", "ambiguous_answer"),
        ("B", OPTIONS, "\\boxed{B) 9 J}", "contradicting_answer"),
        ("500 m", (), "\\boxed{0.5 km}", ""),
        ("500 m", (), "\\boxed{504 m}", ""),
        ("500 m", (), "\\boxed{506 m}", "wrong_value"),
        ("500 m", (), "\\boxed{500}", "missing_unit"),
        ("500 m", (), "\\boxed{500 s}", "wrong_unit"),
        ("500 m", (), "\\boxed{far}", "not_a_quantity"),
        ("200", (), "\\boxed{200}", ""),
        ("200", (), "\\boxed{201}", "wrong_value"),
        ("2.52", (), "\\boxed{2.53}", ""),
        ("pancreas|the islets", (), "\\boxed{The Pancreas}", ""),
        ("pancreas|the islets", (), "\\boxed{islets}", ""),
        ("pancreas", (), "\\boxed{liver}", "wrong_answer"),
        ("pancreas", (), "\\boxed{}", "no_answer"),
        ("pancreas", (), "", "no_answer"),
        ("pancreas", (), "x" * 100_000, "wrong_answer"),
    ],
)
def test_the_check_is_the_one_that_fits_the_question(gold, choices, answer, reason):
    verdict = apply_filter(ScienceAnswer(), answered(answer, gold, choices))
    assert verdict.reason == reason
    assert (verdict.decision == "keep") == (reason == "")


def test_every_reason_is_reached_above():
    cases = test_the_check_is_the_one_that_fits_the_question.pytestmark[0].args[1]
    assert {case[3] for case in cases} == set(ScienceAnswer.REASONS.values())


@pytest.mark.parametrize(
    ("gold", "choices"),
    [("B", OPTIONS), ("7 J", OPTIONS), ("9.81 m/s^2", ()), ("DNA", ()), ("0", ())],
)
def test_gold_answers_of_every_kind_pass(gold, choices):
    asked = replace(prompt(gold=gold), choices=choices)
    assert check_gold(ScienceAnswer(), asked).decision == "keep"


@pytest.mark.parametrize(("gold", "choices"), [("E", OPTIONS), ("8 J", OPTIONS), ("...", ())])
def test_gold_answers_that_name_nothing_are_bad(gold, choices):
    asked = replace(prompt(gold=gold), choices=choices)
    assert check_gold(ScienceAnswer(), asked).reason == "bad_gold"


def test_without_gold_nothing_is_judged():
    with pytest.raises(Unjudged, match="no_gold"):
        ScienceAnswer().score(response("\\boxed{5}", gold=None))


@pytest.mark.parametrize(
    ("field", "value"), [("relative_tolerance", 1.0), ("absolute_tolerance", -0.1)]
)
def test_a_tolerance_out_of_range_is_refused(field, value):
    with pytest.raises(ValueError, match=field):
        ScienceAnswer(**{field: value})


def group(answers, choices=()):
    asked = replace(prompt(gold=None), choices=choices)
    return [
        Judged(
            replace(
                response(f"\\boxed{{{text}}}" if text else "none", gold=None, sample=i, mode=mode),
                prompt=asked,
            )
        )
        for i, (text, mode) in enumerate(answers)
    ]


def on(*texts):
    return [(text, "on") for text in texts]


@pytest.mark.parametrize(
    ("answers", "choices", "reference", "share", "reason"),
    [
        (on("C", "(C)", "C) 9 J", "9 J", "A"), OPTIONS, "C", 0.8, ""),
        (on("500 m", "0.5 km", "501 m", "7 m"), (), "500 m", 0.75, ""),
        (on("the pancreas", "Pancreas", "liver"), (), "the pancreas", 2 / 3, ""),
        (on("200", "201", "200.0"), (), "200", 2 / 3, ""),
        (on("7 J", "7 J", "7", "7 N"), (), "7 J", 0.5, ""),
        (on("", ""), (), None, None, "no_votes"),
        (on("a", "b", "c"), (), None, 1 / 3, "too_few_votes"),
        (on("a", "a", "b", "b"), (), None, 0.5, "small_margin"),
        (on("E", "E", "B or C"), OPTIONS, None, 1 / 3, "too_few_votes"),
        (on("x|y", "x|y"), (), None, 0.5, "too_few_votes"),
        ([("a", "on"), ("b", "off"), ("b", "off")], (), "b", 2 / 3, ""),
    ],
)
def test_the_majority_counts_what_is_the_same_answer(answers, choices, reference, share, reason):
    found = ScienceMajority().reference(group(answers, choices))
    assert (found.answer, found.verdict.reason) == (reference, reason)
    assert found.share == pytest.approx(share)


def test_only_the_voters_that_are_asked_for_vote():
    votes = group([("a", "on"), ("b", "off"), ("b", "off"), ("a", "on"), ("b", "off")])
    assert ScienceMajority(voters="on").reference(votes).answer == "a"
    assert ScienceMajority(voters="off").reference(votes).answer == "b"


def test_the_reference_keeps_who_voted_for_it():
    votes = group(on("C", "C) 9 J", "A"), OPTIONS)
    reference = ScienceMajority().reference(votes).answer
    kept = [
        apply_filter(ScienceAnswer(), replace(each.response, reference=reference)).decision
        for each in votes
    ]
    assert kept == ["keep", "keep", "drop"]


def test_every_answer_votes_once():
    found = ScienceMajority().candidates(
        [each.response for each in group(on("100 m", "100.9 m", "101.8 m", "99.2 m", "5 s", "a"))]
    )
    places = [place for each in found for place in each.members]
    assert sorted(places) == list(range(6))
    assert found[0].votes == 3


@pytest.mark.parametrize("name", ["min_votes", "min_margin"])
def test_a_majority_of_nobody_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be > 0, got 0"):
        ScienceMajority(**{name: 0})


def test_many_different_answers_are_compared_up_to_a_limit():
    votes = group(on(*(f"{i} m" for i in range(1, 300, 7))))
    assert ScienceMajority().reference(votes).verdict.reason == "too_few_votes"
