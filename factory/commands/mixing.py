"""`factory mix`."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from factory.commands.options import WorkersOption
from factory.errors import ConfigError
from factory.terminal import plain


def mix_command(
    recipe: Annotated[
        Path,
        typer.Argument(help="A mixture's recipe, such as pipelines/recipes/mixture-tiny.toml."),
    ],
    out: Annotated[Path, typer.Option(help="A new directory for the mixture.")],
    data: Annotated[
        list[str] | None,
        typer.Option(help="Where a domain's rows lie, math=runs/math; may be repeated."),
    ] = None,
    workers: WorkersOption = None,
) -> None:
    """Mix the datasets of several domains: weighted, capped, upsampled and put in an order."""
    from factory.mixing import mix
    from factory.mixing.card import short
    from factory.progress import Progress
    from pipelines.mixture import answer_filters, load_mixture

    loaded = load_mixture(recipe, _places(data or []))
    manifest = mix(
        loaded, out, filters=answer_filters(loaded), workers=workers or os.cpu_count() or 1,
        progress=Progress(),
    )  # fmt: skip
    console = Console()
    console.print(mixture_table(manifest))
    for name, dropped in manifest["dropped"].items():
        if dropped:
            told = ", ".join(f"{number:,} {reason}" for reason, number in dropped.items())
            console.print(plain(f"{name}: of {manifest['read'][name]:,} rows, left out: {told}"))
    for name, dropped in manifest["rl"]["dropped"].items():
        if dropped:
            told = ", ".join(f"{number:,} {reason}" for reason, number in dropped.items())
            console.print(plain(f"{name}: of its prompts of RL, left out: {told}"))
    for name, number in manifest["rl"]["taken"].items():
        if number:
            console.print(plain(f"{name}: {number:,} prompts for reinforcement learning"))
    for name, (taken, wanted) in short(manifest).items():
        text = f"{name}: {taken:,} of {wanted:,} rows were taken; allow max_copies to repeat them"
        console.print(plain(text))
    console.print(f"card: {out / 'README.md'}", markup=False, soft_wrap=True)


def _places(texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, sign, where = text.partition("=")
        if not sign or not where:
            raise ConfigError(f"--data {text}: give a domain and its place, math=runs/math")
        found[name] = where
    return found


def mixture_table(manifest: dict[str, Any]) -> Table:
    """What a mixture holds, for a terminal."""
    table = Table(title=f"Mixture {manifest['mixture']}", title_justify="left")
    for name in ("split", "domain", "on", "off"):
        table.add_column(name, justify="right" if name in ("on", "off") else "left")
    for stage in manifest["stages"]:
        for name, number in stage["domains"].items():
            cells = [f"{number[mode]:,}" for mode in ("on", "off")]
            table.add_row(plain(stage["name"]), plain(name), *cells)
        table.add_section()
    return table
