r"""Spelling: LaTeX and unicode that look alike on paper become one text.

`\dfrac`, `\tfrac` and `½` become `\frac`; `\left(`, `\,` and `\displaystyle` go; `\mathrm{cm}`,
`\mbox{cm}` and `\textbf{cm}` become `\text{cm}`; `−`, `·` and `≤` become `-`, `*` and `<=`.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_UNICODE: Final = {
    **dict.fromkeys("\u2212\u2013\u2014\u2010\u2011\ufe63\uff0d", "-"),
    **dict.fromkeys("\u200b\u2060\ufeff\u00ad", ""),
    **dict.fromkeys("×·⋅∙∗•", "*"),
    **{"÷": "/", "∕": "/", "⁄": "/", "∶": ":", "π": r"\pi ", "∞": r"\infty ", "√": r"\sqrt "},
    **{"°": r"^\circ ", "º": r"^\circ ", "≤": "<=", "≥": ">=", "⩽": "<=", "⩾": ">="},
    **{"≠": r"\ne ", "≈": r"\approx ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in "},
    **{"∅": r"\emptyset ", "±": r"\pm ", "∓": r"\mp ", "ℝ": r"\mathbb{R}", "…": r"\dots "},
    **{"’": "'", "‘": "'", "′": "'", "“": '"', "”": '"', "，": ",", "（": "(", "）": ")"},
    **{"α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "θ": r"\theta "},
    **{"λ": r"\lambda ", "μ": r"\mu ", "ρ": r"\rho ", "σ": r"\sigma ", "φ": r"\phi "},
    **{"ω": r"\omega ", "Δ": r"\Delta ", "Ω": r"\Omega ", "²": "^{2}", "³": "^{3}"},
    **{sign: f"^{{{n}}}" for n, sign in enumerate("⁰¹⁴⁵⁶⁷⁸⁹") if n in (0, 1)},
    **{sign: f"^{{{n}}}" for n, sign in zip((4, 5, 6, 7, 8, 9), "⁴⁵⁶⁷⁸⁹", strict=True)},
    **{sign: f"_{{{n}}}" for n, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}
_UNICODE_TABLE: Final = str.maketrans(_UNICODE)

_NOTHING: Final = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits|nolimits|mathstrut|strut)"
    r"(?![a-zA-Z])|\\!|\\phantom\{[^{}]*\}|\\hspace\{[^{}]*\}|\\boldsymbol(?![a-zA-Z])"
)
_SPACE: Final = re.compile(r"(?<!\\)\\(?:[,;:> \n]|quad\b|qquad\b|enspace\b|thinspace\b)|~|\s")
_TEXT: Final = re.compile(
    r"\\(?:text(?:rm|bf|it|normal|sf|tt|up)?|math(?:rm|bf|it|sf|tt|normal|cal|scr)|mbox|hbox|operatorname\*?"
    r"|bf|rm)\s*(?=\{)"
)
_WORDS: Final = (
    (re.compile(r"\\[dtc]frac(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\\(?:cdot|times|ast)(?![a-zA-Z])"), "*"),
    (re.compile(r"\\div(?![a-zA-Z])"), "/"),
    (re.compile(r"\\(?:leqslant|leqq|leq|le)(?![a-zA-Z])|=<|≤"), "<="),
    (re.compile(r"\\(?:geqslant|geqq|geq|ge)(?![a-zA-Z])|=>"), ">="),
    (re.compile(r"\\lt(?![a-zA-Z])"), "<"),
    (re.compile(r"\\gt(?![a-zA-Z])"), ">"),
    (re.compile(r"\\neq(?![a-zA-Z])|!="), r"\\ne "),
    (re.compile(r"\^\s*(?:\\circ(?![a-zA-Z])|\{\s*\\circ\s*\})|\\degrees?(?![a-zA-Z])"), "°"),
    (re.compile(r"\\(?:varnothing|empty)(?![a-zA-Z])"), r"\\emptyset "),
    (re.compile(r"\\(?:var)(epsilon|theta|phi|rho|sigma)(?![a-zA-Z])"), r"\\\1"),
    (re.compile(r"\\lbrace(?![a-zA-Z])"), r"\\{"),
    (re.compile(r"\\rbrace(?![a-zA-Z])"), r"\\}"),
    (re.compile(r"\\[lr]?vert(?![a-zA-Z])"), "|"),
    (re.compile(r"\\(?:lbrack)(?![a-zA-Z])"), "["),
    (re.compile(r"\\(?:rbrack)(?![a-zA-Z])"), "]"),
    (re.compile(r"\\(?:ldots|cdots|dotsc|dotsb|dots)(?![a-zA-Z])|\.\.\.+"), r"\\dots "),
    (re.compile(r"\\text\s*\{\s*\}"), ""),
    (re.compile(r"\\text\{\s*,?\s*(and|or)\s*\}|(?<![a-zA-Z\\])(and|or)(?![a-zA-Z])"), r" \1\2 "),
    (re.compile(r"\\text\{([a-zA-Z])\}"), r" \1 "),
    (re.compile(r"\\text\{\s*([-+]?\d[\d.,/%]*)\s*\}"), r"\1"),
    (re.compile(r"(?<=[\d ])([AaPp])\. ?[Mm](?![A-Za-z])\.?"), r"\1m"),
    (re.compile(r"\\langle(?![a-zA-Z])"), "("),
    (re.compile(r"\\rangle(?![a-zA-Z])"), ")"),
    (re.compile(r"(?<![a-zA-Z\\])(?:infinity|inf)(?![a-zA-Z])"), r"\\infty "),
    (re.compile(r"\{\s*,\s*\}"), "{,}"),
    (re.compile(r"(?<=\d)\{,\}(?=\d{3}(?!\d))"), ""),
)
_TIGHT: Final = re.compile(r"(?<=\d)(?:,\\!\s?(?=\d\d)|(?:\\!,|\\,)\s?(?=\d{3}(?!\d)))")
_ROOT: Final = re.compile(r"√ ?(\d+|[a-z])")
_ANGLE: Final = re.compile(r"\\angle\s*(?=\d)")
_FRACTION: Final = re.compile(r"(\d)?\s*([\u00bc-\u00be\u2150-\u215f\u2189])")
_DELIMITERS: Final = (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$"), ("**", "**"))


@lru_cache(maxsize=8192)
def clean(answer: str) -> str:
    """The answer in the one spelling; its white space is single spaces."""
    text = answer
    if not text.isascii():
        text = _ROOT.sub(r"\\sqrt{\1}", _FRACTION.sub(_vulgar, text))
        text = unicodedata.normalize("NFKC", text.translate(_UNICODE_TABLE))
        text = text.translate(_UNICODE_TABLE)
    if "\\" in text:
        text = _TIGHT.sub("", text)
        text = _ANGLE.sub("", _NOTHING.sub("", text))
        text = _TEXT.sub(r"\\text", text)
    for pattern, replacement in _WORDS if "\\" in text or not text.isdigit() else ():
        text = pattern.sub(replacement, text)
    text = _outside(" ".join(_SPACE.sub(" ", text).split()))
    return text.replace("**", "^")


def _vulgar(found: re.Match[str]) -> str:
    top, _, bottom = unicodedata.normalize("NFKC", found[2]).partition("\u2044")
    return f"{found[1] or ''}\\frac{{{top}}}{{{bottom or 1}}}"


def _outside(text: str) -> str:
    """Without what stands around an answer: math delimiters, a box, a full stop."""
    while True:
        before = text
        text = text.strip()
        if text.endswith((".", ",", ";", "\\")) and text[-2:-1] != "\\":
            text = text[:-1].rstrip()
        for left, right in _DELIMITERS:
            inside = text[len(left) : len(text) - len(right)]
            if text.startswith(left) and text.endswith(right) and len(text) > len(left + right):
                text = inside if left not in inside else text
        for box in ("\\boxed{", "\\fbox{"):
            if text.startswith(box) and closing(text, len(box) - 1) == len(text) - 1:
                text = text[len(box) : -1]
        if text.startswith("{") and closing(text, 0) == len(text) - 1:
            text = text[1:-1]
        if text == before:
            return text.replace("$", "") if text.count("$") > 1 else text


_OPEN: Final = {"(": ")", "[": "]", "{": "}"}


def closing(text: str, start: int) -> int:
    """Where the bracket at `start` is closed by one of any kind; -1 where it is not.

    Round and square brackets close each other, as in `[0, 1)`; escaped braces are a kind of their
    own (their backslash counts as the start).
    """
    depth = 0
    position = start
    while position < len(text):
        sign = text[position]
        if sign == "\\":
            position += 1
            if text[position : position + 1] in ("{", "}"):
                sign = text[position]
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    return -1


def split(text: str, at: str) -> list[str]:
    """The parts between the separators that stand outside all brackets."""
    return cut(text, (at,))[0]


def cut(text: str, signs: Sequence[str]) -> tuple[list[str], list[str]]:
    """(parts, signs between them) of a text, where signs count outside all brackets only.

    Args:
        text: what is cut.
        signs: of two that begin alike, the longer one first.
    """
    parts: list[str] = []
    found: list[str] = []
    depth, begin, position = 0, 0, 0
    while position < len(text):
        if depth == 0:
            sign = next((each for each in signs if text.startswith(each, position)), "")
            if sign:
                parts.append(text[begin:position])
                found.append(sign)
                position += len(sign)
                begin = position
                continue
        if text[position] == "\\" and text[position + 1 : position + 2] not in ("{", "}"):
            position += 1
        elif text[position] in "([{":
            depth += 1
        elif text[position] in ")]}":
            depth -= 1
        position += 1
    return [*parts, text[begin:]], found
