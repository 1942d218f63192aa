"""Compiled kernels on the disk: made once on a machine, and never older than their source.

Numba keeps what it compiles in `__pycache__` beside the source, or in the user's cache directory
where that cannot be written (or in NUMBA_CACHE_DIR), by the processor that it was compiled for. It
looks at one source file only, although a kernel takes in kernels of other files, and two processes
that compile the same function at once may each name the other's file. Both are mended here. A disk
that cannot be written, or a damaged file, costs time and nothing else.
"""

import fcntl
import hashlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, NullCache

_HERE = Path(__file__).parent


@cache
def sources(directory: Path) -> str:
    """A hash of the kernels' source: all of this package and of another directory."""
    found = hashlib.blake2b(digest_size=16)
    for path in sorted({*_HERE.glob("*.py"), *directory.glob("*.py")}):
        found.update(f"{path.name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return found.hexdigest()


def cache_for(function: Callable[..., Any]) -> Any:
    """Numba's cache for a function, or one that keeps nothing where no place can be written."""
    try:
        return _Kept(function)
    except RuntimeError:  # numba found no place
        return NullCache()


class _Kept:
    """What a dispatcher of numba's asks of its cache."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._cache = FunctionCache(function)
        index = self._cache._cache_file
        index._source_stamp = (index._source_stamp, sources(Path(inspect.getfile(function)).parent))

    @property
    def cache_path(self) -> str:
        return str(self._cache.cache_path)

    def load_overload(self, signature: Any, context: Any) -> Any:
        try:
            return self._cache.load_overload(signature, context)
        except Exception:  # a damaged pickle raises anything
            self.flush()
            return None

    def save_overload(self, signature: Any, result: Any) -> None:
        try:
            with self._alone():
                self._cache.save_overload(signature, result)
        except OSError:
            return

    def flush(self) -> None:
        try:
            with self._alone():
                self._cache.flush()
        except OSError:
            return

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other process writes to the index."""
        self._cache._impl.locator.ensure_cache_path()
        with open(Path(self.cache_path) / "kernels.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
