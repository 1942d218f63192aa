import pytest

from factory.errors import Unjudged
from factory.records import Judged
from filters import Agreement, Majority, majority
from filters.majority import candidates
from tests.toys import judged, response


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([], []),
        ([None, None], []),
        (["5", "5.0", None, "7"], [("5", (0, 1)), ("7", (3,))]),
        (["x+1", "7", "1+x", "1+x"], [("1+x", (0, 2, 3)), ("7", (1,))]),
        (["\\frac{2}{4}", "0.5", "1/2"], [("\\frac{2}{4}", (0, 1, 2))]),
        (["7", "5"], [("7", (0,)), ("5", (1,))]),
        (["???", "???", "5"], [("???", (0, 1)), ("5", (2,))]),
    ],
)
def test_forms_of_one_value_are_one_candidate(answers, found):
    assert [(c.answer, c.members) for c in candidates(answers)] == found


def test_many_different_answers_are_compared_up_to_a_limit():
    answers = [f"x^{{{i}}} + y" for i in range(200)]
    assert len(candidates(answers)) == 200


def group(on: list[str], off: list[str]) -> list[Judged]:
    return [
        Judged(response(f"\\boxed{{{text}}}" if text else "none", gold=None, mode=mode, sample=i))
        for mode, texts in (("on", on), ("off", off))
        for i, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("settings", "on", "off", "answer", "reason"),
    [
        ({}, ["5", "5", "6"], [], "5", ""),
        ({}, ["5"], ["5.0"], "5", ""),
        ({}, ["", ""], [""], None, "no_votes"),
        ({}, ["5", "6"], [], None, "too_few_votes"),
        ({}, ["5", "5"], ["6", "6"], None, "small_margin"),
        ({"voters": "on"}, ["5", "5"], ["6", "6", "6"], "5", ""),
        ({"voters": "off"}, ["5", "5"], ["6", "6", "6"], "6", ""),
        ({"min_votes": 3}, ["5", "5"], [], None, "too_few_votes"),
        ({"min_margin": 3}, ["5"] * 4, ["6", "6"], None, "small_margin"),
        ({"min_margin": 2}, ["5"] * 4, ["6", "6"], "5", ""),
    ],
)
def test_a_majority_needs_votes_and_a_margin(settings, on, off, answer, reason):
    found = Majority(**settings).reference(group(on, off))
    assert (found.answer, found.verdict.reason) == (answer, reason)


def test_the_share_is_of_those_who_voted():
    assert Majority().reference(group(["5", "5", "6", ""], [])).share == pytest.approx(2 / 3)


def test_agreement_counts_forms_of_one_value_together():
    group = [judged(f"\\boxed{{{text}}}") for text in ("1/2", "0.5", "\\frac{2}{4}", "7")]
    assert Agreement().scores(group) == [3.0, 3.0, 3.0, 1.0]


@pytest.mark.parametrize("name", ["min_votes", "min_margin"])
def test_a_majority_of_nobody_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be > 0, got 0"):
        Majority(**{name: 0})


def test_hostile_answers_cost_a_few_deadlines_and_no_more(monkeypatch):
    asked = []

    def late(gold, predicted, **_):
        asked.append(predicted)
        raise Unjudged("timeout")

    monkeypatch.setattr(majority, "compare", late)
    answers = [f"\\sin({i}) y" for i in range(40)]
    assert len(candidates(answers)) == 40
    assert len(asked) == 4
