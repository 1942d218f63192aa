r"""Multiple choice: which option the answer names, by letter or by the option's text.

Policy, one line a point:

- The final answer is the last box, else a marked answer, else the last line
  (`filters.stated_answer`); `boxed_only` leaves the box alone to count.
- Text that is an option's text names that option. A letter names its option when it stands alone
  (`C`, `(C)`, `C.`), before the option's text (`(C) 42 J`) or before a reason (`C, because ...`).
  `A` and `I` before a word are an article and a pronoun.
- Beside a letter, the text of another option contradicts it, and so does a number that its own
  option lacks. Other text must be its option's words by half; it may not name another letter nor
  take the letter back (`ambiguous_answer`).
- A letter that is also the text of another option is ambiguous.
- Case counts in short words (`5 mW` is not `5 MW`, `CO` is not `Co`), not in `sodium`.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Prompt, Response, Verdict
from filters.stated_answer import plain, stated_answer

LETTERS = "ABCDEFGHIJ"
"""Of up to ten options."""

_LEAD = re.compile(
    r"(?:the\s+)?(?:option|choice|answer)\s*(?:is\b|:)?\s*(?=\W*\w\b)", re.IGNORECASE
)
_ALONE = re.compile(r"[(\[{]?\s*([A-Za-z])\s*[)\]}]?\s*[.:,;]?")
_BRACKETED = re.compile(r"[(\[{]\s*([A-Za-z])\s*[)\]}]\s*[.:,;]?\s*(.*)", re.DOTALL)
_DELIMITED = re.compile(r"([A-Z])\s*(?:[).:]|,|;|\s[-–—]|[–—])(?:\s+|(?=[^\w\s]))(.*)", re.DOTALL)
_BEFORE_WORDS = re.compile(r"([A-Z])\s+(.*)", re.DOTALL)
_JOINED = re.compile(r"(?:and|or|nor|und|&|/|\+|,|;)\s*[(\[]?([A-Z])\b(?!['’])")
_LETTER_NEXT = re.compile(r"[.:]?\s*[(\[]?([A-J])\b(?!['’])")
_REASON = re.compile(r"[,;(]?\s*\b(?:because|since|as|due to|which|where)\b.*", re.DOTALL)
_OTHER_LETTER = re.compile(r"[(\[]([A-Z])[)\]]|(?<![\w'’^\\-])([B-HJ])(?![\w'’^-])")
_TAKEN_BACK = re.compile(
    r"\b(?:not|no|nor|neither|never|wrong|incorrect|false|except|unlike)\b|n't\b", re.IGNORECASE
)
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_MAX_CHARACTERS = 10_000


class _Unreadable(Exception):
    """Carries the reason for which no option can be told."""


@settings
class MultipleChoice:
    """Drop responses that do not name the gold option."""

    name: ClassVar[str] = "multiple_choice.v1"
    REASONS: ClassVar[dict[float, str]] = {
        1: "",
        0: "wrong_answer",
        -1: "no_answer",
        -2: "ambiguous_answer",
        -3: "no_such_option",
        -4: "contradicting_answer",
    }
    """Reason by score."""

    boxed_only: bool = False
    """Whether an answer without a box is none."""

    def score(self, response: Response) -> float:
        """1 for the gold option, 0 for another, below 0 where no option can be told.

        Raises:
            Unjudged: `no_gold`; `gold_unparseable` where the gold answer names no option;
                `no_choices` where the answer is text and the options are not known.
        """
        if response.expected is None:
            raise Unjudged("no_gold")
        options = response.prompt.choices
        gold = _gold(response.expected, options)
        stated = stated_answer(response.answer, boxed_only=self.boxed_only)
        if stated is None:
            return -1.0
        try:
            return float(_option(stated, options) == gold)
        except _Unreadable as unreadable:
            return self._code(str(unreadable), response)

    def _code(self, reason: str, response: Response) -> float:
        """The score of a statement that names no option: in prose it may be no answer at all."""
        if reason == "no_option":
            boxed = "\\boxed" in response.answer
            if boxed and not response.prompt.choices:
                raise Unjudged("no_choices")
            reason = "no_such_option" if boxed else "no_answer"
        return next(code for code, slug in self.REASONS.items() if slug == reason)

    def gold_answer(self, prompt: Prompt) -> str | None:
        """The gold option's letter in its box; the gold answer itself where it is no option."""
        gold = prompt.expected_answer
        if gold is None:
            return None
        try:
            return f"\\boxed{{\\text{{({LETTERS[_gold(gold, prompt.choices)]})}}}}"
        except Unjudged:
            return f"\\boxed{{{gold}}}"

    def judge(self, score: float) -> Verdict:
        """Keep the gold option."""
        reason = self.REASONS[score]
        return Verdict.drop(reason) if reason else Verdict.keep()


