"""The bytes of an Arrow array of texts, as the kernels take them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Buffers = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.bool_]]
LONGEST = 2**32 - 1024
"""Bytes of the longest text: places in it are told in 32 bits."""


def text_buffers(texts: Any) -> Buffers:
    """Bytes, offsets and validity of an array of texts, without a copy of the bytes.

    Returns:
        The bytes, shape (num_bytes,), read-only; offsets, shape (n + 1,): text i has those from
        `offsets[i]` to `offsets[i + 1]`; whether it is not null, shape (n,).

    Raises:
        TypeError: it is no array, or not of strings or binaries.
        ValueError: a text is of 4 GiB or more, or lies outside the buffer.
    """
    if not isinstance(texts, pa.Array):
        raise TypeError(f"texts must be a pyarrow.Array, got {type(texts).__name__}")
    texts = _plain(texts)
    kind = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    _, places, data = texts.buffers()
    count = len(texts)
    offsets = np.zeros(1, np.int64)
    if count:
        skipped = texts.offset * np.dtype(kind).itemsize
        offsets = np.frombuffer(places, kind, count + 1, skipped).astype(np.int64)
    valid = np.ones(count, np.bool_)
    if texts.null_count:
        valid = texts.is_valid().to_numpy(zero_copy_only=False)
    raw = np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    # Buffers of Arrow are read-only or not, and numba would compile for each.
    raw.flags.writeable = False
    _check(offsets, raw.size)
    return raw, offsets, valid


def _plain(texts: Any) -> Any:
    """The array with offsets of 32 or 64 bits, its bytes unchecked."""
    types, kind = pa.types, texts.type
    if types.is_dictionary(kind):
        return _plain(texts.dictionary_decode())
    if types.is_string(kind) or types.is_large_string(kind):
        return texts
    if types.is_binary(kind):
        return texts.view(pa.string())
    if types.is_large_binary(kind):
        return texts.view(pa.large_string())
    if types.is_string_view(kind) or types.is_null(kind):
        return texts.cast(pa.large_string())
    if types.is_binary_view(kind) or types.is_fixed_size_binary(kind):
        return texts.cast(pa.large_binary()).view(pa.large_string())
    raise TypeError(f"texts must be strings or binaries, got {kind}")


def _check(offsets: npt.NDArray[np.int64], size: int) -> None:
    lengths = np.diff(offsets)
    longest = int(lengths.max(initial=0))
    if longest > LONGEST:
        raise ValueError(f"a text has {longest} bytes; compare texts of at most {LONGEST}")
    if lengths.min(initial=0) < 0 or offsets[0] < 0 or offsets[-1] > size:
        raise ValueError(f"an array of texts is damaged: its offsets leave its {size} bytes")
