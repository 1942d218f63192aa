"""Config RL of a mixture: the prompts for reinforcement learning that its datasets bring.

They are no part of the plan: each domain becomes a split of its own, in the order of its dataset,
all of it or so many rows, drawn by their ids' hashes. Prompts that are held out become the splits
that hold their answers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from factory.mixing.columns import Bools, counts, hashes, is_meant_for
from factory.mixing.gathering import Gathered, read
from factory.mixing.held_out import SIDES, Sides, prompt_keys
from factory.mixing.recipe import MixRecipe
from factory.schemas import RL
from factory.shards import Shards


@dataclass(frozen=True, kw_only=True, slots=True)
class _Prompts:
    """What is known of the prompts of one domain that are meant for the student, in order."""

    chosen: Bools
    side: npt.NDArray[np.int8]
    """Place in `SIDES`."""


def write_prompts(
    recipe: MixRecipe, gathered: Mapping[str, Gathered], sides: Sides | None, root: Path
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Write what the datasets have of it.

    Args:
        recipe: what goes in.
        gathered: where its rows lie, by domain.
        sides: which prompts are held out; None where none is.
        root: of the mixture's dataset.

    Returns:
        What the manifest says of it, and of its shards.
    """
    known = {name: _know(recipe, name, gathered[name], sides) for name in recipe.domains}
    licenses: Counter[str] = Counter()
    shards: list[dict[str, Any]] = []
    for place, side in enumerate(SIDES):
        splits = [(side, list(known))] if place else [(name, [name]) for name in known]
        for split, names in splits:
            written = Shards(
                root, "RL", split, recipe.version, RL, recipe.rows_per_shard, keeps_ids=False
            )
            for name in names:
                wanted = known[name].chosen & (known[name].side == place)
                for table in _some(recipe, gathered[name], wanted):
                    licenses.update(counts(table["license"]))
                    written.add(table)
            shards += written.finish()
    told = {
        "available": {name: len(each.chosen) for name, each in known.items()},
        "taken": {name: int(each.chosen.sum()) for name, each in known.items()},
        "dropped": {name: dict(sorted(gathered[name].dropped.items())) for name in known},
        "licenses": {name or "none given": n for name, n in sorted(licenses.items())},
    }
    return told, shards


def _know(recipe: MixRecipe, name: str, gathered: Gathered, sides: Sides | None) -> _Prompts:
    draws, places = [np.empty(0, np.uint64)], [np.empty(0, np.int8)]
    columns = ["id", "used_in_training", *(["input"] if sides else [])]
    if recipe.domains[name].rl_rows != 0:
        for table in _meant(recipe, gathered, columns):
            draws.append(hashes(table["id"], recipe.seed, "mix.rl", name))
            side = sides.of(prompt_keys(table["input"])) if sides else np.zeros(len(table), np.int8)
            places.append(side)
    draw = np.concatenate(draws)
    most = recipe.domains[name].rl_rows
    number = len(draw) if most is None else min(most, len(draw))
    chosen = np.zeros(len(draw), np.bool_)
    chosen[np.argsort(draw, kind="stable")[:number]] = True
    return _Prompts(chosen=chosen, side=np.concatenate(places))


def _meant(
    recipe: MixRecipe, gathered: Gathered, columns: list[str] | None = None
) -> Iterator[pa.Table]:
    """The prompts that are meant for the student."""
    for table in read(gathered, "RL", columns):
        yield table.filter(pa.array(is_meant_for(table, recipe.used_in_training)))


def _some(recipe: MixRecipe, gathered: Gathered, wanted: Bools) -> Iterator[pa.Table]:
    """The wanted ones of the prompts that are meant for the student."""
    first = 0
    for table in _meant(recipe, gathered) if wanted.any() else ():
        yield table.filter(pa.array(wanted[first : first + len(table)]))
        first += len(table)
