"""A few responses for each filter and reason, the same ones at every call.

Half of them are near-misses where the filter has a threshold: those that the least change of it
would have kept. The others are drawn by the hash of their ids, so that they stand for the rest.
"""

from dataclasses import dataclass
from typing import Any

from factory.audit.thresholds import Threshold, distance
from factory.seeds import digest


@dataclass(frozen=True, kw_only=True)
class Example:
    """A response that was not kept."""

    row: dict[str, Any]
    """As in `factory.schemas.RESPONSES`."""
    place: int
    """In the run, counted from 0."""
    score: float | None
    """What the filter gave it."""
    distance: float | None
    """From the threshold, of a near-miss; None for a random one."""


class Examples:
    """Picks examples while the rows go by.

    Args:
        number: for each filter and reason.
        thresholds: as `factory.audit.thresholds.find_thresholds` gives them.
    """

    def __init__(self, number: int, thresholds: dict[str, tuple[Threshold, ...]]) -> None:
        self._number, self._thresholds = number, thresholds
        self._random: dict[tuple[str, str], _Least] = {}
        self._near: dict[tuple[str, str], _Least] = {}

    def see(self, row: dict[str, Any], place: int) -> None:
        """Consider a response of the run, kept or not."""
        if row["kept"] or not self._number:
            return
        key = (row["dropped_by"], row["reason"])
        score = row["verdicts"][-1]["score"] if row["verdicts"] else None
        hash = digest(row["id"], size=8)
        example = Example(row=row, place=place, score=score, distance=None)
        self._random.setdefault(key, _Least(self._number)).add((hash,), example)
        away = distance(score, self._thresholds.get(row["dropped_by"], ()))
        if away is not None:
            near = Example(row=row, place=place, score=score, distance=away)
            self._near.setdefault(key, _Least(-(-self._number // 2))).add((away, hash), near)

    def of(self, filter: str, reason: str) -> list[Example]:
        """The examples of a reason: near-misses by their distance, then random ones."""
        key = (filter, reason)
        near = self._near[key].items() if key in self._near else []
        taken = {each.place for each in near}
        drawn = self._random[key].items() if key in self._random else []
        rest = [each for each in drawn if each.place not in taken]
        return [*near, *rest][: self._number]


class _Least:
    """The items with the least keys of all that were added; holds a few times as many."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._items: list[tuple[Any, Example]] = []
        self._limit: Any = None

    def add(self, key: Any, item: Example) -> None:
        if self._limit is not None and key >= self._limit:
            return
        self._items.append((key, item))
        if len(self._items) >= 4 * self._number + 4:
            self._shrink()

    def _shrink(self) -> None:
        self._items = sorted(self._items, key=lambda pair: pair[0])[: self._number]
        self._limit = self._items[-1][0]

    def items(self) -> list[Example]:
        return [item for _, item in sorted(self._items, key=lambda pair: pair[0])][: self._number]
