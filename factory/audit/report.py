"""The audit as text for a terminal. What a model wrote is shown with `factory.terminal.plain`."""

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from factory.audit.counting import COUNTED, FilterCounts, Reason
from factory.audit.examples import Example
from factory.audit.overlap import Overlap
from factory.audit.thresholds import Threshold
from factory.records import MODES, Mode
from factory.terminal import plain

_BARS = " ▁▂▃▄▅▆▇█"


def filters_table(filters: Sequence[FilterCounts]) -> Table:
    """Counts by filter and reason, on and off side by side."""
    names = [name for name in COUNTED if name != "unjudged" or _any_unjudged(filters)]
    table = _table("Filters")
    table.add_column("filter\n  reason", overflow="fold")
    for name in names:
        for mode in MODES:
            table.add_column(f"{name}\n{mode}", justify="right")
    table.add_column("time", justify="right", no_wrap=True)
    for each in filters:
        cells = [_number(getattr(each, name)[mode]) for name in names for mode in MODES]
        table.add_row(plain(each.name), *cells, duration(each.seconds), style="bold")
        for reason in each.reasons:
            own = "dropped" if reason.decision == "drop" else "unjudged"
            counts = [
                _number(reason.counts[mode]) if name == own else ""
                for name in names
                for mode in MODES
            ]
            label = plain(f"  {reason.name or '(no reason)'}")
            table.add_row(label, *counts, duration(reason.seconds))
    return table


def _table(title: str, **options: Any) -> Table:
    return Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
        pad_edge=False, **options,
    )  # fmt: skip


def _any_unjudged(filters: Sequence[FilterCounts]) -> bool:
    return any(number for each in filters for number in each.unjudged.values())


def _number(number: int) -> str:
    return f"{number:,}" if number else "-"


def scores_table(
    filters: Sequence[FilterCounts], thresholds: dict[str, tuple[Threshold, ...]]
) -> Table:
    """Score histograms, thresholds and the time of one verdict, by filter."""
    caption = "\n".join(
        f"{each.name} keeps scores {', '.join(map(str, thresholds[each.name]))}"
        for each in filters
        if each.name in thresholds
    )
    table = _table("Scores", caption=plain(caption), caption_justify="left")
    table.add_column("filter", no_wrap=True)
    table.add_column("time each", justify="right", no_wrap=True)
    table.add_column("scores", justify="right", no_wrap=True)
    for mode in MODES:
        table.add_column(mode, no_wrap=True)
    for each in filters:
        each_s = each.seconds / each.num_timed if each.seconds is not None else None
        ends = "" if each.low is None else f"{each.low:.3g} to {each.high:.3g}"
        bars = [_bars(each, mode) for mode in MODES]
        table.add_row(plain(each.name), duration(each_s), ends, *bars)
    return table


def _bars(counts: FilterCounts, mode: Mode) -> Text:
    """A line of bars, dropped scores in another colour; a bar that is not empty can be seen."""
    line = Text()
    if not counts.histogram:
        return line
    totals = _fewer(counts.histogram.total(mode))
    dropped = _fewer(counts.histogram.drop[mode])
    top = max(totals)
    for total, lost in zip(totals, dropped, strict=True):
        style = "yellow" if 2 * lost > total else "green"
        line.append(_BARS[-(-total * 8 // top)] if top else " ", style=style)
    return line


def _fewer(bars: list[int]) -> list[int]:
    """Two neighbours in one where there are too many for a line."""
    return bars if len(bars) <= 12 else [sum(bars[i : i + 2]) for i in range(0, len(bars), 2)]


def duration(seconds: float | None) -> str:
    """A time with a unit that suits it; `-` where none was taken."""
    if not seconds:
        return "-"
    for limit, scale, unit in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (120.0, 1.0, "s")):
        if seconds < limit:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds / 60:,.1f} min"


def overlap_tables(overlap: Overlap) -> RenderableType:
    """What each filter alone would drop, what only it would, and what two would both drop."""
    table = _table(
        "Overlap: every filter asked about every response",
        caption_justify="left",
        caption="alone: not kept by this filter, asked first. only: kept by every other filter.\n"
        "A letter: not kept by both. Reasoning on and off together.",
    )
    table.add_column("filter", no_wrap=True)
    for name in ("alone", "only"):
        for mode in MODES:
            table.add_column(f"{name}\n{mode}", justify="right")
    letters = [chr(ord("A") + place % 26) for place in range(len(overlap.filters))]
    for letter in letters:
        table.add_column(letter, justify="right")
    for place, name in enumerate(overlap.filters):
        alone = [_number(overlap.both(mode, place, place)) for mode in MODES]
        only = [_number(overlap.only(mode, place)) for mode in MODES]
        both = [
            _number(sum(overlap.both(mode, place, other) for mode in MODES))
            if other != place
            else "·"
            for other in range(len(overlap.filters))
        ]
        table.add_row(plain(f"{letters[place]} {name}"), *alone, *only, *both)
    return table


def examples_table(filter: str, reason: Reason, examples: Sequence[Example]) -> RenderableType:
    """The examples of one reason, under a heading."""
    verb = "dropped" if reason.decision == "drop" else "unjudged"
    counts = ", ".join(f"{reason.counts[mode]:,} {mode}" for mode in MODES)
    heading = plain(f"\n{filter}: {reason.name} ({reason.total:,} {verb}): {counts}")
    heading.stylize("bold")
    if not examples:
        return heading
    table = Table(show_header=True, show_lines=True)
    for name in ("id", "score", "expected", "output"):
        table.add_column(name, overflow="fold")
    for each in examples:
        table.add_row(*_example_cells(each))
    return Group(heading, table)


def _example_cells(example: Example) -> list[Text]:
    row = example.row
    score = "-" if example.score is None else f"{example.score:g}"
    if example.distance is not None:
        score += f"\nnear-miss, {example.distance:.3g} away"
    expected = row["expected_answer"]
    if row["reference"] is not None:
        expected = f"{row['reference']} (majority)"
    said = row["output"] or row["error"] or ""
    return [
        plain(row["id"]),
        plain(score),
        plain(_short(expected or "-", 200)),
        plain(_short(said)),
    ]


def _short(text: str, limit: int = 600) -> str:
    """The beginning and, since an answer stands there, more of the end."""
    if len(text) <= limit:
        return text
    head = limit // 3
    tail = text[head - limit :]
    return f"{text[:head]}\n... {len(text) - limit:,} characters ...\n{tail}"
