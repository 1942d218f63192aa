"""Where the rows of a dataset lie: files, by name, and how one is opened.

The one home of what counts as a file of rows: parquet, or JSON lines, plain or compressed.
"""

import contextlib
import glob
import gzip
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import ConfigError, RunError

_SUFFIXES = (".parquet", ".jsonl", ".json", ".ndjson")
COMPRESSED = (".gz", ".zst")
"""The suffixes of compressed JSON lines."""
_KNOWN = f"{', '.join(_SUFFIXES)} (the latter three also with .gz or .zst)"
_HUB = re.compile(r"[\w.-]+/[\w.-]+")
_BUFFER = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The files of a dataset; none where it is named by an id of the Hub."""

    paths: tuple[Path, ...]
    root: Path
    """The directory that their names are relative to."""
    single_file: bool
    """The data is one file, named as such."""


def find_files(data: str) -> Found:
    """The files that a path, a directory or a pattern stands for, by name.

    Raises:
        ConfigError: there are none, or one of them is a link to nowhere.
    """
    path = Path(data).expanduser()
    single = path.exists() and not path.is_dir()
    if path.is_dir():
        paths, root = sorted(_below(path)), path
    elif single:
        if not file_kind(path):
            raise ConfigError(
                f"{data}: must be a file of {_KNOWN}, got {path.suffix or 'no suffix'}"
            )
        paths, root = [path], path.parent
    else:
        named = [Path(each) for each in glob.glob(str(path), recursive=True)]
        paths = sorted({each for each in named if file_kind(each) and not each.is_dir()})
        if not paths and _HUB.fullmatch(data) and not file_kind(path):
            return Found(paths=(), root=Path(), single_file=False)
        root = Path(os.path.commonpath([each.parent for each in paths])) if paths else Path()
    if not paths:
        raise ConfigError(
            f"{data}: no such data; give a file, a directory or a pattern of {_KNOWN}, or an id of "
            "the Hub such as org/name"
        )
    for each in paths:
        if not each.exists():
            raise ConfigError(f"{each}: is a link to a file that is not there; mend or delete it")
    return Found(paths=tuple(paths), root=root, single_file=single)


def _below(directory: Path) -> Iterator[Path]:
    """The files in a directory, also behind links, but for those that lead back above."""
    for parent, folders, names in os.walk(directory, onerror=_not_listed, followlinks=True):
        above = {each.resolve() for each in (Path(parent), *Path(parent).absolute().parents)}
        folders[:] = [name for name in folders if Path(parent, name).resolve() not in above]
        found = (Path(parent, name) for name in names)
        yield from (path for path in found if file_kind(path))


def _not_listed(error: OSError) -> NoReturn:
    raise ConfigError(f"{error.filename}: cannot be listed: {error.strerror}") from error


def file_kind(path: Path) -> str:
    """`.parquet`, or the suffix of JSON lines without that of compression; else empty."""
    suffixes = [each for each in path.suffixes if each not in COMPRESSED]
    kind = suffixes[-1] if suffixes and suffixes[-1] in _SUFFIXES else ""
    return "" if kind == ".parquet" and path.suffix != kind else kind


@contextlib.contextmanager
def reading(path: Path, where: str = "") -> Iterator[None]:
    """Tell what goes wrong in reading a file as an error that names it.

    Args:
        path: the file.
        where: in it, such as `row group 3`.

    Raises:
        RunError: the file is damaged, or cannot be read for another reason.
    """
    try:
        yield
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        place = f"{path}: {where}" if where else str(path)
        raise RunError(f"{place}: cannot be read: {reason}; get the file again") from error


@contextlib.contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, without its compression."""
    with contextlib.ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(path.open("rb"))
        if path.suffix == ".gz":
            file = stack.enter_context(gzip.open(file))  # type: ignore[arg-type]  # reads bytes
        elif path.suffix == ".zst":
            file = stack.enter_context(pa.input_stream(file, compression="zstd"))
        yield file


@contextlib.contextmanager
def open_parquet(path: Path, dictionaries: tuple[str, ...] = ()) -> Iterator[pq.ParquetFile]:
    """A parquet file that is read a buffer at a time, with its checksums compared.

    Args:
        path: the file.
        dictionaries: columns to read as codes and a dictionary.
    """
    with (
        path.open("rb", buffering=0) as source,  # pyarrow itself takes no name that is not UTF-8
        pq.ParquetFile(
            source,
            buffer_size=_BUFFER,
            pre_buffer=False,
            page_checksum_verification=True,
            read_dictionary=list(dictionaries) or None,
        ) as file,
    ):
        yield file
