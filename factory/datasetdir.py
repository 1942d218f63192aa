"""A finished dataset's directory: what is published, and what proves that all of it is there.

README.md                  the card, with its pictures beside it
manifest.json              what the dataset is made of; written last
recipe.toml                what makes it again
SFT/<split>/               v1-00000-of-00003.parquet ..., answers
RL/<split>/                prompts with what checks an answer

The same in a run (RUN/dataset), in a mixture, and in a copy that was downloaded.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from factory import store
from factory.errors import ConfigError, RunError

MANIFEST = "manifest.json"
CARD = "README.md"
RECIPE = "recipe.toml"
_SHARD_KEYS = {"path", "config", "split", "rows", "bytes", "sha256"}
_KINDS = {"shards": list, "versions": dict, "left_out": list, "components": list, "changes": list}
"""Of what a manifest may hold, and its other readers count on."""


@dataclass(frozen=True, kw_only=True)
class DatasetDirectory:
    """A finished dataset on the disk."""

    root: Path
    manifest: dict[str, Any]

    @property
    def shards(self) -> list[dict[str, Any]]:
        """What the manifest says of each shard, in order."""
        found: list[dict[str, Any]] = self.manifest["shards"]
        return found

    def path(self, shard: dict[str, Any]) -> Path:
        """Where a shard lies."""
        return self.root / str(shard["path"])

    @property
    def num_rows(self) -> int:
        """Of all shards."""
        return sum(int(shard["rows"]) for shard in self.shards)


def open_dataset(path: Path) -> DatasetDirectory:
    """The dataset in a run's directory, or in its own.

    Raises:
        ConfigError: there is none, or its run is not finished.
        RunError: its manifest is damaged.
    """
    root = path / "dataset" if (path / "plan.json").exists() else path
    if not (root / MANIFEST).is_file():
        if root != path:
            raise ConfigError(f"{path}: the run is not finished; go on with it: factory run")
        raise ConfigError(
            f"{path}: holds no finished dataset (no {MANIFEST}); give a run, its dataset's "
            "directory, a mixture, or a downloaded copy"
        )
    advice = "download it again, or delete the run's manifest.json files and run it again"
    manifest = store.read_json(root / MANIFEST, keys=("format", "shards"), advice=advice)
    check_manifest(manifest, str(root / MANIFEST), advice)
    return DatasetDirectory(root=root, manifest=manifest)


def check_manifest(manifest: dict[str, Any], where: str, advice: str) -> None:
    """Refuse a manifest whose shards cannot be those of a dataset: it may come from anywhere.

    Args:
        manifest: as it was read.
        where: it was read from.
        advice: the way out.

    Raises:
        RunError: naming what is wrong.
    """
    for key, kind in _KINDS.items():
        if not isinstance(manifest.get(key, kind()), kind):
            name = "a list" if kind is list else "an object"
            raise RunError(f"{where}: damaged ({key}: {name} expected); {advice}")
    seen: set[str] = set()
    for number, shard in enumerate(manifest["shards"]):
        if wrong := _wrong_in(shard):
            raise RunError(f"{where}: damaged (shards, {number}: {wrong}); {advice}")
        if shard["path"] in seen:
            raise RunError(f"{where}: damaged (shards, {number}: {shard['path']} again); {advice}")
        seen.add(shard["path"])


def _wrong_in(shard: Any) -> str:
    """What is wrong with what a manifest says of a shard; empty where nothing is."""
    if not isinstance(shard, dict) or not shard.keys() >= _SHARD_KEYS:
        return f"an object with {', '.join(sorted(_SHARD_KEYS))} expected"
    for key in ("path", "config", "split", "sha256"):
        if not isinstance(shard[key], str):
            return f"{key} is {shard[key]!r}, a text expected"
    for key in ("rows", "bytes"):
        if type(shard[key]) is not int or shard[key] < 1:
            return f"{key} is {shard[key]!r}, a number from 1 expected"
    if not is_inside(shard["path"]):
        return f"path is {shard['path']!r}, which is not inside of the dataset"
    if shard["config"] not in ("SFT", "RL"):
        return f"config is {shard['config']!r}, SFT or RL expected"
    for key in ("split", "sha256"):
        if not shard[key].replace("_", "").replace("-", "").isalnum():
            return f"{key} is {shard[key]!r}, letters and digits expected"
    ids = shard.get("ids", [])
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        return "ids: a list of texts expected"
    return ""


def is_inside(path: str) -> bool:
    """Whether a path in a manifest stays below the dataset's directory."""
    parts = PurePosixPath(path).parts
    return bool(parts) and ".." not in parts and not path.startswith("/") and path.isprintable()


def verify(dataset: DatasetDirectory) -> list[str]:
    """What is wrong with the shards of a dataset, one line each; empty when all is well."""
    problems = [text for shard in dataset.shards if (text := _problem(dataset, shard))]
    listed = {shard["path"] for shard in dataset.shards}
    for path in sorted(dataset.root.glob("*/*/*.parquet")):
        if (name := str(path.relative_to(dataset.root))) not in listed:
            problems.append(f"{name}: not in the manifest")
    return problems


def damaged(dataset: DatasetDirectory) -> list[int]:
    """The places in the manifest of shards that are missing or not as it says."""
    return [n for n, shard in enumerate(dataset.shards) if _problem(dataset, shard)]


def _problem(dataset: DatasetDirectory, shard: dict[str, Any]) -> str:
    path = dataset.path(shard)
    if not path.is_file():
        return f"{shard['path']}: missing"
    try:
        found = store.sha256(path)
    except OSError as error:
        return f"{shard['path']}: cannot be read: {error.strerror}"
    if found == shard["sha256"]:
        return ""
    wanted = str(shard["sha256"])
    return f"{shard['path']}: sha256 {found[:16]}..., the manifest says {wanted[:16]}..."
