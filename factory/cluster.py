"""The Dask cluster of a run: a connection to one that can do the work, and the budget there."""

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import dask
from distributed import Client, LocalCluster, SchedulerPlugin, Worker
from distributed.utils import sync

from factory.budget import Budget, Purse
from factory.errors import PrerequisiteError
from factory.partwork import known_workers
from factory.rundir import RunDirectory

_THREADS = 3
"""Tasks at a time on a worker: two parts that ask, so that the teacher never waits for the next
one to begin, and one that judges."""
SHARE = 0.5
"""How much of a worker's resource `teacher` a part takes while it asks a model."""


@contextlib.contextmanager
def connect(
    scheduler: str | None, workers: int, holds_model: bool, *, threads: int = _THREADS
) -> Iterator[Client]:
    """A client of the given scheduler, or of a cluster of worker processes in this machine.

    Args:
        scheduler: its address; None starts a cluster here.
        workers: processes of that cluster; one lives in this process.
        holds_model: whether each has the Dask resource `teacher`.
        threads: tasks at a time on each of them.
    """
    if scheduler:
        try:
            client = Client(scheduler, timeout="5s")
        except (OSError, ValueError) as error:
            raise PrerequisiteError(
                f"--scheduler {scheduler}: no Dask scheduler answers ({error}); "
                "start one with: dask scheduler"
            ) from error
        with _quiet(), client:
            yield client
        return
    # A model or a checking process must never be ended for its memory, nor for being busy. One
    # worker lives in this process: it starts at once, and has nobody to share with.
    with contextlib.ExitStack() as stack:
        settings = {
            "distributed.scheduler.worker-ttl": None,
            "distributed.worker.daemon": False,  # engines and sandboxes have children
        }
        stack.enter_context(dask.config.set(settings))
        with _children_ignore_ctrl_c():
            cluster = LocalCluster(
                n_workers=workers,
                processes=workers > 1,
                threads_per_worker=threads,
                resources={"teacher": 1} if holds_model else None,
                memory_limit=0,
                host="127.0.0.1" if workers > 1 else None,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            )
        stack.enter_context(cluster)
        yield stack.enter_context(Client(cluster))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Leave what goes wrong to the run's own errors; Dask's client logs tracebacks of it."""
    logger = logging.getLogger("distributed.client")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


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


def check_workers(client: Client, run: RunDirectory, holds_model: bool) -> None:
    """Refuse a cluster that cannot do the work, before it waits for ever."""
    check_resources(client, holds_model)
    check_sees(client, (run.root, run.ledger))


def check_resources(client: Client, holds_model: bool) -> None:
    """Refuse a cluster without workers, or without one that may hold a model where one is held.

    Raises:
        PrerequisiteError: with the command that starts one.
    """
    known = known_workers(client)
    if not known:
        raise PrerequisiteError("the Dask scheduler has no workers; start one with: dask worker")
    if holds_model and not any(w.get("resources", {}).get("teacher") for w in known.values()):
        raise PrerequisiteError(
            "no Dask worker has the resource `teacher`; start those that are to hold the model "
            "with: dask worker --no-nanny --nthreads 3 --resources teacher=1"
        )


def check_sees(client: Client, directories: Iterable[Path]) -> None:
    """Refuse workers that do not see a directory.

    Raises:
        PrerequisiteError: naming the directory and the workers.
    """
    for directory in directories:
        sees = client.run(os.path.isdir, str(directory))
        blind = sorted(address for address, answer in sees.items() if not answer)
        if blind:
            raise PrerequisiteError(
                f"{directory}: not seen by the Dask workers {', '.join(blind)}; "
                "put it on storage that all of them share"
            )


class BudgetPlugin(SchedulerPlugin):  # type: ignore[misc]  # Dask has no types
    """Keeps a run's budget beside the scheduler, where every worker reaches it."""

    def __init__(self, start: str, budget: Callable[[], Budget]) -> None:
        self.name = handler_name(start)
        self._make_budget = budget

    async def start(self, scheduler: Any) -> None:
        """Take calls from the workers."""
        self._budget = self._make_budget()
        scheduler.handlers[self.name] = self._budget.exchange

    def add_worker(self, scheduler: Any, worker: str) -> None:
        """One may come back at the address of one that was lost."""
        self._budget.admit(worker)

    def remove_worker(self, scheduler: Any, worker: str, **kwargs: Any) -> None:
        """Count what a worker had in flight as spent."""
        self._budget.drop(worker)


def handler_name(start: str) -> str:
    """The name under which workers reach the budget of one start of a run."""
    return f"factory_budget_{start}"


def open_purse(worker: Worker, start: str, teacher: str) -> Purse:
    """A worker's access to the budget of one start of a run, for one teacher."""
    call = getattr(worker.scheduler, handler_name(start))

    def exchange(**message: Any) -> dict[str, Any]:
        reply: dict[str, Any] = sync(worker.loop, call, **message)
        return reply

    return Purse(worker.address, teacher, exchange)
