"""The card of a mixture: the dataset's README.md, made from the manifest and nothing else."""

from collections import Counter
from typing import Any

from factory.card import configs, read_template, size_category, yaml_header


def render_card(manifest: dict[str, Any]) -> str:
    """The card's text: the Hub's YAML and the body."""
    rows = sum(shard["rows"] for shard in manifest["shards"] if shard["config"] == "SFT")
    licenses: Counter[str] = Counter(manifest["rl"]["licenses"])
    for stage in manifest["stages"]:
        licenses.update(stage["licenses"])
    template = read_template("mixture.md.j2", "mixture_card.md.j2")
    header = yaml_header(_metadata(manifest, rows, list(licenses)))
    return template.render(
        m=manifest, rows=rows, licenses=licenses, yaml=header, short=short(manifest)
    )


def _metadata(manifest: dict[str, Any], rows: int, licenses: list[str]) -> dict[str, Any]:
    return {
        "license": licenses[0] if len(licenses) == 1 else "other",
        "pretty_name": f"{manifest['mixture']} {manifest['version']}, reasoning on and off",
        "language": ["en"],
        "task_categories": ["text-generation"],
        "size_categories": [size_category(rows)],
        "tags": ["synthetic", "reasoning", "reasoning-factory", *manifest["available"]],
        "configs": configs(manifest["shards"]),
    }


def short(manifest: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Domains of which fewer rows were taken than were asked for, or none of those there are."""
    found = {}
    for name, wanted in manifest["wanted"].items():
        taken, available = (sum(manifest[key][name].values()) for key in ("taken", "available"))
        if wanted is not None and taken < wanted:
            found[name] = (taken, wanted)
        elif available and not taken:
            found[name] = (taken, available)
    return found
