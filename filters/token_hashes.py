"""The tokens of a text as numbers, without making a string of each: a score in microseconds.

A token is a word or a single sign, as in the regular expression `\\w+|[^\\w\\s]`. Its hash is the
polynomial of its characters modulo 2**64, for all tokens at once from the characters as an array.
"""

import re
from functools import cache

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint64]
_KNOWN = 0x3000
"""Characters below are told apart by a table: those of nearly all that is no East Asian script."""
_SPACE, _WORD, _SIGN = 0, 1, 2
_FACTOR = 0x9E3779B97F4A7C15
_PLACE_BITS = np.uint64(24)


def token_hashes(text: str) -> Numbers | None:
    """A number for each token, equal for equal ones; None for a text with other characters."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    if not len(points):
        return np.empty(0, np.uint64)
    if points.max() >= _KNOWN:
        return None
    kinds = _kinds()[points]
    words = kinds == _WORD
    begins = kinds == _SIGN
    begins[0] |= words[0]
    begins[1:] |= words[1:] & ~words[:-1]
    starts = np.flatnonzero(begins)
    if not len(starts):
        return np.empty(0, np.uint64)
    powers, inverses = _powers(1 << len(points).bit_length())
    terms = (points + np.uint32(1)) * powers[: len(points)]
    terms[kinds == _SPACE] = 0
    found: Numbers = np.add.reduceat(terms, starts) * inverses[starts]
    return found


def near_repeats(codes: Numbers, length: int, most: int) -> list[int]:
    """Every distance up to `most` at which so many tokens stand again, and maybe a few others.

    Args:
        codes: the tokens, fewer than 2**24.
        length: how many in a row.
        most: the largest distance.
    """
    count = len(codes) - length + 1
    if count < 2:
        return []
    if count >> int(_PLACE_BITS):
        return list(range(1, most + 1))
    keys = np.zeros(count, np.uint64)
    for place in range(length):
        keys += codes[place : count + place]
        keys *= np.uint64(_FACTOR)
    # The upper bits of the hash, then the place: of equal hashes, the difference is the distance.
    keys >>= _PLACE_BITS
    keys <<= _PLACE_BITS
    keys |= np.arange(count, dtype=np.uint64)
    keys.sort()
    found: set[int] = set()
    for step in range(1, count):
        distances = keys[step:] - keys[:-step]
        near = distances[distances <= most]
        if not len(near):
            break
        found.update(near.tolist())
    return sorted(found)


@cache
def _kinds() -> npt.NDArray[np.uint8]:
    """What each known character is, by its code point."""
    kind = {True: _WORD, False: _SIGN}
    characters = map(chr, range(_KNOWN))
    return np.array(
        [_SPACE if c.isspace() else kind[bool(re.match(r"\w", c))] for c in characters], np.uint8
    )


@cache
def _powers(number: int) -> tuple[Numbers, Numbers]:
    """So many powers of the factor and of its inverse."""
    factors = _FACTOR, pow(_FACTOR, -1, 1 << 64)
    ones = (np.full(number, factor, np.uint64) for factor in factors)
    powers, inverses = (np.cumprod(each) for each in ones)
    return powers, inverses
