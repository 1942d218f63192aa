"""The card of any finished dataset: of a run, of a mixture, of a release."""

from pathlib import Path
from typing import Any

import jinja2

from factory import card, releases, store
from factory.card.writing import CARD
from factory.datasetdir import DatasetDirectory
from factory.errors import ConfigError
from factory.mixing.card import render_card as render_mixture


def render_dataset_card(manifest: dict[str, Any], license: str | None = None) -> str:
    """The card that a manifest gives.

    Args:
        manifest: of a run, a mixture or a release.
        license: that somebody decided on, in place of the computed one; the card says so.

    Raises:
        ConfigError: the manifest is of another kind, or of another version of factory.
    """
    try:
        if "release" in manifest:
            return releases.render_card(manifest, license)
        if "mixture" in manifest:
            return render_mixture(manifest, license)
        return card.render_card(manifest, license)
    except (KeyError, TypeError, jinja2.UndefinedError) as error:
        raise ConfigError(
            f"the manifest lacks what a card says ({error}): another version of factory wrote it; "
            "make the dataset again, with its ledger nothing is asked twice"
        ) from error


def write_dataset_card(
    dataset: DatasetDirectory, license: str | None = None, *, anew: bool = False
) -> Path:
    """Write a dataset's card and pictures; what somebody wrote around its blocks stays.

    Args:
        dataset: finished.
        license: that somebody decided on; by default what an earlier card says of that.
        anew: whether what was edited inside of blocks goes.

    Raises:
        ConfigError: a block was edited by hand, or the card cannot be made.
    """
    path, manifest = dataset.root / CARD, dataset.manifest
    license = license or card.decided_license(card.read_card(path))
    fresh = render_dataset_card(manifest, license)
    card.put_card(path, fresh, anew=anew)
    for name, picture in _pictures(manifest).items():
        store.write_bytes(dataset.root / name, picture)
    return path


def _pictures(manifest: dict[str, Any]) -> dict[str, bytes]:
    if "release" in manifest:
        return releases.draw_pictures(manifest)
    return {} if "mixture" in manifest else card.draw_pictures(manifest)
