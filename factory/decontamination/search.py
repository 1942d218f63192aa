"""What is looked for where, and the working files of it.

WORK/
  decontamination.json      what the search was begun with; another one is refused
  parts.json, items.arrow   the parts of the corpus, the items: what tasks read
  skipped/part-00000.arrow  rows that were not compared, and why
  ngrams/part-00000.arrow   rows that hold an item word for word, with the run
  read/part-00000.json      written after the two: the part was read, and what was counted
  common.json               short items that are a turn of phrase in this corpus
  matches/part-00000.arrow  the result: the best evidence for each row and item
  counted/part-00000.json   written after it: what was counted
"""

import functools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from factory import store
from factory.config import first_differences
from factory.corpus import Part, TextColumns
from factory.decontamination.items import Item
from factory.decontamination.ngrams import Ngrams
from factory.dedup.columns import read_batches, write_columns
from factory.dedup.comparison import read_parts, write_parts
from factory.errors import ConfigError

if TYPE_CHECKING:
    from factory.decontamination.index import Index

Rows = npt.NDArray[np.int64]
_ITEM = {name: pa.large_string() for name in ("benchmark", "id", "text", "answer")}
_building = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Search:
    """What every task is told; small, because it travels with each."""

    work: Path
    method: Ngrams | None
    columns: TextColumns
    skip: Callable[[int], Rows] | None = None
    """For a part, the rows that are left out, rising."""

    def path(self, kind: str, number: int, suffix: str = "arrow") -> Path:
        """A working file of a part."""
        return self.work / kind / f"part-{number:05d}.{suffix}"

    def part(self, number: int) -> Part:
        """A part of the corpus."""
        return read_parts(self.work)[number]

    def items(self) -> tuple[Item, ...]:
        """What is looked for."""
        return read_items(self.work)

    def index(self) -> "Index":
        """The items' n-grams, built once a process."""
        assert self.method
        path = self.work / "items.arrow"
        with _building:
            return _index(path, state_of(path), self.method)

    def left_out(self, number: int) -> Rows:
        """The rows of a part that are not looked at."""
        return np.zeros(0, np.int64) if self.skip is None else self.skip(number)


def begin(
    search: Search, plan: Mapping[str, Any], parts: Sequence[Part], items: Sequence[Item]
) -> None:
    """Lay down what tasks read, or go on with a search of the same plan.

    Raises:
        ConfigError: the directory holds another search; the message says what differs.
        RunError: it cannot be written.
    """
    path = search.work / "decontamination.json"
    new = json.loads(json.dumps(dict(plan), default=str))
    if path.exists():
        old = store.read_json(path, keys=(), advice=f"delete {search.work} and run again")
        if old != new:
            raise ConfigError(
                f"{search.work}: holds the work of another search ({first_differences(old, new)}); "
                "repeat that one, delete the directory, or give another"
            )
        return
    write_parts(search.work, parts)
    columns = {
        name: pa.array([getattr(i, name) for i in items], kind) for name, kind in _ITEM.items()
    }
    write_columns(search.work / "items.arrow", [columns], _ITEM)
    store.write_json(path, new)


State = tuple[int, ...]


def state_of(path: Path) -> State:
    """Changes when a file is written anew: another search may have the same directory later."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_items(work: Path) -> tuple[Item, ...]:
    """The items that a search was begun with."""
    path = work / "items.arrow"
    return _read_items(path, state_of(path))


@functools.lru_cache(maxsize=2)
def _read_items(path: Path, state: State) -> tuple[Item, ...]:
    rows = [row for batch in read_batches(path) for row in batch.to_pylist()]
    return tuple(Item(**row) for row in rows)


@functools.lru_cache(maxsize=2)
def _index(path: Path, state: State, method: Ngrams) -> "Index":
    from factory.decontamination.index import build_index

    return build_index(_read_items(path, state), method)
