"""Comparisons in child processes, with a deadline that holds in any thread.

The deadline counts the child's CPU seconds, so that a busy machine does not turn right answers into
late ones; a wall-clock backstop catches a child that waits for ever. A child that is late or dies
is replaced. One ends by itself when its parent is gone, because its input ends.
"""

import atexit
import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil

from factory.errors import Unjudged

_BACKSTOP = 20
"""Wall-clock seconds allowed for each CPU second."""


class Checker:
    """One child process that compares a pair at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "filters.math_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._usage = psutil.Process(self._process.pid)
        self._selector = selectors.DefaultSelector()
        assert self._process.stdout
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        # The first line says that the imports are done; they are not on the first pair's clock.
        self._read(cpu_s=60.0)

    def compare(self, gold: str, predicted: str, *, timeout_s: float) -> bool | str:
        """The child's verdict, or its reason for having none.

        Raises:
            Unjudged: `timeout` or `checker_died`; the child is of no further use.
        """
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps([gold, predicted]).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Unjudged("checker_died") from None
        reply: bool | str = json.loads(self._read(cpu_s=timeout_s))
        return reply

    def _read(self, *, cpu_s: float) -> bytes:
        """The next line of the child, unless it spends its time first."""
        assert self._process.stdout
        spent, started = self._cpu_s(), time.monotonic()
        line = b""
        while not line.endswith(b"\n"):
            if self._selector.select(timeout=0.05):
                chunk = os.read(self._process.stdout.fileno(), 65536)
                if not chunk:
                    raise Unjudged("checker_died")
                line += chunk
            elif self._cpu_s() - spent > cpu_s or time.monotonic() - started > _BACKSTOP * cpu_s:
                raise Unjudged("timeout")
        return line

    def _cpu_s(self) -> float:
        try:
            times = self._usage.cpu_times()
        except psutil.NoSuchProcess:
            raise Unjudged("checker_died") from None
        return float(times.user + times.system)

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


_idle: list[Checker] = []
_lock = threading.Lock()


@contextlib.contextmanager
def _borrowed() -> Iterator[Checker]:
    """A checker for this thread alone: an idle one, or a new one."""
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


@atexit.register
def close_all() -> None:
    """End the idle children of this process."""
    with _lock:
        while _idle:
            _idle.pop().close()


def check(gold: str, predicted: str, *, timeout_s: float) -> bool:
    """What math-verify says of a pair, in a child process, from any thread.

    Raises:
        Unjudged: `gold_unparseable`, `timeout`, `checker_died` or `checker_error`.
    """
    with _borrowed() as checker:
        reply = checker.compare(gold, predicted, timeout_s=timeout_s)
    if isinstance(reply, str):
        raise Unjudged(reply)
    return reply
