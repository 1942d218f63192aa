r"""What kind of thing an answer is: a quantity, a word, an option, a list, an interval, a relation.

`filters.math_reading` reads them, `filters.math_compare` compares them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from filters.math_field import INFINITE, Atom, Value, atom
from filters.math_units import Unit


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
    range: bool = False
    """Whether it was written as an inequality, so that its ends are no values."""


@dataclass(frozen=True)
class Relation:
    """An equation or inequality: what is left when one side is taken from the other."""

    sign: str
    text: str
    linear: bool = False
    """Whether every letter stands alone and unraised, so that no other line is the same."""
    shape: str = ""
    """An equation without its constant: with the same shape and another constant, no solution is
    shared."""


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
Reading = Callable[[str], Form]
"""Reads a part of an answer; it knows how deep it is."""

MAX_ITEMS: Final = 100
"""Elements of the longest list that is read."""

INFINITY: Final = atom(INFINITE)
REALS: Final = Listing("()", (Quantity(-INFINITY), Quantity(INFINITY)))
EMPTY: Final = Listing("{}", ())


def is_letter(each: Atom) -> bool:
    """Whether an atom is a variable, and neither a constant nor a function."""
    return not (each.prime or each.function or each.name in ("pi", "oo", "e", "i"))
