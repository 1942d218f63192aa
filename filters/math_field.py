"""Exact values: sums of products of rationals, roots, pi, e, i, variables and functions.

A value is a quotient of two sums; a sum maps products of atoms to rational coefficients. Real roots
of primes with exponents in [0, 1) are linearly independent over the rationals, and so are their
products, so that the sum of a number built from roots is unique, and a difference is zero only if
no term is left. Cross-multiplication compares quotients. Functions (`sin(x)`, `ln 2`) are atoms
named by their argument: two values that agree in all atoms are equal, and those that do not may be.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import gcd, isqrt
from typing import Final

MAX_TERMS: Final = 400
MAX_BITS: Final = 64_000
"""Longest integer that is worked out; a larger one is too big (`TooBig`)."""
_SMALL_PRIME: Final = 2_000
_MAX_SINE: Final = 8
"""Power of a sine that is written with cosines."""
_ONE: Final = Fraction(1)


class Unreadable(Exception):
    """The text is no value of the kind that is understood here; says nothing of its worth."""


class TooBig(Unreadable):
    """A number so long that nothing should work it out."""


@dataclass(frozen=True, eq=False)
class Atom:
    """A name that is multiplied: a variable, a constant, a prime under a root, a function."""

    name: str
    prime: int = 0
    """The prime whose root it is."""
    function: str = ""
    """What `filters.math_numbers` computes of the arguments."""
    args: tuple["Value", ...] = field(default=())

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Atom) and self.name == other.name


IMAGINARY: Final = Atom("i")
PI: Final = Atom("pi")
EULER: Final = Atom("e")
INFINITE: Final = Atom("oo")

Product = tuple[tuple[Atom, Fraction], ...]
Sum = dict[Product, Fraction]


def prime_root(prime: int) -> Atom:
    """The atom that stands for a prime under a root, or in a power with a letter."""
    return Atom(f"#{prime}", prime=prime)


@dataclass(frozen=True)
class Value:
    """A quotient of sums, the denominator 1 wherever it is a single product."""

    top: Sum
    bottom: Sum

    @cached_property
    def rational(self) -> Fraction | None:
        """The value as a fraction, where it is one."""
        if not self.top:
            return Fraction(0)
        if len(self.top) == 1 and () in self.top and self.bottom == {(): _ONE}:
            return self.top[()]
        return None

    @cached_property
    def atoms(self) -> frozenset[Atom]:
        """Every atom that the value is built of, those inside functions not counted."""
        return frozenset(
            atom for side in (self.top, self.bottom) for product in side for atom, _ in product
        )

    @cached_property
    def text(self) -> str:
        """One spelling; equal sums have the same, equal quotients may have several."""
        if self.bottom == {(): _ONE}:
            return _spell(self.top)
        return f"[{_spell(self.top)}]/[{_spell(self.bottom)}]"

    def __add__(self, other: "Value") -> "Value":
        if self.bottom == other.bottom:
            return _quotient(_plus(self.top, other.top), self.bottom)
        top = _plus(_times(self.top, other.bottom), _times(other.top, self.bottom))
        return _quotient(top, _times(self.bottom, other.bottom))

    def __neg__(self) -> "Value":
        return Value({product: -number for product, number in self.top.items()}, self.bottom)

    def __sub__(self, other: "Value") -> "Value":
        return self + -other

    def __mul__(self, other: "Value") -> "Value":
        return _quotient(_times(self.top, other.top), _times(self.bottom, other.bottom))

    def __truediv__(self, other: "Value") -> "Value":
        if not other.top:
            raise Unreadable("division by zero")
        return _quotient(_times(self.top, other.bottom), _times(self.bottom, other.top))

    def same(self, other: "Value") -> bool:
        """Whether the two are equal whatever the atoms stand for."""
        if self.bottom == other.bottom:
            return self.top == other.top
        return _times(self.top, other.bottom) == _times(other.top, self.bottom)


def number(of: Fraction | int) -> Value:
    """A rational value."""
    return Value({(): Fraction(of)} if of else {}, {(): _ONE})


def atom(of: Atom) -> Value:
    """The value of a single atom."""
    return Value({((of, _ONE),): _ONE}, {(): _ONE})


def power(base: Value, exponent: Value) -> Value:
    """`base ** exponent`, with real roots; letters under an even root count as positive.

    Raises:
        Unreadable: the root of a sum, or a power with no one meaning.
        TooBig: an integer of more than `MAX_BITS`.
    """
    n = exponent.rational
    if n is None:
        return _letter_power(base, exponent)
    if n.denominator == 1:
        return _whole_power(base, int(n))
    return _root(base, n)


def _whole_power(base: Value, n: int) -> Value:
    if n < 0:
        return number(1) / _whole_power(base, -n)
    if len(base.top) <= 1 and base.bottom == {(): _ONE}:
        result = number(1)
        for product, coefficient in base.top.items():
            _affordable(coefficient, n)
            exact = tuple((each, e * n) for each, e in product)
            result = Value(_collect([(exact, coefficient**n)]), base.bottom)
        return result if base.top or n == 0 else number(0)
    if n > 40:
        raise Unreadable("a long sum to a high power")
    result = number(1)
    for _ in range(n):
        result = result * base
    return result


def _affordable(of: Fraction, n: int) -> None:
    bits = max(of.numerator.bit_length(), of.denominator.bit_length()) - 1
    if bits and bits * n > MAX_BITS:
        raise TooBig("power")


def _root(base: Value, n: Fraction) -> Value:
    """A fractional power of a single product."""
    if not base.top and n > 0:
        return number(0)
    if len(base.top) != 1 or base.bottom != {(): _ONE}:
        raise Unreadable("root of a sum")
    ((product, coefficient),) = base.top.items()
    result = number(1)
    if coefficient < 0:
        if n.denominator == 2:
            result = _whole_power(atom(IMAGINARY), n.numerator)
        elif n.denominator % 2:
            result = number((-1) ** n.numerator)
        else:
            raise Unreadable("even root of a negative number")
    for each, e in product:
        even = e.denominator == 1 and e.numerator % 2 == 0 and n.denominator % 2 == 0
        if each == IMAGINARY or even:
            raise Unreadable("root with a choice of sign")
        result = result * Value(_collect([(((each, e * n),), _ONE)]), {(): _ONE})
    for prime, times in _factors(abs(coefficient)):
        result = result * Value(_collect([(((prime_root(prime), n * times),), _ONE)]), {(): _ONE})
    return result


def _letter_power(base: Value, exponent: Value) -> Value:
    """A power with letters above: one atom for each term above and each factor below."""
    if exponent.bottom != {(): _ONE} or len(base.top) != 1 or base.bottom != {(): _ONE}:
        raise Unreadable("power of a sum")
    ((product, coefficient),) = base.top.items()
    if coefficient < 0:
        raise Unreadable("power of a negative number")
    below = [(each, e) for each, e in product]
    below += [(prime_root(prime), Fraction(times)) for prime, times in _factors(coefficient)]
    result = number(1)
    for above, times in exponent.top.items():
        for each, e in below:
            if not above:
                factor = Value(_collect([(((each, e * times),), _ONE)]), {(): _ONE})
            elif each == EULER and (inside := _inside_logarithm(above)):
                factor = power(inside, number(e * times))
            else:
                unit = Value({above: _ONE}, {(): _ONE})
                base_value = number(each.prime) if each.prime else atom(each)
                name = f"({each.name})^({unit.text})"
                up = Atom(name, function="pow", args=(base_value, unit))
                factor = Value({((up, e * times),): _ONE}, {(): _ONE})
            result = result * factor
    return result


def _inside_logarithm(product: Product) -> Value | None:
    if len(product) == 1 and product[0][1] == 1 and product[0][0].function == "ln":
        return product[0][0].args[0]
    return None


def _factors(of: Fraction) -> list[tuple[int, int]]:
    """Primes of a positive fraction with their exponents."""
    found: list[tuple[int, int]] = []
    for whole, sign in ((of.numerator, 1), (of.denominator, -1)):
        found += [(prime, sign * times) for prime, times in factor(whole)]
    return found


def factor(whole: int) -> list[tuple[int, int]]:
    """Primes and exponents of a positive integer.

    Raises:
        Unreadable: two large primes are left.
    """
    found = []
    for prime in range(2, _SMALL_PRIME):
        if prime * prime > whole:
            break
        times = 0
        while whole % prime == 0:
            whole //= prime
            times += 1
        if times:
            found.append((prime, times))
    if whole == 1:
        return found
    root = isqrt(whole)
    if whole < _SMALL_PRIME**2:
        return [*found, (whole, 1)]
    if root * root == whole and root < _SMALL_PRIME**2:
        return [*found, (root, 2)]
    raise Unreadable("an integer without small factors")


def _collect(terms: list[tuple[Product, Fraction]]) -> Sum:
    """Terms added up, with integer powers of primes and of i multiplied out."""
    total: Sum = {}
    terms = list(terms)
    while terms:
        product, coefficient = terms.pop()
        if (others := _without_sine(product)) is not None:
            terms += [(others[0], coefficient), (others[1], -coefficient)]
            if len(total) > MAX_TERMS:
                raise Unreadable("too many terms")
            continue
        kept = []
        for each, e in product:
            if each.prime:
                whole = e.numerator // e.denominator
                _affordable(Fraction(each.prime), abs(whole))
                coefficient *= Fraction(each.prime) ** whole
                e -= whole
            elif each == IMAGINARY:
                if e.denominator != 1:
                    raise Unreadable("root of i")
                turn = e.numerator % 4
                coefficient = -coefficient if turn >= 2 else coefficient
                e = Fraction(turn % 2)
            if e:
                kept.append((each, e))
        key = tuple(kept)
        total[key] = total.get(key, Fraction(0)) + coefficient
        if not total[key]:
            del total[key]
    return total


def _without_sine(product: Product) -> tuple[Product, Product] | None:
    """The two products that a squared sine turns into, as 1 less the cosine's square."""
    for each, e in product:
        if each.function == "sin" and 2 <= e <= _MAX_SINE and e.denominator == 1:
            cosine = Atom(f"cos{each.name[3:]}", function="cos", args=each.args)
            rest = _join(product, ((each, Fraction(-2)),))
            return rest, _join(rest, ((cosine, Fraction(2)),))
    return None


