"""HumanEval through `passes`: verdicts, time per problem, and mutants that survive.

    python -m tests.benchmarks.humaneval [--mutants]

One call after the other, the sandbox's interpreter warm. With `--mutants` every program that
differs from a canonical solution in one place is judged too, and in one process with its test as
HumanEval does it; the two must agree.
"""

import sys
import time

from filters import sandbox
from filters.sandbox import Limits
from filters.unit_tests import passes
from tests.benchmarks.machine import describe, spread
from tests.filters.mutants import Problem, mutants, problems

LIMITS = Limits(cpu_s=2.0)


def timed(program: str, problem: Problem) -> tuple[bool, float]:
    """(verdict, milliseconds)."""
    started = time.perf_counter()
    passed = passes(program, problem.test, entry_point=problem.entry_point, limits=LIMITS)
    return passed, (time.perf_counter() - started) * 1000


def in_one_process(program: str, problem: Problem) -> bool:
    """HumanEval's own verdict on a program that does not cheat."""
    source = f"{program}\n{problem.test}\ncheck({problem.entry_point})\n"
    outcome = sandbox.run(source, limits=LIMITS)
    return outcome.status == "exited" and outcome.exit_code == 0


def canonical_solutions() -> None:
    """Print the verdicts and times of the canonical solutions."""
    timed(problems()[0].program, problems()[0])  # warms the sandbox
    results = [(problem, *timed(problem.program, problem)) for problem in problems()]
    print(f"canonical: {sum(passed for _, passed, _ in results)} of {len(results)} pass")
    print("ms a problem:", spread([milliseconds for *_, milliseconds in results]))
    for problem, _, milliseconds in sorted(results, key=lambda result: -result[2])[:8]:
        print(f"  {problem.task_id} {milliseconds:.0f} ms")


def changed_solutions() -> None:
    """Print how many mutants fail, where the two ways differ, and what survives."""
    survivors, differ, total = [], [], 0
    for problem in problems():
        for change, program in mutants(problem):
            total += 1
            passed, _ = timed(program, problem)
            if passed:
                survivors.append(f"{problem.task_id}: {change}")
            if passed is not in_one_process(program, problem):
                differ.append(f"{problem.task_id}: {change}")
    print(f"mutants: {total}, fail {total - len(survivors)}, survive {len(survivors)}")
    print(f"judged otherwise in one process: {differ}")
    print(*survivors, sep="\n")


if __name__ == "__main__":
    print(describe())
    canonical_solutions()
    if "--mutants" in sys.argv:
        changed_solutions()
