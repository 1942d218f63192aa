"""The stages of a run as Dask tasks, and the rounds in which parts are asked and judged."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from distributed import Client, Future, as_completed, get_worker

from factory import drawing, quota, tasks
from factory.cluster import SHARE, open_purse
from factory.errors import (
    CapReached,
    FactoryError,
    PartError,
    PrerequisiteError,
    RunError,
    SchedulerLost,
    TeacherError,
)
from factory.partwork import outcome
from factory.progress import Progress
from factory.quota import Standing
from factory.recipe import Job
from factory.rundir import RunDirectory
from factory.screening import Screening, run_courts
from factory.tasks import Plan
from factory.teachers import Teacher
from factory.worker import Batched, Teachers, open_ledger

_TOPIC = "factory"


def worker_teachers(
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


class Stages:
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

    def run(
        self,
        teachers: Callable[[], Teachers],
        is_current: Callable[[], bool],
        choose: Callable[[], Sequence[int]] | None = None,
    ) -> None:
        """Run what is not finished yet.

        Args:
            teachers: makes a worker's way to its teachers.
            is_current: whether no later start of the run has begun.
            choose: the parts that are to be asked and judged, when all prompts are there; None for
                all, as it must be where the answers to one prompt decide about those to another.
        """
        self.teachers = teachers
        run = self.directory
        for problem in open_ledger(run.ledger).problems():
            self.progress.say(problem)
        parts = range(run.num_parts)
        missing = [part for part in parts if not run.prompts(part).exists()]
        self.progress.stage("drawing prompts", total=len(parts), done=len(parts) - len(missing))
        self.client.subscribe_topic(_TOPIC, self._on_event)
        try:
            self._finish([self._drawing(part) for part in missing])
            self._screen(is_current)
            self._ask(choose() if choose else parts)
        finally:
            self.client.unsubscribe_topic(_TOPIC)

    def _drawing(self, part: int) -> Future:
        """Submit all that writing a part's prompts needs; the future of their being there."""
        job, run = self.job, self.directory
        asked: list[Future] = []
        for place, step in enumerate(job.pipeline.writes):
            asked.append(self._submit_asking(step.teacher, drawing.write, part, place, list(asked)))
        return self._submit(drawing.make_prompts, job, run, part, asked)

    def _screen(self, is_current: Callable[[], bool]) -> None:
        """Drop prompts that repeat others or benchmarks, before any is asked."""
        job, run = self.job, self.directory
        Screening(
            job=job,
            run=run,
            client=self.client,
            progress=self.progress,
            courts=partial(run_courts, job, run, self.teachers, is_current, self.models),
        ).screen()

    def _ask(self, parts: Sequence[int]) -> None:
        missing = [part for part in parts if not self.directory.responses(part).exists()]
        together = bool(missing) and self.job.recipe.accept.is_global
        self._begin_asking(parts, parts if together else missing)
        if together:
            self._fill_together(parts)
        else:
            self._fill({part: {} for part in missing})

    def _begin_asking(self, parts: Sequence[int], missing: Sequence[int]) -> None:
        run, ask = self.directory, self.job.pipeline.ask
        names = self.job.answerers()
        rounds = 1 if all(self.job.recipe.by_name[name].thinks for name in names) else 2
        prompts = sum(stop - start for start, stop in map(run.bounds, missing))
        on, off = ask.samples_on * ask.on_share, ask.samples_off * ask.off_share
        self.progress.stage(
            "asking the teacher" if len(names) == 1 else "asking the teachers",
            total=len(parts),
            done=len(parts) - len(missing),
            expected=round((rounds * on + off) * prompts),
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
        alive = list(futures)
        waiting = as_completed(alive)
        for future in waiting:
            result = outcome(future)
            if isinstance(result, SchedulerLost):
                raise result
            if isinstance(result, TeacherError | PrerequisiteError):
                self.client.cancel(alive, force=True)
                raise result
            if isinstance(result, BaseException):
                failures.append(result)
                continue
            if plan := result.get("plan"):
                alive.append(self._round(result["part"], plan, result["errors"]))
                waiting.add(alive[-1])
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