def _plus(a: Sum, b: Sum) -> Sum:
    return _collect([*a.items(), *b.items()])


def _times(a: Sum, b: Sum) -> Sum:
    if len(a) * len(b) > MAX_TERMS:
        raise Unreadable("too many terms")
    return _collect(
        [(_join(p, q), x * y) for p, x in a.items() for q, y in b.items()],
    )


def _join(p: Product, q: Product) -> Product:
    if not p or not q:
        return p or q
    merged = dict(p)
    for each, e in q:
        merged[each] = merged.get(each, Fraction(0)) + e
    return tuple(
        sorted(((each, e) for each, e in merged.items() if e), key=lambda item: item[0].name)
    )


def _quotient(top: Sum, bottom: Sum) -> Value:
    """A value in lowest spelling: a single product below is divided into the sum above."""
    if not top:
        return number(0)
    if len(bottom) == 1:
        ((product, coefficient),) = bottom.items()
        if product or coefficient != 1:
            inverse = tuple((each, -e) for each, e in product)
            top = _times(top, _collect([(inverse, 1 / coefficient)]))
        return Value(top, {(): _ONE})
    lead = bottom[min(bottom, key=rank)]
    if lead != 1:
        top = {product: value / lead for product, value in top.items()}
        bottom = {product: value / lead for product, value in bottom.items()}
    if len(top) == len(bottom):
        ratio = top[min(top, key=rank)]
        if all(value == ratio * bottom.get(product, 0) for product, value in top.items()):
            return number(ratio)
    return Value(top, bottom)


def rank(product: Product) -> list[tuple[str, Fraction]]:
    """What products are sorted by."""
    return [(each.name, e) for each, e in product]


def _spell(terms: Sum) -> str:
    if not terms:
        return "0"
    words = []
    for product in sorted(terms, key=rank):
        powers = [each.name if e == 1 else f"{each.name}^({e})" for each, e in product]
        words.append("*".join([_digits(terms[product]), *powers]))
    return "+".join(words)


def _digits(of: Fraction) -> str:
    """A fraction in decimal digits, in hexadecimal ones where Python would refuse so many."""
    if max(of.numerator.bit_length(), of.denominator.bit_length()) < 10_000:
        return str(of)
    return f"{of.numerator:x}/{of.denominator:x}h"


def common_factor(of: Sum) -> Fraction:
    """The rational that, divided out, leaves whole coefficients without a common factor."""
    top = gcd(*(value.numerator for value in of.values()))
    bottom = 1
    for value in of.values():
        bottom = bottom * value.denominator // gcd(bottom, value.denominator)
    sign = -1 if of[min(of, key=rank)] < 0 else 1
    return Fraction(sign * top, bottom)
