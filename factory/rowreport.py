"""What the reports of dedup and decontamination have in common: warnings and pace."""

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from factory.rownames import Repeated, Skipped
from factory.terminal import plain, visible

NAMED = 5
"""Rows that were not compared and are named; a report lists all of them."""


def share(part: int, whole: int) -> str:
    """A share in percent, which is 0% or 100% only where it is exactly that."""
    if not whole:
        return ""
    percent = f"{100 * part / whole:.2f}%"
    if 0 < part < whole and percent in ("0.00%", "100.00%"):
        return "<0.01%" if percent == "0.00%" else ">99.99%"
    return percent


def pace(num_rows: int, seconds: float, resumed: bool) -> str:
    """Seconds and rows a second."""
    if not seconds:
        return ""
    earlier = ", going on from an earlier start" if resumed else ""
    return f"{seconds:,.1f} s, {num_rows / seconds:,.0f} rows/s{earlier}"


def warnings(
    problems: Mapping[str, int], skipped: Sequence[Skipped], repeated: Repeated
) -> Iterator[Text]:
    """What a person should know of the rows that were read."""
    if problems:
        examples = [f"{each.row.file}:{each.row.row} {each.reason}" for each in skipped]
        yield warning(
            f"{sum(problems.values()):,} rows were not compared and are kept as they are, "
            f"such as {', '.join(examples)}"
        )
    if repeated.num_ids:
        first = [f"{id[:200]} ({a}, {b})" for id, a, b in repeated.first]
        yield warning(
            f"{repeated.num_ids:,} ids repeat, in {repeated.num_rows:,} rows; reports name such "
            f"rows by their place as well: {', '.join(first)}"
        )


def warning(text: str) -> Text:
    """A line that stands out."""
    line = plain(text)
    line.stylize("yellow")
    return line


def heading(id: str) -> Text:
    """A row's id above its text."""
    return Text(f"{visible(id[:200])}\n", style="dim")
