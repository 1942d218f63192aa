"""A finished dataset's directory: what is published, and what proves that all of it is there.

README.md                  the card, with its pictures beside it
manifest.json              what the dataset is made of; written last
recipe.toml                what makes it again
SFT/<split>/               v1-00000-of-00003.parquet ..., answers
RL/<split>/                prompts with what checks an answer

The same in a run (RUN/dataset), in a mixture, and in a copy that was downloaded.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory import store
from factory.errors import ConfigError, RunError

MANIFEST = "manifest.json"
CARD = "README.md"
RECIPE = "recipe.toml"
_SHARD_KEYS = {"path", "config", "split", "rows", "bytes", "sha256"}


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
    shards = manifest["shards"]
    for number, shard in enumerate(shards if isinstance(shards, list) else [shards]):
        if not isinstance(shard, dict) or not shard.keys() >= _SHARD_KEYS:
            keys = ", ".join(sorted(_SHARD_KEYS))
            raise RunError(
                f"{root / MANIFEST}: damaged (shards, {number}: an object with {keys} expected); "
                f"{advice}"
            )
    return DatasetDirectory(root=root, manifest=manifest)


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
    if (found := store.sha256(path)) == shard["sha256"]:
        return ""
    wanted = str(shard["sha256"])
    return f"{shard['path']}: sha256 {found[:16]}..., the manifest says {wanted[:16]}..."
