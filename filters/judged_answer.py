r"""Mathematical correctness by rule, and by a judge where the rule cannot decide.

The rule's word is final where it finds the answers equal, and where it finds two plain numbers
different. All else, such as `every odd prime` against `all primes but 2`, `f(x)=kx` against
`f(x)=cx`, or what takes the rule too long, is open: a judge decides it in the problem's
context, and without a judge's verdict the response is unjudged.

    rule = JudgedAnswer()
    AskJudge(teacher="judge", template=JUDGE, undecided_by=rule), Keep(rule)
"""

import re
from typing import ClassVar

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Response, Verdict
from filters.final_answer import FinalAnswer
from filters.grades import read_grade

_OF_NUMBERS = re.compile(r"\\(?:[dt]?frac|sqrt|pi|cdot|times|div|pm|left|right|infty)(?![A-Za-z])")
_UNDECIDED = "undecided"


@settings
class JudgedAnswer(FinalAnswer):
    """Drop responses whose final answer is not the gold answer, by rule or by a judge's verdict."""

    name: ClassVar[str] = "judged_answer.v1"
    REASONS: ClassVar[tuple[str, ...]] = (*FinalAnswer.REASONS, "judged_wrong")
    """Reason by score: as in `FinalAnswer`, and -3 where the judge says no."""

    column: str = "judge"
    """The judge's."""
    low: float = 1.0
    """The judge's score from which it agrees, inclusive; one that says yes scores 1."""

    def score(self, response: Response) -> float:
        """1 correct, 0 wrong, -1 no answer, -2 boxes that disagree, -3 wrong as the judge says.

        Raises:
            Unjudged: `no_gold`; `undecided` where the rule cannot decide and no judge was asked;
                what `read_grade` says where the judge failed, or said nothing.
        """
        try:
            score = FinalAnswer.score(self, response)
            if score != 0 or self._are_numbers(response):
                return score
        except Unjudged as unjudged:
            if unjudged.reason == "no_gold":
                raise
        if response.grade(self.column) is None:
            raise Unjudged(_UNDECIDED)
        return 1.0 if read_grade(response, self.column, "judge") >= self.low else -3.0

    def _are_numbers(self, response: Response) -> bool:
        """Whether gold answer and final answer are plain numbers, or lists of them."""
        pair = (response.expected or "", self.extracted(response) or "")
        return not any(sign.isalpha() for text in pair for sign in _OF_NUMBERS.sub("", text))

    def judge(self, score: float) -> Verdict:
        """Keep what is correct."""
        return Verdict.drop("judged_wrong") if score == -3 else FinalAnswer.judge(self, score)

    def policies(self) -> tuple[str, ...]:
        """How it decides, for the card."""
        judge = (
            "What the rule does not find equal, unless both answers are plain numbers, a judge "
            "decides in the problem's context."
        )
        return (*FinalAnswer.policies(self), judge)
