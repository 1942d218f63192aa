r"""What each instruction demands of a text, quirks of the official checker included.

The official patterns that take quadratic time on hostile text (`\[.*?\]` on a million brackets) are
walked line by line here; a line ends at `\n` only. What is found is the same.
"""

import json
import re
from collections.abc import Sequence

from factory.errors import Unjudged
from filters.constraints.languages import is_language
from filters.constraints.sentences import count_capital_words, count_sentences, count_words

_WORD_END = re.compile("[.,?!'\"]")
_STAR = re.compile(r"^[^\S\n]*\*[^\*].*$", re.MULTILINE)
_DASH = re.compile(r"^[^\S\n]*-.*$", re.MULTILINE)
_HIGHLIGHT = re.compile(r"\*([^\n\*]*)\*")
_DOUBLE_HIGHLIGHT = re.compile(r"\*\*([^\n\*]*)\*\*")
_DIVIDER = re.compile(r"\s?\*\*\*\s?")
_OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_FENCES = ("```json", "```Json", "```JSON", "```")


def _holds(relation: str, actual: int, threshold: float) -> bool:
    return actual < threshold if relation == "less than" else actual >= threshold


def has_keywords(text: str, keywords: "Sequence[re.Pattern[str]]") -> bool:
    """All keywords stand somewhere, inside of other words too."""
    return all(keyword.search(text) for keyword in keywords)


def keyword_frequency(
    text: str, keyword: "re.Pattern[str]", frequency: float, relation: str
) -> bool:
    """So many times, inside of other words too."""
    return _holds(relation, sum(1 for _ in keyword.finditer(text)), frequency)


def no_forbidden_words(text: str, forbidden_words: "Sequence[re.Pattern[str]]") -> bool:
    """None of the words stands between word boundaries."""
    return not any(word.search(text) for word in forbidden_words)


def letter_frequency(text: str, letter: str, let_frequency: float, let_relation: str) -> bool:
    """So many times in the lowered text: the Kelvin sign is a `k`."""
    return _holds(let_relation, text.lower().count(letter), let_frequency)


def is_in(text: str, language: str) -> bool:
    """The text is in the language; followed where there is nothing to tell it by."""
    return is_language(text, language)


def number_sentences(text: str, num_sentences: float, relation: str) -> bool:
    """So many sentences, as Punkt's English model splits them, in any language."""
    return _holds(relation, count_sentences(text), num_sentences)


def number_paragraphs(text: str, num_paragraphs: float) -> bool:
    """Exactly so many parts between `***`.

    The first and the last may be blank and do not count; a blank one elsewhere fails.
    """
    parts = [bool(part.strip()) for part in _DIVIDER.split(text)]
    return all(parts[1:-1]) and sum(parts) == num_paragraphs


def number_words(text: str, num_words: float, relation: str) -> bool:
    r"""So many runs of `\w`, as NLTK finds them: `don't` is two words, and so is `3.5`."""
    return _holds(relation, count_words(text), num_words)


def nth_paragraph_first_word(
    text: str, num_paragraphs: float, nth_paragraph: int, first_word: str
) -> bool:
    """Exactly so many paragraphs between blank lines, the nth of which begins with the word.

    Blank paragraphs do not count towards the number, but do towards the place. A word ends at the
    first of `.,?!'"`; before it, apostrophes and then quotation marks are left out, in this order.
    The wanted word is not cut, so that `don't` is never found; it is lowered as a whole, and the
    found one letter by letter, so that a Greek word that ends with a capital sigma is not either.
    """
    parts = text.split("\n\n")
    filled = sum(1 for part in parts if part.strip())
    if filled != num_paragraphs:
        return False
    words = parts[nth_paragraph - 1].split(maxsplit=1)
    if not words:
        return False
    word = _WORD_END.split(words[0].lstrip("'").lstrip('"'), maxsplit=1)[0]
    return "".join(map(str.lower, word)) == first_word.lower()


def number_placeholders(text: str, num_placeholders: float) -> bool:
    """At least so many `[...]` within a line; `[]` is one, `[[a]` too, and a link's text."""
    return sum(map(_brackets, text.split("\n"))) >= num_placeholders


