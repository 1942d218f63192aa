"""The components of a release: the runs whose shards are in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from factory.datasetdir import MANIFEST, RECIPE, DatasetDirectory, is_inside, open_dataset, verify
from factory.errors import ConfigError, RunError
from factory.records import MODES

_NEEDS = {"funnel", "licenses", "lengths", "pairs", "screening", "source_terms", "teachers"}
"""What the card reads of a run's manifest, beside what all have."""
_COMPONENT = {
    "split": str, "version": str, "recipe": str, "left_out": list, "rows": dict, "manifest": dict,
}  # fmt: skip


def open_run_dataset(path: Path) -> DatasetDirectory:
    """The dataset of a finished run, every shard as its manifest says.

    Raises:
        ConfigError: it was not made by a run, holds no rows, or is of another version of factory.
        RunError: it is damaged.
    """
    dataset = open_dataset(path)
    manifest = dataset.manifest
    if "release" in manifest:
        raise ConfigError(f"{path}: is a release; a new version of it is made with --onto {path}")
    if "pipeline" not in manifest:
        raise ConfigError(
            f"{path}: was not made by a run; a release takes runs, of which its shards can be made "
            "again"
        )
    if missing := sorted(_NEEDS - manifest.keys()):
        raise ConfigError(
            f"{path}: its manifest has no {missing[0]}: it is of another version of factory; run "
            "it again, nothing is asked twice"
        )
    if not dataset.shards:
        raise ConfigError(f"{path}: holds no rows; leave it out")
    if not (dataset.root / RECIPE).is_file():
        raise ConfigError(f"{path}: holds no {RECIPE}; without it nobody makes its shards again")
    return whole(path, dataset)


def whole(path: Path, dataset: DatasetDirectory) -> DatasetDirectory:
    """The dataset, if nothing in it is damaged.

    Raises:
        RunError: naming what is.
    """
    if problems := verify(dataset):
        raise RunError(
            f"{path}: {'; '.join(problems)}; mend it first: factory verify {path} --repair"
        )
    return dataset


def component(dataset: DatasetDirectory) -> dict[str, Any]:
    """What a release's manifest says of a run."""
    manifest = dataset.manifest
    split, version = str(dataset.shards[0]["split"]), str(manifest["version"])
    return {
        "split": split,
        "version": version,
        "recipe": f"recipes/{split}-{version}.toml",
        "left_out": [],
        "manifest": {name: value for name, value in manifest.items() if name != "shards"},
    }


def check_components(release: DatasetDirectory) -> None:
    """Refuse the manifest of a release that does not say which runs its shards are of.

    Raises:
        RunError: naming what is wrong.
    """
    manifest = release.manifest
    wrong = [
        f"{key} is missing" for key in ("version", "components", "changes") if key not in manifest
    ]
    names = []
    for number, each in enumerate(manifest.get("components", ())):
        place = f"components, {number}"
        if not isinstance(each, dict) or not each.keys() >= _COMPONENT.keys():
            wrong.append(f"{place}: an object with {', '.join(_COMPONENT)} expected")
            continue
        kinds = [key for key, kind in _COMPONENT.items() if not isinstance(each[key], kind)]
        wrong += [f"{place}: {key} is {each[key]!r:.60}" for key in kinds]
        if not kinds and not is_inside(each["recipe"]):
            wrong.append(f"{place}: recipe is {each['recipe']!r}, not inside of the release")
        if not kinds:
            wrong += [
                f"{place}: manifest has no {key}"
                for key in sorted(_NEEDS - each["manifest"].keys())
            ]
            names.append((each["split"], each["version"]))
    known = {*names}
    wrong += [f"components: {each[0]} {each[1]} twice" for each in known if names.count(each) > 1]
    wrong += [
        f"{shard['path']}: is of no component"
        for shard in release.shards
        if (shard["split"], shard.get("version")) not in known
    ]
    if wrong:
        raise RunError(
            f"{release.root / MANIFEST}: damaged ({wrong[0]}); download it again, or make the "
            "release again"
        )


@dataclass(frozen=True, kw_only=True)
class Component:
    """A run in a release, with those of its shards that are asked for."""

    dataset: DatasetDirectory
    """As if the run stood alone, its shards where the release has them."""
    recipe: Path
    numbers: list[int] | None
    """Of the shards, in the run's order; None for all."""

    @property
    def name(self) -> str:
        """`math-v1`."""
        return self.recipe.stem


def components_of(dataset: DatasetDirectory, numbers: Sequence[int] | None) -> list[Component]:
    """The runs that shards of a release come from.

    Args:
        dataset: the release.
        numbers: of the shards, in the manifest's order; None for all.

    Raises:
        ConfigError: there is no such shard.
        RunError: the manifest is damaged.
    """
    check_components(dataset)
    total = len(dataset.shards)
    for number in numbers or ():
        if not 0 <= number < total:
            raise ConfigError(
                f"--shard {number}: {dataset.root} has {total} shards, 0 to {total - 1}"
            )
    found = []
    for each in dataset.manifest["components"]:
        key = (each["split"], each["version"])
        places = [n for n, s in enumerate(dataset.shards) if (s["split"], s["version"]) == key]
        wanted = None if numbers is None else [places.index(n) for n in numbers if n in places]
        if wanted == []:
            continue
        shards = [dataset.shards[place] for place in places]
        manifest = {**each["manifest"], "shards": shards, "left_out": each["left_out"]}
        found.append(
            Component(
                dataset=DatasetDirectory(root=dataset.root, manifest=manifest),
                recipe=dataset.root / each["recipe"],
                numbers=wanted,
            )
        )
    return found


def count_rows(root: Path, shards: list[dict[str, Any]]) -> dict[str, int]:
    """Answers by mode, and prompts of RL."""
    found = {"on": 0, "off": 0, "rl": sum(s["rows"] for s in shards if s["config"] == "RL")}
    if paths := [root / shard["path"] for shard in shards if shard["config"] == "SFT"]:
        counted = pl.scan_parquet(paths).group_by("reasoning").len().collect(engine="streaming")
        found |= dict(counted.iter_rows())
    return found


def count_pairs(root: Path, shards: list[dict[str, Any]]) -> Mapping[str, dict[str, int]]:
    """Prompts with answers in both modes and in one alone, by split, over all versions."""
    found = {}
    for split in dict.fromkeys(shard["split"] for shard in shards):
        mine = [s for s in shards if s["split"] == split and s["config"] == "SFT"]
        if not mine:
            continue
        rows = pl.scan_parquet([root / shard["path"] for shard in mine])
        modes = [(pl.col("reasoning") == mode).any().alias(mode) for mode in MODES]
        each = rows.group_by("prompt_id").agg(modes).group_by(MODES).len()
        counted = {(on, off): n for on, off, n in each.collect(engine="streaming").iter_rows()}
        found[split] = {
            "both": counted.get((True, True), 0),
            "on": counted.get((True, False), 0),
            "off": counted.get((False, True), 0),
        }
    return found
