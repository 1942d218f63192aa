"""Judging: steps applied to the responses of one part, in memory, without teacher or network."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import assert_never

from factory import quota
from factory.errors import Unjudged
from factory.grading import edited, heard
from factory.questions import verdict_name
from factory.quota import AcceptByMode, Standing
from factory.records import (
    Filter,
    Grade,
    GroupFilter,
    Judged,
    Mode,
    Prompt,
    Response,
    Verdict,
    Verifier,
)
from factory.steps import (
    Ask,
    AskEdit,
    AskFeedback,
    AskJudge,
    AskReward,
    AskSelect,
    Decontaminate,
    Dedup,
    Editing,
    Graded,
    Keep,
    KeepGroup,
    Refer,
    Step,
    Write,
)

_SLUG = re.compile(r"[a-z][a-z0-9_]{0,40}")
Grader = Callable[[Graded, Sequence[Response]], Sequence[Grade]]
"""Knows what a teacher said of responses that it was asked about together, a grade for each."""
TEACHER = "teacher"
"""The filter name under which failed requests are dropped."""


def apply_filter(filter: Filter, response: Response) -> Verdict:
    """The verdict of a filter on a response, with the filter's name, the score and the time."""
    started = time.perf_counter()
    try:
        score = filter.score(response)
    except Unjudged as unjudged:
        seconds = time.perf_counter() - started
        return Verdict(
            decision="unjudged", reason=unjudged.reason, filter=filter.name, seconds=seconds
        )
    return _named(filter, score, time.perf_counter() - started)


def _named(filter: Filter | GroupFilter, score: float, seconds: float) -> Verdict:
    verdict = filter.judge(score)
    return Verdict(
        decision=verdict.decision,
        reason=verdict.reason,
        score=None if verdict.decision == "unjudged" else score,
        filter=filter.name,
        seconds=seconds,
    )


def check_gold(gold: Verifier | None, prompt: Prompt, *, votes: bool = False) -> Verdict:
    """Whether a prompt can be checked: its gold answer passes its own verifier.

    Args:
        gold: the verifier, None where nothing is checked.
        prompt: may hold tests or constraints in place of a gold answer.
        votes: whether a majority takes the place of a missing gold answer.

    Returns:
        A drop for `bad_gold`, or for `no_gold` where there is nothing to check against.
    """
    if gold is None:
        return Verdict.keep()
    answer = gold.gold_answer(prompt)
    if answer is None:
        known = prompt.expected_answer, prompt.tests, prompt.constraints, prompt.policy
        return Verdict.keep() if votes or any(known) else Verdict.drop("no_gold")
    verdict = apply_filter(gold, Response(prompt=prompt, mode="off", sample=0, output=answer))
    return Verdict.keep() if verdict.decision == "keep" else Verdict.drop("bad_gold")


def judge(
    steps: Sequence[Step], responses: Iterable[Response], grade: Grader | None = None
) -> list[Judged]:
    """The responses with their verdicts, in the order given.

    A response is judged up to the first filter that does not keep it.

    Args:
        steps: the steps after the Ask.
        responses: those to one prompt in one mode must stand together, and be all there are.
        grade: knows what teachers said of responses.
    """
    judged = []
    for response in responses:
        item = Judged(response)
        if response.error:
            slug = response.error.partition(":")[0]
            reason = slug if _SLUG.fullmatch(slug) else "request_failed"
            item.verdicts.append(Verdict(decision="drop", reason=reason, filter=TEACHER))
        judged.append(item)
    groups = _groups(judged)
    rated = False
    for step in steps:
        if isinstance(step, KeepGroup | Dedup | AskSelect) and not rated:
            rated = True
            _rate(groups)
        match step:
            case Keep(filter, modes):
                for item in judged:
                    if item.kept and item.response.mode in modes:
                        item.verdicts.append(apply_filter(filter, item.response))
            case KeepGroup(filter, modes):
                for group in groups:
                    if group[0].response.mode in modes:
                        _keep_group(filter, group)
            case Refer():
                for _, members in groupby(judged, lambda j: j.response.prompt.id):
                    _refer(step, list(members))
            case Dedup():
                for group in groups:
                    _drop_duplicates(step, group)
            case AskJudge() | AskReward() | AskFeedback() | AskEdit() | AskSelect():
                assert grade, f"{step.column}: nobody knows the grades"
                for items in asked_about(step, judged):
                    _take(step, items, grade)
            case Write() | Ask() | Decontaminate():
                raise AssertionError("judge takes the steps after the Ask")
            case _:
                assert_never(step)
    if not rated:
        _rate(groups)
    return judged


def _groups(judged: Iterable[Judged]) -> list[list[Judged]]:
    """The responses to each prompt in each mode."""
    groups = groupby(judged, lambda j: (j.response.prompt.id, j.response.mode))
    return [list(group) for _, group in groups]


