"""The way of a mixture: count, choose, lay out, write.

Rows are read twice and never held all at once. The second time, each chosen copy goes into the
piece of the order that it stands in; a piece is then put in order in memory and written to shards.
"""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from factory import __version__, store
from factory.errors import ConfigError
from factory.mixing.card import render_card
from factory.mixing.choosing import Ints, Known, copies, fitted, places
from factory.mixing.columns import codes, counts, hashes, is_meant_for, lengths, modes
from factory.mixing.gathering import Gathered, gather, read
from factory.mixing.held_out import SIDES, Sides, hold_out, prompt_keys
from factory.mixing.pieces import Pieces, cut_places
from factory.mixing.prompts import write_prompts
from factory.mixing.recipe import MixRecipe, Stage
from factory.newdir import new_directory
from factory.progress import Progress
from factory.records import MODES, Filter
from factory.schemas import SFT
from factory.seeds import digest
from factory.shards import Shards
from factory.versions import versions

_PIECE_BYTES = 128 << 20


def mix(
    recipe: MixRecipe,
    out: Path,
    *,
    filters: Sequence[Filter] = (),
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make a mixture in a new directory; returns its manifest.

    Args:
        recipe: what goes in.
        out: a new directory; nothing of it is there before all of it is.
        filters: which answers must pass, as the recipe's `keep` names them.
        workers: processes that read and filter what is no shard of a run.
        progress: is told what is done.

    Raises:
        ConfigError: `out` exists, data is not there, or nothing is left to take.
        RunError: a file is damaged or cannot be written.
    """
    progress = progress or Progress(quiet=True)
    with new_directory(out, "mix") as hidden:
        with progress:
            manifest = _mixed(recipe, hidden, filters, workers, progress)
        store.write_text(hidden / "README.md", render_card(manifest))
        store.write_json(hidden / "manifest.json", manifest)
    return manifest


def _mixed(
    recipe: MixRecipe, hidden: Path, filters: Sequence[Filter], workers: int, progress: Progress
) -> dict[str, Any]:
    known, answers, prompts = {}, {}, {}
    progress.stage("reading the rows", total=len(recipe.domains))
    for name, ingredient in recipe.domains.items():
        place = hidden / "read" / name
        answers[name] = gather(name, ingredient, "SFT", place, filters=filters, workers=workers)
        prompts[name] = gather(name, ingredient, "RL", place)
        progress.part_done({})
    sides = _sides(recipe, answers, prompts, hidden / "read", workers, progress)
    progress.stage("counting the rows", total=len(recipe.domains))
    for name in recipe.domains:
        known[name] = count(recipe, name, answers[name], sides)
        progress.part_done({"rows": len(known[name].row)})
    progress.stage("copying prompts of RL", total=1)
    rl, rl_shards = write_prompts(recipe, prompts, sides, hidden)
    progress.part_done({"rows": sum(rl["taken"].values())})
    if not rl_shards and not any(len(each.row) for each in known.values()):
        raise ConfigError(
            f"{recipe.mixture}: no row is there to take in the data of "
            f"{', '.join(recipe.domains)}; look at that and at used_in_training"
        )
    taken = {name: copies(known[name], recipe.domains[name], recipe.wanted(name)) for name in known}
    shards: list[dict[str, Any]] = []
    stages = []
    for side, stage in _stages(recipe):
        plan = _plan(stage, side, known, taken, answers)
        progress.stage(f"writing {stage.name}", total=len(plan.names))
        written = Shards(
            hidden, "SFT", stage.name, recipe.version, SFT, recipe.rows_per_shard, keeps_ids=False
        )
        counted = _write(plan, hidden / "pieces", written, progress)
        shards += written.finish()
        stages.append({"name": stage.name, "order": stage.order, **counted})
    shutil.rmtree(hidden / "read", ignore_errors=True)
    return {
        "format": 1,
        "mixture": recipe.mixture,
        "version": recipe.version,
        "seed": recipe.seed,
        "factory": __version__,
        "versions": versions(),
        "recipe_hash": identity(recipe),
        "read": {name: each.read for name, each in answers.items()},
        "dropped": {name: dict(sorted(each.dropped.items())) for name, each in answers.items()},
        "available": {name: _by_mode(each, np.ones_like(each.row)) for name, each in known.items()},
        "taken": {name: _by_mode(known[name], taken[name]) for name in known},
        "wanted": {name: recipe.wanted(name) for name in known},
        "stages": stages,
        "rl": rl,
        "held_out": _held_out(recipe, sides),
        "shards": shards + rl_shards,
    }


def _sides(
    recipe: MixRecipe,
    answers: Mapping[str, Gathered],
    prompts: Mapping[str, Gathered],
    work: Path,
    workers: int,
    progress: Progress,
) -> Sides | None:
    """Which prompts are held out; None where none is to be."""
    if recipe.held_out is None:
        return None
    gathered = [{"SFT": answers[name], "RL": prompts[name]} for name in recipe.domains]
    return hold_out(
        recipe.held_out, recipe.seed, gathered, work / "held_out", workers=workers,
        progress=progress,
    )  # fmt: skip


def _held_out(recipe: MixRecipe, sides: Sides | None) -> dict[str, Any] | None:
    """What the manifest says of it."""
    if recipe.held_out is None or sides is None:
        return None
    return {**asdict(recipe.held_out), "prompts": sides.counts(), "groups": sides.groups}


def _stages(recipe: MixRecipe) -> Iterator[tuple[int, Stage]]:
    """The stages with the side that their prompts are on; what is held out comes last."""
    yield from ((0, stage) for stage in recipe.stages)
    for place, side in enumerate(SIDES[1:], 1):
        if recipe.held_out and getattr(recipe.held_out, side):
            yield place, Stage(name=side)


def count(recipe: MixRecipe, name: str, gathered: Gathered, sides: Sides | None) -> Known:
    """Look at every row of a domain once."""
    kept = ("row", "mode", "topic", "length", "draw", "side")
    found: dict[str, list[Any]] = {key: [] for key in kept}
    names: dict[str, int] = {}
    columns = ["id", "reasoning", "topic", "used_in_training"]
    sorts = any(stage.order == "short_to_long" for stage in recipe.stages)
    columns += ["output"] if sorts else []
    columns += ["input"] if sides else []
    first = 0
    for table in read(gathered, "SFT", columns):
        meant = np.flatnonzero(is_meant_for(table, recipe.used_in_training))
        some = table.take(pa.array(meant))
        found["row"].append(meant + first)
        found["mode"].append(modes(some))
        found["topic"].append(codes(some["topic"], names))
        found["length"].append(lengths(some) if sorts else np.zeros(len(some), np.int64))
        found["draw"].append(hashes(some["id"], recipe.seed, "mix", name))
        side = sides.of(prompt_keys(some["input"])) if sides else np.zeros(len(some), np.int8)
        found["side"].append(side)
        first += len(table)
    return Known(
        row=_joined(found["row"], np.int64),
        mode=_joined(found["mode"], np.int8),
        topic=_joined(found["topic"], np.int32),
        topics=tuple(names),
        length=_joined(found["length"], np.int64),
        draw=_joined(found["draw"], np.uint64),
        side=_joined(found["side"], np.int8),
    )


def _joined(arrays: list[Any], kind: Any) -> Any:
    return np.concatenate([np.empty(0, kind), *arrays])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """What a stage holds: by domain, copies of the rows that are known, and their places."""

    names: tuple[str, ...]
    known: Mapping[str, Known]
    copies: Mapping[str, Ints]
    places: Mapping[str, Ints]
    answers: Mapping[str, Gathered]

    @property
    def num_rows(self) -> int:
        return sum(len(each) for each in self.places.values())

    @property
    def num_bytes(self) -> int:
        """About: each row as large as its domain's rows are on average."""
        total = 0.0
        for name in self.names:
            size, rows = self.answers[name].size()
            total += size / max(rows, 1) * int(self.copies[name].sum())
        return int(total)


def _plan(
    stage: Stage,
    side: int,
    known: Mapping[str, Known],
    taken: Mapping[str, Ints],
    answers: Mapping[str, Gathered],
) -> _Plan:
    names = tuple(name for name in known if not stage.domains or name in stage.domains)
    places_in = [MODES.index(mode) for mode in stage.modes]
    most = 1 if side else np.iinfo(np.int64).max  # what is held out stands once
    mine = {
        name: np.minimum(taken[name], most)
        * np.isin(known[name].mode, places_in)
        * (known[name].side == side)
        for name in names
    }
    if stage.rows is not None:
        mine = fitted(mine, {name: known[name].draw for name in names}, stage.rows)
    found = places([known[name] for name in names], [mine[name] for name in names], stage)
    where = dict(zip(names, found, strict=True))
    return _Plan(names=names, known=known, copies=mine, places=where, answers=answers)


def _write(plan: _Plan, folder: Path, shards: Shards, progress: Progress) -> dict[str, Any]:
    """Lay the rows of a stage out and write them in order; returns what was counted."""
    licenses: Counter[str] = Counter()
    topics: Counter[str] = Counter()
    with Pieces(folder, cut_places(plan.num_rows, plan.num_bytes, _PIECE_BYTES)) as pieces:
        for name in plan.names:
            for table, rows, where in _chosen(plan, name):
                pieces.add(table, rows, where)
                licenses.update(counts(table["license"].take(rows)))
                topics.update(counts(table["topic"].take(rows)))
            progress.part_done({})
        for table in pieces.in_order():
            shards.add(table)
    shutil.rmtree(folder)
    return {
        "rows": plan.num_rows,
        "domains": {name: _by_mode(plan.known[name], plan.copies[name]) for name in plan.names},
        "licenses": {name or "none given": n for name, n in sorted(licenses.items())},
        "topics": {name: number for name, number in sorted(topics.items()) if name},
    }


def _chosen(plan: _Plan, name: str) -> Iterator[tuple[pa.Table, Ints, Ints]]:
    """A domain's rows, read again: some of them, which stand in the stage, and at what places."""
    known, number = plan.known[name], plan.copies[name]
    starts = np.cumsum(number) - number
    first = 0
    for table in read(plan.answers[name], "SFT"):
        some = slice(*np.searchsorted(known.row, [first, first + len(table)]))
        times = number[some]
        rows = np.repeat(known.row[some] - first, times)
        begin = int(starts[some.start]) if some.start < len(starts) else 0
        if len(rows):
            yield table, rows, plan.places[name][begin : begin + len(rows)]
        first += len(table)


def _by_mode(known: Known, number: Ints) -> dict[str, int]:
    return {mode: int(number[known.mode == place].sum()) for place, mode in enumerate(MODES)}


def identity(recipe: MixRecipe) -> str:
    """The hash of what decides a mixture, but for its data."""
    plain = {name: replace(each, data="") for name, each in recipe.domains.items()}
    return digest(repr(replace(recipe, domains=plain)), size=8)
