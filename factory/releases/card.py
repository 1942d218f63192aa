"""The card of a release: one section for each run in it, and what holds for all."""

from typing import Any

from factory.card import about, header_block, languages_of, metadata, read_template
from factory.card import draw_pictures as draw_of_run
from factory.license_check import conflicts_of, licenses_in


def render_card(manifest: dict[str, Any], license: str | None = None) -> str:
    """The card's text: the Hub's YAML and the body, all of it generated blocks.

    Args:
        manifest: of the release.
        license: that somebody decided on, in place of the computed one; the card says so.
    """
    components = [_about(manifest, each) for each in manifest["components"]]
    runs = [each["m"] for each in components]
    header = metadata(
        title=f"{manifest['release']} {manifest['version']}, reasoning on and off",
        license=manifest["license"],
        decided=license,
        languages=languages_of(runs),
        tags=list(dict.fromkeys(each["split"] for each in components)),
        sources=sorted({source for run in runs for source in run["source_datasets"]}),
        shards=manifest["shards"],
    )
    rows = {
        config: sum(shard["rows"] for shard in manifest["shards"] if shard["config"] == config)
        for config in ("SFT", "RL")
    }
    return read_template("release.md.j2").render(
        m=manifest,
        components=components,
        rows=rows,
        splits=list(dict.fromkeys(each["split"] for each in components)),
        licenses=licenses_in(manifest),
        conflicts=conflicts_of(licenses_in(manifest)),
        license=license,
        yaml=header_block(header),
    )


def draw_pictures(manifest: dict[str, Any]) -> dict[str, bytes]:
    """The pictures beside the card, by their names."""
    return {
        _picture(name, each): data
        for each in manifest["components"]
        for name, data in draw_of_run(each["manifest"]).items()
    }


def _about(manifest: dict[str, Any], component: dict[str, Any]) -> dict[str, Any]:
    key = (component["split"], component["version"])
    mine = [s for s in manifest["shards"] if (s["split"], s["version"]) == key]
    return {
        **about({**component["manifest"], "shards": mine}),
        "split": component["split"],
        "version": component["version"],
        "recipe": component["recipe"],
        "num": component["rows"],
        "left_out": len(component["left_out"]),
        "pictures": {
            "pass_rates": _picture("pass_rates.png", component),
            "lengths": _picture("lengths.png", component),
        },
    }


def _picture(name: str, component: dict[str, Any]) -> str:
    """`pass_rates-math-v1.png`: each run has its own."""
    return f"{name.removesuffix('.png')}-{component['split']}-{component['version']}.png"
