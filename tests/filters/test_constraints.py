import json
import logging
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from factory.apply import apply_filter, check_gold
from factory.errors import Unjudged
from factory.records import Constraint, Prompt, Response
from filters.constraints import INSTRUCTION_IDS, Constraints, check
from tests.filters import official_ifeval
from tests.filters.ifeval_cases import INSTRUCTIONS, RESPONSES
from tests.toys import prompt

ROWS = json.loads((Path(__file__).parent / "ifeval_verdicts.json").read_text())
COMMA = "punctuation:no_comma"
WORDS = "length_constraints:number_words"
JSON = "detectable_format:json_format"


def rows(instruction):
    return [row for row in ROWS if row["instruction"] == instruction]


def ours(row, text):
    name, kwargs = row["instruction"], row["kwargs"]
    strict = check(name, kwargs, official_ifeval.PROMPT, text)
    loose = check(name, kwargs, official_ifeval.PROMPT, text, loose=True)
    return official_ifeval.symbol(strict, loose)


@pytest.mark.parametrize("instruction", INSTRUCTION_IDS)
def test_verdicts_are_the_official_ones(instruction):
    differ = [
        (row["kwargs"], text, verdict)
        for row in rows(instruction)
        for text, verdict in zip(RESPONSES, row["verdicts"], strict=True)
        if ours(row, text) != verdict
    ]
    assert not differ


def test_the_recorded_table_has_both_verdicts_on_every_instruction_and_many_answers():
    seen = defaultdict(set)
    for row in ROWS:
        assert len(row["verdicts"]) == len(RESPONSES) >= 30
        seen[row["instruction"]] |= set(row["verdicts"])
    assert seen.keys() == set(INSTRUCTION_IDS)
    assert len(seen) == 25
    assert all(verdicts >= {"b", "-"} for verdicts in seen.values())


def test_the_recorded_table_is_about_the_cases_that_are_there():
    assert [(row["instruction"], row["kwargs"]) for row in ROWS] == INSTRUCTIONS


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    if not official_ifeval.is_installed():
        pytest.skip("lm-eval is not installed")
    logging.disable(logging.CRITICAL)  # it logs each text whose language cannot be told
    yield official_ifeval.load(tmp_path_factory.mktemp("nltk_data"))
    logging.disable(logging.NOTSET)


@pytest.mark.slow
def test_the_recorded_verdicts_are_those_of_the_official_checker_today(official):
    for row in ROWS:
        verdicts = [
            official_ifeval.verdict(official, row["instruction"], row["kwargs"], text)
            for text in RESPONSES
        ]
        assert "".join(verdicts) == row["verdicts"], row


@pytest.mark.slow
def test_random_answers_get_the_official_verdicts(official):
    from tests.benchmarks.ifeval_verdicts import random_answers

    for place, text in enumerate(random_answers(1000)):
        for row in ROWS[place % 10 :: 10]:
            if not row["instruction"].startswith("language"):
                theirs = official_ifeval.verdict(official, row["instruction"], row["kwargs"], text)
                assert ours(row, text) == theirs, (row["instruction"], row["kwargs"], text)


UNUSABLE = [
    ("keywords:existence", {}),
    ("keywords:existence", {"keywords": []}),
    ("keywords:existence", {"keywords": "word"}),
    ("keywords:existence", {"keywords": [1]}),
    ("keywords:existence", {"keywords": ["("]}),
    ("keywords:existence", {"keywords": ["a"], "keyword": "b"}),
    ("keywords:frequency", {"keyword": "**a", "frequency": 1, "relation": "at least"}),
    ("keywords:frequency", {"keyword": "a", "frequency": 0, "relation": "at least"}),
    ("keywords:frequency", {"keyword": "a", "frequency": -1, "relation": "at least"}),
    ("keywords:frequency", {"keyword": "a", "frequency": "3", "relation": "at least"}),
    ("keywords:frequency", {"keyword": "a", "frequency": 3, "relation": "at most"}),
    ("keywords:letter_frequency", {"letter": "#", "let_frequency": 1, "let_relation": "at least"}),
    ("keywords:letter_frequency", {"letter": "ab", "let_frequency": 1, "let_relation": "at least"}),
    ("language:response_language", {"language": "tlh"}),
    ("length_constraints:number_words", {"num_words": None, "relation": "at least"}),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 1, "nth_paragraph": 2, "first_word": "a"},
    ),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 1.5, "first_word": "a"},
    ),
    ("startend:end_checker", {"end_phrase": 5}),
    ("punctuation:no_comma", {"num_words": 3}),
]


