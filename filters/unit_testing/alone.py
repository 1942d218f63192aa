"""Second chances: what was too slow by the clock is tried once more with nothing beside it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from factory.errors import Unjudged

T = TypeVar("T")


class Late(Exception):
    """A program was ended by the clock; a busy machine may be the reason."""


class Turnstile:
    """Lets many in at once, or one alone; who waits to be alone goes before later ones."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._want_alone = 0

    @contextmanager
    def beside_others(self) -> Iterator[None]:
        """Inside together with others."""
        with self._changed:
            self._changed.wait_for(lambda: not self._want_alone)
            self._inside += 1
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside with nobody else."""
        with self._changed:
            self._want_alone += 1
            self._changed.wait_for(lambda: not self._inside)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._want_alone -= 1
            self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()


_turnstile = Turnstile()


def twice_if_late(attempt: Callable[[], T]) -> T:
    """What an attempt returns; one that is late is made again, alone among this process's threads.

    Raises:
        Unjudged: `wall_timeout`, where it is late again.
    """
    try:
        with _turnstile.beside_others():
            return attempt()
    except Late:
        pass
    try:
        with _turnstile.alone():
            return attempt()
    except Late:
        raise Unjudged("wall_timeout") from None
