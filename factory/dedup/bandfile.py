"""The band keys of a part's rows, sorted: what the rows that share a band are found by.

Beside each key stands the row, and 32 single bits of other values of its signature: sorted by
them, rows that resemble each other stand together, by which a bucket of very many rows is compared.
A file holds its rows in chunks, each with one record batch a band, in the order of the keys.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from factory.dedup.columns import U32, U64, Batch, bounds, flat, read_batches
from factory.dedup.sorting import key_order, mix
from factory.shingles.lanes import native

BANDS = {"key": pa.uint64(), "local": pa.uint32(), "order": pa.uint32()}
CHUNK = 1 << 17
"""Rows of a chunk, about: 44 MB with 21 bands."""
_BITS = 32
_BIT = np.uint32(3)
"""Any of the lower ones: minima have few high bits."""
_ONE = np.uint64(1)


def write_chunk(append: Callable[[Batch], None], keys: U64, locals: U32, orders: U32) -> None:
    """Write the bands of some rows of a part.

    Args:
        append: of a `column_file` of `BANDS`.
        keys: uint64, shape (n, bands).
        locals: their rows in the part, shape (n,).
        orders: from `order_bits`, shape (n, bands).
    """
    for band in range(keys.shape[1]):
        column = np.ascontiguousarray(keys[:, band])
        order = key_order(column)
        append({"key": column[order], "local": locals[order], "order": orders[order, band]})


def read_band(
    path: Path, band: int, num_bands: int, low: int, high: int
) -> Iterator[tuple[U64, U32, U32]]:
    """Keys in [low, high) of a band with their rows in the part and order, chunk by chunk."""
    for batch in read_batches(path)[band::num_bands]:
        keys = flat(batch, "key")
        chosen = bounds(keys, low, high)
        yield keys[chosen], flat(batch, "local")[chosen], flat(batch, "order")[chosen]


@native
def order_bits(signature: npt.NDArray[np.uint32], bands: int, rows: int, out: U32) -> None:
    """One bit each of the 32 values of a signature that follow a band, shape (n, bands)."""
    size = signature.shape[1]
    words = np.empty(size // _BITS + 3, np.uint64)
    for row in range(signature.shape[0]):
        place = 0
        for word in range(len(words)):  # the values again after the last: a band follows all
            bits = np.uint64(0)
            for _ in range(_BITS):
                bits = bits << np.uint64(1) | np.uint64(signature[row, place] >> _BIT) & _ONE
                place = place + 1 if place + 1 < size else 0
            words[word] = bits
        for band in range(bands):
            first = (band + 1) * rows
            word, shift = first // _BITS, np.uint64(_BITS - first % _BITS)
            both = words[word] << np.uint64(_BITS) | words[word + 1]
            out[row, band] = np.uint32(both >> shift)


@native
def mix_groups(keys: U64, groups: U64) -> None:
    """Let hashes agree only where the groups do, too; keys of shape (n, any)."""
    for row in range(keys.shape[0]):
        if groups[row] != 0:
            for column in range(keys.shape[1]):
                keys[row, column] = mix(keys[row, column] ^ groups[row])