@pytest.mark.parametrize(("instruction", "kwargs"), UNUSABLE)
def test_arguments_that_cannot_be_used_are_unjudged_and_never_guessed(instruction, kwargs):
    for text in ("", "a"):
        with pytest.raises(Unjudged, match="bad_kwargs"):
            check(instruction, kwargs, "", text)


@pytest.mark.parametrize(
    "keyword",
    ["(a+)+", "a*b", "a+b", "(a|a)*", "a{1,9}b", "a?" * 10, "(a|aa)(a|aa)?" * 4, ".*x.*", "[ab]+c"],
)
def test_patterns_that_could_run_for_ever_are_refused(keyword):
    text = "a" * 5000 + "!"
    for name, kwargs in [
        ("keywords:existence", {"keywords": [keyword]}),
        ("keywords:forbidden_words", {"forbidden_words": [keyword]}),
        ("detectable_content:postscript", {"postscript_marker": keyword}),
        ("detectable_format:multiple_sections", {"section_spliter": keyword, "num_sections": 1}),
    ]:
        with pytest.raises(Unjudged, match="costly_pattern"):
            check(name, kwargs, "", text)


def test_a_repetition_at_the_end_is_no_cost_but_before_a_number_it_is():
    assert check("keywords:existence", {"keywords": ["C++", r"2\+2", "why?"]}, "", "C 2+2 wh")
    with pytest.raises(Unjudged, match="costly_pattern"):
        check(
            "detectable_format:multiple_sections",
            {"section_spliter": "a+", "num_sections": 1},
            "",
            "a" * 100,
        )


HOSTILE = ["[", "\n", "\n ", "<<", "< <", "*", "* ", "-\n", "p. ", "9", "?! ", "{", "a.\n\n", "A'"]


