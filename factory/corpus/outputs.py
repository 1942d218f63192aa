"""Where the kept rows of a corpus go: a file for a file, a directory for a directory."""

import os
from dataclasses import dataclass
from pathlib import Path

from factory.corpus.files import COMPRESSED, file_kind
from factory.corpus.parts import Corpus, Part
from factory.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputFile:
    """One file to be written."""

    path: Path
    parts: tuple[Part, ...]
    """Those of the input file whose kept rows it takes, in order."""


def output_paths(corpus: Corpus, out: Path, *, resumed: bool = False) -> tuple[OutputFile, ...]:
    """The files to be written, in the order of the corpus; nothing is created.

    Args:
        corpus: the input.
        out: a file for a single file, with the same suffixes; else a directory.
        resumed: what is there was begun for the same corpus.

    Raises:
        ConfigError: `out` is the input, lies in it or holds it, is there already, or has the
            suffix of another format.
    """
    _check_apart(corpus, out)
    if os.path.lexists(out) and not resumed:
        raise ConfigError(f"{out}: is there already; give another output, or delete this one")
    if corpus.single_file:
        ((first, *others),) = corpus.files
        if _format(out) != _format(first.path):
            raise ConfigError(
                f"{out}: the output has the input's format; let its name end in "
                f"{''.join(_format(first.path))}"
            )
        return (OutputFile(path=out, parts=(first, *others)),)
    return tuple(OutputFile(path=out / parts[0].name, parts=parts) for parts in corpus.files)


def _format(path: Path) -> tuple[str, str]:
    kind = file_kind(path)
    packed = path.suffix if path.suffix in COMPRESSED else ""
    return (kind if kind in ("", ".parquet") else ".jsonl", packed)


def _check_apart(corpus: Corpus, out: Path) -> None:
    target = out.resolve()
    for path in [*_roots(corpus.data), *(part.path for part in corpus.parts)]:
        place = path.resolve()
        if target == place:
            raise ConfigError(f"{out}: is the input; give another output")
        if target.is_relative_to(place):
            raise ConfigError(f"{out}: lies in the input {path}; give an output outside of it")
        if place.is_relative_to(target):
            raise ConfigError(f"{out}: holds the input {path}; give another output")


def _roots(data: str) -> list[Path]:
    """The file or directory that was named, or where a pattern looks however deep."""
    path = Path(data).expanduser()
    if path.exists():
        return [path]
    if "**" not in path.parts:
        return []
    return [Path(*path.parts[: path.parts.index("**")])]
