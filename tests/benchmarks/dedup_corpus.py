"""A corpus of any size with labelled duplicates, written as parquet in bounded memory.

    python -m tests.benchmarks.dedup_corpus OUT --rows 1000000 [--words 232] [--seed 1] [--files 8]

OUT becomes a directory of parquet files with the columns `id`, `text`, `family` (the cluster that a
row was made for), `member` (its number there, 0 for the original) and `kind`:

    unique    a text of its own                     short     one of 5 to 30 words
    exact     copies, byte for byte                 folded    copies in other case and white space
    near      one to three texts edited from one    chain     each edited from the one before
    cluster   thousands edited a little from one    template  a form with changing numbers
    popular   one text that a great many rows share

Almost half of the near duplicates and three of five templates aim at a Jaccard similarity of word
5-grams between 0.7 and 0.8. Relatives stand anywhere in the corpus. The plain style is words
parted by single spaces, so that every tool has the same idea of a word 5-gram; `--style prose` has
sentences, capitals, commas and paragraphs.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks import dedup_words as made

SHARES: Final[dict[str, float]] = {
    "unique": 0.54, "short": 0.02, "exact": 0.06, "folded": 0.03, "near": 0.22,
    "chain": 0.05, "cluster": 0.03, "template": 0.04, "popular": 0.01,
}  # fmt: skip
SCHEMA: Final = pa.schema(
    [
        ("id", pa.int64()),
        ("text", pa.large_string()),
        ("family", pa.int64()),
        ("member", pa.int32()),
        ("kind", pa.string()),
    ]
)
ROW_GROUP: Final = 10_000
VERSION: Final = 1
"""To be raised when a spec gives other bytes than before: corpora are kept by their names."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What a corpus is a function of."""

    rows: int
    words: int = 232
    """Words in a text, on average."""
    seed: int = 1
    style: Literal["plain", "prose"] = "plain"

    @property
    def name(self) -> str:
        """Of its directory, where several are kept."""
        return f"{self.style}-{self.rows}x{self.words}-seed{self.seed}-v{VERSION}"


@dataclass(frozen=True)
class Plan:
    """Who stands where, and what it is, in 20 bytes a row."""

    kinds: np.ndarray  # uint8, one a family
    lengths: np.ndarray  # int32, words, one a family
    families: np.ndarray  # int32, one a row
    members: np.ndarray  # int32, one a row

    def rows(self, start: int, stop: int) -> np.ndarray:
        """What `write_rows` takes."""
        family = self.families[start:stop]
        columns = self.kinds[family], family, self.members[start:stop], self.lengths[family]
        return np.stack([column.astype(np.int64) for column in columns], axis=1)


def plan(spec: Spec) -> Plan:
    """Families of all kinds, their rows in random order."""
    draw = np.random.Generator(np.random.Philox(spec.seed))
    sizes = {kind: _sizes(draw, kind, round(spec.rows * SHARES[kind])) for kind in SHARES}
    missing = spec.rows - sum(int(size.sum()) for size in sizes.values())
    sizes["unique"] = np.ones(max(len(sizes["unique"]) + missing, 0), dtype=np.int64)
    size = np.concatenate(list(sizes.values()))
    codes = [np.full(len(s), made.KINDS.index(kind), np.uint8) for kind, s in sizes.items()]
    kinds = np.concatenate(codes)
    spread = np.exp(draw.normal(-(0.45**2) / 2, 0.45, len(size)))
    lengths = np.clip(np.rint(spec.words * spread), 24, 5 * spec.words)
    short = kinds == made.SHORT
    lengths[short] = draw.integers(5, 31, short.sum())
    families = np.repeat(np.arange(len(size), dtype=np.int32), size)[: spec.rows]
    begins = np.cumsum(size) - size
    members = np.arange(len(families)) - begins[families]
    order = draw.permutation(spec.rows)
    return Plan(kinds, lengths.astype(np.int32), families[order], members[order].astype(np.int32))


