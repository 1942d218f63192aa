"""Gold answers that give way to what the answers say, and steps that hold the check themselves."""

import pytest

from factory.apply import judge
from factory.schemas import response_row
from factory.steps import AskJudge, Refer
from filters import FinalAnswer, Majority
from pipelines import math
from tests.toys import response

REPLACED = [Refer(Majority(), replaces=FinalAnswer())]


def boxed(*answers, gold="2"):
    return [response(f"\\boxed{{{a}}}", gold=gold, sample=i) for i, a in enumerate(answers)]


def test_a_gold_answer_that_nobody_reaches_gives_way_to_the_majority():
    judged = judge(REPLACED, boxed("3", "3.0", "4"))
    row = response_row(judged[0])
    assert (row["expected_answer"], row["reference"]) == ("3", "3")
    assert row["reference_share"] == pytest.approx(2 / 3)
    assert all(item.kept for item in judged), "the check comes after"
    assert judged[0].response.prompt.expected_answer == "2", "what was given is not forgotten"


@pytest.mark.parametrize(
    ("gold", "answers", "why"),
    [
        ("2", ("3", "3", "3", "2"), "one answer reaches it"),
        ("2", ("3", "4", "5"), "no majority takes its place"),
        ("...", ("3", "3"), "the check cannot judge, which is no certainty"),
    ],
)
def test_a_gold_answer_stands(gold, answers, why):
    judged = judge(REPLACED, boxed(*answers, gold=gold))
    assert {response_row(item)["expected_answer"] for item in judged} == {gold}, why
    assert all(not item.verdicts for item in judged)


def test_without_leave_a_gold_answer_stands():
    judged = judge([Refer(Majority())], boxed("3", "3"))
    assert response_row(judged[0])["reference"] is None


def test_a_recipes_settings_of_the_check_reach_every_step_that_holds_it():
    config = math.Config(
        judge="j", judge_decides="undecided", variants={"similar": 1}, writer="w",
        replace_unreached=True,
    )  # fmt: skip
    pipeline = math.pipeline(config, 1)
    changed = pipeline.with_filter_settings({"judged_answer": {"boxes": "refuse"}}, "x.toml")
    checks = [s.replaces for s in changed.steps if isinstance(s, Refer)]
    checks += [s.undecided_by for s in changed.steps if isinstance(s, AskJudge)]
    assert [check.boxes for check in (*checks, changed.gold)] == ["refuse"] * 3
    assert pipeline.fingerprint() != changed.fingerprint()
