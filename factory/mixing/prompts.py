"""Config RL of a mixture: the prompts for reinforcement learning that its datasets bring.

They are no part of the plan: each domain becomes a split of its own, in the order of its dataset,
all of it or so many rows, drawn by their ids' hashes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from factory.mixing.columns import counts, hashes, is_meant_for
from factory.mixing.gathering import Gathered, read
from factory.mixing.recipe import MixRecipe
from factory.schemas import RL
from factory.shards import Shards


def write_prompts(
    recipe: MixRecipe, gathered: Mapping[str, Gathered], root: Path
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Write what the datasets have of it.

    Args:
        recipe: what goes in.
        gathered: where its rows lie, by domain.
        root: of the mixture's dataset.

    Returns:
        What the manifest says of it, and of its shards.
    """
    shards: list[dict[str, Any]] = []
    licenses: Counter[str] = Counter()
    available, taken = {}, {}
    for name in recipe.domains:
        draws = _draws(recipe, name, gathered[name])
        most = recipe.domains[name].rl_rows
        number = len(draws) if most is None else min(most, len(draws))
        chosen = np.zeros(len(draws), np.bool_)
        chosen[np.argsort(draws, kind="stable")[:number]] = True
        available[name], taken[name] = len(draws), number
        if number:
            shards += _write(recipe, name, gathered[name], root, chosen, licenses)
    listed = {name or "none given": n for name, n in sorted(licenses.items())}
    return {"available": available, "taken": taken, "licenses": listed}, shards


def _draws(
    recipe: MixRecipe, name: str, gathered: Gathered
) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """What decides whether a prompt is taken, for each that may be."""
    found = [np.empty(0, np.uint64)]
    if recipe.domains[name].rl_rows != 0:
        for table in _meant(recipe, gathered, ["id", "used_in_training"]):
            found.append(hashes(table["id"], recipe.seed, "mix.rl", name))
    return np.concatenate(found)


def _meant(
    recipe: MixRecipe, gathered: Gathered, columns: list[str] | None = None
) -> Iterator[pa.Table]:
    """The prompts that are meant for the student."""
    for table in read(gathered, "RL", columns):
        yield table.filter(pa.array(is_meant_for(table, recipe.used_in_training)))


def _write(
    recipe: MixRecipe,
    name: str,
    gathered: Gathered,
    root: Path,
    chosen: np.ndarray[Any, np.dtype[np.bool_]],
    licenses: Counter[str],
) -> list[dict[str, Any]]:
    written = Shards(root, "RL", name, recipe.version, RL, recipe.rows_per_shard, keeps_ids=False)
    first = 0
    for table in _meant(recipe, gathered):
        some = table.filter(pa.array(chosen[first : first + len(table)]))
        licenses.update(counts(some["license"]))
        written.add(some)
        first += len(table)
    return written.finish()
