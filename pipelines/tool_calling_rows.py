"""Rows of sets of tool calls, in the forms that are about, as prompts with tools and known calls.

Tools come as JSON schema (OpenAI's form, with or without `function` around), or with parameters in
a flat table whose types are Python's (xLAM, APIGen). Calls come as a JSON list, as OpenAI's
`tool_calls`, in `<TOOLCALL>` tags (When2Call), or not at all, where an answer in words says that
none is right.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from factory.records import Prompt
from factory.row_source import BadRow, Fields
from filters.json_schema import strict_json
from filters.tool_calls import calls_in
from pipelines.tool_calling_prompts import in_short, posed

_TYPES = {
    "string": ("string", "str", "text", "char"),
    "integer": ("integer", "int", "long"),
    "number": ("number", "float", "double", "decimal"),
    "boolean": ("boolean", "bool"),
    "array": ("array", "list", "tuple", "set", "sequence", "iterable"),
    "object": ("object", "dict", "map", "mapping", "hashmap"),
    "null": ("null", "none", "nonetype"),
}
_JSON_TYPE = {name: type for type, names in _TYPES.items() for name in names}
_GENERIC = re.compile(r"(\w+)\[(.*)\]", re.DOTALL)
_BLOCK = re.compile(r"\s*<TOOLCALL>(.*)</TOOLCALL>\s*", re.DOTALL)
_MOST_NESTED = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadRow:
    """The prompt of a row with `problem`, `tools` and, where they are known, `expected_answer`."""

    template: str
    """The published user turn, around `{tools}` and `{request}`."""

    def __call__(self, fields: Fields) -> Prompt:
        """See `factory.row_source.RowSource.read`."""
        request, topic = fields.text("problem"), fields.text("topic", "")
        tools = _tools(fields.decoded("tools"))
        return fields.prompt(
            posed(self.template, request, tools),
            problem=in_short(request, tools),
            expected_answer=_gold(fields["expected_answer"]),
            topic=topic,
        )


def _tools(value: Any) -> list[dict[str, Any]]:
    """The tools, each with a name, a description and JSON schema for its parameters."""
    if value is None:
        raise BadRow("no_tools")
    try:
        tools = [_tool(each) for each in value]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise BadRow("tools_not_read") from error
    if len({tool["name"] for tool in tools}) < len(tools):
        raise BadRow("tools_share_a_name")
    return tools


def _tool(value: Any) -> dict[str, Any]:
    value = strict_json(value) if isinstance(value, str) else value
    value = value["function"] if isinstance(value.get("function"), Mapping) else value
    name, description = value["name"], value.get("description") or ""
    if not isinstance(name, str) or not name or not isinstance(description, str):
        raise ValueError("a tool has a name")
    parameters = value.get("parameters") or {}
    parameters = strict_json(parameters) if isinstance(parameters, str) else parameters
    parameters = {key: each for key, each in parameters.items() if each is not None}
    described = isinstance(parameters.get("properties"), Mapping) or not parameters
    schema = _schema(parameters) if described else _flat(parameters)
    return {"name": name, "description": description, "parameters": {**schema, "type": "object"}}


def _flat(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A table of arguments as a schema; one that is optional or has a default may be left out."""
    if parameters.keys() <= {"type", "required", "description"}:
        return {"properties": {}}
    properties = {name: _schema(each) for name, each in parameters.items()}
    optional = {
        name
        for name, each in parameters.items()
        if "default" in each or "optional" in str(each.get("type", "")).lower()
    }
    required = [name for name in properties if name not in optional]
    return {"properties": properties, "required": required}


def _schema(value: Any, depth: int = 0) -> dict[str, Any]:
    """A schema whose types are those of JSON; nulls, which tables leave behind, are left out."""
    if depth > _MOST_NESTED:
        raise ValueError("nested too deep")
    found = {key: each for key, each in value.items() if each is not None}
    if isinstance(found.get("type"), str):
        del found["type"]
        found |= _type(value["type"])
    if isinstance(found.get("properties"), Mapping):
        inner = {name: each for name, each in found["properties"].items() if each is not None}
        found["properties"] = {name: _schema(each, depth + 1) for name, each in inner.items()}
    if isinstance(found.get("items"), Mapping):
        found["items"] = _schema(found["items"], depth + 1)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in found:
            found[word] = [_schema(each, depth + 1) for each in found[word]]
    if not isinstance(found.get("required", []), list):
        del found["required"]  # draft 3 said it of each property
    return found


def _type(text: str) -> dict[str, Any]:
    """What a type's name says, `List[int]` and `str, optional` among them."""
    text = re.sub(r",\s*(optional|default\b.*)$", "", text.strip(), flags=re.IGNORECASE).strip()
    if text.lower() in ("any", ""):
        return {}
    if json_type := _JSON_TYPE.get(text.lower()):
        return {"type": json_type}
    match = _GENERIC.fullmatch(text)
    if not match:
        raise ValueError(f"unknown type {text!r}")
    name, inside = match[1].lower(), _arguments(match[2])
    if name in ("optional", "union"):
        options = [_type(each) for each in inside]
        return options[0] if len(options) == 1 else {"anyOf": options}
    if _JSON_TYPE.get(name) == "array" and len(inside) == 1:
        return {"type": "array", "items": _type(inside[0])}
    return {"type": _JSON_TYPE[name]}


def _arguments(text: str) -> list[str]:
    """What stands between the commas outside brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign == "[") - (sign == "]")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


def _gold(value: Any) -> str | None:
    """The known calls as a JSON list; empty where the row answers in words; None: nobody knows."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        match = _BLOCK.fullmatch(value)
        if not match and not value.lstrip().startswith("["):
            if "<TOOLCALL" in value:
                raise BadRow("calls_not_read")
            return "[]"
        text = match[1] if match else value
    try:
        calls = strict_json(text) if isinstance(value, str) else value
        told = [{"name": name, "arguments": args} for name, args in calls_in(_bare(calls))]
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise BadRow("calls_not_read") from error
    return json.dumps(told, ensure_ascii=False)


def _bare(calls: Any) -> list[Any]:
    """Calls without what OpenAI's form puts around them."""
    found = []
    for call in calls:
        call = call.get("function", call) if isinstance(call, Mapping) else call
        arguments = call["arguments"]
        arguments = strict_json(arguments) if isinstance(arguments, str) else arguments
        found.append({"name": call["name"], "arguments": arguments})
    return found
