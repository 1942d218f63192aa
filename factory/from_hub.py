"""The recipe and the manifest that were published with a dataset of the Hub."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory import store
from factory.corpus.hub import asking_hub
from factory.datasetdir import MANIFEST, RECIPE, check_manifest
from factory.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a dataset says of how it was made."""

    recipe: Path
    manifest: dict[str, Any]

    def other_shards(self, manifest: dict[str, Any]) -> list[str]:
        """The published shards that another manifest does not have, with the same content."""
        made = {shard["path"]: shard["sha256"] for shard in manifest["shards"]}
        return [s["path"] for s in self.manifest["shards"] if made.get(s["path"]) != s["sha256"]]


def fetch(name: str) -> Published:
    """Fetch them.

    Args:
        name: `ORG/NAME`, or `ORG/NAME@REVISION`.

    Raises:
        ConfigError: the dataset was published without them.
        PrerequisiteError: the Hub cannot be reached, or has no such dataset.
        RunError: its manifest is damaged.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RemoteEntryNotFoundError

    repo, _, revision = name.partition("@")
    api, where, paths = HfApi(), revision or None, []
    for file in (RECIPE, MANIFEST):
        with asking_hub(name):
            try:
                paths.append(api.hf_hub_download(repo, file, repo_type="dataset", revision=where))
            except RemoteEntryNotFoundError as error:
                raise ConfigError(
                    f"--from-hub {name}: holds no {file}: it was not published by factory publish, "
                    "or put together from several runs"
                ) from error
    advice = "the dataset was not published by factory publish"
    manifest = store.read_json(Path(paths[1]), keys=("format", "shards"), advice=advice)
    check_manifest(manifest, f"--from-hub {name}: {MANIFEST}", advice)
    return Published(recipe=Path(paths[0]), manifest=manifest)