def _brackets(line: str) -> int:
    number, end = 0, -1
    while (start := line.find("[", end + 1)) >= 0 and (end := line.find("]", start)) >= 0:
        number += 1
    return number


def has_postscript(text: str, postscript_marker: "re.Pattern[str]") -> bool:
    """The marker stands anywhere in the text, at its end or not."""
    return bool(postscript_marker.search(text.lower()))


def number_bullets(text: str, num_bullets: float) -> bool:
    """Exactly so many lines that begin with `*` or `-`.

    `**bold**` and `***` are none, `---` is one, and a lone `*` takes the next line with it.
    """
    stars, dashes = _STAR.finditer(text), _DASH.finditer(text)
    return sum(1 for _ in stars) + sum(1 for _ in dashes) == num_bullets


def is_constrained(text: str) -> bool:
    """One of the three options stands anywhere in the text."""
    return any(option in text for option in _OPTIONS)


def number_highlights(text: str, num_highlights: float) -> bool:
    """At least so many `*...*` or `**...**` within a line, with something between.

    Single and double ones are counted apart, so that `***a***` counts twice.
    """
    highlights = [*_HIGHLIGHT.finditer(text), *_DOUBLE_HIGHLIGHT.finditer(text)]
    return sum(1 for match in highlights if match[1].strip()) >= num_highlights


def number_sections(text: str, section_spliter: "re.Pattern[str]", num_sections: float) -> bool:
    """At least so many times the splitter and a number, anywhere.

    Groups in the splitter's pattern count as well, once for each match.
    """
    found = sum(1 for _ in section_spliter.finditer(text))
    return found * (1 + section_spliter.groups) >= num_sections


def is_json(text: str) -> bool:
    """The whole text is JSON as Python reads it (`NaN` included), in a fence or not.

    Integers of more than 4,300 digits are no JSON to Python.
    """
    text = text.strip()
    for fence in _FENCES:
        text = text.removeprefix(fence)
    try:
        json.loads(text.removesuffix("```").strip())
    except ValueError:
        return False
    except RecursionError:
        raise Unjudged("nested_too_deeply") from None
    return True


def has_title(text: str) -> bool:
    """A line has `<<...>>` with something between, from the first `<<` to the last `>>`."""
    return any(map(_title, text.split("\n")))


def _title(line: str) -> bool:
    start, end = line.find("<<"), line.rfind(">>")
    return 0 <= start < end and bool(line[start:end].lstrip("<").rstrip(">").strip())


def are_two_responses(text: str) -> bool:
    """Two different texts between `******`; the first and the last part may be blank."""
    parts = [part.strip() for part in text.split("******")]
    filled = [part for part in parts if part]
    return all(parts[1:-1]) and len(filled) == 2 and filled[0] != filled[1]


def repeats_prompt(text: str, prompt_to_repeat: str) -> bool:
    """The text begins with the request, in whatever case."""
    return text.strip().lower().startswith(prompt_to_repeat.strip().lower())


def ends_with(text: str, end_phrase: str) -> bool:
    """The text ends with the phrase, in whatever case; quotation marks may follow."""
    return text.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def is_quoted(text: str) -> bool:
    """The first and the last sign are double quotation marks, straight ones."""
    text = text.strip()
    return len(text) > 1 and text[0] == '"' == text[-1]


def capital_word_frequency(text: str, capital_frequency: float, capital_relation: str) -> bool:
    """So many words in capital letters, as NLTK splits words: `I` is one, and `I'M` are two."""
    return _holds(capital_relation, count_capital_words(text), capital_frequency)


def is_english_capital(text: str) -> bool:
    """All letters that have a case are capitals, and the text is English or cannot be told."""
    return text.isupper() and is_language(text, "en")


def is_english_lowercase(text: str) -> bool:
    """All letters that have a case are small, and the text is English or cannot be told."""
    return text.islower() and is_language(text, "en")


def has_no_comma(text: str) -> bool:
    """No `,`; commas of other scripts do not count."""
    return "," not in text
