"""Refusals where they belong: the stance of the answer against the prompt's policy label."""

from typing import ClassVar

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Prompt, Response, Verdict
from filters.stance import stance

_POLICIES = ("comply", "refuse")


@settings
class Refusal:
    """Drop answers that refuse what they should do, or do what they should refuse.

    A refusal is the right answer to a prompt whose policy is `refuse`. What is done in part is
    dropped in either case. How the stance is told, and what is not seen: `filters.stance`. Of the
    held-out half of 128 labelled answers (`tests/filters/stances.jsonl`) the rules called 23 of 25
    refusals and 26 of 28 compliances by their names, and none by the other's; the four that were
    missed were called partial. Rules and answers have one author: expect less of a model's text.
    """

    name: ClassVar[str] = "refusal.v1"
    REASONS: ClassVar[tuple[str, ...]] = (
        "",
        "refused_but_should_comply",
        "complied_but_should_refuse",
        "partial",
        "empty_answer",
    )
    """Reason by score; 0 is a stance that fits."""

    def score(self, response: Response) -> float:
        """The place of what is wrong in `REASONS`, 0 where the stance fits the policy.

        Raises:
            Unjudged: `no_policy` where the prompt has no label, `not_english`.
        """
        policy = response.prompt.policy
        if policy not in _POLICIES:
            raise Unjudged("no_policy")
        found = stance(response.answer)
        if found == policy:
            return 0.0
        reasons = {"refuse": "refused_but_should_comply", "comply": "complied_but_should_refuse"}
        reasons |= {"partial": "partial", "empty": "empty_answer"}
        return float(self.REASONS.index(reasons[found]))

    def gold_answer(self, prompt: Prompt) -> str | None:
        """None, as many answers have the wanted stance.

        Where the prompt wants none, an empty answer, which is unjudged, so that such a prompt is
        set aside (`bad_gold`) before a teacher is paid.
        """
        return None if prompt.policy in _POLICIES else ""

    def judge(self, score: float) -> Verdict:
        """Keep what fits."""
        return Verdict.drop(self.REASONS[int(score)]) if score else Verdict.keep()
