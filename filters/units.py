"""Units of measurement: a table of names with exact factors, and a reader of unit expressions.

A table and not a unit library's parser, because names must mean here what an answer in physics or
chemistry means by them (in pint 0.25 `amps` are attometres a second and `Nm` is a metre a gram),
because factors are exact, and because no hostile text meets an evaluator. A test holds the
table against pint's definitions.
"""

import re
from fractions import Fraction
from functools import cache, lru_cache
from typing import NamedTuple

PI = Fraction("3.14159265358979323846264338327950288419716939937510")
_BASE = ("m", "kg", "s", "A", "K", "mol", "cd", "bit")


class Unit(NamedTuple):
    """A quantity in this unit is `value * factor + offset` in base units."""

    factor: Fraction
    dimension: tuple[int, ...]
    """The powers of metre, kilogram, second, ampere, kelvin, mole, candela and bit."""
    offset: Fraction = Fraction(0)


ONE = Unit(Fraction(1), (0,) * len(_BASE))

_PREFIXABLE = """
m meter metre = m
g gram = 1/1000 kg
s sec second = s
A amp ampere = A
K kelvin = K
mol mole = mol
cd candela = cd
Hz hertz = s^-1
N newton = kg m s^-2
Pa pascal = kg m^-1 s^-2
J joule = kg m^2 s^-2
W watt = kg m^2 s^-3
C coulomb = A s
V volt = kg m^2 s^-3 A^-1
F farad = kg^-1 m^-2 s^4 A^2
Ω ohm Ohm = kg m^2 s^-3 A^-2
S siemens = kg^-1 m^-2 s^3 A^2
Wb weber = kg m^2 s^-2 A^-1
T tesla = kg s^-2 A^-1
H henry henries = kg m^2 s^-2 A^-2
lm lumen = cd
lx lux = cd m^-2
Bq becquerel = s^-1
Gy gray = m^2 s^-2
Sv sievert = m^2 s^-2
kat katal = mol s^-1
L l ℓ liter litre = 1/1000 m^3
M molar = 1000 mol m^-3
eV electronvolt = 1.602176634e-19 kg m^2 s^-2
cal calorie = 4.184 kg m^2 s^-2
bar = 100000 kg m^-1 s^-2
Wh = 3600 kg m^2 s^-2
Ah = 3600 A s
Ci curie = 3.7e10 s^-1
pc parsec = 30856775814913672.789 m
P poise = 0.1 kg m^-1 s^-1
G gauss = 0.0001 kg s^-2 A^-1
Da u amu dalton = 1.66053906892e-27 kg
rad radian = 1
sr steradian = 1
bit bits = bit
B byte = 8 bit
Torr torr = 101325/760 kg m^-1 s^-2
"""
_PLAIN = """
min minute = 60 s
h hr hrs hour = 3600 s
d day = 86400 s
week = 604800 s
yr yrs year = 31557600 s
t tonne = 1000 kg
Å angstrom Angstrom = 1e-10 m
ly lightyear = 9460730472580800 m
AU au = 149597870700 m
in inch inches = 0.0254 m
ft foot feet = 0.3048 m
yd yard = 0.9144 m
mi mile = 1609.344 m
mph = 0.44704 m s^-1
kph kmh = 5/18 m s^-1
knot kn = 1852/3600 m s^-1
lb lbs pound = 0.45359237 kg
oz ounce = 0.028349523125 kg
lbf = 4.4482216152605 kg m s^-2
ha hectare = 10000 m^2
gal gallon = 0.003785411784 m^3
cc = 1e-6 m^3
atm atmosphere = 101325 kg m^-1 s^-2
mmHg = 133.322387415 kg m^-1 s^-2
psi = 6894.757293168 kg m^-1 s^-2
dyn dyne = 1e-5 kg m s^-2
erg = 1e-7 kg m^2 s^-2
Cal = 4184 kg m^2 s^-2
BTU Btu = 1055.05585262 kg m^2 s^-2
hp horsepower = 745.69987158227022 kg m^2 s^-3
Nm = kg m^2 s^-2
Ns = kg m s^-1
% percent = 1/100
‰ permille = 1/1000
ppm = 1e-6
ppb = 1e-9
"""
_SHORT = {"Q": 30, "R": 27, "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3}
_SHORT |= {"h": 2, "da": 1, "d": -1, "c": -2, "m": -3, "μ": -6, "u": -6, "n": -9, "p": -12}
_SHORT |= {"f": -15, "a": -18, "z": -21, "y": -24}
_LONG = {"tera": 12, "giga": 9, "mega": 6, "kilo": 3, "hecto": 2, "deci": -1, "centi": -2}
_LONG |= {"milli": -3, "micro": -6, "nano": -9, "pico": -12, "femto": -15}
_NO_UNITS = ("dB", "pH")
"""Logarithms, which would be read as a tenth of a byte and as a picohenry."""
_ANGLES = {"°": PI / 180, "deg": PI / 180, "degree": PI / 180, "arcmin": PI / 10800}
_ANGLES |= {"arcsec": PI / 648000, "rpm": PI / 30, "turn": 2 * PI, "revolution": 2 * PI}
_TEMPERATURES = {"°C": (Fraction(1), Fraction("273.15"))}
_TEMPERATURES |= {"°F": (Fraction(5, 9), Fraction("459.67") * 5 / 9)}


@cache
def table() -> dict[str, Unit]:
    """Every name without prefix; what takes a prefix is in `prefixable()`."""
    units = {**prefixable(), **_read_table(_PLAIN)}
    for name, factor in _ANGLES.items():
        units[name] = Unit(factor, ONE.dimension)
    units["rpm"] = Unit(_ANGLES["rpm"], units["Hz"].dimension)
    kelvin = units["K"].dimension
    for name, (factor, offset) in _TEMPERATURES.items():
        units[name] = Unit(factor, kelvin, offset)
    return units


@cache
def prefixable() -> dict[str, Unit]:
    """The names that take a prefix: short ones a sign, long ones a word."""
    return _read_table(_PREFIXABLE)


def _read_table(text: str) -> dict[str, Unit]:
    units = {}
    for line in text.strip().splitlines():
        names, _, definition = line.partition(" = ")
        for name in names.split():
            units[name] = _defined(definition)
    return units


def _defined(definition: str) -> Unit:
    """A unit from a factor and powers of base units, such as `1/1000 m^3`."""
    factor, powers = Fraction(1), [0] * len(_BASE)
    for word in definition.split():
        name, _, power = word.partition("^")
        if name in _BASE:
            powers[_BASE.index(name)] += int(power or 1)
        else:
            factor *= Fraction(word)
    return Unit(factor, tuple(powers))


@lru_cache(maxsize=4096)
def named_unit(name: str) -> Unit | None:
    """The unit of a name with or without prefix, singular or plural; None for an unknown name."""
    if name in _NO_UNITS:
        return None
    units = table()
    singular = name[:-1] if len(name) > 3 and name.endswith("s") else name
    for each in (name, singular):
        if each in units:
            return units[each]
        if len(each) > 3 and each.lower() in units:  # Joule, Kelvin
            return units[each.lower()]
    for each in (name, singular.lower()):
        if found := _prefixed(each):
            return found
    return None


def _prefixed(name: str) -> Unit | None:
    for prefixes, long in ((_SHORT, False), (_LONG, True)):
        for prefix, power in prefixes.items():
            rest = name.removeprefix(prefix)
            if rest != name and rest in prefixable() and (len(rest) > 3) == long:
                unit = prefixable()[rest]
                return Unit(unit.factor * Fraction(10) ** power, unit.dimension)
    return None


_TOKEN = re.compile(
    r"""\s*(?:(°[CF]?|[A-Za-zΩμÅℓ]+|[%‰])                              # a name,
    (?:\s*\^\s*([+-]?\d{1,2})(?!\d)|([+-]?\d{1,2})(?!\d))?          # to a power
    |([/*()]|1(?=\s*/)))                                            # or a sign""",
    re.VERBOSE,
)
_WORDS = (
    (re.compile(r"\bdeg(?:rees?|s)?\.?\s*(?:C\b|celsius\b)|°\s*C\b|\bcelsius\b", re.I), "°C"),
    (re.compile(r"\bdeg(?:rees?|s)?\.?\s*(?:F\b|fahrenheit\b)|°\s*F\b|\bfahrenheit\b", re.I), "°F"),
    (re.compile(r"\bper\b", re.I), "/"),
    (re.compile(r"\bsq(?:uare|\.)?\s+([a-z]+)\b", re.I), r"\1^2"),
    (re.compile(r"\bcubic\s+([a-z]+)\b", re.I), r"\1^3"),
    (re.compile(r"\b([a-z]+)\s+squared\b", re.I), r"\1^2"),
    (re.compile(r"\b([a-z]+)\s+cubed\b", re.I), r"\1^3"),
    (re.compile(r"(?<=[A-Za-z\d])\.(?=[A-Za-z])"), "*"),
)
_MAX_CHARACTERS = 120
_MAX_FACTORS = 16


@lru_cache(maxsize=4096)
def read_unit(text: str) -> Unit | None:
    """The unit of an expression such as `kg m/s^2`, `J/(mol K)` or `meters per second squared`.

    After a slash all that follows is divided by, up to the end or a closing bracket: `J/mol K` is
    `J/(mol K)`. A temperature scale with an offset stands alone; inside an expression a degree is
    a difference. Empty text is the unit of pure numbers.

    Returns:
        None where it cannot be read.
    """
    if len(text) > _MAX_CHARACTERS:
        return None
    for pattern, replacement in _WORDS:
        text = pattern.sub(replacement, text)
    tokens = _tokens(text)
    if tokens is None or len(tokens) > _MAX_FACTORS * 2:
        return None
    if len(tokens) == 1 and tokens[0] in (("°C", 1), ("°F", 1)):
        return named_unit(tokens[0][0])
    return _product(tokens)


def _tokens(text: str) -> list[tuple[str, int]] | None:
    """Names with their powers, and signs; None where something else stands in the text."""
    tokens, position = [], 0
    while position < len(text.rstrip()):
        found = _TOKEN.match(text, position)
        if not found:
            return None
        tokens.append((found[1] or found[4], int(found[2] or found[3] or 1)))
        position = found.end()
    return tokens


def _product(tokens: list[tuple[str, int]]) -> Unit | None:
    """The product of the factors; brackets after a slash group, and may not be nested."""
    factor, dimension = ONE.factor, list(ONE.dimension)
    sign, bracket_sign = 1, 0
    previous = ""
    for name, power in tokens:
        if not _may_follow(name, previous):
            return None
        if name == "(":
            if bracket_sign:
                return None
            bracket_sign = sign
        elif name == ")":
            if not bracket_sign:
                return None
            sign, bracket_sign = bracket_sign, 0
        elif name == "/":
            sign = -bracket_sign if bracket_sign else -1
        elif name not in ("*", "1"):
            unit = named_unit(name)
            if unit is None or abs(power) > 12:
                return None
            power *= sign
            factor *= unit.factor**power
            dimension = [d + power * u for d, u in zip(dimension, unit.dimension, strict=True)]
        previous = name
    closed = not bracket_sign and previous not in ("/", "*")
    return Unit(factor, tuple(dimension)) if closed else None


def _may_follow(name: str, previous: str) -> bool:
    """Whether a sign or name makes sense behind another; empty is the beginning."""
    if name in ("*", ")"):
        return previous not in ("", "/", "*", "(")
    if name == "/":
        return previous not in ("/", "*", "(")
    return True
