"""Comparing two quantities: exactly, then rounded where one is a decimal, then by their units."""

from dataclasses import replace
from fractions import Fraction
from math import floor, log10
from typing import Final

from filters.math_field import INFINITE, PI, Atom, Unreadable, Value, atom, number
from filters.math_forms import Quantity, is_letter
from filters.math_numbers import approximate, differ
from filters.math_policy import Policy
from filters.math_units import find, ratio

Settled = bool | None
"""None where the fast path cannot say."""

_UNIT_LETTERS: Final = frozenset("mglhsCFKLJNWVA")
"""Letters that, after a number, may be units that math-verify takes away."""


def quantities(gold: Quantity, predicted: Quantity, policy: Policy) -> Settled:
    """Whether two quantities are the same."""
    gold, predicted = _lettered(gold, predicted), _lettered(predicted, gold)
    if predicted.unreduced and not gold.unreduced and not policy.unreduced:
        return False
    if policy.units == "require" and gold.unit is not None and predicted.unit is None:
        return False
    for one, other in ((gold, predicted), (predicted, gold)):
        if one.percent and not other.percent and other.unit and other.unit.family:
            return False
    scale: Fraction | None = Fraction(1)
    if gold.unit and predicted.unit:
        scale = ratio(gold.unit, predicted.unit)
        if scale is None:
            return _turns(gold, predicted)
    assert scale is not None
    value = predicted.value if scale == 1 else predicted.value * number(scale)
    decimal = gold.decimal or predicted.decimal
    both = gold.decimal and predicted.decimal
    settled = [
        _values(a, b, decimal, both, policy) for a, b in _percents(gold, value, predicted, policy)
    ]
    if True in settled:
        return True
    if gold.unit or predicted.unit:
        turned = _turns(gold, predicted)
        if turned:
            return True
    return None if None in settled else False


def _lettered(one: Quantity, other: Quantity) -> Quantity:
    """A letter behind a number as its unit, where the other has one: `5 m` beside `5 cm`."""
    letters = [each for each in one.value.atoms if is_letter(each) and each.name in "mglhs"]
    if one.unit or len(letters) != 1 or not (other.unit and other.unit.family):
        return one
    value, power = one.value, 0
    while has_letters(value) and power < 3:
        value, power = value / atom(letters[0]), power + 1
    unit = find(f"{letters[0].name}^{power}" if power > 1 else letters[0].name)
    return one if has_letters(value) else replace(one, value=value, unit=unit)


def _percents(
    gold: Quantity, value: Value, predicted: Quantity, policy: Policy
) -> list[tuple[Value, Value]]:
    """The pairs of values that the policy on percentages lets be equal."""
    if gold.percent == predicted.percent:
        return [(gold.value, value)]
    hundred = number(Fraction(1, 100))
    as_value = (gold.value * hundred, value) if gold.percent else (gold.value, value * hundred)
    plain = (gold.value, value)
    return {"either": [plain, as_value], "value": [as_value], "number": [plain]}[policy.percent]


def _turns(gold: Quantity, predicted: Quantity) -> bool:
    """Whether one is in degrees and the other the same angle in radians, written with pi."""
    for one, other in ((gold, predicted), (predicted, gold)):
        if one.unit and one.unit.family == "angle" and PI in other.value.atoms:
            return (one.value * atom(PI) / number(180)).same(other.value)
    return False


def _values(gold: Value, predicted: Value, decimal: bool, both: bool, policy: Policy) -> Settled:
    """Whether two values are the same; `decimal` where one is written so, `both` where both are."""
    try:
        if gold.same(predicted):
            return True
    except Unreadable:
        return None
    left, right = gold.rational, predicted.rational
    if left is not None and right is not None:
        if not both and 1 in (left.denominator, right.denominator):
            return False  # an integer is exact: 0.9999999 is not 1
        return decimal and _round_alike(left, right, policy.decimal_places, exact=both)
    if decimal and not (has_letters(gold) or has_letters(predicted)):
        return _near(gold, predicted, both, policy)
    if has_letters(gold) != has_letters(predicted) and _maybe_unit(gold, predicted):
        return None
    if INFINITE in gold.atoms or INFINITE in predicted.atoms:
        return False
    return False if differ(gold, predicted) else None


def _maybe_unit(a: Value, b: Value) -> bool:
    """Whether the two differ by a letter that may be a unit, or by its square or cube."""
    for one, other in ((a, b), (b, a)):
        letters = [each for each in one.atoms if is_letter(each)]
        if len(letters) == 1 and letters[0].name in _UNIT_LETTERS:
            unit = atom(letters[0])
            return any(one.same(other * each) for each in (unit, unit * unit, unit * unit * unit))
    return False


def _near(gold: Value, predicted: Value, both: bool, policy: Policy) -> Settled:
    """A decimal against an irrational number, or two irrational numbers with decimals in them."""
    left, right = approximate(gold), approximate(predicted)
    if left is None or right is None:
        return False if differ(gold, predicted) else None
    if policy.decimal_places > 9:
        return False if differ(gold, predicted) else None
    return _round_alike(Fraction(left), Fraction(right), policy.decimal_places, exact=both)


def _round_alike(a: Fraction, b: Fraction, places: int, *, exact: bool) -> bool:
    """Whether two numbers round to the same decimal places, or significant digits if small.

    Where only one is a decimal (not `exact`), half a unit of the last place does too: 11.3137085 is
    the root of 128, whose sixth place is rounded down.
    """
    smaller = min(abs(a), abs(b))
    if not smaller:
        return a == b
    if 10**places * abs(a - b) > 1:
        return False
    magnitude = floor(log10(smaller)) if smaller > Fraction(1, 10**300) else -300
    digits = max(places, places - 1 - magnitude)
    if not exact and 2 * 10**digits * abs(a - b) <= 1:
        return True
    return round(a, digits) == round(b, digits)


def has_letters(value: Value) -> bool:
    """Whether a variable stands anywhere in a value."""
    return any(is_letter(each) or each.args for each in value.atoms if not _constant(each))


def _constant(each: Atom) -> bool:
    """Whether no letter stands in a function's arguments."""
    return bool(each.args) and not any(has_letters(inner) for inner in each.args)
