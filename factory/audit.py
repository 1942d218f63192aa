"""The audit of a run as text: what each filter saw and dropped, with examples of each reason."""

from collections.abc import Iterator
from typing import Any

import polars as pl
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from factory.funnel import count_prompts, count_responses, funnel_table, scan_responses
from factory.records import MODES
from factory.rundir import RunDirectory
from factory.seeds import digest
from factory.terminal import plain

_COLUMNS = ("id", "mode", "output", "expected_answer", "verdicts", "dropped_by", "reason")
_BARS = " ▁▂▃▄▅▆▇█"


def audit(run: RunDirectory, *, num_examples: int = 2) -> Iterator[RenderableType]:
    """The report, piece by piece, for a rich console.

    Args:
        run: any run, finished or not.
        num_examples: dropped responses to show for each filter and reason, the same ones at every
            call.
    """
    entries = count_responses(run)
    yield funnel_table(count_prompts(run), entries)
    if not entries:
        yield Text("No part of the responses is finished yet.")
        return
    responses = scan_responses(run, _COLUMNS)
    yield _filters(entries, responses)
    for entry in entries:
        for reason, counts in entry["reasons"].items():
            number = sum(counts.values())
            heading = plain(f"\n{entry['filter']}: {reason} ({number:,} dropped)")
            heading.stylize("bold")
            yield heading
            yield _examples(responses, entry["filter"], reason, num_examples)


def _filters(entries: list[dict[str, Any]], responses: pl.DataFrame) -> Table:
    table = Table(title="Filters", title_justify="left")
    table.add_column("filter")
    for mode in MODES:
        for name in ("seen", "kept", "dropped", "unjudged"):
            table.add_column(f"{mode}: {name}", justify="right")
    table.add_column("scores, low to high")
    scores = responses.select("verdicts").explode("verdicts").unnest("verdicts")
    for entry in entries:
        names = ("seen", "kept", "dropped", "unjudged")
        cells = [f"{entry[mode][name]:,}" for mode in MODES for name in names]
        values = scores.filter(pl.col("filter") == entry["filter"])["score"].drop_nulls()
        table.add_row(entry["filter"], *cells, _histogram(values))
    return table


def _histogram(scores: pl.Series) -> str:
    """The scores' range and a line of bars, such as `0 ▂█ 1`."""
    if not len(scores):
        return ""
    low, high = float(scores.min()), float(scores.max())  # type: ignore[arg-type]  # numbers
    if low == high:
        return f"all {low:g}"
    places = ((scores - low) / (high - low) * 9.999).floor().cast(pl.Int64)
    counts = [int((places == place).sum()) for place in range(10)]
    top = max(counts)
    bars = "".join(_BARS[-(-count * 8 // top)] for count in counts)
    return f"{low:g} {bars} {high:g}"


def _examples(responses: pl.DataFrame, filter: str, reason: str, number: int) -> Table:
    """A few of the dropped responses, chosen by the hash of their ids."""
    dropped = responses.filter(
        (pl.col("dropped_by") == filter) & (pl.col("reason") == reason)
    ).to_dicts()
    table = Table(show_header=True, show_lines=True)
    for name in ("id", "score", "expected", "output"):
        table.add_column(name, overflow="fold")
    for row in sorted(dropped, key=lambda row: digest(row["id"]))[:number]:
        score = row["verdicts"][-1]["score"]
        table.add_row(
            row["id"],
            "-" if score is None else f"{score:g}",
            plain(row["expected_answer"] or "-"),
            plain(_short(row["output"])),
        )
    return table


def _short(text: str, limit: int = 600) -> str:
    return text if len(text) <= limit else f"{text[:limit]} ... ({len(text):,} characters)"
