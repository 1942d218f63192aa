"""Floating-point values, which prove that two values differ and never that they are equal."""

import cmath
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Final

from filters.math_field import EULER, IMAGINARY, PI, Atom, Sum, Value

POINTS: Final = (0.3719, 0.7713, 1.4142857, 2.7091, 5.1327)
_CLOSE: Final = 1e-7
"""Values nearer than this, relative to their largest term, are not told apart."""

FUNCTIONS: Final[dict[str, Callable[..., float]]] = {
    "sin": math.sin,
    "cos": math.cos,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "ln": math.log,
    "abs": abs,
    "factorial": lambda n: math.gamma(n + 1),
    "root": lambda base, n: base ** (1 / n),
    "pow": lambda base, exponent: base**exponent,
}
"""What is computed of real arguments; outside its domain a function raises."""

_CONSTANTS: Final = {EULER: complex(math.e), PI: complex(math.pi), IMAGINARY: 1j}


class _Outside(Exception):
    """The point is outside the domain of a function, or too large."""


def differ(a: Value, b: Value) -> bool:
    """Whether the two surely have different values somewhere in the domain of both."""
    for shift in range(len(POINTS)):
        try:
            left, size_a = _evaluate(a, shift)
            right, size_b = _evaluate(b, shift)
        except (_Outside, ArithmeticError, ValueError):
            continue
        return abs(left - right) > _CLOSE * max(size_a, size_b)
    return False


def approximate(a: Value) -> float | None:
    """The value of a real constant, good to about 12 digits; None where there is none."""
    try:
        found, size = _evaluate(a, 0)
    except (_Outside, ArithmeticError, ValueError):
        return None
    if abs(found.imag) > 1e-12 * size or abs(found) < 1e-3 * size:
        return None
    return found.real


def _evaluate(value: Value, shift: int) -> tuple[complex, float]:
    """The value at a point, and the size of what was added up to it."""
    top, size = _sum(value.top, shift)
    bottom, below = _sum(value.bottom, shift)
    if abs(bottom) < 1e-6 * below:
        raise _Outside
    return top / bottom, size / abs(bottom)


def _sum(terms: Sum, shift: int) -> tuple[complex, float]:
    total, size = 0j, 0.0
    for product, coefficient in terms.items():
        term = complex(_float(coefficient))
        for atom, exponent in product:
            term *= _power(_atom(atom, shift), exponent)
        total += term
        size += abs(term)
    if not (math.isfinite(total.real) and math.isfinite(total.imag)):
        raise _Outside
    return total, size


def _power(base: complex, exponent: Fraction) -> complex:
    if exponent.denominator != 1 and (abs(base.imag) > 1e-12 or base.real <= 0):
        raise _Outside
    return base ** int(exponent) if exponent.denominator == 1 else base ** float(exponent)


def _float(of: Fraction) -> float:
    found = float(of)
    if of and not 1e-280 < abs(found) < 1e280:
        raise _Outside
    return found


def _atom(atom: Atom, shift: int) -> complex:
    if atom.prime:
        return complex(atom.prime)
    if atom in _CONSTANTS:
        return _CONSTANTS[atom]
    if not atom.function:
        place = sum(atom.name.encode()) + 3 * len(atom.name)
        return complex(POINTS[(shift + place) % len(POINTS)] + 0.01 * (place % 97) + 0.001 * shift)
    if atom.function not in FUNCTIONS:
        raise _Outside
    numbers = [_evaluate(each, shift)[0] for each in atom.args]
    if atom.function == "pow" and any(abs(number.imag) > 1e-12 for number in numbers):
        return cmath.exp(numbers[1] * cmath.log(numbers[0]))
    if any(abs(number.imag) > 1e-12 for number in numbers):
        raise _Outside
    return complex(FUNCTIONS[atom.function](*(number.real for number in numbers)))
