"""The rows of a finished dataset, of some splits, one after another or a sample of them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.config import nearest
from factory.corpus.files import open_parquet, reading
from factory.datasetdir import DatasetDirectory
from factory.errors import ConfigError, RunError
from factory.seeds import seeded

Shard = tuple[Path, dict[str, Any]]
COLUMNS = ("id", "input", "output", "reasoning", "system_prompt")
_BATCH_ROWS = 256
_MAX_SHARDS = 16
"""Shards that a sample is drawn from: more would be read for a row or two each."""


def chosen(dataset: DatasetDirectory, config: str, splits: Sequence[str] = ()) -> list[Shard]:
    """The shards of some splits with their places, in the manifest's order.

    Args:
        dataset: a finished one.
        config: `SFT` or `RL`.
        splits: all by default.

    Raises:
        ConfigError: it has no such rows or split.
    """
    mine = [shard for shard in dataset.shards if shard["config"] == config]
    known = list(dict.fromkeys(str(shard["split"]) for shard in mine))
    if not mine:
        others = sorted({str(shard["config"]) for shard in dataset.shards})
        raise ConfigError(
            f"{dataset.root}: has no {config} rows; its configs: {', '.join(others) or 'none'}"
        )
    for split in splits:
        if split not in known:
            raise ConfigError(f"{dataset.root}: no split {split!r} of {config}"
                              f"{nearest(split, known)}")  # fmt: skip
    return [(dataset.path(s), s) for s in mine if not splits or s["split"] in splits]


def rows_of(
    path: Path, columns: Sequence[str] = COLUMNS, group: int | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of a shard, a batch at a time in memory; columns that it lacks are left out.

    Args:
        path: of the shard.
        columns: what is read.
        group: one row group alone.

    Raises:
        RunError: missing or damaged.
    """
    with reading(path), open_parquet(path) as file:
        names = [name for name in columns if name in file.schema_arrow.names]
        groups = range(file.num_row_groups) if group is None else [group]
        for batch in file.iter_batches(
            _BATCH_ROWS, row_groups=list(groups), columns=names, use_threads=False
        ):
            try:
                yield from batch.to_pylist()
            except UnicodeDecodeError as error:
                raise RunError(f"{path}: holds text that is no UTF-8; get it again") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """Some rows of a shard."""

    path: Path
    places: tuple[int, ...]
    """From 0, ascending."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows in those places; row groups without one are not read."""
        with reading(self.path), open_parquet(self.path) as file:
            sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        first = 0
        for group, size in enumerate(sizes):
            wanted = {place - first for place in self.places if first <= place < first + size}
            first += size
            if wanted:
                last = max(wanted)
                for place, row in enumerate(rows_of(self.path, group=group)):
                    if place in wanted:
                        yield row
                    if place == last:
                        break


def sample_shards(shards: Sequence[Shard], num_rows: int) -> list[Sample]:
    """Rows from all over some shards, the same each time; all of them where there are no more."""
    step = -(-len(shards) // _MAX_SHARDS)
    some = shards[::step]
    total = sum(int(shard["rows"]) for _, shard in some)
    draw = seeded(0, "template lint", total)
    places = sorted(draw.sample(range(total), min(num_rows, total)))
    mine: dict[int, list[int]] = defaultdict(list)
    number, first = 0, 0
    for place in places:
        while place >= first + int(some[number][1]["rows"]):
            first += int(some[number][1]["rows"])
            number += 1
        mine[number].append(place - first)
    return [Sample(path=some[n][0], places=tuple(found)) for n, found in mine.items()]
