"""The last stage: for each row and item the best evidence, and whether the row goes for it.

Word for word goes before nearness, since it needs no judge; what does not remove the row goes last.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from factory import store
from factory.decontamination.ngrams import Ngrams
from factory.decontamination.search import Rows, Search
from factory.dedup.columns import Batch, column_file, read_batches

_RUN = {
    "local": pa.int64(), "item": pa.int32(), "score": pa.float64(), "start": pa.int64(),
    "stop": pa.int64(), "span": pa.large_string(), "item_start": pa.int64(),
    "item_stop": pa.int64(),
}  # fmt: skip
FOUND = _RUN | {"certain": pa.bool_()}
"""What the n-grams found, in the order of the rows, then of the items."""
MATCHES = _RUN | {
    "method": pa.string(), "judgement": pa.string(), "reply": pa.large_string(),
    "removed": pa.bool_(),
}  # fmt: skip
"""The result, likewise: `score` is an overlap or a similarity, as `method` says. What embeddings
find comes as such a file too; its spans are those of the nearest windows."""
_FEWEST = 10
"""Rows that a short item may be in before it can be a turn of phrase."""
_BATCH = 1_024
_ADVICE = "delete it and run the same command again"
Row = dict[str, Any]


def find_common(search: Search, num_parts: int) -> None:
    """Write down the short items that are a turn of phrase in this corpus, with their rows."""
    said = [read_counts(search, number) for number in range(num_parts)]
    rows: Counter[str] = Counter()
    for each in said:
        rows.update(each["uncertain"])
    compared = sum(each["counts"].get("compared", 0) for each in said)
    most = max(_FEWEST, (search.method.common_rows if search.method else 0.0) * compared)
    common = {item: rows[item] for item in sorted(rows, key=int) if rows[item] > most}
    store.write_json(search.work / "common.json", common)


def common_items(search: Search) -> dict[int, int]:
    """What `find_common` wrote: the items, and how many rows have each within a sentence."""
    said = store.read_json(search.work / "common.json", keys=(), advice=_ADVICE)
    return {int(item): rows for item, rows in said.items()}


def read_counts(search: Search, number: int) -> dict[str, Any]:
    """What was counted when a part was read."""
    keys = ("counts", "problems", "uncertain")
    return store.read_json(search.path("read", number, "json"), keys=keys, advice=_ADVICE)


def merged_counts(search: Search, number: int) -> dict[str, Any]:
    """What was counted when the matches of a part were merged."""
    keys = ("counts", "rows", "touched")
    return store.read_json(search.path("counted", number, "json"), keys=keys, advice=_ADVICE)


def word_for_word(search: Search, number: int) -> Rows:
    """The rows of a part that go for what the n-grams found, rising."""
    common = list(common_items(search))
    rows = [np.zeros(0, np.int64)]
    for batch in read_batches(search.path("ngrams", number)):
        certain = batch.column("certain").to_numpy(zero_copy_only=False)
        removed = certain | ~np.isin(batch.column("item").to_numpy(), common)
        rows.append(batch.column("local").to_numpy()[removed])
    return np.unique(np.concatenate(rows))


def merge_part(search: Search, number: int) -> dict[str, int]:
    """Write the matches of a part; returns how many there are, and the rows removed."""
    counts: Counter[str] = Counter()
    rows_by: Counter[tuple[str, str]] = Counter()
    touched: dict[int, list[int]] = {}
    benchmarks = [item.benchmark for item in search.items()]
    with column_file(search.path("matches", number), MATCHES) as append:
        for local, group in groupby(_gathered(append, _best(search, number)), itemgetter("local")):
            matches = list(group)
            removed = [row for row in matches if row["removed"]]
            unjudged = {row["judgement"] for row in removed} == {"unjudged"}
            counts.update(matches=len(matches), removed=bool(removed), unjudged=unjudged)
            rows_by.update({(benchmarks[row["item"]], row["method"]) for row in removed})
            for row in removed:
                touched.setdefault(row["item"], [0, local])[0] += 1
    said = {"rows": [[*key, rows_by[key]] for key in sorted(rows_by)], "touched": touched}
    store.write_json(search.path("counted", number, "json"), {"counts": counts} | said)
    return dict(counts)


def _best(search: Search, number: int) -> Iterator[Row]:
    """For each row and item the first of: removed by n-grams, by embedding, not removed."""
    near = search.path("near", number)
    sources = [_by_ngrams(search, number), _rows(near) if near.exists() else iter(())]
    pair = itemgetter("local", "item")
    for _, group in groupby(heapq.merge(*sources, key=pair), pair):
        yield min(group, key=lambda row: not row["removed"])


def _by_ngrams(search: Search, number: int) -> Iterator[Row]:
    common = common_items(search)
    for row in _rows(search.path("ngrams", number)):
        removed = row.pop("certain") or row["item"] not in common
        yield row | {"method": Ngrams.name, "judgement": "", "reply": "", "removed": removed}


def _rows(path: Path) -> Iterator[Row]:
    for batch in read_batches(path):
        yield from batch.to_pylist()


def _gathered(append: Callable[[Batch], None], rows: Iterable[Row]) -> Iterator[Row]:
    """The same rows, written on the way."""
    pending: list[Row] = []
    for row in rows:
        yield row
        pending.append(row)
        if len(pending) == _BATCH:
            append_rows(append, MATCHES, pending)
            pending = []
    append_rows(append, MATCHES, pending)


def append_rows(
    append: Callable[[Batch], None], kinds: dict[str, pa.DataType], rows: list[Row]
) -> None:
    """Append rows to a file of columns, if there are any."""
    if rows:
        append({name: pa.array([row[name] for row in rows], kinds[name]) for name in kinds})
