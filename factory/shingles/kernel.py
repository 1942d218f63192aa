"""From the buffers of an Arrow array to hashes, row by row, in one native pass each.

Every function here runs without Python's lock and has its own work space, so that threads may run
it at once. Work space is sized to the largest row up to a megabyte; a longer row has its own, which
goes when the row is done.

Arrays go from function to function one by one: numba counts references to what a tuple or a view
holds, which costs a row as much as all of its shingles.
"""

import numpy as np

from factory.shingles.hashing import (
    U64,
    Array,
    Int,
    band_hash,
    ngram_hashes,
    text_hash,
    token_hash,
)
from factory.shingles.lanes import SLACK, native, part
from factory.shingles.overlap import jaccard as jaccard
from factory.shingles.scanning import (
    ROOM,
    find_tokens,
    hash_characters,
    hash_tokens,
    normalise,
)
from factory.shingles.signing import LANES, MOST, write_sketch
from factory.shingles.sorting import TABLE, distinct, sort_hashes

_SHARED = 1 << 20


@part
def work_space(size: Int) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
    """Arrays for a row of at most `size` bytes; what is not written is not memory yet.

    The folded text, the normalised text, the state of `find_tokens`, starts, stops, hashes, and the
    table of `distinct`.
    """
    return (
        np.empty(size + SLACK, np.uint8),
        np.empty(size + SLACK, np.uint8),
        np.empty(4, np.int64),
        np.empty(ROOM, np.int64),
        np.empty(ROOM, np.int64),
        np.empty(size + SLACK, np.uint64),
        np.empty(TABLE, np.uint64),
    )


@part
def largest(offsets: Array) -> Int:
    """Bytes of the longest row that shares the work space."""
    size = 0
    for row in range(offsets.size - 1):
        length = offsets[row + 1] - offsets[row]
        if size < length <= _SHARED:
            size = length
    return size


@part
def row_shingles(
    data: Array, start: Int, stop: Int, characters: Array, char: bool, ngram: Int,
    text: Array, normal: Array, state: Array, starts: Array, stops: Array, hashes: Array,
    table: Array,
) -> Int:  # fmt: skip
    """Write the distinct shingle hashes of `data[start:stop]` to `hashes`; returns how many."""
    if char:
        length = normalise(data, start, stop, characters, text, state, starts, stops, normal)
        count = hash_characters(normal, length, hashes)
    else:
        count = hash_tokens(data, start, stop, characters, text, state, starts, stops, hashes)
    if count == 0:
        hashes[0] = token_hash(text, 0, 0)
        count = 1
    count = ngram_hashes(hashes, count, ngram)
    return distinct(hashes, count, table)


@part
def long_shingles(
    data: Array, start: Int, stop: Int, characters: Array, char: bool, ngram: Int
) -> tuple[Int, Array]:
    """As `row_shingles`, in work space of its own: how many hashes, and they."""
    text, normal, state, starts, stops, hashes, table = work_space(stop - start)
    count = row_shingles(
        data, start, stop, characters, char, ngram,
        text, normal, state, starts, stops, hashes, table,
    )  # fmt: skip
    return count, hashes


@native
def sketch_rows(
    data: Array, offsets: Array, valid: Array, characters: Array, char: bool, ngram: Int,
    factors: Array, shifts: Array, bands: Int, rows: Int,
    num_shingles: Array, set_hashes: Array, signature: Array, keys: Array,
) -> None:  # fmt: skip
    """Sketch every row; `signature` and `keys` may have no columns, and are then left out."""
    lanes = np.empty(LANES, np.uint32)
    minima = np.empty(factors.size, np.uint32)
    text, normal, state, starts, stops, hashes, table = work_space(largest(offsets))
    for row in range(offsets.size - 1):
        start, stop = offsets[row], offsets[row + 1]
        if not valid[row]:
            num_shingles[row] = 0
            set_hashes[row, 0] = set_hashes[row, 1] = U64(0)
            for i in range(signature.shape[1]):
                signature[row, i] = MOST
            for band in range(bands):
                keys[row, band] = U64(0)
        elif stop - start <= _SHARED:
            count = row_shingles(
                data, start, stop, characters, char, ngram,
                text, normal, state, starts, stops, hashes, table,
            )  # fmt: skip
            write_sketch(
                hashes, count, row, factors, shifts, lanes, minima, bands, rows,
                num_shingles, set_hashes, signature, keys,
            )  # fmt: skip
        else:
            count, own = long_shingles(data, start, stop, characters, char, ngram)
            write_sketch(
                own, count, row, factors, shifts, lanes, minima, bands, rows,
                num_shingles, set_hashes, signature, keys,
            )  # fmt: skip


