"""Commands about verdicts: refilter, diff, explain, check, and labels."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

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
        console.print(piece, soft_wrap=isinstance(piece, str))


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
