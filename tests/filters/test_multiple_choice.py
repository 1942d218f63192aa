from dataclasses import replace

import pytest

from factory.apply import apply_filter, check_gold
from filters.multiple_choice import LETTERS, MultipleChoice
from tests.toys import response

JOULES = ("40 J", "41 J", "42 J", "43 J")


def asked(output, gold="C", choices=JOULES):
    answer = response(output, gold=gold)
    return replace(answer, prompt=replace(answer.prompt, choices=choices))


def reason(output, gold="C", choices=JOULES, **fields):
    return apply_filter(MultipleChoice(**fields), asked(output, gold, choices)).reason


TABLE = [
    ("\\boxed{C}", ""),
    ("\\boxed{c}", ""),
    ("\\boxed{(C)}", ""),
    ("\\boxed{\\text{(C)}}", ""),
    ("\\boxed{\\mathrm{C}}", ""),
    ("\\boxed{\\textbf{(C)}\\ 42\\,\\mathrm{J}}", ""),
    ("\\boxed{(C) 42 J}", ""),
    ("\\boxed{42 J}", ""),
    ("\\boxed{(C) 42 joules}", ""),
    ("\\boxed{42\\ \\text{J}}", ""),
    ("\\boxed{Option C}", ""),
    ("\\boxed{Ｃ}", ""),
    ("\\boxed{C and C}", ""),
    ("\\boxed{A} no, \\boxed{C}", ""),
    ("The answer is (C)", ""),
    ("The correct answer is **C**.", ""),
    ("The answer is: C) 42 J", ""),
    ("The answer is C (42 J).", ""),
    ("The answer is C, because 42 J is what is left.", ""),
    ("The answer is C. The reason is that B is wrong.", ""),
    ("The correct option is (C) 42 J.", ""),
    ("**Answer:** C", ""),
    ("Answer:\n\n(C) 42 J", ""),
    ("Work.\n\n**C**", ""),
    ("C", ""),
    ("42 J", ""),
    ("<think>\\boxed{A}</think> \\boxed{C}", ""),
    ("\\boxed{A}", "wrong_answer"),
    ("\\boxed{C} no, \\boxed{A}", "wrong_answer"),
    ("\\boxed{40 J}", "wrong_answer"),
    ("The answer is D", "wrong_answer"),
    ("", "no_answer"),
    ("\\boxed{}", "no_answer"),
    ("The answer is C, so \\boxed{C", "no_answer"),
    ("<think>\\boxed{C}</think> none", "no_answer"),
    ("The answer is A matter of taste", "no_answer"),
    ("The answer is I think C", "no_answer"),
    ("The answer is not C", "no_answer"),
    ("Answer: C.\nHmm, actually B.", "no_answer"),
    ("Answer: C\nActually B fits better.", "no_answer"),
    ("I think that it is C", "no_answer"),
    ("The answer is (C). Wait, no, it is (D).", "no_answer"),
    ("Answer: C\n\nOn second thought, it should be D.", "no_answer"),
    ("Answer: D\n\nOn second thought, the answer is C.", ""),
    ("\\boxed{C, D}", "ambiguous_answer"),
    ("\\boxed{C and D}", "ambiguous_answer"),
    ("\\boxed{(C) (D)}", "ambiguous_answer"),
    ("The answer is C or D", "ambiguous_answer"),
    ("\\boxed{(C) is wrong}", "ambiguous_answer"),
    ("\\boxed{(C) is not it}", "ambiguous_answer"),
    ("\\boxed{(C) can be excluded}", "ambiguous_answer"),
    ("The answer is (C) if friction is left out", "ambiguous_answer"),
    ("\\boxed{E}", "no_such_option"),
    ("\\boxed{C?}", "no_such_option"),
    ("\\boxed{\\cancel{C}}", "no_such_option"),
    ("\\boxed{\\neg C}", "no_such_option"),
    ("\\boxed{C\\text{ is false}}", "no_such_option"),
    ("\\boxed{(I)}", "no_such_option"),
    ("\\boxed{44 J}", "no_such_option"),
    ("\\boxed{42 MJ}", "no_such_option"),
    ("\\boxed{not C}", "no_such_option"),
    ("\\boxed{AC}", "no_such_option"),
    ("\\boxed{(C) 43 J}", "contradicting_answer"),
    ("\\boxed{(C) 44 J}", "contradicting_answer"),
    ("The answer is D: 42 J", "contradicting_answer"),
]


@pytest.mark.parametrize(("output", "expected"), TABLE)
def test_one_option_must_be_named_by_letter_or_text(output, expected):
    assert reason(output) == expected


def test_every_reason_is_reached_above():
    assert {expected for _, expected in TABLE} == set(MultipleChoice.REASONS.values())


