"""Datasets made elsewhere, batch by batch: parquet and JSON lines on disk, or a dataset of the Hub.

Nothing is read whole: memory holds some batches, however long the dataset is.
"""

import glob
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import ConfigError, PrerequisiteError, RunError

_SUFFIXES = (".parquet", ".jsonl", ".json", ".ndjson")
_COMPRESSED = (".gz", ".zst")
_KNOWN = f"{', '.join(_SUFFIXES)} (the latter three also with .gz or .zst)"
_HUB = re.compile(r"[\w.-]+/[\w.-]+")
_BATCH_ROWS = 256
_BATCH_BYTES = 8 << 20
_MAX_LINE = 256 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Some rows of a file, in their order."""

    name: str
    """Of the file, or of the dataset."""
    start: int
    """The number of the first row in it, from 0."""
    rows: tuple[dict[str, Any] | str, ...]
    """A string is the reason why a row could not be read."""


def batches(data: str, *, config: str | None = None, split: str | None = None) -> Iterator[Batch]:
    """The rows of a dataset.

    Args:
        data: a file, a directory, a glob pattern, or an id of the Hub.
        config: the Hub's configuration, such as `SFT`.
        split: the Hub's split, such as `math`.

    Raises:
        ConfigError: there is no such data.
        RunError: a file is damaged; the message names it.
    """
    paths = _paths(data)
    if not paths:
        yield from _cut(data, _from_hub(data, config, split))
        return
    for path in paths:
        yield from _cut(str(path), _rows(path))


def _paths(data: str) -> list[Path]:
    path = Path(data).expanduser()
    if path.is_dir():
        found = sorted(each for each in path.rglob("*") if each.is_file() and _kind(each))
    elif path.exists():
        if not _kind(path):
            raise ConfigError(
                f"{data}: must be a file of {_KNOWN}, got {path.suffix or 'no suffix'}"
            )
        found = [path]
    else:
        named = [Path(each) for each in glob.glob(str(path), recursive=True)]
        found = sorted(each for each in named if each.is_file() and _kind(each))
        if not found and _HUB.fullmatch(data) and not _kind(path):
            return []
    if not found:
        raise ConfigError(
            f"{data}: no such data; give a file, a directory or a pattern of {_KNOWN}, or an id of "
            "the Hub such as org/name"
        )
    return found


def _kind(path: Path) -> str:
    """`.parquet`, or that of JSON lines; empty for other files."""
    suffixes = [each for each in path.suffixes if each not in _COMPRESSED]
    kind = suffixes[-1] if suffixes and suffixes[-1] in _SUFFIXES else ""
    return "" if kind == ".parquet" and path.suffix != kind else kind


def _cut(name: str, rows: Iterable[tuple[dict[str, Any] | str, int]]) -> Iterator[Batch]:
    """Batches of rows, cut by number and by size."""
    batch: list[dict[str, Any] | str] = []
    start, size = 0, 0
    for row, num_bytes in rows:
        batch.append(row)
        size += num_bytes
        if len(batch) == _BATCH_ROWS or size > _BATCH_BYTES:
            yield Batch(name=name, start=start, rows=tuple(batch))
            start, size, batch = start + len(batch), 0, []
    if batch:
        yield Batch(name=name, start=start, rows=tuple(batch))


def _rows(path: Path) -> Iterator[tuple[dict[str, Any] | str, int]]:
    """(row, its size in bytes) of a file."""
    try:
        if _kind(path) == ".parquet":
            yield from _parquet(path)
        else:
            with _opened(path) as file:
                yield from _lines(path, file)
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise RunError(f"{path}: cannot be read: {reason}; get the file again") from error


def _parquet(path: Path) -> Iterator[tuple[dict[str, Any] | str, int]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            size = batch.nbytes // max(batch.num_rows, 1)
            try:
                yield from ((row, size) for row in batch.to_pylist())
            except UnicodeDecodeError:
                yield from ((_row(batch, number), size) for number in range(batch.num_rows))


def _row(batch: pa.RecordBatch, number: int) -> dict[str, Any] | str:
    try:
        row: dict[str, Any] = batch.slice(number, 1).to_pylist()[0]
    except UnicodeDecodeError:
        return "not_utf8"
    return row


def _opened(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]  # reads bytes
    if path.suffix == ".zst":
        return io.BufferedReader(pa.input_stream(str(path), compression="zstd"))
    return path.open("rb")


def _lines(path: Path, file: IO[bytes]) -> Iterator[tuple[dict[str, Any] | str, int]]:
    first = True
    while line := file.readline(_MAX_LINE):
        size = len(line)
        if size == _MAX_LINE and not line.endswith(b"\n"):
            while (rest := file.readline(_MAX_LINE)) and not rest.endswith(b"\n"):
                pass
            yield "line_too_long", size
        elif line.strip():
            if first and line.lstrip().startswith(b"["):
                raise ConfigError(f"{path}: is one JSON array; write a JSON object a line instead")
            yield _object(line), size
        first = False


def _object(line: bytes) -> dict[str, Any] | str:
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:  # what msgspec refuses, such as NaN and halves of surrogate pairs
            value = json.loads(line)
        except UnicodeDecodeError:
            return "not_utf8"
        except (ValueError, RecursionError):
            return "not_json"
    return value if isinstance(value, dict) else "not_an_object"


def _from_hub(
    data: str, config: str | None, split: str | None
) -> Iterator[tuple[dict[str, Any] | str, int]]:
    """The rows of a dataset of the Hub, streamed."""
    import datasets  # type: ignore[import-untyped]  # it has no stubs

    try:
        if split is None:
            names = datasets.get_dataset_split_names(data, config)
            if len(names) > 1:
                raise ConfigError(f"{data}: has splits {', '.join(names)}; say which with --split")
            split = names[0]
        stream = datasets.load_dataset(data, config, split=split, streaming=True)
        for row in stream:
            yield row, sum(len(each) for each in row.values() if isinstance(each, str))
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        reason = " ".join(str(error).split())[:200]
        raise PrerequisiteError(
            f"{data}: is no file here, and cannot be had from the Hub: {reason}; give a path, or "
            "see to the network and HF_TOKEN"
        ) from error
