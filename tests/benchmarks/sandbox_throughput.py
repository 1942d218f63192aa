"""Programs/s of the sandbox against an interpreter that is started bare for each.

    python -m tests.benchmarks.sandbox_throughput

The program adds up the numbers that it reads, and every side gives it its input and takes its
output. Bare: `python -I -c`, with no isolation at all. Cold: the same started by bwrap in the
namespaces and files that surround our warm interpreter, without the filter of system calls. Ours:
`filters.sandbox.run`. Sides take turns, so that what else the machine does meets all of them; a
ratio is of the rates within a lap.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from filters import sandbox
from filters.sandbox import shell
from tests.benchmarks.machine import describe, spread

PROGRAM = "print(sum(map(int, input().split())))"
NUMBERS = b"1 2 3 4\n"
LAPS, PROGRAMS = 9, 60


def start(command: list[str]) -> bytes:
    """What a freshly started interpreter prints."""
    return subprocess.run(command, input=NUMBERS, capture_output=True, check=True).stdout


def bare() -> bytes:
    """No isolation: the environment's interpreter, which has few packages to look at."""
    return start([sys.executable, "-I", "-c", PROGRAM])


def base() -> bytes:
    """No isolation: the interpreter that the sandbox runs, with the packages beside it."""
    return start([shell.python(), "-I", "-c", PROGRAM])


def cold() -> bytes:
    """bwrap for each program."""
    command = [shell.python(), "-I", "-c", PROGRAM]
    return start(shell.command(command, directories=shell.python_directories()))


def ours() -> bytes:
    """The warm interpreter."""
    return sandbox.run(PROGRAM, stdin=NUMBERS).stdout


def rate(side: Callable[[], bytes], *, at_once: int) -> float:
    """Programs/s of a lap, with so many at once."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        outputs = list(pool.map(lambda _: side(), range(PROGRAMS)))
    assert set(outputs) == {b"10\n"}
    return PROGRAMS / (time.perf_counter() - begun)


def main() -> None:
    """Print the figures."""
    print(describe())
    print("layers:", ", ".join(sandbox.layers()))
    for at_once in (1, 2):
        sides = (bare, base, cold, ours)
        laps = [[rate(side, at_once=at_once) for side in sides] for _ in range(LAPS)]
        print(f"{at_once} at once, {LAPS} laps of {PROGRAMS} programs")
        for name, rates in zip(
            ("bare", "bare, base", "cold bwrap", "ours"), zip(*laps, strict=True), strict=True
        ):
            print(f"  {name:10}", spread(rates), "programs/s")
        print("  ours to bare:", spread([ours / bare for bare, _, _, ours in laps]))
        print("  ours to bare, base:", spread([ours / base for _, base, _, ours in laps]))
    took = [sandbox.run(PROGRAM, stdin=NUMBERS) for _ in range(100)]
    print(
        f"a program: {1000 * median(o.wall_s for o in took):.1f} ms on the clock, "
        f"{1000 * median(o.cpu_s for o in took):.1f} ms of CPU"
    )


if __name__ == "__main__":
    main()
