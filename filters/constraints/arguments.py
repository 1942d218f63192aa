"""The arguments of instructions, read strictly: what cannot be used is unjudged, never guessed.

Keywords, postscript markers and section splitters are regular expressions to the official checker,
unescaped: `C++` finds every `C`, and `U.S` finds `UPS`. So they are here. Such a pattern comes with
a dataset and may be made to run for ever, so that those which could take more than linear time are
refused as `costly_pattern`: a repetition anywhere but at the end, or more than eight choices.
"""

import re
from typing import Any

from factory.errors import Unjudged

LANGUAGES = frozenset(
    {
        *("en", "es", "pt", "ar", "hi", "fr", "ru", "de", "ja", "it", "bn", "uk", "th", "ur", "ta"),
        *("te", "bg", "ko", "pl", "he", "fa", "vi", "ne", "sw", "kn", "mr", "gu", "pa", "ml", "fi"),
    }
)
"""The languages that the official checker knows."""

_ESCAPED = re.compile(r"\\.", re.DOTALL)
_REPEATED = re.compile(r"[*+]|\{\d*,?\d*\}")
_CHOICE = re.compile(r"[?|]")
_MAX_CHOICES = 8


def number(value: Any) -> float:
    """A number, negative ones included."""
    if not isinstance(value, int | float):
        raise Unjudged("bad_kwargs")
    return value


def count(value: Any) -> float:
    """A number that is not negative; a negative one would be replaced at random."""
    if number(value) < 0:
        raise Unjudged("bad_kwargs")
    return number(value)


def place(value: Any) -> int:
    """A whole number above 0."""
    if number(value) < 1 or value % 1:
        raise Unjudged("bad_kwargs")
    return int(value)


def text(value: Any) -> str:
    """Some text."""
    if not isinstance(value, str):
        raise Unjudged("bad_kwargs")
    return value


def relation(value: Any) -> str:
    """`less than` or `at least`."""
    if value not in ("less than", "at least"):
        raise Unjudged("bad_kwargs")
    return str(value)


def language(value: Any) -> str:
    """A language code that the official checker knows."""
    if text(value) not in LANGUAGES:
        raise Unjudged("bad_kwargs")
    return str(value)


def letter(value: Any) -> str:
    """One letter of the English alphabet, in lower case; others would be replaced at random."""
    lowered = text(value).lower()
    if len(value) != 1 or len(lowered) != 1 or not "a" <= lowered <= "z":
        raise Unjudged("bad_kwargs")
    return lowered


def pattern(value: Any) -> "re.Pattern[str]":
    """A keyword as the pattern that it is."""
    return _compile(text(value).strip(), re.IGNORECASE)


def patterns(value: Any) -> "list[re.Pattern[str]]":
    """Keywords; white space around them counts, other than around a single keyword."""
    return [_compile(each, re.IGNORECASE) for each in _texts(value)]


def whole_words(value: Any) -> "list[re.Pattern[str]]":
    r"""Forbidden words between word boundaries: `C#` is not found before a space."""
    return [_compile(each, re.IGNORECASE, before=r"\b", after=r"\b") for each in _texts(value)]


def postscript(value: Any) -> "re.Pattern[str]":
    """A postscript marker, to be looked for in lower case.

    `P.S.` and `P.P.S` may have spaces between their letters; any other marker is a pattern.
    """
    marker = text(value).strip()
    known = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}
    if marker in known:
        return re.compile(known[marker])
    # Officially `\s*` stands before; as it may match nothing, fewer find the same.
    return _compile(marker.lower(), re.MULTILINE, before=r"\s?", after=".*$")


def splitter(value: Any) -> "re.Pattern[str]":
    """What begins a section: the word, which is a pattern, and a number."""
    return _compile(text(value).strip(), re.NOFLAG, before=r"\s?", after=r"\s?\d+\s?", ends=False)


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list | tuple):
        raise Unjudged("bad_kwargs")
    return [text(each) for each in value]


def _compile(
    body: str, flags: re.RegexFlag, *, before: str = "", after: str = "", ends: bool = True
) -> "re.Pattern[str]":
    """The pattern; `ends` says that what follows the body cannot fail after a repetition."""
    try:
        compiled = re.compile(before + body + after, flags)
    except (re.error, OverflowError, RecursionError):
        raise Unjudged("bad_kwargs") from None
    if _is_costly(body, ends):
        raise Unjudged("costly_pattern")
    return compiled


def _is_costly(body: str, ends: bool) -> bool:
    bare = _ESCAPED.sub("x", body)
    inner = bare.rstrip("*+?") if ends else bare
    repeats_group = inner != bare and inner.endswith(")")
    return bool(
        repeats_group or _REPEATED.search(inner) or len(_CHOICE.findall(inner)) > _MAX_CHOICES
    )
