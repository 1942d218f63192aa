"""What the workers do: each function reads its part from disk, works, writes its part to disk.

Nothing here knows Dask. Teachers and ledger indexes are those of the worker process, see
`factory.worker`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from factory import quota, store
from factory.apply import (
    Grader,
    asked_about,
    judge,
    leave_out_surplus,
    needs_asking,
    standings,
)
from factory.asking import Answerer, Asker, Recall, replay
from factory.desk import Talk
from factory.errors import PartError
from factory.grading import grading
from factory.recipe import Job
from factory.records import MODES, Grade, Mode, Prompt, Response
from factory.rundir import RunDirectory
from factory.schemas import PROMPTS, RESPONSES, prompt_from_row, response_row
from factory.screened import dropped
from factory.steps import Graded
from factory.teachers import answer_settings
from factory.worker import Teachers, recall_from

Plan = Mapping[tuple[int, Mode], int]
"""Samples by prompt position and mode, of prompts that get more than the page's."""


def kept_prompts(run: RunDirectory, part: int) -> list[Prompt]:
    """The prompts of a part that are to be asked."""
    gone = dropped(run, part)
    rows = store.read_part(run.prompts(part), PROMPTS)
    return [prompt_from_row(r) for r in rows if r["decision"] == "keep" and r["index"] not in gone]


def make_asker(job: Job) -> Asker:
    """What the requests of a job have in common."""
    recipe = job.recipe
    modes = [(domain, mode) for domain in ("", *recipe.ask.domains) for mode in MODES]
    return Asker(
        ask=job.pipeline.ask,
        answerers={name: answerer(job, name) for name in job.answerers()},
        weights={(domain, mode): recipe.answerers(domain, mode) for domain, mode in modes},
        sampling={"on": job.sampling("on"), "off": job.sampling("off")},
        seed=recipe.seed,
    )


def answerer(job: Job, name: str) -> Answerer:
    """A teacher as its requests and records name it."""
    config = job.recipe.by_name[name]
    model, revision = config.identity()
    return Answerer(
        name=name,
        model=model,
        revision=revision,
        thinks=config.thinks,
        settings=answer_settings(config),
    )


def slots(job: Job, prompts: Iterable[Prompt], plan: Plan) -> Iterator[tuple[Prompt, Mode, int]]:
    """Every prompt, mode and sample that is to be asked, in that order."""
    ask, seed = job.pipeline.ask, job.recipe.seed
    for prompt in prompts:
        for mode in MODES:
            if not ask.asks(mode, prompt.id, seed):
                continue
            for sample in range(plan.get((prompt.index, mode), job.first_samples(mode))):
                yield prompt, mode, sample


def ask(
    job: Job,
    run: RunDirectory,
    part: int,
    plan: Plan,
    failed: Mapping[str, str],
    name: str,
    teachers: Teachers,
) -> dict[str, str]:
    """Bring every completion of one teacher for a part into the ledger.

    Args:
        job: what to produce.
        run: where.
        part: which part.
        plan: how many samples prompts get that get more than the page's.
        failed: the errors of earlier rounds, by request key.
        name: what the recipe calls the teacher.
        teachers: the process's teachers.

    Returns:
        The errors of requests that failed, by request key.

    Raises:
        CapReached: the budget does not allow all of it.
    """
    asker = make_asker(job)
    talks = (
        Talk(
            asker.conversation(prompt, mode, sample),
            f"{name}/{prompt.domain}/{asker.ask.asked_as(mode)}",
        )
        for prompt, mode, sample in slots(job, kept_prompts(run, part), plan)
        if asker.answerer(prompt, mode, sample).name == name
    )
    return teachers.lead(job, run, name, talks, failed)


