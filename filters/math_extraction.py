r"""Finding the final answer in a response: the boxes, else an answer that is marked as one.

Every search is linear in the text, and only the end of a very long text is looked at.
"""

import re
from typing import Final

_TAIL: Final = 200_000
"""Characters at the end that are searched."""
_BOX: Final = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])")
_STRUCTURE: Final = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])[ \t\n]*(\{?)|\\.|[{}]", re.DOTALL)
_TOKEN: Final = re.compile(r"(?:\\[a-zA-Z]+(?:\{[^{}]{0,200}\}){0,3}|[^\s{}$\\,;]){1,60}")
_MARK: Final = re.compile(
    r"####[ \t]*"
    r"|(?:(?<=\n)|^)[ \t>*_#-]*(?:the[ \t]+)?(?:final[ \t]+|correct[ \t]+)?answer[ \t*_]*:[ \t*_]*"
    r"|\bfinal[ \t]+answer[ \t]+is[ \t]*:?[ \t*]*(?=[$\d\\(\[{+*-]|(?-i:[A-J])\b)"
    r"|\b(?:final|correct)[ \t]+answer[ \t*_]*:[ \t*_]*"
    r"|\banswer[ \t]+is[ \t]*(?::[ \t*_]*|(?=\$|\\\(|\*\*))",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"\.(?=\s|$)|\n")
_MATH: Final = re.compile(
    r"\$([^$\n]{1,2000})\$|\\\(([^\n]{1,2000}?)\\\)|\\\[(.{1,2000}?)\\\]", re.DOTALL
)
_JOINED: Final = re.compile(r"[ \t]*(?:[,;][ \t]*(?:and|or)?|and|or)[ \t]*(?=\$[^$\n]+\$|\\[(\[])")
_TAKEN_BACK: Final = re.compile(r"[ \t]*(?:is|was)[ \t]+(?:wrong|not|incorrect)\b|[ \t]*\?")
_RECONSIDERED: Final = re.compile(
    r"\b(?:wait|hold on|scratch that|correction|on second thought|let me (?:re\w+|check))\b"
    r"|\bactually,? (?:no|it|the|\(?[A-J]\b)|\bhmm\b",
    re.IGNORECASE,
)
_THINK, _END = "<think>", "</think>"


def after_thinking(answer: str) -> str:
    """What stands after the last think block, and before one that is not closed."""
    return answer.rpartition(_END)[2].partition(_THINK)[0]


def boxes(text: str) -> list[str]:
    r"""What the closed, filled boxes hold, in order; one in another belongs to the outer one."""
    text = text[-_TAIL:]
    first = _BOX.search(text)
    return [] if first is None else [inside for _, inside in _spans(text, first.start()) if inside]


def _spans(text: str, start: int) -> list[tuple[int, str]]:
    """(place, what it holds) of the outermost closed boxes."""
    found: list[tuple[int, str]] = []
    opened: list[re.Match[str] | None] = []
    resume = 0
    for match in _STRUCTURE.finditer(text, start):
        sign = match[0]
        if sign == "{":
            opened.append(None)
        elif sign == "}":
            box = opened.pop() if opened else None
            if box is not None:
                while found and found[-1][0] > box.start():
                    found.pop()
                found.append((box.start(), text[box.end() : match.start()].strip()))
        elif match[1]:
            opened.append(match)
        elif match[1] is not None and match.start() >= resume:
            bare = _TOKEN.match(text, match.end())
            if bare:
                found.append((match.start(), bare[0]))
                resume = bare.end()
    return found


def _formulas(text: str) -> list[str]:
    """The formula that a text begins with, and those that a comma, `and` or `or` joins to it."""
    found: list[str] = []
    place = 0
    while math := _MATH.match(text, place):
        found.append((math[1] or math[2] or math[3]).strip())
        joined = _JOINED.match(text, math.end())
        if not joined:
            return [] if _TAKEN_BACK.match(text, math.end()) else found
        place = joined.end()
    return found


def reconsidered(text: str) -> bool:
    """Whether a text behind an answer thinks again: a second thought has to be marked as well."""
    return _RECONSIDERED.search(text) is not None


def marked(text: str) -> str | None:
    """The last answer that is marked as one, such as `Answer: 5` or `#### 5`."""
    text = text[-_TAIL:]
    marks = list(_MARK.finditer(text))
    if not marks:
        return None
    rest = text[marks[-1].end() :].lstrip(" \t*_:\n")
    if reconsidered(rest):
        return None
    rest = rest[:2_500]
    if listed := _formulas(rest):
        return ", ".join(listed).strip() or None
    stop = _SENTENCE.search(rest)
    found = rest[: stop.start()] if stop else rest
    return found.strip().strip("*_`").strip() or None
