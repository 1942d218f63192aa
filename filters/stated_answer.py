r"""What an answer states as its final answer, and that statement without its dress.

Policy: the last `\boxed{}` counts. Where there is none, what follows the last marker such as
`The answer is` or `Answer:` on its line (or, where nothing follows, the next line that is not
empty) counts; where there is no marker, the last line. A box that is empty or never closed is no
answer: what stood before it does not count instead. Nor is a marked answer that is reconsidered
behind it (`Wait`, `on second thought`): the second thought has to be marked as well.
"""

import collections
import re
import unicodedata

from filters.final_answer import extract_boxed
from filters.math_extraction import reconsidered

_MARKER = re.compile(
    r"\b(?:answer|(?:correct|right|best|final)\s+(?:option|choice|result|value))"
    r"(?:\s*(?:is\b|:|=))+[ \t]*",
    flags=re.IGNORECASE,
)
_COMMANDS = (
    "text|textrm|textbf|textit|textsf|texttt|mathrm|mathbf|mathit|mathsf|mathbb|mathcal|boldsymbol"
    "|operatorname|mbox|hbox|emph|underline|boxed"
)
_WRAPPER = re.compile(rf"\\(?:{_COMMANDS})\s*\{{([^{{}}]*)\}}")
_SPACE = re.compile(r"\\[,;:! ]|\\quad|\\qquad|\\left(?![a-z])|\\right(?![a-z])|~|\s+")
_MATH = re.compile(r"\$|\\[()\[\]]|`")
_EMPHASIS = re.compile(r"(?<!\w)(?:\*\*|__)|(?:\*\*|__)(?!\w)")
_SUPERSCRIPT = re.compile("[⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_PLAIN_DIGITS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_MAX_DEPTH = 8


def stated_answer(text: str, *, boxed_only: bool = False) -> str | None:
    """The final answer as it is written; None where the text states none.

    Args:
        text: the answer, without the reasoning.
        boxed_only: whether only a box counts.
    """
    if boxed_only or "\\boxed" in text:
        return extract_boxed(text)
    markers = collections.deque(_MARKER.finditer(text), maxlen=1)
    if not markers:
        return text.rstrip().rpartition("\n")[2].strip() or None
    after = _without_emphasis(text[markers[0].end() :]).lstrip()
    if reconsidered(after):
        return None
    return after.partition("\n")[0].strip() or None


def _without_emphasis(text: str) -> str:
    """`**Answer:** C`: the marker's own emphasis ends behind it."""
    return text[2:] if text.startswith(("**", "__")) else text


def plain(text: str) -> str:
    r"""The text without markup: LaTeX and Markdown emphasis gone, white space single.

    Unicode is brought to its compatibility form (`Ｃ` is `C`), and superscripts are written with a
    caret before that, so that `x²` and `x2` stay apart. Invisible signs stay: a text that hides
    one equals nothing. So does what only looks like emphasis: `9**9` is not `99`.
    """
    text = _SUPERSCRIPT.sub(lambda found: "^" + found[0].translate(_PLAIN_DIGITS), text)
    text = unicodedata.normalize("NFKC", text).replace("−", "-")
    text = _SPACE.sub(" ", _MATH.sub(" ", _EMPHASIS.sub("", text)))
    for _ in range(_MAX_DEPTH):
        text, replaced = _WRAPPER.subn(r"\1", text)
        if not replaced:
            break
    return " ".join(text.split())
