"""Where prompts stand: positions of the source, of which some stay free, and rows of a run's parts.

A prompt of the source becomes up to so many prompts, each with a position of its own; where it
becomes fewer, positions stay free. What works on the parts as a corpus counts their rows.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from factory import store
from factory.rundir import RunDirectory
from factory.schemas import PROMPTS

Places = npt.NDArray[np.int64]


def position(run: RunDirectory, part: int, local: int) -> int:
    """The position of the prompt in a row of a part."""
    return int(_positions(run, part)[local])


def position_of_row(run: RunDirectory, row: int) -> int:
    """The position of the prompt in a row that is counted through all parts."""
    bases = _bases(run)
    part = int(np.searchsorted(bases, row, side="right")) - 1
    return position(run, part, row - int(bases[part]))


def row_at(run: RunDirectory, index: int) -> tuple[int, int]:
    """(part, row in it) of the prompt at a position."""
    part = index // run.part_size
    return part, int(np.searchsorted(_positions(run, part), index))


@lru_cache(maxsize=64)
def _positions(run: RunDirectory, part: int) -> Places:
    """The positions of a part's prompts, rising."""
    table = store.read_table(run.prompts(part), PROMPTS, ["index"])
    positions: Places = table["index"].to_numpy()
    return positions


@lru_cache(maxsize=4)
def _bases(run: RunDirectory) -> Places:
    """The number of the first row of each part."""
    rows = [pq.read_metadata(run.prompts(part)).num_rows for part in range(run.num_parts)]
    bases: Places = np.cumsum([0, *rows[:-1]])
    return bases
