from dataclasses import replace

import pytest

from factory.apply import apply_filter
from factory.records import Message, Response
from filters import ThinkTags
from filters.sanity import BoxedWhenAsked, OneBox
from tests.toys import prompt, response

BLOCK = "<think>\nwork\n</think>\n\n"
ASKED = (Message(role="user", content="Put the answer inside \\boxed{}. What is 2 + 3?"),)
ECHOED = (
    Message(role="user", content="What is 2 + 3?"),
    Message(role="assistant", content="\\boxed{5}"),
    Message(role="user", content="And what is it called?"),
)


def to(input, mode, output):
    return Response(prompt=replace(prompt(), input=input), mode=mode, sample=0, output=output)


@pytest.mark.parametrize(
    ("rule", "mode", "output", "filter", "reason"),
    [
        ("empty think block", "on", "<think>\n</think>\n\n5", ThinkTags(), "empty_reasoning"),
        ("empty think block", "on", "<think></think>5", ThinkTags(), "empty_reasoning"),
        ("opening without closing tag", "on", "<think>work 5", ThinkTags(), "tag_not_closed"),
        ("off with a tag", "off", "</think>5", ThinkTags(), "tag_with_reasoning_off"),
        ("off with a tag", "off", BLOCK + "5", ThinkTags(), "tag_with_reasoning_off"),
        ("on without tags", "on", "5", ThinkTags(), "no_block"),
        ("box asked for, none given", "on", BLOCK + "5", BoxedWhenAsked(), "box_missing"),
        ("box asked for, none given", "off", "5", BoxedWhenAsked(), "box_missing"),
    ],
)
def test_each_of_nvidias_five_sanity_rules_drops_with_a_reason(rule, mode, output, filter, reason):
    verdict = apply_filter(filter, to(ASKED, mode, output))
    assert (verdict.decision, verdict.reason) == ("drop", reason), rule


@pytest.mark.parametrize(
    ("input", "output", "reason"),
    [
        (ASKED, BLOCK + "\\boxed{5}", ""),
        (ASKED, BLOCK + "$\\boxed 5$", ""),
        (ASKED, "<think>\n\\boxed{5}\n</think>\n\nIt is 5.", "box_missing"),
        (ASKED, "", "box_missing"),
        (ASKED, "boxed{5}" * 1_000_000, "box_missing"),
        (ECHOED, BLOCK + "a sum", ""),
        ((), BLOCK + "5", ""),
    ],
)
def test_a_box_is_missed_only_where_the_user_asked_for_one(input, output, reason):
    assert apply_filter(BoxedWhenAsked(), to(input, "on", output)).reason == reason


@pytest.mark.parametrize(
    ("answer", "number", "reason"),
    [
        ("none", 0, ""),
        ("\\boxed{5} again \\boxed{ 5 }", 1, ""),
        ("\\boxed{5} or \\boxed{6}", 2, "several_boxes"),
        ("<think>\\boxed{4}</think>\\boxed{5}", 1, ""),
        ("\\boxed{5} \\boxed{", 1, ""),
    ],
)
def test_several_different_boxes_are_told(answer, number, reason):
    verdict = apply_filter(OneBox(), response(answer))
    assert (verdict.score, verdict.reason) == (number, reason)
