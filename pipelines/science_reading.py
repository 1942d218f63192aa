"""How a question is read from what a model wrote, and refused with a reason where it is none.

    Question: Which gas ...?
    A) helium
    B) argon
    ...
    Answer: B

Every reason why a written question goes no further is in `REASONS`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from factory.records import Prompt, Response
from filters import Language
from filters.multiple_choice import LETTERS
from filters.stated_answer import plain

REASONS = {
    "no_question": "nothing is marked as a question, or it is empty",
    "several_questions": "more than one is",
    "wrong_number_of_options": "not as many options as were asked for, lettered in order",
    "options_repeat": "two options are the same text",
    "option_about_options": "an option such as `all of the above` makes others right as well",
    "no_right_option": "no option, or none that is there, is named as the right one",
    "several_right_options": "more than one is",
    "gives_answer": "the question tells its answer, or how it is found",
    "no_short_answer": "an open question has no answer, or one that is no value or term",
    "needs_what_is_not_there": "a figure, a table or a text that a reader does not see",
    "wrong_language": "it is not in the wanted language",
    "repeats_seed": "it is the question that it was made from",
    "unanswerable": "the checker says that it has not one right answer",
}

_QUESTION = re.compile(
    r"^[\s*_#>]*question[\s*_]*(?:\d+[\s*_]*)?(?:[:：.]|$)[\s*_]*", re.IGNORECASE
)
_ANSWER = re.compile(
    r"^[\s*_#>]*(?:correct\s+|final\s+)?answer[\s*_]*(?:[:：]|$)[\s*_]*", re.IGNORECASE
)
_OPTION = re.compile(r"^[\s*_>-]*\(?([A-Z])[).:][\s*_]+(?=\S)")
_OPTIONS = re.compile(
    r"\n[\s*_#>]*(?:answer )?(?:options|choices)[\s*_]*:?[\s*_]*\Z", re.IGNORECASE
)
_WORK = re.compile(
    r"^[\s*_#>]*(?:hint|solution|explanation|reasoning|rationale)s?[\s*_]*(?:[:：]|$)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"(?<![\w'])([A-J])(?![\w'])")
_ABOUT = re.compile(
    r"\b(?:all|none|both|neither|any|two) of (?:the )?(?:above|these|others?|options?|choices)\b"
    r"|\b(?:both|neither|only) \(?[A-J]\)? (?:and|n?or) \(?[A-J]\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:figure|diagram|graph|chart|table|picture|passage|structures?|spectrum)"
    r"(?: (?:shown|given|provided|drawn|attached))? (?:below|above|attached)\b"
    r"|\b(?:shown|given|depicted|pictured|attached) (?:below|above|here)\b"
    r"|\b(?:in|from|see) (?:the |this )?(?:figure|diagram|table|passage|graph)\b",
    re.IGNORECASE,
)
_NONE = re.compile(
    r"(?:(?:none|unknown|not (?:found|given|known|stated|provided)|no (?:\w+ )?answer)\b.*|n/a)?"
)
_MAX_ANSWER_WORDS = 8
"""More is an explanation, which cannot be compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A question as a model wrote it."""

    stem: str
    choices: tuple[str, ...]
    answer: str
    """An option's letter, or a value or term; empty where there is none."""
    reason: str = ""
    """Why it cannot be used; empty where it can."""


