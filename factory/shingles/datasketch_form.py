"""Our signatures as the objects of datasketch, whose import takes half a second."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from factory.shingles.reference import shingle_hash32
from factory.shingles.sketches import permutations

if TYPE_CHECKING:
    import datasketch

_SCHEME = "affine32"


def to_datasketch(
    signature: npt.NDArray[np.uint32], seed: int, *, unit: str = "word"
) -> "datasketch.MinHash":
    """A `datasketch.MinHash` that can be updated with more shingles of the same unit.

    Args:
        signature: uint32, shape (num_perm,): a row of `Sketch.signature`.
        seed: what `sketch` was given.
        unit: of the shingling.
    """
    import datasketch

    # datasketch copies hash values of the right type too, so that the row may be written to later.
    return datasketch.MinHash(
        seed=seed,
        hashfunc=partial(shingle_hash32, unit=unit),
        hashvalues=signature,
        permutations=permutations(len(signature), seed),
        scheme=_SCHEME,
    )


def to_lean(signature: npt.NDArray[np.uint32], seed: int) -> Any:
    """A `datasketch.LeanMinHash`, which is smaller and cannot be updated."""
    import datasketch

    return datasketch.LeanMinHash(seed=seed, hashvalues=signature, scheme=_SCHEME)
