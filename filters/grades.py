"""What a judge or a reward model said, read from its column; nothing here asks a model."""

from typing import ClassVar

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Response, Verdict


@settings
class JudgeVerdict:
    """Drop what the judge does not approve of."""

    name: ClassVar[str] = "judge_verdict.v1"

    column: str = "judge"
    low: float = 1.0
    """Inclusive; a judge that says yes scores 1."""

    def score(self, response: Response) -> float:
        """The judge's score; unjudged where its reply holds no verdict, or there was none."""
        return _read(response, self.column, "judge")

    def judge(self, score: float) -> Verdict:
        """Keep what scores high enough."""
        return Verdict.drop("judged_wrong") if score < self.low else Verdict.keep()


@settings
class RewardScore:
    """Drop what the reward model scores low."""

    name: ClassVar[str] = "reward_score.v1"

    column: str = "reward"
    low: float = 0.0
    """Inclusive; the scale is the model's own."""

    def score(self, response: Response) -> float:
        """The reward; unjudged where the model failed."""
        return _read(response, self.column, "reward")

    def judge(self, score: float) -> Verdict:
        """Keep what scores high enough."""
        return Verdict.drop("low_reward") if score < self.low else Verdict.keep()


def _read(response: Response, column: str, who: str) -> float:
    grade = response.grade(column)
    if grade is None or grade.error:
        raise Unjudged(f"{who}_failed")
    if grade.score is None:
        raise Unjudged(f"{who}_without_verdict")
    return grade.score
