"""The fast path: two answers compared without a symbolic engine.

`settle` says True or False where it is sure, and None where math-verify has to decide. Equal is
proved by exact arithmetic; unequal by exact arithmetic too, or by two values that differ at a point
of both their domains by more than rounding can explain.
"""

import re
from collections.abc import Sequence
from typing import Final

from filters.math_equality import Settled, has_letters, quantities
from filters.math_field import Unreadable, number
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
)
from filters.math_policy import DEFAULT, Policy
from filters.math_reading import read, squash
from filters.math_relations import equation
from filters.math_text import clean

_OF_X: Final = re.compile(r"[a-z]\(x\)")
_PRIMED: Final = re.compile(r"(?<![A-Za-z])[A-Za-z]'+")
_COMMA: Final = re.compile(r"-?(?:0,\d+|\d+,(?!\d{3}$)\d+)")
_POINT: Final = re.compile(r"-?\d+\.\d+")
"""A decimal comma beside a decimal point; with three digits it separates thousands."""


def settle(gold: str, predicted: str, policy: Policy = DEFAULT) -> Settled:
    """Whether two answers are the same; None where that is not for the fast path to say.

    Raises:
        TooBig: they are spelled differently, and one holds a number that nothing should work out.
    """
    if gold == predicted or squash(clean(gold)) == squash(clean(predicted)):
        return True
    for one, other in ((gold.strip(), predicted.strip()), (predicted.strip(), gold.strip())):
        if _COMMA.fullmatch(one) and _POINT.fullmatch(other):
            return compare(read(one.replace(",", ".")), read(other), policy)
    return compare(read(gold), read(predicted), policy)


def compare(gold: Form, predicted: Form, policy: Policy) -> Settled:
    """`settle` for answers that have been read."""
    if isinstance(gold, Named) or isinstance(predicted, Named):
        return _named(gold, predicted, policy)
    if isinstance(gold, Option) or isinstance(predicted, Option):
        return _option(gold, predicted, policy)
    match gold, predicted:
        case Quantity(), Quantity():
            return quantities(gold, predicted, policy)
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
            return gold == predicted
        case Opaque(), Opaque():
            if gold.text == predicted.text:
                return True
            primes = [sorted(_PRIMED.findall(side.text)) for side in (gold, predicted)]
            return None if primes[0] == primes[1] else False
    return _kinds(gold, predicted, policy)


def _kinds(gold: Form, predicted: Form, policy: Policy) -> Settled:
    """Answers of two kinds."""
    if isinstance(gold, Relation) and isinstance(predicted, Quantity):
        # A line is no number; `AB/CD = 2`, in capitals, is.
        return False if gold.sign == "=" and re.search("[a-z]", gold.text) else None
    if isinstance(gold, Opaque | Relation) or isinstance(predicted, Opaque | Relation):
        return None
    for one, other in ((gold, predicted), (predicted, gold)):
        match one, other:
            case Listing(brackets="{}" | "", items=(only,)), _:
                left, right = (only, other) if one is gold else (other, only)
                return compare(left, right, policy)
            case Listing(brackets=""), Quantity():
                return _one_of_several(one, other)
            case Listing(brackets=":", items=(Quantity() as top, Quantity() as bottom)), Quantity():
                return None if top.value.same(bottom.value * other.value) else False
            case Listing(brackets=""), Word():
                return "".join(map(_option_letter, one.items)) == other.text
            case Word(), Quantity():
                return None if has_letters(other.value) else False
            case (Numeral(), _) | (Union(), Listing(brackets="{}" | "()" | "[]" | "[)" | "(]")):
                return None
            case Matrix(), Listing(brackets="()" | "[]" | ""):
                return _vector(gold, predicted, policy)
    return False


def _one_of_several(listing: Listing, quantity: Quantity) -> Settled:
    """`A, C` and `AC` are the same options; any other list is no single value."""
    values = [item.value for item in listing.items if isinstance(item, Quantity)]
    if all(_option_letter(item) for item in listing.items):
        product = number(1)
        for value in values:
            product = product * value
        return product.same(quantity.value)
    return False


def _named(gold: Form, predicted: Form, policy: Policy) -> Settled:
    """`x = 5` against another, or against 5."""
    if isinstance(gold, Relation) or isinstance(predicted, Relation):
        return _equations(gold, predicted)
    left = gold.form if isinstance(gold, Named) else gold
    right = predicted.form if isinstance(predicted, Named) else predicted
    found = compare(left, right, policy)
    for one, other in ((gold, right), (predicted, left)):
        if isinstance(one, Named) and one.range and _is_enumeration(other):
            return False
    if not (isinstance(gold, Named) and isinstance(predicted, Named)):
        return found
    if gold.name == predicted.name:
        return found
    if found is True:
        dependent = all(
            name == "y" or _OF_X.fullmatch(name) for name in (gold.name, predicted.name)
        )
        return True if dependent else None  # the same under another name
    solved = _equations(gold, predicted)
    if solved is None and not (_letters_in(left) or _letters_in(right)):
        return found
    return solved


def _is_enumeration(form: Form) -> bool:
    return isinstance(form, Listing) and form.brackets in ("", "{}") and len(form.items) > 1


def _letters_in(form: Form) -> bool:
    return isinstance(form, Quantity) and has_letters(form.value)


def _equations(gold: Form, predicted: Form) -> Settled:
    """Two equations, one of them solved for a letter."""
    left, right = _as_equation(gold), _as_equation(predicted)
    return _relations(left, right) if left and right else None


def _relations(gold: Relation, predicted: Relation) -> Settled:
    if gold == predicted:
        return True
    apart = gold.linear and predicted.linear
    return False if apart or (gold.shape and gold.shape == predicted.shape) else None


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


def _listings(gold: Listing, predicted: Listing, policy: Policy) -> Settled:
    left, right = gold.brackets, predicted.brackets
    if {left, right} & {"!=", ":", "h:m"}:
        return _ratios(gold, predicted, policy) if left == right else None
    if left == right:
        if left == "{}":
            return _sets(gold, predicted, policy)
        if left == "" and policy.lists == "unordered":
            return _unordered(values_by_name(gold), values_by_name(predicted), policy)
        return _ordered(values_by_name(gold), values_by_name(predicted), policy)
    return _brackets_differ(gold, predicted, policy)


def _sets(gold: Listing, predicted: Listing, policy: Policy) -> Settled:
    left, right = (_once(listing.items, policy) for listing in (gold, predicted))
    return _unordered(left, right, policy)


def values_by_name(listing: Listing) -> Sequence[Form]:
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
    left, right = values_by_name(gold), values_by_name(predicted)
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
