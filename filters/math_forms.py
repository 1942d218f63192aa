r"""What kind of thing an answer is: a quantity, a word, an option, a list, an interval, a relation.

`read` never fails: what it does not understand is `Opaque`, and math-verify's to compare.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from filters.math_field import (
    INFINITE,
    Atom,
    Sum,
    TooBig,
    Unreadable,
    Value,
    atom,
    common_factor,
    number,
)
from filters.math_reader import Reader
from filters.math_text import clean, closing, split
from filters.math_units import SCALES, Unit, find


@dataclass(frozen=True)
class Quantity:
    """A value, and how it was written."""

    value: Value
    decimal: bool = False
    percent: bool = False
    unreduced: bool = False
    unit: Unit | None = None


@dataclass(frozen=True)
class Word:
    """Text without a number in it."""

    text: str
    quoted: bool = False
    """Whether it stood in `\\text{}`, and is no product of letters."""


@dataclass(frozen=True)
class Option:
    """The letter of a choice, as in `(C)` or `C. 42`, with what follows it."""

    letter: str
    rest: "Form | None" = None


@dataclass(frozen=True)
class Listing:
    """Elements in brackets: `()`, `[]`, `{}`, the half-open `[)` and `(]`, or none.

    Two elements in round or square brackets may be an interval. Between colons they are a ratio,
    `:`, or a time of day, `h:m`.
    """

    brackets: str
    items: "tuple[Form, ...]"


@dataclass(frozen=True)
class Union:
    """Sets joined by `\\cup`."""

    parts: "tuple[Form, ...]"


@dataclass(frozen=True)
class Named:
    """`x = 5` or `x \\in A`: something with a name."""

    name: str
    form: "Form"


@dataclass(frozen=True)
class Relation:
    """An equation or inequality: what is left when one side is taken from the other."""

    sign: str
    text: str
    linear: bool = False
    """Whether every letter stands alone and unraised, so that no other line is the same."""


@dataclass(frozen=True)
class Matrix:
    """Rows of elements."""

    rows: "tuple[tuple[Form, ...], ...]"


@dataclass(frozen=True)
class Numeral:
    """Digits in a stated base."""

    digits: str
    base: int


@dataclass(frozen=True)
class Opaque:
    """What is not understood."""

    text: str


Form = Quantity | Word | Option | Listing | Union | Named | Relation | Matrix | Numeral | Opaque

INFINITY: Final = atom(INFINITE)
REALS: Final = Listing("()", (Quantity(-INFINITY), Quantity(INFINITY)))
EMPTY: Final = Listing("{}", ())

_MAX_ITEMS: Final = 100
_MAX_DEPTH: Final = 8
_DIGITS: Final = re.compile(r"[+-]?\d{1,300}")
_NAME: Final = re.compile(
    r"(?:[a-zA-Z]|\\[a-zA-Z]{2,7})(?:_(?:\{[a-zA-Z0-9]+\}|[a-zA-Z0-9]))?'?(?: ?\([^()=]{1,20}\))?"
    r"|\([a-zA-Z](?:, ?[a-zA-Z])+\)|\\text\{[a-zA-Z ]+\}|(?:m ?)?\\angle ?[A-Z]{1,3}"
    r"|\\overline ?\{[A-Z]{2}\}|[A-Z][A-Z]|[a-zA-Z]{4,}"
)
_LETTERS: Final = re.compile(r"[A-Za-z][A-Za-z' -]*")
_QUOTED: Final = re.compile(r"\\text\{([^{}]*)\}")
_OPTION: Final = re.compile(
    r"(?:\(([A-Ja-j])\)|\\text\{ ?\(?([A-J])[).]?\s?\}|([A-J])[).:](?= |$)|\(\\text\{([A-J])\}\))"
    r" ?(.*)"
)
_GROUPED: Final = re.compile(r"[+-]?(?:\\?\$ ?)?\d{1,3}(?:, ?\d{3})+(?!\d)(?:\.\d+)?")
_CURRENCY: Final = re.compile(
    r"(-?) ?(?:\\\$|\$|\\text\{(?:Rs\.?|USD)\}|Rs\.?|[£€¥₹]|\\pounds|\\euro) ?(?=[\d.])"
)
_MONEY: Final = {"\\pounds": "£", "\\euro": "€"}
_PERCENT: Final = re.compile(
    r" ?(?:\\?%|\\text\{ ?(?:\\?%|percent|percentage|pct) ?\}|percent|percentage|pct)$"
)
_UNIT: Final = re.compile(
    r" ?((?:\\text\{ ?[^{}\d]*\}|°)(?: ?[/*]? ?\\text\{[^{}\d]*\}|[A-Z])*(?: ?\^ ?\{?-?\d\}?)?"
    r"|(?:[A-Za-z]{2,}[a-z.]*|[kcm]?[mgl]|(?<=\d )[A-Za-z]+)(?:(?: |/| ?/ ?| per )[A-Za-z.]+)*"
    r"(?: ?\^ ?\{?[23]\}?)?|[°¢€£¥₹]|\\\$)$"
)
_BARE_UNIT: Final = re.compile(r"[\d})] ?((?!(?:am|pm|rs|ms|mi)$)[A-Za-z]{2,}(?:/[a-z]+)?)$")
_NOT_A_UNIT: Final = re.compile(
    r"\\?(?:pi|sin|cos|tan|cot|sec|csc|ln|log|exp|sqrt|frac|mod|and|or|if|not|is|to|than|infty)\b"
)
_TRIGONOMETRY: Final = re.compile(r"sin|cos|tan|cot|sec|csc")
_DEGREES: Final = re.compile(r"° ?(?:([CF])|\\text\{ ?([CF]) ?\})?$")
_NUMERAL: Final = re.compile(
    r"([0-9A-F ]+)_ ?(?:\{ ?(?:\\text\{)?(\w+)\}? ?\}|([2-9])|\\text\{(\w+)\})"
)
_NUMBER_WORDS: Final = "zero one two three four five six seven eight nine ten eleven twelve"
_BASES: Final = {name: n for n, name in enumerate(_NUMBER_WORDS.split()) if n > 1}
_REPLACED: Final[dict[str, Form]] = {
    **dict.fromkeys(("allrealnumbers", "allreals", "realnumbers", "thereals", "allreal"), REALS),
    **dict.fromkeys(("nosolution", "nosolutions", "emptyset", "theemptyset"), EMPTY),
    "doesnotexist": Word("dne"),
    "infinity": Quantity(INFINITY),
    **{word: Quantity(number(n)) for n, word in enumerate(_NUMBER_WORDS.split())},
}
_MATRIX: Final = re.compile(
    r"[(\[]? ?\\begin ?\{([pbvBV]?matrix|array)\} ?(?:\{[clr| ]*\})?(.*)\\end ?\{\1\} ?[)\]]?",
    re.DOTALL,
)


def read(answer: str) -> Form:
    """The form of an answer as it was written.

    Raises:
        TooBig: it holds a number that nothing should work out.
    """
    if _DIGITS.fullmatch(answer):
        return Quantity(number(int(answer)))
    return _read(clean(answer))


@lru_cache(maxsize=8192)
def _read(text: str) -> Form:
    try:
        return _form(text, 0)
    except TooBig:
        raise
    except Unreadable:
        return Opaque(squash(text))


def squash(text: str) -> str:
    """A text without the white space that means nothing, and without `\\text`."""
    text = _QUOTED.sub(r"\1", text)
    return re.sub(r"(?<!\d) +| +(?!\d)", "", text)


def _form(text: str, depth: int) -> Form:
    if depth > _MAX_DEPTH or not text:
        raise Unreadable("too deep, or empty")
    text = text.strip()
    for kind in (_word, _numeral, _option, _matrix, _relation, _union, _list, _bracketed, _ratio):
        found = kind(text, depth)
        if found is not None:
            return found
    return _quantity(text)


def _word(text: str, depth: int) -> Form | None:
    if text in ("\\emptyset", "\\{\\}", "\\{ \\}"):
        return EMPTY
    if text in ("\\mathbb{R}", "\\mathbb R", "\\R"):
        return REALS
    quoted = "\\text" in text
    plain = _QUOTED.sub(r"\1", text).strip() if quoted else text
    if not _LETTERS.fullmatch(plain) or (len(plain) < 3 and not quoted):
        return None
    key = re.sub(r"[ '-]", "", plain).lower()
    if key in _REPLACED:
        return _REPLACED[key]
    if len(key) < 2 or (not quoted and _NOT_A_UNIT.match(plain)):
        return None
    return Word(re.sub(r"[ '-]", "", plain), quoted or " " in plain or len(key) > 3)


def _numeral(text: str, depth: int) -> Form | None:
    found = _NUMERAL.fullmatch(text)
    if not found:
        return None
    name = found[2] or found[3] or found[4]
    base = int(name) if name.isdigit() and len(name) < 3 else _BASES.get(name, 0)
    digits = found[1].replace(" ", "")
    if not 2 <= base <= 16 or not digits or any(int(sign, 16) >= base for sign in digits):
        return None
    return Numeral(digits.lstrip("0") or "0", base)


def _option(text: str, depth: int) -> Form | None:
    found = _OPTION.fullmatch(text)
    if not found:
        return None
    letter = (found[1] or found[2] or found[3] or found[4]).upper()
    rest = found[5].strip()
    if not rest:
        return Option(letter)
    if found[1] and not rest[0].isalnum() and rest[0] not in "\\$-":
        return None
    return Option(letter, _read(rest)) if found[1] is None or found[1].isupper() else None


def _matrix(text: str, depth: int) -> Form | None:
    if "\\begin" not in text:
        return None
    found = _MATRIX.fullmatch(text)
    if not found or "\\begin" in found[2] or found[1] in ("vmatrix", "Vmatrix"):
        raise Unreadable("matrix")
    rows = [row for row in found[2].split("\\\\") if row.strip()]
    if sum(row.count("&") + 1 for row in rows) > _MAX_ITEMS:
        raise Unreadable("a large matrix")
    return Matrix(tuple(tuple(_form(cell, depth + 1) for cell in row.split("&")) for row in rows))


_SIGNS: Final = ("<=", ">=", "\\ne ", "\\approx", "\\equiv", "\\in ", "=", "<", ">")


def _sides(text: str) -> tuple[list[str], list[str]]:
    """The texts between the relation signs outside all brackets, and the signs."""
    sides, signs, begin, position, depth = [], [], 0, 0, 0
    while position < len(text):
        if depth == 0:
            sign = next((each for each in _SIGNS if text.startswith(each, position)), "")
            if sign:
                sides.append(text[begin:position].strip())
                signs.append(sign.strip())
                position += len(sign)
                begin = position
                continue
        if text[position] == "\\" and text[position + 1 : position + 2] not in ("{", "}"):
            position += 1
        elif text[position] in "([{":
            depth += 1
        elif text[position] in ")]}":
            depth -= 1
        position += 1
    return [*sides, text[begin:].strip()], signs


def _relation(text: str, depth: int) -> Form | None:
    if not any(sign.strip() in text for sign in _SIGNS):
        return None
    sides, signs = _sides(re.sub(r"\\(in|ne|approx|equiv)(?![a-zA-Z])", r"\\\1 ", text))
    if not signs:
        return None
    if signs[-1] == "\\approx":
        sides, signs = sides[:-1], signs[:-1]
        if not signs:
            return _form(sides[0], depth + 1)
    if any(_separated(side) for side in sides[:-1]):
        return None  # several relations: a list
    if set(signs) == {"="}:
        return _equation(sides, depth)
    if signs == ["\\in"] and _NAME.fullmatch(sides[0]):
        return Named(sides[0], _form(sides[1], depth + 1))
    if set(signs) <= {"<", "<=", ">", ">="} and not any("," in side for side in sides):
        return _inequality(sides, signs)
    if signs == ["\\ne"] and _NAME.fullmatch(sides[0]):
        return Named(sides[0], Listing("!=", (_form(sides[1], depth + 1),)))
    raise Unreadable("relation")


def _bracketed_whole(text: str) -> bool:
    return text[:1] in ("(", "[", "\\") and closing(text, 0) == len(text) - 1


def _separated(side: str) -> bool:
    listed = "," in side or ";" in side or " and " in side
    return listed and not _bracketed_whole(side)


def _equation(sides: list[str], depth: int) -> Form | None:
    if not sides[0]:
        raise Unreadable("equation")
    if _NAME.fullmatch(sides[0]):
        last = sides[-1]
        if len(split(last, "=")) > 1:
            return None
        return Named(sides[0], _form(last, depth + 1))
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
    return Relation("=", _scaled(difference.top, either_sign=True), linear)


def is_letter(each: Atom) -> bool:
    """Whether an atom is a variable, and neither a constant nor a function."""
    return not (each.prime or each.function or each.name in ("pi", "oo", "e", "i"))


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
    return Named(sides[1], Listing(brackets, (Quantity(values[0]), Quantity(values[2]))))


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


def _union(text: str, depth: int) -> Form | None:
    if "\\cup" not in text:
        return None
    parts = split(text, "\\cup")
    if len(parts) == 1:
        return None
    sets = tuple(_form(part, depth + 1) for part in parts)
    if not all(isinstance(each, Listing) and each.brackets for each in sets):
        raise Unreadable("a union of what are no sets")
    return Union(sets)


def _list(text: str, depth: int) -> Form | None:
    """A list without brackets, or the two values of a plus-minus."""
    if _GROUPED.match(text) and _grouped(text) is not None:
        return None
    parts = _parts(text)
    if len(parts) > 1:
        items = [_form(part, depth + 1) for part in parts]
        return _flat("", _named_alike(items))
    if ("\\pm" in text or "\\mp" in text) and not _bracketed_whole(text):
        return _both_signs(text, depth)
    return None


def _parts(text: str) -> list[str]:
    """The elements of a list, between commas, semicolons or `and`."""
    if ", " in text and re.search(r"\d,\d{3}(?!\d)", text):
        text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    parts = [text]
    for separator in (";", ",", " and "):
        parts = [piece for part in parts for piece in split(part, separator)]
    parts = [part.strip().removeprefix("and ").removesuffix(" and").strip() for part in parts]
    parts = [part for part in parts if part and part != "and"]
    if len(parts) > _MAX_ITEMS:
        raise Unreadable("a long list")
    return parts


def _named_alike(items: list[Form]) -> list[Form]:
    """`x = 1, 2` names both."""
    first = items[0]
    if isinstance(first, Named) and not any(isinstance(item, Named) for item in items[1:]):
        if any(isinstance(item, Relation) for item in items[1:]):
            raise Unreadable("a list of relations")
        return [first.form, *items[1:]]
    return items


def _flat(brackets: str, items: list[Form]) -> Listing:
    """A listing whose plus-minus elements are two elements each."""
    flat: list[Form] = []
    for item in items:
        inner = item.form if isinstance(item, Named) else item
        if isinstance(inner, Listing) and inner.brackets == "" and brackets in ("", "{}"):
            flat += inner.items
        else:
            flat.append(item)
    return Listing(brackets, tuple(flat))


def _both_signs(text: str, depth: int) -> Form | None:
    plus = text.replace("\\pm", "+").replace("\\mp", "-")
    minus = text.replace("\\pm", "-").replace("\\mp", "+")
    if text.count("\\pm") + text.count("\\mp") > 4:
        raise Unreadable("many signs")
    return Listing("", (_form(plus, depth + 1), _form(minus, depth + 1)))


def _bracketed(text: str, depth: int) -> Form | None:
    """A tuple, an interval or a set; what stands in brackets alone, where that is all."""
    braces = text.startswith("\\{")
    left = "{" if braces else text[:1]
    if left not in ("(", "[", "{") or closing(text, 0) != len(text) - 1:
        return None
    right = text[-1]
    inside = text[2:-2] if braces else text[1:-1]
    if braces != text.endswith("\\}"):
        return None
    if braces and ("|" in inside or ":" in inside or "\\mid" in inside):
        raise Unreadable("a set by its condition")
    parts = split(inside, ",") if "," in inside else split(inside, ";")
    if len(parts) > _MAX_ITEMS or not all(part.strip() for part in parts):
        raise Unreadable("list")
    if len(parts) == 1 and not braces:
        if left + right != "()":
            return None
        inner = _form(inside, depth + 1)
        return inner if not isinstance(inner, Quantity) else None
    return _open_at_infinity(_flat(left + right, [_form(part, depth + 1) for part in parts]))


def _open_at_infinity(listing: Listing) -> Listing:
    """An interval that no bracket closes at infinity."""
    if len(listing.items) != 2 or listing.brackets == "{}":
        return listing
    ends = [isinstance(end, Quantity) and INFINITE in end.value.atoms for end in listing.items]
    left, right = listing.brackets[0], listing.brackets[1]
    return Listing(("(" if ends[0] else left) + (")" if ends[1] else right), listing.items)


def _ratio(text: str, depth: int) -> Form | None:
    """A ratio or a time of day."""
    parts = text.split(":")
    if not 2 <= len(parts) <= 6 or not all(part.strip() for part in parts):
        return None
    brackets = "h:m" if re.match(r"\d{1,2}:\d\d(?!\d)", text) else ":"
    return Listing(brackets, tuple(_form(part, depth + 1) for part in parts))


def _grouped(text: str) -> str | None:
    """A number with thousands commas and its unit, the commas taken out."""
    found = _GROUPED.match(text)
    assert found
    rest = text[found.end() :]
    if "," in rest or ", " in found[0]:
        return None
    return found[0].replace(",", "") + rest


def _quantity(text: str) -> Form:
    if _GROUPED.match(text) and (bare := _grouped(text)) is not None:
        text = bare
    unit: Unit | None = None
    if found := _CURRENCY.match(text):
        sign = found[0].strip().removeprefix("-").strip()
        unit = find(_MONEY.get(sign, "$" if "$" in sign else sign))
        text = found[1] + text[found.end() :]
    plain = text.replace(" ", "").lstrip("+")
    if plain in ("\\infty", "-\\infty"):
        return Quantity(-INFINITY if plain.startswith("-") else INFINITY)
    if found := _PERCENT.search(text):
        return replace(_value(text[: found.start()]), percent=True, unit=unit)
    try:
        if (found := _BARE_UNIT.search(text)) and find(found[1]).family:
            raise Unreadable("a unit")
        quantity = _value(text)
        return replace(quantity, unit=unit) if unit else quantity
    except TooBig:
        raise
    except Unreadable:
        return _with_unit(text, unit)


def _with_unit(text: str, unit: Unit | None) -> Quantity:
    found = _UNIT.search(text)
    if not found or not found.start() or _NOT_A_UNIT.match(found[1]):
        raise Unreadable(text)
    before = text[: found.start()].strip()
    name = found[1].strip()
    words = re.sub(r"\\text|[{}]", "", name).strip().lower().split()
    scale = SCALES.get(words[0], 1) if words else 1
    if scale != 1:
        words = [word for word in words[1:] if word != "of"]
        name = " ".join(words)
    quantity = _value(before)
    own = find(name) if name else None
    return replace(quantity, value=quantity.value * number(scale), unit=own or unit)


def _value(text: str) -> Quantity:
    if (found := _DEGREES.search(text)) and not _TRIGONOMETRY.search(text):
        inner = Reader(text[: found.start()])
        value = inner.read()
        return Quantity(
            value, inner.decimal, False, inner.unreduced, find("°" + (found[1] or found[2] or ""))
        )
    reader = Reader(text)
    value = reader.read()
    return Quantity(value, reader.decimal, False, reader.unreduced)
