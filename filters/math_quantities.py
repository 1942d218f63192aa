"""Reading a value with what stands around it: currency, percent, unit, degrees."""

import re
from dataclasses import replace
from typing import Final

from filters.math_field import TooBig, Unreadable, number
from filters.math_forms import INFINITY, Form, Quantity
from filters.math_reader import Reader
from filters.math_units import SCALES, Unit, find

GROUPED: Final = re.compile(r"[+-]?(?:\\?\$ ?)?[1-9]\d{0,2}(?:, ?\d{3})+(?!\d)(?:\.\d+)?")
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
NOT_A_UNIT: Final = re.compile(
    r"\\?(?:pi|sin|cos|tan|cot|sec|csc|ln|log|exp|sqrt|frac|mod|and|or|if|not|is|to|than|infty)\b"
)
_TRIGONOMETRY: Final = re.compile(r"sin|cos|tan|cot|sec|csc")
_DEGREES: Final = re.compile(r"° ?(?:([CF])|\\text\{ ?([CF]) ?\})?$")


def quantity(text: str) -> Form:
    """A value with its unit.

    Raises:
        Unreadable: it is none.
    """
    if GROUPED.match(text) and (bare := without_commas(text)) is not None:
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
        plainly = _value(text)
        return replace(plainly, unit=unit) if unit else plainly
    except TooBig:
        raise
    except Unreadable:
        return _with_unit(text, unit)


def without_commas(text: str) -> str | None:
    """A number with thousands commas and its unit, the commas taken out."""
    found = GROUPED.match(text)
    assert found
    rest = text[found.end() :]
    if "," in rest or ", " in found[0]:
        return None
    return found[0].replace(",", "") + rest


def _with_unit(text: str, unit: Unit | None) -> Quantity:
    found = _UNIT.search(text)
    if not found or not found.start() or NOT_A_UNIT.match(found[1]):
        raise Unreadable(text)
    before = text[: found.start()].strip()
    name = found[1].strip()
    words = re.sub(r"\\text|[{}]", "", name).strip().lower().split()
    scale = SCALES.get(words[0], 1) if words else 1
    if scale != 1:
        words = [word for word in words[1:] if word != "of"]
        name = " ".join(words)
    found_value = _value(before)
    own = find(name) if name else None
    return replace(found_value, value=found_value.value * number(scale), unit=own or unit)


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
