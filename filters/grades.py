"""What a judge or a reward model said, read from its column; nothing here asks a model."""

import math
from typing import ClassVar

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Response, Verdict


@settings
class JudgeVerdict:
    """Drop what the judge does not approve of."""

    name: ClassVar[str] = "judge_verdict.v2"

    column: str = "judge"
    low: float = 1.0
    """Inclusive; a judge that says yes scores 1."""

    def score(self, response: Response) -> float:
        """The judge's score; unjudged where its reply holds no verdict, or there was none."""
        return read_grade(response, self.column, "judge")

    def judge(self, score: float) -> Verdict:
        """Keep what scores high enough."""
        return Verdict.drop("judged_wrong") if score < self.low else Verdict.keep()


@settings
class RewardScore:
    """Drop what the reward model scores low."""

    name: ClassVar[str] = "reward_score.v2"

    column: str = "reward"
    low: float = 0.0
    """Inclusive; the scale is the model's own."""

    def score(self, response: Response) -> float:
        """The reward; unjudged where the model failed."""
        return read_grade(response, self.column, "reward")

    def judge(self, score: float) -> Verdict:
        """Keep what scores high enough."""
        return Verdict.drop("low_reward") if score < self.low else Verdict.keep()


def read_grade(response: Response, column: str, who: str) -> float:
    """What stands in a column.

    Args:
        response: with its grades.
        column: the column's name.
        who: `judge` or `reward`; the reasons begin with it.

    Raises:
        Unjudged: `no_column` where the column was never asked for, `<who>_failed` where the
            request failed, `<who>_without_verdict` where the reply holds none.
    """
    grade = response.grade(column)
    if grade is None or grade.error.partition(":")[0] == "no_column":
        raise Unjudged("no_column")
    if grade.error:
        raise Unjudged(f"{who}_failed")
    if grade.score is None or not math.isfinite(grade.score):
        raise Unjudged(f"{who}_without_verdict")
    return grade.score
