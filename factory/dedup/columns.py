"""Flat arrays in Arrow IPC files: written whole, read where they lie, slice by slice.

Whatever the stages exchange is such a file of sorted arrays. A reader maps it and copies only the
range of keys that it works on, so that its memory depends on that range and not on the rows.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from factory import store
from factory.errors import PartError

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint8]
Array = npt.NDArray[Any]


Batch = Mapping[str, Array | pa.Array]


@contextlib.contextmanager
def column_file(path: Path, kinds: Mapping[str, pa.DataType]) -> Iterator[Callable[[Batch], None]]:
    """A new file of columns: what it yields appends a record batch of arrays by name.

    The file is renamed into place at the end; nothing is left of it after a failure.

    Raises:
        RunError: the file cannot be written.
    """
    schema = pa.schema(list(kinds.items()))
    with store.new_file(path) as file, pa.ipc.new_file(file, schema) as writer:

        def append(batch: Batch) -> None:
            arrays = [pa.array(batch[name], type=kind) for name, kind in kinds.items()]
            writer.write_batch(pa.record_batch(arrays, schema=schema))

        yield append


def write_columns(path: Path, batches: Iterable[Batch], kinds: Mapping[str, pa.DataType]) -> None:
    """Write a file of columns at once, one record batch for each mapping of arrays."""
    with column_file(path, kinds) as append:
        for batch in batches:
            append(batch)


def read_batches(path: Path) -> list[pa.RecordBatch]:
    """The record batches of a file, mapped and not read.

    Raises:
        PartError: missing or damaged.
    """
    try:
        with pa.memory_map(bytes(path)) as file, pa.ipc.open_file(file) as reader:
            return [reader.get_batch(number) for number in range(reader.num_record_batches)]
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:120]
        raise PartError(
            f"{path}: damaged working file ({reason}); delete it and run the same command again"
        ) from error


def read_column(path: Path, name: str, kind: npt.DTypeLike) -> Array:
    """One column of a file as one array of the given type, a copy."""
    found = [flat(batch, name) for batch in read_batches(path)]
    return np.concatenate([np.empty(0, kind), *found])


def flat(batch: pa.RecordBatch, name: str) -> Array:
    """A column as an array over the mapped bytes."""
    array: Array = batch.column(name).to_numpy(zero_copy_only=True)
    return array


def key_range(number: int, of: int) -> tuple[int, int]:
    """The bounds [low, high) of one of a power of two of equal ranges of 64-bit keys."""
    width = (1 << 64) // of
    return number * width, (number + 1) * width


def bounds(keys: Array, low: int, high: int) -> slice:
    """Where the keys of [low, high) lie in a sorted array."""
    start = int(np.searchsorted(keys, np.uint64(low)))
    stop = len(keys) if high >> 64 else int(np.searchsorted(keys, np.uint64(high)))
    return slice(start, stop)
