"""Ids that several rows have: nothing is decided by ids, but the user should know."""

from typing import Any

import numpy as np

from factory.dedup.columns import bounds, flat, key_range, read_batches
from factory.dedup.comparison import Comparison
from factory.dedup.sorting import NO_KEYS, find_runs, sort_positions

ENTRY_BYTES = 12
_EXAMPLES = 5


def find_duplicate_ids(comparison: Comparison, of: int, number: int) -> dict[str, Any]:
    """Count the ids that several rows have, in one range of their hashes."""
    low, high = key_range(number, of)
    keys, rows = [np.empty(0, np.uint64)], [np.empty(0, np.uint32)]
    for part in range(comparison.num_parts):
        for batch in read_batches(comparison.path("idhashes", part)):
            found = flat(batch, "key")
            chosen = bounds(found, low, high)
            keys.append(found[chosen])
            rows.append(flat(batch, "local")[chosen] + np.uint32(comparison.bases[part]))
    hashes = np.concatenate(keys)
    members, starts = find_runs(sort_positions(hashes), hashes, NO_KEYS)
    firsts, seconds = (np.concatenate(rows)[members[starts[:-1] + i]] for i in (0, 1))
    order = np.argsort(firsts)[:_EXAMPLES]
    examples = np.stack([firsts[order], seconds[order]], axis=1).tolist()
    return {"ids": len(firsts), "rows": len(members), "examples": examples}


def id_of(comparison: Comparison, row: int) -> str:
    """The id of a row of the corpus."""
    part = int(comparison.part_of(np.array([row]))[0])
    local = row - comparison.bases[part]
    for batch in read_batches(comparison.path("ids", part)):
        if local < len(batch):
            return str(batch.column("id")[local].as_py())
        local -= len(batch)
    raise IndexError(f"row {row} of part {part}")
