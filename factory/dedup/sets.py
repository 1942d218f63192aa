"""The shingle sets of the rows that stand in a pair, in one file.

Every row's place in it is known beforehand, from the sizes that the sketches counted, so that each
part writes its own, whenever it comes.
"""

from typing import Any

import numpy as np

from factory.corpus import TextBatch, read_texts
from factory.dedup.bits import rows_between
from factory.dedup.columns import I64, U32, Array, Flags, flat, read_batches
from factory.dedup.comparison import Comparison
from factory.dedup.mapped import Mapped, make_file, write_at
from factory.dedup.minhash import MinHash
from factory.errors import PartError
from factory.shingles import shingle_sets


def write_sizes(comparison: Comparison) -> None:
    """Gather the sizes of all rows' sets into one file."""
    path = comparison.work / "sizes.bin"
    make_file(path, 4 * comparison.num_rows)
    for number, base in enumerate(comparison.bases[:-1]):
        for batch in read_batches(comparison.path("rows", number)):
            write_at(path, base, flat(batch, "size"))
            base += len(batch)


def place_sets(comparison: Comparison, bits: Flags) -> list[int]:
    """Make the files; where the sets of each part begin, in shingles, and end."""
    sizes = Mapped(comparison.work / "sizes.bin", np.uint32)
    places = [0]
    for start, stop in zip(comparison.bases, comparison.bases[1:], strict=False):
        rows = rows_between(bits, start, stop)
        places.append(places[-1] + int(sizes.array[rows].sum(dtype=np.int64)))
        sizes.release()
    make_file(comparison.work / "sets.bin", 8 * places[-1])
    make_file(comparison.work / "starts.bin", 8 * comparison.num_rows)
    return places


def write_sets(comparison: Comparison, places: list[int], number: int) -> dict[str, int]:
    """Read a part again and write the sets of its rows that stand in a pair."""
    start, stop = comparison.bases[number : number + 2]
    bits = np.fromfile(comparison.work / "candidates.bits", np.uint8)
    rows = rows_between(bits, start, stop)
    sizes = Mapped(comparison.work / "sizes.bin", np.uint32).array[rows]
    begins = places[number] + np.cumsum(sizes, dtype=np.int64) - sizes
    starts = np.zeros(stop - start, np.int64)
    starts[rows.astype(np.int64) - start] = begins
    if len(rows):
        locals = rows.astype(np.int64) - start
        for batch in read_texts(comparison.part(number), comparison.columns):
            chosen = slice(*np.searchsorted(locals, [batch.start, batch.start + len(batch.texts)]))
            if chosen.start < chosen.stop:
                _write(comparison, number, batch, locals[chosen], sizes[chosen], begins[chosen])
        write_at(comparison.work / "starts.bin", start, starts)
    return {"sets": len(rows)}


def _write(
    comparison: Comparison, number: int, batch: TextBatch, locals: I64, sizes: U32, begins: I64
) -> None:
    method: Any = comparison.method
    assert isinstance(method, MinHash)
    texts = batch.texts.take(locals - batch.start)
    offsets, values = shingle_sets(texts, method.shingling())
    if not np.array_equal(np.diff(offsets), sizes):
        path = comparison.part(number).path
        raise PartError(
            f"{path}: has changed since it was read first; begin anew with another work directory"
        )
    found: Array = values
    write_at(comparison.work / "sets.bin", int(begins[0]), found)
