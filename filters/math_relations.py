"""Reading equations, inequalities and memberships."""

import re
from typing import Final

from filters.math_field import Sum, Unreadable, Value, atom, common_factor, number, rank
from filters.math_forms import (
    INFINITY,
    REALS,
    Form,
    Listing,
    Named,
    Quantity,
    Reading,
    Relation,
    Union,
    is_letter,
)
from filters.math_reader import Reader
from filters.math_text import closing, cut, split

_NAME: Final = re.compile(
    r"(?:[a-zA-Z]|\\[a-zA-Z]{2,7})(?:_(?:\{[a-zA-Z0-9]+\}|[a-zA-Z0-9]))?'?(?: ?\([^()=]{1,20}\))?"
    r"|\([a-zA-Z](?:, ?[a-zA-Z])+\)|\\text\{[a-zA-Z ]+\}|(?:m ?)?\\angle ?[A-Z]{1,3}"
    r"|\\overline ?\{[A-Z]{2}\}|[A-Z][A-Z]|[a-zA-Z]{4,}"
)
_SIGNS: Final = ("<=", ">=", "\\ne ", "\\approx", "\\equiv", "\\in ", "=", "<", ">")


def relation(text: str, form: Reading) -> Form | None:
    """A name with its value or its set, or an equation or inequality; None where no sign stands."""
    if not any(sign.strip() in text for sign in _SIGNS):
        return None
    sides, signs = _sides(re.sub(r"\\(in|ne|approx|equiv)(?![a-zA-Z])", r"\\\1 ", text))
    if not signs:
        return None
    if signs[-1] == "\\approx":
        if len(sides) == 2 and _NAME.fullmatch(sides[0]):
            return Named(sides[0], form(sides[1]))
        sides, signs = sides[:-1], signs[:-1]
        if not signs:
            return form(sides[0])
    if not sides[0] and len(sides) == 2 and sides[1]:
        return _of_nothing(signs[0], sides[1], form)
    if any(_separated(side) for side in sides[:-1]):
        return None  # several relations: a list
    if set(signs) == {"="}:
        return _equation(sides, form)
    if signs == ["\\in"] and _NAME.fullmatch(sides[0]):
        return Named(sides[0], form(sides[1]))
    if set(signs) <= {"<", "<=", ">", ">="} and not any("," in side for side in sides):
        return _inequality(sides, signs)
    if signs == ["\\ne"] and _NAME.fullmatch(sides[0]):
        point = form(sides[1])
        below, above = (
            Listing("()", (REALS.items[0], point)),
            Listing("()", (point, REALS.items[1])),
        )
        return Named(sides[0], Union((below, above)))
    raise Unreadable("relation")


def _of_nothing(sign: str, side: str, form: Reading) -> Form:
    """What is said of nothing that is named: `> 5` is a half-line, and `= 5` is 5."""
    if sign == "=":
        return form(side)
    said = relation(f"x {sign} {side}", form)
    if not isinstance(said, Named) or sign not in ("<", "<=", ">", ">=", "\\ne"):
        raise Unreadable("a relation of nothing")
    return said.form


def _sides(text: str) -> tuple[list[str], list[str]]:
    """The texts between the relation signs outside all brackets, and the signs."""
    sides, signs = cut(text, _SIGNS)
    return [side.strip() for side in sides], [sign.strip() for sign in signs]


def bracketed_whole(text: str) -> bool:
    """Whether one pair of brackets holds the whole text."""
    return text.startswith(("(", "[", "\\{")) and closing(text, 0) == len(text) - 1


def _separated(side: str) -> bool:
    listed = any(separator in side for separator in (",", ";", " and ", " or "))
    return listed and not bracketed_whole(side)


def _equation(sides: list[str], form: Reading) -> Form | None:
    if not sides[0]:
        raise Unreadable("equation")
    if _NAME.fullmatch(sides[0]):
        last = sides[-1]
        if len(split(last, "=")) > 1:
            return None
        return Named(sides[0], form(last))
    if len(sides) > 2:
        raise Unreadable("a chain of equations")
    left, right = (Reader(side).read() for side in sides)
    return _equated(left - right)


def equation(name: str, value: Value) -> Relation:
    """`name = value` as an equation."""
    left = Reader(name).read()
    return _equated(left - value)


def _equated(difference: Value) -> Relation:
    """`difference = 0`."""
    linear = difference.bottom == {(): 1} and all(
        not product or (len(product) == 1 and product[0][1] == 1 and is_letter(product[0][0]))
        for product in difference.top
    )
    letters = {product: of for product, of in difference.top.items() if product}
    if not letters:
        raise Unreadable("an equation of numbers")
    lead = number(letters[min(letters, key=rank)])
    one: Sum = {(): number(1).top[()]}
    whole = Value(difference.top, one) / lead
    return Relation("=", whole.text, linear, (Value(letters, one) / lead).text)


def _scaled(terms: Sum, *, either_sign: bool) -> str:
    """The text of a sum up to a factor, which must be positive where the sign counts."""
    if not terms:
        raise Unreadable("an identity")
    scale = common_factor(terms)
    value = Value(terms, {(): number(1).top[()]})
    return (value / number(scale if either_sign else abs(scale))).text


def _inequality(sides: list[str], signs: list[str]) -> Form:
    values = [_side(side.replace("°", "")) for side in sides]
    if len(sides) == 2:
        return _solved(values[0], values[1], signs[0])
    ups = all(sign in ("<", "<=") for sign in signs)
    if len(sides) != 3 or not (ups or all(sign in (">", ">=") for sign in signs)):
        raise Unreadable("inequalities")
    if not ups:
        values, signs = values[::-1], signs[::-1]
    if not _NAME.fullmatch(sides[1]) or any(values[n].atoms & values[1].atoms for n in (0, 2)):
        raise Unreadable("inequalities")
    brackets = ("[" if "=" in signs[0] else "(") + ("]" if "=" in signs[1] else ")")
    between = Listing(brackets, (Quantity(values[0]), Quantity(values[2])))
    return Named(sides[1], between, range=True)


def _side(text: str) -> Value:
    if text.replace(" ", "") in ("\\infty", "+\\infty", "-\\infty"):
        return -INFINITY if text.startswith("-") else INFINITY
    return Reader(text).read()


def _solved(left: Value, right: Value, sign: str) -> Form:
    """A half-line where the inequality is linear in its one letter, else the difference."""
    rest = left - right
    if sign in (">", ">="):
        rest, sign = -rest, sign.replace(">", "<")
    if rest.bottom != {(): number(1).top[()]}:
        raise Unreadable("inequality of quotients")
    letters = {each for each in rest.atoms if is_letter(each)}
    if not letters:
        raise Unreadable("inequality of numbers")
    letter, *others = sorted(letters, key=lambda each: each.name)
    linear = [product for product in rest.top if any(each == letter for each, _ in product)]
    if others or linear != [((letter, number(1).top[()]),)]:
        return Relation(sign, _scaled(rest.top, either_sign=False))
    slope = number(rest.top[linear[0]])
    end = atom(letter) - rest / slope
    closed = "=" in sign
    if rest.top[linear[0]] > 0:
        ends = "(]" if closed else "()"
        return Named(letter.name, Listing(ends, (Quantity(-INFINITY), Quantity(end))))
    ends = "[)" if closed else "()"
    return Named(letter.name, Listing(ends, (Quantity(end), Quantity(INFINITY))))
