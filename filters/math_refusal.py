"""What is refused before anything parses it: text that no honest final answer holds.

math-verify hands some text to sympy, whose text parser evaluates Python. An answer may therefore
hold only the characters and the shapes of mathematics and of short words: no attribute access, no
underscored name, no string, no statement, no deep nesting. This keeps what a parser sees small and
dull; that a parser can be fooled all the same is what the confined checking process is for.
"""

import re
import unicodedata
from typing import Final

MAX_CHARACTERS: Final = 2_000
_MAX_NESTING: Final = 60
_MAX_POWERS: Final = 40
_ASCII: Final = re.compile(r"[A-Za-z0-9 \t\n\r\\{}()\[\]^_+\-*/=<>|.,:;!%&~$'?°#@\"]*")
_CATEGORIES: Final = ("L", "M", "N", "P", "S", "Zs")
_DROPPED: Final = "\u200b\u2060\ufeff\u00ad"
"""Invisible characters without a meaning, which people paste."""
_PYTHON: Final = re.compile(
    r"__"
    r"|[A-Za-z_]\w+ *\.[A-Za-z_]|[A-Za-z_]\.[A-Za-z_]\w+"  # attributes; `p.m.` is none
    r"|[)\]}'\"] *\.[A-Za-z_]"
    r"|\blambda\b(?<!\\lambda)[^:]{0,80}:"
    r"|(?<!\\)\b(?:import|exec|eval|compile|open|getattr|setattr|delattr|globals|locals|vars|input"
    r"|breakpoint|print|dir|type|chr|ord|bytes|sympify|parse_expr|System|os|sys|subprocess)\b *\("
    r"|(?<!\\)\b(?:import +\w|from +\w+ +import|yield +\w|await +\w)"
    r"|\w *\( *['\"]|['\"] *\)"  # a call with a string
    r"|\*\*[^*]*\*\*[^*]*\*\*"  # towers in Python's spelling
    r"|[;`@#\"]{2}|:="
)
_OPEN, _CLOSE = "([{", ")]}"


def refused(answer: str) -> str:
    """Why an answer is not parsed: `answer_too_long`, `refused_text`, or empty if it may be."""
    if len(answer) > MAX_CHARACTERS:
        return "answer_too_long"
    if _strange(answer) or _PYTHON.search(answer) or _deep(answer):
        return "refused_text"
    return ""


def _strange(answer: str) -> bool:
    """Whether it holds control characters, surrogates, direction marks or ASCII's odd ones."""
    if answer.isascii():
        return not _ASCII.fullmatch(answer)
    return any(
        not _ASCII.fullmatch(sign)
        if sign.isascii()
        else not unicodedata.category(sign).startswith(_CATEGORIES) and sign not in _DROPPED
        for sign in answer
    )


def _deep(answer: str) -> bool:
    """Whether brackets nest, or powers follow each other, more deeply than anyone writes."""
    if answer.count("^") > _MAX_POWERS:
        return True
    depth = 0
    for sign in answer:
        if sign in _OPEN:
            depth += 1
            if depth > _MAX_NESTING:
                return True
        elif sign in _CLOSE:
            depth -= 1
    return False
