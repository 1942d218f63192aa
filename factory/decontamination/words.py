"""The tokens that decontamination compares: those of `factory.shingles` without idle signs.

Which signs stay is said in `factory.decontamination.ngrams`. It depends on the tokens beside them
alone, never on white space.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from factory.decontamination import kernel
from factory.shingles.buffers import text_buffers
from factory.shingles.unicode import characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The tokens of n texts; text i has those from `offsets[i]` to `offsets[i + 1]`."""

    offsets: npt.NDArray[np.int64]
    """Shape (n + 1,)."""
    hashes: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.uint32]
    """First byte of each token, counted from the start of its text."""
    stops: npt.NDArray[np.uint32]
    """The byte after its last."""


def words(texts: pa.Array) -> Words:
    """The tokens of each text; a null has none."""
    found = np.empty(len(texts) + 1, np.int64)
    hashes, starts, stops = kernel.word_rows(*text_buffers(texts), character_table(), found)
    return Words(offsets=found, hashes=hashes, starts=starts, stops=stops)


@cache
def character_table() -> npt.NDArray[np.uint32]:
    """The table of `characters`, as numba takes it."""
    return characters().copy()
