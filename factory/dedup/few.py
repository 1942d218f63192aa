"""Duplicates among texts in memory, on the kernels that a whole corpus is compared with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from factory.dedup.bandfile import order_bits
from factory.dedup.buckets import arrange, largest_bucket, pair_rows
from factory.dedup.candidates import larger, smaller
from factory.dedup.check import compare
from factory.dedup.columns import F64, I64, U32, U64
from factory.dedup.exact import Duplicate
from factory.dedup.resolve import decide
from factory.dedup.sorting import NO_KEYS, find_runs, sort_positions
from factory.shingles import as_texts, shingle_hash32, shingle_sets, sketch, text_hashes

if TYPE_CHECKING:
    import datasketch

    from factory.dedup.minhash import MinHash

_FEW = 64
"""Texts up to which comparing all pairs costs less than their signatures."""


def exact_duplicates(texts: Sequence[str]) -> list[Duplicate | None]:
    """For each text the earlier one that it repeats but for case and white space."""
    if len(texts) < 2:
        return [None] * len(texts)
    first: dict[tuple[int, int], int] = {}
    hashes = text_hashes(as_texts(texts)).tolist()
    twins = [first.setdefault((high, low), place) for place, (high, low) in enumerate(hashes)]
    return [
        None if twin == place else Duplicate(twin=twin, similarity=1.0)
        for place, twin in enumerate(twins)
    ]


def near_duplicates(method: "MinHash", texts: Sequence[str]) -> list[Duplicate | None]:
    """For each text the most similar kept one before it; of several, the first.

    More than a few texts are compared as rows of a corpus are: of equal sets the first stands for
    the others, and buckets of very many texts are compared in linear time.
    """
    if len(texts) < 2:
        return [None] * len(texts)
    array = as_texts(texts)
    offsets, values = shingle_sets(array, method.shingling())
    if len(texts) <= _FEW:
        best = np.arange(len(texts))
        one, other = (each.astype(np.uint32) for each in np.triu_indices(len(texts), 1))
    else:
        best, one, other = _candidates(method, array)
    found = np.empty(len(one), np.float64)
    begins, ends = offsets[:-1].copy(), offsets[1:].copy()
    compare(one.astype(np.int64), other.astype(np.int64), begins, ends, values, found)
    edges = found >= method.threshold
    pairs = other[edges].astype(np.uint64) << np.uint64(32) | one[edges]
    return _decide(pairs, found[edges], best)


def datasketch_minhash(method: "MinHash", text: str) -> "datasketch.MinHash":
    """A text's signature as an object of datasketch's."""
    import datasketch

    found = sketch(as_texts([text]), method.shingling(), method.num_perm, method.seed)
    return datasketch.MinHash(
        num_perm=method.num_perm,
        seed=method.seed,
        hashvalues=found.signature[0],
        hashfunc=shingle_hash32,
        scheme="affine32",
    )


def _candidates(method: "MinHash", texts: pa.Array) -> tuple[I64, U32, U32]:
    """The text that stands for each, and the pairs of those that share a band."""
    bands, rows = method.cut
    found = sketch(texts, method.shingling(), method.num_perm, method.seed, bands=bands, rows=rows)
    high, low = (np.ascontiguousarray(found.set_hash[:, i]) for i in (0, 1))
    members, starts = find_runs(sort_positions(high), high, low)
    best = np.arange(len(texts))
    best[members] = np.repeat(members[starts[:-1]], np.diff(starts))
    chosen = np.flatnonzero(best == np.arange(len(texts)))
    orders = np.empty((len(texts), bands), np.uint32)
    order_bits(found.signature, bands, rows, orders)
    pairs = [np.empty(0, np.uint64)]
    most = largest_bucket(method.max_bucket_pairs)
    for band in range(bands):
        keys = found.band_keys[chosen, band]
        members, starts = find_runs(sort_positions(keys), keys, NO_KEYS)
        near = chosen[members].astype(np.uint32)
        arrange(near, orders[near, band], starts, most)
        pairs += pair_rows(near, starts, most)
    distinct = np.unique(np.concatenate(pairs))
    return best, smaller(distinct), larger(distinct)


def _decide(pairs: U64, similarities: F64, best: I64) -> list[Duplicate | None]:
    """Greedily, in order; a text that another stands for goes with it, or for its sake."""
    order = np.argsort(pairs)
    kept, twin = np.ones(len(best), np.uint8), np.zeros(len(best), np.uint32)
    similarity = np.zeros(len(best))
    decide(pairs[order], similarities[order], kept, twin, similarity)
    found: list[Duplicate | None] = [
        None if stays else Duplicate(twin=int(each), similarity=float(near))
        for stays, each, near in zip(kept, twin, similarity, strict=True)
    ]
    for place in np.flatnonzero(best != np.arange(len(best))):
        first = int(best[place])
        found[place] = found[first] or Duplicate(twin=first, similarity=1.0)
    return found
