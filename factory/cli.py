"""The command line: thin commands over functions of the same names.

Exit status: 0 done; 1 the run failed or is incomplete; 2 the recipe or the command is wrong.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from factory.commands import data, mixing, regenerating, verdicts
from factory.commands.options import RunPath
from factory.errors import ConfigError, FactoryError, PrerequisiteError, RunError, TeacherError
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
MaxCost = Annotated[
    float | None, typer.Option(min=0, help="US dollars that the run may cost in all.")
]
MaxTokens = Annotated[
    int | None, typer.Option(min=0, help="Tokens that the run may pay for in all.")
]
LedgerOption = Annotated[
    Path | None, typer.Option(help="Keep completions here, to share them between runs.")
]
LedgerPath = Annotated[Path, typer.Argument(help="A ledger's directory.", metavar="LEDGER")]
app.command("refilter")(verdicts.refilter_command)
app.command("diff")(verdicts.diff_command)
app.command("explain")(verdicts.explain_command)
app.command("check")(verdicts.check_command)
app.command("dedup")(data.dedup_command)
app.command("decontaminate")(data.decontaminate_command)
app.command("mix")(mixing.mix_command)
app.command("verify")(regenerating.verify_command)
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


@app.command("run")
def run_command(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as pipelines/recipes/tiny.toml.")],
    out: Annotated[
        Path | None, typer.Option(help="The run's directory; the same one goes on with a run.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Prompts at most.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes in this machine.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Use this Dask scheduler, such as tcp://10.0.0.1:8786.")
    ] = None,
    ledger: LedgerOption = None,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Rehearse on a few prompts; ask no teacher.")
    ] = False,
    preview: Annotated[
        bool,
        typer.Option("--preview", help="Ask --limit prompts (5) and show all that comes of them."),
    ] = False,
) -> None:
    """Make a recipe's dataset, or go on with a run that was interrupted."""
    from factory.engine import run
    from factory.progress import Progress
    from factory.recipe import load_recipe
    from pipelines import make_job

    console = Console()
    loaded = load_recipe(recipe)
    caps = _caps(loaded, max_cost, max_tokens)
    if preview and dry_run:
        raise typer.BadParameter("asks teachers, --dry-run does not", param_hint="--preview")
    if (preview or dry_run) and (workers or scheduler):
        text = "a few prompts are asked in this process, without workers"
        raise typer.BadParameter(text, param_hint="--preview" if preview else "--dry-run")
    if preview:
        from factory.preview import NUM_PROMPTS
        from factory.preview import preview as show

        job = make_job(loaded.without_accept(), limit=limit or NUM_PROMPTS)
        kept = _preview_ledger(out, ledger)
        for piece in show(job, kept, caps=caps, progress=Progress()):
            console.print(piece)
        return
    if dry_run:
        from factory.rehearsal import rehearse

        for piece in rehearse(make_job(loaded, limit=min(limit or 8, 8))):
            console.print(piece)
        return
    if out is None:
        raise typer.BadParameter("is required, such as --out runs/demo", param_hint="--out")
    job = make_job(loaded, limit=limit)
    manifest = run(
        job,
        out,
        ledger=ledger,
        workers=workers,
        scheduler=scheduler,
        caps=caps,
        progress=Progress(),
    )
    _show_result(console, out, manifest)
    _tell_shortfalls(out, manifest)


def _tell_shortfalls(out: Path, manifest: dict[str, Any]) -> None:
    from factory.rundir import open_run

    short = [
        f"{each['accepted']:,} of {each['wanted']:,} rows with reasoning {each['mode']}"
        for each in manifest["shortfalls"]
    ]
    if short:
        modes = " and ".join(
            f"accept.{each['mode']}.max_samples" for each in manifest["shortfalls"]
        )
        raise RunError(
            f"{out}: {' and '.join(short)} were accepted; the dataset holds them; raise "
            f"{modes} or the number of prompts, and give a new --out with "
            f"--ledger {open_run(out).ledger}"
        )


def _caps(loaded: Any, max_cost: float | None, max_tokens: int | None) -> Any:
    from factory.budget import Caps

    limits = loaded.recipe.limits
    return Caps(
        max_cost=limits.max_cost if max_cost is None else max_cost,
        max_tokens=limits.max_tokens if max_tokens is None else max_tokens,
    )


def _preview_ledger(out: Path | None, ledger: Path | None) -> Path:
    """Where a preview keeps what it paid for: where the run will look for it."""
    from factory.preview import preview_ledger
    from factory.rundir import open_run

    if ledger or out is None:
        return ledger or preview_ledger()
    return open_run(out).ledger if (out / "plan.json").exists() else out / "ledger"


@app.command("estimate")
def estimate_command(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as pipelines/recipes/tiny.toml.")],
    rows: Annotated[int, typer.Option(min=2, help="Prompts to ask for it, from all over.")] = 8,
    assume: Annotated[
        bool, typer.Option("--assume", help="Ask nobody: take the recipe's [assume].")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Of a run with so many prompts.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The directory of the run to come; keeps the completions.")
    ] = None,
    ledger: LedgerOption = None,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
) -> None:
    """Tokens, cost, time and disk of a run, from a few prompts that are asked for real.

    Where no teacher can be asked, from the recipe's [assume], and it says so.
    """
    from factory.assumed_estimate import assumed
    from factory.estimate import estimate, estimate_report
    from factory.progress import Progress
    from factory.recipe import load_recipe
    from pipelines import make_job

    loaded = load_recipe(recipe)
    job, console = make_job(loaded, limit=limit), Console()
    kept = _preview_ledger(out, ledger)
    if assume:
        console.print(estimate_report(assumed(job)))
        return
    try:
        result = estimate(
            job,
            make_job(loaded, limit=limit, preview=rows),
            kept,
            caps=_caps(loaded, max_cost, max_tokens),
            progress=Progress(),
        )
    except (TeacherError, PrerequisiteError) as error:
        if not loaded.recipe.assume:
            raise
        console.print(f"nobody can be asked: {error}", markup=False, soft_wrap=True)
        console.print(estimate_report(assumed(job)))
        return
    console.print(estimate_report(result))
    console.print(f"completions are kept in {kept}", markup=False, soft_wrap=True)
    if 2 * sum(result.errors.values()) > result.num_responses:
        raise RunError(f"{recipe}: most requests failed; look at them with: factory run --preview")


def _show_result(console: Console, out: Path, manifest: dict[str, Any]) -> None:
    from factory.funnel import funnel_table
    from factory.terminal import plain

    funnel = manifest["funnel"]
    console.print(funnel_table(funnel["prompts"], funnel["responses"]))
    if manifest["example"]:
        pair = Table(title="One prompt, two answers", title_justify="left", show_lines=True)
        for heading in ("prompt", "detailed thinking on", "detailed thinking off"):
            pair.add_column(heading, ratio=1)
        example = manifest["example"]
        pair.add_row(plain(example["prompt"]), plain(example["on"]), plain(example["off"]))
        console.print(pair)
    if not any(funnel["kept"].values()):
        text = f"No response was kept; see why with: factory audit {out}"
        console.print(text, markup=False, soft_wrap=True)
    console.print(f"card: {out / 'dataset' / 'README.md'}", markup=False, soft_wrap=True)


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
    console.print(f"{run}: {state}, {done} of {directory.num_parts} parts finished", markup=False)
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


@app.command()
def card(run: RunPath) -> None:
    """Write the card again from the manifest."""
    from factory.card import write_card
    from factory.rundir import open_run, read_manifest

    directory = open_run(run)
    typer.echo(write_card(read_manifest(directory), directory.dataset))


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
