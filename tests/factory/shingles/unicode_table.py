"""Writes factory/shingles/unicode14.txt from the unicodedata of Python 3.11, which is Unicode 14.

python -m tests.factory.shingles.unicode_table > factory/shingles/unicode14.txt
"""

import sys
import unicodedata
from collections.abc import Iterator
from itertools import groupby

OWN = (
    "CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "HALFWIDTH", "HENTAIGANA",
    "VERTICAL", "TANGUT", "NUSHU", "KHITAN",
    "THAI", "LAO", "KHMER", "MYANMAR", "TAI", "NEW", "AHOM",
)  # fmt: skip
"""First words of the names of letters that stand for themselves: ideographs, kana, and the letters
and marks of scripts that put no space between words (line breaking class SA)."""


def kind(code: int) -> str:
    """`space`, `word` or nothing for what is a token of its own."""
    char = chr(code)
    category = unicodedata.category(char)
    if category[0] not in "LMN" and char != "_":
        return "space" if char.isspace() else ""
    name = unicodedata.name(char, "")
    own = name.replace("-", " ").split(" ")[0] in OWN and not name.startswith("HALFWIDTH HANGUL")
    return "" if own and category not in ("Nd", "No") else "word"


def fold(code: int) -> int:
    """Simple case folding, where the folded letter takes as many bytes of UTF-8."""
    char = chr(code)
    folded = char.casefold()
    if folded == char:
        return code
    simple = next((s for s in (folded, char.lower()) if len(s) == 1), char)
    return ord(simple) if size(ord(simple)) == size(code) else code


def size(code: int) -> int:
    """Bytes of UTF-8."""
    return 1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)


def lines() -> Iterator[str]:
    """Ranges of kinds, then ranges of folding: first, last, step, distance."""
    for name, group in groupby(range(0x110000), kind):
        codes = list(group)
        if name:
            yield f"{name} {codes[0]:X} {codes[-1]:X}"
    moved = [(code, step) for code in range(0x20000) if (step := fold(code) - code)]
    while moved:
        first, distance = moved[0]
        step = 2 if (first + 1, distance) not in moved[:2] else 1
        last = first
        while moved and moved[0] == (last, distance):
            moved.pop(0)
            last += step
        yield f"fold {first:X} {last - step:X} {step} {distance}"


if __name__ == "__main__":
    assert unicodedata.unidata_version == "14.0.0"
    sys.stdout.writelines(f"{line}\n" for line in lines())
