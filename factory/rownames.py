"""What rows are called in a report: the user's own ids, or `file:row` where there are none."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from factory.corpus import Part

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RowName:
    """Where a row stands, and what it is called."""

    id: str
    """The user's, or `file:row`."""
    file: str
    row: int
    """In its file, from 0."""


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A row that was not compared."""

    row: RowName
    reason: str


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """Ids that several rows have."""

    num_ids: int = 0
    num_rows: int = 0
    first: tuple[tuple[str, str, str], ...] = ()
    """The first few: (id, a row that has it, the next one), rows as `file:row`."""


class RowNames:
    """Names of rows, which are counted through all parts from 0.

    Args:
        parts: of the corpus.
        rows: of each part.
    """

    def __init__(self, parts: Sequence["Part"], rows: Sequence[int]) -> None:
        self._parts = parts
        self._starts = np.fromiter(accumulate(rows, initial=0), np.int64, len(rows) + 1)
        self._bases = self._starts[:-1].copy()
        for number, part in enumerate(parts):
            self._bases[number] = self._starts[number - part.index]
        self._numbers: Numbers = np.empty(0, np.int64)
        self._ids: pa.Array = pa.array([], pa.large_binary())

    @property
    def num_rows(self) -> int:
        """Of all parts."""
        return int(self._starts[-1])

    def numbers(self, part: npt.ArrayLike, local: npt.ArrayLike) -> Numbers:
        """Rows by part and place in it, counted through all parts."""
        found: Numbers = self._starts[np.asarray(part)] + np.asarray(local)
        return found

    def places(self, rows: npt.ArrayLike) -> tuple[Numbers, Numbers]:
        """(part, place in it) of rows."""
        numbers = np.asarray(rows, np.int64)
        parts = np.searchsorted(self._starts, numbers, side="right") - 1
        return parts, numbers - self._starts[parts]

    def files(self, rows: npt.ArrayLike) -> tuple[list[str], list[int]]:
        """(file, row in it from 0) of rows."""
        numbers = np.asarray(rows, np.int64)
        parts, _ = self.places(numbers)
        return [self._parts[p].name for p in parts], (numbers - self._bases[parts]).tolist()

    def ids(self, rows: npt.ArrayLike) -> list[str]:
        """Ids of rows; `file:row` of those that have none."""
        numbers = np.asarray(rows, np.int64)
        names = [f"{file}:{row}" for file, row in zip(*self.files(numbers), strict=True)]
        if not len(self._numbers):
            return names
        at = np.minimum(np.searchsorted(self._numbers, numbers), len(self._numbers) - 1)
        known = np.flatnonzero(self._numbers[at] == numbers)
        ids = self._ids.take(pa.array(at[known])).to_pylist()
        for place, id in zip(known.tolist(), ids, strict=True):
            names[place] = id.decode("utf-8", "replace")
        return names

    def where(self, row: int) -> str:
        """`file:row` of a row."""
        (file,), (place,) = self.files([row])
        return f"{file}:{place}"

    def described(self, rows: npt.ArrayLike) -> list[dict[str, Any]]:
        """`id`, `file` and `row` of rows."""
        files, places = self.files(rows)
        return [
            {"id": id, "file": file, "row": row}
            for id, file, row in zip(self.ids(rows), files, places, strict=True)
        ]

    def gather(
        self, folder: Path, files: Callable[[int], Path], rows: Iterable[tuple[int, Numbers]]
    ) -> None:
        """Bring the ids of some rows together, so that `ids` knows them.

        Args:
            folder: for files that are mapped into memory.
            files: by part, an Arrow file with the `id` of each row.
            rows: (part, places in it in order), parts in order.
        """
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"named.{kind}" for kind in ("numbers", "stops", "texts")]
        total = 0
        with paths[0].open("wb") as numbers, paths[1].open("wb") as stops:
            stops.write(np.int64(0).tobytes())
            with paths[2].open("wb") as texts:
                for part, local in rows:
                    ids = take_ids(files(part), local)
                    known = local[ids.is_valid().to_numpy(zero_copy_only=False)]
                    numbers.write(self.numbers(np.full(len(known), part), known).tobytes())
                    ids = ids.drop_null()
                    lengths = pc.binary_length(ids).to_numpy(zero_copy_only=False)
                    stops.write((total + np.cumsum(lengths, dtype=np.int64)).tobytes())
                    for each in ids:
                        total += texts.write(each.as_buffer())
        if total:
            self._map(*paths)

    def _map(self, numbers: Path, stops: Path, texts: Path) -> None:
        self._numbers = np.memmap(numbers, np.int64, "r")
        maps = [pa.memory_map(bytes(path)).read_buffer() for path in (stops, texts)]
        self._ids = pa.Array.from_buffers(
            pa.large_binary(), len(self._numbers), [None, maps[0], maps[1]]
        )


def take_ids(path: Path, rows: Numbers) -> pa.LargeBinaryArray:
    """The ids of some rows of a part as bytes, null of those without.

    Args:
        path: an Arrow file with the `id` of each row.
        rows: places in the part.
    """
    with pa.memory_map(bytes(path)) as file:
        ids = pa.ipc.open_file(file).read_all().column("id").take(pa.array(rows))
        chunks = [chunk.view(pa.large_binary()) for chunk in ids.chunks]
        return pa.concat_arrays(chunks) if chunks else pa.array([], pa.large_binary())
