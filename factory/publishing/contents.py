"""What a directory gives to the Hub: its shards, and what comes with the last commit."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from factory import store
from factory.datasetdir import CARD, MANIFEST, RECIPE, DatasetDirectory, open_dataset, verify
from factory.errors import ConfigError, RunError
from factory.publishing.cards import dataset_card, model_card
from factory.publishing.students import check_student

Kind = Literal["dataset", "model"]
_SHARD = re.compile(r"(SFT|RL)/\w[\w.-]*/[\w.-]+-\d{5}-of-\d{5}\.parquet")
_LOADED = re.compile(r"(SFT|RL)/[^/]+/[^/]+\.parquet")
"""What the card's `data_files` read, whoever put it there."""
_WEIGHTS = re.compile(r"[^/]+\.safetensors")
_STUDENT_FILES = ("*.json", "*.jinja", "*.txt", "*.model", "*.py", "*.png", "LICENSE*")
"""Beside weights and card. Pickles, optimizer states and checkpoints stay at home."""


@dataclass(frozen=True, kw_only=True)
class FileToSend:
    """One file: its name in the repository, and where its bytes are."""

    name: str
    source: Path | bytes
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Contents:
    """All that is sent of a directory, and what it is called."""

    kind: Kind
    title: str
    """The commit's, and by it an open pull request is found again."""
    shards: tuple[FileToSend, ...]
    """Sent first: parquet, or weights."""
    rest: tuple[FileToSend, ...]
    """Comes with the last commit."""
    left_out: tuple[str, ...] = field(default=())
    """Names at the top of the directory that are not sent."""

    @property
    def card(self) -> str:
        """The text that the repository shows."""
        found = next(file.source for file in self.rest if file.name == CARD)
        assert isinstance(found, bytes)
        return found.decode()

    @property
    def files(self) -> tuple[FileToSend, ...]:
        """All, in the order in which they are sent."""
        return (*self.shards, *self.rest)

    def is_loaded(self, name: str) -> bool:
        """Whether a file of a repository would be read together with these."""
        return bool((_LOADED if self.kind == "dataset" else _WEIGHTS).fullmatch(name))

    def is_ours(self, name: str) -> bool:
        """Whether a file has a name that this program gives to shards, so that it may go."""
        return bool((_SHARD if self.kind == "dataset" else _WEIGHTS).fullmatch(name))


def read_contents(path: Path, license: str | None = None) -> Contents:
    """What is sent of a dataset's or a student's directory, after it was verified.

    Args:
        path: a run, a dataset's directory, a mixture, a downloaded copy, or a student.
        license: takes the place of the one that was computed, and the card says so.

    Raises:
        ConfigError: it is neither, is not finished, or its card cannot go out as it is.
        RunError: a shard is not what the manifest says.
    """
    if not path.is_dir():
        raise ConfigError(f"{path}: no such directory; give a run, a dataset or a student")
    if (path / "config.json").is_file() and not (path / MANIFEST).exists():
        return _student(path, license)
    return _dataset(open_dataset(path), license)


def _dataset(dataset: DatasetDirectory, license: str | None) -> Contents:
    root, manifest = dataset.root, dataset.manifest
    for shard in dataset.shards:
        if not _SHARD.fullmatch(str(shard["path"])):
            raise ConfigError(
                f"{root / MANIFEST}: no shard of ours has the path {shard['path']!r}; nothing "
                "outside SFT/ and RL/ is published; download the dataset again"
            )
    if problems := verify(dataset):
        raise RunError(
            f"{root}: nothing was sent: {'; '.join(problems)}; make them again with: factory "
            f"verify {root} --repair, or download the dataset again"
        )
    card = dataset_card(dataset, license).encode()
    shards = tuple(
        FileToSend(
            name=str(shard["path"]),
            source=dataset.path(shard),
            size=dataset.path(shard).stat().st_size,
            sha256=str(shard["sha256"]),
        )
        for shard in dataset.shards
    )
    pictures = sorted(path.name for path in root.glob("*.png"))
    recipes = [RECIPE] if (root / RECIPE).is_file() else []
    recipes += sorted(f"recipes/{path.name}" for path in root.glob("recipes/*.toml"))
    names = [*pictures, *recipes, MANIFEST]
    rest = [_in_memory(CARD, card), *(_on_disk(root, name) for name in names)]
    kinds = (manifest.get(key) for key in ("release", "mixture", "pipeline"))
    name = next(filter(None, kinds), root.name)
    return Contents(
        kind="dataset",
        title=f"Publish {name} {manifest.get('version', '')}".strip(),
        shards=shards,
        rest=tuple(rest),
        left_out=_left_out(root, {*names, CARD, "SFT", "RL", "recipes"}),
    )


def _student(root: Path, license: str | None) -> Contents:
    weights = check_student(root)
    card = model_card(root / CARD, license).encode()
    names = sorted({path.name for each in _STUDENT_FILES for path in root.glob(each)})
    rest = [_in_memory(CARD, card), *(_on_disk(root, name) for name in names)]
    return Contents(
        kind="model",
        title=f"Publish {root.resolve().name}",
        shards=tuple(_on_disk(root, name) for name in weights),
        rest=tuple(rest),
        left_out=_left_out(root, {*names, *weights, CARD}),
    )


def _left_out(root: Path, sent: set[str]) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in root.iterdir() if path.name not in sent))


def _on_disk(root: Path, name: str) -> FileToSend:
    path = root / name
    return FileToSend(name=name, source=path, size=path.stat().st_size, sha256=store.sha256(path))


def _in_memory(name: str, data: bytes) -> FileToSend:
    return FileToSend(
        name=name, source=data, size=len(data), sha256=hashlib.sha256(data).hexdigest()
    )
