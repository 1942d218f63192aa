"""The fast path: two answers compared without a symbolic engine.

`settle` says True or False where it is sure, and None where math-verify has to decide. Equal is
proved by exact arithmetic; unequal by exact arithmetic too, or by two values that differ at a point
of both their domains by more than rounding can explain.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import floor, log10
from typing import Final

from filters.math_field import INFINITE, PI, Atom, Unreadable, Value, atom, number
from filters.math_forms import (
    Form,
    Listing,
    Matrix,
    Named,
    Numeral,
    Opaque,
    Option,
    Quantity,
    Relation,
    Union,
    Word,
    equation,
    is_letter,
    read,
    squash,
)
from filters.math_numbers import approximate, differ
from filters.math_policy import DEFAULT, Policy
from filters.math_refusal import refused
from filters.math_text import clean
from filters.math_units import ratio

Settled = bool | None
_UNIT_LETTERS: Final = frozenset("mglhstdcCFKLJNWVA")
"""Letters that, after a number, may be units that math-verify takes away."""


def settle(gold: str, predicted: str, policy: Policy = DEFAULT) -> Settled:
    """Whether two answers are the same; None where that is not for the fast path to say.

    Raises:
        TooBig: they are spelled differently, and one holds a number that nothing should work out.
    """
    if gold == predicted or squash(clean(gold)) == squash(clean(predicted)):
        return True
    return compare(read(gold), read(predicted), policy)


def compare(gold: Form, predicted: Form, policy: Policy) -> Settled:
    """`settle` for answers that have been read."""
    if isinstance(gold, Named) or isinstance(predicted, Named):
        return _named(gold, predicted, policy)
    if isinstance(gold, Option) or isinstance(predicted, Option):
        return _option(gold, predicted, policy)
    match gold, predicted:
        case Quantity(), Quantity():
            return _quantities(gold, predicted, policy)
        case Word(), Word():
            return _words(gold, predicted, policy)
        case Listing(), Listing():
            return _listings(gold, predicted, policy)
        case Union(), Union():
            return _unordered(gold.parts, predicted.parts, policy)
        case Matrix(), Matrix():
            return _matrices(gold, predicted, policy)
        case Relation(), Relation():
            return _relations(gold, predicted)
        case Numeral(), Numeral():
            return int(gold.digits, gold.base) == int(predicted.digits, predicted.base)
        case Opaque(), Opaque():
            return True if gold.text == predicted.text else None
    return _kinds(gold, predicted, policy)


def _kinds(gold: Form, predicted: Form, policy: Policy) -> Settled:
    """Answers of two kinds."""
    if isinstance(gold, Opaque | Relation) or isinstance(predicted, Opaque | Relation):
        return None
    for one, other in ((gold, predicted), (predicted, gold)):
        match one, other:
            case Listing(brackets="{}" | "", items=(only,)), _:
                left, right = (only, other) if one is gold else (other, only)
                return compare(left, right, policy)
            case Listing(brackets=""), Quantity():
                return None if _maybe_number(one, other) else False
            case Word(), Quantity():
                return None if _letters(other.value) else False
            case Numeral(), _:
                return None
            case Matrix(), Listing(brackets="()" | "[]" | ""):
                return _vector(gold, predicted, policy)
    return False


def _maybe_number(listing: Listing, quantity: Quantity) -> bool:
    """Whether a bare list may be the quantity, written with a decimal comma."""
    match listing.items, quantity.value.rational:
        case (Quantity(value=a), Quantity(value=b)), Fraction() as whole:
            if quantity.decimal and a.rational is not None and b.rational is not None:
                return abs(whole - a.rational) <= 1
    return False


def _letters(value: Value) -> bool:
    return any(is_letter(each) or each.args for each in value.atoms if not _constant(each))


def _constant(each: Atom) -> bool:
    """Whether no letter stands in a function's arguments."""
    return bool(each.args) and not any(_letters(inner) for inner in each.args)


