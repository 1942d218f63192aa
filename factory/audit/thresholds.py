"""Where a filter draws its line: the settings at which its own `judge` changes its mind.

A filter's `judge` sees only the score, so it can be asked about any. A numeric setting is a
threshold where the decision on that very score, just below it and just above it is not the same;
`timeout_s` is none, `low` and `min_votes` are.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal

from factory.dedup import MinHash
from factory.pipeline import Pipeline
from factory.records import Filter, GroupFilter
from factory.steps import Dedup, Keep, KeepGroup

Sign = Literal[">=", ">", "<=", "<"]
_SIGNS: dict[tuple[bool | None, bool | None, bool | None], Sign] = {
    (False, True, True): ">=",
    (False, False, True): ">",
    (True, True, False): "<=",
    (True, False, False): "<",
}
"""What is kept, by whether scores just below, at and just above the setting are."""
_OUT_OF_DOMAIN = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError)
"""What a `judge` may answer to a score that its `score` never gives."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A setting that decides, and which scores it keeps."""

    field: str
    value: float
    keeps: Sign

    def __str__(self) -> str:
        return f"{self.keeps} {self.value:g} ({self.field})"


def find_thresholds(pipeline: Pipeline) -> dict[str, tuple[Threshold, ...]]:
    """The thresholds of every filter on responses that has one, by the filter's name."""
    found = {}
    for step in pipeline.response_steps:
        match step:
            case Keep(filter) | KeepGroup(filter):
                found[filter.name] = _of_filter(filter)
            case Dedup(MinHash() as method):
                line = Threshold(field="threshold", value=method.threshold, keeps="<")
                found[method.name] = (line,)
    return {name: lines for name, lines in found.items() if lines}


def distance(score: float | None, lines: tuple[Threshold, ...]) -> float | None:
    """How far a score lies from the nearest threshold; None where that cannot be said."""
    if score is None or not lines or not math.isfinite(score):
        return None
    return min(abs(score - line.value) for line in lines)


def _of_filter(filter: Filter | GroupFilter) -> tuple[Threshold, ...]:
    own: Any = filter  # the protocol does not say that it is a dataclass
    lines = []
    for field in dataclasses.fields(own):
        value = getattr(own, field.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if not math.isfinite(value):
            continue
        if keeps := _keeps(filter, float(value)):
            lines.append(Threshold(field=field.name, value=float(value), keeps=keeps))
    return tuple(lines)


def _keeps(filter: Filter | GroupFilter, value: float) -> Sign | None:
    below = _is_kept(filter, math.nextafter(value, -math.inf))
    above = _is_kept(filter, math.nextafter(value, math.inf))
    return _SIGNS.get((below, _is_kept(filter, value), above))


def _is_kept(filter: Filter | GroupFilter, score: float) -> bool | None:
    try:
        return filter.judge(score).decision == "keep"
    except _OUT_OF_DOMAIN:
        return None
