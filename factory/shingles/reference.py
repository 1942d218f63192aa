"""The same shingles and hashes in plain Python: what the native pass is held to.

Texts may be bytes, as Arrow holds them. A byte that belongs to no well-formed UTF-8 sequence is a
sign of its own, here one of the characters U+DC80 to U+DCFF (`surrogateescape`). A lone surrogate
in a `str` stands for the three malformed bytes that `as_texts` writes for it.

A token is hashed 16 bytes at a time by one folded product of 64 by 64 bits, a shingle is a
polynomial of the hashes of its tokens, mixed once more, so that the native pass hashes each token
once, whatever the length of a shingle. None of this resists somebody who looks for collisions.
"""

import struct

from factory.shingles.constants import BASE, FOLD_HIGH, FOLD_LOW, MIX_1, MIX_2, TEXT_HIGH, TEXT_LOW
from factory.shingles.shingling import Shingling
from factory.shingles.unicode import SPACE, WORD, folding, kinds

_MASK = 2**64 - 1
Text = str | bytes


def tokens(text: Text) -> list[str]:
    """Words (letters, digits, marks, underscores), single signs and single ideographs, folded."""
    decoded = _decoded(text)
    folded = decoded.translate(folding())
    return [folded[start:stop] for start, stop in _spans(decoded)]


def token_spans(text: Text) -> list[tuple[int, int]]:
    """Where the tokens lie: (start, stop) in characters of a `str`, in bytes of `bytes`."""
    decoded = _decoded(text)
    spans = _spans(decoded)
    if text == decoded:
        return spans
    places = [0]
    if isinstance(text, bytes):
        for char in decoded:
            places.append(places[-1] + len(char.encode("utf-8", "surrogateescape")))
        return [(places[start], places[stop]) for start, stop in spans]
    owner = [i for i, char in enumerate(text) for _ in range(3 if _is_surrogate(char) else 1)]
    return [(owner[start], owner[stop - 1] + 1) for start, stop in spans]


def shingles(text: Text, shingling: Shingling) -> frozenset[str]:
    """The distinct n-grams of a text: tokens joined by one space, or characters.

    A text of fewer tokens than `ngram` is one shingle, a text without tokens one empty shingle.
    """
    char = shingling.unit == "char"
    pieces = list(normalised(text)) if char else tokens(text)
    last = max(len(pieces) - shingling.ngram, 0)
    glue = "" if char else " "
    return frozenset(glue.join(pieces[i : i + shingling.ngram]) for i in range(last + 1))


def normalised(text: Text) -> str:
    """The text folded in case, white space stripped and its runs made one space each."""
    return " ".join(_decoded(text).translate(folding()).split())


def shingle_hash(shingle: bytes, unit: str = "word") -> int:
    """The 64-bit hash of a shingle, never 0."""
    if unit == "char":
        text = shingle.decode("utf-8", "surrogateescape")
        pieces = [char.encode("utf-8", "surrogateescape") for char in text] or [b""]
    else:
        pieces = shingle.split(b" ")
    value = 0
    for piece in pieces:
        value = (value * BASE + token_hash(piece)) & _MASK
    return _mixed(value) or 1


def shingle_hash32(shingle: bytes, unit: str = "word") -> int:
    """The 32-bit hash of a shingle that signatures are made of.

    The signature of a text is that of a `datasketch.MinHash(hashfunc=shingle_hash32)` that was
    updated with its shingles, number of permutations and seed being the same.
    """
    return shingle_hash(shingle, unit) >> 32


def token_hash(token: bytes) -> int:
    """The 64-bit hash of one token, as it is written (folded)."""
    value = len(token)
    for start in range(0, max(len(token), 1), 16):
        low, high = struct.unpack("<QQ", token[start : start + 16].ljust(16, b"\0"))
        value = _product(low ^ value ^ FOLD_LOW, high ^ FOLD_HIGH)
    return value


def text_hash(text: Text) -> tuple[int, int]:
    """The 128-bit hash of a text folded in case and white space."""
    raw = normalised(text).encode("utf-8", "surrogateescape")
    first = second = len(raw)
    for start in range(0, len(raw), 16):
        low, high = struct.unpack("<QQ", raw[start : start + 16].ljust(16, b"\0"))
        first = _product(low ^ first ^ FOLD_LOW, high ^ FOLD_HIGH)
        second = _product(low ^ TEXT_LOW, high ^ second ^ TEXT_HIGH)
    return _mixed(first), _mixed(second)


def set_hash(hashes: frozenset[int]) -> tuple[int, int]:
    """The 128-bit hash of a set of shingle hashes, whatever their order."""
    first = second = len(hashes)
    for value in hashes:
        product = value * FOLD_LOW & _MASK
        first += product ^ product >> 32
        product = (value ^ value >> 31) * FOLD_HIGH & _MASK
        second += product ^ product >> 29
    return _mixed(first & _MASK), _mixed(second & _MASK)


def _decoded(text: Text) -> str:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return raw.decode("utf-8", "surrogateescape")


def _is_surrogate(char: str) -> bool:
    return "\ud800" <= char <= "\udfff"


def _spans(decoded: str) -> list[tuple[int, int]]:
    known = kinds()
    spans: list[tuple[int, int]] = []
    word = False
    for place, char in enumerate(decoded):
        kind = known[ord(char)]
        if word and kind == WORD:
            spans[-1] = (spans[-1][0], place + 1)
        elif kind != SPACE:
            spans.append((place, place + 1))
        word = kind == WORD
    return spans


def _product(a: int, b: int) -> int:
    product = a * b
    return product & _MASK ^ product >> 64


def _mixed(value: int) -> int:
    value = (value ^ value >> 30) * MIX_1 & _MASK
    value = (value ^ value >> 27) * MIX_2 & _MASK
    return value ^ value >> 31
