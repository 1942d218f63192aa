"""The shape of an output: think tags where reasoning is on, none where it is off; not cut."""

from typing import ClassVar

from factory.config import settings
from factory.records import Response, Verdict, split_output

_OPEN, _CLOSE = "<think>", "</think>"


@settings
class ThinkTags:
    """Drop outputs whose tags do not fit the mode.

    On: one `<think>...</think>` block with something in it, at the start, before a non-empty
    answer. Off: no tag and a non-empty answer. (arXiv 2505.00949, section 5.1: the format reward.)
    """

    name: ClassVar[str] = "think_tags.v1"

    allow_empty: bool = False
    """Whether the block may be empty, as it is in all released answers of the safety domain."""
    REASONS: ClassVar[tuple[str, ...]] = (
        "",
        "no_block",
        "tag_not_closed",
        "several_blocks",
        "text_before_block",
        "empty_reasoning",
        "empty_answer",
        "tag_with_reasoning_off",
    )
    """Reason by score; 0 is well-formed."""

    def score(self, response: Response) -> float:
        """The place of the output's defect in `REASONS`, 0 where there is none."""
        defect = _defect_on(response.output) if response.mode == "on" else _defect_off(response)
        if self.allow_empty and defect == "empty_reasoning":
            defect = "" if response.answer else "empty_answer"
        return float(self.REASONS.index(defect))

    def judge(self, score: float) -> Verdict:
        """Keep what has no defect."""
        return Verdict.drop(self.REASONS[int(score)]) if score else Verdict.keep()


def _defect_on(output: str) -> str:
    opened, closed = output.count(_OPEN), output.count(_CLOSE)
    if not opened and not closed:
        return "no_block"
    if opened > 1 or closed > 1:
        return "several_blocks"
    if not (opened and closed) or output.index(_CLOSE) < output.index(_OPEN):
        return "tag_not_closed"
    if not output.lstrip().startswith(_OPEN):
        return "text_before_block"
    reasoning, answer = split_output(output)
    if not reasoning:
        return "empty_reasoning"
    return "" if answer else "empty_answer"


def _defect_off(response: Response) -> str:
    if _OPEN in response.output or _CLOSE in response.output:
        return "tag_with_reasoning_off"
    return "" if response.output.strip() else "empty_answer"


@settings
class Truncated:
    """Drop outputs that were cut at the token limit."""

    name: ClassVar[str] = "truncated.v1"

    def score(self, response: Response) -> float:
        """1 where the completion ended with `length`, else 0."""
        return float(response.finish_reason == "length")

    def judge(self, score: float) -> Verdict:
        """Drop what was cut."""
        return Verdict.drop("cut_at_max_tokens") if score else Verdict.keep()
