"""The card as it goes out: what the manifest gives, under a licence that is settled."""

import re
from pathlib import Path
from typing import Any

import yaml

from factory.card import current_card, decided_license, read_card, yaml_header
from factory.card.blocks import merged
from factory.dataset_card import render_dataset_card
from factory.datasetdir import CARD, DatasetDirectory
from factory.errors import ConfigError
from factory.license_check import require_settled

_HEADER = re.compile(r"---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.-]*")
_NOTE = """
> **Licence.** `{new}` was set by whoever published this (`--license`); computed was {old}.
"""


def dataset_card(dataset: DatasetDirectory, license: str | None) -> str:
    """The card of a dataset for the Hub, with what stands around its blocks.

    The one place that decides whether a card's text may go out.

    Raises:
        ConfigError: it is missing, was edited inside of a block, or has no licence that is settled.
    """
    path, manifest = dataset.root / CARD, dataset.manifest
    decided = decided_license(read_card(path))
    text = current_card(path, render_dataset_card(manifest, decided))
    require_identifier(license)
    if license or decided:
        return merged(text, render_dataset_card(manifest, license or decided))
    require_settled(dataset)
    return _licensed(path, text, None)


def model_card(path: Path, license: str | None) -> str:
    """The card of a student for the Hub."""
    return _licensed(path, _read(path), license)


def header(path: Path, text: str) -> dict[str, Any]:
    """The YAML at the head of a card.

    Raises:
        ConfigError: there is none, or it is not YAML.
    """
    found = _HEADER.match(text)
    try:
        table = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise ConfigError(f"{path}: its header is not YAML: {told}") from error
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: has no YAML header; the Hub reads licence and files from it")
    return table


def with_license(text: str, license: object) -> str:
    """A card that names this licence, and says by whom it was set where it is another one."""
    found = _HEADER.match(text)
    assert found
    table = yaml.safe_load(found[1])
    old = table.get("license")
    if license is None or license == old:
        return text
    head = yaml_header({"license": license, **{k: v for k, v in table.items() if k != "license"}})
    note = _NOTE.format(new=license, old=f"`{old}`" if old else "none")
    return f"---\n{head}---\n{note}{text[found.end() :]}"


def require_identifier(license: str | None) -> None:
    """Refuse what is no identifier of a licence on the Hub, with a `ConfigError`."""
    if license is not None and not _LICENSE.fullmatch(license):
        raise ConfigError(
            f"--license {license!r}: give the Hub's identifier, such as apache-2.0 or cc-by-4.0"
        )


def _licensed(path: Path, text: str, license: str | None) -> str:
    require_identifier(license)
    table = header(path, text)
    if license is None and not table.get("license"):
        raise ConfigError(f"{path}: names no licence; say which with: --license ID")
    return with_license(text, license)


def _read(path: Path) -> str:
    if not path.is_file():
        raise ConfigError(f"{path}: missing; write it with: factory card RUN")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: {error}") from error
