"""Commands about verdicts: refilter, diff, explain, check, and labels."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from factory.commands.options import OutOption, RunPath, SetOption, WorkersOption

if TYPE_CHECKING:
    from factory.recipe import Job
    from factory.rundir import RunDirectory


def _job(run: "RunDirectory", recipe: Path | None = None, sets: list[str] | None = None) -> "Job":
    """The job of a run, or of another recipe on the run's prompts."""
    from factory.config import assignments
    from factory.recipe import load_recipe
    from pipelines import make_job

    loaded = load_recipe(recipe or run.root / "recipe.toml")
    if sets:
        loaded = replace(loaded.with_filters(assignments(sets)), path=Path("--set"))
    return make_job(loaded, limit=run.num_prompts)


def refilter_command(
    run: RunPath,
    recipe: Annotated[
        Path | None, typer.Option(help="Other filters and judges; the run's own by default.")
    ] = None,
    sets: SetOption = None,
    out: OutOption = None,
    examples: Annotated[int, typer.Option(min=0, help="Verdicts to show.")] = 8,
    workers: WorkersOption = None,
) -> None:
    """Judge the stored responses again with other filters; which verdicts flip. Asks no teacher."""
    from factory.progress import Progress
    from factory.rejudge import refilter
    from factory.rundir import open_run

    console, directory = Console(), open_run(run)
    report = refilter(
        directory,
        _job(directory),
        _job(directory, recipe, sets),
        out=out,
        num_examples=examples,
        workers=min(workers or os.cpu_count() or 1, directory.num_parts),
        progress=Progress(),
    )
    for piece in report:
        console.print(piece, soft_wrap=isinstance(piece, Text))


def diff_command(
    run_a: Annotated[Path, typer.Argument(help="A run's directory.", metavar="RUN_A")],
    run_b: Annotated[Path, typer.Argument(help="Another's.", metavar="RUN_B")],
    out: OutOption = None,
    examples: Annotated[int, typer.Option(min=0, help="Rows of each kind to show.")] = 8,
) -> None:
    """What differs between two runs: recipe, funnel, rows, answers, verdicts."""
    from factory.diff import diff
    from factory.rundir import open_run

    console = Console()
    for piece in diff(open_run(run_a), open_run(run_b), out=out, num_examples=examples):
        console.print(piece)


def explain_command(
    run: RunPath,
    id: Annotated[str, typer.Argument(help="Of a response, a prompt or a published record.")],
    full: Annotated[bool, typer.Option("--full", help="Leave nothing of a text out.")] = False,
) -> None:
    """The whole life of one row: prompt, requests, verdicts, siblings, where it is published."""
    from factory.explain import explain
    from factory.rundir import open_run

    console, directory = Console(), open_run(run)
    limit = {"limit": sys.maxsize} if full else {}
    for piece in explain(_job(directory), directory, id, **limit):
        console.print(piece)


def label_responses(run: Path, filter: str, number: int, show_verdict: bool, report: bool) -> None:
    """`factory audit RUN --label FILTER`."""
    from factory.labels import label, labels_report
    from factory.rundir import open_run

    console, directory = Console(), open_run(run)
    job = _job(directory)
    if report:
        for piece in labels_report(job, directory, filter):
            console.print(piece)
        return

    def ask(question: str) -> str | None:
        console.print(question, end="", markup=False, highlight=False)
        # Polars has the kernel go on with a read after Ctrl-C, which then would end nothing.
        signal.siginterrupt(signal.SIGINT, True)
        line = sys.stdin.readline()
        if not sys.stdin.isatty():
            console.print()  # nobody has pressed return
        return line or None

    label(job, directory, filter, ask, console, number=number, show_verdict=show_verdict)


def check_command(
    data: Annotated[
        str, typer.Argument(help="A file, directory or pattern (.parquet, .jsonl), or a Hub id.")
    ],
    filters: Annotated[
        list[str], typer.Option("--filter", help="By its name in recipes; may be repeated.")
    ],
    sets: SetOption = None,
    columns: Annotated[
        list[str] | None, typer.Option("--column", help="ROLE=NAME, output=solution.")
    ] = None,
    config: Annotated[str | None, typer.Option(help="Of a Hub dataset, such as SFT.")] = None,
    split: Annotated[str | None, typer.Option(help="Of a Hub dataset, such as math.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Rows at most.")] = None,
    out: OutOption = None,
    examples: Annotated[int, typer.Option(min=0, help="Rows to show of each reason.")] = 2,
    workers: WorkersOption = None,
) -> None:
    """Run filters over a dataset that was made elsewhere, such as the released one."""
    from factory.check import check
    from factory.check_report import check_report
    from factory.config import assignments
    from factory.errors import RunError
    from factory.foreign_files import batches
    from factory.progress import Progress
    from filters import make_filters

    console = Console()
    found = check(
        batches(data, config=config, split=split),
        make_filters(filters, assignments(sets or []), keep="--filter", table="--set"),
        columns=_roles(columns or []),
        limit=limit,
        out=out,
        num_examples=examples,
        workers=workers or os.cpu_count() or 1,
        progress=Progress(),
    )
    for piece in check_report(found):
        console.print(piece)
    if out:
        console.print(f"verdicts on every row are in {out}", markup=False, soft_wrap=True)
    if found.num_rows and not found.rows.total():
        raise RunError(
            f"{data}: no row of it could be judged; name its columns with --column ROLE=NAME, such "
            "as --column prompt=problem --column output=solution"
        )


def _roles(texts: list[str]) -> dict[str, str]:
    from factory.errors import ConfigError

    roles = {}
    for text in texts:
        role, sign, name = text.partition("=")
        if not (role and sign and name):
            raise ConfigError(f"--column {text!r}: must be ROLE=NAME, such as output=solution")
        roles[role] = name
    return roles
