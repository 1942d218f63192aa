"""Hostile mathematics under 64 threads: does the deadline hold, and is any verdict wrong?

    python -m tests.benchmarks.hostile_math

64 threads ask for 640 comparisons at once: a part of them can never end in time, the rest need
math-verify too and have known verdicts. The deadline is a CPU second of the checking process from
its start on the pair. What a late process used is read from the kernel when it is reaped, less what
it had used when the pair was written to it.
"""

import os
import random
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psutil

from factory.errors import Unjudged
from filters import checking
from tests.benchmarks.machine import describe, spread

DEADLINE_S = 1.0
HOSTILE = [
    ("5", "9^{9^{9^{9}}}"),
    ("5", "2^{2^{2^{2^{2^{2}}}}}"),
    ("5", "100000000!"),
    ("\\sin x", "\\int_0^x \\int_0^y e^{t^t+\\sin t} dt dy"),
    ("1", "\\prod_{k=1}^{10000000} \\frac{k}{k+1}"),
    ("x", "(a+b+c+d+e+f)^{60}-(a+b+c+d+e+f)^{59}(a+b)"),
]
FAIR = [
    ("a\\sin 2x", "2a\\sin x\\cos x", True),
    ("x^2+y^2=1", "x^2+y^2=4", False),
    ("\\frac{x^2-1}{x-1}", "x+1", True),
    ("\\tan^2 y+1", "\\sec^2 y", True),
    ("\\sqrt{3+2\\sqrt{2}}", "1+\\sqrt{2}", True),
    ("\\sum_{k=1}^{4} k", "10", True),
    ("(x+1)^3", "x^3+3x^2+3x+2", False),
]

late: list[float] = []
"""CPU seconds that the late processes used on their pairs."""
_started: dict[int, float] = {}


class Measured(subprocess.Popen):  # type: ignore[type-arg]
    """A process whose CPU seconds are read when it is reaped."""

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None and timeout is None:
            _, status, usage = os.wait4(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
            if self.pid in _started and self.returncode in checking._LATE:
                late.append(usage.ru_utime + usage.ru_stime - _started.pop(self.pid))
        return int(super().wait(timeout))


def start() -> "subprocess.Popen[bytes]":
    """The checking process, measured."""
    plain = subprocess.Popen
    subprocess.Popen = Measured  # type: ignore[misc]
    try:
        return ORIGINAL()
    finally:
        subprocess.Popen = plain  # type: ignore[misc]


ORIGINAL = checking.start_child


def ask(pair: tuple[str, ...]) -> str:
    """How a comparison ended: a verdict, or a reason."""
    gold, predicted, *_ = pair
    try:
        return str(checking.check(gold, predicted, timeout_s=DEADLINE_S))
    except Unjudged as unjudged:
        return unjudged.reason


def measure() -> None:
    """Note what each process had used before it got its pair."""
    compare = checking.Checker.compare

    def noting(self: checking.Checker, gold: str, predicted: str, *, timeout_s: float) -> object:
        times = psutil.Process(self.pid).cpu_times()
        _started[self.pid] = times.user + times.system
        return compare(self, gold, predicted, timeout_s=timeout_s)

    checking.Checker.compare = noting  # type: ignore[assignment, method-assign]
    checking.start_child = start


def main() -> None:
    """Print the figures."""
    print(describe())
    measure()
    draw = random.Random(4)
    work: list[tuple[object, ...]] = [draw.choice(HOSTILE) for _ in range(64)]
    work += [draw.choice(FAIR) for _ in range(576)]
    draw.shuffle(work)
    begun = time.perf_counter()
    with ThreadPoolExecutor(64) as pool:
        ended = list(pool.map(ask, work))  # type: ignore[arg-type]
    wall = time.perf_counter() - begun
    fair = Counter(
        "right" if reply == str(pair[2]) else reply
        for pair, reply in zip(work, ended, strict=True)
        if len(pair) == 3
    )
    hostile = Counter(reply for pair, reply in zip(work, ended, strict=True) if len(pair) == 2)
    print(f"{len(work)} comparisons by 64 threads in {wall:.0f} s, load {os.getloadavg()[0]:.1f}")
    print("  fair:", dict(fair))
    print("  hostile:", dict(hostile))
    print(f"  CPU seconds of {len(late)} late ones, deadline {DEADLINE_S}:", spread(late))


if __name__ == "__main__":
    main()
