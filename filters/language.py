r"""The language of an answer, told from its prose alone.

Code blocks and LaTeX are left out first: `\frac{1}{2}` is no English. The model is py3langid's (139
languages, naive Bayes over bytes, BSD), which comes inside the package; it is loaded at the first
score, in about a second, and is only read after, from any thread.
"""

import functools
import re
from typing import Any, ClassVar, Literal

from factory.config import nearest, settings
from factory.errors import Unjudged
from factory.records import Response, Verdict

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
# None may pass over another opening sign: a million unclosed ones take linear time.
_NOT_PROSE = re.compile(
    r"`[^`\n]*`"
    r"|\$\$[^$]*\$\$|\$[^$\n]*\$"
    r"|\\\[(?:(?!\\[\[\]]).)*\\\]|\\\((?:(?!\\[()]).)*\\\)"
    r"|\\begin\{(?:(?!\\begin|\\end).)*\\end\{[^{}\n]{0,40}\}"
    r"|https?://\S+"
    r"|\\[A-Za-z]+",
    re.DOTALL,
)
_NO_LANGUAGE = "zxx"
"""What the model calls numbers, markup and the like."""


@settings
class Language:
    """Drop answers in another language than the wanted ones.

    Where there are too few letters outside of code and LaTeX (`\\boxed{5}`), nothing can be told:
    such an answer is kept, or unjudged if so wished.
    """

    name: ClassVar[str] = "language.v1"

    languages: tuple[str, ...] = ("en",)
    """ISO 639 codes; those but `en` are looked up in the model, which is loaded for it."""
    low: float = 0.5
    """The probability that the wanted languages have together, inclusive, in [0, 1]."""
    min_letters: int = 40
    """Fewer letters of prose tell nothing."""
    keep_short: bool = True
    """Whether an answer with too little prose is kept; unjudged (`too_short`) otherwise."""
    part: Literal["answer", "reasoning", "output"] = "answer"
    max_characters: int = 50_000
    """Of a longer text, the beginning is looked at."""

    def __post_init__(self) -> None:
        if not self.languages:
            raise ValueError("languages must name one at least, got none")
        for code in self.languages:
            if code != "en" and code not in (known := set(_model().labels) - {_NO_LANGUAGE}):
                raise ValueError(f"languages has {code!r}{nearest(code, known)}")
        if not 0 <= self.low <= 1:
            raise ValueError(f"low must be in [0, 1], got {self.low}")
        for name in ("min_letters", "max_characters"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")

    def score(self, response: Response) -> float:
        """The probability of the wanted languages among all languages; 1 for kept short text.

        Raises:
            Unjudged: `too_short` where `keep_short` is off.
        """
        text: str = getattr(response, self.part)
        prose = prose_of(text[: self.max_characters])
        ranks = _ranks(prose) if sum(map(str.isalpha, prose)) >= self.min_letters else {}
        total = sum(ranks.values())
        if total <= 0:
            if self.keep_short:
                return 1.0
            raise Unjudged("too_short")
        return sum(ranks.get(code, 0.0) for code in set(self.languages)) / total

    def judge(self, score: float) -> Verdict:
        """Keep what is probably in a wanted language."""
        return Verdict.drop("wrong_language") if score < self.low else Verdict.keep()


def prose_of(text: str) -> str:
    """The text without code, LaTeX and addresses."""
    return _NOT_PROSE.sub(" ", _FENCE.sub(" ", text))


def _ranks(prose: str) -> dict[str, float]:
    """Probability by language, in thousandths so that what is no language leaves nothing."""
    ranks = dict(_model().rank(prose))
    ranks.pop(_NO_LANGUAGE, None)
    return {code: round(probability, 3) for code, probability in ranks.items()}


@functools.cache
def _model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
