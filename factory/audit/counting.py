"""What each filter saw, kept and dropped, for which reasons, with which scores, in what time.

Two passes over the verdicts, a part at a time: the first counts and finds the range of the scores,
the second sorts the scores into the bins of that range.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from factory.audit.parts import read_verdicts
from factory.records import MODES, Mode

_BINS = 24
_DRAWN = pl.col("score").abs() < 1e300
"""Scores that a histogram shows: numbers whose differences are numbers too."""
_GROUP = ("mode", "filter", "decision", "reason")


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason for which a filter does not keep."""

    name: str
    decision: str
    """`drop` or `unjudged`."""
    counts: dict[Mode, int]
    seconds: float | None
    """Wall-clock time that the verdicts took together; None where no part tells."""

    @property
    def total(self) -> int:
        """Responses in both modes."""
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Scores in equal bins, apart by mode and decision."""

    edges: list[float]
    """One more than there are bins."""
    keep: dict[Mode, list[int]]
    drop: dict[Mode, list[int]]

    def total(self, mode: Mode) -> list[int]:
        """Both decisions together."""
        return [k + d for k, d in zip(self.keep[mode], self.drop[mode], strict=True)]


@dataclass(frozen=True, kw_only=True)
class FilterCounts:
    """What one filter did. The numbers are responses by mode."""

    name: str
    seen: dict[Mode, int]
    kept: dict[Mode, int]
    dropped: dict[Mode, int]
    unjudged: dict[Mode, int]
    reasons: tuple[Reason, ...]
    """By name."""
    seconds: float | None
    """Wall-clock time of all its verdicts; None where no part tells."""
    num_timed: int
    """Verdicts whose time is known."""
    low: float | None = None
    """The least score that can be drawn."""
    high: float | None = None
    histogram: Histogram | None = field(default=None, compare=False)
    """None where no verdict has a score."""

    def entry(self) -> dict[str, Any]:
        """As `factory.funnel` wants it."""
        reasons = {reason.name: dict(reason.counts) for reason in self.reasons}
        entry: dict[str, Any] = {"filter": self.name, "reasons": reasons}
        for mode in MODES:
            entry[mode] = {name: getattr(self, name)[mode] for name in COUNTED}
        return entry


COUNTED = ("seen", "kept", "dropped", "unjudged")
"""What is counted of a filter in each mode."""


def count_filters(parts: Sequence[Path]) -> list[FilterCounts]:
    """One entry a filter, in the order in which they are applied.

    Raises:
        PartError: a part is damaged.
    """
    counted = pl.concat([_count(read_verdicts(path)) for path in parts]) if parts else None
    if counted is None or not len(counted):
        return []
    order = counted.group_by("filter").agg(pl.col("place").max()).sort("place", "filter")
    found = [_filter(counted.filter(filter=name), name) for name in order["filter"]]
    edges = {
        each.name: _edges(counted.filter(filter=each.name), each.low, each.high)
        for each in found
        if each.low is not None and each.high is not None
    }
    binned = [_bin(read_verdicts(path), edges) for path in parts]
    return [_with_histogram(each, binned, edges) for each in found]


def _count(verdicts: pl.DataFrame) -> pl.DataFrame:
    finite = pl.col("score").filter(_DRAWN)
    counted = verdicts.group_by(_GROUP).agg(
        pl.len(),
        pl.col("place").max(),
        pl.col("seconds").cast(pl.Float64).sum(),
        pl.col("seconds").count().alias("timed"),
        finite.min().alias("low"),
        finite.max().alias("high"),
        (finite.floor() == finite).all().alias("whole"),
    )
    return _copied(counted)


def _copied(frame: pl.DataFrame) -> pl.DataFrame:
    """A small frame that does not keep the buffers of the part that it was made from."""
    return pl.DataFrame(frame.rows(), schema=frame.schema, orient="row")


def _filter(counted: pl.DataFrame, name: str) -> FilterCounts:
    def by_mode(rows: pl.DataFrame) -> dict[Mode, int]:
        return {mode: int(rows.filter(mode=mode)["len"].sum()) for mode in MODES}

    lost = counted.filter(pl.col("decision") != "keep")
    reasons = [
        Reason(name=reason, decision=decision, counts=by_mode(rows), seconds=_seconds(rows))
        for (reason, decision), rows in lost.sort("reason", "decision").group_by(
            "reason", "decision", maintain_order=True
        )
    ]
    return FilterCounts(
        name=name,
        seen=by_mode(counted),
        kept=by_mode(counted.filter(decision="keep")),
        dropped=by_mode(counted.filter(decision="drop")),
        unjudged=by_mode(counted.filter(decision="unjudged")),
        reasons=tuple(reasons),
        seconds=_seconds(counted),
        num_timed=int(counted["timed"].sum()),
        low=counted["low"].min(),  # type: ignore[arg-type]  # a number or None
        high=counted["high"].max(),  # type: ignore[arg-type]  # likewise
    )


def _seconds(rows: pl.DataFrame) -> float | None:
    return float(rows["seconds"].sum()) if rows["timed"].sum() else None


def _edges(counted: pl.DataFrame, low: float, high: float) -> list[float]:
    """A bin for each whole number where there are few, else equal bins."""
    if counted["whole"].all() and high - low < _BINS:
        return [low - 0.5 + place for place in range(int(high - low) + 2)]
    step = (high - low) / _BINS
    if step == 0:
        return [low, high]
    return [*(low + place * step for place in range(_BINS)), high]


def _bin(verdicts: pl.DataFrame, edges: dict[str, list[float]]) -> pl.DataFrame:
    """Verdicts by `mode`, `filter`, `decision` and `bin`."""
    ranges = pl.DataFrame(
        {
            "filter": list(edges),
            "first": [float(each[0]) for each in edges.values()],
            "width": [float(each[-1] - each[0]) for each in edges.values()],
            "bins": [len(each) - 1 for each in edges.values()],
        },
        schema={"filter": pl.String, "first": pl.Float64, "width": pl.Float64, "bins": pl.Int64},
    )
    place = (pl.col("score") - pl.col("first")) / pl.col("width") * pl.col("bins")
    place = (
        pl.when(pl.col("width") > 0).then(place.floor().cast(pl.Int64, strict=False)).otherwise(0)
    )
    binned = (
        verdicts.filter(_DRAWN)
        .join(ranges, on="filter")
        .with_columns(place.clip(0, pl.col("bins") - 1).alias("bin"))
        .group_by("mode", "filter", "decision", "bin")
        .len()
    )
    return _copied(binned)


def _with_histogram(
    counts: FilterCounts, binned: Sequence[pl.DataFrame], edges: dict[str, list[float]]
) -> FilterCounts:
    if counts.name not in edges:
        return counts
    own = edges[counts.name]
    bars = {d: {mode: [0] * (len(own) - 1) for mode in MODES} for d in ("keep", "drop")}
    for frame in binned:
        rows = frame.filter(filter=counts.name)
        for mode, decision, place, number in rows.select("mode", "decision", "bin", "len").rows():
            bars["keep" if decision == "keep" else "drop"][mode][place] += number
    histogram = Histogram(edges=own, keep=bars["keep"], drop=bars["drop"])
    return replace(counts, histogram=histogram)
