"""Questions with one value: formulas whose inputs are drawn, wrong values beside the right one.

A value is written with four figures, so that what the rounding takes is far below any tolerance.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

_FACTORS = (2, 0.5, 10, 0.1, 4, 0.25, 3, 1 / 3, 1.5, 0.75, 5, 0.2, 100, 0.01, 8, 0.125)
_APART = 0.05
"""Two options differ by more than this share of the larger one."""
NUM_WRONG = 9
"""As many wrong options as the longest question has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question whose answer is known."""

    problem: str
    answer: str
    """Alternatives, where several are right, separated by `|`."""
    work: str
    """How it is found, ending in the answer."""
    wrong: tuple[str, ...] = ()
    """What else may stand among the options, the most tempting first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """A number to draw: one of low, low + step, ..., high."""

    low: float
    high: float
    unit: str = ""
    step: float = 1

    def draw(self, rng: Random) -> float:
        """One of them."""
        number = rng.randrange(round((self.high - self.low) / self.step) + 1)
        return float(f"{self.low + number * self.step:.6g}")

    def written(self, value: float) -> str:
        """The number with its unit."""
        return quantity(value, self.unit)


@dataclass(frozen=True, kw_only=True, slots=True)
class Formula:
    """A family of questions of one formula."""

    topic: str
    problem: str
    """Around the inputs, `{m}`; they come with their units."""
    inputs: str
    """`name low high step unit` of each, separated by commas: `m 1 50 1 kg, h 2 40 1 m`."""
    value: Callable[..., float]
    """Of the inputs by name."""
    unit: str
    work: str
    """Around the inputs and `{answer}`, which it ends in."""
    slips: tuple[Callable[..., float], ...] = ()
    """What a mistake gives, such as a forgotten square."""

    def __call__(self, rng: Random) -> Question:
        """One question."""
        inputs = dict(map(_input, self.inputs.split(", ")))
        drawn = {name: each.draw(rng) for name, each in inputs.items()}
        said = {name: each.written(drawn[name]) for name, each in inputs.items()}
        value = self.value(**drawn)
        answer = quantity(value, self.unit)
        slips = [slip(**drawn) for slip in self.slips]
        return Question(
            problem=self.problem.format(**said),
            answer=answer,
            work=self.work.format(**said, answer=answer),
            wrong=wrong_values(rng, value, self.unit, slips),
        )


def _input(text: str) -> tuple[str, Input]:
    name, low, high, step, *unit = text.split(" ", 4)
    return name, Input(low=float(low), high=float(high), step=float(step), unit="".join(unit))


def quantity(value: float, unit: str) -> str:
    """`12.5 m/s`; with a power of ten where the number is very large or very small."""
    value = float(f"{value:.4g}")
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        number = f"{value:f}".rstrip("0").rstrip(".")
    else:
        mantissa, _, power = f"{value:.3e}".partition("e")
        number = f"{mantissa.rstrip('0').rstrip('.')} x 10^{int(power)}"
    return f"{number} {unit}".strip()


def wrong_values(
    rng: Random, value: float, unit: str, slips: Iterable[float] = ()
) -> tuple[str, ...]:
    """Quantities well apart from a value, and from each other."""
    factors = rng.sample(_FACTORS, len(_FACTORS))
    tempting = (*slips, *(value * factor for factor in factors))
    return tuple(quantity(each, unit) for each in islice(_apart(value, tempting), NUM_WRONG))


def wrong_counts(
    rng: Random, count: int, slips: Iterable[int] = (), *, low: int = 0
) -> tuple[str, ...]:
    """Other whole numbers near a count, from `low` up."""
    near = [count + step for step in range(-6, 13) if step]
    tempting = (*slips, *rng.sample(near, len(near)))
    fit = dict.fromkeys(each for each in tempting if each >= low and each != count)
    return tuple(str(each) for each in islice(fit, NUM_WRONG))


def _apart(value: float, tempting: Iterable[float]) -> Iterator[float]:
    taken = [value]
    for each in tempting:
        if all(abs(each - other) > _APART * max(abs(each), abs(other)) for other in taken):
            taken.append(each)
            yield each
