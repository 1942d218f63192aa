"""Which responses a person is asked about, to tell whether a filter is right.

The responses that the filter saw fall into strata: by decision, reason and mode, and within these
by how telling they are:

    disagrees   another check of the same thing says the opposite, such as a judge
    spelling    the verdict is not what comparing the answers' spelling would say
    near        the score is among the fifth nearest to one that was decided otherwise
    rest

Within a stratum all responses are alike: the order of hashes decides which are taken first, so
that a larger sample holds every smaller one and a stratum's sample is a random one.
"""

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pyarrow.compute as pc

from factory import store
from factory.errors import RunError
from factory.funnel import finished_parts
from factory.naming import Extracts, Method, methods, read_by, resolve
from factory.recipe import Job
from factory.records import Verifier
from factory.rundir import RunDirectory
from factory.schemas import RESPONSES, response_from_row
from factory.seeds import digest
from factory.steps import AskJudge
from factory.tasks import kept_prompts

Group = Literal["disagrees", "spelling", "near", "rest"]
GROUPS: tuple[Group, ...] = get_args(Group)
_COLUMNS = ("id", "mode", "grades", "verdicts")
_MIN_SCORES = 5
"""Different distances from which some are nearer than others; fewer are a filter's few scores."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stratum:
    """Responses that were judged alike."""

    group: Group
    decision: str
    reason: str
    mode: str

    @property
    def order(self) -> tuple[int, str, str, str]:
        """The most telling first."""
        return GROUPS.index(self.group), self.decision, self.reason, self.mode


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A response that a person may be asked about."""

    id: str
    part: int
    score: float | None


Strata = Mapping[Stratum, Sequence[Candidate]]
"""The candidates of each stratum, in the order in which they are taken."""


def filter_seen(run: RunDirectory, name: str) -> str:
    """The full name, with its version, of a filter whose verdicts a run holds.

    Raises:
        ConfigError: there is none of that name.
        RunError: nothing was judged yet.
    """
    seen: set[str] = set()
    for path in finished_parts(run):
        verdicts = pc.list_flatten(store.read_table(path, RESPONSES, ["verdicts"])["verdicts"])
        seen.update(pc.unique(pc.struct_field(verdicts, "filter")).to_pylist())
    if not seen:
        raise RunError(f"{run.root}: no part of the responses is finished; go on with factory run")
    return resolve(name, sorted(seen), f"{run.root}: --label")


def stratify(job: Job, run: RunDirectory, name: str) -> Strata:
    """The responses that a filter saw, in their strata.

    Memory: some hundred bytes a response that the filter saw.

    Args:
        job: the run's.
        run: any run, finished or not.
        name: the filter's, with its version.
    """
    checks = _same_thing(job, name)
    method = next((each for each in methods(job.pipeline) if each.name == name), None)
    found: dict[Stratum, list[Candidate]] = {}
    for part in range(run.num_parts):
        if run.responses(part).exists():
            for stratum, candidate in _read(run, part, name, method, checks):
                found.setdefault(stratum, []).append(candidate)
    split = split_near(found)
    return {
        stratum: sorted(split[stratum], key=lambda each: digest(each.id))
        for stratum in sorted(split, key=lambda each: each.order)
    }


def _read(
    run: RunDirectory, part: int, name: str, method: Method | None, checks: Sequence[Method]
) -> list[tuple[Stratum, Candidate]]:
    spelled = isinstance(method, Extracts)
    prompts = {each.index: each for each in kept_prompts(run, part)} if spelled else {}
    columns = RESPONSES.names if spelled else _COLUMNS
    found = []
    for row in store.read_part(run.responses(part), RESPONSES, columns):
        verdict = next((each for each in row["verdicts"] if each["filter"] == name), None)
        if verdict is None:
            continue
        group: Group = "rest"
        if _contradicted(verdict["decision"], row, checks):
            group = "disagrees"
        elif spelled and verdict["decision"] != "unjudged":
            response = response_from_row(row, prompts[row["prompt_index"]])
            read, gold = read_by(method, response), response.expected or row["reference"]
            same = read is not None and gold is not None and _bare(read) == _bare(gold)
            group = "rest" if same == (verdict["decision"] == "keep") else "spelling"
        stratum = Stratum(
            group=group, decision=verdict["decision"], reason=verdict["reason"], mode=row["mode"]
        )
        found.append((stratum, Candidate(id=row["id"], part=part, score=verdict["score"])))
    return found


