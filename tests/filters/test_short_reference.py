import pytest

from factory.apply import apply_filter, check_gold
from filters.short_reference import ShortReference
from tests.toys import prompt, response


def reason(output, gold, **fields):
    return apply_filter(ShortReference(**fields), response(output, gold=gold)).reason


TABLE = [
    ("\\boxed{mitochondrion}", "Mitochondrion", ""),
    ("\\boxed{the \\text{Krebs cycle}}", "Krebs cycle", ""),
    ("The answer is: **Krebs cycle**.", "Krebs cycle", ""),
    ("It turns.\n\nKrebs cycle", "the Krebs cycle", ""),
    ("\\boxed{Poincare}", "Poincaré", ""),
    ("\\boxed{citric-acid cycle}", "Krebs cycle | citric acid cycle", ""),
    ("\\boxed{U.S.A.}", "USA", ""),
    ("\\boxed{“Hamlet”}", "Hamlet", ""),
    ("\\boxed{Yes}", "yes", ""),
    ("\\boxed{Paris, France}", "Paris France", ""),
    ("\\boxed{Rutherford's}", "Rutherfords", ""),
    ("\\boxed{vitamin A}", "Vitamin A", ""),
    ("\\boxed{A}", "a", ""),
    ("\\boxed{Rubidium}", "Krebs cycle", "wrong_answer"),
    ("\\boxed{not the Krebs cycle}", "Krebs cycle", "wrong_answer"),
    ("\\boxed{Krebs cycle or glycolysis}", "Krebs cycle", "wrong_answer"),
    ("\\boxed{Krebs cycle or citric acid cycle}", "Krebs cycle|citric acid cycle", "wrong_answer"),
    ("\\boxed{Krebs}", "Krebs cycle", "wrong_answer"),
    ("\\boxed{vitamin}", "vitamin A", "wrong_answer"),
    ("\\boxed{yes and no}", "yes", "wrong_answer"),
    ("\\boxed{-5}", "5", "wrong_answer"),
    ("\\boxed{3.5}", "35", "wrong_answer"),
    ("\\boxed{5!}", "5", "wrong_answer"),
    ("\\boxed{Krebs cycle?}", "Krebs cycle", "wrong_answer"),
    ("\\boxed{C++}", "C", "wrong_answer"),
    ("\\boxed{Krebs|cycle}", "Krebs cycle", "wrong_answer"),
    ("\\boxed{Krebs\u200b cycle}", "Krebs cycle", "wrong_answer"),
    ("I think that it is the Krebs cycle", "Krebs cycle", "wrong_answer"),
    ("<think>\\boxed{Krebs cycle}</think>", "Krebs cycle", "no_answer"),
    ("", "Krebs cycle", "no_answer"),
    ("\\boxed{...}", "Krebs cycle", "no_answer"),
    ("\\boxed{Krebs cycle", "Krebs cycle", "no_answer"),
    ("\\boxed{yes}", None, "no_gold"),
    ("\\boxed{}", "", "gold_unparseable"),
    ("\\boxed{|}", " | ", "gold_unparseable"),
]


@pytest.mark.parametrize(("output", "gold", "expected"), TABLE)
def test_the_whole_statement_must_be_a_reference(output, gold, expected):
    assert reason(output, gold) == expected


@pytest.mark.parametrize(
    ("fields", "output", "gold", "expected"),
    [
        ({"fold_case": False}, "\\boxed{krebs cycle}", "Krebs cycle", "wrong_answer"),
        ({"fold_accents": False}, "\\boxed{Poincare}", "Poincaré", "wrong_answer"),
        ({"boxed_only": True}, "Krebs cycle", "Krebs cycle", "no_answer"),
        ({"separator": ""}, "\\boxed{a|b}", "a|b", ""),
        ({"separator": ""}, "\\boxed{b}", "a|b", "wrong_answer"),
        ({"separator": ";"}, "\\boxed{b}", "a;b", ""),
    ],
)
def test_every_policy_is_an_option(fields, output, gold, expected):
    assert reason(output, gold, **fields) == expected


@pytest.mark.parametrize(
    ("gold", "decision"),
    [("x|y", "keep"), ("Größe", "keep"), ("a{b}", "keep"), ("a}b", "drop"), ("", "drop")],
)
def test_a_gold_answer_passes_its_own_check_or_is_bad(gold, decision):
    assert check_gold(ShortReference(), prompt(gold=gold)).decision == decision


@pytest.mark.parametrize(
    "output",
    [
        "x" * 10_000_000,
        "\\boxed{yes" + " " * 1_000_000 + "no}",
        "\\boxed{" + "yes " * 1_000_000 + "}",
        "\\text{" * 10_000 + "no",
        "\u202eyes",
        "\x00yes",
        "\ud800",
        '"' * 1_000_000,
        "a." * 1_000_000,
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_hostile_answers_are_never_the_reference(output):
    assert reason(output, "yes") in ("wrong_answer", "no_answer")
