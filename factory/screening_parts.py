"""What the steps of screening found in one part of a run's prompts: tasks on the workers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from factory import store
from factory.decontamination.search import read_items
from factory.dedup.columns import read_batches
from factory.places import position, position_of_row
from factory.rundir import RunDirectory
from factory.schemas import CONTAMINATED, DUPLICATES, PROMPTS
from factory.screened import reason_of

Rows = npt.NDArray[np.int64]
Row = dict[str, Any]
_ROWS = ("cluster", "joined_a", "joined_b")
"""What dedup names by rows that are counted through all parts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Where a step left what it found: one Arrow file a part. It travels with each task."""

    name: str
    """Of the dedup method; empty for matches with benchmarks, which name their own."""
    reason: str
    files: Path

    def rows(self, part: int) -> Iterator[Row]:
        """What was found in a part.

        Raises:
            PartError: the file is missing or damaged.
        """
        for batch in read_batches(self.files / f"part-{part:05d}.arrow"):
            yield from batch.to_pylist()


def gone(run: RunDirectory, found: Sequence[Found], part: int) -> Rows:
    """The rows of a part that a step need not look at: those that go already, rising.

    Args:
        run: whose prompts.
        found: by the steps before.
        part: which part.
    """
    decisions = store.read_table(run.prompts(part), PROMPTS, ["decision"])["decision"]
    rows = set(np.flatnonzero(pc.not_equal(decisions, "keep").to_numpy()).tolist())
    for each in found:
        rows.update(row["local"] for row in each.rows(part) if each.name or _reason(row))
    return np.array(sorted(rows), np.int64)


def gather(run: RunDirectory, found: Sequence[Found], part: int) -> dict[str, int]:
    """Write what all steps found in a part where the run keeps it.

    Args:
        run: whose prompts.
        found: by all steps.
        part: which part.
    """
    ids = store.read_table(run.prompts(part), PROMPTS, ["id"])["id"].to_pylist()
    repeated, matching = [], []
    for each in found:
        for row in each.rows(part):
            known = {"index": position(run, part, row["local"]), "id": ids[row["local"]]}
            if each.name:
                repeated.append({**known, **_duplicate(run, each, row)})
            else:
                matching.append({**known, **_match(each, row)})
    for path, rows, schema in (
        (run.duplicates(part), repeated, DUPLICATES),
        (run.contaminated(part), matching, CONTAMINATED),
    ):
        store.write_part(path, sorted(rows, key=lambda row: row["index"]), schema)
    return {"repeated": len(repeated)}


def _duplicate(run: RunDirectory, found: Found, row: Row) -> Row:
    return {
        **{name: row[name] for name in DUPLICATES.names if name in row},
        "filter": found.name,
        "reason": found.reason,
        "twin": position(run, row["twin_part"], row["twin_local"]),
        **{name: position_of_row(run, row[name]) for name in _ROWS},
    }


def _match(found: Found, row: Row) -> Row:
    item = read_items(found.files.parent)[row["item"]]
    return {
        **{name: row[name] for name in CONTAMINATED.names if name in row},
        "filter": row["method"],
        "reason": _reason(row),
        "benchmark": item.benchmark,
        "item": item.id,
        "number": row["item"],
    }


def _reason(row: Row) -> str:
    return reason_of(removed=row["removed"], judgement=row["judgement"])
