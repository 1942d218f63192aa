"""Whatever a model writes, every filter has a verdict with a reason, in time, and no crash."""

import time
from dataclasses import replace

import pytest

from factory.apply import apply_filter
from factory.records import Constraint, Grade, GroupFilter, Judged, Response, UnitTest
from filters import FILTERS, make_filter
from tests.hostile_texts import BIG, HOSTILE
from tests.toys import prompt

TRUTHS = ("final_answer", "multiple_choice", "quantity", "short_reference", "unit_tests")
"""Filters that keep what is correct: nothing above is."""


def hostile(text: str) -> Response:
    """A response to a prompt that any filter can judge, with a gold answer that no text gives."""
    asked = prompt(gold="1234567")
    fields = {name: getattr(asked, name) for name in asked.__dataclass_fields__}
    return Response(
        prompt=type(asked)(
            **{
                **fields,
                "choices": ("one", "two", "three", "four"),
                "tests": (UnitTest(kind="stdio", input="2\n", expected="never\n"),),
                "language": "python",
                "constraints": (Constraint(instruction_id="startend:quotation"),),
                "policy": "refuse",
            }
        ),
        mode="on",
        sample=0,
        output=text,
        grades=(Grade(column="judge", score=1.0), Grade(column="reward", score=1.0)),
    )


@pytest.mark.parametrize("kind", [name for name in HOSTILE if name not in BIG])
@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_has_a_verdict_on_hostile_text(name: str, kind: str):
    check_verdict_in_time(name, HOSTILE[kind])


@pytest.mark.slow
@pytest.mark.parametrize("kind", BIG)
@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_has_a_verdict_on_very_long_text(name: str, kind: str):
    check_verdict_in_time(name, HOSTILE[kind])


def check_verdict_in_time(name: str, text: str) -> None:
    filter, response = make_filter(name), hostile(text)
    if name == "final_answer":
        filter = replace(filter, timeout_s=1.0)
    started = time.process_time()
    if isinstance(filter, GroupFilter):
        (score,) = filter.scores([Judged(response)])
        verdict = filter.judge(score)
    else:
        verdict = apply_filter(filter, response)
    assert time.process_time() - started < 10
    assert verdict.decision == "keep" or verdict.reason
    if name in TRUTHS:
        assert verdict.decision != "keep"
