r"""Mathematical correctness: the final answer of a response against the gold answer.

The answer is what the last `\boxed{}` holds, else a marked one (`Answer: 5`, `#### 5`). Numbers,
fractions, roots, polynomials, lists, sets, intervals, units, options and words are settled here by
exact arithmetic (`filters.math_compare`); all else goes to math-verify in a child process
(`filters.checking`), because its own time-outs work in the main thread only and what it parses is
hostile. Where public graders disagree, `filters.math_policy.Policy` says what holds here.

An answer that cannot be parsed is wrong; a gold answer that cannot is `unjudged`.
"""

import re
from typing import ClassVar, Literal

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Prompt, Response, Verdict
from filters.checking import check
from filters.math_canonical import canonical
from filters.math_compare import settle
from filters.math_extraction import after_thinking, boxes, marked
from filters.math_field import TooBig
from filters.math_policy import DEFAULT, Policy
from filters.math_refusal import refused
from filters.math_text import clean

LATE = ("timeout", "backstop", "checker_died")
"""Reasons of comparisons that did not come to an end."""
_INTEGER = re.compile(r"[+-]?[0-9]{1,1000}")

__all__ = [
    "LATE",
    "FinalAnswer",
    "Policy",
    "canonical",
    "compare",
    "equivalent",
    "extract_boxed",
    "final_answer",
    "takes_fast_path",
]


@settings
class FinalAnswer(Policy):
    """Drop responses whose final answer does not equal the gold answer.

    Several different boxes are judged as `boxes` says. The other points on which public graders
    disagree are the fields of `Policy`.
    """

    name: ClassVar[str] = "final_answer.v2"
    REASONS: ClassVar[tuple[str, ...]] = ("wrong_answer", "", "no_answer", "several_boxes")
    """Reason by score: 0 wrong, 1 correct, -1 no answer, -2 several boxes that disagree."""

    timeout_s: float = 5.0
    """CPU seconds for one comparison; a busy machine changes no verdict."""
    boxes: Literal["last", "refuse", "agree"] = "last"
    """Several boxes with different contents: the `last` one counts, or they are refused
    (`several_boxes`), or all must be correct to count (`agree`; `several_boxes` if some are)."""
    marked: bool = True
    """Whether an answer without a box counts if it is marked as one, as in `Answer: 5`."""

    def __post_init__(self) -> None:
        Policy.__post_init__(self)
        if not 0 < self.timeout_s <= 3600:
            raise ValueError(f"timeout_s must be in (0, 3600], got {self.timeout_s}")

    def score(self, response: Response) -> float:
        """1 correct, 0 wrong, -1 where there is no answer, -2 where boxes disagree.

        Raises:
            Unjudged: `no_gold`, `gold_unparseable`, `answer_too_long`, `refused_text`, `timeout`,
                `backstop`, `checker_died` or `checker_error`.
        """
        gold = response.expected
        if gold is None:
            raise Unjudged("no_gold")
        answers = self.answers(response.answer)
        if not answers:
            return -1.0
        if len(answers) == 1:
            return float(compare(gold, answers[0], timeout_s=self.timeout_s, policy=self))
        if self.boxes == "refuse":
            return -2.0
        correct = [
            compare(gold, answer, timeout_s=self.timeout_s, policy=self) for answer in answers[:8]
        ]
        return float(correct[0]) if len(set(correct)) == 1 else -2.0

    def answers(self, text: str) -> list[str]:
        """The final answers of a text that count: one, or several where all boxes do."""
        text = after_thinking(text)
        found = boxes(text)
        if not found:
            only = marked(text) if self.marked else None
            return [] if only is None else [only]
        if self.boxes == "last":
            return found[-1:]
        different = {_spelling(answer): answer for answer in found[-64:]}
        return list(different.values())

    def policies(self) -> tuple[str, ...]:
        """What counts as an answer, and as the same answer, for the card."""
        boxes = {
            "last": "Of several boxes the last one counts",
            "refuse": "Several different boxes are no answer",
            "agree": "Of several different boxes all must be correct",
        }
        marked = "an answer marked as such counts" if self.marked else "there is no answer"
        return (f"{boxes[self.boxes]}; without a box {marked}.", *Policy.policies(self))

    def extracted(self, response: Response) -> str | None:
        """The final answer as it stands in the response; the last one of several."""
        answers = self.answers(response.answer)
        return answers[-1] if answers else None

    def gold_answer(self, prompt: Prompt) -> str | None:
        """The gold answer in its box."""
        gold = prompt.expected_answer
        return None if gold is None else f"\\boxed{{{gold}}}"

    def judge(self, score: float) -> Verdict:
        """Keep what is correct."""
        if score == 1:
            return Verdict.keep()
        return Verdict.drop({0: "wrong_answer", -2: "several_boxes"}.get(int(score), "no_answer"))


def equivalent(
    gold: str, predicted: str, *, timeout_s: float = 5.0, policy: Policy = DEFAULT
) -> bool | None:
    """Whether two final answers, without their boxes, are mathematically the same.

    Args:
        gold: the reference; the comparison is not symmetric (math-verify's is not).
        predicted: the answer to check.
        timeout_s: CPU seconds.
        policy: what counts as the same.

    Returns:
        None where it cannot be told: the gold answer cannot be parsed, the text is refused, or
        time is up.
    """
    try:
        return compare(gold, predicted, timeout_s=timeout_s, policy=policy)
    except Unjudged:
        return None


def compare(gold: str, predicted: str, *, timeout_s: float = 5.0, policy: Policy = DEFAULT) -> bool:
    """What `equivalent` says, with the reason where it cannot be told.

    Raises:
        Unjudged: `gold_unparseable`, `answer_too_long`, `refused_text`, `checker_error`, or one
            of `LATE`.
    """
    settled = _settled(gold, predicted, policy)
    if settled is not None:
        return settled
    return check(_plain(gold), _plain(predicted), timeout_s=timeout_s)


def takes_fast_path(gold: str, predicted: str, policy: Policy = DEFAULT) -> bool:
    """Whether a pair is settled, or refused, without math-verify."""
    try:
        return _settled(gold, predicted, policy) is not None
    except Unjudged:
        return True


def final_answer(text: str) -> str | None:
    r"""The final answer of a response: what the last `\boxed{}` holds, else a marked one."""
    found = FinalAnswer().answers(text)
    return found[-1] if found else None


def extract_boxed(text: str) -> str | None:
    r"""What the last closed, filled `\boxed{...}` holds, braces balanced."""
    found = boxes(text)
    return found[-1] if found else None


def _spelling(answer: str) -> str:
    """The canonical form of what may be parsed, else the text."""
    return answer if refused(answer) else canonical(answer)


def _settled(gold: str, predicted: str, policy: Policy) -> bool | None:
    """What the fast path says.

    Raises:
        Unjudged: `gold_unparseable` where there is nothing to parse, `answer_too_long`, or
            `refused_text`.
    """
    if _INTEGER.fullmatch(gold) and _INTEGER.fullmatch(predicted):
        return int(gold) == int(predicted)
    for answer in (gold, predicted):
        if reason := refused(answer):
            raise Unjudged(reason)
    if not any(sign.isalnum() or sign == "\\" for sign in clean(gold)):
        raise Unjudged("gold_unparseable")
    try:
        return settle(gold, predicted, policy)
    except TooBig:
        raise Unjudged("refused_text") from None


def _plain(answer: str) -> str:
    """What math-verify is asked: it knows no sign of unicode."""
    return answer if answer.isascii() else clean(answer)
