"""Working files and published files: written whole or not at all, and read with suspicion.

A file is written under a temporary name, flushed to the disk and renamed; a kill at any moment
leaves the old file, the new file, or a temporary one that the next run removes.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import PartError, RunError

_TEMPORARY = ".tmp"


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to fill, under a temporary name beside its own until the end.

    Nothing of a failed attempt remains.

    Raises:
        RunError: the disk is full or does not take the file.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_TEMPORARY}")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_directory(path.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of a file that it cannot be written, and what to do about it.

    Raises:
        RunError: the disk is full or does not take the file.
    """
    try:
        yield
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {way_out(error)}") from error


def write_atomic(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Have a file filled, see `new_file`."""
    with new_file(path) as file:
        write(file)


@contextlib.contextmanager
def locked(path: Path, busy: str) -> Iterator[None]:
    """Hold a lock file; the lock goes with the process, however it ends.

    Args:
        path: of the file; its directory is made.
        busy: what to say where another process holds it.

    Raises:
        RunError: another process holds it, or it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise RunError(f"{path.parent}: cannot be written: {way_out(error)}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"{path.parent}: {busy}") from None
        yield


def sync_directory(directory: Path) -> None:
    """Bring a directory's entries to the disk, so that a new name survives the machine."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def way_out(error: OSError) -> str:
    """What failed and what to do about it, for a message about a file."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    advice = "make room" if full else "mend that"
    reason = error.strerror or str(error)
    return f"{reason}; what is finished is kept, {advice} and run the same command again"


def name_file(unnamed: Path, path: Path) -> None:
    """Bring a file that was written under another name to the disk, and give it its own."""
    with unnamed.open("rb") as file:
        os.fsync(file.fileno())
    unnamed.replace(path)
    sync_directory(path.parent)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically."""

    def write(file: IO[bytes]) -> None:
        file.write(data)

    write_atomic(path, write)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically; names of files in it may be no UTF-8."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    if not _is_utf8(text):
        text = json.dumps(value, indent=1)
    write_text(path, text + "\n")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_json(path: Path, *, keys: Sequence[str], advice: str) -> dict[str, Any]:
    """The object in a JSON file.

    Args:
        path: the file.
        keys: what it must hold.
        advice: the way out where it is damaged.

    Raises:
        RunError: missing or damaged.
    """
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path}: damaged ({error}); {advice}") from error
    if not isinstance(value, dict) or any(key not in value for key in keys):
        raise RunError(f"{path}: damaged (an object with {', '.join(keys)} expected); {advice}")
    return value


def write_part(path: Path, rows: Sequence[dict[str, Any]], schema: pa.Schema) -> None:
    """Write rows as parquet: the same bytes for the same rows, schema and pyarrow version."""

    def write(file: IO[bytes]) -> None:
        with pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer:
            if rows:  # readers of the Hub's kind fail on a row group without rows
                writer.write_table(pa.Table.from_pylist(list(rows), schema=schema))

    write_atomic(path, write)


def read_table(path: Path, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """Some columns of a part, or all, as an Arrow table.

    Raises:
        PartError: missing, truncated, corrupted, or of another schema.
    """
    try:
        with path.open("rb") as file:
            table = pq.read_table(
                file,
                columns=list(columns) if columns else None,
                page_checksum_verification=True,
            )
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error
    wanted = pa.schema([schema.field(name) for name in columns or schema.names])
    if not table.schema.equals(wanted):
        raise _damaged(path, f"other names or types of columns: {table.schema.names}")
    return table


def read_part(
    path: Path, schema: pa.Schema, columns: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """The rows of a part.

    Raises:
        PartError: missing, truncated, corrupted, or of another schema.
    """
    table = read_table(path, schema, columns)
    try:
        rows: list[dict[str, Any]] = table.to_pylist()
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise _damaged(path, error) from error
    return rows


def _damaged(path: Path, reason: object) -> PartError:
    text = " ".join(str(reason).split())[:120]
    return PartError(
        f"{path}: damaged part ({text}); delete it and go on with factory run, its "
        "completions are in the ledger"
    )


def part_path(directory: Path, part: int) -> Path:
    """Where a part lies."""
    return directory / f"part-{part:05d}.parquet"


def sha256(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_temporaries(directories: Iterable[Path]) -> None:
    """Remove what killed writers left behind."""
    for directory in directories:
        for path in directory.glob(f"*{_TEMPORARY}"):
            path.unlink(missing_ok=True)


def remove_temporaries_of(path: Path) -> None:
    """Remove what killed writers of a file, or of the files in a directory, left behind."""
    for each in path.parent.glob(f"{path.name}.*{_TEMPORARY}"):
        each.unlink(missing_ok=True)
    remove_temporaries(each for each in path.rglob("") if each.is_dir())
