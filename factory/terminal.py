"""Showing text that a model wrote: no markup, no control sequences, no surprises."""

import re

from rich.text import Text

_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: str) -> str:
    """The text with control and direction characters, and halves of surrogate pairs, spelled out.

    Line breaks and tabs are kept.
    """
    return _CONTROLS.sub(lambda match: _spelled(ord(match[0])), text.replace("\r\n", "\n"))


def _spelled(code: int) -> str:
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def plain(text: str) -> Text:
    """The text for a rich table or console, in which nothing is taken as markup."""
    return Text(visible(text))


def short(text: str, limit: int = 600) -> str:
    """The beginning of a text, with its length where something was left out."""
    return text if len(text) <= limit else f"{text[:limit]} ... ({len(text):,} characters)"
