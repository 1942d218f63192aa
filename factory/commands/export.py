"""`factory export` and `factory lint`: datasets for other trainers, and what a template does."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from factory.errors import RunError
from factory.terminal import plain

DatasetArgument = Annotated[
    Path,
    typer.Argument(
        metavar="DATASET", help="A run, a mixture, a dataset's directory, or a downloaded copy."
    ),
]
ConfigOption = Annotated[
    Literal["SFT", "RL"] | None, typer.Option(help="Answers or prompts, where there are both.")
]
SplitOption = Annotated[
    list[str] | None, typer.Option("--split", help="All by default; may be repeated.")
]
TemplateOption = Annotated[
    str | None,
    typer.Option(
        help="A Jinja file in place of the tokenizer's own template, or llama-nemotron, or chatml."
    ),
]
LengthOption = Annotated[
    int | None, typer.Option(min=1, help="Tokens beyond which the trainer cuts.")
]
Formats = Literal["trl", "trl-completion", "trl-prompts", "openai", "verl", "nemo-rl", "original"]


def export_command(
    dataset: DatasetArgument,
    format: Annotated[Formats, typer.Option("--format", help="Who is to read it.")],
    out: Annotated[Path, typer.Option(help="A new directory, or a new file, .parquet or .jsonl.")],
    config: ConfigOption = None,
    splits: SplitOption = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            help="Look first whether its chat template lets the rows through: bundled, a "
            "directory, or a Hub id, org/name@REVISION."
        ),
    ] = None,
    template: TemplateOption = None,
    max_length: LengthOption = None,
    no_lint: Annotated[
        bool, typer.Option("--no-lint", help="Do not look, whatever --tokenizer says.")
    ] = False,
) -> None:
    """Write a dataset for TRL, verl, NeMo-RL, OpenAI, or as the original is.

    With --tokenizer, only if its chat template breaks none of the rules of factory lint.
    """
    from factory.export import export
    from factory.progress import Progress
    from factory.templating import lint_table

    if tokenizer is None and (template or max_length):
        given = "--template" if template else "--max-length"
        raise typer.BadParameter("goes with --tokenizer", param_hint=given)
    console = Console()
    found = export(
        dataset,
        out,
        format=format,
        config=config,
        splits=splits or (),
        tokenizer=None if no_lint else tokenizer,
        template=template,
        max_length=max_length,
        on_lint=lambda looked: console.print(lint_table(looked)),
        progress=Progress(),
    )
    table = Table(title=f"Exported for {format}", title_justify="left")
    table.add_column("split")
    table.add_column("rows", justify="right")
    for name, number in found.rows.items():
        table.add_row(plain(name), f"{number:,}")
    console.print(table)
    size = sum(path.stat().st_size for path in found.files)
    text = f"{out}: {len(found.files)} files, {size / 1e6:,.1f} MB"
    console.print(plain(text), soft_wrap=True)


def lint_command(
    dataset: DatasetArgument,
    tokenizer: Annotated[
        str, typer.Option(help="bundled, a directory, or a Hub id, org/name@REVISION.")
    ],
    template: TemplateOption = None,
    max_length: LengthOption = None,
    config: Annotated[Literal["SFT", "RL"], typer.Option(help="Answers or prompts.")] = "SFT",
    splits: SplitOption = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows to look at, from all over.")] = 1000,
    all_lengths: Annotated[
        bool, typer.Option("--all", help="Measure the length of every row, not of those alone.")
    ] = False,
) -> None:
    """What a tokenizer's chat template does to a dataset: what is lost, what is learned, lengths.

    Exit status 1 where a rule is broken, with the first row that breaks it and what to do.
    """
    from factory.progress import Progress
    from factory.templating import lint, lint_table

    found = lint(
        dataset,
        tokenizer,
        template=template,
        config=config,
        splits=splits or (),
        max_length=max_length,
        num_rows=rows,
        all_lengths=all_lengths,
        progress=Progress(),
    )
    Console().print(lint_table(found))
    if problems := found.problems:
        raise RunError(f"{dataset}: {len(problems)} of the above do not hold: {problems[0]}")
