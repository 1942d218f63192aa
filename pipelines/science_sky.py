"""Questions of the sky, from formulas, and conversions of units."""

import math
from random import Random

from pipelines.science_numbers import Formula, Question, quantity, wrong_values

ASTRONOMY = {
    "weight_elsewhere": Formula(
        topic="astronomy",
        problem="On a planet with a surface gravity of {g}, what is the weight of a body of {m}?",
        inputs="g 1.6 25 0.1 m/s^2, m 1 120 1 kg",
        value=lambda g, m: g * m,
        unit="N",
        work="Weight is mass times gravity: {m} * {g} = {answer}",
        slips=(lambda g, m: 9.8 * m, lambda g, m: m / g),
    ),
    "kepler": Formula(
        topic="astronomy",
        problem=(
            "A planet circles a star of the Sun's mass at a mean distance of {a}. What is its "
            "period?"
        ),
        inputs="a 0.2 40 0.1 AU",
        value=lambda a: a**1.5,
        unit="yr",
        work=(
            "Around the Sun T^2 = a^3 in years and AU, so T = a^1.5 for a = {a}, which is {answer}"
        ),
        slips=(lambda a: a ** (2 / 3), lambda a: a**2, lambda a: a**3),
    ),
    "parallax": Formula(
        topic="astronomy",
        problem="A star shows an annual parallax of {p} arcseconds. How far away is it?",
        inputs="p 0.005 0.8 0.005",
        value=lambda p: 1 / p,
        unit="pc",
        work="In parsecs the distance is one over the parallax: 1 / {p} = {answer}",
        slips=(lambda p: p, lambda p: 3.26 / p),
    ),
    "hubble": Formula(
        topic="astronomy",
        problem=(
            "A galaxy lies at {d}. How fast does it recede from us if the Hubble constant is "
            "70 km/s per Mpc?"
        ),
        inputs="d 5 400 1 Mpc",
        value=lambda d: 70 * d,
        unit="km/s",
        work="The speed is the Hubble constant times the distance: 70 km/s/Mpc * {d} = {answer}",
        slips=(lambda d: d / 70, lambda d: 70 / d),
    ),
    "light_time": Formula(
        topic="astronomy",
        problem="How long does light take to travel {d}? Take c = 300000 km/s.",
        inputs="d 300000 90000000 150000 km",
        value=lambda d: d / 300_000,
        unit="s",
        work="The time is the distance over the speed of light: {d} / 300000 km/s = {answer}",
        slips=(lambda d: d / 3000,),
    ),
    "redshift": Formula(
        topic="astronomy",
        problem=(
            "A spectral line with a rest wavelength of {r} is observed from a galaxy of redshift "
            "z = {z}. At what wavelength is it observed?"
        ),
        inputs="r 120 700 2 nm, z 0.1 6 0.1",
        value=lambda r, z: r * (1 + z),
        unit="nm",
        work="It is stretched by 1 + z: {r} * (1 + {z}) = {answer}",
        slips=(lambda r, z: r * z, lambda r, z: r / (1 + z)),
    ),
    "sphere_flux": Formula(
        topic="astronomy",
        problem=(
            "Star A is as luminous as star B and {n} times as far away. How many times "
            "brighter does "
            "star B appear?"
        ),
        inputs="n 2 60 1",
        value=lambda n: n**2,
        unit="",
        work="Brightness falls with the square of the distance: {n}^2 = {answer}",
        slips=(lambda n: n, lambda n: n**3, lambda n: math.sqrt(n)),
    ),
}

_CONVERSIONS = (
    ("km", "m", 1000), ("m", "cm", 100), ("cm", "mm", 10), ("mm", "μm", 1000), ("μm", "nm", 1000),
    ("kg", "g", 1000), ("g", "mg", 1000), ("t", "kg", 1000), ("L", "mL", 1000), ("m^3", "L", 1000),
    ("h", "min", 60), ("min", "s", 60), ("h", "s", 3600), ("d", "h", 24), ("kJ", "J", 1000),
    ("MW", "kW", 1000), ("kPa", "Pa", 1000), ("bar", "kPa", 100), ("atm", "kPa", 101.325),
    ("cal", "J", 4.184), ("kWh", "MJ", 3.6), ("m/s", "km/h", 3.6), ("m^2", "cm^2", 10_000),
    ("cm^3", "mm^3", 1000), ("GHz", "MHz", 1000), ("kV", "V", 1000), ("A", "mA", 1000),
    ("in", "cm", 2.54), ("ft", "in", 12), ("mi", "km", 1.609344),
)  # fmt: skip
"""One of the first is so many of the second."""


def convert(rng: Random) -> Question:
    """One unit into another, either way."""
    large, small, factor = rng.choice(_CONVERSIONS)
    down = rng.random() < 0.5
    value = rng.randrange(2, 500) / rng.choice((1, 1, 2, 10))
    result = value * factor if down else value / factor
    source, target = (large, small) if down else (small, large)
    given, answer = quantity(value, source), quantity(result, target)
    sign = "*" if down else "/"
    return Question(
        problem=f"Convert {given} to {target}.",
        answer=answer,
        work=f"1 {large} is {factor:g} {small}, and {value:g} {sign} {factor:g} gives {answer}",
        wrong=wrong_values(rng, result, target, (value / factor if down else value * factor,)),
    )


def temperature(rng: Random) -> Question:
    """Degrees Celsius as kelvins."""
    celsius = rng.randrange(-200, 900)
    answer = quantity(celsius + 273.15, "K")
    slips = (abs(celsius - 273.15), celsius * 1.8 + 32)
    return Question(
        problem=f"What is {celsius} °C on the Kelvin scale?",
        answer=answer,
        work=f"Add 273.15 to the degrees Celsius: {celsius} + 273.15 gives {answer}",
        wrong=wrong_values(rng, celsius + 273.15, "K", (each for each in slips if each > 0)),
    )
