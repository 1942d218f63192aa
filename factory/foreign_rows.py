"""Rows of datasets that were made elsewhere, as responses.

Known forms, told apart row by row:

    released     input (turns, or a templated string in the first release), output, reasoning
                 on/off, system_prompt, category; RL rows with args.instruction_id_list
    chat         messages or conversations; the last assistant turn is the output
    completion   prompt and completion, texts or turns
    columns      a text column for each role, by its usual names, or as `--column role=name` says
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from factory.records import (
    Constraint,
    Message,
    Mode,
    Prompt,
    Response,
    UnitTest,
    join_output,
)

NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "uuid", "row_id"),
    "prompt": ("input", "prompt", "problem", "question", "instruction", "query"),
    "output": ("output", "completion", "response", "generated_solution", "generation"),
    "thoughts": ("reasoning_content", "thinking", "reasoning"),
    "mode": ("reasoning", "mode"),
    "system": ("system_prompt", "system"),
    "expected": ("expected_answer", "args.expected_answer", "reward_model.ground_truth",
                 "ground_truth", "answer", "solution"),
    "category": ("category", "domain"),
    "finish_reason": ("finish_reason",),
    "choices": ("choices", "options"),
    "tests": ("tests", "input_output"),
    "language": ("language",),
    "policy": ("policy",),
}  # fmt: skip
"""Roles, and the columns that they are looked for in, `a.b` for a field of a struct."""

_ENDS = ("<|eot_id|>", "<|end_of_text|>", "<|im_end|>", "<|endoftext|>", "<|eom_id|>")
_TURN = re.compile(
    r"<\|start_header_id\|>\s*(\w+)\s*<\|end_header_id\|>\s*(.*?)(?=<\|eot_id\|>|<\|start_header|\Z)",
    re.DOTALL,
)
_ROLES = {"human": "user", "gpt": "assistant"}


class BadRow(Exception):
    """A row that no response can be made of.

    Args:
        reason: a snake_case slug.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def response_in(row: Mapping[str, Any], columns: Mapping[str, str], row_name: str) -> Response:
    """The response that a row holds.

    Args:
        row: as it was read.
        columns: by role, for what the usual names do not say.
        row_name: its id, where no column has one.

    Raises:
        BadRow: something is missing or has another type.
    """
    look = _Look(row, columns)
    turns, output = _conversation(look)
    system = " ".join(turn.content for turn in turns if turn.role == "system")
    system = f"{look('system') or ''} {system}"
    asked = tuple(turn for turn in turns if turn.role != "system")
    if not any(turn.role == "user" for turn in asked):
        raise BadRow("no_prompt")
    output = _without_ends(output)
    thoughts = look("thoughts")
    if isinstance(thoughts, str) and thoughts.strip() and thoughts not in ("on", "off"):
        output = output if "<think>" in output else join_output(thoughts, output)
    category = look("category")
    finish = look("finish_reason")
    id = look("id")
    prompt = Prompt(
        id=row_name if id is None else str(id),
        index=0,
        domain=category if isinstance(category, str) else "unknown",
        input=asked,
        problem=asked[-1].content,
        expected_answer=_gold(look("expected")),
        source="foreign",
        license="unknown",
        choices=_texts(look("choices")),
        tests=_tests(look("tests")),
        language=_text(look("language")) or ("python" if look("tests") else ""),
        constraints=_constraints(row.get("args")),
        policy=_text(look("policy")),
    )
    return Response(
        prompt=prompt,
        mode=_mode(look("mode"), system, output),
        sample=0,
        output=output,
        finish_reason=finish if isinstance(finish, str) else "stop",
    )


def _without_ends(output: str) -> str:
    """The output without the tokens that end a turn; white space before them goes too."""
    bare = end = len(output)
    while True:
        while end and output[end - 1].isspace():
            end -= 1
        token = next((each for each in _ENDS if output.endswith(each, 0, end)), "")
        if not token:
            return output[:bare]
        end = bare = end - len(token)
        while bare and output[bare - 1].isspace():
            bare -= 1


class _Look:
    """Finds the value of a role in a row; None where there is none."""

    def __init__(self, row: Mapping[str, Any], columns: Mapping[str, str]) -> None:
        self.row = row
        self.columns = columns

    def __call__(self, role: str) -> Any:
        names = (self.columns[role],) if role in self.columns else NAMES[role]
        for name in names:
            value: Any = self.row
            for step in (name,) if name in self.row else name.split("."):
                value = value.get(step) if isinstance(value, Mapping) else None
            if value is not None:
                return value
        if role in self.columns and role in ("prompt", "output"):
            raise BadRow(f"no_{role}")
        return None


