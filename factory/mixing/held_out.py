"""Splits that no student is trained on: prompts are held out, never rows.

    [held_out]
    validation = 0.01
    test = 0.01
    near = 0.8

All rows of a prompt stand on one side, with reasoning on and off, of every domain, and so do all
prompts that nearly say the same: these are found over all datasets together, and a chain of them
stays together. Which side a group is on is decided by a hash, so that it is the same however the
data is cut, and for as long as its first prompt is in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from factory.cluster import connect
from factory.corpus import TextColumns, open_corpus
from factory.dedup import KeepPolicy, MinHash
from factory.mixing.gathering import Gathered, read
from factory.mixing.recipe import HeldOut
from factory.progress import Progress
from factory.seeds import digest

SIDES = ("train", "validation", "test")
Keys = npt.NDArray[np.uint64]
_BATCH = 10_000


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Which side each prompt is on."""

    keys: Keys
    """Of the prompts, rising."""
    sides: npt.NDArray[np.int8]
    """Places in `SIDES`."""
    groups: int
    """Prompts that stand for themselves, or for others like them."""

    def of(self, keys: Keys) -> npt.NDArray[np.int8]:
        """The sides of some prompts, which are among them."""
        found: npt.NDArray[np.int8] = self.sides[np.searchsorted(self.keys, keys)]
        return found

    def counts(self) -> dict[str, int]:
        """Prompts by side."""
        return {side: int((self.sides == place).sum()) for place, side in enumerate(SIDES)}


def prompt_keys(turns: pa.ChunkedArray) -> Keys:
    """A hash of what each prompt says, uint64, shape (n,)."""
    found = bytearray()
    for text in _texts(turns):
        found += blake2b(text.encode(), digest_size=8).digest()
    return np.frombuffer(found, "<u8").astype(np.uint64)


def _texts(turns: pa.ChunkedArray) -> list[str]:
    return ["\n\n".join(_said(turn) for turn in each) for each in turns.to_pylist()]


def _said(turn: dict[str, str | None] | None) -> str:
    """Rows of others may have turns that are null, or say nothing."""
    return (turn or {}).get("content") or ""


def hold_out(
    wish: HeldOut,
    seed: int,
    gathered: Iterable[Mapping[str, Gathered]],
    work: Path,
    *,
    workers: int,
    progress: Progress,
) -> Sides:
    """Put every prompt of all datasets on a side.

    Args:
        wish: how many are held out.
        seed: of the mixture.
        gathered: by configuration, `SFT` and `RL`; one of each domain.
        work: for working files.
        workers: processes.
        progress: is told what is done.

    Raises:
        RunError: a file is damaged, or cannot be written.
    """
    path = work / "prompts.parquet"
    keys = _write_prompts(gathered, path)
    order = np.argsort(keys)
    first = np.arange(len(keys))
    if wish.near and len(keys):
        first = _groups(path, wish.near, work / "near", len(keys), workers, progress)
    # The smallest hash of a group stands for it: no order of the files has a part in that.
    smallest = np.full(len(keys), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(smallest, first, keys)
    drawn = _drawn(smallest[first], seed)
    sides = np.zeros(len(keys), np.int8)
    sides[drawn < wish.validation + wish.test] = SIDES.index("validation")
    sides[drawn < wish.test] = SIDES.index("test")
    return Sides(keys=keys[order], sides=sides[order], groups=len(np.unique(first)))


def _drawn(keys: Keys, seed: int) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each key."""
    salted = blake2b(digest_size=8, key=digest(seed, "held_out").encode())
    found = bytearray()
    for key in keys.tolist():
        state = salted.copy()
        state.update(key.to_bytes(8, "little"))
        found += state.digest()
    drawn: npt.NDArray[np.float64] = np.frombuffer(found, "<u8") / 2.0**64
    return drawn


def _write_prompts(gathered: Iterable[Mapping[str, Gathered]], path: Path) -> Keys:
    """Write each prompt once; returns their keys in that order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known: set[int] = set()
    keys: list[int] = []
    waiting: list[str] = []
    with pq.ParquetWriter(path, pa.schema([("text", pa.string())]), compression="zstd") as writer:
        for turns in _prompts(gathered):
            for key, text in zip(prompt_keys(turns).tolist(), _texts(turns), strict=True):
                if key not in known:
                    known.add(key)
                    keys.append(key)
                    waiting.append(text)
            if len(waiting) >= _BATCH:
                writer.write_table(pa.table({"text": waiting}))
                waiting = []
        if waiting:
            writer.write_table(pa.table({"text": waiting}))
    return np.array(keys, np.uint64)


def _prompts(gathered: Iterable[Mapping[str, Gathered]]) -> Iterator[pa.ChunkedArray]:
    for by_kind in gathered:
        for kind, each in by_kind.items():
            for table in read(each, kind, ["input"]):
                yield table["input"]


def _groups(
    path: Path, threshold: float, work: Path, number: int, workers: int, progress: Progress
) -> npt.NDArray[np.int64]:
    """For each prompt, the first of those that it is near to, through any chain of them."""
    from factory.dedup.columns import read_batches
    from factory.dedup.stages import dedup

    corpus = open_corpus(str(path))
    with connect(None, workers, False) as client:
        result = dedup(
            corpus,
            MinHash(threshold=threshold),
            columns=TextColumns(column=("text",)),
            keep=KeepPolicy(),
            work=work,
            client=client,
            progress=progress,
        )
    first = np.arange(number)
    base = 0
    for part, rows in enumerate(result.rows_by_part):
        for batch in read_batches(result.clusters_path(part)):
            found = batch.to_pydict()
            first[base + np.array(found["local"], np.int64)] = found["cluster"]
        base += rows
    return first
