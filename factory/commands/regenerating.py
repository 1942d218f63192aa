"""`factory verify`, `factory regenerate`: is a dataset what its manifest says, and can be again?"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from factory import store
from factory.commands.options import SetKeyOption
from factory.errors import ConfigError, RunError
from factory.terminal import plain

if TYPE_CHECKING:
    from factory.datasetdir import DatasetDirectory
    from factory.recipe import LoadedRecipe
    from factory.regenerate import Rebuilt

DatasetPath = Annotated[
    Path, typer.Argument(help="A run, a dataset's directory, or a downloaded copy.")
]
LedgerOption = Annotated[
    Path | None, typer.Option(help="What was asked; the run's own by default.")
]
AskOption = Annotated[
    bool, typer.Option("--ask", help="Ask the recipe's teachers what the ledger lacks, and pay.")
]
WorkersOption = Annotated[int | None, typer.Option(min=1, help="Worker processes in this machine.")]
SchedulerOption = Annotated[
    str | None, typer.Option(help="Use this Dask scheduler, such as tcp://10.0.0.1:8786.")
]


def verify_command(
    dataset: DatasetPath,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make damaged and missing shards again.")
    ] = False,
    ledger: LedgerOption = None,
    ask: AskOption = False,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    changes: SetKeyOption = None,
) -> None:
    """Compare every shard of a finished dataset with its manifest."""
    from factory.datasetdir import damaged, open_dataset, verify

    found, console = open_dataset(dataset), Console()
    if repair and (numbers := damaged(found)):
        rebuilt = _regenerate(
            dataset, found, numbers, ledger, ask, workers, scheduler, changes or [], console
        )
        for each in rebuilt:
            if not each.problem and each.path:
                _put_back(each.path, found.path(each.shard))
    if problems := verify(found):
        advice = "" if repair else f"; make them again with: factory verify {dataset} --repair"
        raise RunError(f"{dataset}: {'; '.join(problems)}{advice}")
    if repair:  # without it, what lies there is another command's, and may have been paid for
        shutil.rmtree(_work_directory(dataset), ignore_errors=True)
    console.print(
        f"{dataset}: {len(found.shards)} shards, {found.num_rows:,} rows, all as in the manifest",
        markup=False, soft_wrap=True, highlight=False,
    )  # fmt: skip


def regenerate_command(
    dataset: DatasetPath,
    shard: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Its index in the manifest, from 0; may be repeated."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All shards.")] = False,
    ledger: LedgerOption = None,
    ask: AskOption = False,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    changes: SetKeyOption = None,
) -> None:
    """Make published shards again from recipe and ledger, and compare their bytes."""
    from factory.datasetdir import open_dataset

    if bool(shard) == every:
        raise ConfigError("say which shards: --shard K (may be repeated), or --all")
    found, console = open_dataset(dataset), Console()
    numbers = None if every else shard
    rebuilt = _regenerate(
        dataset, found, numbers, ledger, ask, workers, scheduler, changes or [], console
    )
    if any(each.problem for each in rebuilt):
        raise RunError(
            f"{dataset}: {sum(bool(each.problem) for each in rebuilt)} of {len(rebuilt)} shards "
            f"came out differently; what was made lies in {_work_directory(dataset)}/dataset"
        )
    shutil.rmtree(_work_directory(dataset), ignore_errors=True)


def _regenerate(
    path: Path,
    dataset: "DatasetDirectory",
    numbers: Sequence[int] | None,
    ledger: Path | None,
    ask: bool,
    workers: int | None,
    scheduler: str | None,
    changes: list[str],
    console: Console,
) -> "list[Rebuilt]":
    from factory.recipe import load_recipe
    from factory.regenerate import recipe_of
    from factory.releases import components_of

    work = _work_directory(path)
    if "release" not in dataset.manifest:
        recipe = recipe_of(path, dataset, changes)
        return _of_a_run(
            path, dataset, numbers, recipe, work, ledger, ask, workers, scheduler, console
        )
    rebuilt = []
    for each in components_of(dataset, numbers):
        console.print(plain(f"{each.name}:"))
        rebuilt += _of_a_run(
            path, each.dataset, each.numbers, load_recipe(each.recipe, changes), work / each.name,
            ledger, ask, workers, scheduler, console,
        )  # fmt: skip
    return rebuilt


def _of_a_run(
    path: Path,
    dataset: "DatasetDirectory",
    numbers: Sequence[int] | None,
    recipe: "LoadedRecipe",
    work: Path,
    ledger: Path | None,
    ask: bool,
    workers: int | None,
    scheduler: str | None,
    console: Console,
) -> "list[Rebuilt]":
    from factory.progress import Progress
    from factory.regenerate import Nobody, regenerate
    from factory.rundir import open_run
    from factory.versions import other_versions
    from pipelines import make_job

    job = make_job(recipe)
    own = open_run(path).ledger if (path / "plan.json").exists() else None
    if ledger is None and own is None and not ask:
        raise ConfigError(
            f"{path}: give what was asked, --ledger DIR, or ask the recipe's teachers again, --ask"
        )
    if ledger and not ledger.is_dir() and not ask:
        raise ConfigError(f"--ledger {ledger}: no such directory")
    rebuilt = regenerate(
        job, dataset, numbers, work_in=work, ledger=ledger or own or work / "ledger",
        teacher=None if ask else Nobody(), workers=workers, scheduler=scheduler,
        progress=Progress(),
    )  # fmt: skip
    console.print(_table(rebuilt))
    if any(each.problem for each in rebuilt):
        for line in _reasons(job.hash(), dataset, other_versions(dataset.manifest), ask):
            console.print(plain(line), soft_wrap=True)
    return rebuilt


def _reasons(
    now: str, dataset: "DatasetDirectory", others: dict[str, tuple[str, str]], ask: bool
) -> list[str]:
    """What may be the cause of a difference."""
    lines = []
    if now != (then := dataset.manifest.get("recipe_hash")):
        lines.append(
            f"The recipe makes another dataset here, {now}, than it was, {then}: its texts, "
            "filters, their versions or the rows of its sources are others."
        )
    told = [f"{name} {new} (then {old})" for name, (old, new) in others.items()]
    if told:
        lines.append(f"Other versions than the manifest's: {', '.join(told)}.")
    if not ask:
        lines.append(
            "Nobody was asked: what the ledger lacks counts as unanswered; --ask asks the teachers."
        )
    return lines


def _table(rebuilt: "Sequence[Rebuilt]") -> Table:
    table = Table(title="Shards made again", title_justify="left")
    for name in ("shard", "rows", "sha256", "compared with the manifest"):
        table.add_column(name, justify="right" if name == "rows" else "left")
    for each in rebuilt:
        same = "the same bytes"
        style = "red" if each.problem else "green"
        table.add_row(
            plain(str(each.shard["path"])), f"{each.shard['rows']:,}", each.sha256[:16],
            plain(each.problem or same), style=style,
        )  # fmt: skip
    return table


def _work_directory(path: Path) -> Path:
    """Where shards are made again: beside the dataset, so that they can be moved into it."""
    whole = path.resolve()
    return whole.with_name(f".{whole.name}.regenerate")


def _put_back(made: Path, path: Path) -> None:
    with store.writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        made.replace(path)
