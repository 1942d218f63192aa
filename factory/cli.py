"""The command line: thin commands over functions of the same names.

Exit status: 0 done; 1 the run failed or is incomplete; 2 the recipe or the command is wrong.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from factory.commands import (
    data,
    export,
    mixing,
    publishing,
    regenerating,
    releasing,
    running,
    verdicts,
)
from factory.commands.options import RunPath
from factory.errors import ConfigError, FactoryError
from factory.terminal import visible

app = typer.Typer(
    name="factory",
    help="Make verified reasoning on/off datasets: run, look, audit, verify.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
ledger_app = typer.Typer(help="Look after a ledger of completions.", no_args_is_help=True)
app.add_typer(ledger_app, name="ledger")
_INTERRUPTED = 130
"""The status that Typer ends with after Ctrl-C; here a run that is incomplete ends with 1."""
LedgerPath = Annotated[Path, typer.Argument(help="A ledger's directory.", metavar="LEDGER")]
app.command("run")(running.run_command)
app.command("estimate")(running.estimate_command)
app.command("refilter")(verdicts.refilter_command)
app.command("diff")(verdicts.diff_command)
app.command("explain")(verdicts.explain_command)
app.command("check")(verdicts.check_command)
app.command("dedup")(data.dedup_command)
app.command("decontaminate")(data.decontaminate_command)
app.command("mix")(mixing.mix_command)
app.command("export")(export.export_command)
app.command("lint")(export.lint_command)
app.command("publish")(publishing.publish_command)
app.command("verify")(regenerating.verify_command)
app.command("card")(releasing.card_command)
app.command("release")(releasing.release_command)
app.command("regenerate")(regenerating.regenerate_command)


def main() -> None:
    """The `factory` program."""
    try:
        app()
    except FactoryError as error:
        line = visible(" ".join(str(error).split()))
        Console(stderr=True).print(f"error: {line}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_status)
    except SystemExit as end:
        if end.code != _INTERRUPTED:
            raise
        text = "interrupted: run the same command again; what a run had finished is kept"
        Console(stderr=True).print(text)
        sys.exit(1)


@app.command()
def status(run: RunPath) -> None:
    """Progress, funnel and tokens of a run, finished or not."""
    from factory.funnel import (
        count_prompts,
        count_responses,
        finished_parts,
        funnel_table,
    )
    from factory.rundir import open_run
    from factory.spend import paid_table, read_prices, spend_table

    console = Console()
    directory = open_run(run)
    done = len(finished_parts(directory))
    state = "complete" if directory.manifest.exists() else "not complete"
    told = f"{run}: {state}, {done} of {directory.num_parts} parts finished"
    console.print(told, markup=False, soft_wrap=True)
    console.print(funnel_table(count_prompts(directory), count_responses(directory)))
    paid = paid_table(read_prices(directory), directory)
    console.print(spend_table(paid, "Paid by this run") if paid else "nothing paid by this run")


@app.command("audit")
def audit_command(
    run: RunPath,
    examples: Annotated[
        int, typer.Option(min=0, max=100, help="Responses to show for each reason.")
    ] = 2,
    html: Annotated[bool, typer.Option(help="Write RUN/audit/index.html as well.")] = True,
    overlap: Annotated[
        bool, typer.Option(help="Ask every filter about every response; takes as long as they do.")
    ] = True,
    label: Annotated[
        str | None, typer.Option(help="Say of a sample whether this filter is right.")
    ] = None,
    number: Annotated[int, typer.Option(min=1, help="Responses to label.")] = 50,
    show_verdict: Annotated[
        bool, typer.Option("--show-verdict", help="Show what the filter said, with --label.")
    ] = False,
    report: Annotated[bool, typer.Option("--report", help="Ask nothing, with --label.")] = False,
) -> None:
    """What each filter saw and dropped, why, with examples; with --label, whether it is right."""
    if label:
        verdicts.label_responses(run, label, number, show_verdict, report)
        return
    if show_verdict or report:
        raise typer.BadParameter("goes with --label FILTER", param_hint="--show-verdict, --report")
    from factory.audit import audit
    from factory.progress import Progress
    from factory.recipe import load_recipe
    from factory.rundir import open_run
    from pipelines import make_job

    console = Console()
    directory = open_run(run)
    try:
        job = make_job(load_recipe(directory.root / "recipe.toml"))
    except ConfigError as error:
        job = None
        text = f"no thresholds and no overlap, since the recipe cannot be rebuilt: {error}"
        Console(stderr=True).print(visible(text), markup=False, highlight=False, soft_wrap=True)
    for piece in audit(
        directory,
        job=job,
        num_examples=examples,
        html=html,
        overlap=overlap,
        progress=Progress(),
    ):
        console.print(piece)


@ledger_app.command("stats")
def ledger_stats(ledger: LedgerPath) -> None:
    """Segments, keys, duplicates, damage, and what each account and model holds."""
    from factory.ledger import stats, stats_table

    Console().print(stats_table(stats(_existing(ledger))))


@ledger_app.command("compact")
def ledger_compact(ledger: LedgerPath) -> None:
    """Merge the segments whose writers have ended; duplicates and damaged lines go."""
    from factory.ledger import compact

    typer.echo(f"{ledger}: {compact(_existing(ledger))}")


@ledger_app.command("export")
def ledger_export(
    ledger: LedgerPath,
    to: Annotated[Path, typer.Argument(help="A .jsonl or .parquet file.")],
) -> None:
    """Write every completion, one of each key, into a file."""
    from factory.ledger import export

    typer.echo(f"{to}: {export(_existing(ledger), to):,} completions")


def _existing(ledger: Path) -> Path:
    if not ledger.is_dir() or not any(ledger.glob("*.jsonl")):
        raise ConfigError(f"{ledger}: no such ledger; a run keeps its own in RUN/ledger")
    return ledger
