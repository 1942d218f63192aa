r"""Quantities: a number with a unit, within a stated tolerance.

Policy, one line a point:

- The final answer is the last box, else a marked answer, else the last line
  (`filters.stated_answer`); `boxed_only` leaves the box alone to count. Of `E = m c^2 = 5 J` the
  last part counts; what is denied or bounded (`not`, `!=`, `>=`, `at least`) is no answer.
- A number is decimal (`9.81`, `1,234.5`, `3.2e5`, `3.2 \times 10^{5}`) or a fraction of integers;
  ranges, uncertainties, decimal commas, roots and multiples of pi are not read.
- Units are converted exactly (`filters.units`); the tolerance counts in the gold answer's unit, so
  that 1% of 25 °C is 0.25 °C and not 3 K. Temperatures are points on a scale, not differences.
- Percent is a unit: 5 % is 0.05 and not 5. Angles and counts are pure numbers, so that 180° is
  3.14159, and a hertz, a becquerel and a radian a second are one dimension, as are N m and J.
- A bare number where the gold answer has a unit is `missing_unit` unless that unit is a pure
  number of the same value; with `require_unit = false` it is taken to be in the gold unit.
"""

import re
from fractions import Fraction
from typing import ClassVar, NamedTuple

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Prompt, Response, Verdict
from filters.stated_answer import plain, stated_answer
from filters.units import ONE, Unit, read_unit

_LATEX = (
    (re.compile(r"\\(?:SI|qty)\s*\{([^{}]*)\}\s*\{([^{}]*)\}"), r"\1 \2"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\^\s*\{\s*\\circ\s*\}|\^\s*\\circ|\\degree|\\text(?:degree|ordmasculine)"), "°"),
    (re.compile(r"\^\s*\{\s*([+-]?\d{1,4})\s*\}"), r"^\1"),
    (re.compile(r"\\(?:times|cdot|ast)(?![a-zA-Z])|[×·⋅∙]"), "*"),
    (re.compile(r"\\(?:text)?mu(?![a-zA-Z])\s*|µ"), "μ"),
    (re.compile(r"\\(?:Omega|ohm)(?![a-zA-Z])|Ω"), "Ω"),
    (re.compile(r"\\(?:AA|angstrom)(?![a-zA-Z])|Å"), "Å"),
    (re.compile(r"\\(?:approx|simeq|sim|equiv)(?![a-zA-Z])|[≈≃≅]"), "="),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"(?<![\d.])10\*\*(?=[+-]?\d)"), "10^"),
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_NUMBER = re.compile(
    r"""\s*(?P<sign>[+-]?)\s*
    (?:(?P<numerator>\(\d{1,40}\)|\d{1,40})\s*/\s*(?P<denominator>\(\d{1,40}\)|\d{1,40})(?![\d.])
    |(?P<mantissa>\d{1,3}(?:,\d{3}){1,20}(?:\.\d{0,60})?(?![\d,])
        |\d{1,3}(?:[ ]\d{3}){1,20}(?:\.\d{0,60})?(?![\d])
        |\d{1,60}(?:\.\d{0,60})?(?![\d,]) |\.\d{1,60}(?!\d))
    (?:[eE](?P<e>[+-]?\d{1,3})(?!\d)|\s*[*x]\s*10\s*\^\s*\(?(?P<power>[+-]?\d{1,3})\)?(?!\d))?
    )""",
    re.VERBOSE,
)
_POWER_OF_TEN = re.compile(r"(\s*[+-]?\s*)10\s*\^\s*\(?([+-]?\d{1,3})\)?(?!\d)")
_HEDGE = re.compile(r"\s*(?:about|approximately|approx\.?|roughly)\s+", re.IGNORECASE)
_EQUALS = re.compile(r"(?<![!<>])=")
_DENIED = re.compile(
    r"\\not|\\n?eq?(?![a-z])|\\[gl]eq?(?:slant)?(?![a-z])|[<>≤≥≠]"
    r"|\b(?:not|less|more|at least|at most)\b|n't\b",
    flags=re.IGNORECASE,
)
_MAX_CHARACTERS = 500
_MAX_EXPONENT = 400
_FAR = 1e6
_ROUNDING = Fraction(1, 10**12)


class Measured(NamedTuple):
    """A value and its unit."""

    value: Fraction
    unit: Unit
    has_unit: bool


