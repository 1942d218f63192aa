"""The engine: parts as tasks on a Dask cluster.

Dask schedules; it remembers nothing of value. A task takes a part number, the job and the run's
directory, reads and writes files, and returns counts. Killing any process at any moment loses at
most what was in flight; the next start skips the parts that are finished and finds what was paid
for in the ledger.

    prompts(0..n) -> duplicates -> ask(p) -> judge(p) -> dataset, manifest

A part is asked on a worker with the Dask resource `teacher` where the teacher holds a model, and
judged on any worker, so that checking answers does not keep a model waiting.
"""

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dask
from distributed import Client, Future, LocalCluster, as_completed, get_worker

from factory import tasks
from factory.dataset import publish
from factory.errors import FactoryError, PartError, PrerequisiteError, RunError, TeacherError
from factory.progress import Progress
from factory.recipe import Job
from factory.rundir import RunDirectory, create_or_resume, locked, read_manifest
from factory.store import remove_temporaries
from factory.teachers import Teacher

_TOPIC = "factory"
Submit = Callable[..., Future]


def run(
    job: Job,
    out: Path,
    *,
    ledger: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
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
        teacher: answers instead of the recipe's teacher; it is pickled to the workers.
        client: a connected client to use instead; it stays open.
        progress: shows what happens; silent by default.

    Returns:
        The manifest.

    Raises:
        ConfigError: the directory holds a different run.
        RunError: the run is incomplete; the same call goes on with it.
    """
    directory = create_or_resume(job, out, ledger)
    if directory.manifest.exists():
        return read_manifest(directory)
    directory.ledger.mkdir(parents=True, exist_ok=True)
    progress = progress or Progress(quiet=True)
    holds_model = teacher is None and job.recipe.teacher.holds_model
    workers = workers or (1 if holds_model else os.cpu_count() or 1)
    with contextlib.ExitStack() as stack:
        stack.enter_context(locked(directory))
        remove_temporaries(
            [directory.root, directory.root / "prompts", directory.root / "responses"]
        )
        if client is None:
            client = stack.enter_context(_connect(scheduler, workers, holds_model))
        num_threads = None if scheduler else max(1, (os.cpu_count() or 1) // workers)
        _check_workers(client, directory, holds_model)
        stack.enter_context(progress)
        _Stages(job, directory, client, progress, holds_model).run(teacher, num_threads)
        progress.stage("writing the dataset")
        return publish(job, directory)


@contextlib.contextmanager
def _connect(scheduler: str | None, workers: int, holds_model: bool) -> Iterator[Client]:
    """A client of the given scheduler, or of a cluster of worker processes in this machine."""
    if scheduler:
        try:
            client = Client(scheduler, timeout="5s")
        except (OSError, ValueError) as error:
            raise PrerequisiteError(
                f"--scheduler {scheduler}: no Dask scheduler answers ({error}); "
                "start one with: dask scheduler"
            ) from error
        with client:
            yield client
        return
    # A model or a checking process must never be ended for its memory, nor for being busy. One
    # worker lives in this process: it starts at once, and has nobody to share with.
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set({"distributed.scheduler.worker-ttl": None}))
        with _children_ignore_ctrl_c():
            cluster = LocalCluster(
                n_workers=workers,
                processes=workers > 1,
                threads_per_worker=2 if holds_model else 1,
                resources={"teacher": 1} if holds_model else None,
                memory_limit=0,
                host="127.0.0.1" if workers > 1 else None,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            )
        stack.enter_context(cluster)
        yield stack.enter_context(Client(cluster))


@contextlib.contextmanager
def _children_ignore_ctrl_c() -> Iterator[None]:
    """Processes started meanwhile leave Ctrl-C, which a terminal sends to all, to this one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _check_workers(client: Client, run: RunDirectory, holds_model: bool) -> None:
    """Refuse a cluster that cannot do the work, before it waits for ever."""
    known = client.scheduler_info(n_workers=-1)["workers"]
    if not known:
        raise PrerequisiteError("the Dask scheduler has no workers; start one with: dask worker")
    if holds_model and not any(w.get("resources", {}).get("teacher") for w in known.values()):
        raise PrerequisiteError(
            "no Dask worker has the resource `teacher`; start those that are to hold the model "
            "with: dask worker --resources teacher=1"
        )
    for directory in (run.root, run.ledger):
        sees = client.run(os.path.isdir, str(directory))
        blind = sorted(address for address, answer in sees.items() if not answer)
        if blind:
            raise PrerequisiteError(
                f"{directory}: not seen by the Dask workers {', '.join(blind)}; "
                "put it on storage that all of them share"
            )


class _Stages:
    """The stages of one run."""

    def __init__(
        self, job: Job, run: RunDirectory, client: Client, progress: Progress, holds_model: bool
    ) -> None:
        self.job = job
        self.directory = run
        self.client = client
        self.progress = progress
        self.holds_model = holds_model

    def run(self, teacher: Teacher | None, num_threads: int | None) -> None:
        """Run what is not finished yet."""
        job, run = self.job, self.directory
        for problem in tasks.open_ledger(run.ledger).problems():
            self.progress.say(problem)
        parts = range(run.num_parts)
        missing = [part for part in parts if not run.prompts(part).exists()]
        self.progress.stage("drawing prompts", total=len(parts), done=len(parts) - len(missing))
        self._finish([self._submit(tasks.make_prompts, job, run, part) for part in missing])
        if not run.duplicates.exists():
            self.progress.stage("looking for repeated prompts", total=1)
            self._finish([self._submit(tasks.find_duplicate_prompts, job, run)])
        missing = [part for part in parts if not run.responses(part).exists()]
        ask, rounds = job.pipeline.ask, 1 if job.recipe.teacher.thinks else 2
        needed = rounds * ask.samples_on + ask.samples_off
        self.progress.stage(
            "asking the teacher",
            total=len(parts),
            done=len(parts) - len(missing),
            expected=needed * sum(stop - start for start, stop in map(run.bounds, missing)),
        )
        self.client.subscribe_topic(_TOPIC, self._on_event)
        resources = {"teacher": 1} if self.holds_model else None
        judged = []
        for part in missing:
            asked = self._submit(
                _ask, job, run, part, teacher, num_threads, resources=resources, priority=-part
            )
            judged.append(self._submit(tasks.judge_part, job, run, part, asked))
        try:
            self._finish(judged)
        finally:
            self.client.unsubscribe_topic(_TOPIC)

    def _submit(self, function: Callable[..., Any], *args: Any, **options: Any) -> Future:
        return self.client.submit(function, *args, pure=False, retries=0, **options)

    def _on_event(self, event: tuple[float, dict[str, Any]]) -> None:
        # Dask adds the worker's address to what the worker says.
        self.progress.add({name: count for name, count in event[1].items() if name != "worker"})

    def _finish(self, futures: Sequence[Future]) -> None:
        """Wait for tasks; one that fails does not stop the others, a teacher that is gone does."""
        failures: list[BaseException] = []
        waiting = as_completed(futures)
        for future in waiting:
            error = future.exception() if future.status != "finished" else None
            if error is None:
                self.progress.part_done(future.result())
                continue
            if isinstance(error, TeacherError | PrerequisiteError):
                self.client.cancel(list(futures), force=True)
                raise error
            failures.append(error)
        if failures:
            raise _summary(failures, len(futures)) from failures[0]


def _summary(failures: Sequence[BaseException], total: int) -> RunError:
    first = failures[0]
    text = str(first) if isinstance(first, FactoryError) else f"{type(first).__name__}: {first}"
    return PartError(f"{len(failures)} of {total} tasks failed, what is finished is kept: {text}")


def _ask(
    job: Job, run: RunDirectory, part: int, teacher: Teacher | None, num_threads: int | None
) -> dict[str, str]:
    """`tasks.ask` on a worker, which tells the driver how far it is."""
    worker = get_worker()
    report = tasks.Batched(lambda counts: worker.log_event(_TOPIC, counts))
    try:
        return tasks.ask(job, run, part, teacher=teacher, num_threads=num_threads, report=report)
    finally:
        report.flush()
