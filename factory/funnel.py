"""The funnel of a run: how many prompts and responses each filter saw, kept and dropped, and why.

Counted from the working files, so that it can be looked at while a run goes on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from rich.table import Table

from factory import screened, store
from factory.apply import TEACHER
from factory.records import MODES
from factory.rundir import RunDirectory
from factory.schemas import PROMPTS, RESPONSES
from factory.terminal import plain


def count_prompts(run: RunDirectory) -> dict[str, Any]:
    """`drawn`, `dropped` by reason, and `asked`, over the parts that are there."""
    dropped: dict[str, int] = {}
    drawn = 0
    for part in range(run.num_parts):
        if run.prompts(part).exists():
            rows = store.read_part(run.prompts(part), PROMPTS, ["decision", "reason"])
            drawn += len(rows)
            _tally(dropped, [row["reason"] for row in rows if row["decision"] != "keep"])
    if run.screened.exists():
        for part in range(run.num_parts):
            _tally(dropped, sorted(screened.dropped(run, part).values()))
    return {"drawn": drawn, "dropped": dropped, "asked": drawn - sum(dropped.values())}


def _tally(counts: dict[str, int], reasons: Sequence[str]) -> None:
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1


def finished_parts(run: RunDirectory) -> list[Path]:
    """The parts of responses that are there."""
    paths = [run.responses(part) for part in range(run.num_parts)]
    return [path for path in paths if path.exists()]


def scan_responses(run: RunDirectory, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of all responses that are there, in order.

    Raises:
        PartError: a part is damaged.
    """
    tables = [store.read_table(path, RESPONSES, columns) for path in finished_parts(run)]
    if not tables:
        return pl.DataFrame({name: [] for name in columns})
    found = pl.from_arrow(pa.concat_tables(tables))
    assert isinstance(found, pl.DataFrame)
    return found


def count_responses(run: RunDirectory) -> list[dict[str, Any]]:
    """One entry a filter, in the order they are applied.

    An entry holds `filter`, for each mode `seen`, `kept`, `dropped` and `unjudged`, and `reasons`:
    counts by reason and mode.
    """
    responses = scan_responses(run, ["mode", "verdicts"])
    if not len(responses):
        return []
    verdicts = (
        responses.with_columns(pl.int_ranges(pl.col("verdicts").list.len()).alias("place"))
        .explode("verdicts", "place")
        .unnest("verdicts")
        .drop_nulls("filter")
    )
    order = verdicts.group_by("filter").agg(pl.col("place").max()).sort("place", "filter")
    counted = verdicts.group_by("mode", "filter", "decision", "reason").len().sort(pl.all())
    return [_entry(name, counted.filter(pl.col("filter") == name)) for name in order["filter"]]


def _entry(name: str, counted: pl.DataFrame) -> dict[str, Any]:
    entry: dict[str, Any] = {"filter": name, "reasons": {}}
    for mode in MODES:
        rows = counted.filter(pl.col("mode") == mode)
        totals = dict(rows.group_by("decision").agg(pl.col("len").sum()).iter_rows())
        entry[mode] = {
            "seen": sum(totals.values()),
            "kept": totals.get("keep", 0),
            "dropped": totals.get("drop", 0),
            "unjudged": totals.get("unjudged", 0),
        }
    for mode, decision, reason, count in counted.select("mode", "decision", "reason", "len").rows():
        if decision != "keep":
            entry["reasons"].setdefault(reason, dict.fromkeys(MODES, 0))[mode] += count
    entry["reasons"] = dict(sorted(entry["reasons"].items()))
    return entry


def funnel_table(prompts: dict[str, Any], responses: Sequence[dict[str, Any]]) -> Table:
    """The funnel as a rich table."""
    table = Table(title="What was kept and dropped", title_justify="left")
    table.add_column("step")
    table.add_column("reason")
    for mode in MODES:
        table.add_column(f"{mode}", justify="right")
    table.add_row("prompts drawn", "", f"{prompts['drawn']:,}", f"{prompts['drawn']:,}")
    for reason, count in prompts["dropped"].items():
        table.add_row("", plain(reason), f"-{count:,}", f"-{count:,}", style="yellow")
    table.add_row("prompts asked", "", f"{prompts['asked']:,}", f"{prompts['asked']:,}")
    if responses:
        asked = count_entered(responses)
        table.add_row("responses", "", *(f"{asked[mode]:,}" for mode in MODES), end_section=True)
        for entry in responses:
            for reason, counts in entry["reasons"].items():
                cells = [f"-{counts[mode]:,}" if counts[mode] else "" for mode in MODES]
                table.add_row(plain(entry["filter"]), plain(reason), *cells, style="yellow")
            if not entry["reasons"]:
                table.add_row(plain(entry["filter"]), "", "", "", style="dim")
        table.add_section()
        last = count_kept(responses)
        cells = [f"{last[m]:,} ({_share(last[m], asked[m])})" for m in MODES]
        table.add_row("kept", "", *cells, style="bold green")
    return table


def count_entered(responses: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Responses by mode that entered the funnel: what left it, and what was lost on the way."""
    kept = count_kept(responses)
    return {
        mode: kept[mode] + sum(e[mode]["dropped"] + e[mode]["unjudged"] for e in responses)
        for mode in MODES
    }


def count_kept(responses: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Responses by mode that left the funnel: what the last filter keeps that saw any."""
    filters = [entry for entry in reversed(responses) if entry["filter"] != TEACHER]
    return {mode: next((e[mode]["kept"] for e in filters if e[mode]["seen"]), 0) for mode in MODES}


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"
