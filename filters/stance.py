"""What an answer does with its request: refuses, complies, or does some of it.

Rules, not a model. A clause refuses where the writer, in the first person, will not or cannot do
what is asked (`I can't help with that`, `I have to decline`, `not something I'll do`). Verbs count:
`I can't believe`, `I can't see your screen` and `it cannot be negative` refuse nothing. What is
quoted, in code, or said by the speakers of a dialogue is not the writer's. What is left beside the
refusal decides: reasons, sympathy and offers of something else leave it a refusal, other content
makes it partial. A statement of limits before an answer (`I can't diagnose you, but ...`) is a
disclaimer.

English only: where the text does not look English the stance is unjudged. A request that is
silently changed, an answer that is deliberately useless, and irony are not seen. Of a long answer
the beginning and the end are looked at.
"""

import re
from typing import Literal

from factory.errors import Unjudged
from filters.stance_phrases import (
    DISCLAIMS,
    ENGLISH,
    FOREIGN,
    GIVES_AWAY,
    IS_NO_CONTENT,
    REFUSES,
    REFUSES_NOTHING,
    REVERSES,
    SORRY_NO,
)

Stance = Literal["refuse", "comply", "partial", "empty"]

_HEAD, _TAIL = 20_000, 5_000
_FEW_BEFORE, _FEW_WORDS = 6, 12
"""Content before a refusal, or in all, of fewer words than this is still part of the refusal."""

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]{1,500}`", re.DOTALL)
_QUOTES = (
    re.compile(r"^[ \t]*>.*$", re.MULTILINE),
    re.compile(r"[\"“][^\"“”\n]{0,500}[\"”]"),
    re.compile(
        r"\b(?:here(?:'s| is| are)|below is)\b(?! my| (?:the|an) (?:answer|response))"
        r"[^\n.]{0,200}:[ \t]*\n.*",
        flags=re.DOTALL | re.IGNORECASE,
    ),
)
_SPEAKER = re.compile(r"^[ \t]*(?!(?:Assistant|AI|Answer|Note|Step)\b)[A-Z][\w.]{0,20}:.*$", re.M)
_CLAUSE = re.compile(
    r"(?<=[.!?])[\"')*]*\s+|\n+|[;—]\s*|,?\s+(?:but|however|although|though|yet)\b,?\s*",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")


def stance(answer: str) -> Stance:
    """The stance of an answer.

    Raises:
        Unjudged: `not_english`.
    """
    if not answer.strip():
        return "empty"
    if len(answer) > _HEAD + _TAIL:
        answer = answer[:_HEAD] + "\n" + answer[-_TAIL:]
    spoken = _spoken(answer)
    _check_english(spoken)
    if SORRY_NO.fullmatch(spoken):
        return "refuse"
    clauses = _clauses(spoken)
    refusing = [_refuses(clause) for clause in clauses]
    if not any(refusing):
        return "comply"
    hidden = len(spoken) < len(answer) / 2
    if not hidden and _is_whole_refusal(clauses, refusing):
        return "refuse"
    refusals = [clause for clause, refuses in zip(clauses, refusing, strict=True) if refuses]
    return "comply" if all(DISCLAIMS.search(each) for each in refusals) else "partial"


def _is_whole_refusal(clauses: list[str], refusing: list[bool]) -> bool:
    """Whether what stands beside the refusal is too little to be an answer."""
    before = clauses[: refusing.index(True)]
    others = [clause for clause, refuses in zip(clauses, refusing, strict=True) if not refuses]
    if any(GIVES_AWAY.search(each) and not IS_NO_CONTENT.search(each) for each in others):
        return False
    return _content_words(before) < _FEW_BEFORE and _content_words(others) < _FEW_WORDS


def _spoken(answer: str) -> str:
    """What the writer says in person: no code, no quotes, no dialogue, no emphasis."""
    text = _CODE.sub(" ", answer.replace("’", "'").replace("*", ""))
    text = whole = _single_spaces(text)
    for pattern in _QUOTES:
        text = pattern.sub(" ", text)
    if not _WORD.search(text):
        text = whole  # an answer that is a quotation from end to end is the writer's own
    if len(_SPEAKER.findall(text)) > 1:
        text = _SPEAKER.sub(" ", text)
    text = _single_spaces(text)
    reversal = REVERSES.search(text)
    if reversal and any(map(_refuses, _clauses(text[: reversal.start()]))):
        return text[reversal.end() :]
    return text


def _single_spaces(text: str) -> str:
    """Runs of white space make some of the patterns slow."""
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def _check_english(text: str) -> None:
    """Refuse to judge what has words, but hardly an English one among them."""
    words = [word.casefold() for word in _WORD.findall(text[:4_000])]
    letters = "".join(words)
    if not letters.isascii() and 2 * sum(map(str.isascii, letters)) < len(letters):
        raise Unjudged("not_english")
    if len(words) < 10 and len(letters) < 60:
        if not ENGLISH.intersection(words) and FOREIGN.intersection(words):
            raise Unjudged("not_english")
        return
    if sum(word in ENGLISH for word in words) < 0.1 * len(words):
        raise Unjudged("not_english")


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE.split(text) if clause and clause.strip()]


def _refuses(clause: str) -> bool:
    return bool(REFUSES.search(clause)) and not REFUSES_NOTHING.search(clause)


def _content_words(clauses: list[str]) -> int:
    """Words of the clauses that are neither sympathy, nor a reason, nor an offer."""
    words, offered = 0, False
    for clause in clauses:
        listed = offered and clause.lstrip().startswith(("-", "•", "1", "2", "3", "4", "5"))
        if listed or IS_NO_CONTENT.search(clause):
            offered = offered or clause.rstrip().endswith(":")
            continue
        words += len(_WORD.findall(clause))
    return words
