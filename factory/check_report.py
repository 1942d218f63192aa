"""What `factory check` prints: each filter's counts, on and off side by side, and examples."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from rich import box
from rich.console import RenderableType
from rich.table import Table

from factory.check import Checked, Example
from factory.flips import said
from factory.records import MODES, Decision
from factory.terminal import plain


def check_report(found: Checked) -> Iterator[RenderableType]:
    """What a check found, for a rich console."""
    yield plain(f"{found.num_rows:,} rows, {sum(found.rows.values()):,} of them judged.")
    if found.bad:
        table = Table(title="Not read", title_justify="left")
        table.add_column("reason")
        table.add_column("rows", justify="right")
        for reason, count in found.bad.most_common():
            table.add_row(plain(reason), f"{count:,}", style="yellow")
        yield table
    if not sum(found.rows.values()):
        return
    yield _filters(found)
    yield _funnel(found)
    for failure in found.failures:
        line = plain(failure)
        line.stylize("bold red")
        yield line
    for (filter, words), examples in sorted(found.examples.items()):
        if examples:
            yield _examples(f"{filter}: {words}", examples)


def _filters(found: Checked) -> Table:
    """Each filter on all rows, and what it alone does not keep."""
    table = Table(
        title="Each filter on every row", title_justify="left", box=box.SIMPLE_HEAD,
        padding=0, caption_justify="left",
        caption="alone: rows that every other filter keeps",
    )  # fmt: skip
    table.add_column("filter", overflow="fold")
    modes = [mode for mode in MODES if found.rows[mode]]
    for name in ("kept", "dropped", "unjudged", "alone"):
        for mode in modes:
            table.add_column(f"{name}\n{mode}", justify="right", no_wrap=True)
    table.add_column("ms\na row", justify="right", no_wrap=True)
    rows = sum(found.rows.values())
    totals = Counter[tuple[str, str, str]]()
    for (filter, decision, _, where), count in found.verdicts.items():
        totals[filter, decision, where] += count
    for filter in dict.fromkeys(key[0] for key in found.verdicts):
        counts = [totals[filter, each, mode] for each in get_args(Decision) for mode in modes]
        counts += [found.alone[filter, mode] for mode in modes]
        cells = [f"{count:,}" for count in counts]
        table.add_row(plain(filter), *cells, f"{1000 * found.seconds[filter] / rows:.2f}")
    return table


def _funnel(found: Checked) -> Table:
    table = Table(title="What is not kept, and why", title_justify="left")
    table.add_column("filter")
    table.add_column("verdict")
    for mode in MODES:
        table.add_column(mode, justify="right")
    table.add_row("rows", "", *(f"{found.rows[mode]:,}" for mode in MODES), end_section=True)
    order = list(dict.fromkeys(key[0] for key in found.verdicts))
    keys = {key[:3] for key in found.verdicts if key[1] != "keep"}
    for key in sorted(keys, key=lambda key: (order.index(key[0]), key[1:])):
        cells = [f"{found.verdicts[(*key, mode)]:,}" for mode in MODES]
        table.add_row(plain(key[0]), plain(said(*key[1:])), *cells, style="yellow")
    table.add_section()
    cells = [f"{found.kept[mode]:,}{_share(found, mode)}" for mode in MODES]
    table.add_row("kept by all", "", *cells, style="bold green")
    return table


def _share(found: Checked, mode: str) -> str:
    return f" ({found.kept[mode] / found.rows[mode]:.0%})" if found.rows[mode] else ""


def _examples(title: str, examples: Sequence[Example]) -> Table:
    table = Table(title=plain(title), title_justify="left", show_lines=True)
    for name in ("id", "score", "expected", "output"):
        table.add_column(name, overflow="fold")
    for each in examples:
        score = "-" if each.score is None else f"{each.score:g}"
        table.add_row(*map(plain, (each.name, score, each.expected, each.output)))
    return table
