r"""One mathematical expression, in the spelling of `filters.math_text`, read into an exact value.

A reader refuses (`Unreadable`) whatever has two readings, such as `1/2x`, `f(x)` or `\log`'s base:
math-verify decides those. `2\frac{1}{2}` and `2 1/2` are mixed numbers; `2\frac{3}{2}` is refused.
"""

import re
from fractions import Fraction
from math import gcd
from typing import Final

from filters.math_field import (
    EULER,
    IMAGINARY,
    PI,
    Atom,
    Unreadable,
    Value,
    atom,
    number,
    power,
)
from filters.math_functions import (
    apply,
    binomial,
    factorial,
    function,
    raised,
    repeating,
    root,
)

_MAX_DEPTH: Final = 60

_MAX_DIGITS: Final = 1_000

_NUMBER: Final = re.compile(
    r"\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3}(?![\d.]))?|\.\d+(?:[eE][+-]?\d{1,3})?"
)
_SPACED: Final = re.compile(r"\d{1,3}(?: \d{3})+(?:\.\d+)?(?![\d.])")
_PERIOD: Final = re.compile(r"(\d*)\.(\d*)(?:\\(?:overline|bar|dot)(?:\{(\d+)\}|(\d)))")
_COMMAND: Final = re.compile(r"\\([a-zA-Z]+)")
_MIXED: Final = re.compile(r" ?(\d+) ?/ ?(\d+)")
_PLAIN_EXPONENT: Final = re.compile(r"-?\d{1,4}(?![\d.])")
_SUBSCRIPT: Final = re.compile(r"_(?:\{([A-Za-z0-9, ]+)\}|([A-Za-z0-9]))")
_GREEK_LETTERS: Final = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon"
    " phi chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega ell"
)
_GREEK: Final = frozenset(_GREEK_LETTERS.split())
_FUNCTION_NAMES: Final = "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log lg exp"
_FUNCTIONS: Final = frozenset(_FUNCTION_NAMES.split())
_WORD: Final = re.compile(r"(?:arcsin|arccos|arctan|sin|cos|tan|cot|sec|csc|ln|log|exp|sqrt|pi)\b")
_RUN: Final = re.compile(r"[A-Za-z]+")
_CALLED: Final = frozenset("fghFGHPQTy")
"""Letters that, before a bracket, may well be functions."""


class Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.depth = 0
        self.decimal = False
        """Whether a number was written with a decimal point."""
        self.unreduced = False
        """Whether a fraction of integers was not in lowest terms."""

    def read(self) -> Value:
        """The value of the whole text.

        Raises:
            Unreadable: it is none, or may be several.
        """
        value = self._sum()
        self._skip()
        if self.place < len(self.text):
            raise Unreadable(self.text[self.place :])
        return value

    def _skip(self) -> None:
        while self.text[self.place : self.place + 1] == " ":
            self.place += 1

    def _peek(self) -> str:
        self._skip()
        return self.text[self.place : self.place + 1]

    def _take(self, word: str) -> bool:
        self._skip()
        if not self.text.startswith(word, self.place):
            return False
        self.place += len(word)
        return True

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.place)
        if found:
            self.place = found.end()
        return found

    def _sum(self) -> Value:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise Unreadable("too deep")
        total = self._signed()
        while (sign := self._peek()) and sign in "+-":
            self.place += 1
            term = self._signed()
            total = total + term if sign == "+" else total - term
        self.depth -= 1
        return total

    def _signed(self) -> Value:
        negative = False
        while (sign := self._peek()) and sign in "+-":
            self.place += 1
            negative ^= sign == "-"
        value = self._term()
        return -value if negative else value

    def _term(self) -> Value:
        value, slash = self._factor(first=True), False
        while True:
            if self._peek() and self._peek() in "*/":
                slash = self.text[self.place] == "/"
                self.place += 1
                negative = self._take("-")
                other = self._factor(first=False)
                other = -other if negative else other
                value = self._over(value, other) if slash else value * other
            elif self._starts_factor():
                if slash or self._peek().isdigit():
                    raise Unreadable("which product is meant is not said")
                value = value * self._factor(first=False)
            else:
                return value

    def _starts_factor(self) -> bool:
        sign = self._peek()
        if not sign or sign in "+-*/=<>,;:)]}|&!%^_°":
            return False
        if sign in "([{" or sign.isalnum():
            return True
        if sign == "\\":
            found = _COMMAND.match(self.text, self.place)
            return (
                bool(found)
                and found is not None
                and (found[1] in ("frac", "sqrt", "pi", "binom") or found[1] in _GREEK | _FUNCTIONS)
            )
        return False

    def _factor(self, *, first: bool) -> Value:
        """A base with its factorial and its exponent."""
        whole = self._whole() if self._peek().isdigit() else None
        if whole is not None:
            mixed = self._fraction_part(whole) if first else None
            if mixed is not None:
                return mixed
            value = number(whole)
        else:
            value = self._base()
        return self._raised(value)

    def _raised(self, value: Value) -> Value:
        is_raised = False
        while self._peek() and self._peek() in "!^°":
            if self._take("!"):
                if self._peek() == "!":
                    raise Unreadable("a double factorial")
                value = factorial(value)
            elif self._take("°"):
                value = value * atom(PI) / number(180)
            else:
                if is_raised:
                    raise Unreadable("a power of a power")
                self.place += 1
                value, is_raised = raised(value, self._exponent()), True
        return value

    def _whole(self) -> Fraction | None:
        """A number in digits."""
        if found := self._match(_PERIOD):
            return repeating(found)
        found = self._match(_SPACED) or self._match(_NUMBER)
        if found is None or len(found[0]) > _MAX_DIGITS:
            raise Unreadable("number")
        self.decimal |= "." in found[0] or "e" in found[0].lower()
        return Fraction(found[0].replace(" ", "").rstrip("."))

    def _fraction_part(self, whole: Fraction) -> Value | None:
        """A mixed number, if a fraction of two integers follows a whole number."""
        if whole.denominator != 1:
            return None
        start = self.place
        if self._take("\\frac"):
            top, bottom = self._integer(), self._integer()
            if top is None or bottom is None:
                self.place = start
                return None
        elif self.text[start : start + 1] == " " and (found := self._match(_MIXED)):
            top, bottom = int(found[1]), int(found[2])
        else:
            self.place = start
            return None
        if not 0 < top < bottom:
            raise Unreadable("neither a mixed number nor surely a product")
        if self._peek() == "^":
            raise Unreadable("power of a mixed number")
        return number(whole + Fraction(top, bottom))

    def _integer(self) -> int | None:
        """A group that is nothing but digits."""
        found = self._match(re.compile(r" ?(?:\{ ?(\d{1,9}) ?\}|(\d))"))
        return int(found[1] or found[2]) if found else None

    def _group(self) -> Value:
        """What an operator such as `^` or `\\frac` takes: a braced group or one token."""
        if self._take("{"):
            value = self._sum()
            if not self._take("}"):
                raise Unreadable("group")
            return value
        sign = self._peek()
        if sign.isdigit():
            self.place += 1
            return number(int(sign))
        if sign == "-":
            raise Unreadable("sign outside a group")
        return self._base()

    def _exponent(self) -> Value:
        """A group, or the digits that people write without one: `2^10`, `x^-1`."""
        self._skip()
        if found := self._match(_PLAIN_EXPONENT):
            return number(int(found[0]))
        return self._group()

    def _bracket(self, left: str, right: str) -> Value:
        assert self._take(left)
        value = self._sum()
        if not self._take(right):
            raise Unreadable("bracket")
        return value

    def _base(self) -> Value:
        sign = self._peek()
        if sign == "(":
            return self._bracket("(", ")")
        if sign == "[":
            return self._bracket("[", "]")
        if sign == "{":
            return self._bracket("{", "}")
        if sign == "|":
            return function("abs", self._bracket("|", "|"))
        if sign.isdigit() or sign == ".":
            whole = self._whole()
            assert whole is not None
            return number(whole)
        if sign == "\\":
            return self._command()
        if found := self._match(_WORD):
            return self._named(found[0])
        if (found := _RUN.match(self.text, self.place)) and (
            len(found[0]) > 3 or (len(found[0]) == 3 and set(found[0]) & set("eiou"))
        ):
            raise Unreadable("a word")
        if sign.isascii() and sign.isalpha():
            return self._letter(sign)
        raise Unreadable(sign)

    def _letter(self, sign: str) -> Value:
        self.place += 1
        name = sign + self._subscript()
        follows = self.text[self.place : self.place + 1]
        primes = len(self.text) - self.place - len(self.text[self.place :].lstrip("'"))
        if primes and self.text[self.place + primes : self.place + primes + 1] != "(":
            self.place += primes
            return atom(Atom(name + "'" * primes))
        if primes or (follows == "(" and sign in _CALLED):
            raise Unreadable("a function")
        constant = {"e": EULER, "i": IMAGINARY}.get(name)
        return atom(constant or Atom(name))

    def _subscript(self) -> str:
        found = self._match(_SUBSCRIPT)
        return f"_{found[1] or found[2]}" if found else ""

    def _command(self) -> Value:
        found = self._match(_COMMAND)
        if not found:
            raise Unreadable("command")
        return self._named(found[1])

    def _named(self, name: str) -> Value:
        if name == "frac":
            return self._over(self._group(), self._group())
        if name == "binom":
            return binomial(self._group(), self._group())
        if name == "sqrt":
            return self._square_root()
        if name == "pi":
            return atom(PI)
        if name in _GREEK:
            return atom(Atom(f"\\{name}{self._subscript()}"))
        if name in _FUNCTIONS:
            return self._call(name)
        raise Unreadable(name)

    def _over(self, top: Value, bottom: Value) -> Value:
        a, b = top.rational, bottom.rational
        if a is not None and b is not None and a.denominator == b.denominator == 1:
            self.unreduced |= gcd(a.numerator, b.numerator) > 1
        return top / bottom

    def _square_root(self) -> Value:
        n = self._bracket("[", "]") if self._peek() == "[" else number(2)
        return root(self._group(), n)

    def _call(self, name: str) -> Value:
        base = None
        if name == "log" and self._take("_"):
            base = self._group()
        if self._take("^"):
            exponent = self._group()
            if exponent.rational is None or exponent.rational <= 0:
                raise Unreadable("inverse function or power")
        else:
            exponent = number(1)
        value = apply(name, base, self._argument())
        return power(value, exponent)

    def _argument(self) -> Value:
        """What stands in the bracket after a function, or the factors that follow it."""
        sign = self._peek()
        if sign and sign in "({":
            value = self._bracket(sign, {"(": ")", "{": "}"}[sign])
            if self._peek() and self._peek() in "^!":
                raise Unreadable("power of an argument or of a function")
            return value
        value = self._factor(first=False)
        while self._starts_factor() and not self._function_follows():
            if self._peek() == "(":
                raise Unreadable("where the argument ends is not said")
            value = value * self._factor(first=False)
        if self._peek() == "/":
            raise Unreadable("where the argument ends is not said")
        return value

    def _function_follows(self) -> bool:
        found = _COMMAND.match(self.text, self.place)
        return bool(found and found[1] in _FUNCTIONS) or bool(_WORD.match(self.text, self.place))
