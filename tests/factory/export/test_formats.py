"""What each format writes, read again by who reads it."""

import json

import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from factory.export import FORMATS, export
from factory.export.prompts import nemo_rl
from factory.schemas import RL, SFT
from tests.finished_datasets import OFF, ON, QUESTION, both_configs, prompt

SYSTEM = {
    mode: {"role": "system", "content": f"detailed thinking {mode}"} for mode in ("on", "off")
}
USER = {"role": "user", "content": QUESTION}


@pytest.fixture
def dataset(tmp_path):
    both_configs(tmp_path / "dataset")
    return tmp_path / "dataset"


def loaded(dataset, format, config=None):
    """An export in a directory, by plain `load_dataset`."""
    out = dataset.parent / "out"
    export(dataset, out, format=format, config=config)
    return load_dataset(str(out), config, cache_dir=str(dataset.parent / "cache"))


def lines(dataset, format, **choice):
    out = dataset.parent / "out.jsonl"
    export(dataset, out, format=format, **choice)
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_trl_gets_conversations_with_the_toggle_first_and_the_output_last(dataset):
    found = loaded(dataset, "trl")
    assert {name: len(split) for name, split in found.items()} == {"math": 10, "chat": 2}
    on, off = found["math"][0], found["math"][1]
    assert on["messages"] == [SYSTEM["on"], USER, {"role": "assistant", "content": ON}]
    assert off["messages"] == [SYSTEM["off"], USER, {"role": "assistant", "content": OFF}]
    assert (on["id"], on["license"], on["attribution"]) == ("math-000-on", "cc-by-4.0", "nobody")


def test_trl_completion_keeps_prompt_and_answer_apart(dataset):
    row = loaded(dataset, "trl-completion")["math"][0]
    assert row["prompt"] == [SYSTEM["on"], USER]
    assert row["completion"] == [{"role": "assistant", "content": ON}]


def test_trl_prompts_carry_what_rewards_read(dataset):
    found = loaded(dataset, "trl-prompts")
    gold, instructed = found["math"][0], found["instruction_following"][0]
    assert gold["prompt"] == [SYSTEM["on"], USER]
    assert (gold["expected_answer"], gold["instruction_id_list"]) == ("5", [])
    assert (gold["verifier"], gold["pass_rate"]) == ("final_answer.v2", 0.5)
    assert instructed["expected_answer"] is None
    assert instructed["instruction_id_list"][1] == "keywords:existence"
    assert [json.loads(each) for each in instructed["instruction_kwargs"]] == [
        {"relation": "at least", "num_words": 3},
        {"keywords": ["five", "sum"]},
    ]


def test_openai_gets_turns_and_no_other_key(dataset):
    found = lines(dataset, "openai", splits=["math"])
    assert len(found) == 10
    assert found[0] == {"messages": [SYSTEM["on"], USER, {"role": "assistant", "content": ON}]}
    assert {tuple(row) for row in found} == {("messages",)}


def test_verl_prompts_have_the_columns_and_types_that_its_dataset_reads(dataset):
    out = dataset.parent / "train.parquet"
    export(dataset, out, format="verl")
    names = ["data_source", "prompt", "ability", "reward_model", "extra_info"]
    assert pq.read_schema(out).names == names
    # As RLHFDataset does: datasets' parquet builder, split train.
    found = load_dataset("parquet", data_files=str(out), cache_dir=str(dataset.parent / "cache"))
    gold, instructed = found["train"][0], found["train"][4]
    assert gold["prompt"] == [SYSTEM["on"], USER]
    assert (gold["data_source"], gold["ability"]) == ("toy/sums", "math")
    assert gold["reward_model"] == {"style": "rule", "ground_truth": "5"}
    assert [row["extra_info"]["index"] for row in found["train"]] == list(range(6))
    assert json.loads(instructed["reward_model"]["ground_truth"]) == {
        "instruction_id_list": ["length_constraints:number_words", "keywords:existence"],
        "instruction_kwargs": [
            {"relation": "at least", "num_words": 3},
            {"keywords": ["five", "sum"]},
        ],
    }


