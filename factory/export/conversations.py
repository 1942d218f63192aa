"""Answers in the forms that supervised training reads: a row of `SFT` as another row."""

from typing import Any

import pyarrow as pa

from factory.templating.conversation import answer_turn, prompt_turns

TURNS = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
_TOLD = ("id", "category", "reasoning", "license", "attribution")
"""Who a row is and whom its licence wants to be named; trainers leave these columns aside."""
READ = ("input", "output", "system_prompt", *_TOLD)
"""The columns of a published answer that these forms are made of."""
MESSAGES = pa.schema([("messages", TURNS), *((name, pa.string()) for name in _TOLD)])
CHAT = pa.schema([("messages", TURNS)])
COMPLETION = pa.schema(
    [("prompt", TURNS), ("completion", TURNS), *((name, pa.string()) for name in _TOLD)]
)


def _told(row: dict[str, Any]) -> dict[str, str]:
    return {name: row.get(name) or "" for name in _TOLD}


def messages(row: dict[str, Any], number: int) -> dict[str, Any]:
    """One conversation, the output as its last turn.

    As TRL's SFTTrainer reads it (1.16); as verl's MultiTurnSFTDataset does, column `messages`
    (verl/utils/dataset/multiturn_sft_dataset.py at 0031707e); and as NeMo-RL's ResponseDataset and
    OpenAIFormatDataset do (nemo_rl/data/datasets/response_datasets/oai_format_dataset.py at
    13de9e4c: the last turn must be the assistant's).
    """
    return {"messages": [*prompt_turns(row), answer_turn(row)], **_told(row)}


def prompt_completion(row: dict[str, Any], number: int) -> dict[str, Any]:
    """Prompt and completion apart, so that the loss is on the completion without any mask."""
    return {"prompt": prompt_turns(row), "completion": [answer_turn(row)], **_told(row)}


def chat(row: dict[str, Any], number: int) -> dict[str, Any]:
    """OpenAI's chat form: the turns and nothing else, since its own loader refuses other keys."""
    return {"messages": [*prompt_turns(row), answer_turn(row)]}
