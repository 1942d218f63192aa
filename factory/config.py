"""TOML tables into frozen dataclasses, with errors that name file, key, value and way out.

A table is declared beside what it configures, with `@settings`: a frozen, keyword-only dataclass
whose ranges are checked in its `__post_init__`. pydantic checks the types, strictly: `"5"` is no
number. Unknown keys are refused with the nearest known one.
"""

import dataclasses
import difflib
import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

import pydantic

from factory.errors import ConfigError

T = TypeVar("T")
_ASSIGNMENT = re.compile(r"([A-Za-z]\w*)\.([A-Za-z]\w*)\s*=\s*(.+)", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][\w./:-]*")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def settings(cls: type[T]) -> type[T]:
    """Declare a table of a TOML file: a frozen, keyword-only dataclass that takes no other key."""
    cls.__pydantic_config__ = pydantic.ConfigDict(extra="forbid")  # type: ignore[attr-defined]  # as pydantic wants it
    return dataclasses.dataclass(frozen=True, kw_only=True)(cls)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        ConfigError: the file is missing, not text, or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; recipes are in pipelines/recipes/") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: {error}") from error
    except (ValueError, RecursionError) as error:  # tomllib's own error is a ValueError
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def build(cls: type[T], table: dict[str, Any], *, where: str, prefix: str = "") -> T:
    """A settings object from a TOML table.

    Args:
        cls: a class declared with `@settings`.
        table: the parsed table.
        where: the file, for messages.
        prefix: the table's own key in that file, such as `math`.

    Raises:
        ConfigError: all that is wrong with the table, joined by `; `.
    """
    try:
        return pydantic.TypeAdapter(cls).validate_json(json.dumps(table, default=str), strict=True)
    except pydantic.ValidationError as error:
        problems = [_explain(cls, dict(item), prefix) for item in error.errors(include_url=False)]
        raise ConfigError(f"{where}: {'; '.join(problems)}") from None


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of nested tables by dotted key, `sampling.on.temperature`."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        inner = isinstance(value, dict)
        found.update(flat(value, f"{prefix}{key}.") if inner else {prefix + key: value})
    return found


def differences(old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    """What differs between two tables, in words, by dotted key in order."""
    before, after = flat(old), flat(new)
    return {
        key: f"{key} was {before.get(key)!r} and is {after.get(key)!r}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    }


def first_differences(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Up to four of the `differences`, for a message."""
    return "; ".join(list(differences(old, new).values())[:4])


def assignments(texts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Tables of settings from `--set name.field=value`; the value is TOML, or a bare word.

    Raises:
        ConfigError: a text of another form.
    """
    tables: dict[str, dict[str, Any]] = {}
    for text in texts:
        match = _ASSIGNMENT.fullmatch(text)
        if not match:
            form = "NAME.FIELD=VALUE, such as final_answer.timeout_s=5"
            raise ConfigError(f"--set {text!r}: must be {form}")
        name, field, value = match.groups()
        tables.setdefault(name, {})[field] = _value(text, value)
    return tables


def set_keys(table: dict[str, Any], texts: Iterable[str]) -> None:
    """Set dotted keys of a table, `teachers.r1.max_in_flight=64`, in place.

    Raises:
        ConfigError: a text that is no assignment, or sets a key of what is no table.
    """
    for text in texts:
        path, sign, value = text.partition("=")
        *keys, last = path.strip().split(".")
        if not sign or not all([*keys, last]):
            form = "KEY=VALUE, such as math.num_prompts=100"
            raise ConfigError(f"--set {text!r}: must be {form}")
        owner: Any = table
        for key in keys:
            owner = owner.setdefault(key, {})
            if not isinstance(owner, dict):
                raise ConfigError(f"--set {text!r}: {key} is {owner!r} and no table")
        owner[last] = _value(text, value.strip())


def _value(text: str, value: str) -> Any:
    if _WORD.fullmatch(value) and value not in ("true", "false", "inf", "nan"):
        return value
    try:
        (parsed,) = tomllib.loads(f"value = {value}").values()
    except (ValueError, RecursionError):
        hint = 'a number, true, a word, "some text" or a list'
        raise ConfigError(f"--set {text!r}: {value!r} is no value; give {hint}") from None
    return parsed


def require_positive(owner: object, *names: str) -> None:
    """Refuse, with a `ValueError`, settings of which one of the named fields is not 1 or more."""
    for name in names:
        if getattr(owner, name) < 1:
            raise ValueError(f"{name} must be > 0, got {getattr(owner, name)}")


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` and the known words, for a message about an unknown word."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(known)) or 'none'}"
    return f"; {hint}"


def _explain(cls: type, item: dict[str, Any], prefix: str) -> str:
    """One line about one pydantic error."""
    location = [str(step) for step in item["loc"]]
    owner, path = _walk(cls, location)
    key = ".".join([prefix, *path] if prefix else path)
    value = item["input"]
    match item["type"]:
        case "unexpected_keyword_argument":
            fields = [field.name for field in dataclasses.fields(owner)]
            return f"unknown key {key}{nearest(path[-1], fields)}"
        case "missing" | "missing_keyword_only_argument":
            return f"{key} is missing"
        case "union_tag_invalid":
            tag, known = item["ctx"]["tag"], item["ctx"]["expected_tags"].replace("'", "")
            return f"{key}.kind is {tag!r}{nearest(tag, known.split(', '))}"
        case "union_tag_not_found":
            return f"{key}.kind is missing"
        case "value_error":
            return f"{key}.{item['ctx']['error']}" if key else str(item["ctx"]["error"])
    message = str(item["msg"]).removeprefix("Input ")
    return f"{key} {message}, got {value!r}"


def _walk(cls: type, location: list[str]) -> tuple[Any, list[str]]:
    """The dataclass that owns the last key of a pydantic location, and the location as TOML keys.

    pydantic puts the tag of a union's chosen member into the location; TOML has no such key.
    """
    owner: Any = cls
    hint: Any = cls
    path: list[str] = []
    for step in location:
        chosen = [member for member in get_args(hint) if _tag(member) == step]
        if chosen:
            owner = hint = chosen[0]
            continue
        path.append(step)
        if dataclasses.is_dataclass(hint):
            owner, hint = hint, _given(get_type_hints(hint).get(step))
        elif get_origin(hint) in (dict, list, tuple):
            hint = get_args(hint)[-1]
        else:
            hint = None
    return owner, path


def _given(hint: Any) -> Any:
    """What a table is where it may also be left out."""
    members = [member for member in get_args(hint) if member is not type(None)]
    return members[0] if len(members) == 1 and dataclasses.is_dataclass(members[0]) else hint


def _tag(cls: Any) -> str | None:
    hint = get_type_hints(cls).get("kind") if dataclasses.is_dataclass(cls) else None
    return str(get_args(hint)[0]) if hint else None