@settings
class Quantity:
    """Drop responses whose quantity is not the gold one within the tolerance."""

    name: ClassVar[str] = "quantity.v1"
    REASONS: ClassVar[dict[float, str]] = {
        -1: "no_answer",
        -2: "not_a_quantity",
        -3: "missing_unit",
        -4: "wrong_unit",
    }
    """Reason by score, where the score is no relative error."""

    relative_tolerance: float = 0.01
    """Greatest error as a share of the gold value, inclusive. One percent lets pass what comes from
    another rounding of a constant (9.8 or 9.81 m/s²: 0.1%) or of the result to three figures
    (0.5% at most), and nothing that is further off. 0 is exact."""
    absolute_tolerance: float = 0.0
    """Greatest error in the gold answer's unit, inclusive; either tolerance is enough. A gold
    value of 0 has no other."""
    require_unit: bool = True
    """Whether a bare number is wrong where the gold answer has a unit."""
    boxed_only: bool = False
    """Whether an answer without a box is none."""

    def __post_init__(self) -> None:
        if not 0 <= self.relative_tolerance < 1:
            raise ValueError(f"relative_tolerance must be in [0, 1), got {self.relative_tolerance}")
        if not 0 <= self.absolute_tolerance < float("inf"):
            raise ValueError(
                f"absolute_tolerance must be >= 0 and finite, got {self.absolute_tolerance}"
            )

    def score(self, response: Response) -> float:
        """The relative error, 0 within the absolute tolerance, at most 1e6; below 0 a reason.

        Raises:
            Unjudged: `no_gold`, or `gold_unparseable` where the gold answer is no quantity.
        """
        if response.expected is None:
            raise Unjudged("no_gold")
        gold = read_quantity(response.expected)
        if gold is None:
            raise Unjudged("gold_unparseable")
        stated = stated_answer(response.answer, boxed_only=self.boxed_only)
        if stated is None:
            return -1.0
        predicted = read_quantity(stated)
        return -2.0 if predicted is None else self._error(gold, predicted)

    def gold_answer(self, prompt: Prompt) -> str | None:
        """The gold answer in its box."""
        gold = prompt.expected_answer
        return None if gold is None else f"\\boxed{{{gold}}}"

    def judge(self, score: float) -> Verdict:
        """Keep what is near enough."""
        if score < 0:
            return Verdict.drop(self.REASONS[score])
        if score <= self.relative_tolerance:
            return Verdict.keep()
        return Verdict.drop("wrong_value")

    def _error(self, gold: Measured, predicted: Measured) -> float:
        if gold.has_unit and not predicted.has_unit:
            if not self.require_unit:
                return self._distance(gold.value, predicted.value, exact=True)
            if gold.unit.dimension == ONE.dimension:
                error = self._distance(gold.value, _converted(predicted, gold.unit), exact=False)
                return error if self.judge(error).decision == "keep" else -3.0
            return -3.0
        if gold.unit.dimension != predicted.unit.dimension:
            return -4.0
        exact = gold.unit == predicted.unit
        return self._distance(gold.value, _converted(predicted, gold.unit), exact=exact)

    def _distance(self, gold: Fraction, predicted: Fraction, *, exact: bool) -> float:
        """The relative error; converted units of irrational factors agree to 12 digits."""
        error = abs(gold - predicted)
        if error <= Fraction(str(self.absolute_tolerance)):
            return 0.0
        if gold == 0:
            return _FAR
        relative = error / abs(gold)
        if not exact and relative <= _ROUNDING:
            return 0.0
        return float(min(relative, Fraction(_FAR)))


def read_quantity(text: str) -> Measured | None:
    r"""The value and the unit of `9.81 m/s^2`, `3.2 \times 10^{5}\ \text{J}`, `25 °C` or `5 %`.

    Returns:
        None where the text is anything else, longer than 500 signs, or beyond 10 to the 400.
    """
    if len(text) > _MAX_CHARACTERS or _DENIED.search(text):
        return None
    text = _EQUALS.split(_without_latex(text))[-1]
    text = _HEDGE.sub("", text).rstrip(" .")
    found = _POWER_OF_TEN.match(text) or _NUMBER.match(text)
    value = _value(found) if found else None
    if found is None or value is None:
        return None
    rest = text[found.end() :]
    unit = read_unit(rest.strip())
    return None if unit is None else Measured(value, unit, bool(rest.strip()))


def _without_latex(text: str) -> str:
    for pattern, replacement in _LATEX:
        text = pattern.sub(replacement, text)
    text = plain(text)
    text = _LATEX[3][0].sub(_LATEX[3][1], text)
    text = _FRACTION.sub(r"(\1)/(\2)", text)
    return text.replace("\u03a9", "Ω").replace("\u03bc", "μ").replace("\u00c5", "Å")


def _value(found: re.Match[str]) -> Fraction | None:
    """The exact number that was matched; None for a division by zero or a huge exponent."""
    if found.re is _POWER_OF_TEN:
        sign, power = found[1].strip(), int(found[2])
        return Fraction(10) ** power * (-1 if sign == "-" else 1)
    sign = -1 if found["sign"] == "-" else 1
    if found["numerator"]:
        below = int(found["denominator"].strip("()"))
        return sign * Fraction(int(found["numerator"].strip("()")), below) if below else None
    power = int(found["e"] or found["power"] or 0)
    if abs(power) > _MAX_EXPONENT:
        return None
    return sign * Fraction(re.sub("[, ]", "", found["mantissa"])) * Fraction(10) ** power


def _converted(quantity: Measured, unit: Unit) -> Fraction:
    """The value in another unit of the same dimension."""
    base = quantity.value * quantity.unit.factor + quantity.unit.offset
    return (base - unit.offset) / unit.factor
