"""`factory card` and `factory release`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from factory.terminal import plain


def card_command(
    dataset: Annotated[
        Path, typer.Argument(help="A run, a mixture, a release, or a downloaded copy.")
    ],
    license: Annotated[
        str | None, typer.Option(help="In place of the computed one; the card says so.")
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Drop what was edited inside of generated blocks.")
    ] = False,
) -> None:
    """Write the card again from the manifest; what you wrote around its blocks stays."""
    from factory.dataset_card import write_dataset_card
    from factory.datasetdir import open_dataset
    from factory.publishing.cards import require_identifier

    require_identifier(license)
    typer.echo(write_dataset_card(open_dataset(dataset), license, anew=anew))


def release_command(
    datasets: Annotated[
        list[Path], typer.Argument(help="Finished runs, or their datasets.", metavar="DATASET...")
    ],
    out: Annotated[Path, typer.Option(help="A new directory for the release.")],
    onto: Annotated[
        Path | None, typer.Option(help="A release that they are added to; it stays as it is.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="Of the release; by default that of the runs.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the release; by default that of the directory.")
    ] = None,
    leave_out_known: Annotated[
        bool, typer.Option("--leave-out-known", help="Leave out rows that are there already.")
    ] = False,
) -> None:
    """Put finished runs of several domains into one dataset, or add them to an earlier one."""
    from factory.license_check import conflicts_of
    from factory.releases import release

    manifest = release(
        datasets, out, onto=onto, version=version, name=name, leave_out_known=leave_out_known
    )
    console = Console()
    table = Table(title=f"{manifest['release']} {manifest['version']}", title_justify="left")
    for column in ("split", "version", "on", "off", "RL", "left out"):
        table.add_column(column, justify="left" if column in ("split", "version") else "right")
    for each in manifest["components"]:
        numbers = [*each["rows"].values(), len(each["left_out"])]
        table.add_row(each["split"], each["version"], *(f"{number:,}" for number in numbers))
    console.print(table)
    console.print(plain(f"licence: {manifest['license']}"))
    for conflict in conflicts_of(manifest["licenses"]):
        console.print(plain(f"not settled: {conflict}"), soft_wrap=True)
