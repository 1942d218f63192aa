r"""Answers to science questions: by what a prompt has, an option, a quantity or a short reference.

Policy, one line a point:

- A prompt with choices is checked by `MultipleChoice`.
- A gold answer that reads as a number, with a unit or without, is checked by `Quantity`. A whole
  number without a unit is a count and has no tolerance: 92 electrons are not 93.
- Any other gold answer is checked by `ShortReference`: a name, a term, a formula as it is written.
- Where there is no gold answer, `ScienceMajority` takes for the reference what most of the
  responses would be right against: so `C`, `(C)` and `C) 42 J` vote for one option, 0.5 km and
  500 m for one quantity, `the pancreas` and `Pancreas` for one term.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Judged, Prompt, Reference, Response, Verdict
from filters.final_answer import final_answer
from filters.majority import Candidate, settle_votes
from filters.multiple_choice import LETTERS, MultipleChoice
from filters.quantity import Quantity, read_quantity
from filters.short_reference import ShortReference

_MAX_CENTRES = 16
"""Different answers, those that most gave, that the others are compared with."""
_MAX_CHARACTERS = 200
"""Of an answer that may become a reference."""
_MORE_REASONS: dict[float, str] = {
    -5: "not_a_quantity",
    -6: "missing_unit",
    -7: "wrong_unit",
    -8: "wrong_value",
}


@settings
class ScienceAnswer:
    """Drop responses that are not right by the check which fits the question."""

    name: ClassVar[str] = "science_answer.v1"
    REASONS: ClassVar[dict[float, str]] = {**MultipleChoice.REASONS, **_MORE_REASONS}
    """Reason by score: 1 is right, 0 and below are the slugs of the three checks."""

    relative_tolerance: float = 0.01
    """See `Quantity`; counts have none."""
    absolute_tolerance: float = 0.0
    """See `Quantity`; counts have none."""
    require_unit: bool = True
    """Whether a bare number is wrong where the gold answer has a unit."""
    boxed_only: bool = False
    """Whether an answer without a box is none."""

    def __post_init__(self) -> None:
        self.check("1 m", ())  # says what is wrong with the tolerances

    def check(
        self, expected: str, choices: Sequence[str]
    ) -> Quantity | MultipleChoice | ShortReference:
        """The check of a gold answer."""
        if choices:
            return MultipleChoice(boxed_only=self.boxed_only)
        quantity = read_quantity(expected)
        if quantity is None:
            return ShortReference(boxed_only=self.boxed_only)
        count = not quantity.has_unit and quantity.value.denominator == 1
        return Quantity(
            relative_tolerance=0.0 if count else self.relative_tolerance,
            absolute_tolerance=0.0 if count else self.absolute_tolerance,
            require_unit=self.require_unit,
            boxed_only=self.boxed_only,
        )

    def score(self, response: Response) -> float:
        """1 for a right answer, 0 for a wrong one, below 0 a reason.

        Raises:
            Unjudged: as the check that fits; `no_gold` where there is nothing to check against.
        """
        if response.expected is None:
            raise Unjudged("no_gold")
        check = self.check(response.expected, response.prompt.choices)
        verdict = check.judge(check.score(response))
        return next(code for code, reason in self.REASONS.items() if reason == verdict.reason)

    def gold_answer(self, prompt: Prompt) -> str | None:
        """The gold answer as the check that fits has it written."""
        gold = prompt.expected_answer
        return None if gold is None else self.check(gold, prompt.choices).gold_answer(prompt)

    def judge(self, score: float) -> Verdict:
        """Keep what is right."""
        reason = self.REASONS[score]
        return Verdict.drop(reason) if reason else Verdict.keep()


@settings
class ScienceMajority:
    """Make what most answers say the reference of a question that has no gold answer.

    Drop the responses to questions on which too few agree. (arXiv 2505.00949, section 3.1.3;
    neither a number of votes nor a margin is published, the defaults are ours.)
    """

    name: ClassVar[str] = "science_majority.v1"

    min_votes: int = 2
    """Responses that must give the answer."""
    min_margin: int = 1
    """Votes that it must have more than the next one."""
    voters: Literal["on", "off", "all"] = "all"
    """Whose answers count: those of one mode, or all that the prompt got."""
    relative_tolerance: float = 0.01
    """Within which quantities are one answer; counts have none."""

    def __post_init__(self) -> None:
        for name in ("min_votes", "min_margin"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        ScienceAnswer(relative_tolerance=self.relative_tolerance)

    def reference(self, group: Sequence[Judged]) -> Reference:
        """What all the responses to one prompt, in both modes, settle on.

        Dropped responses vote too, where they state a final answer in a box or behind a marker.
        """
        voters = [j.response for j in group if self.voters in ("all", j.response.mode)]
        return settle_votes(self.candidates(voters), self.min_votes, self.min_margin)

    def candidates(self, voters: Sequence[Response]) -> list[Candidate]:
        """Answers with the positions of their voters, most votes first; each votes once."""
        left = {place for place, each in enumerate(voters) if _states(each)}
        members = {
            centre: {place for place in left if self._says(voters[place], centre)}
            for centre in _centres([voters[place] for place in sorted(left)])
        }
        found: list[Candidate] = []
        while members:
            best = max(members, key=lambda centre: len(members[centre] & left))  # first of equals
            if agreed := members.pop(best) & left:
                found.append(Candidate(answer=best, members=tuple(sorted(agreed))))
                left -= agreed
        rest = (Candidate(answer="", members=(place,)) for place in sorted(left))
        return [*found, *rest]

    def _says(self, response: Response, centre: str) -> bool:
        check = ScienceAnswer(relative_tolerance=self.relative_tolerance)
        try:
            return check.score(replace(response, reference=centre)) == 1
        except Unjudged:
            return False


def _states(response: Response) -> bool:
    return final_answer(response.answer) is not None


def _centres(voters: Sequence[Response]) -> list[str]:
    """What may become the reference: the options' letters, or the different answers, most first."""
    if voters and (choices := voters[0].prompt.choices):
        return list(LETTERS[: len(choices)])
    answers = Counter(final_answer(each.answer) or "" for each in voters)
    fit = [each for each, _ in answers.most_common() if _may_be_reference(each)]
    return fit[:_MAX_CENTRES]


def _may_be_reference(answer: str) -> bool:
    """Not one that would read as several alternatives, and not one that is a text."""
    return "|" not in answer and len(answer) <= _MAX_CHARACTERS
