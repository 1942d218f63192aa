r"""Tool calls: read from the answer, checked against the tools' schemas and the known calls.

The tools stand in the prompt and the calls in the answer as Llama-Nemotron's own models read and
write them:

    <AVAILABLE_TOOLS>[{"name": "...", "description": "...", "parameters": {...}}]</AVAILABLE_TOOLS>
    <TOOLCALL>[{"name": "...", "arguments": {...}}]</TOOLCALL>

Policy, one line a point:

- The gold answer is a JSON list of calls; `[]` says that no call is right. Without one, the calls
  are checked against the schemas alone.
- Calls stand alone in the answer, in one block; an answer without a block, or with an empty list
  in it, makes none, and may say anything. Something that looks like a call elsewhere, in whatever
  notation, is not read: `{"name": ..., "parameters": ...}`, `get_time(city="Oslo")`.
- The tool and all of its arguments must be known, the required ones there, the types right
  (`filters.json_schema`).
- Calls are made side by side: their order does not count. An argument that is what the schema has
  as its default may be left out. `1` is `1.0`; texts are the same sign for sign, unless
  `loose_text` is set.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Prompt, Response, Verdict
from filters.json_schema import SchemaError, fits, same, strict_json

_LIKE_A_CALL = re.compile(
    r"</?(?:tool_?(?:calls?|use)|function(?:_?calls?)?|invoke)\b|<\|python_tag\|>"
    r"|\"(?:arguments|parameters)\"\s*:",
    re.IGNORECASE,
)
"""What calls are written with in the notations that models were trained on."""
_WORD = re.compile(r"[^\W_]+")
_MAX_CHARACTERS = 100_000
NO_CALL = "None of the tools is called."
"""A right answer where no call is right, as far as this filter can tell."""

Tools = Mapping[str, Mapping[str, Any]]
Calls = list[tuple[str, dict[str, Any]]]


class _Wrong(Exception):
    """Carries the reason for which an answer is dropped."""


@settings
class ToolCalls:
    """Drop responses that call tools wrongly, or where they should not, or fail to call them."""

    name: ClassVar[str] = "tool_calls.v1"
    REASONS: ClassVar[tuple[str, ...]] = (
        "",
        "calls_not_read",
        "text_beside_calls",
        "unknown_tool",
        "missing_argument",
        "unknown_argument",
        "wrong_type",
        "needless_call",
        "no_call",
        "wrong_tools",
        "wrong_arguments",
    )
    """Reason by score; 0 is right."""

    allow_text: bool = False
    """Whether calls may stand beside other text."""
    loose_text: bool = False
    """Whether texts that differ in case, spaces and signs alone are the same argument."""

    def score(self, response: Response) -> float:
        """The place of the answer's defect in `REASONS`, 0 where there is none.

        Raises:
            Unjudged: `no_tools` where the prompt lists none, `tools_not_read` where they or their
                schemas are not read here, `gold_unparseable`.
        """
        tools = _tools_in(response.prompt)
        gold = response.expected
        expected = None if gold is None else _gold(gold)
        try:
            made = self._made(response.answer, tools)
            for call in made:
                _check(call, tools)
            if expected is not None:
                self._compare(made, expected, tools)
        except _Wrong as wrong:
            return float(self.REASONS.index(str(wrong)))
        except SchemaError as error:
            raise Unjudged("tools_not_read") from error
        return 0.0

    def judge(self, score: float) -> Verdict:
        """Keep what has no defect."""
        return Verdict.drop(self.REASONS[int(score)]) if score else Verdict.keep()

    def gold_answer(self, prompt: Prompt) -> str | None:
        """The known calls in their block; words where there are none, or none are known."""
        gold = prompt.expected_answer
        return NO_CALL if gold in (None, "[]") else f"<TOOLCALL>{gold}</TOOLCALL>"

    def _made(self, answer: str, tools: Tools) -> Calls:
        """The calls of an answer."""
        if len(answer) > _MAX_CHARACTERS:
            raise _Wrong("calls_not_read")
        before, text, after = _between(answer, "TOOLCALL") or (answer, "[]", "")
        if _is_like_a_call(before, tools) or _is_like_a_call(after, tools):
            raise _Wrong("calls_not_read")
        try:
            calls = calls_in(strict_json(text))
        except ValueError:
            raise _Wrong("calls_not_read") from None
        if calls and not self.allow_text and (before.strip() or after.strip()):
            raise _Wrong("text_beside_calls")
        return calls

    def _compare(self, made: Calls, expected: Calls, tools: Tools) -> None:
        if made and not expected:
            raise _Wrong("needless_call")
        if expected and not made:
            raise _Wrong("no_call")
        if sorted(name for name, _ in made) != sorted(name for name, _ in expected):
            raise _Wrong("wrong_tools")
        left = [self._form(call, tools) for call in expected]
        for call in made:
            form = self._form(call, tools)
            place = next((i for i, each in enumerate(left) if same(each, form)), None)
            if place is None:
                raise _Wrong("wrong_arguments")
            del left[place]

    def _form(self, call: tuple[str, dict[str, Any]], tools: Tools) -> list[Any]:
        """A call without arguments that are the default anyway."""
        name, arguments = call
        known = tools.get(name, {}).get("properties", {})
        told = {
            key: value
            for key, value in arguments.items()
            if not (
                isinstance(schema := known.get(key), Mapping)
                and "default" in schema
                and same(value, schema["default"])
            )
        }
        return [name, _loose(told) if self.loose_text else told]


def _is_like_a_call(text: str, tools: Tools) -> bool:
    return bool(_LIKE_A_CALL.search(text)) or any(
        re.search(rf"(?<!\w){re.escape(name)}(?:\.call)?\(", text) for name in tools
    )


def calls_in(value: Any) -> Calls:
    """The calls in a JSON value.

    Raises:
        ValueError: it is no list of objects with a `name` and `arguments`.
    """
    if not isinstance(value, list):
        raise ValueError("no list of calls")
    calls = []
    for each in value:
        if not isinstance(each, dict) or each.keys() != {"name", "arguments"}:
            raise ValueError("a call has a name and arguments")
        if not isinstance(each["name"], str) or not isinstance(each["arguments"], dict):
            raise ValueError("a call's name is text, its arguments are an object")
        calls.append((each["name"], each["arguments"]))
    return calls


def _between(text: str, tag: str) -> tuple[str, str, str] | None:
    """What stands before, in and behind the first block of a tag; None where there is none."""
    before, opening, rest = text.partition(f"<{tag}>")
    inside, closing, after = rest.partition(f"</{tag}>")
    return (before, inside, after) if opening and closing else None


def _gold(text: str) -> Calls:
    try:
        return calls_in(strict_json(text))
    except ValueError as error:
        raise Unjudged("gold_unparseable") from error


def _tools_in(prompt: Prompt) -> Tools:
    """The parameters of a prompt's tools, by name."""
    for turn in prompt.input:
        if found := _between(turn.content, "AVAILABLE_TOOLS"):
            return _read_tools(found[1])
    raise Unjudged("no_tools")


