r"""What most answers to one prompt say, equivalent forms counted together.

The original counts raw strings, so that `1/2`, `0.5` and `\frac{1}{2}` split their votes; here they
are one candidate. A reference that was voted for is no gold answer: the record says where it comes
from, and with which share of the votes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Judged, Reference, Verdict
from filters.final_answer import LATE, canonical, compare, final_answer

_MAX_FORMS = 64
"""Different spellings that are compared; further ones stand for themselves."""
_MAX_CANDIDATES = 8
"""Candidates, those with most votes, that a spelling is compared with."""
_MAX_LATE = 4
"""Comparisons of a group that may run out of time; after them no more is compared."""
_TIMEOUT_S = 1.0
"""CPU seconds for one comparison."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One answer in all its forms."""

    answer: str
    """The form that most voters wrote, the first one of several."""
    members: tuple[int, ...]
    """Positions of its voters."""

    @property
    def votes(self) -> int:
        """How many gave it."""
        return len(self.members)


def candidates(answers: Sequence[str | None]) -> list[Candidate]:
    """Answers grouped by what they mean, most votes first, then the one that came first.

    Args:
        answers: None where a response has no final answer; it has no vote.
    """
    forms: dict[str, list[int]] = {}
    for position, answer in enumerate(answers):
        if answer is not None:
            forms.setdefault(canonical(answer), []).append(position)
    groups: list[list[int]] = []
    late = 0
    for number, members in enumerate(sorted(forms.values(), key=_by_votes)):
        compared = groups[:_MAX_CANDIDATES] if number < _MAX_FORMS and late < _MAX_LATE else []
        try:
            twin = _find_twin(answers, compared, answers[members[0]] or "")
        except Unjudged:
            late, twin = late + 1, None
        if twin is None:
            groups.append(list(members))
        else:
            twin += members
    return [_candidate(answers, sorted(members)) for members in sorted(groups, key=_by_votes)]


def _find_twin(
    answers: Sequence[str | None], groups: Sequence[list[int]], answer: str
) -> list[int] | None:
    """The group that an answer belongs to.

    Raises:
        Unjudged: a comparison ran out of time.
    """
    for group in groups:
        try:
            if compare(answers[group[0]] or "", answer, timeout_s=_TIMEOUT_S):
                return group
        except Unjudged as unjudged:
            if unjudged.reason in LATE:
                raise
    return None


def _by_votes(members: Sequence[int]) -> tuple[int, int]:
    return -len(members), min(members)


def _candidate(answers: Sequence[str | None], members: Sequence[int]) -> Candidate:
    written = Counter(answers[position] or "" for position in members)
    return Candidate(answer=written.most_common(1)[0][0], members=tuple(members))


@settings
class Majority:
    """Make the most common answer the reference of a prompt that has no gold answer.

    Drop the responses to prompts where too few agree. (arXiv 2505.00949, sections 3.1.1 and 3.1.3;
    neither a number of votes nor a margin is published, the defaults are ours.)
    """

    name: ClassVar[str] = "majority.v1"

    min_votes: int = 2
    """Responses that must give the answer."""
    min_margin: int = 1
    """Votes that it must have more than the next one."""
    voters: Literal["on", "off", "all"] = "all"
    """Whose answers count: those of one mode, or all that the prompt got."""

    def __post_init__(self) -> None:
        for name in ("min_votes", "min_margin"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")

    def reference(self, group: Sequence[Judged]) -> Reference:
        """What all the responses to one prompt, in both modes, settle on.

        Dropped responses vote too, where they have a final answer; failed requests have none.
        """
        voters = [j.response for j in group if self.voters in ("all", j.response.mode)]
        found = candidates([final_answer(response.answer) for response in voters])
        return settle_votes(found, self.min_votes, self.min_margin)


def settle_votes(found: Sequence[Candidate], min_votes: int, min_margin: int) -> Reference:
    """The first candidate, where enough voted for it and not too many for the second one.

    Args:
        found: all that has votes, most votes first.
        min_votes: that the first one needs.
        min_margin: votes that it needs more than the second one.
    """
    if not found:
        return Reference(verdict=Verdict.drop("no_votes"))
    first = found[0]
    second = found[1].votes if len(found) > 1 else 0
    share = first.votes / sum(candidate.votes for candidate in found)
    if first.votes < min_votes:
        return Reference(verdict=Verdict.drop("too_few_votes"), share=share)
    if first.votes - second < min_margin:
        return Reference(verdict=Verdict.drop("small_margin"), share=share)
    return Reference(verdict=Verdict.keep(), answer=first.answer, share=share)
