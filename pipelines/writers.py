"""What the pages share in having teachers write prompts: verdicts, and lists of new prompts.

Every reply is a text that a model wrote: a verdict is the last line that has the form that was
asked for, be it bold, in a box or with the reason behind it, and a list is read by its marks alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from factory.records import Draft, Message, Prompt

_VERDICT = re.compile(
    r"(?im)^[^\w\n]*(?:final )?verdict[^\w\n]+(?:(?:boxed|text)[^\w\n]+)*(yes|no)"
    r"(?=[^\w\n]*(?:$|[,.;:(–—]))"  # `yes or no` is none
)
_ITEM = re.compile(r"(?im)^[^\w\n]*problem\s+#?\d+[^\w\n]*?(?:[:：.]|$)[\s*_]*")
_RULE = re.compile(r"\n[ \t]*[-*_]{3,}\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Classify:
    """Drops the prompts of which a teacher says yes, or no.

    The question has to ask for a last line `Verdict: yes` or `Verdict: no`.
    """

    name: str
    """With its version."""
    template: str
    """The question, around `{problem}` and `{expected}`."""
    reason: str
    """Why a prompt goes."""
    drops: str = "yes"
    """The verdict for which it goes."""
    otherwise: str = ""
    """Why a prompt goes of which nothing is said; empty where it stays."""
    most: int = 1

    def question(self, prompt: Prompt, sample: int) -> str | None:
        """See `factory.records.Writer`."""
        return self.template.format(problem=prompt.problem, expected=prompt.expected_answer or "")

    def read(self, prompt: Prompt, reply: str) -> list[Draft]:
        """See `factory.records.Writer`."""
        verdicts = _VERDICT.findall(reply)
        if not verdicts:
            return [Draft(prompt=prompt, reason=self.otherwise)]
        return [
            Draft(prompt=prompt, reason=self.reason if verdicts[-1].lower() == self.drops else "")
        ]


def listed(reply: str) -> Iterator[str]:
    """The texts of a reply in the form `Problem 1: ... Problem 2: ...`, in order."""
    for text in _ITEM.split(reply)[1:]:
        if bare := _RULE.sub("", _without_fence(text.strip())).rstrip():
            yield bare


def _without_fence(text: str) -> str:
    """Without the end of a fence that was opened before it."""
    return text.removesuffix("```").rstrip() if text.count("```") % 2 else text


def posed(prompt: Prompt, problem: str, template: str, **fields: object) -> Prompt:
    """A new prompt made of another one.

    Args:
        prompt: what it is made of.
        problem: bare.
        template: the published user turn, around `{problem}`.
        fields: what else is its own.
    """
    turns = (Message(role="user", content=template.format(problem=problem)),)
    return prompt.rewritten(turns, problem=problem, **fields)


def repeats(prompt: Prompt, problem: str) -> bool:
    """Whether a problem is the one that it was made of, but for case and white space."""
    return " ".join(problem.split()).casefold() == " ".join(prompt.problem.split()).casefold()
