from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from factory.apply import check_gold, judge
from factory.dedup import Exact
from factory.errors import Unjudged
from factory.records import Grade, Response, UnitTest, Verdict
from factory.schemas import response_from_row, response_row
from factory.steps import Dedup, Keep, KeepGroup, Refer
from filters import FinalAnswer, Majority, PassRate
from tests.toys import prompt, response


@dataclass(frozen=True)
class Length:
    """A toy: short is kept, `?` cannot be judged."""

    name: ClassVar[str] = "length.v3"

    def score(self, response: Response) -> float:
        if response.output == "?":
            raise Unjudged("question")
        if response.output == "bug":
            raise RuntimeError("bug")
        return float(len(response.output))

    def judge(self, score: float) -> Verdict:
        return Verdict.keep() if score < 5 else Verdict.drop("long")


def outputs(*texts: str) -> list[Response]:
    return [response(text, sample=i) for i, text in enumerate(texts)]


def test_a_verdict_carries_filter_score_and_reason():
    kept, dropped, unjudged = judge([Keep(Length())], outputs("abc", "abcdef", "?"))
    assert kept.verdicts == [Verdict(decision="keep", score=3.0, filter="length.v3")]
    assert dropped.verdicts == [
        Verdict(decision="drop", reason="long", score=6.0, filter="length.v3")
    ]
    assert unjudged.verdicts == [
        Verdict(decision="unjudged", reason="question", score=None, filter="length.v3")
    ]
    assert [item.kept for item in (kept, dropped, unjudged)] == [True, False, False]
    row = response_row(unjudged)
    assert (row["kept"], row["dropped_by"], row["reason"]) == (False, "length.v3", "question")


def test_what_is_dropped_is_not_judged_further():
    item = judge([Keep(Length()), Keep(FinalAnswer())], outputs("too long"))[0]
    assert len(item.verdicts) == 1


def test_the_pass_rate_counts_what_could_be_judged():
    failed = response("", sample=5, error="timeout: 3 s")
    judged = judge([Keep(Length()), KeepGroup(PassRate())], [*outputs("a", "abcdef", "?"), failed])
    assert {item.pass_rate for item in judged} == {0.5}
    assert judged[3].verdicts[0] == Verdict(decision="drop", reason="timeout", filter="teacher")


def test_the_pass_rate_is_of_one_prompt_and_mode():
    on = [response("abcdef", mode="on", sample=i) for i in range(2)]
    judged = judge([Keep(Length())], [*on, *outputs("a", "b")])
    assert [item.pass_rate for item in judged] == [0.0, 0.0, 1.0, 1.0]


def test_duplicates_are_dropped_after_the_pass_rate_is_taken():
    steps = [Keep(Length()), Dedup(Exact(), on="response")]
    judged = judge(steps, outputs("a", "A", "b"))
    assert [item.kept for item in judged] == [True, False, True]
    assert judged[1].verdicts[-1].reason == "exact_duplicate"
    assert {item.pass_rate for item in judged} == {1.0}


def test_a_bug_in_a_filter_is_not_a_verdict():
    with pytest.raises(RuntimeError, match="bug"):
        judge([Keep(Length())], outputs("bug"))


@pytest.mark.parametrize(
    ("gold", "decision"), [("5", "keep"), ("\\frac{1}{2}", "keep"), ("", "drop"), ("???", "drop")]
)
def test_a_gold_answer_must_pass_its_own_verifier(gold, decision):
    verdict = check_gold(FinalAnswer(), prompt(gold=gold))
    assert verdict.decision == decision
    assert verdict.reason == ("bad_gold" if decision == "drop" else "")


def test_a_prompt_that_nothing_can_check_is_not_asked():
    nothing = prompt(gold=None)
    assert check_gold(FinalAnswer(), nothing).reason == "no_gold"
    assert check_gold(FinalAnswer(), nothing, votes=True).decision == "keep"
    assert check_gold(None, nothing).decision == "keep"
    tests = (UnitTest(kind="stdio", input="1", expected="1"),)
    assert check_gold(FinalAnswer(), replace(nothing, tests=tests)).decision == "keep"


VOTED = [Refer(Majority()), Keep(FinalAnswer())]


def test_the_answers_of_both_modes_settle_on_a_reference():
    answers = [
        response("\\boxed{1/2}", gold=None, mode="on"),
        response("\\boxed{3}", gold=None, mode="on", sample=1),
        response("\\boxed{0.5}", gold=None),
        response("no box", gold=None, sample=1),
    ]
    judged = judge(VOTED, answers)
    assert [item.kept for item in judged] == [True, False, True, False]
    row = response_row(judged[0])
    assert (row["expected_answer"], row["reference"]) == ("1/2", "1/2")
    assert row["reference_share"] == pytest.approx(2 / 3)
    assert judged[1].verdicts[-1].reason == "wrong_answer"


def test_where_the_answers_do_not_settle_all_are_dropped():
    judged = judge(VOTED, [response("\\boxed{1}", gold=None), response("\\boxed{2}", gold=None)])
    assert [item.verdicts[-1].reason for item in judged] == ["too_few_votes"] * 2
    assert response_row(judged[0])["expected_answer"] is None


def test_a_gold_answer_is_not_put_to_the_vote():
    judged = judge(VOTED, [response("\\boxed{1}", gold="2") for _ in range(3)])
    assert [[v.filter for v in item.verdicts] for item in judged] == [[FinalAnswer.name]] * 3
    assert not any(item.kept for item in judged)


def test_a_response_comes_back_from_its_row_as_it_was():
    told = Grade(column="judge", score=1.0, text="yes")
    answer = response("\\boxed{5}", mode="on", seed=9, request_keys=("a", "b"), grades=(told,))
    (item,) = judge([Keep(FinalAnswer())], [answer])
    assert response_from_row(response_row(item), answer.prompt) == answer