def read_question(reply: str, options: int, *, needs_answer: bool = True) -> Written:
    """The question in a reply.

    Args:
        reply: a model's.
        options: how many were asked for; 0 for an open question.
        needs_answer: whether an open question without a known answer is refused.
    """
    stems: list[str] = []
    choices: list[tuple[str, str]] = []
    answer = ""
    place = "before"
    further: list[str] = []  # lines behind the last option's first
    for line in reply.splitlines():
        if found := _QUESTION.match(line):
            place = "stem"
            stems.append(line[found.end() :])
        elif place != "before" and (found := _ANSWER.match(line)):
            place, answer = "answer", line[found.end() :].strip(" *_")
        elif place in ("stem", "options") and options and (found := _OPTION.match(line)):
            place = "options"
            _lengthen(choices, further)
            further = []
            choices.append((found[1], line[found.end() :]))
        elif place == "answer":
            place, answer = "end", answer or line.strip(" *_`")
        elif place == "stem":
            stems[-1] += f"\n{line}"
        elif place == "options":
            further.append(line)
    # What comes after the last one is no more of it.
    _lengthen(choices, takewhile(lambda line: line.strip() and not _WORK.match(line), further))
    texts = tuple(text.strip() for _, text in choices)
    letters = "".join(letter for letter, _ in choices)
    stem = _OPTIONS.sub("", stems[0]).strip() if stems else ""
    if not stem or len(stems) > 1:
        reason = "several_questions" if len(stems) > 1 else "no_question"
        return Written(stem=stem, choices=texts, answer=answer, reason=reason)
    if any(map(_WORK.match, stem.splitlines())):
        return Written(stem=stem, choices=texts, answer=answer, reason="gives_answer")
    if letters != LETTERS[:options]:
        return Written(stem=stem, choices=texts, answer=answer, reason="wrong_number_of_options")
    if not options:
        return _open(stem, answer, needs_answer=needs_answer)
    return _chosen(stem, texts, answer)


def _lengthen(choices: list[tuple[str, str]], further: Iterable[str]) -> None:
    """Add further lines to the last option."""
    if choices:
        letter, text = choices[-1]
        choices[-1] = (letter, " ".join(filter(None, (text.strip(), *map(str.strip, further)))))


def _open(stem: str, answer: str, *, needs_answer: bool) -> Written:
    known = not _NONE.fullmatch(answer.strip(" .").casefold())
    reason = "no_short_answer" if needs_answer and not known else ""
    if known and len(answer.split()) > _MAX_ANSWER_WORDS:
        reason = "no_short_answer"
    return Written(stem=stem, choices=(), answer=answer if known else "", reason=reason)


def _chosen(stem: str, choices: tuple[str, ...], answer: str) -> Written:
    named = sorted(set(_LETTER.findall(_told(answer))))
    if len(set(map(_folded, choices))) < len(choices):
        reason = "options_repeat"
    elif any(map(_ABOUT.search, choices)):
        reason = "option_about_options"
    elif len(named) > 1:
        reason = "several_right_options"
    else:
        there = bool(named) and named[0] in LETTERS[: len(choices)]
        reason = "" if there else "no_right_option"
    return Written(stem=stem, choices=choices, answer="".join(named[:1]), reason=reason)


def _told(answer: str) -> str:
    """What comes first in `C) 42 J`: the option's text may hold letters as well."""
    found = re.match(r"\W*([A-J])\s*[).:](?!\s*[,&/]|\s*(?:and|or)\b)", answer)
    return found[1] if found else answer


def _folded(text: str) -> str:
    return plain(text).casefold().rstrip(".")


def refusal(question: Written, prompt: Prompt, language: str) -> str:
    """Why a question cannot be used, be it well formed; empty where it can.

    Args:
        question: what was read.
        prompt: what it was made from.
        language: which it must be in.
    """
    if question.reason:
        return question.reason
    if _ELSEWHERE.search(question.stem):
        return "needs_what_is_not_there"
    if not speaks(language, question.stem, prompt):
        return "wrong_language"
    seed = prompt.problem.partition("\n\nA) ")[0]
    return "repeats_seed" if _words(question.stem) == _words(seed) else ""


def speaks(language: str, text: str, prompt: Prompt) -> bool:
    """Whether a text is in a language, or too short to tell."""
    check = Language(languages=(language,))
    said = Response(prompt=prompt, mode="off", sample=0, output=text)
    return check.judge(check.score(said)).decision == "keep"


def _words(text: str) -> Sequence[str]:
    return text.casefold().split()
