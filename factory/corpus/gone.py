"""The rows to leave out, taken as the rows come by."""

import numpy as np


class Gone:
    """Rows that go, by their numbers.

    Args:
        rows: int64, ascending.
    """

    def __init__(self, rows: np.ndarray) -> None:
        self._rows = rows
        self.num_rows = 0
        """That came by so far."""

    def among(self, num_rows: int) -> np.ndarray:
        """Those among the next rows, int64, counted from the first of these."""
        low, high = np.searchsorted(self._rows, (self.num_rows, self.num_rows + num_rows))
        found = self._rows[low:high] - self.num_rows
        self.num_rows += num_rows
        return found


def ascending(part: int, rows: np.ndarray) -> np.ndarray:
    """The rows to leave out of a part, int64.

    Raises:
        ValueError: they do not ascend from 0.
    """
    rows = np.asarray(rows, np.int64)
    if len(rows) and (rows[0] < 0 or np.any(np.diff(rows) <= 0)):
        raise ValueError(f"part {part}: rows to leave out must ascend from 0")
    return rows


def check_inside(part: int, rows: np.ndarray, num_rows: int) -> None:
    """Refuse rows that a part does not have.

    Raises:
        ValueError: naming the last of them.
    """
    if len(rows) and rows[-1] >= num_rows:
        raise ValueError(
            f"part {part}: row {rows[-1]} is to be left out, but it has {num_rows} rows"
        )
