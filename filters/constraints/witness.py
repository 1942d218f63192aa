"""An answer that follows a set of instructions, made to show that they can be followed together.

It is a skeleton of what is demanded (sections, bullets, keywords, an ending), filled up with plain
sentences until all checks pass. No model writes it and nobody publishes it.

    witness([("keywords:existence", {"keywords": ["harbour"]}), ("punctuation:no_comma", {})])
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from filters.constraints.checking import reader

Instruction = tuple[str, Mapping[str, Any]]

SENTENCES = {
    "en": (
        "the river is long and the bridge over it was built by people of the town",
        "we walk home in the evening and look at the light on the water",
        "this is a good plan and most of the work is done at once",
        "the old house stands near the road to the north",
        "it is calm here",
    ),
    "es": ("el río crece durante la noche y la gente cierra el puente del pueblo",),
    "fr": ("la rivière monte pendant la nuit et les habitants ferment le pont du village",),
    "de": ("der Fluss steigt in der Nacht und die Leute sperren die Brücke in der Stadt",),
    "it": ("il fiume sale durante la notte e gli abitanti chiudono il ponte del paese",),
    "pt": ("o rio sobe durante a noite e os moradores fecham a ponte da cidade",),
    "pl": ("rzeka wzbiera w nocy i mieszkańcy zamykają most w mieście",),
    "fi": ("joki nousee yöllä ja ihmiset sulkevat sillan kaupungissa",),
    "ru": ("река поднимается ночью и жители закрывают мост в городе",),
}
"""What fills up an answer, by language: without commas, capitals and full stops."""
_SHORT = ("it works", "so it is", "yes")
_COUNTS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 256, 512)
_CAPITALS = ("OK", "TV", "BY", "HI", "UP")


def witness(instructions: Sequence[Instruction]) -> str | None:
    """A text that follows all of the instructions.

    Where none is found, the last one that was tried, which breaks some: they contradict one
    another, or nearly. None where no text can be made: for a language that no sentences are known
    in, and for a keyword that is a pattern which its own letters do not match.

    Raises:
        Unjudged: as `check` does for bad arguments.
    """
    checks = [reader(name, dict(kwargs)) for name, kwargs in sorted(instructions, key=_is_slow)]
    wanted = {name: {k: v for k, v in kwargs.items() if v} for name, kwargs in instructions}
    language = wanted.get("language:response_language", {}).get("language", "en")
    if language not in SENTENCES or not all(map(_matches_itself, _patterns(wanted))):
        return None
    skeleton = _Skeleton(wanted)
    text = ""
    for pool in (SENTENCES[language], *([_SHORT] if language == "en" else [])):
        sentences = _harmless(pool, wanted)
        for count in _COUNTS:
            text = skeleton.filled([sentences[i % len(sentences)] for i in range(count)])
            if text.strip() and all(follows(text) for follows in checks):
                return text
    return text


def _is_slow(instruction: Instruction) -> bool:
    return instruction[0].startswith(("language:", "change_case:english"))


def _patterns(wanted: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The arguments that are read as patterns and have to be found."""
    found = list(wanted.get("keywords:existence", {}).get("keywords", ()))
    if (repeated := wanted.get("keywords:frequency", {})).get("relation") == "at least":
        found.append(repeated["keyword"])
    if sections := wanted.get("detectable_format:multiple_sections"):
        found.append(sections["section_spliter"])
    return found


def _matches_itself(pattern: str) -> bool:
    return bool(re.search(pattern, pattern))


