"""What a mixture looks at in rows: hashes of ids, lengths, modes, topics, students."""

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from factory.records import MODES
from factory.seeds import digest

Bools = npt.NDArray[np.bool_]


def hashes(ids: pa.ChunkedArray, *key: object) -> npt.NDArray[np.uint64]:
    """A hash of each id, uint64, shape (n,); the same wherever the row lies."""
    salted = blake2b(digest_size=8, key=digest(*key).encode())
    found = bytearray()
    for each in ids.to_pylist():
        state = salted.copy()
        state.update(each.encode())
        found += state.digest()
    return np.frombuffer(found, "<u8").astype(np.uint64)


def lengths(table: pa.Table) -> npt.NDArray[np.int64]:
    """UTF-8 bytes of each answer, shape (n,)."""
    found: npt.NDArray[np.int64] = pc.binary_length(table["output"]).to_numpy().astype(np.int64)
    return found


def modes(table: pa.Table) -> npt.NDArray[np.int8]:
    """The place of each row's mode in `MODES`, shape (n,)."""
    found = pc.index_in(table["reasoning"], pa.array(MODES)).to_numpy()
    places: npt.NDArray[np.int8] = found.astype(np.int8)
    return places


def codes(column: pa.ChunkedArray, names: dict[str, int]) -> npt.NDArray[np.int32]:
    """The number of each text, shape (n,); new ones get the next number in `names`."""
    encoded = pc.fill_null(column, "").combine_chunks().dictionary_encode()
    own = [names.setdefault(each, len(names)) for each in encoded.dictionary.to_pylist()]
    found: npt.NDArray[np.int32] = np.array(own, np.int32)[encoded.indices.to_numpy()]
    return found


def counts(column: pa.ChunkedArray) -> dict[str, int]:
    """How often each text stands; null counts as empty."""
    found = pc.value_counts(pc.fill_null(column, ""))
    return {each["values"]: each["counts"] for each in found.to_pylist()}


def is_meant_for(table: pa.Table, student: str) -> Bools:
    """Which rows are meant for a student; released rows spell the list in several ways."""
    if not student:
        return np.ones(len(table), np.bool_)
    told = pl.Series(table["used_in_training"]).fill_null("").str.to_lowercase()
    found: Bools = told.str.contains(student.lower(), literal=True).to_numpy()
    return found
