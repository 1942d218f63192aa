"""Rows of datasets made elsewhere, in all their forms."""

import json

import pytest

from factory.foreign_rows import BadRow, response_in
from factory.records import Constraint, UnitTest

TURNS = [{"role": "user", "content": "What is 2 + 3?"}]
TEMPLATED = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\ndetailed thinking on<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nWhat is 2 + 3?<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)
THOUGHT = "<think>\n2 and 3\n</think>\n\n\\boxed{5}"


def read(row, **columns):
    return response_in(row, columns, "toy:0")


@pytest.mark.parametrize(
    ("row", "mode", "output"),
    [
        ({"input": TURNS, "output": "5", "reasoning": "off"}, "off", "5"),
        ({"input": TURNS, "output": "5", "system_prompt": "detailed thinking on"}, "on", "5"),
        ({"input": TEMPLATED, "output": f"{THOUGHT}<|eot_id|>"}, "on", THOUGHT),
        ({"input": "What is 2 + 3?", "output": "5 <|im_end|>\n"}, "off", "5"),
        ({"messages": [*TURNS, {"role": "assistant", "content": THOUGHT}]}, "on", THOUGHT),
        (
            {
                "messages": [
                    {"role": "system", "content": "detailed thinking off"},
                    *TURNS,
                    {"role": "assistant", "content": "5"},
                ]
            },
            "off",
            "5",
        ),
        (
            {
                "messages": [
                    *TURNS,
                    {
                        "role": "assistant",
                        "reasoning_content": "2 and 3",
                        "content": "\\boxed{5}",
                    },
                ]
            },
            "on",
            THOUGHT,
        ),
        (
            {
                "conversations": [
                    {"from": "human", "value": "What is 2 + 3?"},
                    {"from": "gpt", "value": "5"},
                ]
            },
            "off",
            "5",
        ),
        ({"prompt": "What is 2 + 3?", "completion": "5"}, "off", "5"),
        ({"prompt": TURNS, "completion": [{"role": "assistant", "content": "5"}]}, "off", "5"),
        ({"problem": "What is 2 + 3?", "generated_solution": THOUGHT}, "on", THOUGHT),
        (
            {"question": "What is 2 + 3?", "response": "\\boxed{5}", "reasoning": "2 and 3"},
            "on",
            THOUGHT,
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "What is 2 + 3?"}]},
                    {"role": "assistant", "content": "5"},
                ]
            },
            "off",
            "5",
        ),
    ],
)
def test_known_forms_are_read(row, mode, output):
    response = read(row)
    assert response.prompt.problem == "What is 2 + 3?"
    assert (response.mode, response.output) == (mode, output)
    assert [turn.role for turn in response.prompt.input] == ["user"]


@pytest.mark.parametrize(
    ("more", "gold"),
    [
        ({"expected_answer": "5"}, "5"),
        ({"answer": 5}, "5"),
        ({"solution": "5"}, "5"),
        ({"expected_answer": None, "answer": "5"}, "5"),
        ({"args": {"expected_answer": "5"}}, "5"),
        ({"reward_model": {"ground_truth": "5"}}, "5"),
        ({}, None),
    ],
)
def test_gold_answers_are_found(more, gold):
    assert read({"input": TURNS, "output": "x", **more}).expected == gold


def test_columns_may_be_named():
    row = {"q": "What is 2 + 3?", "a": {"final": THOUGHT}, "truth": "5", "key": 9}
    response = read(row, prompt="q", output="a.final", expected="truth", id="key")
    assert (response.prompt.problem, response.output) == ("What is 2 + 3?", THOUGHT)
    assert (response.expected, response.prompt.id) == ("5", "9")


def test_instructions_tests_and_choices_come_along():
    args = {
        "instruction_id_list": ["length_constraints:number_words", "startend:quotation"],
        "instruction_kwargs": [{"num_words": 5, "relation": "at least", "letter": None}, None],
    }
    response = read({"input": TURNS, "args": args, "output": "x", "options": ["a", "b"]})
    assert response.prompt.constraints == (
        Constraint(
            instruction_id="length_constraints:number_words",
            kwargs='{"num_words": 5, "relation": "at least"}',
        ),
        Constraint(instruction_id="startend:quotation"),
    )
    assert response.prompt.choices == ("a", "b")
    taco = json.dumps({"inputs": ["1\n"], "outputs": ["2\n"]})
    response = read({"question": "double", "output": "x", "input_output": taco})
    assert response.prompt.tests == (UnitTest(kind="stdio", input="1\n", expected="2\n"),)
    assert response.prompt.language == "python"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, "no_prompt"),
        ({"input": TURNS}, "no_output"),
        ({"input": TURNS, "args": {"instruction_id_list": ["x"]}}, "no_output"),
        ({"output": "5"}, "no_prompt"),
        ({"input": [], "output": "5"}, "no_prompt"),
        ({"input": 7, "output": "5"}, "prompt_not_turns"),
        ({"input": [7], "output": "5"}, "prompt_not_turns"),
        ({"input": [{"role": "user", "content": 7}], "output": "5"}, "prompt_not_turns"),
        ({"input": TURNS, "output": 5}, "output_not_text"),
        ({"input": TURNS, "output": "5", "answer": ["5"]}, "gold_not_text"),
        ({"input": TURNS, "output": "5", "answer": True}, "gold_not_text"),
        ({"input": TURNS, "output": "5", "options": 3}, "choices_not_texts"),
        ({"input": TURNS, "output": "5", "tests": "{"}, "tests_not_read"),
        ({"input": TURNS, "output": "5", "tests": [{"kind": "stdio"}]}, "tests_not_read"),
        (
            {"input": TURNS, "output": "5", "tests": [{"kind": "stdio", "input": None}]},
            "tests_not_read",
        ),
        (
            {
                "input": TURNS,
                "output": "5",
                "tests": {"fn_name": 5, "inputs": [1], "outputs": [1]},
            },
            "tests_not_read",
        ),
        ({"input": TURNS, "output": "5", "args": "{"}, "args_not_read"),
        (
            {
                "input": TURNS,
                "output": "5",
                "args": {"instruction_id_list": ["a"], "instruction_kwargs": [{}, {}]},
            },
            "args_not_read",
        ),
        ({"input": TURNS, "output": "5", "args": {"instruction_id_list": 5}}, "args_not_read"),
        ({"messages": TURNS}, "no_output"),
        ({"messages": "[" * 100_000}, "prompt_not_turns"),
    ],
)
def test_a_row_that_is_none_has_a_reason(row, reason):
    with pytest.raises(BadRow) as bad:
        read(row)
    assert bad.value.reason == reason


def test_a_template_without_end_is_read_in_time():
    hostile = "<|start_header_id|>user<|end_header_id|>" * 20_000
    assert read({"input": hostile, "output": "x"}).prompt.input
    assert read({"input": TURNS, "output": "<|eot_id|>" * 100_000 + "x"}).output.endswith("x")
    assert read({"input": TURNS, "output": "x" + " <|eot_id|>" * 200_000}).output == "x"
