"""Which columns of a dataset hold the text that is compared."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from factory.config import nearest, settings
from factory.errors import ConfigError
from factory.foreign_rows import NAMES

_WHOLE = ("text", "messages", "conversations", "content")


@settings
class TextColumns:
    """The columns whose text is compared.

    A column is text, turns (a list of `{role, content}` or `{from, value}`, or such a list as JSON
    text), or a field of a struct, `a.b`.
    """

    column: tuple[str, ...] = ()
    """Several are joined by a line break. None: the usual ones, which are `text`, else the turns
    `messages` or `conversations`, else a prompt (`input`, `prompt`, `problem`, ...) with its
    output (`output`, `completion`, ...), if there is one."""

    def __post_init__(self) -> None:
        if not all(self.column):
            raise ValueError(f"column must name columns, got {list(self.column)}")


def usual(has: Callable[[str], bool]) -> tuple[str, ...]:
    """The usual columns of text, of those that a file has; none where it has none of them."""
    for name in _WHOLE:
        if has(name):
            return (name,)
    if has("instruction") and has("input"):  # the input may be empty: the question is both
        prompt: tuple[str, ...] = ("instruction", "input")
    else:
        prompt = tuple(name for name in NAMES["prompt"] if has(name))[:1]
    output = tuple(name for name in NAMES["output"] if has(name))[:1]
    return prompt + output


def field_steps(schema: pa.Schema, name: str) -> tuple[str, ...]:
    """The way to a column, `a.b` as a column of that name or a field in a struct; empty: none."""
    steps = name.split(".")
    for cut in range(len(steps), 0, -1):
        first = ".".join(steps[:cut])
        way = (first, *steps[cut:])
        if schema.get_field_index(first) >= 0 and field_type(schema, way) is not None:
            return way
    return ()


def field_type(schema: pa.Schema, steps: tuple[str, ...]) -> pa.DataType | None:
    """The type of a column or of a field in its structs; None where there is no such field."""
    kind = schema.field(steps[0]).type
    for step in steps[1:]:
        if not pa.types.is_struct(kind) or kind.get_field_index(step) < 0:
            return None
        kind = kind.field(step).type
    return kind


def look(row: Mapping[str, Any], name: str) -> Any:
    """The value of a column in a row; None where there is none.

    `a.b` is a column of that name, or a field of an object; `a.0` the first of a list.
    """
    value: Any = row
    for step in (name,) if name in row else name.split("."):
        if isinstance(value, list) and step.isdecimal():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def no_column(path: Path, name: str, known: Collection[str]) -> ConfigError:
    """The error for a column that a file does not have."""
    have = ", ".join(sorted(known)[:20]) or "none"
    hint = nearest(name, known)
    hint = hint if "did you mean" in hint else ""
    return ConfigError(f"{path}: has no column {name!r}{hint}; its columns: {have}")


def no_text(path: Path, known: Collection[str]) -> ConfigError:
    """The error for a file with none of the usual columns."""
    have = ", ".join(sorted(known)[:20]) or "none"
    return ConfigError(
        f"{path}: has none of the usual columns of text; name one with --column; its columns: "
        f"{have}"
    )
