"""Which verdicts differ between two judgements of the same responses.

A response is judged up to the first filter that does not keep it. So a verdict may differ, or be
there on one side only, because the other side had dropped the response before.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from factory.records import MODES
from factory.terminal import plain, short

CHANGES = pa.schema(
    [
        ("id", pa.string()),
        ("prompt_id", pa.string()),
        ("domain", pa.string()),
        ("mode", pa.string()),
        ("filter", pa.string()),
        ("old_decision", pa.string()),
        ("old_reason", pa.string()),
        ("old_score", pa.float64()),
        ("new_decision", pa.string()),
        ("new_reason", pa.string()),
        ("new_score", pa.float64()),
        ("kept_before", pa.bool_()),
        ("kept_after", pa.bool_()),
        ("expected_answer", pa.string()),
        ("answer", pa.string()),
    ]
)
"""A verdict that differs; a decision is null where the filter did not see the response."""

_SHOWN = ("id", "prompt_id", "domain", "mode", "expected_answer", "answer")
_VERDICT = ("decision", "reason", "score")


def changes(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """The verdicts that differ between two frames of the same responses, in the order of `new`.

    Both hold columns of `RESPONSES`: id, verdicts and kept; `new` also those that are shown.
    Filters are matched by their name without its version, in their order where one stands twice.
    """
    key = ["id", "filter", "turn"]
    before = _verdicts(old).rename({name: f"old_{name}" for name in _VERDICT})
    after = _verdicts(new).rename({name: f"new_{name}" for name in _VERDICT})
    differs = pl.any_horizontal(
        pl.col(f"old_{name}").ne_missing(pl.col(f"new_{name}")) for name in ("decision", "reason")
    )
    order = pl.int_range(pl.len()).alias("place")
    return (
        before.join(after, on=key, how="full", coalesce=True)
        .filter(differs)
        .join(old.select("id", kept_before="kept"), on="id")
        .join(new.select(order, *_SHOWN, kept_after="kept"), on="id")
        .sort("place", pl.coalesce("step_right", "step"))
        .select(CHANGES.names)
    )


def fates(old: pl.DataFrame, new: pl.DataFrame) -> dict[tuple[str, bool, bool], int]:
    """How many responses there are by (mode, kept before, kept after)."""
    both = old.select("id", "mode", "kept").join(new.select("id", now="kept"), on="id")
    counted = both.group_by("mode", "kept", "now").len()
    return {(mode, before, after): count for mode, before, after, count in counted.iter_rows()}


def _verdicts(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a verdict: id, filter, which of that name, its place, and what it says."""
    return (
        frame.select("id", "verdicts")
        .explode("verdicts")
        .unnest("verdicts")
        .drop_nulls("filter")
        .with_columns(
            pl.col("filter").str.replace(r"\.v\d+$", ""),  # as `naming.bare` does
            pl.int_range(pl.len()).over("id").alias("step"),
        )
        .with_columns(pl.int_range(pl.len()).over("id", "filter").alias("turn"))
        .select("id", "filter", "turn", "step", *_VERDICT)
    )


class Flips:
    """Adds changes up, part by part, and remembers a few to show."""

    def __init__(self, num_examples: int) -> None:
        self.counts: Counter[tuple[str, str, str, str]] = Counter()
        """By filter, old verdict, new verdict and mode."""
        self.kept = {when: Counter[str]() for when in ("before", "after", "gained", "lost")}
        self.num_examples = num_examples
        self._fates: list[dict[str, Any]] = []
        self._others: list[dict[str, Any]] = []

    @property
    def num_flipped(self) -> int:
        """Verdicts that say something else than before."""
        reached = (count for key, count in self.counts.items() if NOT_SEEN not in key)
        return sum(reached)

    def see(self, counted: Mapping[tuple[str, bool, bool], int]) -> None:
        """Count who is kept, see `fates`."""
        for (mode, before, after), count in counted.items():
            self.kept["before"][mode] += before * count
            self.kept["after"][mode] += after * count
            self.kept["gained"][mode] += (after and not before) * count
            self.kept["lost"][mode] += (before and not after) * count

    def add(self, changed: Sequence[dict[str, Any]]) -> None:
        """Count rows of `CHANGES`."""
        for row in changed:
            old = said(row["old_decision"], row["old_reason"])
            new = said(row["new_decision"], row["new_reason"])
            self.counts[row["filter"], old, new, row["mode"]] += 1
            if NOT_SEEN in (old, new):
                continue
            chosen = self._others if row["kept_before"] == row["kept_after"] else self._fates
            if len(chosen) < self.num_examples:
                chosen.append(row)

    def report(self, title: str) -> Iterator[RenderableType]:
        """Tables of the counts and of the examples, those first whose fate changed."""
        if not self.counts:
            yield Text(f"{title}: no verdict differs.")
        else:
            yield self._table(title)
        if any(self.kept["before"].values()) or any(self.kept["after"].values()):
            yield self._kept()
        if examples := (self._fates + self._others)[: self.num_examples]:
            yield _examples(examples)

    def _table(self, title: str) -> Table:
        table = Table(title=title, title_justify="left")
        for name in ("filter", "before", "after"):
            table.add_column(name)
        for mode in MODES:
            table.add_column(mode, justify="right")
        lines: dict[tuple[str, str, str], Counter[str]] = {}
        for (filter, old, new, where), count in self.counts.items():
            lines.setdefault((filter, old, new), Counter())[where] += count
        for filter, old, new in sorted(lines, key=lambda key: (NOT_SEEN in key, key)):
            cells = [f"{lines[filter, old, new][mode]:,}" for mode in MODES]
            style = "dim" if NOT_SEEN in (old, new) else ""
            table.add_row(*map(plain, (filter, old, new)), *cells, style=style)
        return table

    def _kept(self) -> Table:
        table = Table(title="Kept", title_justify="left")
        table.add_column("")
        for name in self.kept:
            table.add_column(name, justify="right")
        for mode in MODES:
            table.add_row(mode, *(f"{self.kept[name][mode]:,}" for name in self.kept))
        return table


NOT_SEEN = "not seen"
"""What is shown where a filter did not see a response that another had dropped before."""


def said(decision: str | None, reason: str | None) -> str:
    """A verdict in words, such as `drop wrong_answer`."""
    return f"{decision} {reason or ''}".strip() if decision else NOT_SEEN


def _examples(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(title="Some of them", title_justify="left", show_lines=True)
    for name in ("id", "filter", "before", "after", "expected", "answer"):
        table.add_column(name, overflow="fold")
    for row in rows:
        before = f"{said(row['old_decision'], row['old_reason'])}{_score(row['old_score'])}"
        after = f"{said(row['new_decision'], row['new_reason'])}{_score(row['new_score'])}"
        texts = (short(row["expected_answer"] or "-", 200), short(row["answer"] or "", 300))
        table.add_row(*map(plain, (row["id"], row["filter"], before, after, *texts)))
    return table


def _score(score: float | None) -> str:
    return "" if score is None else f" ({score:g})"
