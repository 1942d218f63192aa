import pytest

from factory.apply import apply_filter
from filters import FinalAnswer
from filters.final_answer import canonical, equivalent, extract_boxed
from tests.toys import response


@pytest.mark.parametrize(
    ("output", "gold", "reason"),
    [
        ("so \\boxed{5}", "5", ""),
        ("\\boxed{4} no, \\boxed{5}", "5", ""),
        ("\\boxed{5} no, \\boxed{4}", "5", "wrong_answer"),
        ("\\boxed{25}", "5", "wrong_answer"),
        ("\\boxed{-5}", "5", "wrong_answer"),
        ("\\boxed{\\frac{1}{2}}", "0.5", ""),
        ("\\boxed{0.5}", "1/2", ""),
        ("\\boxed{\\frac{1}{3}}", "0.5", "wrong_answer"),
        ("\\boxed{x+1}", "1+x", ""),
        ("\\boxed{1,000}", "1000", ""),
        ("the answer is 5", "5", "no_answer"),
        ("\\boxed{}", "5", "no_answer"),
        ("\\boxed{5", "5", "no_answer"),
        ("\\boxed{words}", "5", "wrong_answer"),
        ("\\boxed{5}", "???", "gold_unparseable"),
        ("\\boxed{???}", "???", "gold_unparseable"),
        ("\\boxed{5}", "", "gold_unparseable"),
        ("\\boxed{5}", None, "no_gold"),
        ("\\boxed{import os}", "5", "refused_text"),
        ("\\boxed{" + "x+" * 1500 + "1}", "5", "answer_too_long"),
        ("<think>\\boxed{5}</think> \\boxed{4}", "5", "wrong_answer"),
        ("<think>\\boxed{5}</think> four", "5", "no_answer"),
        ("<think>\\boxed{5}", "5", "no_answer"),
        ("<think>a</think><think>\\boxed{5}</think>", "5", "no_answer"),
        ("<think>a</think>\\boxed{5}<think>\\boxed{4}", "5", ""),
        ("Answer: 5", "5", ""),
        ("**Answer:** 5 cm.\nThat is all.", "5", ""),
        ("The final answer is: $\\frac12$. I hope so", "0.5", ""),
        ("The final answer is 3.14.", "3.14", ""),
        ("work\n#### 42", "42", ""),
        ("### Final Answer\nThe answer is $x=5$.", "5", ""),
        ("Answer: 4\n\\boxed{5}", "5", ""),
        ("Answer: 5, but no: \\boxed{4}", "5", "wrong_answer"),
        ("Answer: 5\n\nWait, actually it is 6.", "5", "no_answer"),
        ("The final answer is not 5", "5", "no_answer"),
        ("Answer: $5$ or $6$", "5", "wrong_answer"),
        ("Answer: $5$ and $6$.", "5, 6", ""),
        ("Answer: \\(5\\), \\(6\\), and \\(7\\)", "5, 6, 7", ""),
        ("The answer is: $5$, since $2+3=5$.", "5", ""),
        ("Answer: $5$ is wrong, it is $6$", "5", "wrong_answer"),
        ("Answer:", "5", "no_answer"),
    ],
)
def test_the_last_box_of_the_answer_decides(output, gold, reason):
    assert apply_filter(FinalAnswer(), response(output, gold=gold)).reason == reason


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\\boxed{a{b}c}", "a{b}c"),
        ("\\boxed{\\text{(C)}}", "\\text{(C)}"),
        ("\\boxed{a} and \\boxed{b}", "b"),
        ("boxed{a}", None),
        ("\\boxed{{a}", None),
        ("\\boxed{a} and so \\boxed{", "a"),
        ("\\boxed{a}, written as \\boxed{}", "a"),
        ("\\boxed{ \\boxed{a}", "a"),
        ("\\boxed{\\boxed{a}}", "\\boxed{a}"),
        ("\\boxed{\\{a\\}}", "\\{a\\}"),
        ("\\boxed{\\left\\{a}", "\\left\\{a"),
        ("\\fbox{a}", "a"),
        ("\\boxed 5 is it", "5"),
        ("\\boxed\\frac12 is it", "\\frac12"),
        ("\\boxedfoo{a}", None),
    ],
)
def test_a_box_is_read_with_its_braces_balanced(text, found):
    assert extract_boxed(text) == found


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("5", "5.0"),
        ("$5$", "5"),
        ("1,234", "1234"),
        (" Yes ", "\\text{yes}"),
        ("05", "5"),
        ("\\frac12", "0.5"),
        ("\\sqrt{8}", "2\\sqrt2"),
        ("(x+1)^2", "x^2+2x+1"),
        ("1, 2", "2, 1"),
        ("x=5", "5"),
        ("[0, 1)", "\\left[0,1\\right)"),
        ("(C)", "C"),
        ("5 \\text{ apples}", "5"),
        ("1\\text{ m}", "100\\text{ cm}"),
    ],
)
def test_answers_that_are_equal_have_one_canonical_form(a, b):
    assert canonical(a) == canonical(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [("1,23", "123"), ("(1,2)", "(2,1)"), ("[0,1)", "(0,1)"), ("10\\%", "10"), ("x", "X")],
)
def test_answers_that_are_not_equal_have_different_canonical_forms(a, b):
    assert canonical(a) != canonical(b)


@pytest.mark.parametrize("text", ["\x00", "((((", "x" * 3_000_000, "9^9^9^9", "\ud800", ""])
def test_any_text_has_a_canonical_form(text):
    assert canonical(text) == canonical(text)


PAIRS = [
    ("1/2", "\\frac{2}{4}"),
    ("1/2", "\\frac{2}{3}"),
    ("7.140", "7.14"),
    ("\\sqrt{4}", "2"),
    ("(1,2)", "(1, 2)"),
    ("-3", "-3.0"),
    ("3", "4"),
    ("0.1", "0.2"),
    ("2x", "x+x"),
]


@pytest.mark.parametrize(("gold", "predicted"), PAIRS)
def test_verdicts_are_math_verifys_own(gold, predicted):
    from math_verify import parse, verify

    readings = [parse(f"\\boxed{{{text}}}", parsing_timeout=None) for text in (gold, predicted)]
    assert equivalent(gold, predicted) == verify(*readings, timeout_seconds=None)
