"""A report as one JSON object, written as it comes: short fields, then lists of one object a line.

    {
    "command": "dedup",
    "counts": {"rows": 100000, "removed": 1234},
    "removed": [
    {"id": "a-17", "file": "part-0.parquet", "row": 17},
    {"id": "a-18", "file": "part-0.parquet", "row": 18}
    ]
    }

It is read whole by any JSON reader, and line by line where it is long: memory holds one object.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from factory import store
from factory.errors import ConfigError


def check_suffix(path: Path, flag: str, *suffixes: str) -> None:
    """Refuse a file whose name does not end as its format does.

    Raises:
        ConfigError: naming the flag, the file and the suffixes.
    """
    if path.suffix not in suffixes:
        got = repr(path.suffix) if path.suffix else "none"
        raise ConfigError(f"{flag} {path}: the suffix must be {' or '.join(suffixes)}, got {got}")


def check_new_file(path: Path, flag: str, *, taken: bool = False) -> None:
    """Refuse a file that is there, or cannot be written, before the work.

    Args:
        path: the file to come.
        flag: that names it.
        taken: the same command has been about to give a file this name.

    Raises:
        ConfigError: naming the flag, the file and the way out.
    """
    if os.path.lexists(path) and not taken:
        raise ConfigError(f"{flag} {path}: is there already; give a new file, or delete this one")
    check_writable(path, flag)


def check_writable(path: Path, flag: str) -> None:
    """Refuse a path that cannot be made, before anything is worked out for it.

    Raises:
        ConfigError: a directory above it takes no file, or is none.
    """
    above = path.absolute().parent
    while not os.path.lexists(above):
        above = above.parent
    if not above.is_dir():
        raise ConfigError(f"{flag} {path}: {above} is no directory; give another path")
    if not os.access(above, os.W_OK | os.X_OK):
        raise ConfigError(f"{flag} {path}: {above} may not be written; give another path")


class JsonReport:
    """Takes fields and lists one after another.

    Args:
        file: where to, open for bytes.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._first = True
        self._encoder = msgspec.json.Encoder(enc_hook=str)

    def field(self, name: str, value: Any) -> None:
        """A field with a short value."""
        self._begin(name)
        self._file.write(self._encode(value))

    def rows(self, name: str, rows: Iterable[dict[str, Any]]) -> int:
        """A field with a list of objects, one a line; returns how many there were."""
        self._begin(name)
        self._file.write(b"[")
        count = 0
        for row in rows:
            self._file.write(b",\n" if count else b"\n")
            self._file.write(self._encode(row))
            count += 1
        self._file.write(b"\n]" if count else b"]")
        return count

    def _encode(self, value: Any) -> bytes:
        try:
            return self._encoder.encode(value)
        except UnicodeEncodeError:  # halves of surrogate pairs, which no JSON reader takes
            return self._encoder.encode(_storable(value))

    def _begin(self, name: str) -> None:
        self._file.write(b"{\n" if self._first else b",\n")
        self._first = False
        self._file.write(self._encoder.encode(name) + b": ")

    def end(self) -> None:
        """Close the object."""
        self._file.write(b"{}\n" if self._first else b"\n}\n")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list | tuple) else value


@contextlib.contextmanager
def json_report(path: Path) -> Iterator[JsonReport]:
    """A new report, renamed into place at the end; nothing is left of it after a failure.

    Raises:
        RunError: the file cannot be written.
    """
    with store.new_file(path) as file:
        report = JsonReport(file)
        yield report
        report.end()
