"""Units after a number: which are known, and how they compare."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from filters.units import read_unit

_TABLE: Final = {
    "length": "mm millimeter millimetre 1/1000|cm centimeter centimetre 1/100|dm decimeter 1/10"
    "|m meter metre 1|km kilometer kilometre 1000|in inch inche 254/10000|ft foot feet 3048/10000"
    "|yd yard 9144/10000|mi mile 1609344/1000",
    "mass": "mg milligram 1/1000000|g gram gm 1/1000|kg kilogram 1|lb pound 45359237/100000000"
    "|oz ounce 45359237/1600000000",
    "time": "ms millisecond 1/1000|s sec second 1|min minute 60|h hr hour 3600|day 86400"
    "|week 604800",
    "calendar": "month 1|yr year 12",
    "volume": "ml milliliter millilitre 1/1000|l liter litre 1|gal gallon 3785411784/1000000000",
    "money": "¢ cent 1/100|$ usd dollar 1",
    "pounds sterling": "£ gbp 1",
    "euro": "€ eur euro 1",
    "yen": "¥ jpy yen 1",
    "rupee": "₹ rs inr rupee 1",
    "angle": "° deg degree 1",
    "radian": "rad radian 1",
    "celsius": "°c celsius degreecelsius degreescelsius 1",
    "fahrenheit": "°f fahrenheit degreefahrenheit degreesfahrenheit 1",
    "speed": "mph mile/hour mile/h milesperhour mileperhour 1609344/3600000"
    "|km/h kmh kph kmph kilometer/hour kilometersperhour kilometerperhour kmperhour 1000/3600"
    "|m/s mps meter/second meterspersecond meterpersecond 1|ft/s feetpersecond 3048/10000",
    "forenoon": "am 1",
    "afternoon": "pm 1",
    "north": "north 1",
    "south": "south 1",
    "east": "east 1",
    "west": "west 1",
}
SCALES: Final = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "trillion": 1_000_000_000_000,
    "dozen": 12,
}
"""Words after a number that multiply it."""


@dataclass(frozen=True)
class Unit:
    """A unit; `family` is empty where nobody knows it."""

    name: str
    family: str = ""
    factor: Fraction = Fraction(1)
    """Times the family's base unit."""
    exponent: int = 1


def _known() -> dict[str, Unit]:
    units = {}
    for family, line in _TABLE.items():
        for entry in line.split("|"):
            *names, factor = entry.split()
            for name in names:
                units[name] = Unit(names[0], family, Fraction(factor))
    return units


_KNOWN: Final = _known()
_FAMILIES: Final[dict[tuple[int, ...], str]] = {
    (1, 0, 0): "length",
    (0, 1, 0): "mass",
    (0, 0, 1): "time",
    (1, 0, -1): "speed",
}
"""Of metre, kilogram and second, in which the table measures these families too."""
_SQUARE: Final = re.compile(r"^(?:(square|sq)|(cubic|cu))\.?(?=[a-z])")
_RAISED: Final = re.compile(r"(?:\^\{?|)([23])\}?$")


@lru_cache(maxsize=2048)
def find(text: str) -> Unit:
    """The unit that a text names, without its plural; one of no family where it is not known."""
    name = re.sub(r"[ .\\{}]|text", "", text).lower() or text
    exponent = 1
    if found := _SQUARE.match(name):
        exponent, name = (2 if found[1] else 3), name[found.end() :]
    elif found := re.search(r"squared$|cubed$", name):
        exponent, name = (2 if found[0] == "squared" else 3), name[: found.start()]
    elif found := _RAISED.search(name):
        exponent, name = int(found[1]), name[: found.start()]
    if "/" in name and exponent > 1 and (unit := _measured(text)):
        return unit
    for spelling in (name, name.removesuffix("s"), name.replace("s/", "/")):
        if spelling in _KNOWN:
            unit = _KNOWN[spelling]
            return Unit(unit.name, unit.family, unit.factor, exponent)
    return _measured(text) or Unit(name.removesuffix("s"))


def _measured(text: str) -> Unit | None:
    """A unit of physics, its case kept: `mW` is no `MW`, and `N` no `J`."""
    text = " ".join(re.sub(r"\\text|[\\{}]", " ", text).split())
    read = read_unit(re.sub(r"^ms ?\^ ?(?=-)", "m s^", text))
    if read is None or not any(read.dimension) or read.offset:
        return None
    family = _FAMILIES.get(read.dimension[:3]) if not any(read.dimension[3:]) else None
    return Unit(text, family or f"of dimension {read.dimension}", read.factor)


def ratio(gold: Unit, predicted: Unit) -> Fraction | None:
    """What the predicted number is multiplied by; None where the units cannot be one another.

    Units that nobody knows fit all; so do a length and an area or a volume in the same unit, since
    people forget the exponent.
    """
    if not gold.family or not predicted.family:
        return Fraction(1)
    if gold.family != predicted.family:
        return None
    if gold.exponent == predicted.exponent:
        return (predicted.factor / gold.factor) ** gold.exponent
    forgotten = gold.family == "length" and 1 in (gold.exponent, predicted.exponent)
    return Fraction(1) if forgotten and gold.name == predicted.name else None
