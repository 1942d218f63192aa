"""What screening left of the prompts: which were dropped before anything was asked, and for what.

A part of prompts has a file of those that repeat another and a file of matches with benchmarks;
both are there, empty or not, once the prompts are screened.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from factory import store
from factory.rundir import RunDirectory
from factory.schemas import CONTAMINATED, DUPLICATES
from factory.spend import COUNTS

MATCHED = "contaminated"
"""Why a prompt is dropped that holds a benchmark item, or poses the same problem."""
UNJUDGED = "contamination_unjudged"
"""Why one is dropped of which a judge would not say whether it does."""


def read_screened(run: RunDirectory) -> dict[str, Any]:
    """What prompts were screened for: `steps`, in their order.

    Raises:
        RunError: the prompts are not screened, or the file is damaged.
    """
    advice = "delete it and run the same command again, nothing is asked twice"
    return store.read_json(run.screened, keys=("steps",), advice=advice)


def judges_of(step: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The judges of a step that prompts were screened in, in the order in which they are asked."""
    judge = step.get("judge") or []  # a single one stands without a list
    return judge if isinstance(judge, list) else [judge]


def judge_counts(steps: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """What judges took that prompts were screened with, as `factory.spend.Prices.rows` has it."""
    found: Counter[str] = Counter()
    for judge in (judge for step in steps for judge in judges_of(step)):
        account = f"{judge['teacher']}/decontamination/off"
        found.update({f"{account}:{name}": judge[name] for name in COUNTS if judge.get(name)})
    return found


def reason_of(*, removed: bool, judgement: str) -> str:
    """Why a prompt goes for a match; empty where it stays."""
    return UNJUDGED if judgement == "unjudged" else MATCHED if removed else ""


def dropped(run: RunDirectory, part: int) -> dict[int, str]:
    """The reason by position, of a part's prompts that screening dropped.

    Raises:
        PartError: a file is missing or damaged.
    """
    found: dict[int, str] = {}
    for path, schema in (
        (run.contaminated(part), CONTAMINATED),
        (run.duplicates(part), DUPLICATES),
    ):
        for row in store.read_part(path, schema, ["index", "reason"]):
            if row["reason"] and found.get(row["index"]) != MATCHED:
                found[row["index"]] = row["reason"]
    return found


def repeats(run: RunDirectory, part: int, index: int) -> dict[str, Any] | None:
    """The row of `DUPLICATES` about a prompt; None where it repeats no other."""
    rows = store.read_part(run.duplicates(part), DUPLICATES)
    return next((row for row in rows if row["index"] == index), None)


def repeated_by(run: RunDirectory, index: int) -> Iterator[dict[str, Any]]:
    """The rows of `DUPLICATES` whose twin is a prompt, of all parts, a part at a time."""
    for part in range(run.num_parts):
        rows = store.read_part(run.duplicates(part), DUPLICATES)
        yield from (row for row in rows if row["twin"] == index)


def matches(run: RunDirectory, part: int) -> list[dict[str, Any]]:
    """The rows of `CONTAMINATED` of a part."""
    return store.read_part(run.contaminated(part), CONTAMINATED)
