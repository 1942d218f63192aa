"""Work on parts as Dask tasks: one task a number, its result a file, its return value counts.

A task travels to its worker with everything that it refers to, once for each number: what is large
is read from the disk there, and what grows with the numbers is cut by `arguments`. Whoever calls
knows by the files what is done already.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from distributed import Client, as_completed
from distributed.client import FutureCancelledError

from factory.errors import (
    CapReached,
    ConfigError,
    FactoryError,
    PartError,
    SchedulerLost,
    TeacherError,
)
from factory.progress import Progress

__all__ = ["Client", "known_workers", "on_parts", "outcome"]


def known_workers(client: Client) -> dict[str, dict[str, Any]]:
    """What the scheduler knows of each worker, by address.

    Asked anew: what the client keeps of it is emptied now and then by a callback of its own.
    """
    found: dict[str, dict[str, Any]]
    found = client.sync(client.scheduler.identity, n_workers=-1)["workers"]
    return found


def on_parts(
    client: Client,
    task: Callable[..., dict[str, int]],
    numbers: Iterable[int],
    *,
    stage: str,
    progress: Progress,
    is_done: Callable[[int], bool],
    arguments: Callable[[int], tuple[Any, ...]] | None = None,
    resources: Mapping[str, float] | None = None,
) -> Counter[str]:
    """Run a task for each number that is not done, and add up what they count.

    One that fails does not stop the others; what no other number would do better with, such as a
    wrong setting, does.

    Args:
        client: of the cluster.
        task: takes a number, or its `arguments`; picklable.
        numbers: of the parts or partitions.
        stage: what is done, for people.
        progress: is told of each number that is done.
        is_done: whether the result of a number is there already.
        arguments: what the task takes for a number in its place; picklable.
        resources: what a task takes of those that its worker has.

    Raises:
        CapReached: no more may be spent.
        PartError: tasks failed; what the others made is kept.
        ConfigError: a setting does not fit the data.
        SchedulerLost: the Dask scheduler does not answer any more.
    """
    numbers = list(numbers)
    missing = [number for number in numbers if not is_done(number)]
    progress.stage(stage, total=len(numbers), done=len(numbers) - len(missing))
    taken = dict(resources) if resources else None
    futures = [
        client.submit(
            task, *(arguments(number) if arguments else (number,)), pure=False, retries=0,
            resources=taken,
        )
        for number in missing
    ]  # fmt: skip
    counts: Counter[str] = Counter()
    failures: list[BaseException] = []
    for future in as_completed(futures):
        found = outcome(future)
        if isinstance(found, SchedulerLost):
            raise found
        if isinstance(found, ConfigError | TeacherError):
            client.cancel(futures, force=True)
            raise found
        if isinstance(found, BaseException):
            failures.append(found)
            continue
        counts.update(found)
        progress.part_done(found)
    for failure in failures:
        if isinstance(failure, CapReached):
            raise failure
    if failures:
        raise _summary(stage, failures, len(missing)) from failures[0]
    return counts


def outcome(future: Any) -> Any:
    """What a task returned, or the exception that it raised; `SchedulerLost` where nobody knows."""
    found: Any = None
    with contextlib.suppress(FutureCancelledError, OSError):  # the latter: of the connection
        found = future.result() if future.status == "finished" else future.exception()
    if found is not None:
        return found
    return SchedulerLost(
        "the Dask scheduler is gone; what is finished is kept, start it again and run the same "
        "command again"
    )


def _summary(stage: str, failures: Sequence[BaseException], total: int) -> PartError:
    first = failures[0]
    text = str(first) if isinstance(first, FactoryError) else f"{type(first).__name__}: {first}"
    return PartError(
        f"{stage}: {len(failures)} of {total} tasks failed, what is finished is kept: {text}"
    )
