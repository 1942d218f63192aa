"""What each filter alone would drop, and how much of it others would have dropped as well.

In a run a response is judged up to the first filter that does not keep it. Here every filter looks
at every response by itself. A verdict that the run stored is taken as it is; only the filters that
a dropped response never reached are asked now. Failed requests hold nothing to judge.

The result is a mask for each response, bit i set where filter i alone would not keep it. Masks are
kept in RUN/audit/overlap/, a file for each part, as long as the pipeline and the part stay as they
are.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from factory import store
from factory.apply import apply_filter
from factory.audit.parts import read_prompts, read_responses
from factory.dedup import Exact, MinHash
from factory.pipeline import Pipeline
from factory.records import GroupFilter, Judged, Mode
from factory.rundir import RunDirectory
from factory.schemas import prompt_from_row, response_from_row
from factory.seeds import digest
from factory.steps import Dedup, Filtering, Keep, KeepGroup, Refer

NOT_JUDGED = -1
"""The mask of a failed request."""


@dataclass(frozen=True)
class Overlap:
    """How many responses of each mode have each mask."""

    filters: tuple[str, ...]
    """By bit."""
    counts: Counter[tuple[Mode, int]] = field(default_factory=Counter)

    def judged(self, mode: Mode) -> int:
        """Responses that were judged by every filter."""
        return sum(n for (m, mask), n in self.counts.items() if m == mode and mask >= 0)

    def both(self, mode: Mode, one: int, other: int) -> int:
        """Responses that two filters, each by itself, would not keep; of one with itself: alone."""
        bits = 1 << one | 1 << other
        return self._sum(mode, lambda mask: mask & bits == bits)

    def only(self, mode: Mode, one: int) -> int:
        """Responses that this filter would not keep and every other would."""
        return self._sum(mode, lambda mask: mask == 1 << one)

    def _sum(self, mode: Mode, wanted: Callable[[int], bool]) -> int:
        return sum(n for (m, k), n in self.counts.items() if m == mode and k >= 0 and wanted(k))


def names(pipeline: Pipeline) -> tuple[str, ...]:
    """The filters that can be asked by themselves, by bit."""
    return tuple(_name(step) for step in _asked(pipeline))


def find_masks(pipeline: Pipeline, run: RunDirectory, part: int) -> list[int]:
    """A mask for each response of a part, in order, from the last time where nothing changed.

    Raises:
        PartError: the part is damaged.
    """
    path = run.responses(part)
    stat = path.stat()
    key = digest(pipeline.fingerprint(), path.name, stat.st_size, stat.st_mtime_ns)
    cached = run.root / "audit" / "overlap" / f"{path.stem}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(cached.read_text())
        if known["key"] == key:
            return [int(mask) for mask in known["masks"]]
    masks = list(_judge_part(_asked(pipeline), run, part))
    store.write_text(cached, json.dumps({"key": key, "masks": masks}))
    return masks


def _asked(pipeline: Pipeline) -> list[Filtering]:
    return [step for step in pipeline.response_steps if isinstance(step, Filtering)]


def _name(step: Filtering) -> str:
    return step.method.name if isinstance(step, Dedup) else step.filter.name


def _judge_part(steps: Sequence[Filtering], run: RunDirectory, part: int) -> Iterator[int]:
    prompts = read_prompts(run.prompts(part))
    rows = read_responses(run.responses(part))
    for (prompt_id, mode), members in groupby(rows, lambda row: (row["prompt_id"], row["mode"])):
        prompt = prompt_from_row(_without_nulls(prompts[prompt_id]))
        group = list(members)
        items = []
        for row in group:
            response = replace(response_from_row(row, prompt), reference=row["reference"])
            items.append(Judged(response, pass_rate=row["pass_rate"]))
        masks = [0] * len(group)
        for bit, step in enumerate(steps):
            if isinstance(step, Keep | KeepGroup) and mode not in step.modes:
                continue
            for place, kept in enumerate(_alone(step, items, group)):
                masks[place] |= 0 if kept else 1 << bit
        for row, mask in zip(group, masks, strict=True):
            yield NOT_JUDGED if row["error"] else mask


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    """A prompt of an older schema, with nothing where it says nothing."""
    return {**row, **{name: row[name] or "" for name in ("language", "policy")}}


def _alone(step: Filtering, items: Sequence[Judged], rows: Sequence[dict[str, Any]]) -> list[bool]:
    """Whether a step that stands alone keeps each response of a group."""
    match step:
        case Dedup(method):
            return _no_duplicate(method, items)
        case Keep(filter):
            return [
                (_stored(row, filter.name) or apply_filter(filter, item.response).decision)
                == "keep"
                for row, item in zip(rows, items, strict=True)
            ]
        case KeepGroup(filter):
            return _kept_in_group(filter, items, rows)
        case Refer(
            filter
        ):  # its verdict is the prompt's, and stands on what was not dropped before
            verdicts = [_stored(row, filter.name) for row in rows if not row["error"]]
            return [next((each for each in verdicts if each), "keep") == "keep"] * len(rows)


def _stored(row: dict[str, Any], filter: str) -> str | None:
    """The decision that the run has made; anything for a failed request, which counts nowhere."""
    if row["error"]:
        return "drop"
    return next((v["decision"] for v in row["verdicts"] if v["filter"] == filter), None)


def _kept_in_group(
    filter: GroupFilter, items: Sequence[Judged], rows: Sequence[dict[str, Any]]
) -> list[bool]:
    known = [_stored(row, filter.name) for row in rows]
    if all(known):
        return [decision == "keep" for decision in known]
    return [filter.judge(score).decision == "keep" for score in filter.scores(items)]


def _no_duplicate(method: Exact | MinHash, items: Sequence[Judged]) -> list[bool]:
    """Nothing is dropped before: every answer but the failed ones may be another's twin."""
    places = [place for place, item in enumerate(items) if not item.response.error]
    found = method.duplicates([items[place].response.output for place in places])
    kept = [True] * len(items)
    for place, duplicate in zip(places, found, strict=True):
        kept[place] = not duplicate
    return kept
