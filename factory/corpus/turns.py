"""Turns of a conversation as one text: what is said in each, joined by a line break."""

import json
from typing import Any

import msgspec

SAID = ("content", "value")
"""The field of a turn that holds its text."""


def turns_text(value: Any) -> str | None:
    """The text of a list of turns; None for what is none.

    A turn is an object with `content`, or `value`; its text may be in parts, `[{text}, ...]`.
    """
    if not isinstance(value, list):
        return None
    said = []
    for turn in value:
        name = next((name for name in SAID if name in turn), "") if isinstance(turn, dict) else ""
        if not name:
            return None
        said.append(_said(turn[name]))
    return "\n".join(said)


def turns_in_json(text: str) -> str:
    """The text of turns that are written as JSON; any other text is itself."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
    said = turns_text(value) if value else None
    return text if said is None else said


def _said(value: Any) -> str:
    if isinstance(value, list):
        texts = [part.get("text") if isinstance(part, dict) else part for part in value]
        return "".join(text for text in texts if isinstance(text, str))
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)
