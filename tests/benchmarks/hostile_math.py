"""Hostile mathematics under 64 threads: does the deadline hold, and is any verdict wrong?

    python -m tests.benchmarks.hostile_math

64 threads ask for 640 comparisons at once: a part of them can never end in time, the rest need
math-verify too and have known verdicts. The deadline is a CPU second of the checking process from
its start on the pair. What a late process used is read from the kernel every 5 ms until it has
ended, less what it had used when the pair was written to it.
"""

import contextlib
import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from factory.errors import Unjudged
from filters import checking
from filters.sandbox.confined import Confined
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


def ask(pair: tuple[str, ...]) -> str:
    """How a comparison ended: a verdict, or a reason."""
    gold, predicted, *_ = pair
    try:
        return str(checking.check(gold, predicted, timeout_s=DEADLINE_S))
    except Unjudged as unjudged:
        return unjudged.reason


def measure() -> None:
    """Note what each process uses on its pair."""
    compare = checking.Checker.compare

    def noting(self: checking.Checker, gold: str, predicted: str, *, timeout_s: float) -> object:
        assert isinstance(self._process, Confined)
        used, done = [self._process.cpu_s()], threading.Event()
        sampler = threading.Thread(target=_sample, args=(self._process, used, done))
        sampler.start()
        try:
            return compare(self, gold, predicted, timeout_s=timeout_s)
        except Unjudged as unjudged:
            if unjudged.reason == "timeout":
                late.append(used[-1] - used[0])
            raise
        finally:
            done.set()
            sampler.join()

    checking.Checker.compare = noting  # type: ignore[assignment, method-assign]


def _sample(process: Confined, used: list[float], done: threading.Event) -> None:
    """Append the CPU seconds of a process until it has ended."""
    with contextlib.suppress(ProcessLookupError):
        while not done.wait(0.005):
            used.append(process.cpu_s())


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
        ended = list(pool.map(ask, work))
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
