"""What a program printed against what it should have printed; compared outside the sandbox."""

import re
from decimal import Decimal
from typing import Literal

Compare = Literal["tokens", "lines", "exact"]
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_MAX_NUMBER = 100


def same_output(printed: str, expected: str, compare: Compare, tolerance: float) -> bool:
    """Whether two outputs are the same.

    Args:
        printed: what came.
        expected: what should have come.
        compare: `exact`: every character; `lines`: white space at the end of lines and empty lines
            at the end do not count; `tokens`: only the words count, however they are spaced.
        tolerance: for words that are numbers on both sides, absolute, and relative above 1; 0
            compares them as text. Not with `exact`.
    """
    if compare == "exact":
        return printed == expected
    split = str.split if compare == "tokens" else _lines
    left, right = split(printed), split(expected)
    if left == right:
        return True
    if not tolerance or len(left) != len(right):
        return False
    return all(_close_line(a, b, tolerance) for a, b in zip(left, right, strict=True))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _close_line(printed: str, expected: str, tolerance: float) -> bool:
    left, right = printed.split(), expected.split()
    return printed == expected or (
        len(left) == len(right)
        and all(a == b or _close(a, b, tolerance) for a, b in zip(left, right, strict=True))
    )


def _close(printed: str, expected: str, tolerance: float) -> bool:
    """Whether two words are finite numbers that lie close together."""
    for word in (printed, expected):
        if len(word) > _MAX_NUMBER or not _NUMBER.fullmatch(word):
            return False
    try:
        left, right = Decimal(printed), Decimal(expected)
        return abs(left - right) <= Decimal(str(tolerance)) * max(Decimal(1), abs(right))
    except ArithmeticError:  # an exponent beyond all numbers
        return False