def _named(gold: Form, predicted: Form, policy: Policy) -> Settled:
    """`x = 5` against another, or against 5."""
    if isinstance(gold, Relation) or isinstance(predicted, Relation):
        return _equations(gold, predicted)
    left = gold.form if isinstance(gold, Named) else gold
    right = predicted.form if isinstance(predicted, Named) else predicted
    found = compare(left, right, policy)
    if isinstance(gold, Named) and isinstance(predicted, Named) and gold.name != predicted.name:
        if found is False and _equations(gold, predicted) is None:
            return None if _letters_in(left) or _letters_in(right) else False
        return _equations(gold, predicted) if found is not True else None
    return found


def _letters_in(form: Form) -> bool:
    return isinstance(form, Quantity) and _letters(form.value)


def _equations(gold: Form, predicted: Form) -> Settled:
    """Two equations, one of them solved for a letter."""
    left, right = _as_equation(gold), _as_equation(predicted)
    return _relations(left, right) if left and right else None


def _relations(gold: Relation, predicted: Relation) -> Settled:
    if gold == predicted:
        return True
    return False if gold.linear and predicted.linear else None


def _as_equation(form: Form) -> Relation | None:
    if isinstance(form, Named) and isinstance(form.form, Quantity):
        try:
            return equation(form.name, form.form.value)
        except Unreadable:
            return None
    return form if isinstance(form, Relation) else None


def _option(gold: Form, predicted: Form, policy: Policy) -> Settled:
    """A letter of a choice, with or without the text of the option."""
    left, right = _option_letter(gold), _option_letter(predicted)
    if left and right:
        return left == right
    for one, other in ((gold, predicted), (predicted, gold)):
        if isinstance(one, Option) and one.rest is not None:
            pair = (one.rest, other) if one is gold else (other, one.rest)
            return True if compare(*pair, policy) else None
        if isinstance(one, Option) and isinstance(other, Quantity | Word | Listing):
            return False
    return None


def _option_letter(form: Form) -> str:
    if isinstance(form, Option):
        return form.letter
    if isinstance(form, Quantity) and len(form.value.top) == 1 and form.unit is None:
        ((product, coefficient),) = form.value.top.items()
        if coefficient == 1 and len(product) == 1 and product[0][1] == 1:
            name = product[0][0].name
            return name if len(name) == 1 and name.isupper() else ""
    return ""


def _words(gold: Word, predicted: Word, policy: Policy) -> Settled:
    left, right = gold.text, predicted.text
    if policy.case == "ignore":
        left, right = left.lower(), right.lower()
    if left == right:
        return True
    if gold.quoted or predicted.quoted or sorted(left) != sorted(right):
        return False
    return None  # letters that are multiplied


def _quantities(gold: Quantity, predicted: Quantity, policy: Policy) -> Settled:
    if predicted.unreduced and not gold.unreduced and not policy.unreduced:
        return False
    if policy.units == "require" and gold.unit is not None and predicted.unit is None:
        return False
    scale: Fraction | None = Fraction(1)
    if gold.unit and predicted.unit:
        scale = ratio(gold.unit, predicted.unit)
        if scale is None:
            return _turns(gold, predicted)
    assert scale is not None
    value = predicted.value if scale == 1 else predicted.value * number(scale)
    decimal = gold.decimal or predicted.decimal
    settled = [_values(a, b, decimal, policy) for a, b in _percents(gold, value, predicted, policy)]
    if True in settled:
        return True
    if gold.unit or predicted.unit:
        turned = _turns(gold, predicted)
        if turned:
            return True
    return None if None in settled else False


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


def _values(gold: Value, predicted: Value, decimal: bool, policy: Policy) -> Settled:
    try:
        if gold.same(predicted):
            return True
    except Unreadable:
        return None
    left, right = gold.rational, predicted.rational
    if left is not None and right is not None:
        return decimal and _round_alike(left, right, policy.decimal_places)
    if decimal and not (_letters(gold) or _letters(predicted)):
        return _near(gold, predicted, policy)
    if _letters(gold) != _letters(predicted) and _maybe_unit(gold, predicted):
        return None
    if INFINITE in gold.atoms or INFINITE in predicted.atoms:
        return False
    return False if differ(gold, predicted) else None


