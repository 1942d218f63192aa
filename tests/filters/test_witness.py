"""Answers that show that a set of instructions can be followed."""

import json

import pytest

from factory.apply import check_gold
from factory.records import Constraint
from filters.constraints import INSTRUCTION_IDS, Constraints, check
from filters.constraints.witness import SENTENCES, witness
from tests.filters.ifeval_cases import INSTRUCTIONS
from tests.filters.test_constraints import asked

LESS, LEAST = {"relation": "less than"}, {"relation": "at least"}
COMMA = ("punctuation:no_comma", {})
MANY = [
    ("keywords:existence", {"keywords": ["harbour", "crane"]}),
    ("keywords:frequency", {"keyword": "tide", "frequency": 4, **LEAST}),
    ("keywords:forbidden_words", {"forbidden_words": ["river", "good"]}),
    ("keywords:letter_frequency", {"letter": "z", "let_frequency": 2, "let_relation": "less than"}),
    ("length_constraints:number_words", {"num_words": 120, **LEAST}),
    ("length_constraints:number_sentences", {"num_sentences": 9, **LESS}),
    ("detectable_format:number_bullet_lists", {"num_bullets": 3}),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}),
    ("startend:quotation", {}),
    COMMA,
]


def follows(text, instructions):
    return all(check(name, kwargs, "", text) for name, kwargs in instructions)


EVERYWHERE = {"keyword": " ", "frequency": 3, "relation": "less than"}
"""What nothing can follow: an empty pattern is found at every character."""


@pytest.mark.parametrize(
    ("name", "kwargs"), dict(each for each in INSTRUCTIONS if each[1] != EVERYWHERE).items()
)
def test_every_instruction_alone_has_an_answer(name, kwargs):
    text = witness([(name, kwargs)])
    assert follows(text, [(name, kwargs)])


def test_every_known_instruction_is_tried_above():
    assert {name for name, _ in INSTRUCTIONS} == set(INSTRUCTION_IDS)


def test_eleven_instructions_have_one_answer():
    assert follows(witness(MANY), MANY)


@pytest.mark.parametrize("language", SENTENCES)
def test_every_language_with_sentences_is_told_as_itself(language):
    wanted = [("language:response_language", {"language": language}), COMMA]
    assert follows(witness(wanted), wanted)


CONTRADICTIONS = [
    [("change_case:english_capital", {}), ("change_case:english_lowercase", {})],
    [
        ("keywords:existence", {"keywords": ["tide"]}),
        ("keywords:forbidden_words", {"forbidden_words": ["tide"]}),
    ],
    [
        ("length_constraints:number_paragraphs", {"num_paragraphs": 2}),
        ("combination:two_responses", {}),
    ],
    [("detectable_format:json_format", {}), ("startend:end_checker", {"end_phrase": "The end."})],
    [
        ("keywords:frequency", {"keyword": "tide", "frequency": 9, **LEAST}),
        ("length_constraints:number_words", {"num_words": 9, **LESS}),
    ],
]


@pytest.mark.parametrize("instructions", CONTRADICTIONS)
def test_prompts_that_contradict_themselves_are_set_aside_unpaid(instructions):
    constraints = [Constraint(instruction_id=n, kwargs=json.dumps(k)) for n, k in instructions]
    assert not follows(witness(instructions), instructions)
    assert check_gold(Constraints(), asked(*constraints)).reason == "bad_gold"


@pytest.mark.parametrize(
    "instruction",
    [
        ("language:response_language", {"language": "kn"}),
        ("keywords:existence", {"keywords": ["[Ss]ection"]}),
    ],
)
def test_where_nothing_can_be_shown_the_prompt_stays(instruction):
    assert witness([instruction]) is None
    name, kwargs = instruction
    constraint = Constraint(instruction_id=name, kwargs=json.dumps(kwargs))
    assert check_gold(Constraints(), asked(constraint)).decision == "keep"
