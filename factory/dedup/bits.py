"""Sets of rows as bits: one bit for each row of the corpus."""

import numpy as np

from factory.dedup.columns import U32, Flags
from factory.shingles.lanes import native


def no_rows(num_rows: int) -> Flags:
    """An empty set over so many rows: uint8, shape (ceil(num_rows / 8),)."""
    return np.zeros(-(-num_rows // 8), np.uint8)


@native
def add_rows(bits: Flags, rows: U32) -> None:
    """Put rows into a set."""
    for row in rows:
        bits[row >> 3] |= np.uint8(1 << (row & 7))


@native
def has_row(bits: Flags, row: int) -> bool:
    """Whether a row is in a set."""
    return bool(bits[row >> 3] >> (row & 7) & 1)


@native
def count_between(bits: Flags, start: int, stop: int) -> int:
    """How many rows of [start, stop) are in a set."""
    count = 0
    for row in range(start, stop):
        count += has_row(bits, row)
    return count


@native
def rows_between(bits: Flags, start: int, stop: int) -> U32:
    """The rows of a set in [start, stop), ascending."""
    found = np.empty(count_between(bits, start, stop), np.uint32)
    filled = 0
    for row in range(start, stop):
        if has_row(bits, row):
            found[filled] = row
            filled += 1
    return found
