"""Prompts in the forms that reinforcement learning reads: a row of `RL` as another row.

What checks an answer stands in the row: a gold answer, or instructions to be followed. Arguments of
instructions are JSON texts, because a struct of all that any of them takes would be nulls mostly.
"""

import json
from typing import Any

import pyarrow as pa

from factory.errors import RunError
from factory.export.conversations import TURNS
from factory.schemas import RL
from factory.templating.conversation import prompt_turns

READ = (
    "input", "args", "system_prompt", "category", "license", "reasoning", "id", "prompt_id",
    "source", "attribution", "pass_rate", "verifier",
)  # fmt: skip
"""The columns of a published prompt that these forms are made of."""
PROMPTS = pa.schema(
    [
        ("prompt", TURNS),
        ("id", pa.string()),
        ("prompt_id", pa.string()),
        ("category", pa.string()),
        ("reasoning", pa.string()),
        ("expected_answer", pa.string()),
        ("instruction_id_list", pa.list_(pa.string())),
        ("instruction_kwargs", pa.list_(pa.string())),
        ("verifier", pa.string()),
        ("pass_rate", pa.float64()),
        ("license", pa.string()),
        ("attribution", pa.string()),
    ]
)
_AGENTS = {
    "final_answer": "math_with_judge_simple_agent",
    "science_answer": "math_with_judge_simple_agent",
}
"""Those of NeMo Gym that check what our verifiers check, by the verifier's name."""
VERL = pa.schema(
    [
        ("data_source", pa.string()),
        ("prompt", TURNS),
        ("ability", pa.string()),
        ("reward_model", pa.struct([("style", pa.string()), ("ground_truth", pa.string())])),
        (
            "extra_info",
            pa.struct(
                [
                    ("index", pa.int64()),
                    ("id", pa.string()),
                    ("prompt_id", pa.string()),
                    ("reasoning", pa.string()),
                    ("verifier", pa.string()),
                    ("pass_rate", pa.float64()),
                    ("license", pa.string()),
                    ("attribution", pa.string()),
                ]
            ),
        ),
    ]
)
NEMO_RL = pa.schema(
    [
        ("responses_create_params", pa.struct([("input", TURNS)])),
        ("agent_ref", pa.struct([("type", pa.string()), ("name", pa.string())])),
        ("id", pa.int64()),
        ("question", pa.string()),
        ("expected_answer", pa.string()),
        ("prompt", pa.string()),
        ("instruction_id_list", pa.list_(pa.string())),
        ("kwargs", RL.field("args").type.field("instruction_kwargs").type),
        ("row_id", pa.string()),
        ("category", pa.string()),
        ("license", pa.string()),
    ]
)


def instructions(row: dict[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
    """(ids, arguments without nulls) of the instructions that an answer must follow."""
    args = row["args"] or {}
    kwargs = [
        {name: value for name, value in (each or {}).items() if value is not None}
        for each in args.get("instruction_kwargs") or ()
    ]
    return list(args.get("instruction_id_list") or ()), kwargs


def _expected(row: dict[str, Any]) -> str | None:
    answer = (row["args"] or {}).get("expected_answer")
    if answer is None and not instructions(row)[0]:
        raise RunError(f"row {row['id']}: args has neither expected_answer nor instructions; "
                       "make the dataset again")  # fmt: skip
    return answer


def prompt_only(row: dict[str, Any], number: int) -> dict[str, Any]:
    """A prompt with what rewards read, as TRL's GRPOTrainer and RLOOTrainer hand columns on.

    Each column but `prompt` comes to a reward function as an argument of its name.
    """
    ids, kwargs = instructions(row)
    return {
        **{name: row.get(name) for name in PROMPTS.names},
        "prompt": prompt_turns(row),
        "expected_answer": _expected(row),
        "instruction_id_list": ids,
        "instruction_kwargs": [json.dumps(each) for each in kwargs],
    }


def verl(row: dict[str, Any], number: int) -> dict[str, Any]:
    """As verl's RLHFDataset and its rule-based rewards read it.

    The dataset takes `prompt` as a chat and `extra_info.index`
    (verl/utils/dataset/rl_dataset.py at aab094c8); a reward is asked with `data_source`,
    `reward_model.ground_truth` and `extra_info` (the columns of examples/data_preprocess/gsm8k.py
    at 030a519a). Instructions are the ground truth as a JSON object.
    """
    expected = _expected(row)
    ids, kwargs = instructions(row)
    both = {"instruction_id_list": ids, "instruction_kwargs": kwargs}
    told = {name: row.get(name) for name in VERL.field("extra_info").type.names}
    return {
        "data_source": row["source"] or row["category"],
        "prompt": prompt_turns(row),
        "ability": row["category"],
        "reward_model": {
            "style": "rule",
            "ground_truth": json.dumps(both) if expected is None else expected,
        },
        "extra_info": {**told, "index": number},
    }


def nemo_rl(row: dict[str, Any], number: int) -> dict[str, Any]:
    """As NeMo-RL's NemoGymDataset and the servers of NeMo Gym read it.

    The dataset takes each line as it is
    (nemo_rl/data/datasets/response_datasets/nemogym_dataset.py at 1bc100c9) and Gym asks with
    `responses_create_params`, which carries the toggle: the datasets of NeMo-RL itself take one
    user turn, and a system message for all rows. `agent_ref` names the agents of Gym's own
    servers, which read `question` and `expected_answer` (resources_servers/math_with_judge/
    task_data.py at 195e8fcc) or `id`, `prompt`, `instruction_id_list` and `kwargs`
    (resources_servers/instruction_following/app.py at fb7f4d88). None of them
    reads what our other verifiers check, such as `tool_calls`: those rows name `tool_calls_agent`,
    so that Gym asks for one instead of judging a tool call as mathematics.
    """
    turns, expected = prompt_turns(row), _expected(row)
    ids, kwargs = instructions(row)
    if expected is None:
        agent = "instruction_following_simple_agent"
        checks = {
            "prompt": turns[-1]["content"],
            "instruction_id_list": ids,
            "kwargs": kwargs,
        }
    else:
        verifier = str(row["verifier"] or "").partition(".")[0]
        agent = _AGENTS.get(verifier, f"{verifier or 'gold_answer'}_agent")
        checks = {"question": turns[-1]["content"], "expected_answer": expected}
    return {
        "responses_create_params": {"input": turns},
        "agent_ref": {"type": "responses_api_agents", "name": agent},
        "id": number,
        **checks,
        "row_id": row["id"],
        "category": row["category"],
        "license": row["license"],
    }
