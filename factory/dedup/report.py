"""What `factory dedup` prints: counts, warnings, and removed rows beside their twins."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from factory.dedup.differences import Piece, compare
from factory.dedup.findings import Example, Findings
from factory.rowreport import heading, pace, share, warning, warnings
from factory.terminal import plain, visible

_SHOWN = 700
"""Characters of a text in an example."""


def dedup_report(found: Findings) -> Iterator[RenderableType]:
    """The report on a dedup, piece by piece, for a rich console."""
    yield _counts(found)
    yield from _warnings(found)
    if found.examples:
        yield _examples(found.examples)
    if found.out:
        yield plain(f"kept rows: {found.out}")
    else:
        yield plain("a dry run: no row was written")


def _counts(found: Findings) -> Table:
    table = Table(title=plain(f"Dedup of {found.data}"), title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column(_method(found), overflow="fold")
    table.add_column("rows", justify="right")
    table.add_column("share", justify="right")

    def add(name: str, number: int, style: str = "", *, of_all: bool = True) -> None:
        part = share(number, found.num_rows) if of_all else ""
        table.add_row(plain(name), f"{number:,}", part, style=style)

    add("read", found.num_rows, of_all=False)
    for reason, number in sorted(found.problems.items()):
        add(f"  not compared: {reason}", number, "yellow")
    add("compared", found.num_compared)
    add("removed: the same text" if not found.bands else "removed: the same shingles",
        found.num_exact, "red")  # fmt: skip
    if found.bands:
        add(f"removed: similarity of {found.threshold:g} or more", found.num_near, "red")
    add("kept", found.num_kept, "bold green")
    table.add_section()
    add("clusters", found.num_clusters, of_all=False)
    if found.sizes:
        add("rows in the largest", max(found.sizes), of_all=False)
    if found.bands:
        add("pairs checked by their true similarity", found.num_checked, of_all=False)
        style = "yellow" if found.num_skipped_pairs else ""
        add("pairs skipped by the cap on a bucket", found.num_skipped_pairs, style, of_all=False)
    table.caption = plain(pace(found.num_rows, found.seconds, found.resumed))
    table.caption_justify = "left"
    return table


def _method(found: Findings) -> Text:
    if not found.bands:
        return plain(found.method)
    missed = 1 - found.probability(found.threshold)
    return plain(
        f"{found.method}, {found.bands} bands of {found.band_rows}: a pair at "
        f"{found.threshold:g} is missed with probability {missed:.2g}"
    )


def _warnings(found: Findings) -> Iterator[Text]:
    yield from warnings(found.problems, found.skipped, found.repeated)
    if found.num_skipped_pairs:
        yield warning(
            f"{found.num_skipped_pairs:,} pairs of rows that share a band with very many others "
            "were not checked; more rows in a band (--bands, --rows) make such buckets smaller"
        )


def _examples(examples: Sequence[Example]) -> Table:
    table = Table(
        title="Removed rows beside their kept twins, the least similar first; what differs is "
        "marked", title_justify="left", show_lines=True,
    )  # fmt: skip
    table.add_column("similarity", justify="right")
    table.add_column("removed", ratio=1, overflow="fold")
    table.add_column("kept", ratio=1, overflow="fold")
    for each in examples:
        removed, kept = compare(each.text, each.twin_text)
        about = f"{each.similarity:.3f}\ncluster of {each.cluster_size:,}"
        table.add_row(
            about,
            Text.assemble(heading(each.row.id), _marked(removed, "bold red")),
            Text.assemble(heading(each.twin.id), _marked(kept, "bold green")),
        )
    return table


def _marked(pieces: Sequence[Piece], style: str) -> Text:
    """Pieces of a text, shortened; what differs in a style of its own."""
    text = Text()
    for piece in pieces:
        left = _SHOWN - len(text)
        if left <= 0:
            text.append(" …", "dim")
            break
        kind = {"same": "", "differs": style, "gap": "dim"}[piece.kind]
        text.append(visible(piece.text[:left]), kind)
    return text or Text("(empty)", style="dim")
