"""What is checked of every math problem that a teacher wrote down, copied or new."""

import re

from factory.records import Draft, Prompt, Response
from filters import Language
from pipelines.writers import posed, repeats

MAX_CHARACTERS = 6_000
_GIVEN = re.compile(
    r"(?im)\\boxed\s*\{|^[^\w\n]*(?:(?:final|correct) )?(?:answer|solution)s?[^\w\n]*?(?:[:：.]|$)"
)
_NO_PROBLEM = re.compile(r"(?im)^[^\w\n]*no problems?[^\w\n]*$")
_ENGLISH = Language()


def none_written(reply: str) -> bool:
    """Whether a reply says, on a line of its own, that there is no problem."""
    return _NO_PROBLEM.search(reply) is not None


def drafted(prompt: Prompt, problem: str, template: str, **fields: object) -> Draft:
    """A problem as a draft, with the reason where it cannot be posed.

    Args:
        prompt: what it was made of.
        problem: bare.
        template: the published user turn, around `{problem}`.
        fields: what else is its own.
    """
    return Draft(prompt=posed(prompt, problem, template, **fields), reason=_flaw(problem))


def drafted_anew(prompt: Prompt, problem: str, template: str, **fields: object) -> Draft:
    """The same of a problem that has to be another one than what it was made of."""
    if repeats(prompt, problem):
        return Draft(prompt=prompt, reason="repeats_seed")
    return drafted(prompt, problem, template, **fields)


def _flaw(problem: str) -> str:
    """Why a text cannot be posed as it stands, empty where it can."""
    if len(problem) > MAX_CHARACTERS or sum(map(str.isalnum, problem)) < 2:
        return "malformed"
    if _GIVEN.search(problem):
        return "gives_answer"
    return "" if _in_english(problem) else "wrong_language"


def _in_english(problem: str) -> bool:
    nobody = Prompt(
        id="", index=0, domain="math", input=(), problem="", expected_answer=None,
        source="", license="",
    )  # fmt: skip
    said = Response(prompt=nobody, mode="off", sample=0, output=problem)
    return _ENGLISH.judge(_ENGLISH.score(said)).decision == "keep"