@pytest.mark.parametrize(
    "instruction",
    [
        name
        for name in INSTRUCTION_IDS
        if "sentences" not in name and "change_case" not in name and name != JSON
    ],
)
def test_ten_million_hostile_characters_take_linear_time(instruction):
    (_, kwargs), *_ = [each for each in INSTRUCTIONS if each[0] == instruction]
    for unit in HOSTILE[:4]:
        check(instruction, kwargs, "", unit * (10_000_000 // len(unit)))


@pytest.mark.parametrize("unit", HOSTILE, ids=ascii)
def test_hostile_answers_get_a_verdict(unit):
    constraints = tuple(Constraint(instruction_id=name, kwargs=json.dumps(kwargs))
                        for name, kwargs in dict(INSTRUCTIONS).items() if name != JSON)  # fmt: skip
    for loose in (False, True):
        verdict = judged(unit * (5_000 // len(unit)), *constraints, loose=loose)
        assert verdict.reason == "constraints_broken"


def asked(*constraints: Constraint) -> Prompt:
    return replace(prompt(), constraints=constraints)


def judged(answer, *constraints, **settings):
    response = Response(prompt=asked(*constraints), mode="off", sample=0, output=answer)
    return apply_filter(Constraints(**settings), response)


NO_COMMA = Constraint(instruction_id=COMMA)
SHORT = Constraint(instruction_id=WORDS, kwargs='{"num_words": 3, "relation": "less than"}')


@pytest.mark.parametrize(
    ("answer", "constraints", "settings", "score", "reason"),
    [
        ("Yes.", [NO_COMMA, SHORT], {}, 1.0, ""),
        ("Yes, I do.", [NO_COMMA, SHORT], {}, 0.0, "constraints_broken"),
        ("Yes I do.", [NO_COMMA, SHORT], {}, 0.5, "constraints_broken"),
        ("Yes I do.", [NO_COMMA, SHORT], {"low": 0.5}, 0.5, ""),
        ("", [NO_COMMA], {}, 0.0, "constraints_broken"),
        ("Well, then:\nYes.", [NO_COMMA], {}, 0.0, "constraints_broken"),
        ("Well, then:\nYes.", [NO_COMMA], {"loose": True}, 1.0, ""),
        ("Yes.", [], {}, None, "no_constraints"),
        ("Yes.", [Constraint(instruction_id="keywords:none")], {}, None, "unknown_instruction"),
        ("Yes.", [replace(SHORT, kwargs="{")], {}, None, "bad_kwargs"),
        ("Yes.", [replace(SHORT, kwargs="[]")], {}, None, "bad_kwargs"),
        ("Yes.", [replace(SHORT, kwargs="[" * 200_000)], {}, None, "bad_kwargs"),
        ("Yes.", [NO_COMMA, replace(SHORT, kwargs="{}")], {}, None, "bad_kwargs"),
        ("x" * 11, [NO_COMMA], {"max_characters": 10}, None, "answer_too_long"),
        ("x" * 10, [NO_COMMA], {"max_characters": 10}, 1.0, ""),
        ("x" * 10_000_000, [NO_COMMA], {}, None, "answer_too_long"),
        (
            "[" * 90_000,
            [Constraint(instruction_id=JSON)],
            {},
            None,
            "nested_too_deeply",
        ),
        (
            "a",
            [Constraint(instruction_id="keywords:existence", kwargs='{"keywords": ["(a+)+b"]}')],
            {},
            None,
            "costly_pattern",
        ),
    ],
)
def test_the_score_is_the_share_of_instructions_followed(
    answer, constraints, settings, score, reason
):
    verdict = judged(answer, *constraints, **settings)
    assert (verdict.score, verdict.reason) == (score, reason)
    assert verdict.decision == ("unjudged" if score is None else "drop" if reason else "keep")


def test_only_the_answer_counts_and_not_the_reasoning():
    output = "<think>\nWell, one, two\n</think>\n\nYes."
    response = Response(prompt=asked(NO_COMMA), mode="on", sample=0, output=output)
    assert apply_filter(Constraints(), response).decision == "keep"


@pytest.mark.parametrize(
    ("constraints", "reason"),
    [
        ([NO_COMMA, SHORT], ""),
        ([], "bad_gold"),
        ([NO_COMMA, replace(SHORT, kwargs="{}")], "bad_gold"),
        ([Constraint(instruction_id="keywords:none")], "bad_gold"),
    ],
)
def test_prompts_whose_instructions_cannot_be_checked_are_set_aside_unpaid(constraints, reason):
    assert check_gold(Constraints(), asked(*constraints)).reason == reason


@pytest.mark.parametrize("settings", [{"low": 1.1}, {"low": -0.1}, {"max_characters": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Constraints(**settings)


def test_the_language_is_told_alike_whatever_seed_others_set():
    import langdetect

    text = "The bridge is closed. Die Brücke ist gesperrt. Le pont est fermé."
    verdicts = set()
    before = langdetect.DetectorFactory.seed
    try:
        for seed in range(20):
            langdetect.DetectorFactory.seed = seed
            verdicts.add(check("language:response_language", {"language": "de"}, "", text))
        assert langdetect.DetectorFactory.seed == 19
    finally:
        langdetect.DetectorFactory.seed = before
    assert len(verdicts) == 1


def test_a_letter_with_its_marks_is_one_word_as_to_nltk():
    kwargs = {"num_words": 3, "relation": "less than"}
    assert check(WORDS, kwargs, "", "नमस्ते दुनिया")
    assert not check(WORDS, kwargs, "", "नमस्ते दुनिया और")


_AT_ONCE = """
import threading
from filters.constraints import sentences

start, counts = threading.Barrier(3), []

def count(function):
    start.wait()
    counts.append(function("One two. THREE four."))

functions = sentences.count_sentences, sentences.count_words, sentences.count_capital_words
threads = [threading.Thread(target=count, args=[each]) for each in functions]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(counts))
"""


def test_threads_that_count_first_at_the_same_moment_do_not_meet_in_imports():
    said = subprocess.run(
        [sys.executable, "-c", _AT_ONCE], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[1, 2, 4]", said.stderr