def _harmless(pool: Sequence[str], wanted: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The sentences of a pool with the least of what is forbidden or rationed."""
    banned = [
        rf"\b{w}\b" for w in wanted.get("keywords:forbidden_words", {}).get("forbidden_words", ())
    ]
    if (keyword := wanted.get("keywords:frequency", {})).get("relation") == "less than":
        banned.append(keyword["keyword"].strip())
    if (letter := wanted.get("keywords:letter_frequency", {})).get("let_relation") == "less than":
        banned.append(letter["letter"])

    def hits(sentence: str) -> float:
        found = sum(len(re.findall(each, sentence, re.IGNORECASE)) for each in banned)
        return found / len(sentence.split())

    least = min(map(hits, pool))
    return [sentence for sentence in pool if hits(sentence) == least]


class _Skeleton:
    """What a set of instructions demands, without the sentences that fill it up."""

    def __init__(self, wanted: Mapping[str, dict[str, Any]]) -> None:
        self._wanted = wanted

    def filled(self, sentences: Sequence[str]) -> str:
        """The text with so many sentences more."""
        few = self._of("length_constraints:number_sentences").get("relation") == "less than"
        filler = " ".join(s if few else f"{s[0].upper()}{s[1:]}." for s in sentences)
        # A bullet after an opening quotation mark is none, so that words come first.
        words = " ".join(filter(None, self._words())) or "0"
        lines = [words, *self._lines(), filler, *self._tail()]
        blocks = self._blocks("\n".join(filter(None, lines)))
        return self._wrapped(blocks)

    def _of(self, name: str) -> dict[str, Any]:
        return self._wanted.get(name, {})

    def _lines(self) -> list[str]:
        """What stands on lines of its own: title, sections, bullets."""
        sections = self._of("detectable_format:multiple_sections")
        word = sections.get("section_spliter", "").strip()
        bullets = int(self._of("detectable_format:number_bullet_lists").get("num_bullets", 0))
        return [
            *(["<<1>>"] if "detectable_format:title" in self._wanted else []),
            *(f"{word} {place}" for place in range(1, int(sections.get("num_sections", 0)) + 1)),
            *(f"- {place}" for place in range(1, bullets + 1)),
        ]

    def _words(self) -> list[str]:
        """What stands in running text: keywords, letters, placeholders, marked and loud words."""
        keyword = self._of("keywords:frequency")
        letter = self._of("keywords:letter_frequency")
        loud = self._of("change_case:capital_word_frequency")
        marked = self._of("detectable_format:number_highlighted_sections").get("num_highlights", 0)
        places = self._of("detectable_content:number_placeholders").get("num_placeholders", 0)
        return [
            *self._of("keywords:existence").get("keywords", ()),
            *[keyword.get("keyword", "").strip()] * _least(keyword, "frequency", "relation"),
            letter.get("letter", "") * _least(letter, "let_frequency", "let_relation"),
            *[self._loud_word()] * _least(loud, "capital_frequency", "capital_relation"),
            *(f"[{place}]" for place in range(1, int(places) + 1)),
            *(f"0 *{place}*" for place in range(1, int(marked) + 1)),
            *(
                ["My answer is yes."]
                if "detectable_format:constrained_response" in self._wanted
                else []
            ),
        ]

    def _loud_word(self) -> str:
        return _harmless(_CAPITALS, self._wanted)[0]

    def _tail(self) -> list[str]:
        marker = self._of("detectable_content:postscript").get("postscript_marker")
        return [
            *([f"{marker.strip()} 1"] if marker else []),
            self._of("startend:end_checker").get("end_phrase", ""),
        ]

    def _blocks(self, body: str) -> str:
        """The body among the paragraphs or answers that are demanded, after a repeated request."""
        if stars := self._of("length_constraints:number_paragraphs"):
            before = [str(place) for place in range(1, int(stars["num_paragraphs"]))]
            body = "\n***\n".join([*before, body or "0"])
        if nth := self._of("length_constraints:nth_paragraph_first_word"):
            body = _with_first_word(body, nth)
        if "combination:two_responses" in self._wanted:
            body = f"0\n******\n{body}"
        repeated = self._of("combination:repeat_prompt").get("prompt_to_repeat")
        return f"{repeated.strip()}\n{body}" if repeated else body

    def _wrapped(self, text: str) -> str:
        """The text in the case, the JSON or the quotation marks that are demanded."""
        case: Callable[[str], str] = str
        if "change_case:english_capital" in self._wanted:
            case = str.upper
        if "change_case:english_lowercase" in self._wanted:
            case = str.lower
        if "detectable_format:json_format" in self._wanted:
            value = case(" ".join(text.split()))
            return json.dumps({case("answer"): value}, ensure_ascii=False)
        return f'"{case(text)}"' if "startend:quotation" in self._wanted else case(text)


def _least(kwargs: Mapping[str, Any], number: str, relation: str) -> int:
    """How often something has to be there."""
    return int(kwargs[number]) if kwargs.get(relation) == "at least" else 0


def _with_first_word(body: str, kwargs: Mapping[str, Any]) -> str:
    total, place = int(kwargs["num_paragraphs"]), int(kwargs["nth_paragraph"])
    parts = [str(number) for number in range(1, total)] + [body or "0"]
    parts[place - 1] = f"{kwargs['first_word']} {parts[place - 1]}"
    return "\n\n".join(parts)
