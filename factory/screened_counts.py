"""What the manifest and the card say of a check against benchmarks: what was and was not checked.

Counted from the rows that the run keeps, a part at a time; memory grows with the items that are
touched, not with the prompts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from factory.decontamination.items import Item
from factory.decontamination.judging import as_written
from factory.rundir import RunDirectory
from factory.screened import MATCHED, matches
from factory.steps import Decontaminate

if TYPE_CHECKING:
    from factory.decontamination.result import DecontaminationResult

_TOLD = 20
"""Touched items of a set that are named."""


def checked_with(step: Decontaminate) -> dict[str, Any]:
    """How prompts are checked; addresses and paths are left out."""
    embedding = None
    if step.embedding and step.against:
        model, revision = step.embedding.identity()
        embedding = {
            "name": step.embedding.name,
            "model": model,
            "revision": revision,
            "threshold": step.embedding.threshold,
            "top_k": step.embedding.top_k,
        }
    ngrams = {"name": step.ngrams.name, **asdict(step.ngrams)} if step.ngrams else None
    judges = [{"teacher": name, "both_orders": step.both_orders} for name in step.judge]
    return {"ngrams": ngrams, "embedding": embedding, "judge": as_written(judges) or None}


def not_compared(result: "DecontaminationResult") -> dict[str, int]:
    """How many prompts were not compared, by reason, or not whole."""
    cut = result.counts.get("cut", 0)
    return {**result.problems, **({"middle_too_long_to_embed": cut} if cut else {})}


def not_found(items: Sequence[Item], unfindable: Mapping[int, str]) -> dict[str, dict[str, int]]:
    """How many items of each benchmark no n-gram finds, by reason."""
    found: dict[str, Counter[str]] = {}
    for number, reason in sorted(unfindable.items()):
        found.setdefault(items[number].benchmark, Counter())[reason] += 1
    return {name: dict(sorted(reasons.items())) for name, reasons in found.items()}


def with_counts(run: RunDirectory, said: Mapping[str, Any]) -> dict[str, Any]:
    """What a step said, with what it found where it checked against benchmarks.

    For each set: prompts that go, by method (one may count in several), and the items that are in
    one of them. For all: prompts that go, by reason, and matches by judgement.
    """
    if "sets" not in said:
        return dict(said)
    reasons: Counter[str] = Counter()
    methods: Counter[tuple[str, str]] = Counter()
    touched: dict[str, dict[int, str]] = {}
    judged: Counter[str] = Counter()
    for part in range(run.num_parts):
        found = matches(run, part)
        going = [row for row in found if row["reason"]]
        by_weight = sorted(going, key=lambda row: row["reason"] == MATCHED)
        reasons.update({row["index"]: row["reason"] for row in by_weight}.values())
        told = {(row["benchmark"], row["filter"], row["index"]) for row in going}
        methods.update((benchmark, method) for benchmark, method, _ in told)
        for row in going:
            touched.setdefault(row["benchmark"], {})[row["number"]] = row["item"]
        judged.update(row["judgement"] for row in found if row["judgement"])
    return {
        **said,
        "sets": [
            {
                **each,
                "dropped": {
                    m: n for (name, m), n in sorted(methods.items()) if name == each["name"]
                },
                **_items(touched.get(each["name"], {})),
            }
            for each in said["sets"]
        ],
        "dropped": dict(sorted(reasons.items())),
        "judged": dict(sorted(judged.items())),
    }


def _items(touched: Mapping[int, str]) -> dict[str, Any]:
    first = [touched[number] for number in sorted(touched)[:_TOLD]]
    return {"touched": len(touched), "touched_items": first}
