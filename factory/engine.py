"""The engine: parts as tasks on a Dask cluster.

Dask schedules; it remembers nothing of value. A task takes a part number, the job and the run's
directory, reads and writes files, and returns counts. Killing any process at any moment loses at
most what was in flight; the next start skips the parts that are finished and finds what was paid
for in the ledger.

    prompts(0..n) -> duplicates -> ask(p, teacher) -> grade(p, judge) -> judge(p) -> dataset
                                        ^                                   |
                                        +---- rows are missing: more <------+

A part is asked on a worker with the Dask resource `teacher` where the teacher holds a model, and
judged on any worker, so that checking answers does not keep a model waiting.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from distributed import Client, Future, as_completed, get_worker
from distributed.client import FutureCancelledError

from factory import ledger as ledgers
from factory import quota, tasks
from factory.budget import Budget, Caps
from factory.cluster import SHARE, BudgetPlugin, check_workers, connect, open_purse
from factory.dataset import publish
from factory.errors import (
    CapReached,
    ConfigError,
    FactoryError,
    PartError,
    PrerequisiteError,
    RunError,
    SchedulerLost,
    TeacherError,
)
from factory.progress import Progress
from factory.quota import Standing
from factory.recipe import Job
from factory.rundir import RunDirectory, begin, create_or_resume, locked, read_manifest
from factory.spend import Prices, paid_table
from factory.store import remove_temporaries
from factory.tasks import Plan
from factory.teachers import Teacher
from factory.teachers.http import HttpConfig
from factory.worker import Batched, Teachers, open_ledger

_TOPIC = "factory"


def run(
    job: Job,
    out: Path,
    *,
    ledger: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    caps: Caps | None = None,
    teacher: Teacher | None = None,
    client: Client | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make the dataset of a job in a directory, going on from where an earlier start ended.

    Args:
        job: what to produce.
        out: the run's directory; on storage that all workers see.
        ledger: where completions are kept, `out/ledger` by default; may be shared between runs.
        workers: worker processes of a cluster in this machine; the default is one for a teacher
            that holds a model, else one for each processor.
        scheduler: address of a Dask scheduler to use instead, such as `tcp://10.0.0.1:8786`.
        caps: what the run may pay for in all, instead of the recipe's limits.
        teacher: answers instead of the recipe's teachers; it is pickled to the workers.
        client: a connected client to use instead; it stays open.
        progress: shows what happens; silent by default.

    Returns:
        The manifest.

    Raises:
        ConfigError: the directory holds a different run.
        CapReached: the run may not spend more; with a higher cap the same call goes on with it.
        RunError: the run is incomplete; the same call goes on with it.
    """
    directory = create_or_resume(job, out, ledger)
    if directory.manifest.exists():
        return read_manifest(directory)
    try:
        directory.ledger.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{directory.ledger}: cannot hold a ledger: {error.strerror}") from error
    progress = progress or Progress(quiet=True)
    used = job.teachers()
    for config in used.values():
        config.identity()  # what is missing is told before anything is started
    limits = job.recipe.limits
    caps = caps or Caps(max_cost=limits.max_cost, max_tokens=limits.max_tokens)
    _refuse_unpriced(job, caps)
    models = {name for name, each in used.items() if each.holds_model and teacher is None}
    workers = workers or (1 if models else os.cpu_count() or 1)
    with contextlib.ExitStack() as stack:
        stack.enter_context(locked(directory))
        remove_temporaries(
            [directory.root, directory.root / "prompts", directory.root / "responses"]
        )
        if client is None:
            client = stack.enter_context(connect(scheduler, workers, bool(models)))
        num_threads = None if scheduler else max(1, (os.cpu_count() or 1) // workers)
        check_workers(client, directory, bool(models))
        start = begin(directory, job)
        limited = Budget.is_needed(caps, used)
        if limited:
            stack.enter_context(_budget(client, start, _make_budget(job, directory, caps)))
        progress.prices = Prices.of(job)
        stack.enter_context(progress)
        stages = _Stages(job, directory, client, progress, models)
        stages.run(partial(_teachers, start, num_threads, teacher, limited))
        progress.stage("writing the dataset")
        ledgers.compact(directory.ledger, run=directory.run_id)
        return publish(job, directory)


def _refuse_unpriced(job: Job, caps: Caps) -> None:
    if caps.max_cost is None:
        return
    for name, config in job.teachers().items():
        if isinstance(config, HttpConfig) and config.price is None:
            raise ConfigError(
                f"max_cost = {caps.max_cost:g} cannot hold: teacher {name} has no price; give it "
                "one, such as price = {prompt = 0.5, completion = 2.0}, or zeros where it is free"
            )


@contextlib.contextmanager
def _budget(client: Client, start: str, make: Callable[[], Budget]) -> Iterator[None]:
    """Keep the run's budget beside the scheduler meanwhile."""
    plugin = BudgetPlugin(start, make)
    client.register_plugin(plugin)
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # the scheduler may be gone
            client.unregister_scheduler_plugin(plugin.name)


def _make_budget(job: Job, run: RunDirectory, caps: Caps) -> Callable[[], Budget]:
    """What makes the budget on the scheduler; what was spent is read here, where the ledger is."""
    paid = paid_table(Prices.of(job), run)
    return partial(
        Budget,
        caps,
        job.teachers(),
        spent_tokens=sum(row["prompt_tokens"] + row["completion_tokens"] for row in paid),
        spent_cost=sum(row["cost"] for row in paid),
    )


def _teachers(
    start: str, num_threads: int | None, override: Teacher | None, limited: bool
) -> Teachers:
    """What a task on a worker reaches its teachers with."""
    worker = get_worker()
    return Teachers(
        num_threads=num_threads or os.cpu_count() or 1,
        report=Batched(lambda counts: worker.log_event(_TOPIC, counts)),
        start=start,
        override=override,
        purse=partial(open_purse, worker, start) if limited else lambda name: None,
    )


class _Stages:
    """The stages of one run."""

    def __init__(
        self, job: Job, run: RunDirectory, client: Client, progress: Progress, models: set[str]
    ) -> None:
        self.job = job
        self.directory = run
        self.client = client
        self.progress = progress
        self.models = models
        """The teachers that hold a model."""

    def run(self, teachers: Callable[[], Teachers]) -> None:
        """Run what is not finished yet."""
        self.teachers = teachers
        run = self.directory
        for problem in open_ledger(run.ledger).problems():
            self.progress.say(problem)
        parts = range(run.num_parts)
        missing = [part for part in parts if not run.prompts(part).exists()]
        self.progress.stage("drawing prompts", total=len(parts), done=len(parts) - len(missing))
        self._finish([self._submit(tasks.make_prompts, self.job, run, part) for part in missing])
        if not run.duplicates.exists():
            self.progress.stage("looking for repeated prompts", total=1)
            self._finish([self._submit(tasks.find_duplicate_prompts, self.job, run)])
        missing = [part for part in parts if not run.responses(part).exists()]
        self._begin_asking(missing)
        self.client.subscribe_topic(_TOPIC, self._on_event)
        try:
            if missing and self.job.recipe.accept.is_global:
                self._fill_together(parts)
            else:
                self._fill({part: {} for part in missing})
        finally:
            self.client.unsubscribe_topic(_TOPIC)

    def _begin_asking(self, missing: Sequence[int]) -> None:
        run, ask = self.directory, self.job.pipeline.ask
        names = self.job.answerers()
        rounds = 1 if all(self.job.recipe.by_name[name].thinks for name in names) else 2
        prompts = sum(stop - start for start, stop in map(run.bounds, missing))
        self.progress.stage(
            "asking the teacher" if len(names) == 1 else "asking the teachers",
            total=run.num_parts,
            done=run.num_parts - len(missing),
            expected=(rounds * ask.samples_on + ask.samples_off) * prompts,
        )

    def _fill(self, plans: dict[int, Plan]) -> None:
        """Ask and judge parts, each in as many rounds as it needs."""
        self._finish([self._round(part, plan, {}) for part, plan in plans.items()])

    def _fill_together(self, parts: Sequence[int]) -> None:
        """Ask and judge parts in rounds of all, until the rows that were asked for are there."""
        accept = self.job.recipe.accept
        plans: dict[int, Plan] = {part: {} for part in parts}
        stand: dict[int, list[Standing]] = {}
        errors: dict[int, dict[str, str]] = {}
        changed = list(parts)
        while changed:
            results = self._finish(
                [self._round(part, plans[part], errors.get(part, {})) for part in changed]
            )
            for result in results:
                stand[result["part"]] = result["standings"]
                errors[result["part"]] = result["errors"]
            more = quota.further(accept, (s for part in parts for s in stand[part]))
            by_part = self._by_part(more)
            for part, plan in by_part.items():
                plans[part] = {**plans[part], **plan}
            changed = sorted(by_part)
        counted = self._by_part(quota.counted(accept, (s for p in parts for s in stand[p])))
        self._finish(
            [
                self._submit(
                    _judge,
                    self.job,
                    self.directory,
                    part,
                    plans[part],
                    [errors[part]],
                    counted.get(part, {}),
                )
                for part in parts
            ]
        )

    def _by_part(self, plan: Plan) -> dict[int, Plan]:
        found: dict[int, dict[Any, int]] = {}
        for (index, mode), number in plan.items():
            found.setdefault(index // self.directory.part_size, {})[index, mode] = number
        return dict(found)

    def _round(self, part: int, plan: Plan, failed: Mapping[str, str]) -> Future:
        """Submit all that one round of a part needs; the future of its judging."""
        job, run = self.job, self.directory
        asked: list[Future] = [
            self._submit_asking(name, tasks.ask, part, plan, failed, name)
            for name in job.answerers()
        ]
        for step in job.pipeline.graded:
            asked.append(
                self._submit_asking(
                    step.teacher, tasks.grade, part, plan, failed, step.column, list(asked)
                )
            )
        return self._submit(_judge, job, run, part, plan, asked, None, priority=1)

    def _submit_asking(self, name: str, task: Callable[..., Any], part: int, *args: Any) -> Future:
        return self._submit(
            _with_teachers,
            self.teachers,
            task,
            self.job,
            self.directory,
            part,
            *args,
            resources={"teacher": SHARE} if name in self.models else None,
            priority=-part,
        )

    def _submit(self, function: Callable[..., Any], *args: Any, **options: Any) -> Future:
        return self.client.submit(function, *args, pure=False, retries=0, **options)

    def _on_event(self, event: tuple[float, dict[str, Any]]) -> None:
        # Dask adds the worker's address to what the worker says.
        self.progress.add({name: count for name, count in event[1].items() if name != "worker"})

    def _finish(self, futures: Sequence[Future]) -> list[Any]:
        """Wait for tasks and the rounds that follow; returns what they returned.

        A part that fails does not stop the others, a teacher that is gone does. When a cap is
        reached, what is in flight is waited for.
        """
        failures: list[BaseException] = []
        results: list[Any] = []
        waiting = as_completed(futures)
        for future in waiting:
            error = _failure(future)
            if isinstance(error, SchedulerLost):
                raise error
            if isinstance(error, TeacherError | PrerequisiteError):
                self.client.cancel(list(futures), force=True)
                raise error
            if error:
                failures.append(error)
                continue
            result = future.result()
            if plan := result.get("plan"):
                waiting.add(self._round(result["part"], plan, result["errors"]))
                continue
            results.append(result)
            if "counts" in result:
                self.progress.part_done(result["counts"])
        for failure in failures:
            if isinstance(failure, CapReached):
                raise failure
        if failures:
            raise _summary(failures, len(futures)) from failures[0]
        return results


def _failure(future: Future) -> BaseException | None:
    if future.status == "finished":
        return None
    try:
        error: BaseException | None = future.exception()
    except FutureCancelledError:
        error = None
    return error or SchedulerLost(
        "the Dask scheduler is gone; what was answered is kept, start it again and run the same "
        "command again"
    )


def _summary(failures: Sequence[BaseException], total: int) -> RunError:
    first = failures[0]
    text = str(first) if isinstance(first, FactoryError) else f"{type(first).__name__}: {first}"
    return PartError(f"{len(failures)} of {total} tasks failed, what is finished is kept: {text}")


def _with_teachers(
    teachers: Callable[[], Teachers], task: Callable[..., dict[str, str]], *args: Any
) -> dict[str, str]:
    """Run a task on a worker with the worker's teachers; the driver is told how far it is."""
    mine = teachers()
    try:
        return task(*args, mine)
    finally:
        if isinstance(mine.report, Batched):
            mine.report.flush()


def _judge(job: Job, run: RunDirectory, part: int, *args: Any) -> dict[str, Any]:
    return {"part": part, **tasks.judge_part(job, run, part, *args)}
