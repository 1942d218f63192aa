"""A card in its place: what was written around its blocks stays, and an edit inside is refused."""

import re
from pathlib import Path
from typing import Any

import yaml

from factory import store
from factory.card.blocks import HEADER, blocks, edited_blocks, merged, written_header
from factory.card.pictures import draw_pictures
from factory.card.rendering import render_card
from factory.errors import ConfigError

CARD = "README.md"
_DECIDED = re.compile(r"^<!-- decided: (.+) -->$", re.MULTILINE)


def write_card(manifest: dict[str, Any], dataset: Path, *, anew: bool = False) -> Path:
    """Write the card of a run and its pictures; returns the card's path.

    Args:
        manifest: of the run.
        dataset: its directory.
        anew: whether what was edited inside of blocks goes.

    Raises:
        ConfigError: a block was edited by hand.
    """
    path = put_card(dataset / CARD, render_card(manifest), anew=anew)
    for name, picture in draw_pictures(manifest).items():
        store.write_bytes(dataset / name, picture)
    return path


def put_card(path: Path, fresh: str, *, anew: bool = False) -> Path:
    """Write a card, with what somebody wrote around the blocks of the one that is there.

    Args:
        path: of the card.
        fresh: as it is generated.
        anew: whether what was edited inside of blocks goes.

    Raises:
        ConfigError: a block was edited by hand, the card there has no blocks, or its header says
            again what is generated.
    """
    old = read_card(path)
    _refuse_said_twice(path, old)
    if old and not anew:
        if not blocks(old):
            raise ConfigError(
                f"{path}: has no generated blocks (written by hand, or by an older version of "
                "factory), so that nothing of it can be kept; move it away, or give --anew"
            )
        if edited := edited_blocks(old):
            raise ConfigError(
                f"{path}: {_told(edited)}; move what you wrote out of it, or give --anew"
            )
    store.write_text(path, merged(old, fresh) if blocks(old) else fresh)
    return path


def current_card(path: Path, fresh: str) -> str:
    """The text of a card that is what the manifest gives, but for what stands around its blocks.

    Args:
        path: of the card.
        fresh: as it is generated.

    Raises:
        ConfigError: it is missing, was edited inside of a block, is out of date, or its header
            says again what is generated.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: missing; write it with: factory card {path.parent}")
    text = read_card(path)
    _refuse_said_twice(path, text)
    anew = f"write it anew with: factory card {path.parent} --anew"
    if edited := edited_blocks(text):
        raise ConfigError(f"{path}: {_told(edited)}; {anew}; what stands around blocks is kept")
    found, wanted = blocks(text), blocks(fresh)
    other = [
        name
        for name in dict.fromkeys([*wanted, *found])
        if name not in found or name not in wanted or found[name].text != wanted[name].text
    ]
    if other:
        named = ", ".join(repr(name) for name in other[:5])
        raise ConfigError(
            f"{path}: is not what this manifest and this version of factory give, block {named}; "
            f"{anew}"
        )
    return text


def decided_license(text: str) -> str | None:
    """The licence that somebody decided on, as an earlier card says; None for the computed one."""
    found = blocks(text).get("licences")
    match = _DECIDED.search(found.text) if found else None
    return match[1] if match else None


def _refuse_said_twice(path: Path, text: str) -> None:
    """Of two values of a key, readers of YAML take the last: a written one would be believed."""
    try:
        own = yaml.safe_load(written_header(text))
        generated = yaml.safe_load(blocks(text)[HEADER].text) if own else {}
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise ConfigError(f"{path}: its header is not YAML: {told}") from error
    if isinstance(own, dict) and (twice := [key for key in own if key in generated]):
        raise ConfigError(
            f"{path}: its YAML header names {twice[0]!r} beside the generated block, which names "
            "it too; take yours out (a licence is decided with --license ID)"
        )


def _told(edited: list[str]) -> str:
    names = ", ".join(repr(name) for name in edited)
    blocks = "block" if len(edited) == 1 else "blocks"
    return f"generated {blocks} {names} {'was' if len(edited) == 1 else 'were'} edited by hand"


def read_card(path: Path) -> str:
    """A card's text; empty where there is none.

    Raises:
        ConfigError: it is not text.
    """
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: {error}") from error