def grade(
    job: Job,
    run: RunDirectory,
    part: int,
    plan: Plan,
    failed: Mapping[str, str],
    column: str,
    errors: Sequence[dict[str, str]],
    teachers: Teachers,
) -> dict[str, str]:
    """Bring what a teacher says of a part's responses into the ledger.

    Args:
        job: what to produce.
        run: where.
        part: which part.
        plan: see `ask`.
        failed: see `ask`.
        column: of the step that asks it.
        errors: those of what was asked before.
        teachers: the process's teachers.
    """
    steps = job.pipeline.response_steps
    place = next(i for i, s in enumerate(steps) if getattr(s, "column", None) == column)
    step = steps[place]
    assert isinstance(step, Graded)
    recall = recall_from(run.ledger, run.responses(part), errors)
    judged = judge(steps[:place], _responses(job, run, part, plan, recall), _grader(job, recall))
    who = answerer(job, step.teacher)
    talks = (
        Talk(
            grading(step, who, [item.response for item in items], job.recipe.seed),
            f"{step.teacher}/{items[0].response.prompt.domain}/{items[0].response.mode}",
        )
        for items in asked_about(step, judged)
        if needs_asking(step, items)
    )
    return teachers.lead(job, run, step.teacher, talks, failed)


def _responses(
    job: Job, run: RunDirectory, part: int, plan: Plan, recall: Recall
) -> list[Response]:
    asker = make_asker(job)
    prompts = kept_prompts(run, part)
    return [replay(asker.conversation(*slot), recall) for slot in slots(job, prompts, plan)]


def _grader(job: Job, recall: Recall) -> Grader:
    def graded(step: Graded, responses: Sequence[Response]) -> Sequence[Grade]:
        who = answerer(job, step.teacher)
        return replay(grading(step, who, responses, job.recipe.seed), recall)

    return graded


def judge_part(
    job: Job,
    run: RunDirectory,
    part: int,
    plan: Plan,
    errors: Sequence[dict[str, str]],
    counted: Plan | None = None,
) -> dict[str, Any]:
    """Take a part's completions from the ledger, judge the responses, and write them all.

    Args:
        job: what to produce.
        run: where.
        part: which part.
        plan: see `ask`.
        errors: those of what was asked.
        counted: how many accepted answers count, by prompt and mode; None where that is not known.

    Returns:
        `counts` of a part that was written. Where the recipe asks for a number of accepted rows,
        and it is not yet known which count: `plan`, the samples of prompts that get more, or
        `standings` and `errors`, where other parts have a say in it.

    Raises:
        PartError: too many requests failed; the part stays open, and the next start asks only
            those again.
    """
    recall = recall_from(run.ledger, run.responses(part), errors)
    responses = _responses(job, run, part, plan, recall)
    refuse_too_many_errors(job, part, "responses", [each.error for each in responses])
    judged = judge(job.pipeline.response_steps, responses, _grader(job, recall))
    for step in job.pipeline.graded:
        grades = [grade for item in judged if (grade := item.response.grade(step.column))]
        refuse_too_many_errors(
            job, part, f"answers of the {step.column}", [grade.error for grade in grades]
        )
    accept = job.recipe.accept
    if accept.is_set and counted is None:
        stand = standings(judged)
        failed = {key: error for each in errors for key, error in each.items()}
        if accept.is_global:
            return {"standings": stand, "errors": failed}
        if more := quota.further(accept, stand):
            return {"plan": {**plan, **more}, "errors": failed}
        counted = quota.counted(accept, stand)
    leave_out_surplus(accept, judged, counted or {})
    store.write_part(run.responses(part), [response_row(item) for item in judged], RESPONSES)
    kept = {f"kept_{mode}": 0 for mode in MODES}
    for item in judged:
        kept[f"kept_{item.response.mode}"] += item.kept
    return {"counts": {"judged": len(judged), **kept}}


def refuse_too_many_errors(job: Job, part: int, what: str, errors: Sequence[str]) -> None:
    """Raise a `PartError` where more requests of a part failed than the recipe allows."""
    failed, allowed = sum(map(bool, errors)), job.recipe.limits.max_error_share
    if failed > allowed * len(errors):
        first = next(filter(None, errors))
        raise PartError(
            f"part {part:05d}: {failed} of {len(errors)} {what} failed, more than "
            f"limits.max_error_share = {allowed}; the first: {first}; run the same command again"
        )
