"""Which forms a dataset is exported in, and who reads each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from factory.config import nearest
from factory.errors import ConfigError
from factory.export import conversations, original, prompts

_SOUND = ("toggle", "prompt", "think", "answer", "past_turns", "end_of_turn")
"""Rules of the template lint for who takes the prompt off the front; a mask is not asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """One form of one config's rows."""

    name: str
    config: str
    """`SFT` or `RL`."""
    row: Callable[[dict[str, Any], int], dict[str, Any]]
    """A published row and its number in the export, as the row that goes out."""
    columns: tuple[str, ...]
    """What is read of a published row."""
    schema: pa.Schema
    """Of what goes out; lines of JSON may lack what is null."""
    suffixes: tuple[str, ...] = (".jsonl",)
    """Of its files, the usual one first."""
    rules: tuple[str, ...] = _SOUND
    """What the template lint looks at before."""


FORMATS = (
    Format(
        name="trl",
        config="SFT",
        row=conversations.messages,
        columns=conversations.READ,
        schema=conversations.MESSAGES,
        suffixes=(".parquet", ".jsonl"),
        rules=(*_SOUND, "mask"),
    ),
    Format(
        name="trl-completion",
        config="SFT",
        row=conversations.prompt_completion,
        columns=conversations.READ,
        schema=conversations.COMPLETION,
        suffixes=(".parquet", ".jsonl"),
    ),
    Format(
        name="trl-prompts",
        config="RL",
        row=prompts.prompt_only,
        columns=prompts.READ,
        schema=prompts.PROMPTS,
        suffixes=(".parquet",),
    ),
    Format(
        name="openai",
        config="SFT",
        row=conversations.chat,
        columns=conversations.READ,
        schema=conversations.CHAT,
    ),
    Format(
        name="verl",
        config="RL",
        row=prompts.verl,
        columns=prompts.READ,
        schema=prompts.VERL,
        suffixes=(".parquet",),
    ),
    Format(
        name="verl",
        config="SFT",
        row=conversations.messages,
        columns=conversations.READ,
        schema=conversations.MESSAGES,
        suffixes=(".parquet",),
    ),
    Format(
        name="nemo-rl",
        config="SFT",
        row=conversations.messages,
        columns=conversations.READ,
        schema=conversations.MESSAGES,
    ),
    Format(
        name="nemo-rl",
        config="RL",
        row=prompts.nemo_rl,
        columns=prompts.READ,
        schema=prompts.NEMO_RL,
    ),
    Format(
        name="original",
        config="SFT",
        row=original.answer,
        columns=tuple(original.ANSWER.names),
        schema=original.ANSWER,
    ),
    Format(
        name="original",
        config="RL",
        row=original.prompt,
        columns=tuple(original.PROMPT.names),
        schema=original.PROMPT,
    ),
)
"""The first of a name is what is meant where no config is given, but for `original`: all it has."""
NAMES = tuple(dict.fromkeys(each.name for each in FORMATS))


def formats_of(name: str, config: str | None = None) -> list[Format]:
    """What goes out under a name, one form for each config.

    Raises:
        ConfigError: there is no such format, or none of that config.
    """
    found = [each for each in FORMATS if each.name == name]
    if not found:
        raise ConfigError(f"--format {name} is none{nearest(name, NAMES)}")
    if config is not None:
        if not (mine := [each for each in found if each.config == config]):
            others = ", ".join(each.name for each in FORMATS if each.config == config)
            raise ConfigError(
                f"--format {name} has no form for config {config}; those that have: "
                f"{others or 'none, the configs are SFT and RL'}"
            )
        return mine
    return found if name == "original" else found[:1]
