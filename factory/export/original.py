"""The JSON lines of nvidia/Llama-Nemotron-Post-Training-Dataset, so that its readers read ours.

Nine columns for an answer, eight for a prompt of RL; nothing of our own. The toggle stands in
`system_prompt` there, not in a turn.
"""

from typing import Any

import pyarrow as pa

from factory.export.prompts import instructions
from factory.schemas import RL, SFT

ANSWER = pa.schema([SFT.field(number) for number in range(9)])
PROMPT = pa.schema([RL.field(number) for number in range(8)])


def answer(row: dict[str, Any], number: int) -> dict[str, Any]:
    """A row of config `SFT`."""
    return {name: row.get(name) for name in ANSWER.names}


def prompt(row: dict[str, Any], number: int) -> dict[str, Any]:
    """A row of config `RL`; `args` has only what is said, as over there."""
    ids, kwargs = instructions(row)
    args = {name: value for name, value in (row["args"] or {}).items() if value is not None}
    if ids:
        args |= {"instruction_id_list": ids, "instruction_kwargs": kwargs}
    return {**{name: row.get(name) for name in PROMPT.names}, "args": args}
