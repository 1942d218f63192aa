"""All pairs of rows whose word 5-grams overlap, by an exact self-join: the truth for dedup.

    python -m tests.benchmarks.dedup_truth CORPUS [--low 0.5]

An implementation of its own, which shares nothing with `factory.dedup` nor with the native half of
`factory.shingles`: ASCII is cut into tokens here, any other text by the plain Python that defines
what a token is (`factory.shingles.tokens`); a shingle is five tokens in a row; a text of fewer is
one shingle, one without tokens the empty one. Shingles are compared by 64-bit hashes.

Rows with equal sets are one group. The join (after Bayardo, Ma and Srikant, "Scaling up all pairs
similarity search", WWW 2007): shingles are ordered by how many groups have them, rare ones first;
two sets with Jaccard >= t share one of the first |x| - ceil(t |x|) + 1 of each, so that only those
are looked up, and every pair that is found is counted out. Nothing is estimated.
"""

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from factory.shingles import tokens
from tests.benchmarks import dedup_join as join

LOW: Final = 0.5


@dataclass(frozen=True)
class Truth:
    """Groups of rows with equal shingle sets, and the pairs of groups that are alike."""

    groups: np.ndarray  # int32, the group of each row
    left: np.ndarray  # int32, groups, one for each pair, the smaller first
    right: np.ndarray  # int32
    jaccard: np.ndarray  # float32, at least `low`, below 1
    low: float

    @property
    def num_groups(self) -> int:
        """How many different sets there are."""
        return int(self.groups.max(initial=-1)) + 1

    def save(self, path: Path) -> None:
        """Write to one file."""
        arrays = {name: getattr(self, name) for name in ("groups", "left", "right", "jaccard")}
        np.savez(path, low=np.float64(self.low), **arrays)

    @classmethod
    def load(cls, path: Path) -> "Truth":
        """What `save` wrote."""
        with np.load(path) as found:
            names = ("groups", "left", "right", "jaccard")
            return cls(*(found[name] for name in names), low=float(found["low"]))


def canonical(text: str) -> str:
    """The tokens of a text, folded in case, joined by single spaces."""
    return " ".join(tokens(text))


def _sets(texts: pa.LargeStringArray) -> tuple[np.ndarray, np.ndarray]:
    """(offsets, sorted distinct shingle hashes) of each text."""
    texts = texts.fill_null("")
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset :][: len(texts) + 1]
    letters = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)
    odd = [i for i in join.not_ascii(letters, offsets) if offsets[i + 1] > offsets[i]]
    sets = join.shingle_sets(letters, offsets, join.ngram())
    return _replaced(sets, texts, odd) if odd else sets


def _replaced(
    sets: tuple[np.ndarray, np.ndarray], texts: pa.Array, odd: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """The same, the sets of some texts made again from tokens that Python cut."""
    rows = np.split(sets[1], sets[0][1:-1])
    for row in odd:
        letters = np.frombuffer(canonical(texts[row].as_py()).encode(), dtype=np.uint8)
        ends = np.array([0, len(letters)], dtype=np.int64)
        rows[row] = join.shingle_sets(letters, ends, join.ngram())[1]
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return offsets, np.concatenate(rows)


def _read(folder: Path, column: str) -> Iterator[pa.LargeStringArray]:
    """The texts of a directory of parquet files, in order."""
    for path in sorted(folder.glob("*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches(10_000, columns=[column]):
            yield batch.column(0).cast(pa.large_string())


def find(batches: Iterator[pa.LargeStringArray], low: float = LOW, threads: int = 2) -> Truth:
    """Join texts with themselves.

    Args:
        batches: the texts in order.
        low: the Jaccard similarity from which pairs are wanted.
        threads: how many join at once.
    """
    groups, values, sizes = _collapse(batches, threads)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    ranks, ends = join.shared_ranks(values, offsets)
    del values
    order = np.argsort(sizes, kind="stable").astype(np.int32)
    index = join.index(ranks, ends, sizes, order, low)
    steps = range(0, len(order), 20_000)
    with ThreadPoolExecutor(threads) as pool:
        found = list(
            pool.map(
                lambda i: join.pairs(ranks, ends, sizes, order, index, low, i, i + 20_000), steps
            )
        )
    left, right, jaccard = (np.concatenate([block[i] for block in found]) for i in range(3))
    return Truth(groups, left, right, jaccard, low)


def _collapse(
    batches: Iterator[pa.LargeStringArray], threads: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(group of each row, the sets of the groups one after the other, their sizes)."""
    known: dict[tuple[int, int], int] = {}
    groups, values, sizes = [], [], []
    with ThreadPoolExecutor(threads) as pool:
        for offsets, hashes in pool.map(_sets, batches):
            names = join.set_names(offsets, hashes)
            new = np.zeros(len(names), dtype=np.bool_)
            for row, name in enumerate(map(tuple, names.tolist())):
                group = known.setdefault(name, len(known))
                new[row] = group == len(sizes)
                if new[row]:
                    sizes.append(int(offsets[row + 1] - offsets[row]))
                groups.append(group)
            values.append(hashes[np.repeat(new, np.diff(offsets))])
    return np.array(groups, np.int32), np.concatenate(values), np.array(sizes, np.int32)


def truth_of(folder: Path, column: str = "text", low: float = LOW) -> Truth:
    """The truth about a corpus, worked out once and kept beside it."""
    path = folder.with_name(f"{folder.name}.truth-{low}.npz")
    if not path.exists():
        find(_read(folder, column), low).save(path)
    return Truth.load(path)


def main() -> None:
    """Join one corpus."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--column", default="text")
    parser.add_argument("--low", type=float, default=LOW)
    options = parser.parse_args()
    started = time.perf_counter()
    truth = truth_of(options.corpus, options.column, options.low)
    print(f"{len(truth.groups):,} rows, {truth.num_groups:,} different sets of shingles")
    print(f"{len(truth.left):,} pairs of them with Jaccard >= {options.low}")
    counts, edges = np.histogram(truth.jaccard, bins=np.arange(round(options.low * 20), 21) / 20)
    for low, count in zip(edges, counts, strict=False):
        print(f"  {low:.2f} to {low + 0.05:.2f}: {count:,}")
    print(f"{time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