def _maybe_unit(a: Value, b: Value) -> bool:
    """Whether the two differ by a letter that may be a unit."""
    for one, other in ((a, b), (b, a)):
        letters = [each for each in one.atoms if is_letter(each)]
        if len(letters) == 1 and letters[0].name in _UNIT_LETTERS:
            return one.same(other * atom(letters[0]))
    return False


def _near(gold: Value, predicted: Value, policy: Policy) -> Settled:
    """A decimal against an irrational number, or two irrational numbers with decimals in them."""
    left, right = approximate(gold), approximate(predicted)
    if left is None or right is None:
        return False if differ(gold, predicted) else None
    if policy.decimal_places > 9:
        return False if differ(gold, predicted) else None
    return _round_alike(Fraction(left), Fraction(right), policy.decimal_places)


def _round_alike(a: Fraction, b: Fraction, places: int) -> bool:
    """Whether two numbers round to the same decimal places, or significant digits if small."""
    smaller = min(abs(a), abs(b))
    if not smaller:
        return a == b
    if 10**places * abs(a - b) > 1:
        return False
    magnitude = floor(log10(smaller)) if smaller > Fraction(1, 10**300) else -300
    digits = max(places, places - 1 - magnitude)
    return round(a, digits) == round(b, digits)


def _listings(gold: Listing, predicted: Listing, policy: Policy) -> Settled:
    left, right = gold.brackets, predicted.brackets
    if {left, right} & {"!=", ":", "h:m"}:
        return _ratios(gold, predicted, policy) if left == right else None
    if left == right:
        if left == "{}":
            return _sets(gold, predicted, policy)
        if left == "" and policy.lists == "unordered":
            return _unordered(_values_by_name(gold), _values_by_name(predicted), policy)
        return _ordered(_values_by_name(gold), _values_by_name(predicted), policy)
    return _brackets_differ(gold, predicted, policy)


def _sets(gold: Listing, predicted: Listing, policy: Policy) -> Settled:
    left, right = (_once(listing.items, policy) for listing in (gold, predicted))
    return _unordered(left, right, policy)


def _values_by_name(listing: Listing) -> Sequence[Form]:
    """The elements; `y = 2, x = 1` in the order of their names."""
    items = listing.items
    if all(isinstance(item, Named) for item in items):
        names = [item.name for item in items if isinstance(item, Named)]
        if len(set(names)) == len(names):
            return sorted(items, key=lambda item: item.name if isinstance(item, Named) else "")
        if len(set(names)) == 1:
            return [item.form for item in items if isinstance(item, Named)]
    return items


def _brackets_differ(gold: Listing, predicted: Listing, policy: Policy) -> Settled:
    left, right = _values_by_name(gold), _values_by_name(predicted)
    kinds = {gold.brackets, predicted.brackets}
    if kinds == {"", "{}"}:
        return _unordered(left, right, policy)
    for one, other in ((gold, predicted), (predicted, gold)):
        if one.brackets in ("", "{}") and len(one.items) == 1:
            left_form, right_form = (one.items[0], other) if one is gold else (other, one.items[0])
            return compare(left_form, right_form, policy)
    ordered = _ordered(left, right, policy)
    if "" in kinds:
        if ordered is not False or len(left) != len(right):
            return ordered
        return False if _unordered(left, right, policy) is False else None
    if "{}" in kinds or kinds == {"()", "[]"}:
        if kinds == {"()", "[]"} and len(left) > 2 and ordered:
            return True
        return False if _unordered(left, right, policy) is False else None
    return False


def _ratios(gold: Listing, predicted: Listing, policy: Policy) -> Settled:
    found = _ordered(gold.items, predicted.items, policy)
    return found if found is not False or gold.brackets != ":" else _proportional(gold, predicted)


def _proportional(gold: Listing, predicted: Listing) -> Settled:
    """None where two ratios are the same but for a factor: whether that counts is not said here."""
    left = [item.value for item in gold.items if isinstance(item, Quantity)]
    right = [item.value for item in predicted.items if isinstance(item, Quantity)]
    items = (*gold.items, *predicted.items)
    if len(left) != len(right) or any(isinstance(each, Quantity) and each.unit for each in items):
        return False
    if len(left) < len(gold.items):
        return None
    same = all((a * right[0]).same(b * left[0]) for a, b in zip(left, right, strict=True))
    return None if same else False


