"""The first stage: a part is read once, and its rows are looked through by n-grams."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from factory import store
from factory.corpus import TextBatch, read_texts
from factory.decontamination.merging import FOUND, Row, append_rows
from factory.decontamination.search import Rows, Search
from factory.dedup.columns import column_file

if TYPE_CHECKING:
    from factory.decontamination.matching import Match

SKIPPED = {"local": pa.int64(), "reason": pa.string()}
_MAX_SPAN = 2_000
"""Characters of a run that are written down."""


def read_part(search: Search, number: int) -> dict[str, int]:
    """Look through a part and write what was found; returns rows, compared and left_out."""
    counts, problems = Counter[str](), Counter[str]()
    uncertain = Counter[int]()
    with ExitStack() as files:
        skipped = files.enter_context(column_file(search.path("skipped", number), SKIPPED))
        found = files.enter_context(column_file(search.path("ngrams", number), FOUND))
        for batch in batches(search, number):
            num_rows, num_nulls = len(batch.texts), batch.texts.null_count
            counts.update(rows=num_rows, compared=num_rows - num_nulls)
            counts["left_out"] += num_nulls - len(batch.problems)
            problems.update(reason for _, reason in batch.problems)
            rows = [{"local": row, "reason": reason} for row, reason in batch.problems]
            append_rows(skipped, SKIPPED, rows)
            matches = _matches(search, batch)
            uncertain.update(match.item for match in matches if not match.certain)
            append_rows(found, FOUND, [_row(batch.start, match) for match in matches])
    said = {"counts": counts, "problems": problems, "uncertain": uncertain}
    store.write_json(search.path("read", number, "json"), said)
    return dict(counts)


def batches(search: Search, number: int) -> Iterator[TextBatch]:
    """The texts of a part; those of rows that are left out are null, without a problem."""
    left_out = search.left_out(number)
    for batch in read_texts(search.part(number), search.columns):
        yield _without(batch, left_out) if left_out.size else batch


def _without(batch: TextBatch, left_out: Rows) -> TextBatch:
    within = left_out[np.searchsorted(left_out, batch.start) :] - batch.start
    within = within[within < len(batch.texts)]
    if not within.size:
        return batch
    mask = np.zeros(len(batch.texts), np.bool_)
    mask[within] = True
    texts = pc.if_else(pa.array(mask), pa.scalar(None, pa.large_string()), batch.texts)
    gone = set((within + batch.start).tolist())
    problems = tuple(each for each in batch.problems if each[0] not in gone)
    return TextBatch(start=batch.start, texts=texts, problems=problems, extra=batch.extra)


def _matches(search: Search, batch: TextBatch) -> "list[Match]":
    if search.method is None or not search.items():
        return []
    from factory.decontamination.matching import find_matches

    return find_matches(batch.texts, search.index(), search.method)


def _row(start: int, match: "Match") -> Row:
    return {
        "local": start + match.row,
        "item": match.item,
        "score": match.overlap,
        "start": match.start,
        "stop": match.stop,
        "span": match.span[:_MAX_SPAN],
        "item_start": match.item_start,
        "item_stop": match.item_stop,
        "certain": match.certain,
    }
