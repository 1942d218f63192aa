"""One instruction against one answer, strictly or loosely."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from factory.errors import Unjudged
from filters.constraints import arguments as read
from filters.constraints import rules


@dataclass(frozen=True, slots=True)
class _Instruction:
    follows: Callable[..., bool]
    """Called with the text and the arguments by their names."""
    arguments: Mapping[str, Callable[[Any], Any]]
    """What reads each argument; all are needed, and no others are known."""


def _at(name: str, relation: str = "relation") -> dict[str, Callable[[Any], Any]]:
    return {name: read.count, relation: read.relation}


_INSTRUCTIONS = {
    "keywords:existence": _Instruction(rules.has_keywords, {"keywords": read.patterns}),
    "keywords:frequency": _Instruction(
        rules.keyword_frequency, {"keyword": read.pattern, **_at("frequency")}
    ),
    "keywords:forbidden_words": _Instruction(
        rules.no_forbidden_words, {"forbidden_words": read.whole_words}
    ),
    "keywords:letter_frequency": _Instruction(
        rules.letter_frequency, {"letter": read.letter, **_at("let_frequency", "let_relation")}
    ),
    "language:response_language": _Instruction(rules.is_in, {"language": read.language}),
    "length_constraints:number_sentences": _Instruction(
        rules.number_sentences, _at("num_sentences")
    ),
    "length_constraints:number_paragraphs": _Instruction(
        rules.number_paragraphs, {"num_paragraphs": read.count}
    ),
    "length_constraints:number_words": _Instruction(rules.number_words, _at("num_words")),
    "length_constraints:nth_paragraph_first_word": _Instruction(
        rules.nth_paragraph_first_word,
        {"num_paragraphs": read.count, "nth_paragraph": read.place, "first_word": read.text},
    ),
    "detectable_content:number_placeholders": _Instruction(
        rules.number_placeholders, {"num_placeholders": read.count}
    ),
    "detectable_content:postscript": _Instruction(
        rules.has_postscript, {"postscript_marker": read.postscript}
    ),
    "detectable_format:number_bullet_lists": _Instruction(
        rules.number_bullets, {"num_bullets": read.count}
    ),
    "detectable_format:constrained_response": _Instruction(rules.is_constrained, {}),
    "detectable_format:number_highlighted_sections": _Instruction(
        rules.number_highlights, {"num_highlights": read.count}
    ),
    "detectable_format:multiple_sections": _Instruction(
        rules.number_sections, {"section_spliter": read.splitter, "num_sections": read.count}
    ),
    "detectable_format:json_format": _Instruction(rules.is_json, {}),
    "detectable_format:title": _Instruction(rules.has_title, {}),
    "combination:two_responses": _Instruction(rules.are_two_responses, {}),
    "combination:repeat_prompt": _Instruction(
        rules.repeats_prompt, {"prompt_to_repeat": read.text}
    ),
    "startend:end_checker": _Instruction(rules.ends_with, {"end_phrase": read.text}),
    "startend:quotation": _Instruction(rules.is_quoted, {}),
    "change_case:capital_word_frequency": _Instruction(
        rules.capital_word_frequency,
        {"capital_frequency": read.number, "capital_relation": read.relation},
    ),
    "change_case:english_capital": _Instruction(rules.is_english_capital, {}),
    "change_case:english_lowercase": _Instruction(rules.is_english_lowercase, {}),
    "punctuation:no_comma": _Instruction(rules.has_no_comma, {}),
}

INSTRUCTION_IDS = tuple(_INSTRUCTIONS)
"""The ids that `check` knows."""


def check(
    instruction_id: str,
    kwargs: dict[str, Any],
    prompt: str,
    response: str,
    *,
    loose: bool = False,
) -> bool:
    """Whether a response follows an instruction; a blank response follows none.

    Args:
        instruction_id: such as `keywords:existence`, one of `INSTRUCTION_IDS`.
        kwargs: its arguments by the names of the released rows; nulls, zeros and empty values are
            left out first, as the official checker does.
        prompt: the user's text. No instruction looks at it: what is to be repeated is an argument.
        response: the text that is checked, of any length.
        loose: also True where one of seven variants follows: without asterisks, without the first
            line, the last or both, and these without asterisks.

    Raises:
        Unjudged: `unknown_instruction`; `bad_kwargs` where the official checker fails or draws an
            argument at random; `costly_pattern` (`filters.constraints.arguments`);
            `nested_too_deeply` (JSON that Python's parser gives up on).
    """
    follows = reader(instruction_id, kwargs)
    texts = variants(response) if loose else [response]
    return any(text.strip() and follows(text) for text in texts)


def reader(instruction_id: str, kwargs: dict[str, Any]) -> Callable[[str], bool]:
    """What checks a text for an instruction; raises as `check` does for bad arguments."""
    instruction = _INSTRUCTIONS.get(instruction_id)
    if instruction is None:
        raise Unjudged("unknown_instruction")
    given = {name: value for name, value in kwargs.items() if value}
    if given.keys() != instruction.arguments.keys():
        raise Unjudged("bad_kwargs")
    arguments = {name: parse(given[name]) for name, parse in instruction.arguments.items()}
    if arguments.get("nth_paragraph", 0) > arguments.get("num_paragraphs", 0):
        raise Unjudged("bad_kwargs")
    return lambda text: instruction.follows(text, **arguments)


def variants(response: str) -> list[str]:
    """The response and its loose variants, each once, in the official order."""
    lines = response.split("\n")
    cut = ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
    bare = [text.replace("*", "") for text in (response, *cut)]
    return list(dict.fromkeys([response, bare[0], *cut, *bare[1:]]))
