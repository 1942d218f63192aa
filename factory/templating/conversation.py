"""The turns of a published row as a trainer is given them: the toggle first, the output last."""

from typing import Any

from factory.errors import RunError
from factory.records import SYSTEM_PROMPTS

Turn = dict[str, str]


def prompt_turns(row: dict[str, Any]) -> list[Turn]:
    """The system message, which is the toggle and nothing else, and the turns up to the answer.

    Raises:
        RunError: the row has no turns or no mode, or brings a system message of its own.
    """
    mode, turns = row.get("reasoning"), row.get("input")
    if mode not in SYSTEM_PROMPTS:
        raise _unfit(row, f"reasoning must be on or off, got {mode!r}")
    if not turns:
        raise _unfit(row, "its input has no turns")
    if any(turn["role"] == "system" for turn in turns):
        raise _unfit(row, "its input has a system turn, where the toggle alone may stand")
    system = row.get("system_prompt") or SYSTEM_PROMPTS[mode]
    found = [{"role": "system", "content": system}]
    return found + [{"role": turn["role"], "content": turn["content"] or ""} for turn in turns]


def answer_turn(row: dict[str, Any]) -> Turn:
    """The turn that is learned: the output, with its think block where it has one."""
    if not isinstance(output := row.get("output"), str):
        raise _unfit(row, "has no output")
    return {"role": "assistant", "content": output}


def _unfit(row: dict[str, Any], problem: str) -> RunError:
    return RunError(f"row {row.get('id')}: {problem}; leave the row out or mend it, and mix again")
