"""Which model a teacher loads, and the name and revision under which that is published.

A model is `bundled`, a directory, or an id of the Hub. A directory is published under its last name
alone, with a revision computed from its files, so that no path leaves the machine and a model that
was trained further is another one. A model of the Hub needs its revision stated: one that moved
between two starts would change every request's key, and what is in the ledger would be paid again.
"""

import hashlib
import os
from functools import cache
from pathlib import Path

from factory.errors import PrerequisiteError
from factory.teachers.bundled import BundledConfig, model_directory

BUNDLED = "bundled"
_FILES = frozenset({".json", ".jinja", ".model", ".txt", ".py", ".safetensors", ".bin", ".gguf"})
_WHOLE = 64 * 2**20
"""Bytes up to which a file is hashed whole; of a longer one, a sample."""
_BLOCK, _NUM_BLOCKS = 2**16, 64


def check(model: str, revision: str) -> None:
    """Refuse, with a `ValueError`, a model without the revision that it needs."""
    if not model:
        raise ValueError("model must name a directory or a model of the Hub, got ''")
    if is_local(model):
        if revision:
            raise ValueError(f"revision is computed for a local model; leave out {revision!r}")
    elif not revision:
        hint = f"; the local cache holds {cached}" if (cached := _cached_revision(model)) else ""
        raise ValueError(f"revision must be stated for a model of the Hub, got ''{hint}")


def is_local(model: str) -> bool:
    """Whether a model is read from this machine's disk and has no id on the Hub."""
    return model == BUNDLED or model.startswith((".", "/", "~")) or Path(model).is_dir()


def locate(model: str) -> str:
    """What loaders take: a directory, or the id on the Hub.

    Raises:
        PrerequisiteError: there is no such directory, or the bundled model is not installed.
    """
    if model == BUNDLED:
        return str(model_directory())
    if not is_local(model):
        return model
    folder = Path(model).expanduser()
    if not (folder / "config.json").is_file():
        raise PrerequisiteError(f"model {model!r} is no directory with a config.json")
    return str(folder)


def identity(model: str, revision: str) -> tuple[str, str]:
    """(name, revision) for requests and records.

    Raises:
        PrerequisiteError: see `locate`.
    """
    if model == BUNDLED:
        return BundledConfig().identity()
    if not is_local(model):
        return model, revision
    folder = os.path.abspath(locate(model))
    return Path(folder).name, f"local-{_folder_hash(folder)}"


@cache
def _folder_hash(folder: str) -> str:
    """Of names, sizes and content of a model's files; of weights, blocks all over them."""
    total = hashlib.sha256()
    for path in sorted(Path(folder).iterdir()):
        if path.suffix not in _FILES or not path.is_file():
            continue
        size = path.stat().st_size
        total.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            if size <= _WHOLE:
                total.update(hashlib.file_digest(file, "sha256").digest())
                continue
            for number in range(_NUM_BLOCKS):
                file.seek((size - _BLOCK) * number // (_NUM_BLOCKS - 1))
                total.update(file.read(_BLOCK))
    return total.hexdigest()[:12]


def _cached_revision(model: str) -> str:
    """The commit of `main` in the Hub's local cache; empty where there is none."""
    from huggingface_hub.constants import HF_HUB_CACHE

    ref = Path(HF_HUB_CACHE) / f"models--{model.replace('/', '--')}" / "refs" / "main"
    return ref.read_text().strip() if ref.is_file() else ""
