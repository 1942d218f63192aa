"""What the other responses to the same prompt say: agreement on the answer, and the pass rate."""

from collections.abc import Sequence
from typing import ClassVar

from factory.config import settings
from factory.records import Judged, Verdict
from filters.final_answer import final_answer
from filters.majority import candidates


@settings
class Agreement:
    """Drop answers that too few of the prompt's responses in the same mode give."""

    name: ClassVar[str] = "agreement.v2"

    min_votes: int = 1
    """Responses that must give the answer, its own included."""

    def __post_init__(self) -> None:
        if self.min_votes < 1:
            raise ValueError(f"min_votes must be > 0, got {self.min_votes}")

    def scores(self, group: Sequence[Judged]) -> list[float]:
        """For each response, how many of the group give its answer, dropped ones included.

        Forms of one value are one answer (`filters.majority.candidates`). A response without an
        answer scores 0.
        """
        scores = [0.0] * len(group)
        for found in candidates([final_answer(item.response.answer) for item in group]):
            for position in found.members:
                scores[position] = float(found.votes)
        return scores

    def judge(self, score: float) -> Verdict:
        """Keep what enough others say."""
        return Verdict.drop("too_few_votes") if score < self.min_votes else Verdict.keep()


@settings
class PassRate:
    """Drop responses to prompts that the teacher nearly always, or hardly ever, gets right.

    The default keeps all; the rate is in every record, so that a reader can choose. For prompts of
    reinforcement learning the paper drops rates of 0.75 and above, and says nothing of prompts that
    are never solved (arXiv 2505.00949, section 5.1): `high = 0.75, high_exclusive = true`.
    """

    name: ClassVar[str] = "pass_rate.v2"

    low: float = 0.0
    """Inclusive, in [0, 1]."""
    high: float = 1.0
    """In [0, 1]."""
    high_exclusive: bool = False
    """Whether a rate of exactly `high` is too easy."""

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 1:
            raise ValueError(
                f"low and high must be 0 <= low <= high <= 1, got {self.low}, {self.high}"
            )

    def scores(self, group: Sequence[Judged]) -> list[float]:
        """The group's pass rate, once for each response; 0 where none could be judged."""
        return [item.pass_rate or 0.0 for item in group]

    def judge(self, score: float) -> Verdict:
        """Keep prompts of the wanted difficulty; 0 and 1 have reasons of their own."""
        if score < self.low:
            return Verdict.drop("never_solved" if score == 0 else "too_hard")
        if score > self.high or (self.high_exclusive and score == self.high):
            return Verdict.drop("always_solved" if score == 1 else "too_easy")
        return Verdict.keep()