def _conversation(look: _Look) -> tuple[list[Message], str]:
    """The turns before the answer, and the answer."""
    chat = look.row.get("messages") or look.row.get("conversations")
    if chat is not None and "prompt" not in look.columns and look.row.get("output") is None:
        turns = _turns(chat)
        places = [i for i, turn in enumerate(turns) if turn.role == "assistant"]
        if not places:
            raise BadRow("no_output")
        return turns[: places[-1]], turns[places[-1]].content
    prompt, output = look("prompt"), look("output")
    if prompt is None:
        raise BadRow("no_prompt")
    if output is None:
        raise BadRow("no_output")
    if isinstance(output, Sequence) and not isinstance(output, str):
        output = "\n\n".join(turn.content for turn in _turns(output))
    if not isinstance(output, str):
        raise BadRow("output_not_text")
    return (_templated(prompt) if isinstance(prompt, str) else _turns(prompt)), output


def _templated(text: str) -> list[Message]:
    """The turns of a string in Llama 3's template; any other string is one turn."""
    if "<|start_header_id|>" not in text:
        return [Message(role="user", content=text)]
    turns = [Message(role=role, content=said.strip()) for role, said in _TURN.findall(text)]
    if turns and turns[-1].role == "assistant" and not turns[-1].content:
        turns.pop()  # the header that asks for the answer
    return turns


def _turns(value: Any) -> list[Message]:
    if isinstance(value, str):
        value = _json(value, "prompt_not_turns")
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise BadRow("prompt_not_turns")
    return [_turn(each) for each in value]


def _turn(value: Any) -> Message:
    if not isinstance(value, Mapping):
        raise BadRow("prompt_not_turns")
    role = value.get("role") or value.get("from")
    content = value.get("content", value.get("value"))
    if isinstance(content, Sequence) and not isinstance(content, str):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "".join(part for part in parts if isinstance(part, str))
    content = "" if content is None else content
    if not isinstance(role, str) or not isinstance(content, str):
        raise BadRow("prompt_not_turns")
    thoughts = value.get("reasoning_content") or value.get("thinking")
    if isinstance(thoughts, str) and thoughts.strip() and "<think>" not in content:
        content = join_output(thoughts, content)
    return Message(role=_ROLES.get(role, role), content=content)


def _mode(said: Any, system: str, output: str) -> Mode:
    if said in ("on", "off"):
        return "on" if said == "on" else "off"
    if isinstance(said, bool):
        return "on" if said else "off"
    for mode, words in (("on", "detailed thinking on"), ("off", "detailed thinking off")):
        if words in system:
            return "on" if mode == "on" else "off"
    return "on" if "<think>" in output or "</think>" in output else "off"


def _gold(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRow("gold_not_text")
    return str(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, Mapping):
        value = value.get("text")  # as in ARC
    if not isinstance(value, Sequence) or not all(isinstance(each, str) for each in value):
        raise BadRow("choices_not_texts")
    return (value,) if isinstance(value, str) else tuple(value)


def _tests(value: Any) -> tuple[UnitTest, ...]:
    """Tests as rows of this factory hold them, or as inputs and outputs side by side."""
    if not value:
        return ()
    value = _json(value, "tests_not_read") if isinstance(value, str) else value
    try:
        if isinstance(value, Mapping):
            entry = value.get("fn_name") or ""
            kind = "call" if entry else "stdio"
            pairs = zip(value["inputs"], value["outputs"], strict=True)
            return tuple(
                UnitTest(
                    kind=kind,  # type: ignore[arg-type]  # one of the two
                    input=each if isinstance(each, str) else json.dumps(each),
                    expected=said if isinstance(said, str) else json.dumps(said),
                    entry_point=_whole(entry),
                )
                for each, said in pairs
            )
        return tuple(UnitTest(**{name: _whole(each[name]) for name in each}) for each in value)
    except (TypeError, KeyError, ValueError) as error:
        raise BadRow("tests_not_read") from error


def _whole(text: Any) -> Any:
    if not isinstance(text, str):
        raise TypeError("no text")
    return text


def _constraints(args: Any) -> tuple[Constraint, ...]:
    """The instructions in the `args` of an RL row; null keyword arguments are left out."""
    args = _json(args, "args_not_read") if isinstance(args, str) else args
    if not isinstance(args, Mapping) or not args.get("instruction_id_list"):
        return ()
    ids, kwargs = args["instruction_id_list"], args.get("instruction_kwargs")
    kwargs = _json(kwargs, "args_not_read") if isinstance(kwargs, str) else kwargs
    try:
        kwargs = kwargs or [{} for _ in ids]
        return tuple(
            Constraint(
                instruction_id=str(id),
                kwargs=json.dumps({k: v for k, v in (each or {}).items() if v is not None}),
            )
            for id, each in zip(ids, kwargs, strict=True)
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise BadRow("args_not_read") from error


def _json(text: str, reason: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRow(reason) from error
