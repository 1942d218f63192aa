"""The requests inside an engine, and which of them to suspect when it dies.

An engine that dies is built again and gets its requests back. Those that have seen it die twice are
then tried a sixteenth at a time, and in the end alone: a request that ends the engine alone is at
fault, and fails by itself. Three different prompts of which each seems to be at fault, without an
answer between them, are not: the engine is.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from factory.errors import TeacherError
from factory.records import Completion, Request

_MAX_FAILURES = 3
"""Failures in a row, without an answer between them, that no single prompt explains."""
_SHARE = 16
"""A few starts find one of 320 requests so, and most of them are still computed together."""


@dataclass(frozen=True, slots=True)
class Flight:
    """A request on its way."""

    index: int
    request: Request
    tokens: Sequence[int]
    max_tokens: int


class Flights:
    """What was taken and is not answered yet.

    Args:
        room: how many at most.
    """

    def __init__(self, room: int) -> None:
        self._room = self._width = room
        self._all: dict[str, Flight] = {}
        self._inside: set[str] = set()
        self._suspects: set[str] = set()
        self._deaths: Counter[str] = Counter()
        self._failures = 0
        self._culprits: set[tuple[int, ...]] = set()
        self._blamed: list[tuple[int, Completion]] = []

    def __bool__(self) -> bool:
        return bool(self._all or self._blamed)

    def has_room(self) -> bool:
        """Whether another may be taken."""
        return len(self._all) < self._width

    def take(self, name: str, flight: Flight) -> None:
        """Take another; names are unique."""
        self._all[name] = flight

    def inside(self) -> list[str]:
        """The names of those that the engine holds."""
        return list(self._inside)

    def next_in(self) -> tuple[str, Flight] | None:
        """One that the engine is to hold and does not; from now on it does."""
        for name in islice(self._all, self._width):
            if name not in self._inside:
                self._inside.add(name)
                return name, self._all[name]
        return None

    def refuse(self, name: str) -> int:
        """Forget one that the engine does not take; returns its index."""
        self._inside.discard(name)
        self._suspects.discard(name)
        self._deaths.pop(name, None)
        return self._all.pop(name).index

    def end(self, ended: Iterable[tuple[str, Completion]]) -> list[tuple[int, Completion]]:
        """(index, completion) of those that the engine has ended; others' are passed over."""
        known = [(name, done) for name, done in ended if name in self._inside]
        answers = [(self.refuse(name), done) for name, done in known]
        if answers:
            if self._culprits:  # found: the others are in the clear
                self._culprits.clear()
                self._suspects.clear()
                self._deaths.clear()
            if not self._suspects:
                self._width = self._room
            self._failures = 0
        return answers + self._release(bool(answers))

    def _release(self, engine_works: bool) -> list[tuple[int, Completion]]:
        """Those that were found at fault, once that is certain or nothing else is left to try."""
        if not engine_works and self._all:
            return []
        blamed, self._blamed = self._blamed, []
        return blamed

    def fail(self, reason: str, engine: str) -> None:
        """The engine is gone, and with it what it held; settle what to try next.

        Args:
            reason: why, in a line.
            engine: what it called itself.

        Raises:
            TeacherError: no single request is at fault.
        """
        self._failures += 1
        held, self._inside = self._inside, set()
        self._deaths.update(held)
        if self._suspects and len(held) == 1:
            (name,) = held
            self._culprits.add(tuple(self._all[name].tokens))
            completion = Completion(
                finish_reason="error", error=f"engine_error: {reason}", engine=engine
            )
            self._blamed.append((self.refuse(name), completion))
            hopeless = len(self._culprits) >= _MAX_FAILURES
        else:
            hopeless = not held and self._failures >= _MAX_FAILURES
        if hopeless:
            text = f"the vllm engine failed {self._failures} times without an answer between"
            raise TeacherError(f"{text}; the last time: {reason}")
        # The oldest have seen most, so that suspects are the first to go in again.
        if suspects := {name for name, times in self._deaths.items() if times > 1 and name in held}:
            self._suspects = suspects
            self._width = max(1, len(suspects) // _SHARE)
