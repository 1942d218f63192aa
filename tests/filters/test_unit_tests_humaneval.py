"""HumanEval, all of it when slow tests run: what is right passes, and what is changed fails."""

import pytest

from filters import sandbox
from filters.sandbox import Limits
from filters.unit_tests import passes
from tests.filters.mutants import Problem, mutants, problems

PROBLEMS = problems()
HELPED = ["HumanEval/32", "HumanEval/33", "HumanEval/38", "HumanEval/50"]
"""Their tests call other functions of the prompt by name, or the entry point by its own."""
SAMPLE = [p for n, p in enumerate(PROBLEMS) if p.task_id in HELPED or n % 20 == 0]
LIMITS = Limits(cpu_s=2.0)


def passes_humaneval(program: str, problem: Problem) -> bool:
    return passes(program, problem.test, entry_point=problem.entry_point, limits=LIMITS)


def passes_in_one_process(program: str, problem: Problem) -> bool:
    """The verdict of HumanEval's own way, which is right for programs that do not cheat."""
    source = f"{program}\n{problem.test}\ncheck({problem.entry_point})\n"
    outcome = sandbox.run(source, limits=LIMITS)
    return outcome.status == "exited" and outcome.exit_code == 0


@pytest.mark.parametrize("problem", SAMPLE, ids=lambda problem: problem.task_id)
def test_a_canonical_solution_passes_and_a_stub_does_not(problem):
    assert passes_humaneval(problem.program, problem)
    assert not passes_humaneval(problem.prompt + "    return None\n", problem)


@pytest.mark.parametrize("problem", SAMPLE[:6], ids=lambda problem: problem.task_id)
def test_mutants_are_judged_as_in_one_process(problem):
    for change, program in list(mutants(problem))[:4]:
        judged = passes_humaneval(program, problem)
        assert judged is passes_in_one_process(program, problem), change


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_canonical_solutions_pass():
    assert [p.task_id for p in PROBLEMS if not passes_humaneval(p.program, p)] == []
    assert len(PROBLEMS) == 164


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_mutants_are_judged_as_in_one_process():
    """Those that pass on both sides are equal to the original, as far as HumanEval's tests see."""
    verdicts = [
        (f"{problem.task_id}: {change}", passes_humaneval(program, problem), program, problem)
        for problem in PROBLEMS
        for change, program in mutants(problem)
    ]
    differ = [
        change
        for change, passed, program, problem in verdicts
        if passed is not passes_in_one_process(program, problem)
    ]
    assert differ == []
    failed = sum(not passed for _, passed, _, _ in verdicts)
    assert failed > 0.85 * len(verdicts) > 1500