def _gold(gold: str, options: Sequence[str]) -> int:
    """The option that the gold answer names; a letter is a letter even where an option reads so."""
    text = plain(gold)
    alone = _ALONE.fullmatch(text)
    num_options = len(options) or len(LETTERS)
    if alone and (place := LETTERS.find(alone[1].upper())) in range(num_options):
        return place
    named = _named(text, options)
    if len(named) != 1 or named[0] >= len(LETTERS):
        raise Unjudged("gold_unparseable")
    return named[0]


def _option(stated: str, options: Sequence[str]) -> int:
    """The option that a final answer names.

    Raises:
        _Unreadable: none, or more than one.
    """
    if len(stated) > _MAX_CHARACTERS:
        raise _Unreadable("no_option")
    text = plain(stated)
    named = _named(text, options)
    lead = _LEAD.match(text)
    bare = text[lead.end() :] if lead and not named else text
    alone = _ALONE.fullmatch(bare)
    letters = [LETTERS.find(alone[1].upper())] if alone else []
    if letters and letters[0] in range(len(options) or len(LETTERS)):
        named = sorted({*named, *letters})
    if len(named) > 1:
        raise _Unreadable("ambiguous_answer")
    if named:
        return named[0]
    if alone:
        raise _Unreadable("no_such_option")
    return _letter_first(bare, options)


def _letter_first(text: str, options: Sequence[str]) -> int:
    """The option of a letter with something behind it."""
    found = _BRACKETED.fullmatch(text) or _DELIMITED.fullmatch(text)
    if not found:
        found = _BEFORE_WORDS.fullmatch(text)
        if not found or not _counts_before_words(found[2], options):
            raise _Unreadable("no_option")
    letter, rest = found[1].upper(), found[2].strip()
    place = LETTERS.find(letter)
    beside = _named(rest, options)
    if not beside:
        option = plain(options[place]) if place in range(len(options)) else ""
        known = LETTERS[: len(options) or None]
        _check_beside(letter, text[found.end(1) :].lstrip(" )]}"), rest, option, known)
    if place not in range(len(options) or len(LETTERS)):
        raise _Unreadable("no_such_option")
    if beside and place not in beside:
        raise _Unreadable("contradicting_answer")
    return place


def _counts_before_words(rest: str, options: Sequence[str]) -> bool:
    """Whether what follows a letter without a sign between makes the letter an answer."""
    joined = _JOINED.match(rest) or re.fullmatch(r"(?:[A-J]\b\s*)+", rest)
    return bool(joined or _named(rest, options) or _REASON.match(rest))


def _check_beside(letter: str, joined: str, rest: str, option: str, known: str) -> None:
    """Refuse text behind a letter that names another one, takes it back, or is of another option.

    Args:
        letter: what was read.
        joined: all that follows it.
        rest: the same without a sign between.
        option: the text of the letter's option; empty where it is not known.
        known: the letters that there are.
    """
    claim = "" if joined.startswith(". ") else _REASON.sub("", _first_sentence(rest))
    own_words = _TOKEN.findall(option)
    others = {a or b for a, b in _OTHER_LETTER.findall(claim)} & set(known) - set(own_words)
    if match := _JOINED.match(joined) or _LETTER_NEXT.match(joined):
        others.add(match[1])
    if others - {letter} or _TAKEN_BACK.search(claim):
        raise _Unreadable("ambiguous_answer")
    said, own = _TOKEN.findall(claim.casefold()), {word.casefold() for word in own_words}
    strange = [token for token in said if token not in own]
    if option and any(map(str.isdigit, strange)):
        raise _Unreadable("contradicting_answer")
    if option and not others and 2 * len(strange) > len(said):
        raise _Unreadable("ambiguous_answer")


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\w)[.!?]\s", text, maxsplit=1)[0]


def _named(text: str, options: Sequence[str]) -> list[int]:
    """The places of the options whose text this is, but for brackets and stops around it."""
    forms = [_form(plain(option)) for option in options]
    for form in (_form(text), _form(text.strip(" .()"))):
        if form and (places := [i for i, each in enumerate(forms) if each == form]):
            return places
    return []


def _form(text: str) -> str:
    """One spelling for an option's text, white space left out."""
    return "".join(_WORD.sub(_lowered, text).split())


def _lowered(word: re.Match[str]) -> str:
    """Longer words, and short ones that begin with a capital, in lower case."""
    long = len(word[0]) > 3 or (len(word[0]) == 3 and word[0].istitle())
    return word[0].lower() if long or word[0] in ("No", "Is", "It", "In", "Of") else word[0]
