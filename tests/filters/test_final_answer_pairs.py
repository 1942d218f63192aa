"""The labelled pairs of `tests.math_pairs`: no wrong accept, no miss; math-verify beside them."""

import pytest
from math_verify import parse, verify

from filters.final_answer import canonical, equivalent, takes_fast_path
from tests.math_pairs import DIFFERENCES, pairs

KNOWN = {(gold, predicted) for _, gold, predicted, _ in pairs(DIFFERENCES)}


def test_no_unequal_pair_is_accepted():
    wrong = [pair for pair in pairs() if equivalent(*pair[1:3]) is True and not pair[3]]
    assert not wrong


def test_no_equal_pair_is_missed():
    missed = [pair for pair in pairs() if equivalent(*pair[1:3]) is not True and pair[3]]
    assert not missed


def test_an_answer_is_equal_to_itself():
    golds = {answer for pair in pairs() for answer in pair[1:3]}
    assert [gold for gold in golds if equivalent(gold, gold) is not True] == []


def test_nearly_all_pairs_take_the_fast_path():
    fast = [takes_fast_path(gold, predicted) for _, gold, predicted, _ in pairs()]
    assert sum(fast) > 0.95 * len(fast)


def test_answers_of_one_canonical_form_are_equal():
    forms = [
        (canonical(gold), canonical(predicted), equal) for _, gold, predicted, equal in pairs()
    ]
    # The name of a single value does not count: `x = 5` has the form of 5.
    assert {form for form, other, equal in forms if form == other and not equal} == {"5"}
    alike = sum(left == right for left, right, equal in forms if equal)
    assert alike > 0.8 * sum(equal for _, _, equal in forms)


def test_verdicts_are_math_verifys_but_for_the_known_differences():
    rest = [pair for pair in pairs() if pair[1:3] not in KNOWN]
    assert _differing([*pairs(DIFFERENCES), *rest[::8]]) == KNOWN


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_other_pair_differs_from_math_verify():
    assert _differing(pairs()) == KNOWN


def _differing(of):
    return {(gold, predicted) for _, gold, predicted, equal in of if _by(gold, predicted) != equal}


def test_the_known_differences_are_labelled_as_in_the_table():
    table = {(gold, predicted): equal for _, gold, predicted, equal in pairs()}
    for _, gold, predicted, equal in pairs(DIFFERENCES):
        assert table[gold, predicted] == equal


def _by(gold: str, predicted: str) -> bool:
    readings = [parse(f"\\boxed{{{text}}}", parsing_timeout=None) for text in (gold, predicted)]
    return bool(verify(*readings, timeout_seconds=None))
