"""What comes before and after a short item in a row: a longer formula, or the end of a sentence."""

import re

_WINDOW = 48
_FORMULA_AFTER = re.compile(r"[.,]\d|[^\S\n]*[-+*/^%×÷−][^\S\n]*[\d(]")
_FORMULA_BEFORE = re.compile(r"(\d[.,]|-|[\d)][^\S\n]*[-+*/^%×÷−][^\S\n]*)\Z")
_END = r"[\n\r.?!:;|<>()\[\]{}\"`*#$。？！：；（）「」『』“”‘«»…¿¡—]"
_END_AFTER = re.compile(rf"[^\S\n]*({_END}|['’](?!\w)|\Z)")
_END_BEFORE = re.compile(rf"({_END}|(?<!\w)['’]|\A)[^\S\n]*\Z")


def around(text: bytes, start: int, stop: int) -> tuple[str, str, str]:
    """Some characters before `text[start:stop]`, it, and some after it."""
    before = text[max(start - _WINDOW, 0) : start].decode("utf-8", "ignore")
    after = text[stop : stop + _WINDOW].decode("utf-8", "ignore")
    return before, text[start:stop].decode("utf-8", "ignore"), after


def goes_on(before: str, run: str, after: str) -> bool:
    """Whether a number or a formula at an edge of a run goes on beyond it."""
    on_after = run[-1:].isdigit() and _FORMULA_AFTER.match(after)
    return bool(on_after or (run[:1].isdigit() and _FORMULA_BEFORE.search(before)))


def stands_alone(before: str, run: str, after: str) -> bool:
    """Whether sentence ends, line ends, brackets or the text's ends are on both sides of a run."""
    return bool(_END_AFTER.match(after) and _END_BEFORE.search(before))
