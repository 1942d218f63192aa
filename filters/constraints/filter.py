"""The filter over all the instructions of a prompt."""

import json
from typing import Any, ClassVar

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Constraint, Prompt, Response, Verdict
from filters.constraints.checking import check
from filters.constraints.witness import witness


@settings
class Constraints:
    """Drop answers that break an instruction of their prompt.

    What is checked is the answer after the think block, without white space around it.
    """

    name: ClassVar[str] = "constraints.v1"

    loose: bool = False
    """Whether a variant without asterisks, first or last line will do (IFEval's loose score)."""
    low: float = 1.0
    """The share of instructions that must be followed, inclusive; 1 is all of them."""
    max_characters: int = 100_000
    """Longer answers are unjudged."""

    def __post_init__(self) -> None:
        if not 0 <= self.low <= 1:
            raise ValueError(f"low must be in [0, 1], got {self.low}")
        if self.max_characters < 1:
            raise ValueError(f"max_characters must be > 0, got {self.max_characters}")

    def score(self, response: Response) -> float:
        """The share of the prompt's instructions that the answer follows.

        Raises:
            Unjudged: `no_constraints`, `unknown_instruction`, `bad_kwargs`, `costly_pattern`,
                `nested_too_deeply` or `answer_too_long`.
        """
        prompt, answer = response.prompt, response.answer
        if not prompt.constraints:
            raise Unjudged("no_constraints")
        if len(answer) > self.max_characters:
            raise Unjudged("answer_too_long")
        asked = prompt.input[-1].content
        followed = [
            check(each.instruction_id, _kwargs(each), asked, answer, loose=self.loose)
            for each in prompt.constraints
        ]
        return sum(followed) / len(followed)

    def gold_answer(self, prompt: Prompt) -> str | None:
        """An answer that follows all the instructions, made to show that they can be followed.

        Where they contradict one another it breaks some; where one cannot be checked at all it is
        empty, which is unjudged. Such prompts are set aside (`bad_gold`) before a teacher is paid.
        None where nothing can be shown, see `filters.constraints.witness`.
        """
        if not prompt.constraints:
            return ""
        try:
            return witness([(each.instruction_id, _kwargs(each)) for each in prompt.constraints])
        except Unjudged:
            return ""

    def judge(self, score: float) -> Verdict:
        """Keep what follows enough of them."""
        return Verdict.drop("constraints_broken") if score < self.low else Verdict.keep()


def _kwargs(constraint: Constraint) -> dict[str, Any]:
    try:
        kwargs = json.loads(constraint.kwargs)
    except (ValueError, RecursionError):
        raise Unjudged("bad_kwargs") from None
    if not isinstance(kwargs, dict):
        raise Unjudged("bad_kwargs")
    return kwargs
