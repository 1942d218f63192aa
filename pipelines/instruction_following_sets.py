"""Sets of instructions that go together, with arguments that leave room for one another.

The ids are drawn by the table of conflicts. Then the arguments: first what an answer has to hold
(keywords, bullets, sections), then what rations it (at most so many words, sentences, letters),
which is given more room than the first takes.
"""

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from factory.records import Constraint
from filters.constraints import INSTRUCTION_IDS
from pipelines.instruction_following_conflicts import conflict
from pipelines.instruction_following_wordings import LANGUAGES, LEAST, LESS

_OPTION = "detectable_format:constrained_response"
_WITH_OPTION = 3
"""Instructions at most where one of them is to give one of three replies."""
_TRIES = 200
WORDS = (
    "answer", "begin", "change", "corner", "detail", "early", "example", "family", "friend",
    "garden", "harbour", "history", "island", "journey", "kitchen", "letter", "market", "morning",
    "number", "office", "paper", "people", "picture", "place", "question", "reason", "river",
    "school", "season", "simple", "small", "street", "summer", "table", "teacher", "thing",
    "ticket", "value", "village", "water", "weather", "window", "winter", "wonder", "world",
)  # fmt: skip
"""Keywords for requests that bring none of their own."""
_FORBIDDEN = ("very", "really", "basically", "actually", "simply", "quite", "important", "however",
              "various", "generally", "literally", "overall")  # fmt: skip
_FIRST_WORDS = ("today", "imagine", "perhaps", "often", "still", "meanwhile", "finally", "nobody")
_ENDINGS = (
    "That is all for now.",
    "I hope this helps.",
    "Ask me if you want more.",
    "Does that answer it?",
    "The rest is up to you.",
)
_MARKERS = ("P.S.", "P.P.S")
_SPLITTERS = ("SECTION", "Section", "PART", "Part", "Chapter", "Step")
_COMMON_LETTERS, _RARE_LETTERS = "aeinorst", "jkqvxz"


@dataclass(slots=True)
class Room:
    """What the instructions so far take up in an answer."""

    words: int = 20
    """Words that an answer needs."""
    units: int = 2
    """Sentences that it can hardly do without: one for each part."""
    capitals: int = 3
    """Words in capitals that may be there anyway."""
    at_least_words: int = 0
    """What a demanded length comes to."""
    at_most_words: int = 0
    """What a demanded brevity leaves; 0 where there is none."""
    literal: list[str] = field(default_factory=list)
    """Texts that have to be there as they are."""

    def hits(self, text: str) -> int:
        """How often a text is in what has to be there."""
        return sum(each.lower().count(text.lower()) for each in self.literal)


def draw_set(
    draw: random.Random, *, number: int, request: str, words: Sequence[str], yes_no: bool
) -> list[tuple[str, dict[str, Any]]]:
    """So many instructions with their arguments, in the order in which they are told.

    Args:
        draw: the prompt's own.
        number: how many, 1 to 10.
        request: what is asked apart from the instructions.
        words: that are fit to be keywords.
        yes_no: whether the request can be answered by yes or no.
    """
    names = _draw_names(draw, number, yes_no)
    drawn = draw_arguments(draw, names, request=request, words=words)
    return [(name, drawn[name]) for name in names]