def test_verl_answers_are_conversations_in_messages(dataset):
    row = loaded(dataset, "verl", "SFT")["math"][0]
    assert row["messages"] == [SYSTEM["on"], USER, {"role": "assistant", "content": ON}]


def test_nemo_rl_answers_end_with_the_assistant(dataset):
    found = lines(dataset, "nemo-rl")
    assert len(found) == 12
    assert {row["messages"][-1]["role"] for row in found} == {"assistant"}
    assert loaded(dataset, "nemo-rl")["chat"][1]["messages"] == found[-1]["messages"]


def test_nemo_rl_prompts_are_lines_for_nemo_gym(dataset):
    gold, *_, instructed = lines(dataset, "nemo-rl", config="RL")
    assert gold["responses_create_params"] == {"input": [SYSTEM["on"], USER]}
    assert gold["agent_ref"]["type"] == "responses_api_agents"
    assert (gold["question"], gold["expected_answer"]) == (QUESTION, "5")
    assert instructed["agent_ref"]["name"] == "instruction_following_simple_agent"
    assert (instructed["id"], instructed["prompt"]) == (5, QUESTION)
    assert instructed["kwargs"] == [
        {"relation": "at least", "num_words": 3},
        {"keywords": ["five", "sum"]},
    ]


def test_the_original_has_its_columns_and_its_layout(dataset):
    out = dataset.parent / "out"
    export(dataset, out, format="original")
    files = {str(path.relative_to(out)) for path in out.rglob("*.jsonl")}
    assert files == {
        "SFT/math/math_v1.jsonl",
        "SFT/chat/chat_v1.jsonl",
        "RL/math/math_v1.jsonl",
        "RL/instruction_following/instruction_following_v1.jsonl",
    }
    first = json.loads((out / "SFT/math/math_v1.jsonl").read_text().splitlines()[0])
    assert list(first) == SFT.names[:9]
    assert (first["input"], first["output"]) == ([USER], ON)
    prompt = (out / "RL/instruction_following/instruction_following_v1.jsonl").read_text()
    args = json.loads(prompt.splitlines()[0])["args"]
    assert args["instruction_kwargs"][1] == {"keywords": ["five", "sum"]}
    assert "expected_answer" not in args


def test_the_original_loads_by_config_as_it_does_on_the_hub(dataset):
    out = dataset.parent / "out"
    export(dataset, out, format="original")
    cache = str(dataset.parent / "cache")
    answers = load_dataset(str(out), split="math", cache_dir=cache)
    prompts = load_dataset(str(out), "RL", cache_dir=cache)
    assert answers.column_names == SFT.names[:9]
    assert {name: len(split) for name, split in prompts.items()} == {
        "math": 4,
        "instruction_following": 2,
    }
    assert prompts["math"].column_names == RL.names[:8]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form.name}-{form.config}")
def test_every_export_in_a_directory_loads_as_it_is(dataset, form):
    found = loaded(dataset, form.name, form.config)
    rows = {"SFT": {"math": 10, "chat": 2}, "RL": {"math": 4, "instruction_following": 2}}
    assert {name: len(split) for name, split in found.items()} == rows[form.config]
    assert found["math"].column_names == form.schema.names


@pytest.mark.parametrize(
    ("verifier", "agent"),
    [
        ("final_answer.v2", "math_with_judge_simple_agent"),
        ("science_answer.v1", "math_with_judge_simple_agent"),
        ("tool_calls.v1", "tool_calls_agent"),
        ("unit_tests.v1", "unit_tests_agent"),
        (None, "gold_answer_agent"),
    ],
)
def test_only_what_nemo_gym_can_check_goes_to_its_own_agents(verifier, agent):
    assert nemo_rl(prompt(verifier=verifier), 0)["agent_ref"]["name"] == agent
