"""A release is put together: components checked, shards linked, manifest and card written."""

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from factory import __version__, store
from factory.card.writing import CARD
from factory.config import read_toml
from factory.corpus.files import open_parquet, reading
from factory.datasetdir import MANIFEST, RECIPE, DatasetDirectory, open_dataset
from factory.errors import ConfigError, RunError
from factory.license_check import check_license
from factory.newdir import new_directory
from factory.releases.card import draw_pictures, render_card
from factory.releases.changes import changes
from factory.releases.components import (
    check_components,
    component,
    count_pairs,
    count_rows,
    open_run_dataset,
    whole,
)
from factory.schemas import RL, SFT
from factory.seeds import digest
from factory.shards import Shards
from factory.versions import versions

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.]{0,31}")
_SCHEMAS = {"SFT": SFT, "RL": RL}
Shard = dict[str, Any]


def release(
    paths: Sequence[Path],
    out: Path,
    *,
    onto: Path | None = None,
    version: str | None = None,
    name: str | None = None,
    leave_out_known: bool = False,
) -> dict[str, Any]:
    """Put finished runs into one dataset; returns its manifest.

    Args:
        paths: of the runs, or of their datasets.
        out: a new directory; nothing of it is there before all of it is.
        onto: a release that the runs are added to; its shards are taken as they are.
        version: of the release; by default that of all new runs.
        name: of the release; by default that of `onto`, or of the directory.
        leave_out_known: whether rows that are there already are left out, not refused.

    Raises:
        ConfigError: two runs of one domain and version, rows that are there already, and so on.
        RunError: a shard is damaged or a file cannot be written.
    """
    if name is not None and (not name.strip() or not name.isprintable()):
        raise ConfigError(f"--name {name!r}: must be a name in one line")
    old = _open_old(onto) if onto else None
    runs = [open_run_dataset(path) for path in paths]
    added = [component(run) for run in runs]
    before = old.manifest["components"] if old else []
    version = _version(version, added, old)
    _refuse_twice([*before, *added], paths)
    repeated = _repeated(old, runs)
    if not leave_out_known:
        _refuse_repeated(repeated, paths)
    with new_directory(out, "release") as hidden:
        shards = _linked(old, old.shards, hidden) if old else []
        for run, each, known in zip(runs, added, repeated, strict=True):
            each["left_out"] = sorted(known)
            mine = _without(run, known, hidden) if known else _linked(run, run.shards, hidden)
            mine = [{**shard, "version": each["version"]} for shard in mine]
            each["rows"] = count_rows(hidden, mine)
            shards += mine
            _copy(run.root / RECIPE, hidden / each["recipe"])
        for each in before:
            assert old
            _copy(old.root / each["recipe"], hidden / each["recipe"])
        shards.sort(key=lambda shard: shard["config"] != "SFT")  # the default configuration first
        manifest = _manifest(name or (old.manifest["release"] if old else out.resolve().name))
        manifest |= {
            "version": version,
            "recipe_hash": digest(
                *(each["manifest"]["recipe_hash"] for each in [*before, *added]), size=8
            ),
            "components": [*before, *added],
            "changes": _changes(old, version, added, hidden),
            "pairs": count_pairs(hidden, shards),
            "shards": shards,
        }
        licenses = check_license(DatasetDirectory(root=hidden, manifest=manifest))
        manifest |= {"licenses": licenses.rows, "license": licenses.license}
        for picture, data in draw_pictures(manifest).items():
            store.write_bytes(hidden / picture, data)
        store.write_text(hidden / CARD, render_card(manifest))
        store.write_json(hidden / MANIFEST, manifest)
    return manifest


def _open_old(path: Path) -> DatasetDirectory:
    old = open_dataset(path)
    if "release" not in old.manifest:
        raise ConfigError(
            f"--onto {path}: is no release; make one of it first: factory release {path} --out DIR"
        )
    check_components(old)
    return whole(path, old)


def _version(version: str | None, added: list[dict[str, Any]], old: DatasetDirectory | None) -> str:
    names = list(dict.fromkeys(each["version"] for each in added))
    if version is None and len(names) > 1:
        raise ConfigError(f"the runs are of versions {', '.join(names)}; say which: --version V")
    found = version or names[0]
    if not _VERSION.fullmatch(found):
        raise ConfigError(f"--version {found!r}: 1 to 32 letters, digits and dots, no dot first")
    if old and old.manifest["version"] == found:
        raise ConfigError(f"{old.root}: is {found} already; say which it becomes: --version V")
    return found


