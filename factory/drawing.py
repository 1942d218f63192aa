"""The prompts of a part: drawn from the source, written on by teachers, their gold answers checked.

Tasks on the workers, as in `factory.tasks`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from factory import store
from factory.apply import check_gold
from factory.asking import Answerer, Recall
from factory.desk import Talk
from factory.licenses import combine
from factory.recipe import Job
from factory.records import Completion, Draft, Prompt, Request, Verdict
from factory.rundir import RunDirectory
from factory.schemas import PROMPTS, prompt_row
from factory.sources import as_draft
from factory.spend import COUNTS
from factory.tasks import answerer, refuse_too_many_errors
from factory.worker import Teachers, recall_from
from factory.writing import Scribe, written

ACCOUNT = "prompts"
"""Takes the place of the mode where the spending on written prompts is told."""


def scribes(job: Job) -> list[Scribe]:
    """The steps in which teachers take part in writing a job's prompts, in order."""
    return [
        Scribe(
            step=step,
            who=answerer(job, step.teacher),
            license=job.recipe.by_name[step.teacher].license,
            seed=job.recipe.seed,
        )
        for step in job.pipeline.writes
    ]


def write(
    job: Job,
    run: RunDirectory,
    part: int,
    place: int,
    errors: Sequence[dict[str, str]],
    teachers: Teachers,
) -> dict[str, str]:
    """Bring what a teacher replies in one step of writing a part's prompts into the ledger.

    Args:
        job: what to produce.
        run: where.
        part: which part.
        place: of the step among the pipeline's `writes`.
        errors: those of the steps before, by request key.
        teachers: the process's teachers.

    Returns:
        The errors of requests that failed, by request key.
    """
    *before, scribe = scribes(job)[: place + 1]
    recall = recall_from(run.ledger, run.prompts(part), errors)
    step = scribe.step
    talks = (
        Talk(
            scribe.writing(draft.prompt, sample), f"{step.teacher}/{draft.prompt.domain}/{ACCOUNT}"
        )
        for seed in _seeds(job, run, part)
        for draft in written(before, seed, recall)
        if not draft.reason
        for sample in range(step.samples)
        if step.writer.question(draft.prompt, sample) is not None
    )
    return teachers.lead(job, run, step.teacher, talks, {})


def make_prompts(
    job: Job, run: RunDirectory, part: int, errors: Sequence[dict[str, str]] = ()
) -> dict[str, int]:
    """Draw a part's prompts, take what teachers made of them, and check their gold answers.

    Args:
        job: what to produce.
        run: where.
        part: which part.
        errors: those of what was asked to write them, by request key.

    Raises:
        PartError: too many requests failed; the next start asks only those again.
    """
    most, steps = job.pipeline.most, scribes(job)
    taken = _Taken(job, recall_from(run.ledger, run.prompts(part), errors)) if steps else None
    rows = []
    for seed in _seeds(job, run, part):
        drafts = written(steps, seed, taken) if taken else [seed]
        for place, draft in enumerate(drafts):
            placed = replace(draft.prompt, index=seed.prompt.index * most + place)
            rows.append(prompt_row(placed, _decision(job, placed, draft.reason)))
    if taken:
        refuse_too_many_errors(job, part, "questions about prompts", taken.errors)
        store.write_json(run.written(part), taken.usage)
    store.write_part(run.prompts(part), rows, PROMPTS)
    return {"prompts": len(rows)}


def written_counts(run: RunDirectory) -> Counter[str]:
    """What it took to have prompts written, by account, paid now or recalled."""
    counts: Counter[str] = Counter()
    for part in range(run.num_parts):
        if run.written(part).exists():
            advice = f"delete it and {run.prompts(part)}, and run the same command again"
            counts.update(store.read_json(run.written(part), keys=(), advice=advice))
    return counts


def _decision(job: Job, prompt: Prompt, reason: str) -> Verdict:
    """Whether a prompt can be asked: it is written, and its gold answer holds."""
    if reason:
        return Verdict.drop(reason)
    for name in (*job.answerers(), *job.editors().values()):  # refused before they are paid
        combine(prompt.license, job.recipe.by_name[name].license)
    return check_gold(job.pipeline.gold, prompt, votes=job.pipeline.votes)


def _seeds(job: Job, run: RunDirectory, part: int) -> Iterator[Draft]:
    """The prompts of the source that a part's prompts are made of."""
    start, stop = run.bounds(part)
    most = job.pipeline.most
    return map(as_draft, job.pipeline.source.prompts(start // most, stop // most))


class _Taken:
    """Recalls completions and counts them, each once."""

    def __init__(self, job: Job, recall: Recall) -> None:
        self.usage: Counter[str] = Counter()
        self._job = job
        self._recall = recall
        self._names = {_asked(each.who): each.step.teacher for each in scribes(job)}
        self._seen: set[str] = set()
        self.errors: list[str] = []

    def __call__(self, request: Request) -> Completion:
        completion = self._recall(request)
        if request.key not in self._seen:
            self._seen.add(request.key)
            account = f"{self._names[_asked(request)]}/{self._job.pipeline.name}/{ACCOUNT}"
            self.usage[f"{account}:completions"] += 1
            for name in COUNTS[1:]:
                self.usage[f"{account}:{name}"] += getattr(completion, name)
            self.errors.append(completion.error)
        return completion


def _asked(who: Answerer | Request) -> tuple[str, str, str]:
    return who.model, who.revision, who.settings