def _ordered(gold: Sequence[Form], predicted: Sequence[Form], policy: Policy) -> Settled:
    if len(gold) != len(predicted):
        return False
    unnamed = any(isinstance(item, Named) for item in gold) != any(
        isinstance(item, Named) for item in predicted
    )
    if unnamed:
        gold = [item.form if isinstance(item, Named) else item for item in gold]
        predicted = [item.form if isinstance(item, Named) else item for item in predicted]
    settled = [compare(a, b, policy) for a, b in zip(gold, predicted, strict=True)]
    if False in settled:
        return False
    return None if None in settled else True


def _unordered(gold: Sequence[Form], predicted: Sequence[Form], policy: Policy) -> Settled:
    if len(gold) != len(predicted):
        same = len(_once(gold, policy)) == len(_once(predicted, policy))
        return None if same else False
    if any(isinstance(item, Named) for item in (*gold, *predicted)):
        return _ordered(gold, predicted, policy)
    left = list(predicted)
    open_pairs = False
    for item in gold:
        settled = [compare(item, other, policy) for other in left]
        if True in settled:
            left.pop(settled.index(True))
        elif None in settled:
            open_pairs = True
        else:
            return False
    return None if open_pairs else True


def _once(items: Sequence[Form], policy: Policy) -> list[Form]:
    """The elements without their repetitions."""
    kept: list[Form] = []
    for item in items:
        if not any(compare(item, other, policy) for other in kept):
            kept.append(item)
    return kept


def _matrices(gold: Matrix, predicted: Matrix, policy: Policy) -> Settled:
    shapes = [[len(row) for row in matrix.rows] for matrix in (gold, predicted)]
    if shapes[0] != shapes[1]:
        return False
    left = [cell for row in gold.rows for cell in row]
    right = [cell for row in predicted.rows for cell in row]
    return _ordered(left, right, policy)


def _vector(gold: Form, predicted: Form, policy: Policy) -> Settled:
    """A column or row against a tuple."""
    sides = []
    for form in (gold, predicted):
        if isinstance(form, Matrix):
            if len(form.rows) > 1 and any(len(row) > 1 for row in form.rows):
                return None
            sides.append([cell for row in form.rows for cell in row])
        elif isinstance(form, Listing):
            sides.append(list(form.items))
    return True if _ordered(sides[0], sides[1], policy) else None


@lru_cache(maxsize=8192)
def canonical(answer: str) -> str:
    """One spelling for answers that are surely equal; for others, the text without white space."""
    if refused(answer):
        return "".join(answer.split())
    try:
        return _key(read(answer))
    except Unreadable:
        return squash(clean(answer))


def _labelled(form: Form) -> str:
    return f"{form.name} = {_key(form)}" if isinstance(form, Named) else _key(form)


def _key(form: Form) -> str:
    match form:
        case Quantity():
            unit = form.unit
            scaled = form.value
            mark = "%" if form.percent else ""
            if unit and unit.family:
                scaled = scaled * number(unit.factor**unit.exponent)
                mark += f" {unit.family}{unit.exponent}"
            return scaled.text + mark
        case Word():
            return form.text.lower()
        case Option():
            return f"1*{form.letter}"
        case Listing():
            keys = [_labelled(item) for item in _values_by_name(form)]
            if form.brackets in ("", "{}"):
                keys = sorted(set(keys)) if form.brackets else sorted(keys)
            return form.brackets[:1] + ", ".join(keys) + form.brackets[1:]
        case Union():
            return " u ".join(sorted(_key(part) for part in form.parts))
        case Named():
            return _key(form.form)
        case Relation():
            return f"{form.text} {form.sign} 0"
        case Matrix():
            return "; ".join(" ".join(_key(cell) for cell in row) for row in form.rows)
        case Numeral():
            return f"{form.digits}_{form.base}"
        case Opaque():
            return form.text