@lru_cache(maxsize=256)
def _read_tools(text: str) -> Tools:
    try:
        tools = strict_json(text)
        return {tool["name"]: _parameters(tool) for tool in tools}
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise Unjudged("tools_not_read") from error


def _parameters(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    parameters = tool.get("parameters") or {}
    if not isinstance(tool["name"], str) or not isinstance(parameters.get("properties", {}), dict):
        raise TypeError("no schema")
    return {**parameters, "required": [*parameters.get("required", [])]}


def _check(call: tuple[str, dict[str, Any]], tools: Tools) -> None:
    """Whether a call can be made."""
    name, arguments = call
    if name not in tools:
        raise _Wrong("unknown_tool")
    parameters = tools[name]
    if any(each not in arguments for each in parameters["required"]):
        raise _Wrong("missing_argument")
    known, others = parameters.get("properties", {}), parameters.get("additionalProperties", False)
    for key, value in arguments.items():
        if key not in known and not isinstance(others, Mapping) and others is not True:
            raise _Wrong("unknown_argument")
        if not fits(value, known.get(key, others)):
            raise _Wrong("wrong_type")
    if not fits(arguments, parameters):
        raise _Wrong("wrong_type")


def _loose(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(_WORD.findall(value.casefold()))
    if isinstance(value, list):
        return [_loose(each) for each in value]
    return {key: _loose(each) for key, each in value.items()} if isinstance(value, dict) else value
