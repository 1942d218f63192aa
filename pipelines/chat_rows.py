"""The first turn of a real conversation, out of a row of WildChat, ShareGPT or one like them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from factory.records import Message, Prompt
from factory.row_source import BadRow, Fields

_USERS = ("user", "human")
_TEXTS = ("content", "markdown", "value")


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstTurn:
    """Reads the field `conversation`, a list of turns, and what the row says about it."""

    low: int = 10
    high: int = 8000
    """Characters, both inclusive."""
    languages: tuple[str, ...] = ("en", "english")
    """What the row may say that its language is, in lower case."""

    def __call__(self, fields: Fields) -> Prompt:
        """The prompt in a row.

        Raises:
            BadRow: `wrong_language`, `toxic`, `redacted`, `no_first_turn`, `too_short`, `too_long`.
        """
        language = fields.text("language", "")
        if language and language.lower() not in self.languages:
            raise BadRow("wrong_language")
        for flag in ("toxic", "redacted"):
            if fields[flag]:
                raise BadRow(flag)
        text = _first(fields.decoded("conversation"))
        if not self.low <= len(text) <= self.high:
            raise BadRow("too_short" if len(text) < self.low else "too_long")
        return fields.prompt((Message(role="user", content=text),), problem=text)


def _first(turns: Any) -> str:
    """What the user says first."""
    turn = turns[0] if isinstance(turns, list) and turns else None
    if not isinstance(turn, Mapping) or turn.get("role", turn.get("from")) not in _USERS:
        raise BadRow("no_first_turn")
    texts = [turn[name] for name in _TEXTS if isinstance(turn.get(name), str)]
    if not texts:
        raise BadRow("no_first_turn")
    return str(texts[0]).strip()