@pytest.mark.parametrize(
    ("gold", "choices", "output", "expected"),
    [
        ("42 J", JOULES, "\\boxed{C}", ""),
        ("\\text{(C)}", JOULES, "\\boxed{42 J}", ""),
        ("E", JOULES, "\\boxed{C}", "gold_unparseable"),
        ("44 J", JOULES, "\\boxed{C}", "gold_unparseable"),
        ("", JOULES, "\\boxed{C}", "gold_unparseable"),
        ("same", ("same", "same", "else"), "\\boxed{A}", "gold_unparseable"),
        (None, JOULES, "\\boxed{C}", "no_gold"),
        ("J", tuple("0123456789"), "\\boxed{\\text{(J)}}", ""),
        ("C", tuple(f"{i} J" for i in range(10)), "\\boxed{(C) 2 J in all}", ""),
        ("C", tuple(f"{i} N" for i in range(10)), "\\boxed{(C) 2 J}", "ambiguous_answer"),
        ("I", tuple("0123456789"), "The answer is I.", ""),
        ("A", (), "\\boxed{\\text{A}}", ""),
        ("A", (), "\\boxed{K}", "no_such_option"),
        ("A", (), "\\boxed{42 J}", "no_choices"),
        ("42 J", (), "\\boxed{42 J}", "gold_unparseable"),
        ("A", ("yes", "no"), "\\boxed{Yes}", ""),
        ("A", ("yes", "no"), "\\boxed{C}", "no_such_option"),
        # options that hold letters of their own
        ("B", ("I only", "I and II", "II only", "A and B"), "\\boxed{I and II}", ""),
        ("D", ("I only", "I and II", "II only", "A and B"), "\\boxed{A and B}", ""),
        ("C", ("A dog", "I", "Vitamin C", "B cells"), "\\boxed{(C) Vitamin C}", ""),
        ("B", ("A dog", "I", "Vitamin C", "B cells"), "\\boxed{I}", ""),
        ("A", ("A dog", "I", "Vitamin C", "B cells"), "\\boxed{A dog}", ""),
        ("A", ("B", "A", "D", "C"), "\\boxed{A}", "ambiguous_answer"),
        ("A", ("B", "A", "D", "C"), "\\boxed{\\text{(A) B}}", ""),
        ("A", ("A", "B", "AB", "O"), "\\boxed{AB}", "wrong_answer"),
        ("D", ("A", "B", "AB", "O"), "\\boxed{O}", ""),
        # equal options, near ones
        ("B", ("x", "same", "same", "y"), "\\boxed{same}", "ambiguous_answer"),
        ("B", ("x", "same", "same", "y"), "\\boxed{B}", ""),
        ("A", ("5 MW", "5 mW"), "\\boxed{5 mW}", "wrong_answer"),
        ("A", ("5 MW", "6 W"), "\\boxed{5 mW}", "no_such_option"),
        ("A", ("Co", "CO"), "\\boxed{CO}", "wrong_answer"),
        ("A", ("$x^2$", "$x2$"), "\\boxed{x²}", ""),
        ("A", ("sodium chloride", "salt"), "\\boxed{Sodium Chloride}", ""),
    ],
)
def test_gold_answers_and_options_of_every_kind(gold, choices, output, expected):
    assert reason(output, gold, choices) == expected


def test_words_may_be_left_out_of_account():
    assert reason("The answer is C", boxed_only=True) == "no_answer"
    assert reason("\\boxed{C}", boxed_only=True) == ""


@pytest.mark.parametrize("letter", LETTERS)
def test_every_gold_letter_and_text_passes_its_own_check(letter):
    choices = tuple(f"option number {i}" for i in range(10))
    for gold in (letter, f"({letter.lower()})", choices[LETTERS.index(letter)]):
        prompt = asked("", gold, choices).prompt
        assert check_gold(MultipleChoice(), prompt).decision == "keep"


@pytest.mark.parametrize("gold", ["K", "neither", "", "}"])
def test_a_gold_answer_that_is_no_option_is_bad(gold):
    prompt = asked("", gold, JOULES).prompt
    assert check_gold(MultipleChoice(), prompt).reason == "bad_gold"


HOSTILE = [
    "\x00" * 100,
    "\\boxed{" * 10_000,
    "\\boxed{" + "\\text{" * 10_000 + "C" + "}" * 10_001,
    "\u202e\\boxed{\u200fC}",
    "\ud800",
    "C" * 10_000_000,
    "answer is " * 200_000,
    "The answer is " + "A " * 500_000,
    "\\boxed{" + "(C) " * 500_000 + "D}",
    "\\boxed{" + "C" + " " * 1_000_000 + "D}",
    "answer" + " " * 1_000_000,
    "not " * 1_000_000 + "\nC)" + "x" * 1_000_000 + " not",
    "9**9**9",
]


@pytest.mark.parametrize("output", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_answers_get_a_reason(output):
    assert reason(output)