def _bare(text: str) -> str:
    return "".join(text.split())


def _same_thing(job: Job, name: str) -> list[Method]:
    """The other filters that tell right from wrong, where the one named does."""
    judged = {step.column for step in job.pipeline.graded if isinstance(step, AskJudge)}
    telling = [
        each
        for each in methods(job.pipeline)
        if isinstance(each, Verifier) or getattr(each, "column", None) in judged
    ]
    names = [each.name for each in telling]
    return [each for each in telling if each.name != name] if name in names else []


def _contradicted(decision: str, row: Mapping[str, Any], checks: Sequence[Method]) -> bool:
    """Whether another check says keep where this one says drop, or the reverse."""
    return any({decision, _decision(row, each)} == {"keep", "drop"} for each in checks)


def _decision(row: Mapping[str, Any], check: Method) -> str:
    """What a check says of a response; from its column where it came after the response's end."""
    for verdict in row["verdicts"]:
        if verdict["filter"] == check.name:
            return str(verdict["decision"])
    for grade in row["grades"]:
        if grade["column"] == getattr(check, "column", None) and grade["score"] is not None:
            return str(check.judge(grade["score"]).decision)  # type: ignore[union-attr]  # a filter
    return ""


def split_near(found: Mapping[Stratum, Sequence[Candidate]]) -> dict[Stratum, list[Candidate]]:
    """The same with the fifth of each stratum that is nearest to the other decision set apart."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    for stratum, candidates in found.items():
        kept = stratum.decision == "keep"
        scores[kept] += [each.score for each in candidates if each.score is not None]
    sides = {kept: np.unique(np.array(values)) for kept, values in scores.items()}
    split: dict[Stratum, list[Candidate]] = {}
    for stratum, candidates in found.items():
        near = set()
        if stratum.group == "rest":
            near = _nearest(candidates, sides[stratum.decision != "keep"])
        for each in candidates:
            group: Group = "near" if each.id in near else stratum.group
            key = Stratum(
                group=group,
                decision=stratum.decision,
                reason=stratum.reason,
                mode=stratum.mode,
            )
            split.setdefault(key, []).append(each)
    return split


def _nearest(candidates: Sequence[Candidate], others: "np.ndarray[Any, Any]") -> set[str]:
    """Ids of the fifth whose scores are nearest to any of the others', sorted ascending."""
    scored = [each for each in candidates if each.score is not None]
    if not scored or not len(others):
        return set()
    scores = np.array([each.score for each in scored])
    above = np.clip(np.searchsorted(others, scores), 0, len(others) - 1)
    below = np.clip(above - 1, 0, None)
    distances = np.minimum(np.abs(others[above] - scores), np.abs(others[below] - scores))
    if len(np.unique(distances)) < _MIN_SCORES:
        return set()
    limit = np.quantile(distances, 0.2)
    return {each.id for each, far in zip(scored, distances, strict=True) if far <= limit}


def allocate(sizes: Mapping[Stratum, int], number: int) -> dict[Stratum, int]:
    """How many of each stratum are taken: in proportion to the root of its size, at least one.

    Where there are fewer to take than strata, the most telling strata come first. A larger number
    takes from every stratum at least as many.
    """
    taken = dict.fromkeys(sizes, 0)
    waiting = [(0.0, stratum.order, stratum) for stratum, size in sizes.items() if size]
    heapq.heapify(waiting)
    for _ in range(min(number, sum(sizes.values()))):
        _, order, stratum = heapq.heappop(waiting)
        taken[stratum] += 1
        if taken[stratum] < sizes[stratum]:
            share = taken[stratum] / math.sqrt(sizes[stratum])
            heapq.heappush(waiting, (share, order, stratum))
    return taken
