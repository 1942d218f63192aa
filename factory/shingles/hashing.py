"""The hashes of `reference`, natively."""

from typing import Any

import numpy as np
import numpy.typing as npt

from factory.shingles import constants
from factory.shingles.lanes import inlined, load64, product
from factory.shingles.shingling import MOST_TOKENS
from factory.shingles.vectors import combine

U64 = np.uint64
_POWERS = np.array([pow(constants.BASE, n, 2**64) for n in range(MOST_TOKENS)], np.uint64)
_FOLD_LOW = U64(constants.FOLD_LOW)
_FOLD_HIGH = U64(constants.FOLD_HIGH)
_TEXT_LOW = U64(constants.TEXT_LOW)
_TEXT_HIGH = U64(constants.TEXT_HIGH)
_MIX_1 = U64(constants.MIX_1)
_MIX_2 = U64(constants.MIX_2)
_BAND = U64(constants.BAND)
_BAND_STEP = U64(constants.BAND_STEP)
# Of a chunk of n bytes, the bits of its first and of its last eight. Numba does not look whether an
# unsigned place counts from the end.
_LOW = np.array([2 ** (8 * min(n, 8)) - 1 for n in range(17)], np.uint64)
_HIGH = np.array([2 ** (8 * max(n - 8, 0)) - 1 for n in range(17)], np.uint64)

# Numba's integers are not numpy's: mypy is told of arrays, and nothing of what is in them.
Array = npt.NDArray[Any]
Int = Any


@inlined
def signed(value: Int) -> Int:
    """A number as int64: numba turns a sum of uint64 and int64 into a float."""
    return np.int64(value)


@inlined
def mixed(value: Int) -> Int:
    """A bijection of 64 bits in which every bit depends on every other."""
    value = (value ^ (value >> U64(30))) * _MIX_1
    value = (value ^ (value >> U64(27))) * _MIX_2
    return value ^ (value >> U64(31))


@inlined
def token_hash(text: Array, start: Int, length: Int) -> Int:
    """The hash of `text[start:start + length]`; 16 bytes after it are read too."""
    size = U64(min(length, 16))
    low = load64(text, start) & _LOW[size]
    high = load64(text, start + 8) & _HIGH[size]
    value = product(low ^ U64(length) ^ _FOLD_LOW, high ^ _FOLD_HIGH)
    while length > 16:
        start += 16
        length -= 16
        size = U64(min(length, 16))
        low = load64(text, start) & _LOW[size]
        high = load64(text, start + 8) & _HIGH[size]
        value = product(low ^ value ^ _FOLD_LOW, high ^ _FOLD_HIGH)
    return value


@inlined
def text_hash(text: Array, length: Int) -> tuple[Int, Int]:
    """The 128-bit hash of `text[:length]`; 16 bytes after it are read too."""
    first = U64(length)
    second = U64(length)
    for start in range(0, length, 16):
        size = U64(min(length - start, 16))
        low = load64(text, start) & _LOW[size]
        high = load64(text, start + 8) & _HIGH[size]
        first = product(low ^ first ^ _FOLD_LOW, high ^ _FOLD_HIGH)
        second = product(low ^ _TEXT_LOW, high ^ second ^ _TEXT_HIGH)
    return mixed(first), mixed(second)


@inlined
def ngram_hashes(tokens: Array, count: Int, ngram: Int) -> Int:
    """Turn the hashes of tokens into those of their n-grams, in place.

    Args:
        tokens: hashes of `count` tokens, at least one, and room for 15 more and as many as `ngram`;
            the n-grams take their places.
        count: how many.
        ngram: tokens in a shingle; fewer tokens are one shingle.

    Returns:
        How many n-grams, each in its order and not 0.
    """
    size = min(ngram, count)
    total = count - size + 1
    combine(tokens, total, size, _POWERS)
    return total


@inlined
def set_hash(hashes: Array, count: Int) -> tuple[Int, Int]:
    """The 128-bit hash of a set of `count` distinct hashes."""
    first = U64(count)
    second = U64(count)
    for i in range(count):
        value = hashes[i]
        a = value * _FOLD_LOW
        b = (value ^ (value >> U64(31))) * _FOLD_HIGH
        first += a ^ (a >> U64(32))
        second += b ^ (b >> U64(29))
    return mixed(first), mixed(second)


@inlined
def band_hash(signature: Array, band: Int, rows: Int) -> Int:
    """The hash of the `rows` values of one band of a signature; each band hashes differently."""
    value = U64(band + 1) * _BAND_STEP
    stop = band * rows + rows
    for row in range(band * rows, stop, 2):
        low = U64(signature[row])
        if row + 1 < stop:
            low |= U64(signature[row + 1]) << U64(32)
        value = product(low ^ value ^ _FOLD_LOW, _BAND)
    return mixed(value)
