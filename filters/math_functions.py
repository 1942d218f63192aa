"""Powers, roots, logarithms and trigonometric functions of exact values."""

import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Final

from filters.math_field import (
    EULER,
    IMAGINARY,
    PI,
    Atom,
    TooBig,
    Unreadable,
    Value,
    atom,
    common_factor,
    factor,
    number,
    power,
)

_MAX_FACTORIAL: Final = 3_000


def raised(base: Value, exponent: Value) -> Value:
    """A power; that of a sum to a fraction is a power of its root."""
    n = exponent.rational
    if base.same(atom(EULER)) and (turn := _half_turns(exponent)) is not None:
        angle = number(turn) * atom(PI)
        return function("cos", angle) + atom(IMAGINARY) * function("sin", angle)
    if n is None or n.denominator == 1 or (len(base.top) == 1 and base.bottom == {(): 1}):
        return power(base, exponent)
    return power(root(base, number(n.denominator)), number(n.numerator))


def _half_turns(exponent: Value) -> Fraction | None:
    """X of an exponent that is i pi x, where sine and cosine of that angle are exact."""
    turn = (exponent / (atom(IMAGINARY) * atom(PI))).rational
    return turn if turn and (12 * turn).denominator == 1 else None


def repeating(found: re.Match[str]) -> Fraction:
    """A decimal with a bar over its period."""
    fixed, period = found[2], found[3] or found[4]
    start = Fraction(int(found[1] + fixed or 0), 10 ** len(fixed))
    return start + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed))


def factorial(of: Value) -> Value:
    """The factorial of an integer; an atom of its own for letters."""
    n = of.rational
    if n is None:
        return atom(Atom(f"({of.text})!", function="factorial", args=(of,)))
    if n.denominator != 1 or n < 0:
        raise Unreadable("factorial")
    if n > _MAX_FACTORIAL:
        raise TooBig("factorial") if n > 100_000 else Unreadable("factorial")
    return number(math.factorial(int(n)))


def binomial(n: Value, k: Value) -> Value:
    """The number of choices of k out of n."""
    top, below = n.rational, k.rational
    if top is None or below is None or top.denominator != 1 or below.denominator != 1:
        raise Unreadable("binomial")
    if not 0 <= below <= top <= _MAX_FACTORIAL:
        raise Unreadable("binomial")
    return number(math.comb(int(top), int(below)))


def root(base: Value, n: Value) -> Value:
    """A real root; an atom of its own where the base is a sum."""
    degree = n.rational
    if degree is None or degree.denominator != 1 or not 2 <= degree <= 60:
        raise Unreadable("root")
    try:
        return power(base, number(1 / degree))
    except TooBig:
        raise
    except Unreadable:
        if base.bottom != {(): 1} or (base.rational is not None and base.rational < 0):
            raise
        outside = abs(common_factor(base.top))
        inside = base / number(outside)
        name = f"root{degree}({inside.text})"
        rooted = atom(Atom(name, function="root", args=(inside, n)))
        return rooted * power(number(outside), number(1 / degree))


_HALF_TURN: Final = {
    # sin of twelfths of pi, as ((coefficient, number under the root), ...)
    0: (),
    1: ((Fraction(1, 4), 6), (Fraction(-1, 4), 2)),
    2: ((Fraction(1, 2), 1),),
    3: ((Fraction(1, 2), 2),),
    4: ((Fraction(1, 2), 3),),
    5: ((Fraction(1, 4), 6), (Fraction(1, 4), 2)),
    6: ((Fraction(1), 1),),
}


def _sine(twelfths: int) -> Value:
    turn = twelfths % 24
    sign = -1 if turn >= 12 else 1
    turn %= 12
    total = number(0)
    for coefficient, under in _HALF_TURN[min(turn, 12 - turn)]:
        total = total + number(sign * coefficient) * root(number(under), number(2))
    return total


def apply(name: str, base: Value | None, of: Value) -> Value:
    """A function of a value, worked out where the result is exact."""
    ratios: dict[str, Callable[[], Value]] = {
        "tan": lambda: function("sin", of) / function("cos", of),
        "cot": lambda: function("cos", of) / function("sin", of),
        "sec": lambda: number(1) / function("cos", of),
        "csc": lambda: number(1) / function("sin", of),
        "exp": lambda: power(atom(EULER), of),
        "ln": lambda: _logarithm(of),
    }
    if name in ratios:
        return ratios[name]()
    if name in ("log", "lg"):
        if base is None:
            raise Unreadable("a logarithm without a base")
        return _logarithm(of) / _logarithm(base)
    return function(name, of)


def _logarithm(of: Value) -> Value:
    """A natural logarithm; that of a rational as a sum over its primes."""
    plain = of.rational
    if plain is not None:
        if plain <= 0:
            raise Unreadable("logarithm")
        total = number(0)
        for whole, sign in ((plain.numerator, 1), (plain.denominator, -1)):
            for prime, times in factor(whole):
                ln = Atom(f"ln({prime})", function="ln", args=(number(prime),))
                total = total + number(sign * times) * atom(ln)
        return total
    if of.same(atom(EULER)):
        return number(1)
    return atom(Atom(f"ln({of.text})", function="ln", args=(of,)))


def _half(of: Value) -> Value | None:
    """Half an angle that is a small even multiple of something."""
    if len(of.top) != 1 or of.bottom != {(): 1}:
        return None
    (times,) = of.top.values()
    if times.denominator != 1 or times % 2 or not 2 <= times <= 8:
        return None
    return of / number(2)


def function(name: str, of: Value) -> Value:
    """A sine, cosine or absolute value where it is exact, else the function as an atom."""
    if name == "abs" and of.rational is not None:
        return number(abs(of.rational))
    if name == "abs" and common_factor(of.top) < 0:
        of = -of
    if name in ("sin", "cos"):
        twelfths = (of / atom(PI) * number(12)).rational
        if twelfths is not None and twelfths.denominator == 1:
            return _sine(int(twelfths) + (6 if name == "cos" else 0))
        if of.rational is None and common_factor(of.top) < 0:
            inside = function(name, -of)
            return -inside if name == "sin" else inside
        if (half := _half(of)) is not None:
            cosine = function("cos", half)
            if name == "sin":
                return number(2) * function("sin", half) * cosine
            return number(2) * cosine * cosine - number(1)
    return atom(Atom(f"{name}({of.text})", function=name, args=(of,)))
