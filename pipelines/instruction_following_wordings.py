"""How each instruction is put into words: several ways, with its arguments in their places.

An instruction that comes with a relation has its ways by relation, one with a list of words by
whether there are several. What a format needs is said in
every one of them (three asterisks, double angle brackets), so that a reader can follow it.
"""

import random
from collections.abc import Mapping
from typing import Any

LESS, LEAST = "less than", "at least"
_ONE, _SEVERAL = "one", "several"
LANGUAGES = {
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "it": "Italian",
    "pt": "Portuguese",
    "pl": "Polish",
    "fi": "Finnish",
    "ru": "Russian",
}
"""The languages that are asked for."""

_WORDINGS: dict[str, tuple[str, ...] | dict[str, tuple[str, ...]]] = {
    "keywords:existence": {
        _ONE: (
            "Work the word {keywords} into your answer.",
            "The word {keywords} has to turn up somewhere.",
            "Make use of the word {keywords}.",
        ),
        _SEVERAL: (
            "Work the following words into your answer: {keywords}.",
            "Each of these words has to turn up somewhere: {keywords}.",
            "Make use of the words {keywords}.",
        ),
    },
    "keywords:frequency": {
        LEAST: (
            'Use the word "{keyword}" at least {frequency} times.',
            'The word "{keyword}" should be there {frequency} times or more.',
            'Bring in the word "{keyword}" no fewer than {frequency} times.',
        ),
        LESS: (
            'Use the word "{keyword}" fewer than {frequency} times.',
            'The word "{keyword}" has to stay below {frequency} mentions.',
            'Keep "{keyword}" rare: fewer than {frequency} times in all.',
        ),
    },
    "keywords:forbidden_words": {
        _ONE: (
            "Leave the word {forbidden_words} out altogether.",
            "The word {forbidden_words} may not occur.",
            "Do without the word {forbidden_words}.",
        ),
        _SEVERAL: (
            "Leave these words out altogether: {forbidden_words}.",
            "None of the words {forbidden_words} may occur.",
            "Do without the words {forbidden_words}.",
        ),
    },
    "keywords:letter_frequency": {
        LEAST: (
            'The letter "{letter}" has to occur at least {let_frequency} times.',
            'See to it that "{letter}" is written {let_frequency} times or more, as a letter.',
            'Include the letter "{letter}" no fewer than {let_frequency} times.',
        ),
        LESS: (
            'The letter "{letter}" has to occur fewer than {let_frequency} times.',
            'Go easy on the letter "{letter}": fewer than {let_frequency} of them in all.',
            'Write the letter "{letter}" fewer than {let_frequency} times.',
        ),
    },
    "language:response_language": (
        "Write all of it in {language}.",
        "Reply in {language} from beginning to end.",
        "The answer has to be in {language} alone.",
    ),
    "length_constraints:number_sentences": {
        LEAST: (
            "Write at least {num_sentences} sentences.",
            "Give me {num_sentences} sentences or more.",
            "There should be no fewer than {num_sentences} sentences.",
        ),
        LESS: (
            "Write fewer than {num_sentences} sentences.",
            "Stay below {num_sentences} sentences.",
            "I want to read fewer than {num_sentences} sentences.",
        ),
    },
    "length_constraints:number_paragraphs": (
        "Write exactly {num_paragraphs} paragraphs and put a line with three asterisks, ***, "
        "between each two.",
        "Cut the answer into {num_paragraphs} paragraphs; the divider between them is ***.",
        "I need {num_paragraphs} paragraphs, no more and no less, set apart by the divider ***.",
    ),
    "length_constraints:number_words": {
        LEAST: (
            "Write at least {num_words} words.",
            "Make it {num_words} words or longer.",
            "It should run to no fewer than {num_words} words.",
        ),
        LESS: (
            "Write fewer than {num_words} words.",
            "Stay below {num_words} words.",
            "Be brief: less than {num_words} words.",
        ),
    },
    "length_constraints:nth_paragraph_first_word": (
        "Write exactly {num_paragraphs} paragraphs with a blank line between each two, and let "
        'paragraph {nth_paragraph} begin with the word "{first_word}".',
        "There are to be {num_paragraphs} paragraphs, set apart by blank lines only. Number "
        '{nth_paragraph} starts with "{first_word}".',
        "Divide the answer by blank lines into {num_paragraphs} paragraphs. The word that opens "
        'paragraph {nth_paragraph} is "{first_word}".',
    ),
    "detectable_content:number_placeholders": (
        "Leave at least {num_placeholders} gaps to fill in, in square brackets, such as [name].",
        "Put {num_placeholders} placeholders or more into it, written like [this].",
        "Use square brackets for details that I will add later, [date] for one; {num_placeholders} "
        "of them at least.",
    ),
    "detectable_content:postscript": (
        'Close with a postscript that starts with "{postscript_marker}".',
        'After the answer itself, add a postscript marked "{postscript_marker}".',
        'Do not forget a postscript at the end; it begins with "{postscript_marker}".',
    ),
    "detectable_format:number_bullet_lists": (
        "Include exactly {num_bullets} bullet points, each on a line that starts with an asterisk "
        "and a space.",
        "List {num_bullets} points, no more and no less, as Markdown bullets (* like this).",
        "There have to be {num_bullets} Markdown bullets, neither more nor fewer.",
    ),
    "detectable_format:constrained_response": (
        'Reply with one of these sentences: "My answer is yes.", "My answer is no.", "My answer is '
        'maybe."',
        "There are three replies to choose from, and you give one of them as it stands: My answer "
        "is yes. / My answer is no. / My answer is maybe.",
        'Say "My answer is yes.", "My answer is no." or "My answer is maybe.", in these words.',
    ),
    "detectable_format:number_highlighted_sections": (
        "Mark at least {num_highlights} phrases with asterisks, *like this*.",
        "Set {num_highlights} passages or more in Markdown italics (*so*).",
        "Point out no fewer than {num_highlights} parts of the text by *asterisks* around them.",
    ),
    "detectable_format:multiple_sections": (
        "Write {num_sections} sections; each opens with {section_spliter} and its number, as in "
        "{section_spliter} 1.",
        "Structure the answer in {num_sections} numbered sections with the headings "
        "{section_spliter} 1, {section_spliter} 2 and so on.",
        "Head each of the {num_sections} parts with {section_spliter} X, where X counts up from 1.",
    ),
    "detectable_format:json_format": (
        "Give the whole answer as one valid JSON value; a Markdown code fence around it is fine.",
        "The reply has to be JSON and nothing besides.",
        "Put everything into a single JSON object.",
    ),
    "detectable_format:title": (
        "Give it a title in double angle brackets, <<like this>>.",
        "Add a title on a line of its own, written as <<the title>>.",
        "It needs a title, and the title goes between << and >>.",
    ),
    "combination:two_responses": (
        "Write two different answers, with six asterisks, ******, between them and nowhere else.",
        "I would like two answers that differ. Put ****** between the first and the second.",
        "Answer twice, not in the same words; the mark between both is ******.",
    ),
    "combination:repeat_prompt": (
        "First say the request above once more, word for word; then answer it.",
        "Begin by repeating what I asked above without a change, and give the answer after it.",
        "Copy the request above, as it is, before you begin with the answer itself.",
    ),
    "startend:end_checker": (
        'The very last words are: "{end_phrase}" Nothing comes after them.',
        'End on exactly this: "{end_phrase}"',
        'Let the answer finish with "{end_phrase}" and stop there.',
    ),
    "startend:quotation": (
        "Put the entire answer between double quotation marks.",
        'The first and the last character of the reply are both ".',
        "Wrap all that you write in one pair of double quotes.",
    ),
    "change_case:capital_word_frequency": {
        LEAST: (
            "Write at least {capital_frequency} words in capital letters only.",
            "Shout {capital_frequency} words or more, which means LIKE THIS.",
            "No fewer than {capital_frequency} words are to be in ALL CAPITALS.",
        ),
        LESS: (
            "Write fewer than {capital_frequency} words in capital letters only.",
            "Words in ALL CAPITALS should number fewer than {capital_frequency}.",
            "Keep words written LIKE THIS below {capital_frequency}.",
        ),
    },
    "change_case:english_capital": (
        "Write in English and in capital letters only.",
        "Every letter is to be a capital, and the language English.",
        "Use English, all of it in upper case.",
    ),
    "change_case:english_lowercase": (
        "Write in English and in small letters only.",
        "No capital letter anywhere, please, and the language is English.",
        "Use English, all of it in lower case.",
    ),
    "punctuation:no_comma": (
        "Do not use a single comma.",
        "Commas are not allowed.",
        "Get by without commas.",
    ),
}
OPENINGS = (
    "Please keep to these rules:",
    "Some conditions:",
    "What matters:",
    "Note the following.",
)
"""What stands before a list of instructions."""


def ways(name: str, kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """The ways to put an instruction into words, its arguments not yet in their places."""
    known = _WORDINGS[name]
    if isinstance(known, tuple):
        return known
    for key, value in kwargs.items():
        if key.endswith("relation"):
            return known[value]
        if isinstance(value, list):
            return known[_SEVERAL if len(value) > 1 else _ONE]
    raise ValueError(f"{name}: arguments without a relation or words, got {dict(kwargs)}")


def said(name: str, kwargs: Mapping[str, Any], draw: random.Random) -> str:
    """An instruction in words, one of the ways."""
    shown = dict(kwargs)
    for key in ("keywords", "forbidden_words"):
        if key in shown:
            shown[key] = _listed(shown[key])
    if "language" in shown:
        shown["language"] = LANGUAGES[shown["language"]]
    return draw.choice(ways(name, kwargs)).format(**shown)


def _listed(words: list[str]) -> str:
    *first, last = (f'"{word}"' for word in words)
    return f"{', '.join(first)} and {last}" if first else last
