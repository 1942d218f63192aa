"""Preference: of the answers to one prompt, those that a reward model likes best.

Rejection sampling, as for the chat answers of arXiv 2505.00949, section 3.1.4.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Judged, Verdict
from filters.grades import read_grade


@settings
class BestOfN:
    """Keep the responses with the highest rewards among the prompt's in the same mode.

    Only responses that are still kept and have a reward compete; equal rewards stand in the order
    of their samples. A response that nobody else competes with has nobody to beat, and stays.
    """

    name: ClassVar[str] = "best_of_n.v1"
    REASONS: ClassVar[dict[float, str]] = {
        0: "small_margin",
        -1: "low_reward",
        -2: "no_column",
        -3: "reward_failed",
        -4: "reward_without_verdict",
        -5: "out_before",
    }
    """Reason by score, where the score is no rank. `out_before` is for responses that no longer
    compete; the runner asks for no verdict on them."""

    column: str = "reward"
    keep: int = 1
    """How many stay at most."""
    low: float | None = None
    """The least reward that may stay, inclusive, on the model's own scale; without it, any."""
    margin: float = 0.0
    """By how much the reward must be above what `over` names, inclusive."""
    over: Literal["next", "mean"] = "next"
    """`next`: the best response that does not stay. `mean`: the mean of all that compete."""

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise ValueError(f"keep must be > 0, got {self.keep}")
        if not 0 <= self.margin < float("inf"):
            raise ValueError(f"margin must be >= 0 and finite, got {self.margin}")

    def scores(self, group: Sequence[Judged]) -> list[float]:
        """The rank by reward, from 1; 0 or less stands for a reason.

        Ranks say who is best; a response of a rank that may stay gets a reason's code instead
        where its reward is too low in itself, or not far enough above the others'.
        """
        codes = {slug: code for code, slug in self.REASONS.items()}
        scores = [codes["out_before"]] * len(group)
        rewards: dict[int, float] = {}
        for place, item in enumerate(group):
            if item.kept:
                try:
                    rewards[place] = read_grade(item.response, self.column, "reward")
                except Unjudged as unjudged:
                    scores[place] = codes[unjudged.reason]
        order = sorted(rewards, key=lambda place: (-rewards[place], group[place].response.sample))
        bar = self._bar([rewards[place] for place in order])
        for rank, place in enumerate(order, start=1):
            scores[place] = float(rank)
            if rank <= self.keep and (reason := self._too_low(rewards[place], bar)):
                scores[place] = codes[reason]
        return scores

    def judge(self, score: float) -> Verdict:
        """Keep the first ranks; unjudged where there is no reward."""
        if score > 0:
            return Verdict.keep() if score <= self.keep else Verdict.drop("not_best")
        reason = self.REASONS[score]
        if reason in ("no_column", "reward_failed", "reward_without_verdict"):
            return Verdict(decision="unjudged", reason=reason)
        return Verdict.drop(reason)

    def _bar(self, rewards: Sequence[float]) -> float | None:
        """What the margin is counted from; None where there is nobody to beat.

        Args:
            rewards: those that compete, the best first.
        """
        if self.over == "mean":
            return sum(rewards) / len(rewards) if len(rewards) > 1 else None
        return rewards[self.keep] if len(rewards) > self.keep else None

    def _too_low(self, reward: float, bar: float | None) -> str:
        """Why a response of a rank that may stay does not; empty where it does."""
        if self.low is not None and reward < self.low:
            return "low_reward"
        return "small_margin" if bar is not None and reward - bar < self.margin else ""


@settings
class BestEdit(BestOfN):
    """Keep the answers that a second reward model likes best: `BestOfN` by another column.

    As for the edited answers of section 3.2.1, of which a select model picks one.
    """

    name: ClassVar[str] = "best_edit.v1"

    column: str = "select"
