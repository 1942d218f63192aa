"""What `factory decontaminate` prints: rows by benchmark and method, items, and examples."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from factory.decontamination.findings import Example, Findings, Touched
from factory.rowreport import heading, pace, share, warnings
from factory.terminal import plain, short, visible

_AROUND = 160
"""Characters that are shown on both sides of a span."""
_SPAN = 500
"""Characters of a span that are shown."""


def decontamination_report(found: Findings) -> Iterator[RenderableType]:
    """The report on a decontamination, piece by piece, for a rich console."""
    yield _counts(found)
    yield _benchmarks(found)
    yield from warnings(found.problems, found.skipped, found.repeated)
    if found.num_unfindable:
        yield _unfindable(found)
    if found.touched:
        yield _touched(found.touched, found.num_touched)
    if found.examples:
        yield _examples(found.examples)
    text = f"kept rows: {found.out}" if found.out else "a dry run: no row was written"
    yield plain(text)


def _counts(found: Findings) -> Table:
    table = Table(
        title=plain(f"Decontamination of {found.data}"), title_justify="left", box=box.SIMPLE_HEAD,
        caption=plain(pace(found.num_rows, found.seconds, found.resumed)), caption_justify="left",
    )  # fmt: skip
    table.add_column("")
    table.add_column("rows", justify="right")
    table.add_column("share", justify="right")
    table.add_row("read", f"{found.num_rows:,}", "")
    for reason, number in sorted(found.problems.items()):
        cell = plain(f"  not compared: {reason}")
        table.add_row(cell, f"{number:,}", share(number, found.num_rows), style="yellow")
    unjudged = ("  removed: a judge would not say", found.num_unjudged, "yellow")
    for name, number, style in (
        ("compared", found.num_compared, ""),
        ("removed", found.num_removed, "red"),
        *([unjudged] if found.num_unjudged else []),
        ("kept", found.num_kept, "bold green"),
    ):
        table.add_row(name, f"{number:,}", share(number, found.num_rows), style=style)
    if found.judged:
        table.add_section()
    for decision, number in sorted(found.judged.items()):
        table.add_row(plain(f"pairs judged {decision}"), f"{number:,}", "")
    for row in found.paid:
        tokens = f"{row['prompt_tokens'] + row['completion_tokens']:,}"
        cell = plain(f"tokens that {row['teacher']} took")
        table.add_row(cell, tokens, f"US$ {row['cost']:.4f}")
    return table


def _benchmarks(found: Findings) -> Table:
    table = Table(
        title="By benchmark and method", title_justify="left", box=box.SIMPLE_HEAD,
        caption="items: of the benchmark, found in a row that is removed", caption_justify="left",
    )  # fmt: skip
    for name in ("benchmark", "method"):
        table.add_column(name, overflow="fold")
    for name in ("pairs\nfound", "rows\nremoved", "items\ntouched", "of items", "share"):
        table.add_column(name, justify="right")
    for each in found.tallies:
        items = found.num_items.get(each.benchmark, 0)
        table.add_row(
            plain(each.benchmark), plain(each.method), f"{each.num_matches:,}",
            f"{each.num_removed:,}", f"{each.num_touched:,}", f"{items:,}",
            share(each.num_touched, items), style="red" if each.num_removed else "",
        )  # fmt: skip
    return table


def _unfindable(found: Findings) -> Table:
    table = Table(title="Items that n-grams cannot find", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("benchmark", "why"):
        table.add_column(name, overflow="fold")
    table.add_column("items", justify="right")
    table.add_column("such as", overflow="fold")
    for (benchmark, reason), number in sorted(found.num_unfindable.items()):
        examples = [
            f"{each.item[:60]}: {short(' '.join(each.text.split()), 60)!r}"
            for each in found.unfindable
            if (each.benchmark, each.reason) == (benchmark, reason)
        ]
        table.add_row(
            plain(benchmark), plain(reason), f"{number:,}", plain("; ".join(examples[:3]))
        )
    return table


def _touched(touched: Sequence[Touched], number: int) -> Table:
    table = Table(
        title=f"Items that this dataset touches: {number:,}, those in the most rows first",
        title_justify="left", box=box.SIMPLE_HEAD, expand=True,
    )  # fmt: skip
    for name in ("benchmark", "item"):
        table.add_column(name, overflow="fold")
    table.add_column("rows", justify="right")
    table.add_column("text", overflow="ellipsis", no_wrap=True, ratio=1)
    for each in touched:
        text = plain(" ".join(each.text[:400].split()))
        table.add_row(plain(each.benchmark), plain(each.item[:100]), f"{each.num_rows:,}", text)
    return table


def _examples(examples: Sequence[Example]) -> Table:
    table = Table(
        title="Rows beside the items that were found in them; what was found is marked",
        title_justify="left", show_lines=True,
    )  # fmt: skip
    table.add_column("found by")
    table.add_column("row", ratio=1, overflow="fold")
    table.add_column("item", ratio=1, overflow="fold")
    for each in examples:
        about = [each.method, f"{each.score:.3f}", "removed" if each.removed else "kept"]
        if each.decision:
            about.append(f"judge: {each.decision}")
        table.add_row(
            plain("\n".join(about)),
            Text.assemble(heading(each.row.id), marked(each)),
            Text.assemble(
                heading(f"{each.benchmark} {each.item}"), plain(short(each.item_text, _SPAN))
            ),
        )
    return table


def marked(example: Example) -> Text:
    """The row's text around the span, which is marked."""
    before, span, after = around(example)
    text = Text(visible(before))
    text.append(visible(span), "bold red")
    return text.append(visible(after)) or Text("(empty)", style="dim")


def around(example: Example) -> tuple[str, str, str]:
    """The text before a span, the span and the text behind it, each shortened."""
    text, start, stop = example.text, example.start, example.stop
    if stop <= start:  # a similarity has no span
        return short(text, _SPAN), "", ""
    first, last = max(0, start - _AROUND), min(len(text), stop + _AROUND)
    before, span, after = text[first:start], text[start:stop], text[stop:last]
    if len(span) > _SPAN:
        half = _SPAN // 2
        span = f"{span[:half]} … {len(span) - _SPAN:,} characters … {span[-half:]}"
    return ("… " if first else "") + before, span, after + (" …" if last < len(text) else "")
