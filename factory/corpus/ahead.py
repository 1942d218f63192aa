"""The next item made in a thread while this one is used."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items in the same order, each begun while the one before is used.

    What making an item raises is raised in its place; two items are in memory at most.

    Args:
        items: a generator; it is closed in the end.
    """
    end = object()
    with (
        contextlib.closing(items),  # type: ignore[type-var]  # generators have a close
        ThreadPoolExecutor(1) as pool,
    ):
        pending = pool.submit(next, items, end)
        while (item := pending.result()) is not end:
            pending = pool.submit(next, items, end)
            yield item  # type: ignore[misc]  # an item