@native
def set_rows(
    data: Array, offsets: Array, valid: Array, characters: Array, char: bool, ngram: Int,
    found: Array, first: Int, values: Array,
) -> Int:  # fmt: skip
    """Write the sorted distinct shingle hashes of the rows from `first` on, while there is room.

    Args:
        data: the bytes of all rows.
        offsets: where each begins.
        valid: which are not null.
        characters: the table of `unicode.characters`.
        char: whether a token is a character.
        ngram: tokens in a shingle.
        found: `found[first]` is where to go on; row i has `values[found[i]:found[i + 1]]`.
        first: row to go on with.
        values: receives the hashes.

    Returns:
        The first row that had no room.
    """
    text, normal, state, starts, stops, hashes, table = work_space(largest(offsets))
    for row in range(first, offsets.size - 1):
        start, stop = offsets[row], offsets[row + 1]
        total = found[row]
        if not valid[row]:
            found[row + 1] = total
            continue
        if stop - start <= _SHARED:
            count = row_shingles(
                data, start, stop, characters, char, ngram,
                text, normal, state, starts, stops, hashes, table,
            )  # fmt: skip
            fits = write_set(hashes, count, table, values, total)
        else:
            count, own = long_shingles(data, start, stop, characters, char, ngram)
            fits = write_set(own, count, table, values, total)
        if not fits:
            return row
        found[row + 1] = total + count
    return offsets.size - 1


@part
def write_set(hashes: Array, count: Int, table: Array, values: Array, total: Int) -> bool:
    """Write the hashes in order to `values[total:]`, where they have room."""
    if total + count > values.size:
        return False
    sort_hashes(hashes, count, table)
    for i in range(count):
        values[total + i] = hashes[i]
    return True


@native
def text_rows(data: Array, offsets: Array, valid: Array, characters: Array, out: Array) -> None:
    """The 128-bit hash of each row folded in case and white space, 0 for a null."""
    text, normal, state, starts, stops, _, _ = work_space(largest(offsets))
    for row in range(offsets.size - 1):
        start, stop = offsets[row], offsets[row + 1]
        if not valid[row]:
            out[row, 0] = out[row, 1] = U64(0)
        elif stop - start <= _SHARED:
            length = normalise(data, start, stop, characters, text, state, starts, stops, normal)
            out[row, 0], out[row, 1] = text_hash(normal, length)
        else:
            folded, own, _, _, _, _, _ = work_space(stop - start)
            length = normalise(data, start, stop, characters, folded, state, starts, stops, own)
            out[row, 0], out[row, 1] = text_hash(own, length)


@native
def token_rows(
    data: Array, offsets: Array, valid: Array, characters: Array,
    found: Array, first: Int, hashes: Array, firsts: Array, ends: Array,
) -> Int:  # fmt: skip
    """Write hashes and spans of the tokens of the rows from `first` on, as `set_rows` does."""
    text, _, state, starts, stops, _, _ = work_space(largest(offsets))
    for row in range(first, offsets.size - 1):
        start, stop = offsets[row], offsets[row + 1]
        total = found[row]
        if not valid[row]:
            found[row + 1] = total
            continue
        if stop - start <= _SHARED:
            count = write_tokens(
                data, start, stop, characters, text, state, starts, stops,
                hashes, firsts, ends, total,
            )  # fmt: skip
        else:
            own = np.empty(stop - start + SLACK, np.uint8)
            count = write_tokens(
                data, start, stop, characters, own, state, starts, stops,
                hashes, firsts, ends, total,
            )  # fmt: skip
        if count < 0:
            return row
        found[row + 1] = total + count
    return offsets.size - 1


@part
def write_tokens(
    data: Array, start: Int, stop: Int, characters: Array,
    text: Array, state: Array, starts: Array, stops: Array,
    hashes: Array, firsts: Array, ends: Array, total: Int,
) -> Int:  # fmt: skip
    """Write hashes and spans of a row's tokens from `total` on; how many, or -1 without room."""
    state[0], state[1], state[2], state[3] = start, 0, 0, 0
    done = total
    while state[0] < stop:
        count = find_tokens(data, start, stop, characters, False, text, state, starts, stops)
        if done + count > hashes.size:
            return -1
        for i in range(count):
            place = starts[i]
            hashes[U64(done + i)] = token_hash(text, place, stops[i] - place)
            firsts[U64(done + i)] = place
            ends[U64(done + i)] = stops[i]
        starts[0] = starts[count]
        done += count
    return done - total


@native
def band_rows(signature: Array, rows: Int, keys: Array) -> None:
    """The hashes of the bands of each signature."""
    for row in range(signature.shape[0]):
        values = signature[row]
        for band in range(keys.shape[1]):
            keys[row, band] = band_hash(values, band, rows)


@part
def grown(values: Array, total: Int, more: Int) -> Array:
    """The array itself where `more` values fit after the first `total`, or a larger copy."""
    if total + more <= values.size:
        return values
    larger = np.empty(max(2 * values.size, total + more), values.dtype)
    for i in range(total):
        larger[i] = values[i]
    return larger
