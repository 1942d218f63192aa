r"""Short references: names, terms, yes or no, against the whole of what the answer states.

Policy, one line a point:

- The final answer is the last box, else a marked answer, else the last line
  (`filters.stated_answer`); `boxed_only` leaves the box alone to count.
- The whole statement must be one of the references: `not X`, `X or Y` and `X, probably` are not
  `X`. A longer form that is right as well belongs into the gold answer, as an alternative.
- Alternatives stand in the gold answer, separated by `separator`; any one of them is right.
- Equal means equal without LaTeX and Markdown, quotation marks, the article in front, full stops
  of abbreviations, signs at the end, hyphens between letters, and (each an option) case and
  accents. Signs that change a value stay: `-5` is not `5`, `C++` is not `C`, `5!` is not `5`;
  and a question mark makes a question of it.
"""

import re
import unicodedata
from typing import ClassVar

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Prompt, Response, Verdict
from filters.stated_answer import plain, stated_answer

_QUOTES = re.compile("[\"'‘’“”«»„‚‹›′″´]")
_ARTICLE = re.compile(r"(?:the|an|a)\s+(?=\w)", re.IGNORECASE)
_ABBREVIATION = re.compile(r"(?<!\w)((?:[^\W\d_]\.){2,})")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-‐‑–](?=[^\W\d_])")
_COMMA = re.compile(r",(?=\s)")
_END = re.compile(r"(?:[\s.,;:]|(?<!\d)!)+\Z")
_MAX_CHARACTERS = 2_000


@settings
class ShortReference:
    """Drop responses that do not state the reference, or one of its alternatives."""

    name: ClassVar[str] = "short_reference.v1"

    separator: str = "|"
    """What stands between the alternatives in the gold answer; empty where it holds one."""
    boxed_only: bool = False
    """Whether an answer without a box is none."""
    fold_case: bool = True
    """Whether `DNA` and `dna` are the same."""
    fold_accents: bool = True
    """Whether `Poincaré` and `Poincare` are the same."""

    def score(self, response: Response) -> float:
        """1 for a reference, 0 for anything else, -1 where nothing is stated.

        Raises:
            Unjudged: `no_gold`, or `gold_unparseable` where nothing is left of the gold answer.
        """
        gold = response.expected
        if gold is None:
            raise Unjudged("no_gold")
        references = {self._form(each) for each in self._alternatives(gold)} - {""}
        if not references:
            raise Unjudged("gold_unparseable")
        stated = stated_answer(response.answer, boxed_only=self.boxed_only)
        if stated is None or not (form := self._form(stated)):
            return -1.0
        return float(len(stated) <= _MAX_CHARACTERS and form in references)

    def gold_answer(self, prompt: Prompt) -> str | None:
        """The first alternative in its box."""
        gold = prompt.expected_answer
        return None if gold is None else f"\\boxed{{{self._alternatives(gold)[0].strip()}}}"

    def judge(self, score: float) -> Verdict:
        """Keep what states a reference."""
        if score == 1:
            return Verdict.keep()
        return Verdict.drop("wrong_answer" if score == 0 else "no_answer")

    def _alternatives(self, gold: str) -> list[str]:
        return gold.split(self.separator) if self.separator else [gold]

    def _form(self, text: str) -> str:
        """The spelling in which equal answers are the same."""
        text = _QUOTES.sub("", plain(text[: _MAX_CHARACTERS + 1]))
        text = _ABBREVIATION.sub(lambda found: found[1].replace(".", ""), text)
        text = _COMMA.sub("", _HYPHEN.sub(" ", _END.sub("", text)))
        text = _ARTICLE.sub("", text.strip(), count=1) if _ARTICLE.match(text.strip()) else text
        if self.fold_accents:
            text = _without_accents(text)
        return " ".join((text.casefold() if self.fold_case else text).split())


def _without_accents(text: str) -> str:
    signs = unicodedata.normalize("NFD", text)
    return unicodedata.normalize(
        "NFC", "".join(s for s in signs if unicodedata.category(s) != "Mn")
    )