def draw_arguments(
    draw: random.Random, names: Iterable[str], *, request: str, words: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Arguments for instructions that go together, see `draw_set`; by name."""
    pool = [word for word in dict.fromkeys([*words, *draw.sample(WORDS, 12)]) if word]
    room, drawn = Room(literal=[]), {}
    for name in sorted(names, key=_ORDER.index):
        drawn[name] = _ARGUMENTS[name](draw, room, _Given(request=request, words=pool))
    return drawn


def constraints(instructions: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[Constraint, ...]:
    """The instructions as a prompt has them."""
    return tuple(
        Constraint(instruction_id=name, kwargs=json.dumps(kwargs)) for name, kwargs in instructions
    )


def _draw_names(draw: random.Random, number: int, yes_no: bool) -> list[str]:
    """Compatible ids: added in random order, anew where they come to too few.

    Few others go with one of three given replies, so that every second question which they fit and
    that has few enough instructions gets them.
    """
    first = [_OPTION] if yes_no and number <= _WITH_OPTION and draw.random() < 0.5 else []
    for _ in range(_TRIES):
        names = list(first)
        for name in draw.sample(INSTRUCTION_IDS, len(INSTRUCTION_IDS)):
            if len(names) < number and name != _OPTION and not conflict(names, name):
                names.append(name)
        if len(names) == number:
            return draw.sample(names, number)
    raise AssertionError(f"no {number} instructions go together")


@dataclass(slots=True)
class _Given:
    request: str
    words: list[str]

    def take(self, draw: random.Random, number: int) -> list[str]:
        """Keywords that were not taken before, none of which is part of another."""
        taken: list[str] = []
        for word in draw.sample(self.words, len(self.words)):
            if len(taken) < number and not any(word in t or t in word for t in taken):
                taken.append(word)
        return taken


_Arguments = dict[str, Any]
_Draw = Callable[[random.Random, Room, _Given], _Arguments]


def _fixed(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    return {}


def _counted(key: str, low: int, high: int, words: int, *, parts: bool = False) -> _Draw:
    """A number of things that take so many words each, and a sentence each where they are parts."""

    def arguments(draw: random.Random, room: Room, given: _Given) -> _Arguments:
        count = draw.randint(low, high)
        room.words += count * words
        room.units += count * parts
        return {key: count}

    return arguments


def _keywords(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    words = given.take(draw, draw.randint(1, 3))
    room.words += 8 * len(words)
    room.literal += words
    return {"keywords": words}


def _frequency(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    free = [w for w in given.take(draw, len(given.words)) if not room.hits(w)] or [given.words[0]]
    word, relation = free[0], draw.choice([LEAST, LESS])
    count = draw.randint(2, 5) if relation == LEAST else draw.randint(2, 4) + room.hits(word)
    if relation == LEAST:
        room.words += 8 * count
        room.literal += [word] * count
    return {"keyword": word, "frequency": count, "relation": relation}


def _forbidden(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    return {"forbidden_words": draw.sample(_FORBIDDEN, draw.randint(1, 4))}


def _letter(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    relation = draw.choice([LEAST, LESS])
    letter = draw.choice(_COMMON_LETTERS if relation == LEAST else _RARE_LETTERS)
    count = draw.randint(4, 12)
    if relation == LEAST:
        room.words += 3 * count
    else:
        count += room.hits(letter)
    return {"letter": letter, "let_frequency": count, "let_relation": relation}


def _language(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    return {"language": draw.choice(sorted(LANGUAGES))}


def _number_words(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    relation = draw.choice([LEAST, LESS])
    count = draw.choice([40, 60, 80, 100, 150, 200, 250, 300])
    if relation == LEAST:
        room.at_least_words = count
    else:
        count = max(count, -(-2 * room.words // 10) * 10)
        room.at_most_words = count
    return {"num_words": count, "relation": relation}


def _number_sentences(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    relation = draw.choice([LEAST, LESS])
    count = draw.randint(3, 12)
    if relation == LEAST:
        if room.at_most_words:
            count = min(count, room.at_most_words // 12)
        room.words += 8 * count
    else:
        count = room.units + max(count, room.at_least_words // 12)
    return {"num_sentences": count, "relation": relation}


def _first_word(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    count, word = draw.randint(2, 5), draw.choice(_FIRST_WORDS)
    room.words += 15 * count
    room.units += count
    room.literal.append(word)
    return {
        "num_paragraphs": count,
        "nth_paragraph": draw.randint(1, count),
        "first_word": word,
    }


def _sections(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    count, splitter = draw.randint(2, 5), draw.choice(_SPLITTERS)
    room.words += 15 * count
    room.units += count
    room.capitals += count * splitter.isupper()
    room.literal += [splitter] * count
    return {"section_spliter": splitter, "num_sections": count}


def _postscript(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    room.words, room.units, room.capitals = room.words + 10, room.units + 1, room.capitals + 2
    return {"postscript_marker": draw.choice(_MARKERS)}


def _repeat(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    return {"prompt_to_repeat": given.request}


def _ending(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    phrase = draw.choice(_ENDINGS)
    room.words, room.units = room.words + 6, room.units + 1
    room.literal.append(phrase)
    return {"end_phrase": phrase}


def _loud_words(draw: random.Random, room: Room, given: _Given) -> _Arguments:
    relation = draw.choice([LEAST, LESS])
    count = draw.randint(2, 6) + (room.capitals if relation == LESS else 0)
    if relation == LEAST:
        room.words += 4 * count
    return {"capital_frequency": count, "capital_relation": relation}


_ARGUMENTS: dict[str, _Draw] = {
    # What an answer has to hold.
    "combination:repeat_prompt": _repeat,
    "combination:two_responses": _fixed,
    "detectable_format:title": _fixed,
    "detectable_format:json_format": _fixed,
    "detectable_format:constrained_response": _fixed,
    "startend:quotation": _fixed,
    "punctuation:no_comma": _fixed,
    "change_case:english_capital": _fixed,
    "change_case:english_lowercase": _fixed,
    "language:response_language": _language,
    "startend:end_checker": _ending,
    "detectable_content:postscript": _postscript,
    "detectable_format:multiple_sections": _sections,
    "length_constraints:nth_paragraph_first_word": _first_word,
    "length_constraints:number_paragraphs": _counted("num_paragraphs", 2, 5, 15, parts=True),
    "detectable_format:number_bullet_lists": _counted("num_bullets", 2, 6, 6, parts=True),
    "detectable_format:number_highlighted_sections": _counted("num_highlights", 2, 4, 4),
    "detectable_content:number_placeholders": _counted("num_placeholders", 2, 4, 4),
    "keywords:existence": _keywords,
    "keywords:forbidden_words": _forbidden,
    "keywords:frequency": _frequency,
    "change_case:capital_word_frequency": _loud_words,
    # What rations it.
    "keywords:letter_frequency": _letter,
    "length_constraints:number_words": _number_words,
    "length_constraints:number_sentences": _number_sentences,
}
_ORDER = tuple(_ARGUMENTS)
