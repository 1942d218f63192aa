"""The card of a mixture: the dataset's README.md, made from the manifest and nothing else."""

from typing import Any

from factory.card import header_block, metadata, read_template
from factory.license_check import conflicts_of, licenses_in
from factory.licenses import combine_rows


def render_card(manifest: dict[str, Any], license: str | None = None) -> str:
    """The card's text: the Hub's YAML and the body, all of it generated blocks.

    Args:
        manifest: of the mixture.
        license: that somebody decided on, in place of the computed one; the card says so.
    """
    rows = sum(shard["rows"] for shard in manifest["shards"] if shard["config"] == "SFT")
    licenses = licenses_in(manifest)
    whole = combine_rows(licenses)
    header = metadata(
        title=f"{manifest['mixture']} {manifest['version']}, reasoning on and off",
        license=whole,
        decided=license,
        languages=["en"],
        tags=[*manifest["available"]],
        sources=[],
        shards=manifest["shards"],
    )
    return read_template("mixture.md.j2").render(
        m={**manifest, "license": whole},
        rows=rows,
        licenses=licenses,
        conflicts=conflicts_of(licenses),
        license=license,
        yaml=header_block(header),
        short=short(manifest),
    )


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
