"""What each character is and how it folds, frozen at Unicode 14.

The table does not come from the running Python's unicodedata, which changes from version to
version: the same text has the same shingles on every machine. It lies in `unicode14.txt`, which
`python -m tests.factory.shingles.unicode_table` wrote with Python 3.11.

Letters, digits and other numbers, marks and the underscore make up words. White space separates
(what `str.isspace` says). Anything else is a token of its own: signs, characters that Unicode 14
does not know, and the letters of scripts that put no space between words, which are ideographs,
kana, and those of Thai, Lao, Khmer, Burmese and their neighbours (line breaking class SA).

Folding is Unicode's simple case folding, one character to one, where both take as many bytes of
UTF-8, so that a place in the folded text is the same place in the text. That leaves out 34 rare
letters, such as the Kelvin sign, the long s and the capital sharp s.
"""

from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

SIGN = 0
WORD = 1
SPACE = 2
_KINDS = {"word": WORD, "space": SPACE}


@cache
def characters() -> npt.NDArray[np.uint32]:
    """uint32, shape (0x110000,): for each code point what it folds to, times 4, plus its kind."""
    kinds = np.zeros(0x110000, np.uint32)
    folded = np.arange(0x110000, dtype=np.uint32)
    for line in files("factory.shingles").joinpath("unicode14.txt").read_text().splitlines():
        name, first, last, *rest = line.split()
        span = slice(int(first, 16), int(last, 16) + 1, int(rest[0]) if rest else 1)
        if rest:
            folded[span] += np.uint32(int(rest[1]) % 2**32)
        else:
            kinds[span] = _KINDS[name]
    table = folded << np.uint32(2) | kinds
    table.flags.writeable = False
    return table


@cache
def kinds() -> bytes:
    """The kind of each code point."""
    return (characters() & 3).astype(np.uint8).tobytes()


@cache
def folding() -> dict[int, int]:
    """The code points that fold to another, for `str.translate`."""
    folded = characters() >> 2
    return {int(code): int(folded[code]) for code in np.flatnonzero(folded != np.arange(0x110000))}