def asked_about(step: Graded, judged: Iterable[Judged]) -> list[list[Judged]]:
    """The responses that each question of a step is about, of those that are kept.

    `AskSelect` asks about all to one prompt in one mode together, the others about each.
    """
    mine = [
        item
        for item in judged
        if item.kept and item.response.mode in step.modes and _is_open(step, item.response)
    ]
    return _groups(mine) if isinstance(step, AskSelect) else [[item] for item in mine]


def _is_open(step: Graded, response: Response) -> bool:
    """Whether a judge is needed: what comes after it cannot decide alone."""
    if not isinstance(step, AskJudge) or step.undecided_by is None:
        return True
    return apply_filter(step.undecided_by, response).decision == "unjudged"


def needs_asking(step: Graded, items: Sequence[Judged]) -> bool:
    """Whether there is a question about these responses: a single one has nobody to beat."""
    return len(items) > 1 or not isinstance(step, AskSelect)


def _take(step: Graded, items: Sequence[Judged], grade: Grader) -> None:
    """Note what a teacher said of responses, and what follows from it."""
    if not needs_asking(step, items):
        assert isinstance(step, AskSelect)
        items[0].verdicts.append(replace(Verdict.keep(), filter=verdict_name(step)))
        return
    grades = grade(step, [item.response for item in items])
    for item, given in zip(items, grades, strict=True):
        item.response = replace(item.response, grades=(*item.response.grades, given))
        if isinstance(step, Editing):
            item.verdicts.append(heard(step, given))
        if isinstance(step, AskEdit) and item.kept:
            item.response = edited(item.response, given)


def _rate(groups: Iterable[Sequence[Judged]]) -> None:
    """Pass rate of each prompt and mode: the share that every filter on one response keeps.

    Failed requests and unjudged responses say nothing about the prompt and do not count.
    """
    for group in groups:
        counted = [item for item in group if _counts(item)]
        rate = sum(item.kept for item in counted) / len(counted) if counted else None
        for item in group:
            item.pass_rate = rate


def _counts(item: Judged) -> bool:
    return not any(v.decision == "unjudged" or v.filter == TEACHER for v in item.verdicts)


def _keep_group(filter: GroupFilter, group: Sequence[Judged]) -> None:
    if not any(item.kept for item in group):
        return  # nobody would read the scores
    started = time.perf_counter()
    scores = filter.scores(group)
    seconds = (time.perf_counter() - started) / max(len(group), 1)
    for item, score in zip(group, scores, strict=True):
        if item.kept:
            item.verdicts.append(_named(filter, score, seconds))


def _refer(step: Refer, group: Sequence[Judged]) -> None:
    has_gold = group[0].response.prompt.expected_answer is not None
    if has_gold and not _is_unreached(step.replaces, group):
        return
    started = time.perf_counter()
    found = step.filter.reference(group)
    seconds = (time.perf_counter() - started) / len(group)
    if has_gold and found.answer is None:
        return  # nothing takes its place
    verdict = replace(found.verdict, score=found.share, filter=step.filter.name, seconds=seconds)
    for item in group:
        item.response = replace(item.response, reference=found.answer, reference_share=found.share)
        if item.kept:
            item.verdicts.append(verdict)


def _is_unreached(check: Filter | None, group: Sequence[Judged]) -> bool:
    """Whether a check is sure that no response is right by the gold answer."""
    if check is None:
        return False
    return all(apply_filter(check, item.response).decision == "drop" for item in group)


def _drop_duplicates(step: Dedup, group: Sequence[Judged]) -> None:
    kept = [item for item in group if item.kept]
    found = step.method.duplicates([item.response.output for item in kept])
    for item, duplicate in zip(kept, found, strict=True):
        verdict = Verdict.drop(step.method.reason) if duplicate else Verdict.keep()
        item.verdicts.append(
            Verdict(
                decision=verdict.decision,
                reason=verdict.reason,
                score=duplicate.similarity if duplicate else 0.0,
                filter=step.method.name,
            )
        )


def standings(judged: Iterable[Judged]) -> list[Standing]:
    """How each prompt stands in each mode."""
    groups = groupby(judged, lambda j: (j.response.prompt.index, j.response.mode))
    found = []
    for (index, mode), members in groups:
        group = list(members)
        found.append(
            Standing(
                index=index,
                domain=group[0].response.prompt.domain,
                mode=mode,
                asked=len(group),
                accepted=tuple(sorted(j.response.sample for j in group if j.kept)),
            )
        )
    return found


def leave_out_surplus(
    accept: AcceptByMode, judged: Iterable[Judged], counted: Mapping[tuple[int, Mode], int]
) -> None:
    """Drop the accepted answers beyond those that count, the lowest sample indexes stay."""
    if not accept.is_set:
        return
    groups = groupby(judged, lambda j: (j.response.prompt.index, j.response.mode))
    for key, members in groups:
        kept = sorted((j for j in members if j.kept), key=lambda j: j.response.sample)
        for place, item in enumerate(kept):
            surplus = place >= counted.get(key, len(kept))
            verdict = Verdict.drop("surplus") if surplus else Verdict.keep()
            item.verdicts.append(replace(verdict, filter=quota.FILTER))
