"""Where public graders disagree: what each policy says."""

import pytest

from factory.apply import apply_filter, check_gold
from factory.config import build
from factory.errors import ConfigError
from filters import FinalAnswer
from filters.final_answer import Policy, equivalent
from tests.toys import prompt, response

CASES = [
    # percent
    ({}, "10\\%", "10", True),
    ({}, "10\\%", "0.1", True),
    ({}, "10", "10\\%", True),
    ({}, "0.1", "10\\%", True),
    ({}, "10\\%", "1000", False),
    ({"percent": "value"}, "10\\%", "10", False),
    ({"percent": "value"}, "10\\%", "\\frac{1}{10}", True),
    ({"percent": "number"}, "10\\%", "10", True),
    ({"percent": "number"}, "10\\%", "0.1", False),
    # lists without brackets
    ({}, "1, 2", "2, 1", True),
    ({"lists": "ordered"}, "1, 2", "2, 1", False),
    ({"lists": "ordered"}, "1, 2", "1, 2", True),
    ({"lists": "ordered"}, "\\{1, 2\\}", "\\{2, 1\\}", True),
    ({}, "(1, 2)", "(2, 1)", False),
    ({}, "(1, 2)", "1, 2", True),
    ({}, "(1, 2)", "2, 1", False),
    # units
    ({}, "5\\text{ cm}", "5", True),
    ({}, "5", "5\\text{ cm}", True),
    ({}, "5\\text{ cm}", "5\\text{ furlongs}", True),
    ({"units": "require"}, "5\\text{ cm}", "5", False),
    ({"units": "require"}, "5\\text{ cm}", "0.05\\text{ m}", True),
    ({"units": "require"}, "5", "5\\text{ cm}", True),
    # fractions that are not in lowest terms
    ({}, "1/2", "2/4", True),
    ({"unreduced": False}, "1/2", "2/4", False),
    ({"unreduced": False}, "1/2", "\\frac{2}{4}", False),
    ({"unreduced": False}, "1/2", "\\frac{1}{2}", True),
    ({"unreduced": False}, "2/4", "3/6", True),
    # decimals
    ({}, "1/3", "0.333", False),
    ({}, "1/3", "0.333333", True),
    ({}, "1", "0.9999999", False),
    ({}, "1000000", "1000000.0000001", False),
    ({}, "0.5", "0.5000001", True),
    ({}, "1/3", "0.333334", False),
    ({}, "\\sqrt{2}", "1.414214", True),
    ({}, "\\sqrt{2}", "1.4142", False),
    ({"decimal_places": 3}, "1/3", "0.333", True),
    ({"decimal_places": 2}, "2.5", "2.504", True),
    ({"decimal_places": 2}, "2.5", "2.51", False),
    ({"decimal_places": 2}, "1/3", "2/6", True),
    ({"decimal_places": 2}, "1/3", "1/4", False),
    ({"decimal_places": 1000}, "1/3", "0.33333333333", False),
    ({"decimal_places": 2}, "\\{1/3, 1\\}", "\\{1, 0.33\\}", True),
    # case
    ({}, "Yes", "yes", True),
    ({"case": "keep"}, "Yes", "yes", False),
    ({}, "x", "X", False),
]


@pytest.mark.parametrize(("fields", "gold", "predicted", "equal"), CASES)
def test_each_disputed_point_has_one_policy(fields, gold, predicted, equal):
    assert equivalent(gold, predicted, policy=Policy(**fields)) is equal


BOXES = "\\boxed{4}, better \\boxed{5}"


@pytest.mark.parametrize(
    ("boxes", "output", "reason"),
    [
        ("last", BOXES, ""),
        ("last", "\\boxed{5}, better \\boxed{4}", "wrong_answer"),
        ("refuse", BOXES, "several_boxes"),
        ("refuse", "\\boxed{5} is \\boxed{5.0}", ""),
        ("refuse", "\\boxed{5}", ""),
        ("agree", BOXES, "several_boxes"),
        ("agree", "\\boxed{10\\%} is \\boxed{0.1}", "wrong_answer"),
        ("agree", "\\boxed{5} is \\boxed{5\\text{ cm}} or \\boxed{5\\text{ m}}", ""),
    ],
)
def test_several_different_boxes_are_judged_as_the_policy_says(boxes, output, reason):
    assert apply_filter(FinalAnswer(boxes=boxes), response(output)).reason == reason


def test_an_answer_without_a_box_counts_only_if_the_policy_says_so():
    assert apply_filter(FinalAnswer(), response("Answer: 5")).decision == "keep"
    assert apply_filter(FinalAnswer(marked=False), response("Answer: 5")).reason == "no_answer"


def test_policies_are_keys_of_the_filters_table():
    table = {"percent": "value", "boxes": "refuse", "timeout_s": 2.0, "decimal_places": 3}
    built = build(FinalAnswer, table, where="run.toml", prefix="filters.final_answer")
    assert (built.percent, built.boxes, built.timeout_s) == ("value", "refuse", 2.0)


@pytest.mark.parametrize(
    "table", [{"percent": "both"}, {"decimal_places": -1}, {"timeout_s": 0.0}, {"box": "last"}]
)
def test_an_unknown_policy_is_refused(table):
    with pytest.raises(ConfigError):
        build(FinalAnswer, table, where="run.toml", prefix="filters.final_answer")


@pytest.mark.parametrize(
    "gold",
    [
        "5",
        "\\frac{1}{2}",
        "(1, 2)",
        "\\text{(C)}",
        "x^2+1",
        "10\\%",
        "\\{1, 2\\}",
        "3:2",
        "7\\text{ cm}",
    ],
)
def test_a_gold_answer_passes_its_own_verifier(gold):
    for policy in (FinalAnswer(), FinalAnswer(units="require", unreduced=False, percent="value")):
        assert check_gold(policy, prompt(gold=gold)).decision == "keep"


def test_a_gold_answer_that_cannot_be_checked_is_bad():
    assert check_gold(FinalAnswer(), prompt(gold="???")).reason == "bad_gold"
