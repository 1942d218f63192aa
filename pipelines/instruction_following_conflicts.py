"""Which verifiable instructions do not go together: one table, read in both directions.

Two instructions conflict where no answer follows both (all capitals and all small letters), where
one makes the other meaningless (a word count over two answers), and where a reader could not tell
what is wanted although the checker could (a postscript, and an ending that nothing may follow).
Numbers that contradict one another are another matter: `pipelines.instruction_following_sets` draws
them so that they leave room, and the witness proves it (`filters.constraints.witness`).
"""

from collections.abc import Iterable

from filters.constraints import INSTRUCTION_IDS

_KEYWORDS = ("keywords:existence", "keywords:frequency", "keywords:forbidden_words")
_LETTERS = "keywords:letter_frequency"
_LANGUAGE = "language:response_language"
_SENTENCES = "length_constraints:number_sentences"
_WORDS = "length_constraints:number_words"
_PARAGRAPHS = "length_constraints:number_paragraphs"
_FIRST_WORD = "length_constraints:nth_paragraph_first_word"
_PLACEHOLDERS = "detectable_content:number_placeholders"
_POSTSCRIPT = "detectable_content:postscript"
_BULLETS = "detectable_format:number_bullet_lists"
_OPTION = "detectable_format:constrained_response"
_HIGHLIGHTS = "detectable_format:number_highlighted_sections"
_SECTIONS = "detectable_format:multiple_sections"
_JSON = "detectable_format:json_format"
_TITLE = "detectable_format:title"
_TWO = "combination:two_responses"
_REPEAT = "combination:repeat_prompt"
_ENDING = "startend:end_checker"
_QUOTES = "startend:quotation"
_LOUD_WORDS = "change_case:capital_word_frequency"
_CAPITAL = "change_case:english_capital"
_SMALL = "change_case:english_lowercase"
_NO_COMMA = "punctuation:no_comma"


def _all_but(*names: str) -> tuple[str, ...]:
    return tuple(name for name in INSTRUCTION_IDS if name not in names)


_TABLE: dict[str, tuple[str, ...]] = {
    # One of three sentences is the whole answer.
    _OPTION: _all_but(_OPTION, "keywords:forbidden_words", _NO_COMMA),
    # The whole answer is one JSON value: no lines, no Markdown, nothing before or after it.
    _JSON: (
        *(_SENTENCES, _PARAGRAPHS, _FIRST_WORD, _POSTSCRIPT, _BULLETS, _HIGHLIGHTS, _SECTIONS),
        *(_TITLE, _TWO, _REPEAT, _ENDING, _QUOTES),
    ),
    # English words, letters and capitals have no place in another language.
    _LANGUAGE: (
        *(*_KEYWORDS, _LETTERS, _FIRST_WORD, _POSTSCRIPT, _SECTIONS, _REPEAT, _ENDING),
        *(_LOUD_WORDS, _CAPITAL, _SMALL),
    ),
    # Words, markers and endings are given in a case of their own.
    _CAPITAL: (_SMALL, _LOUD_WORDS, _SECTIONS, _REPEAT, _ENDING, _FIRST_WORD),
    _SMALL: (_LOUD_WORDS, _SECTIONS, _REPEAT, _ENDING, _POSTSCRIPT, _FIRST_WORD),
    # Six asterisks hold a divider of three; what is counted over two answers is unclear.
    _TWO: (
        *(_PARAGRAPHS, _FIRST_WORD, _SECTIONS, _BULLETS, _SENTENCES, _WORDS, _POSTSCRIPT),
        *(_REPEAT, _QUOTES, _ENDING),
    ),
    # The request as it stands may hold what is forbidden, counted or rationed.
    _REPEAT: (
        *("keywords:frequency", "keywords:forbidden_words", _LETTERS, _SENTENCES, _WORDS),
        *(_FIRST_WORD, _QUOTES, _LOUD_WORDS, _NO_COMMA),
    ),
    # Three ways of cutting an answer into parts.
    _PARAGRAPHS: (_FIRST_WORD, _SECTIONS),
    # A title or a postscript is a paragraph between blank lines too.
    _FIRST_WORD: (_SECTIONS, _TITLE, _POSTSCRIPT),
    # Both want the last word, or the last sign.
    _ENDING: (_POSTSCRIPT, _QUOTES),
}
CONFLICTS = frozenset(
    frozenset(pair) for name, others in _TABLE.items() for pair in ((name, each) for each in others)
)
"""The pairs that do not go together."""


def conflict(names: Iterable[str], name: str) -> bool:
    """Whether an instruction conflicts with one of several others, or is one of them."""
    return any(name == each or frozenset((name, each)) in CONFLICTS for each in names)
