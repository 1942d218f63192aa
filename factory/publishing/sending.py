"""Several uploads at a time, in threads that nobody has to wait for after Ctrl-C."""

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
IN_FLIGHT = 4
"""Shards on their way at once, and what a kill may cost at most."""


def send_all(
    items: Sequence[Item],
    send: Callable[[Item], None],
    sent: Callable[[Item], None],
    in_flight: int = IN_FLIGHT,
) -> None:
    """Send each item; after a failure what is on its way is finished, then it is raised.

    Args:
        items: in the order in which they are begun.
        send: called in several threads.
        sent: called in this one, for each as it is finished.
        in_flight: threads.
    """
    waiting = iter(items)
    taking, stop = threading.Lock(), threading.Event()
    results: SimpleQueue[tuple[Item, Exception | None] | None] = SimpleQueue()

    def work() -> None:
        while not stop.is_set():
            with taking:
                item = next(waiting, None)
            if item is None:
                break
            try:
                send(item)
                results.put((item, None))
            except Exception as error:  # raised again in the caller's thread
                stop.set()
                results.put((item, error))
        results.put(None)

    # Daemons: an executor's threads would keep the program from ending until they are done.
    threads = [threading.Thread(target=work, daemon=True) for _ in range(in_flight)]
    for thread in threads:
        thread.start()
    failure: Exception | None = None
    running = len(threads)
    try:
        while running:
            result = results.get()
            if result is None:
                running -= 1
            elif result[1] is None:
                sent(result[0])
            else:
                failure = failure or result[1]
    finally:
        stop.set()
    if failure:
        raise failure