def _sizes(draw: np.random.Generator, kind: str, rows: int) -> np.ndarray:
    """How many rows each family of a kind has, about `rows` in all."""
    low, high = {
        "unique": (1, 1),
        "short": (1, 1),
        "folded": (2, 3),
        "chain": (4, 8),
        "template": (min(20, rows // 2), min(200, rows // 2)),
        "cluster": (max(2, min(2_000, rows // 2)),) * 2,
        "popular": (max(2, rows // 2),) * 2,
    }.get(kind, (2, 4))
    sizes = draw.integers(low, high + 1, rows // low + 1)
    return sizes[: np.searchsorted(np.cumsum(sizes), rows, side="right")]


def batches(spec: Spec, threads: int = 2) -> Iterator[pa.RecordBatch]:
    """The rows in order, a row group at a time; nothing is held but what is being made."""
    whole = plan(spec)
    starts = range(0, spec.rows, ROW_GROUP)
    with ThreadPoolExecutor(threads) as pool:
        ahead = [pool.submit(_batch, spec, whole, start) for start in starts[: threads + 1]]
        for next_start in [*starts[threads + 1 :], *[None] * len(ahead)]:
            yield ahead.pop(0).result()
            if next_start is not None:
                ahead.append(pool.submit(_batch, spec, whole, next_start))


def _batch(spec: Spec, whole: Plan, start: int) -> pa.RecordBatch:
    rows = whole.rows(start, min(start + ROW_GROUP, spec.rows))
    target = np.empty(made.room_for(rows), dtype=np.uint8)
    offsets = np.zeros(len(rows) + 1, dtype=np.int64)
    tables = made.stock(spec.seed).tables
    made.write_rows(tables, spec.seed, rows, spec.style == "prose", target, offsets)
    letters = target[: offsets[-1]].copy()
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(letters)]
    text = pa.LargeStringArray.from_buffers(len(rows), buffers[1], buffers[2])
    kinds = pa.DictionaryArray.from_arrays(rows[:, 0].astype(np.int8), list(made.KINDS))
    ids = np.arange(start, start + len(rows))
    columns = [ids, text, rows[:, 1], rows[:, 2].astype(np.int32), kinds.cast(pa.string())]
    return pa.record_batch(columns, schema=SCHEMA)


def write_corpus(spec: Spec, folder: Path, files: int = 8) -> Path:
    """Write the corpus as parquet; a directory that is there is taken as it is."""
    if folder.exists():
        return folder
    building = folder.with_name(f"{folder.name}.building")
    building.mkdir(parents=True, exist_ok=True)
    per_file = -(-spec.rows // files // ROW_GROUP) * ROW_GROUP or ROW_GROUP
    writer, done = None, 0
    for batch in batches(spec):
        if done % per_file == 0:
            if writer:
                writer.close()
            path = building / f"part-{done // per_file:05}.parquet"
            writer = pq.ParquetWriter(
                path, SCHEMA, compression="zstd", compression_level=1, use_dictionary=["kind"]
            )
        assert writer
        writer.write_batch(batch)
        done += len(batch)
    if writer:
        writer.close()
    return building.rename(folder)


def add_spec_options(parser: argparse.ArgumentParser, rows: int) -> None:
    """The options that a corpus is a function of, for every benchmark that makes one."""
    parser.add_argument("--rows", type=int, nargs="+", default=[rows], help="one or more sizes")
    parser.add_argument("--words", type=int, default=232, help="words in a text, on average")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--style", choices=("plain", "prose"), default="plain")


def specs(options: argparse.Namespace) -> Sequence[Spec]:
    """What those options say, one corpus for each number of rows."""
    return [
        Spec(rows=rows, words=options.words, seed=options.seed, style=options.style)
        for rows in options.rows
    ]


def main() -> None:
    """Write one corpus and say what it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--files", type=int, default=8)
    add_spec_options(parser, 100_000)
    options = parser.parse_args()
    for spec in specs(options):
        started = time.perf_counter()
        folder = write_corpus(
            spec, options.out / spec.name if len(options.rows) > 1 else options.out, options.files
        )
        size = sum(path.stat().st_size for path in folder.iterdir())
        seconds = time.perf_counter() - started
        print(f"{folder}: {spec.rows:,} rows, {size / 1e6:,.0f} MB on disk, {seconds:.1f} s")


if __name__ == "__main__":
    main()
