"""The YAML header of a card, as the Hub's dataset-card specification has it."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import yaml

from factory.licenses import hub_licenses
from factory.schemas import RL, SFT

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
_DTYPES = {pa.string(): "string", pa.int64(): "int64", pa.float64(): "float64"}


def yaml_header(metadata: dict[str, Any]) -> str:
    """A card's header as text."""
    return yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)


def card_metadata(manifest: dict[str, Any], license: str | None = None) -> dict[str, Any]:
    """The header of a run's card.

    Args:
        manifest: of the run.
        license: in place of the one that was computed.
    """
    return metadata(
        title=f"{manifest['pipeline']} {manifest['version']}, reasoning on and off",
        license=manifest["license"],
        decided=license,
        languages=languages_of([manifest]),
        tags=[manifest["pipeline"]],
        sources=manifest["source_datasets"],
        shards=manifest["shards"],
    )


def metadata(
    *,
    title: str,
    license: str | None,
    decided: str | None,
    languages: Sequence[str],
    tags: Sequence[str],
    sources: Sequence[str],
    shards: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """A card's header.

    Args:
        title: of the dataset.
        license: of the whole, computed.
        decided: the Hub's identifier of one that somebody decided on instead.
        languages: codes of ISO 639.
        tags: beside those that all have.
        sources: datasets of the Hub that rows were made from.
        shards: as the manifest has them.
    """
    rows = sum(shard["rows"] for shard in shards if shard["config"] == "SFT")
    return {
        **({"license": decided} if decided else hub_licenses(license)),
        "pretty_name": title,
        "language": list(languages),
        "task_categories": ["text-generation", "question-answering"],
        "size_categories": [size_category(rows)],
        "annotations_creators": ["machine-generated"],
        "source_datasets": list(sources) or ["original"],
        "tags": ["synthetic", "reasoning", "reasoning-factory", *tags],
        "configs": configs(shards),
        "dataset_info": dataset_info(shards),
    }


def languages_of(manifests: Sequence[dict[str, Any]]) -> list[str]:
    """Those that answers were held to; English, which all instructions are in, where to none."""
    found = [
        code
        for manifest in manifests
        for code in manifest["filters"].get("language", {}).get("languages", ("en",))
    ]
    return list(dict.fromkeys(found))


def configs(shards: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The configurations of a dataset with these shards, as a card's header names them."""
    by_name: dict[str, dict[str, Any]] = {}
    for shard in shards:
        config = by_name.setdefault(
            shard["config"], {"config_name": shard["config"], "data_files": []}
        )
        pattern = {"split": shard["split"], "path": f"{shard['config']}/{shard['split']}/*.parquet"}
        if pattern not in config["data_files"]:
            config["data_files"].append(pattern)
    found = list(by_name.values())
    if found:  # SFT comes first; `datasets` loads no empty split, so it is left out without rows
        found[0]["default"] = True
    return found


def dataset_info(shards: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Columns and sizes of each configuration, so that they are known before a file is read."""
    found = []
    for config in dict.fromkeys(shard["config"] for shard in shards):
        mine = [shard for shard in shards if shard["config"] == config]
        splits = []
        for split in dict.fromkeys(shard["split"] for shard in mine):
            some = [shard for shard in mine if shard["split"] == split]
            size = sum(shard.get("uncompressed", shard["bytes"]) for shard in some)
            rows = sum(shard["rows"] for shard in some)
            splits.append({"name": split, "num_bytes": size, "num_examples": rows})
        found.append(
            {
                "config_name": config,
                "features": [_feature(field) for field in (SFT if config == "SFT" else RL)],
                "splits": splits,
                "download_size": sum(shard["bytes"] for shard in mine),
                "dataset_size": sum(split["num_bytes"] for split in splits),
            }
        )
    return found


def _feature(field: pa.Field) -> dict[str, Any]:
    """A column as `datasets` writes it."""
    return {"name": field.name, **_kind(field.type)}


def _kind(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_list(kind):
        inner = _kind(kind.value_type)
        return {"list": inner.get("struct", inner.get("dtype", inner))}
    if pa.types.is_struct(kind):
        return {"struct": [_feature(kind.field(place)) for place in range(kind.num_fields)]}
    return {"dtype": _DTYPES[kind]}


def size_category(rows: int) -> str:
    """The Hub's bucket for a number of rows."""
    return next((name for limit, name in _SIZES if rows < limit), "100M<n<1B")
