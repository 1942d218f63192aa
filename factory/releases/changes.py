"""What a version of a release adds to the one before, computed from their manifests and recipes."""

from collections.abc import Mapping
from typing import Any

from factory.config import differences

_MOST = 20
"""Changes of a recipe that are told; the others are counted."""


def changes(
    old: dict[str, Any],
    version: str,
    added: list[dict[str, Any]],
    recipes: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    """The entry of a changelog.

    Args:
        old: manifest of the release before.
        version: of the new one.
        added: its new components.
        recipes: of all components, by the path in the release.
    """
    return {
        "version": version,
        "onto": old["version"],
        "added": [_added(old["components"], each, recipes) for each in added],
    }


def _added(
    earlier: list[dict[str, Any]], new: dict[str, Any], recipes: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    before = next((c for c in reversed(earlier) if c["split"] == new["split"]), None)
    told = {"split": new["split"], "version": new["version"], "rows": new["rows"]}
    told["left_out"] = len(new["left_out"])
    if before is None:
        return {**told, "before": None, "teachers": _teachers(new), "filters": [], "recipe": []}
    differ = differences(recipes[before["recipe"]], recipes[new["recipe"]])
    lines = [text for key, text in differ.items() if key != "version"]
    more = [f"{len(lines) - _MOST} others"] if len(lines) > _MOST else []
    known = _teachers(before)
    return {
        **told,
        "before": before["version"],
        "teachers": [each for each in _teachers(new) if each not in known],
        "filters": _other_filters(_filters(before), _filters(new)),
        "recipe": lines[:_MOST] + more,
    }


def _teachers(component: dict[str, Any]) -> list[str]:
    return [
        f"{each['model']}, revision {each['revision']} ({', '.join(each['does'])})"
        for each in component["manifest"]["teachers"]
    ]


def _filters(component: dict[str, Any]) -> dict[str, str]:
    """Version by name, of those that saw prompts or answers."""
    manifest = component["manifest"]
    names = [step["step"] for step in manifest["screening"]]
    names += [entry["filter"] for entry in manifest["funnel"]["responses"]]
    return {name: version for name, _, version in (each.partition(".") for each in names)}


def _other_filters(old: dict[str, str], new: dict[str, str]) -> list[str]:
    told = [f"{name} is gone" for name in old if name not in new]
    told += [f"{name} is new" for name in new if name not in old]
    told += [
        f"{name} was {old[name]} and is {new[name]}"
        for name in new
        if name in old and old[name] != new[name]
    ]
    return told
