"""Reading an answer: which form it has.

`read` never fails but on numbers that are too big: what it does not understand is `Opaque`, and
math-verify's to compare.
"""

import re
from functools import lru_cache, partial
from typing import Final

from filters.math_field import TooBig, Unreadable, number
from filters.math_forms import (
    EMPTY,
    INFINITY,
    REALS,
    Form,
    Numeral,
    Opaque,
    Option,
    Quantity,
    Reading,
    Word,
)
from filters.math_lists import bare_list, bracketed, matrix, ratio, union
from filters.math_quantities import NOT_A_UNIT, quantity
from filters.math_relations import relation
from filters.math_text import clean

_MAX_DEPTH: Final = 8
_DIGITS: Final = re.compile(r"[+-]?\d{1,300}")
_LETTERS: Final = re.compile(r"[A-Za-z][A-Za-z' -]*")
_LOOSE: Final = re.compile(r"(?<!\d)(?<!\d,) +|(?<!\d) +(?!\d{3})| +(?![\deE])")
"""White space that means nothing: `1, 234` is no `1,234`, and `1 e 3` no `1e3`."""
_QUOTED: Final = re.compile(r"\\text\{([^{}]*)\}")
_OPTION: Final = re.compile(
    r"(?:\(([A-Ja-j])\)|\\text\{ ?\(?([A-J])[).]?\s?\}|([A-J])[).:](?= |$)|\(\\text\{([A-J])\}\))"
    r" ?(.*)"
)
_NUMERAL: Final = re.compile(
    r"([0-9A-F ]+)_ ?(?:\{ ?(?:\\text\{)?(\w+)\}? ?\}|([2-9])|\\text\{(\w+)\})"
)
_NUMBER_WORDS: Final = "zero one two three four five six seven eight nine ten eleven twelve"
_BASES: Final = {name: n for n, name in enumerate(_NUMBER_WORDS.split()) if n > 1}
_REPLACED: Final[dict[str, Form]] = {
    **dict.fromkeys(("allrealnumbers", "allreals", "realnumbers", "thereals", "allreal"), REALS),
    **dict.fromkeys(("nosolution", "nosolutions", "emptyset", "theemptyset"), EMPTY),
    **dict.fromkeys(("norealsolution", "norealsolutions"), EMPTY),
    "doesnotexist": Word("dne"),
    "infinity": Quantity(INFINITY),
    **{word: Quantity(number(n)) for n, word in enumerate(_NUMBER_WORDS.split())},
}


def read(answer: str) -> Form:
    """The form of an answer as it was written.

    Raises:
        TooBig: it holds a number that nothing should work out.
    """
    if _DIGITS.fullmatch(answer):
        return Quantity(number(int(answer)))
    return _read(clean(answer))


@lru_cache(maxsize=8192)
def _read(text: str) -> Form:
    try:
        return _form(text, 0)
    except TooBig:
        raise
    except Unreadable:
        return Opaque(squash(text))


def squash(text: str) -> str:
    """A text without the white space that means nothing, and without `\\text`."""
    text = _QUOTED.sub(r"\1", text)
    return _LOOSE.sub("", text)


def _form(text: str, depth: int) -> Form:
    if depth > _MAX_DEPTH or not text:
        raise Unreadable("too deep, or empty")
    text = text.strip()
    part = partial(_form, depth=depth + 1)
    for kind in (_word, _numeral, _option, matrix, relation, union, bare_list, bracketed, ratio):
        found = kind(text, part)
        if found is not None:
            return found
    return quantity(text)


def _word(text: str, form: Reading) -> Form | None:
    if text in ("\\emptyset", "\\{\\}", "\\{ \\}"):
        return EMPTY
    if text in ("\\mathbb{R}", "\\mathbb R", "\\R"):
        return REALS
    quoted = "\\text" in text
    plain = _QUOTED.sub(r"\1", text).strip() if quoted else text
    key = re.sub(r"[ '-]", "", plain).lower()
    if not _LETTERS.fullmatch(plain) or (len(plain) < 3 and not quoted and key != "no"):
        return None
    if key in _REPLACED:
        return _REPLACED[key]
    if len(key) < 2 or (not quoted and NOT_A_UNIT.match(plain)):
        return None
    spoken = key == "no" or (len(key) == 3 and set(key) & set("eiou")) or len(key) > 3
    return Word(re.sub(r"[ '-]", "", plain), bool(quoted or " " in plain or spoken))


def _numeral(text: str, form: Reading) -> Form | None:
    found = _NUMERAL.fullmatch(text)
    if not found:
        return None
    name = found[2] or found[3] or found[4]
    base = int(name) if name.isdigit() and len(name) < 3 else _BASES.get(name, 0)
    digits = found[1].replace(" ", "")
    if not 2 <= base <= 16 or not digits or any(int(sign, 16) >= base for sign in digits):
        return None
    return Numeral(digits.lstrip("0") or "0", base)


def _option(text: str, form: Reading) -> Form | None:
    found = _OPTION.fullmatch(text)
    if not found:
        return None
    letter = (found[1] or found[2] or found[3] or found[4]).upper()
    rest = found[5].strip()
    if not rest:
        return Option(letter)
    if re.match(r"(?:and|or)\b|[,;/&]", rest):
        return None  # several options
    if found[1] and not rest[0].isalnum() and rest[0] not in "\\$-":
        return None
    return Option(letter, _read(rest)) if found[1] is None or found[1].isupper() else None
