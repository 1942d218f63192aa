"""What is compared with what, and where the working files of it lie.

WORK/
  dedup.json                what the comparison was begun with; another one is refused
  parts.json                the parts of the corpus
  rows/ ids/ skipped/       by part, in the order of the rows: sizes and keys to keep by; ids
  hashes/ bands/ idhashes/  by part, sorted: hashes of the sets, keys of the bands, hashes of ids
  sizes.bin                 shingles of every row
  collapsed/ groups/        by range of hashes: rows whose set another row has; their groups
  collapsed.bits            the former, one bit a row
  pairs/                    by band and range of its keys: rows that share a bucket
  candidates/               by range of the pairs: each pair once
  candidates.bits           the rows in them
  sets.bin, starts.bin      the shingle sets of those, and where each starts
  edges/                    by range of the pairs: those that are similar enough
  ranked/, resolved.arrow   edges by the rank of their rows; what became of the rows that have one
  removed/ clusters/        by part: the result
  done/                     a file for each task that is done, with what it counted
  done.json                 written last
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from factory import store
from factory.corpus import Part, TextColumns
from factory.dedup.columns import I64
from factory.dedup.exact import Exact
from factory.dedup.keep import KeepPolicy
from factory.dedup.minhash import MinHash

SLICE_BYTES = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What every task is told; small, because it travels with each."""

    work: Path
    method: MinHash | Exact
    columns: TextColumns
    keep: KeepPolicy
    within: str | None = None
    """Only rows with the same value of this column are compared."""
    id_column: str | None = None
    slice_bytes: int = SLICE_BYTES
    """What a task reads at once of what all parts wrote, about."""
    bases: tuple[int, ...] = field(default=(), repr=False)
    """Number of the first row of each part, and of all rows; known once the parts were read."""

    @property
    def num_rows(self) -> int:
        """Rows of the corpus."""
        return self.bases[-1]

    @property
    def num_parts(self) -> int:
        """Parts of the corpus."""
        return len(self.bases) - 1

    def numbered(self, rows: Sequence[int]) -> "Comparison":
        """The same, with the rows of each part known."""
        return replace(self, bases=tuple(int(base) for base in np.cumsum([0, *rows])))

    def part(self, number: int) -> Part:
        """A part of the corpus."""
        return read_parts(self.work)[number]

    def extra(self) -> tuple[str, ...]:
        """The columns that are read beside the text."""
        named = [self.within, self.id_column, *self.keep.columns()]
        return tuple(dict.fromkeys(name for name in named if name))

    def path(self, kind: str, number: int, suffix: str = "arrow") -> Path:
        """A working file of a part or partition."""
        return self.work / kind / f"part-{number:05d}.{suffix}"

    def num_ranges(self, row_bytes: int) -> int:
        """The power of two of ranges into which all rows are cut, so that each fits a slice."""
        wanted = -(-self.num_rows * row_bytes // self.slice_bytes)
        return 1 << max(wanted - 1, 0).bit_length()

    def part_of(self, rows: I64) -> I64:
        """The parts that rows lie in."""
        return np.searchsorted(np.asarray(self.bases), rows, side="right") - 1


def write_parts(work: Path, parts: Sequence[Part]) -> None:
    """Lay down the parts for the tasks to read: hundreds would not travel with each."""
    rows = [[getattr(part, name) for name in Part.__dataclass_fields__] for part in parts]
    store.write_text(work / "parts.json", json.dumps(rows, default=str))


def read_parts(work: Path) -> tuple[Part, ...]:
    """The parts that were laid down in a work directory."""
    path = work / "parts.json"
    stat = path.stat()
    return _read_parts(path, (stat.st_ino, stat.st_mtime_ns, stat.st_size))


@functools.lru_cache(maxsize=4)
def _read_parts(path: Path, state: tuple[int, ...]) -> tuple[Part, ...]:
    """The parts in a file as it is now: a worker may meet the same path with another corpus."""
    names = list(Part.__dataclass_fields__)

    def part(row: list[Any]) -> Part:
        values = dict(zip(names, row, strict=True))
        return Part(**{**values, "path": Path(values["path"])})

    return tuple(map(part, json.loads(path.read_text())))
