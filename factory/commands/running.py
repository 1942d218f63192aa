"""`factory run` and `factory estimate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from factory.commands.options import SetKeyOption
from factory.errors import ConfigError, PrerequisiteError, RunError, TeacherError

if TYPE_CHECKING:
    from factory.from_hub import Published

MaxCost = Annotated[
    float | None, typer.Option(min=0, help="US dollars that the run may cost in all.")
]
MaxTokens = Annotated[
    int | None, typer.Option(min=0, help="Tokens that the run may pay for in all.")
]
LedgerOption = Annotated[
    Path | None, typer.Option(help="Keep completions here, to share them between runs.")
]


def run_command(
    recipe: Annotated[
        Path | None, typer.Argument(help="A recipe, such as pipelines/recipes/tiny.toml.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's directory; the same one goes on with a run.")
    ] = None,
    from_hub: Annotated[
        str | None,
        typer.Option(
            help="The recipe that was published with this dataset of the Hub, ORG/NAME or "
            "ORG/NAME@REVISION; the shards are compared in the end."
        ),
    ] = None,
    changes: SetKeyOption = None,
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
    from factory.from_hub import fetch
    from factory.progress import Progress
    from factory.recipe import load_recipe
    from pipelines import make_job

    console = Console()
    published = fetch(from_hub) if from_hub else None
    if published and recipe:
        raise ConfigError(f"--from-hub {from_hub}: brings its own recipe; leave out {recipe}")
    if path := published.recipe if published else recipe:
        loaded = load_recipe(path, changes or ())
    else:
        raise ConfigError("give a recipe, such as pipelines/recipes/tiny.toml, or --from-hub")
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
    if published:
        _compare(console, out, manifest, published)


def _compare(console: Console, out: Path, manifest: dict[str, Any], published: "Published") -> None:
    """Say whether a dataset that was made again is the published one."""
    from factory.versions import other_versions

    others = published.other_shards(manifest)
    total = len(published.manifest["shards"])
    if not others:
        console.print(f"all {total} shards are the published ones, byte for byte")
        return
    told = [
        f"{k} {new} (then {old})" for k, (old, new) in other_versions(published.manifest).items()
    ]
    raise RunError(
        f"{out}: {len(others)} of {total} shards are not the published ones ({others[0]}): what "
        "teachers answer may differ from one time to the next; with the ledger it does not. Other "
        f"versions: {', '.join(told) or 'none'}"
    )


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
    changes: SetKeyOption = None,
) -> None:
    """Tokens, cost, time and disk of a run, from a few prompts that are asked for real.

    Where no teacher can be asked, from the recipe's [assume], and it says so.
    """
    from factory.assumed_estimate import assumed
    from factory.estimate import estimate, estimate_report
    from factory.progress import Progress
    from factory.recipe import load_recipe
    from pipelines import make_job

    loaded = load_recipe(recipe, changes or ())
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
