"""Work on many items in several processes, results in the order of the items, few at a time.

For what is local and short-lived: judging stored responses again, checking a dataset made
elsewhere. A run's own work goes through `factory.engine`.
"""

import itertools
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from factory.errors import RunError

T = TypeVar("T")
R = TypeVar("R")


def in_order(function: Callable[[T], R], items: Iterable[T], *, workers: int) -> Iterator[R]:
    """What a function returns for each item, in their order.

    At most `2 * workers` items are taken ahead of what was handed on, so that memory does not grow
    with their number.

    Args:
        function: picklable, where there is more than one worker.
        items: taken as there is room.
        workers: processes; with one, or one item, the work is done in this process.

    Raises:
        RunError: a process died, such as for want of memory.
    """
    remaining = iter(items)
    first = list(itertools.islice(remaining, 2))
    if workers <= 1 or len(first) < 2:
        yield from map(function, itertools.chain(first, remaining))
        return
    context = multiprocessing.get_context("spawn")  # threads and children of this process stay out
    waiting: deque[Future[R]] = deque()
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_ctrl_c)
    try:
        for item in itertools.chain(first, remaining):
            waiting.append(pool.submit(function, item))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise RunError(
            "a process that judged responses died, perhaps for want of memory; "
            "run the same command with --workers 1"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_ctrl_c() -> None:
    """Ctrl-C goes to all processes of a terminal; the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
