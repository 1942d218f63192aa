"""What tells two texts apart, word by word, shortened to what a person reads."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_WORDS = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")
"""A word or a sign with the white space before it."""
_MAX_WORDS = 2_000
"""Of a text that are compared; the rest is left out of the picture."""
_AROUND = 8
"""Words and signs that are shown of what is the same, before and after a difference."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text."""

    kind: Literal["same", "differs", "gap"]
    """`gap` stands for what is left out."""
    text: str


def compare(first: str, second: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts as pieces; long passages that they share are left out of both.

    Words that differ in nothing but case and white space count as the same.

    Args:
        first: one text, of any length.
        second: the other.
    """
    a, b = _words(first), _words(second)
    operations = _operations([_key(word) for word in a], [_key(word) for word in b])
    left: list[Piece] = []
    right: list[Piece] = []
    for place, (name, i, j, k, m) in enumerate(operations):
        if name == "equal":
            ends = (place > 0, place < len(operations) - 1)
            left += _same(a[i:j], *ends)
            right += _same(b[k:m], *ends)
            continue
        left += [Piece("differs", "".join(a[i:j]))] if j > i else []
        right += [Piece("differs", "".join(b[k:m]))] if m > k else []
    for pieces, text, words in ((left, first, a), (right, second, b)):
        if rest := len(text) - sum(map(len, words)):
            pieces.append(Piece("gap", f" … {rest:,} characters"))
    return left, right


def _words(text: str) -> list[str]:
    cut = text[: 12 * _MAX_WORDS]  # so that a text of megabytes is not searched for words
    return _WORDS.findall(cut)[:_MAX_WORDS]


def _key(word: str) -> str:
    return word.strip().lower()


def _operations(a: Sequence[str], b: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """As difflib's opcodes; what both begin and end with needs no search, which may be slow."""
    head = _shared(a, b)
    tail = _shared(a[head:][::-1], b[head:][::-1])
    inner = difflib.SequenceMatcher(None, a[head : len(a) - tail], b[head : len(b) - tail])
    found: list[tuple[str, int, int, int, int]] = []
    for name, *places in inner.get_opcodes():
        i, j, k, m = (place + head for place in places)
        found.append((name, i, j, k, m))
    if head:
        found.insert(0, ("equal", 0, head, 0, head))
    if tail:
        found.append(("equal", len(a) - tail, len(a), len(b) - tail, len(b)))
    return found


def _shared(a: Sequence[str], b: Sequence[str]) -> int:
    """How many words both begin with."""
    for place, (left, right) in enumerate(zip(a, b, strict=False)):
        if left != right:
            return place
    return min(len(a), len(b))


def _same(words: Sequence[str], after: bool, before: bool) -> list[Piece]:
    """What both have, with its middle left out where it is long.

    Args:
        words: the passage.
        after: a difference comes before it, so that its beginning is shown.
        before: one comes after it.
    """
    head, tail = (_AROUND if after else 0), (_AROUND if before else 0)
    if not (after or before):
        head = 10 * _AROUND  # the texts do not differ in what is compared
    if len(words) <= head + tail + _AROUND:
        return [Piece("same", "".join(words))]
    middle = f" … {len(words) - head - tail:,} words … "
    pieces = [
        Piece("same", "".join(words[:head])),
        Piece("gap", middle),
        Piece("same", "".join(words[len(words) - tail :])),
    ]
    return [piece for piece in pieces if piece.text]
