"""The engine: parts as tasks on a Dask cluster.

Dask schedules; it remembers nothing of value. A task takes a part number, the job and the run's
directory, reads and writes files, and returns counts. Killing any process at any moment loses at
most what was in flight; the next start skips the parts that are finished and finds what was paid
for in the ledger.

    prompts(0..n) -> screening -> ask(p, teacher) -> grade(p, judge) -> judge(p) -> dataset
                                        ^                                  |
                                        +---- rows are missing: more <-----+

A part is asked on a worker with the Dask resource `teacher` where the teacher holds a model, and
judged on any worker, so that checking answers does not keep a model waiting.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from distributed import Client

from factory import ledger as ledgers
from factory.budget import Budget, Caps
from factory.cluster import BudgetPlugin, check_workers, connect
from factory.dataset import publish
from factory.errors import (
    ConfigError,
)
from factory.progress import Progress
from factory.recipe import Job
from factory.rundir import (
    RunDirectory,
    begin,
    create_or_resume,
    is_current,
    locked,
    read_manifest,
)
from factory.spend import Prices, paid_table
from factory.stages import Stages, worker_teachers
from factory.store import remove_temporaries
from factory.teachers import Teacher
from factory.teachers.http import HttpConfig

T = TypeVar("T")


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
    return work(
        job,
        directory,
        lambda: publish(job, directory),
        workers=workers,
        scheduler=scheduler,
        caps=caps,
        teacher=teacher,
        client=client,
        progress=progress,
    )


def work(
    job: Job,
    directory: RunDirectory,
    end: Callable[[], T],
    *,
    choose: Callable[[], Sequence[int]] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    caps: Caps | None = None,
    teacher: Teacher | None = None,
    client: Client | None = None,
    progress: Progress | None = None,
) -> T:
    """Have the parts of a run asked and judged, and end with what is made of them.

    Args:
        job: what to produce.
        directory: the run's.
        end: what is done when they are there; returned.
        choose: the parts that are wanted, asked when all prompts are there; None for all.
        workers: see `run`, as are the others.
        scheduler: of Dask.
        caps: on what is paid.
        teacher: answers instead.
        client: of Dask.
        progress: shows what happens.

    Raises:
        CapReached: the run may not spend more.
        RunError: the run is incomplete.
    """
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
        places = ("", "prompts", "prompts/duplicates", "prompts/contaminated", "responses")
        remove_temporaries(directory.root / place for place in places)
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
        stages = Stages(job, directory, client, progress, models)
        stages.run(
            partial(worker_teachers, start, num_threads, teacher, limited),
            partial(is_current, directory, start),
            choose,
        )
        progress.stage("writing the dataset")
        if busy := ledgers.compact(directory.ledger, run=directory.run_id).busy:
            progress.say(f"{directory.ledger}: not compacted: {busy}")
        return end()


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
