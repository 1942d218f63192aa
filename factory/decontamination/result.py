"""What a decontamination found: rows to leave out, why, and which benchmark items are touched."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from factory.corpus import Corpus
from factory.decontamination.items import Item
from factory.decontamination.merging import merged_counts
from factory.decontamination.search import Rows, Search
from factory.dedup.columns import read_batches


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """A benchmark item that the corpus holds."""

    item: int
    rows: int
    """How many rows go for it, those that repeat each other too."""
    part: int
    """An example: the first of them."""
    local: int


@dataclass(frozen=True, kw_only=True)
class DecontaminationResult:
    """What was found; the evidence lies in files, one a part."""

    corpus: Corpus
    items: Sequence[Item]
    search: Search
    rows_by_part: tuple[int, ...]
    counts: dict[str, int]
    """rows, compared, left_out, matches (row and item), removed (rows), unjudged (that go only
    because a judge would not say), items, touched (items)."""
    rows_by: dict[tuple[str, str], int]
    """Rows removed by (benchmark, method); a row may count in several."""
    problems: dict[str, int]
    """Rows that were not compared, by reason."""
    unfindable: dict[int, str]
    """Items that no n-gram finds, and why: `no_text`, `no_words`, `too_short`, `boilerplate`."""
    same_as: dict[int, int]
    """Items that repeat an earlier one but for case and white space; matches name the first of each
    set."""
    common: dict[int, int]
    """Short items that are a turn of phrase here, and the rows that have them in a sentence."""
    touched: tuple[Touched, ...] = field(repr=False)
    """The items that rows go for, in the order of the items; repetitions of an item too."""

    def matches_path(self, part: int) -> Path:
        """The evidence of a part: Arrow IPC of `merging.MATCHES`, by row, then item."""
        return self.search.path("matches", part)

    def skipped_path(self, part: int) -> Path:
        """The rows of a part that were not compared: Arrow IPC, local and reason."""
        return self.search.path("skipped", part)

    def removed_rows(self, part: int) -> Rows:
        """See `removed_rows`."""
        return removed_rows(self.search, part)

    def by_benchmark(self) -> dict[str, Counter[str]]:
        """For each benchmark: items, touched, untouched, repeated, unfindable."""
        found = {item.benchmark: Counter[str]() for item in self.items}
        touched = {each.item for each in self.touched}
        for number, item in enumerate(self.items):
            found[item.benchmark].update(
                items=1,
                touched=number in touched,
                untouched=number not in touched,
                repeated=number in self.same_as,
                unfindable=number in self.unfindable,
            )
        return found


def removed_rows(search: Search, part: int) -> Rows:
    """The rows of a part that hold an item: int64, rising, each once.

    Of the search alone, which is small: a task that holds the result would carry all items along.
    """
    rows = [np.zeros(0, np.int64)]
    for batch in read_batches(search.path("matches", part)):
        removed = batch.column("removed").to_numpy(zero_copy_only=False)
        rows.append(batch.column("local").to_numpy()[removed])
    return np.unique(np.concatenate(rows))


def touched_items(
    search: Search, num_parts: int, same_as: Mapping[int, int]
) -> tuple[Touched, ...]:
    """The items that all parts together hold."""
    rows: Counter[int] = Counter()
    example: dict[int, tuple[int, int]] = {}
    for part in range(num_parts):
        for key, (count, local) in merged_counts(search, part)["touched"].items():
            rows[int(key)] += count
            example.setdefault(int(key), (part, local))
    for item, first in same_as.items():
        if rows[first] > rows[item]:
            rows[item], example[item] = rows[first], example[first]
    return tuple(
        Touched(item=item, rows=rows[item], part=example[item][0], local=example[item][1])
        for item in sorted(rows)
    )
