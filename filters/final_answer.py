r"""Mathematical correctness: the answer in the last `\boxed{}` against the gold answer.

Numbers that are equal, and integers that are not, are settled here; all else goes to math-verify in
a child process (`filters.checking`), because its own time-outs work in the main thread only and
what it parses is hostile.

Policy: several boxes, the last one counts; equality is math-verify's, in the direction (gold,
predicted); an answer that cannot be parsed is wrong, a gold answer that cannot is `unjudged`.
"""

import re
from fractions import Fraction
from typing import ClassVar

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Prompt, Response, Verdict
from filters.checking import check

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_MAX_CHARACTERS = 2_000
_MAX_DIGITS = 1_000
# math-verify falls back on a parser that evaluates Python.
_PYTHON = re.compile(r"__|[;`'\"]|\b(?:import|lambda|exec|eval|open|getattr|globals)\b")


@settings
class FinalAnswer:
    """Drop responses whose boxed answer does not equal the gold answer."""

    name: ClassVar[str] = "final_answer.v1"

    timeout_s: float = 5.0
    """CPU seconds for one comparison; a busy machine changes no verdict."""

    def __post_init__(self) -> None:
        if not 0 < self.timeout_s <= 3600:
            raise ValueError(f"timeout_s must be in (0, 3600], got {self.timeout_s}")

    def score(self, response: Response) -> float:
        """1 correct, 0 wrong, -1 where the answer has no box.

        Raises:
            Unjudged: `no_gold`, `gold_unparseable`, `answer_too_long`, `refused_text`, `timeout`
                or `checker_died`.
        """
        gold = response.expected
        if gold is None:
            raise Unjudged("no_gold")
        predicted = extract_boxed(response.answer)
        if predicted is None:
            return -1.0
        return float(_compare(gold, predicted, self.timeout_s))

    def gold_answer(self, prompt: Prompt) -> str | None:
        """The gold answer in its box."""
        gold = prompt.expected_answer
        return None if gold is None else f"\\boxed{{{gold}}}"

    def judge(self, score: float) -> Verdict:
        """Keep what is correct."""
        if score == 1:
            return Verdict.keep()
        return Verdict.drop("wrong_answer" if score == 0 else "no_answer")


def equivalent(gold: str, predicted: str, *, timeout_s: float = 5.0) -> bool | None:
    """Whether two final answers, without their boxes, are mathematically the same.

    Args:
        gold: the reference; the comparison is not symmetric (math-verify's is not).
        predicted: the answer to check.
        timeout_s: CPU seconds.

    Returns:
        None where it cannot be told: the gold answer cannot be parsed, the text is refused, or
        time is up.
    """
    try:
        return _compare(gold, predicted, timeout_s)
    except Unjudged:
        return None


def extract_boxed(text: str) -> str | None:
    r"""What the last `\boxed{...}` holds, braces balanced; None without a closed, filled box."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth, begin = 1, start + len("\\boxed{")
    for position in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[begin:position].strip() or None
    return None


def canonical(answer: str) -> str:
    """One spelling for numbers that are written differently; else the text without white space."""
    number = _number(answer)
    return str(number) if number is not None else "".join(answer.split()).casefold()


def _number(text: str) -> Fraction | None:
    """The value of a plain decimal number, with or without thousands commas or dollar signs."""
    bare = text.strip().strip("$").strip()
    if _GROUPED.fullmatch(bare):
        bare = _THOUSANDS.sub("", bare)
    return Fraction(bare) if _NUMBER.fullmatch(bare) and len(bare) <= _MAX_DIGITS else None


def _compare(gold: str, predicted: str, timeout_s: float) -> bool:
    left, right = _number(gold), _number(predicted)
    if left is not None and right is not None:
        if left == right:
            return True
        if left.denominator == right.denominator == 1:
            return False
    if max(len(gold), len(predicted)) > _MAX_CHARACTERS:
        raise Unjudged("answer_too_long")
    if _PYTHON.search(gold) or _PYTHON.search(predicted):
        raise Unjudged("refused_text")
    return check(gold, predicted, timeout_s=timeout_s)
