"""Comparisons in child processes, with a deadline that holds in any thread.

The deadline counts the child's CPU seconds from its start on the pair. The kernel keeps it: the
child sets a timer on its own CPU time whose signal ends it, so that neither a busy machine nor a
parent that is late to look changes what is too long. A child that waits for ever meets a
wall-clock backstop. Its pair, like one whose child died, is tried once more alone before it is
called unjudged. A child that is late or dies is replaced; one ends by itself when its parent is
gone, because its input ends.

The children run inside the sandbox: without network, files, or a way to other processes.

There are as many children as processors, however many threads ask; waiting for one is on no clock.
"""

import atexit
import contextlib
import functools
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

from factory.errors import PrerequisiteError, Unjudged
from filters.sandbox import Limits, spawn

_BACKSTOP = 20.0
"""Wall-clock seconds allowed for each CPU second."""
_LEAST_BACKSTOP_S = 20.0
_START_S = 300.0
"""Wall-clock seconds in which a child must have done its imports."""
_MEMORY_MB = 4096
_LATE = (-signal.SIGPROF, 128 + signal.SIGPROF)
"""How a child ends that its timer ended, seen directly or through a launcher."""


_COMMAND = (sys.executable, "-m", "filters.math_child")


@functools.cache
def confined() -> bool:
    """Whether the checking processes of this machine run inside the sandbox.

    Where namespaces are missing they run without: what they parse has passed
    `filters.math_refusal`, and no program of a model runs in them.
    """
    try:
        with spawn([sys.executable, "-c", ""]) as probe:
            return probe.wait(_START_S) == 0
    except (PrerequisiteError, subprocess.TimeoutExpired):
        return False


def start_child() -> "subprocess.Popen[bytes]":
    """A new checking process, with pipes to its standard input and from its standard output."""
    if confined():
        return spawn(_COMMAND, limits=Limits(memory_mb=_MEMORY_MB))
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(_COMMAND, stdin=pipe, stdout=pipe, stderr=nowhere)


class Backstop(Exception):
    """The wall clock ran out before the child's CPU time did."""


class Checker:
    """One child process that compares a pair at a time."""

    def __init__(self) -> None:
        self._process = start_child()
        self._selector = selectors.DefaultSelector()
        assert self._process.stdout
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        try:
            # The first line says that the imports are done; they are not on the first pair's clock.
            self._read(wall_s=_START_S)
        except BaseException as error:
            self.close()
            raise Unjudged("checker_died") if isinstance(error, Backstop) else error from None

    @property
    def pid(self) -> int:
        """The process that was started, which may be a launcher of the child."""
        return self._process.pid

    def compare(self, gold: str, predicted: str, *, timeout_s: float) -> bool | str:
        """The child's verdict, or its reason for having none.

        Raises:
            Unjudged: `timeout` or `checker_died`; the child is of no further use.
            Backstop: the child is of no further use.
        """
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps([gold, predicted, timeout_s]).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Unjudged("checker_died") from None
        line = self._read(wall_s=max(_LEAST_BACKSTOP_S, _BACKSTOP * timeout_s))
        try:
            reply = json.loads(line)
        except ValueError:
            raise Unjudged("checker_died") from None
        if not isinstance(reply, bool | str):
            raise Unjudged("checker_died")
        return reply

    def _read(self, *, wall_s: float) -> bytes:
        """The next line of the child."""
        assert self._process.stdout
        end = time.monotonic() + wall_s
        line = b""
        while not line.endswith(b"\n"):
            if not self._selector.select(timeout=max(0.0, end - time.monotonic())):
                raise Backstop
            chunk = os.read(self._process.stdout.fileno(), 65536)
            if not chunk:
                raise Unjudged("timeout" if self._process.wait() in _LATE else "checker_died")
            line += chunk
        return line

    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the child, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _num_children() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_idle: list[Checker] = []
_lock = threading.Lock()
_num_slots = _num_children()
_slots = threading.BoundedSemaphore(_num_slots)
_alone = threading.Lock()
"""Held by the one thread that gathers all slots."""


@contextlib.contextmanager
def _borrowed(*, alone: bool = False) -> Iterator[Checker]:
    """A checker for this thread: an idle one, or a new one; `alone` while no other works."""
    with _holding_slots(alone):
        with _lock:
            checker = _idle.pop() if _idle else None
        if checker and not checker.alive():
            checker.close()
            checker = None
        checker = checker or Checker()
        try:
            yield checker
        except BaseException:
            checker.close()  # it may still be busy with the pair
            raise
        with _lock:
            _idle.append(checker)


@contextlib.contextmanager
def _holding_slots(alone: bool) -> Iterator[None]:
    with contextlib.ExitStack() as held:
        if alone:
            held.enter_context(_alone)
        for _ in range(_num_slots if alone else 1):
            held.enter_context(_slots)
        yield


@atexit.register
def close_all() -> None:
    """End the idle children of this process."""
    with _lock:
        while _idle:
            _idle.pop().close()


def check(gold: str, predicted: str, *, timeout_s: float) -> bool:
    """What math-verify says of a pair, in a child process, from any thread.

    Raises:
        Unjudged: `gold_unparseable`, `timeout`, `backstop`, `checker_died` or `checker_error`.
    """
    try:
        with _borrowed() as checker:
            reply = checker.compare(gold, predicted, timeout_s=timeout_s)
    except Backstop:
        reply = _check_alone(gold, predicted, timeout_s)
    except Unjudged as unjudged:
        if unjudged.reason != "checker_died":
            raise
        reply = _check_alone(gold, predicted, timeout_s)  # it may have died of something else
    if isinstance(reply, str):
        raise Unjudged(reply)
    return reply


def _check_alone(gold: str, predicted: str, timeout_s: float) -> bool | str:
    """The second and last try, while no other child of this process works."""
    try:
        with _borrowed(alone=True) as checker:
            return checker.compare(gold, predicted, timeout_s=timeout_s)
    except Backstop:
        raise Unjudged("backstop") from None
