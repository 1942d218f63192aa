"""The flags of `decontaminate` that look for other words: a model, and judges of what it finds."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from factory.decontamination.asking import AskedJudges
    from factory.decontamination.embedding import Embedding


def embedding_option(embed: str | None, similarity: float | None) -> "Embedding | None":
    """The model of `--embed`, and how near is near."""
    if embed is None:
        if similarity is not None:
            raise typer.BadParameter("goes with --embed", param_hint="--similarity")
        return None
    from factory.decontamination.asking import embedding_of

    return embedding_of(embed, similarity)


def judges_option(
    embed: str | None,
    names: Sequence[str],
    recipe: Path | None,
    both_orders: bool,
    max_cost: float | None,
    ledger: Path | None,
) -> "AskedJudges | None":
    """The judges of `--judge`, and what goes with them."""
    if not names:
        if recipe or both_orders or max_cost is not None or ledger:
            hint = "--recipe, --both-orders, --max-cost, --ledger"
            raise typer.BadParameter("go with --judge NAME", param_hint=hint)
        return None
    if recipe is None or embed is None:
        text = "needs --recipe RECIPE.toml, which has it, and --embed, which finds what to ask of"
        raise typer.BadParameter(text, param_hint="--judge")
    from factory.decontamination.asking import judges_of
    from factory.recipe import load_recipe

    loaded = load_recipe(recipe)
    return judges_of(loaded, names, both_orders=both_orders, max_cost=max_cost, ledger=ledger)
