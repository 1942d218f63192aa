"""How a request is posed with its tools: as it is published, and in short."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from factory.records import Message

Tool = Mapping[str, Any]
"""With `name`, `description` and `parameters`, a JSON schema."""


def posed(template: str, request: str, tools: Sequence[Tool]) -> tuple[Message, ...]:
    """What is published: the request with its tools."""
    listed = json.dumps(tools, ensure_ascii=False).replace("</", "<\\/")  # ends no tag
    return (Message(role="user", content=template.format(tools=listed, request=request)),)


def in_short(request: str, tools: Sequence[Tool]) -> str:
    """The bare problem: the request, and of the tools what can be told in a line."""
    signatures = "; ".join(map(_signature, tools)) or "none"
    return f"Tools: {signatures}\nRequest: {request}"


def _signature(tool: Tool) -> str:
    parameters = tool["parameters"]
    required = parameters.get("required", ())
    names = [
        f"{name}{'' if name in required else '?'}: {_short(schema)}"
        for name, schema in parameters.get("properties", {}).items()
    ]
    return f"{tool['name']}({', '.join(names)})"


def _short(schema: Mapping[str, Any]) -> str:
    return str(schema.get("type", "any"))
