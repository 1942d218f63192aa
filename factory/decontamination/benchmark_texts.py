"""The texts of benchmark items as the embedding stage has them: each once, without blank ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from factory import store
from factory.decontamination.items import Item
from factory.decontamination.neighbours import Vectors
from factory.decontamination.windows import Embedded
from factory.errors import PartError

_LONG = 1 << 20
"""Characters up to which any text may say an item; there is no end to white space."""


def fold(text: str) -> str:
    """The text without regard to case and white space."""
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True, eq=False)
class BenchmarkTexts:
    """Distinct texts of items, in the order in which they first come."""

    texts: tuple[str, ...]
    items: tuple[tuple[int, ...], ...]
    """For each text, the numbers of the items that say it, but for case and white space."""
    numbers: dict[str, int]
    """The place of each text by its folded form."""

    def same_as(self, text: str) -> int | None:
        """The place of the item that says a text, but for case and white space; None if none."""
        if len(text) > _LONG + 4 * max(map(len, self.numbers), default=0):
            return None  # folding takes many times the memory of a text
        return self.numbers.get(fold(text))


def benchmark_texts(items: Sequence[Item]) -> BenchmarkTexts:
    """The distinct texts of items that have one."""
    numbers: dict[str, int] = {}
    texts: list[str] = []
    groups: list[list[int]] = []
    for place, item in enumerate(items):
        folded = fold(item.text)
        if not folded:
            continue
        if folded not in numbers:
            numbers[folded] = len(texts)
            texts.append(item.text.encode("utf-8", "replace").decode())
            groups.append([])
        groups[numbers[folded]].append(place)
    return BenchmarkTexts(tuple(texts), tuple(map(tuple, groups)), numbers)


def write_vectors(path: Path, embedded: Embedded) -> None:
    """Keep the vectors of some items: a record with owners and spans, and one of vectors."""

    def write(file: IO[bytes]) -> None:
        np.save(file, np.column_stack([embedded.owners, embedded.spans]))
        np.save(file, embedded.vectors)

    store.write_atomic(path, write)


def read_vectors(paths: Sequence[Path], starts: Sequence[int]) -> Vectors:
    """The vectors that were written, as those of all items.

    Args:
        paths: of the files, in the order of the items.
        starts: the first item of each.

    Raises:
        PartError: a file is missing or damaged.
    """
    read = [_read(path) for path in paths]
    windows = [np.add(each, [start, 0, 0]) for (each, _), start in zip(read, starts, strict=True)]
    flat = np.concatenate([np.empty((0, 3), np.int64), *windows])
    values = (
        np.concatenate([values for _, values in read]) if read else np.empty((0, 1), np.float32)
    )
    return Vectors(values, flat[:, 0], flat[:, 1:])


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        with path.open("rb") as file:
            return np.load(file), np.load(file)
    except (OSError, ValueError, EOFError) as error:
        reason = " ".join(str(error).split())[:120]
        advice = "delete it and run the same command again"
        raise PartError(f"{path}: damaged ({reason}); {advice}") from error
