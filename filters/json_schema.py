"""Whether a JSON value fits a schema: the part of JSON Schema that tools are described with.

Checked are types, enumerations, bounds, lengths, members, items and combinations. A `pattern` or a
`format` is not: patterns come from strangers and may take for ever. Schemas that use what would
decide otherwise (`$ref`, `not`, `if` and the like) are not read at all.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

MAX_DEPTH = 40
"""Of lists and objects in one another; anything deeper is not read."""

_NOT_READ = (
    "$ref", "$dynamicRef", "not", "if", "then", "else", "patternProperties", "propertyNames",
    "dependencies", "dependentRequired", "dependentSchemas", "contains", "prefixItems",
    "uniqueItems", "multipleOf", "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_BOUNDS = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
}
_SIZES = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}


class SchemaError(Exception):
    """A schema that is not read here, or is none."""


def strict_json(text: str) -> Any:
    """A JSON value; what other readers might take for another value is refused.

    Raises:
        ValueError: no JSON, a name twice in an object, a number that is none or without bounds, or
            nested too deep.
    """
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_refuse, parse_float=_finite
        )
    except RecursionError:
        raise ValueError("nested too deep") from None
    if _depth(value) > MAX_DEPTH:
        raise ValueError("nested too deep")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is too large")
    return value


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            each
            for item in level
            if isinstance(item, dict | list)
            for each in (item.values() if isinstance(item, dict) else item)
        ]
    return depth


def same(first: Any, second: Any) -> bool:
    """Whether two JSON values are equal: `1` is `1.0`, and neither is `true`."""
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)


def fits(value: Any, schema: Any) -> bool:
    """Whether a value is what a schema asks for.

    Raises:
        SchemaError: the schema is not read here.
    """
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, Mapping):
        raise SchemaError("a schema is an object")
    for word in _NOT_READ:
        if word in schema:
            raise SchemaError(word)
    try:
        checks = (_type_fits, _value_fits, _size_fits, _members_fit, _items_fit, _options_fit)
        return all(check(value, schema) for check in checks)
    except (TypeError, AttributeError) as error:
        raise SchemaError(str(error)) from error


def _type_fits(value: Any, schema: Mapping[str, Any]) -> bool:
    types = schema.get("type")
    if types is None:
        return True
    if value is None and schema.get("nullable") is True:
        return True
    return any(_is(value, each) for each in ([types] if isinstance(types, str) else types))


def _is(value: Any, type: str) -> bool:
    match type:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "integer":
            return _is(value, "number") and value == int(value)
    raise SchemaError(f"type {type!r}")


def _value_fits(value: Any, schema: Mapping[str, Any]) -> bool:
    if "const" in schema and not same(value, schema["const"]):
        return False
    if "enum" in schema and not any(same(value, each) for each in schema["enum"]):
        return False
    if not _is(value, "number"):
        return True
    bounds = {word: schema[word] for word in _BOUNDS if word in schema}
    for word, bound in bounds.items():
        if not _is(bound, "number"):
            raise SchemaError(word)
    return all(_BOUNDS[word](value, bound) for word, bound in bounds.items())


def _size_fits(value: Any, schema: Mapping[str, Any]) -> bool:
    for type, (low, high) in _SIZES.items():
        if _is(value, type):
            return bool(schema.get(low, 0) <= len(value) <= schema.get(high, math.inf))
    return True


def _members_fit(value: Any, schema: Mapping[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    required = schema.get("required")
    if isinstance(required, list) and any(name not in value for name in required):
        return False
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    return all(fits(each, known.get(name, others)) for name, each in value.items())


def _items_fit(value: Any, schema: Mapping[str, Any]) -> bool:
    if not isinstance(value, list) or "items" not in schema:
        return True
    return all(fits(each, schema["items"]) for each in value)


def _options_fit(value: Any, schema: Mapping[str, Any]) -> bool:
    for word in ("allOf", "anyOf", "oneOf"):
        if word not in schema:
            continue
        number, of = sum(fits(value, each) for each in schema[word]), len(schema[word])
        if not {"allOf": number == of, "anyOf": number > 0, "oneOf": number == 1}[word]:
            return False
    return True
