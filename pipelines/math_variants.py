"""New problems made of seed problems, after OpenMathInstruct-2 (arXiv 2410.01560).

`similar` asks for the same kind of work with other numbers and another setting, `inspired` for
another problem that the seed gives rise to, `reworded` for the same problem in other words, which
keeps the seed's answer. A new problem's answer is unknown: it is what most of its answers say.

Each is checked: it has the form that was asked for and does not tell its answer, it is in English,
it is not its seed, and a teacher finds nothing missing in it. Its `source` says what it is,
`seeds/similar`.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from factory.records import Draft, Prompt
from pipelines.math_writing import drafted_anew
from pipelines.writers import Classify, listed

Kind = Literal["similar", "inspired", "reworded"]

_FORM = """\

It has to stand on its own, with everything that is needed to solve it, and to have one final answer
that can be compared with a known one. Do not solve it and give no hint.

Problem:
{problem}

Write the new problem, and nothing else, in this form:
Problem 1: ...
"""
VARY: dict[Kind, str] = {
    "similar": """\
Write a new mathematics problem that is solved by the same kind of work as the one below, about as
hard, with other numbers and in another setting. Choose the numbers so that it has a solution.
"""
    + _FORM,
    "inspired": """\
The mathematics problem below is to give you an idea for another one: turn the question around, add
a condition, take a special case or a more general one, or use its idea somewhere else. It should be
at least as hard, and not the same problem with other numbers.
"""
    + _FORM,
    "reworded": """\
Pose the mathematics problem below in other words. Every number, condition and thing asked for stays
the same, so that its answer is the same; sentences, their order, and names may change.
"""
    + _FORM,
}
IS_UNANSWERABLE = """\
A teacher wrote this mathematics problem. Can it be solved to one definite answer from what it says?
Look for a number or condition that is missing, a word that is not explained, conditions that
contradict each other, and more than one possible answer. Do not solve it to the end.

Problem:
{problem}

Say in a sentence what is missing, or that nothing is. End with a line of its own: "Verdict: yes" if
it can be answered, or "Verdict: no" if it cannot.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vary:
    """A new problem of one kind, made of a seed; new problems are no seeds."""

    kind: Kind
    template: str
    """The published user turn, around `{problem}`."""
    most: int = 1

    @property
    def name(self) -> str:
        """With its version."""
        return f"{self.kind}_problem.v1"

    def question(self, prompt: Prompt, sample: int) -> str | None:
        """See `factory.records.Writer`."""
        return None if is_variant(prompt) else VARY[self.kind].format(problem=prompt.problem)

    def read(self, prompt: Prompt, reply: str) -> list[Draft]:
        """See `factory.records.Writer`."""
        found = list(listed(reply))
        if len(found) != 1:
            return [Draft(prompt=prompt, reason="no_list")]
        answer = prompt.expected_answer if self.kind == "reworded" else None
        source = f"{prompt.source}/{self.kind}"
        fields = {"expected_answer": answer, "source": source, "context": ""}
        return [drafted_anew(prompt, found[0], self.template, **fields)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answerable:
    """Drops new problems that cannot be answered, or of which nothing is said; seeds stay."""

    name: ClassVar[str] = "answerable.v1"
    CLASSIFY: ClassVar[Classify] = Classify(
        name="answerable.v1",
        template=IS_UNANSWERABLE,
        reason="unanswerable",
        drops="no",
        otherwise="unanswerable",
    )
    most: int = 1

    def question(self, prompt: Prompt, sample: int) -> str | None:
        """See `factory.records.Writer`."""
        return self.CLASSIFY.question(prompt, sample) if is_variant(prompt) else None

    def read(self, prompt: Prompt, reply: str) -> list[Draft]:
        """See `factory.records.Writer`."""
        return self.CLASSIFY.read(prompt, reply)


def is_variant(prompt: Prompt) -> bool:
    """Whether a prompt was made of a seed here."""
    return prompt.source.rpartition("/")[2] in VARY