def _refuse_twice(components: list[dict[str, Any]], paths: Sequence[Path]) -> None:
    """Two components of one split and version would have the same names."""
    seen: dict[tuple[str, str], int] = {}
    first = len(components) - len(paths)
    for number, each in enumerate(components):
        key = (each["split"], each["version"])
        if key in seen:
            other = seen[key]
            where = paths[other - first] if other >= first else "the earlier release"
            raise ConfigError(
                f"{paths[number - first]}: is {each['split']} {each['version']}, and so is "
                f"{where}; run it as another version: factory run RECIPE --set version=v1.1"
            )
        seen[key] = number


def _repeated(old: DatasetDirectory | None, runs: Sequence[DatasetDirectory]) -> list[set[str]]:
    """For each run, the ids of its rows that are there before it."""
    known = set(_ids(old)) if old else set()
    found = []
    for run in runs:
        own = set(_ids(run))
        found.append(own & known)
        known |= own
    return found


def _ids(dataset: DatasetDirectory) -> Iterable[str]:
    for shard in dataset.shards:
        if "ids" not in shard:
            raise RunError(
                f"{dataset.root / MANIFEST}: {shard['path']}: no ids are listed, without which "
                "nobody knows which rows are in it; get the manifest again"
            )
        yield from shard["ids"]


def _refuse_repeated(repeated: list[set[str]], paths: Sequence[Path]) -> None:
    for known, path in zip(repeated, paths, strict=True):
        if known:
            rows = "1 row is" if len(known) == 1 else f"{len(known):,} rows are"
            raise ConfigError(
                f"{path}: {rows} in the release already, such as {min(known)}; leave them out "
                "with --leave-out-known, or run it on other prompts"
            )


def _linked(dataset: DatasetDirectory, shards: Sequence[Shard], root: Path) -> list[Shard]:
    """Have shards at their names below another directory, without reading them."""
    for shard in shards:
        _refuse_other_columns(dataset.path(shard), shard)
        _link(dataset.path(shard), root / str(shard["path"]))
    return [dict(shard) for shard in shards]


def _refuse_other_columns(path: Path, shard: Shard) -> None:
    with reading(path):
        found = pq.read_schema(path)
    if not found.equals(wanted := _SCHEMAS[shard["config"]]):
        others = set(found.names) ^ set(wanted.names)
        told = f" ({', '.join(sorted(others))})" if others else ""
        raise ConfigError(
            f"{path}: has other columns{told} than this version of factory writes, and all shards "
            "of a dataset have the same; run it again, nothing is asked twice"
        )


def _link(source: Path, target: Path) -> None:
    with store.writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source.resolve(), target)
        except OSError:  # another file system, or one without links
            shutil.copyfile(source, target)


def _copy(source: Path, target: Path) -> None:
    with reading(source):
        store.write_bytes(target, source.read_bytes())


def _without(run: DatasetDirectory, known: set[str], root: Path) -> list[Shard]:
    """The shards of a run without some rows, written anew."""
    recipe = read_toml(run.root / RECIPE)
    found: list[Shard] = []
    left_out = pa.array(sorted(known))
    for config in dict.fromkeys(shard["config"] for shard in run.shards):
        mine = [shard for shard in run.shards if shard["config"] == config]
        written = Shards(
            root, config, mine[0]["split"], run.manifest["version"], _SCHEMAS[config],
            recipe["rows_per_shard"],
        )  # fmt: skip
        for shard in mine:
            path = run.path(shard)
            _refuse_other_columns(path, shard)
            with reading(path), open_parquet(path) as file:
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group)
                    kept = pc.invert(pc.is_in(table["id"], left_out))
                    written.add(table.filter(kept))
        found += written.finish()
    if not found:
        raise ConfigError(f"{run.root}: all of its rows are in the release already; leave it out")
    return found


def _manifest(name: str) -> dict[str, Any]:
    return {"format": 1, "release": name, "factory": __version__, "versions": versions()}


def _changes(
    old: DatasetDirectory | None, version: str, added: list[dict[str, Any]], root: Path
) -> list[dict[str, Any]]:
    if not old:
        return []
    components = [*old.manifest["components"], *added]
    recipes = {each["recipe"]: read_toml(root / each["recipe"]) for each in components}
    return [*old.manifest["changes"], changes(old.manifest, version, added, recipes)]
