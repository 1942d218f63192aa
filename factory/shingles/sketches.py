"""Sketches of Arrow arrays: distinct shingles, the hash of their set, a MinHash signature.

Numba, which compiles the kernels, is imported when the first text is hashed: it takes half a second
and most commands do not need it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from factory.shingles.buffers import text_buffers
from factory.shingles.shingling import Shingling
from factory.shingles.unicode import characters

_BLOCK = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketch:
    """What is kept of each of n rows; a null has no shingles."""

    num_shingles: npt.NDArray[np.uint32]
    """Distinct shingles, shape (n,)."""
    set_hash: npt.NDArray[np.uint64]
    """Of the set of shingles, shape (n, 2): equal rows have equal sets."""
    signature: npt.NDArray[np.uint32]
    """Shape (n, num_perm), or (n, 0) where it was not asked for."""
    band_keys: npt.NDArray[np.uint64]
    """Shape (n, bands): equal in a column where the signatures are equal in that band."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """The tokens of n texts; text i has those from `offsets[i]` to `offsets[i + 1]`."""

    offsets: npt.NDArray[np.int64]
    """Shape (n + 1,)."""
    hashes: npt.NDArray[np.uint64]
    """As `token_hash` gives them."""
    starts: npt.NDArray[np.uint32]
    """First byte of each token, counted from the start of its text."""
    stops: npt.NDArray[np.uint32]
    """The byte after its last."""


def sketch(
    texts: pa.Array,
    shingling: Shingling,
    num_perm: int,
    seed: int,
    *,
    bands: int = 0,
    rows: int = 0,
    signature: bool = True,
) -> Sketch:
    """Shingles, set hash and signature of each text.

    The signatures are those of `datasketch.MinHash(num_perm, seed, hashfunc=shingle_hash32,
    scheme="affine32")`.

    Args:
        texts: an array of strings or binaries, any of Arrow's layouts.
        shingling: what a shingle is.
        num_perm: permutations.
        seed: of the permutations, in [0, 2**32).
        bands: bands to hash, 0 for none.
        rows: values of the signature in a band.
        signature: whether to keep the signatures.
    """
    from factory.shingles import kernel

    if num_perm < 1 or bands * rows > num_perm or (bands > 0) != (rows > 0):
        raise ValueError(f"{bands} bands of {rows} rows do not fit {num_perm} permutations")
    data, offsets, valid = text_buffers(texts)
    count = len(texts)
    found = Sketch(
        num_shingles=np.empty(count, np.uint32),
        set_hash=np.empty((count, 2), np.uint64),
        signature=np.empty((count, num_perm if signature else 0), np.uint32),
        band_keys=np.empty((count, bands), np.uint64),
    )
    kernel.sketch_rows(
        data, offsets, valid, _table(), shingling.unit == "char", shingling.ngram,
        *_padded(num_perm, seed), bands, rows,
        found.num_shingles, found.set_hash, found.signature, found.band_keys,
    )  # fmt: skip
    return found


def shingle_sets(
    texts: pa.Array, shingling: Shingling
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """The sets of shingle hashes themselves, for a true similarity.

    Returns:
        offsets, shape (n + 1,), and values: text i has `values[offsets[i]:offsets[i + 1]]`, sorted
        and distinct. A null has none, and a text without tokens one.
    """
    from factory.shingles import kernel

    buffers = text_buffers(texts)
    char, ngram = shingling.unit == "char", shingling.ngram

    def fill(found: Any, row: int, values: Any) -> int:
        return int(kernel.set_rows(*buffers, _table(), char, ngram, found, row, values))

    found, (values,) = _filled(fill, buffers[1], (np.uint64,))
    return found, values


def text_hashes(texts: pa.Array) -> npt.NDArray[np.uint64]:
    """Hashes of the texts folded in case and white space, uint64, shape (n, 2); 0 for a null."""
    from factory.shingles import kernel

    data, offsets, valid = text_buffers(texts)
    found = np.empty((len(texts), 2), np.uint64)
    kernel.text_rows(data, offsets, valid, _table(), found)
    return found


def token_hashes(texts: pa.Array) -> Tokens:
    """Hashes and spans of the tokens of each text; a null has none."""
    from factory.shingles import kernel

    buffers = text_buffers(texts)

    def fill(found: Any, row: int, *arrays: Any) -> int:
        return int(kernel.token_rows(*buffers, _table(), found, row, *arrays))

    found, arrays = _filled(fill, buffers[1], (np.uint64, np.uint32, np.uint32))
    return Tokens(offsets=found, hashes=arrays[0], starts=arrays[1], stops=arrays[2])


def band_keys(signature: npt.NDArray[np.uint32], bands: int, rows: int) -> npt.NDArray[np.uint64]:
    """One hash a band of a signature, uint64, shape (n, bands).

    Two are equal where the `rows` values of that band are; those of different bands differ.
    """
    from factory.shingles import kernel

    if bands < 1 or rows < 1 or bands * rows > signature.shape[1]:
        raise ValueError(f"{bands} bands of {rows} rows do not fit {signature.shape[1]} values")
    found = np.empty((len(signature), bands), np.uint64)
    kernel.band_rows(np.ascontiguousarray(signature, np.uint32), rows, found)
    return found


def as_texts(texts: Sequence[str | None]) -> pa.LargeStringArray:
    """Python strings as an Arrow array; a lone surrogate, which UTF-8 lacks, is three bad bytes."""
    raw = [None if text is None else text.encode("utf-8", "surrogatepass") for text in texts]
    return pa.array(raw, pa.large_binary()).view(pa.large_string())


@cache
def permutations(num_perm: int, seed: int) -> npt.NDArray[np.uint32]:
    """Datasketch's factors and shifts of the scheme affine32, uint32, shape (2, num_perm)."""
    draw = np.random.RandomState(seed)
    factors = draw.randint(0, 1 << 31, num_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    drawn = np.array([factors, draw.randint(0, 1 << 32, num_perm, dtype=np.uint32)])
    drawn.flags.writeable = False
    return drawn


@cache
def _padded(num_perm: int, seed: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    wide = np.zeros((2, -(-num_perm // _BLOCK) * _BLOCK), np.uint32)
    wide[:, :num_perm] = permutations(num_perm, seed)
    return wide[0].copy(), wide[1].copy()


@cache
def _table() -> npt.NDArray[np.uint32]:
    return characters().copy()


def _filled(
    fill: Callable[..., int], offsets: npt.NDArray[np.int64], kinds: Sequence[type]
) -> tuple[npt.NDArray[np.int64], list[npt.NDArray[Any]]]:
    """What `fill` writes for each row, with more room each time that it comes to a row without.

    Numpy's large arrays are made of huge pages, which numba's are not, and what is not written to
    is not memory yet.
    """
    count = offsets.size - 1
    found = np.zeros(count + 1, np.int64)
    room = int(offsets[-1] - offsets[0]) // 4 + count + 64
    arrays: list[npt.NDArray[Any]] = [np.empty(room, kind) for kind in kinds]
    row = 0
    while (row := fill(found, row, *arrays)) < count:
        used = int(found[row])
        room = max(2 * room, used + int(offsets[row + 1] - offsets[row]) + 1)
        larger: list[npt.NDArray[Any]] = [np.empty(room, kind) for kind in kinds]
        for new, old in zip(larger, arrays, strict=True):
            new[:used] = old[:used]
        arrays = larger
    return found, [array[: found[-1]] for array in arrays]
