"""A directory that is there as a whole, or not at all."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from factory import store
from factory.errors import ConfigError

_LOCK = ".lock"


@contextlib.contextmanager
def new_directory(out: Path, command: str) -> Iterator[Path]:
    """An empty directory beside `out` that becomes `out` when the block ends well.

    Its lock goes with the process: what a killed one left behind is swept out by the next.

    Args:
        out: must not be there yet.
        command: that makes it, such as `mix`.

    Raises:
        ConfigError: it is there.
        RunError: another process makes it.
    """
    if out.exists():
        raise ConfigError(f"{out}: exists; give a new directory")
    hidden = out.with_name(f".{out.name}.{command}")
    busy = f"another factory {command} makes {out.name} there; wait for it, or give another --out"
    with store.locked(hidden / _LOCK, busy):
        try:
            if out.exists():  # it was made since
                raise ConfigError(f"{out}: exists; give a new directory")
            _sweep(hidden)
            yield hidden
            hidden.rename(out)
            (out / _LOCK).unlink()
        finally:
            _sweep(hidden)
            shutil.rmtree(hidden, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove all but the lock, which another process may be looking at."""
    for path in folder.glob("*"):
        if path.name != _LOCK:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
