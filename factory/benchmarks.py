"""The benchmark sets that a run's prompts are checked against, by name and content.

A set is a file, an id of the Hub, or the name of one that ships in a package. What it is called in
results holds no path, and the hash of its items goes wherever its name goes: a set that was mended
is another one, a file that was moved is the same.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from factory.decontamination.items import Item, load_items
from factory.errors import ConfigError, RunError

_KEY = "decontaminate.against"


@dataclass(frozen=True, kw_only=True, slots=True)
class Benchmark:
    """One set, as results name it."""

    name: str
    sha256: str
    """Of the ids, texts and answers of its items."""
    num_items: int


def load_benchmarks(
    against: Sequence[str], pinned: Mapping[str, str] | None = None
) -> tuple[list[Benchmark], list[Item]]:
    """The sets and all their items, in order; the items bear the sets' names.

    Args:
        against: as the recipe names them.
        pinned: the sha256 that sets must have, by name.

    Raises:
        ConfigError: a set cannot be had, or is not the one that was pinned.
    """
    loaded = []
    for each in dict.fromkeys(against):
        try:
            loaded.append(load_items([each]))
        except ConfigError as error:
            raise type(error)(f"{_KEY}: {error}") from error
        except RunError as error:
            raise ConfigError(f"{_KEY}: {error}") from error
    hashes = [_hash(items) for items in loaded]
    names = list(_apart([items[0].benchmark for items in loaded], hashes))
    for name, sha256 in zip(names, hashes, strict=True):
        if (wanted := (pinned or {}).get(name, sha256)) != sha256:
            raise ConfigError(
                f"decontaminate.sha256: {name} must be {wanted[:16]}..., its items are "
                f"{sha256[:16]}...; give the set that is meant, or leave the key out"
            )
    sets = [
        Benchmark(name=name, sha256=sha256, num_items=len(items))
        for name, sha256, items in zip(names, hashes, loaded, strict=True)
    ]
    named = zip(names, loaded, strict=True)
    return sets, [replace(item, benchmark=name) for name, items in named for item in items]


def _apart(names: Sequence[str], hashes: Sequence[str]) -> Iterator[str]:
    """The names; with the beginning of the hash where two sets have the same."""
    number = Counter(names)
    for name, sha256 in zip(names, hashes, strict=True):
        yield name if number[name] == 1 else f"{name}-{sha256[:8]}"


def _hash(items: Sequence[Item]) -> str:
    state = hashlib.sha256()
    for item in items:
        line = json.dumps([item.id, item.text, item.answer])
        state.update(line.encode() + b"\n")
    return state.hexdigest()
