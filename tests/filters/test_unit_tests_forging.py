"""No program gets a pass that it has not earned; each forgery beats a checker less careful."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from factory.apply import apply_filter
from factory.records import UnitTest
from filters import sandbox
from filters.program import fenced
from filters.sandbox import Limits
from filters.unit_tests import UnitTests, passes
from tests.filters.forgeries import FORGERIES, MARKED, ON_THE_CHANNEL
from tests.toys import response

LIMITS = Limits(cpu_s=2.0, wall_s=10.0)
ALL = FORGERIES | MARKED | ON_THE_CHANNEL


def in_one_process(program: str, test: str) -> sandbox.Outcome:
    """The program and its test in one process, which says `PASSED` and exits with 0 at its end."""
    call = "" if "except KeyboardInterrupt" in test else "check(f)\n"
    source = f"{program}\n{test}\n{call}print('PASSED')"
    # The text stays in memory while it runs, for those that look there.
    start = "text = open('program.py').read(); exec(compile(text, 'program.py', 'exec'))"
    command = [str(Path(sys.executable).resolve()), "-I", "-c", start]
    return sandbox.run(command, files={"program.py": source.encode()}, limits=LIMITS)


def test_there_are_enough_forgeries():
    assert len(FORGERIES) >= 40


@pytest.mark.parametrize("name", ALL)
def test_no_forgery_is_believed(name):
    program, test = ALL[name]
    assert passes(program, test, entry_point="f", limits=LIMITS) is False


@pytest.mark.parametrize("name", FORGERIES)
def test_a_checker_that_trusts_exit_codes_believes_it(name):
    outcome = in_one_process(*FORGERIES[name])
    assert (outcome.status, outcome.exit_code) == ("exited", 0), outcome.stderr.decode()


@pytest.mark.parametrize("name", MARKED)
def test_a_checker_that_trusts_a_marker_believes_it(name):
    assert b"PASSED" in in_one_process(*MARKED[name]).stdout


HONEST = "def f(x): return {3: 41, 10: 977}.get(x, 'zq') if not isinstance(x, list) else x"


def test_an_honest_program_passes_the_test_that_is_forged():
    _, test = FORGERIES["exits_with_0"]
    assert passes(HONEST, test, entry_point="f", limits=LIMITS)


@pytest.mark.parametrize("name", FORGERIES)
def test_no_forgery_is_believed_where_calls_are_compared(name):
    program, _ = FORGERIES[name]
    calls = (("[3]", "41"), ("[10]", "977"), ('["ab"]', '"zq"'))
    tests = tuple(
        UnitTest(kind="call", input=given, expected=value, entry_point="f")
        for given, value in calls
    )
    answer = response(fenced(program, "python"))
    asked = replace(answer.prompt, tests=tests, language="python")
    verdict = apply_filter(UnitTests(cpu_s=2.0), replace(answer, prompt=asked))
    assert verdict.decision == "drop"
    assert UnitTests.share(verdict.score) < 1


def test_many_at_once_do_not_hear_each_other():
    cheat, test = FORGERIES["exits_with_0"]
    jobs = [(HONEST, True), (cheat, False)] * 16

    def judge(job: tuple[str, bool]) -> bool:
        return passes(job[0], test, entry_point="f", limits=LIMITS)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(judge, jobs)) == [right for _, right in jobs]


def test_nothing_is_left_behind():
    for name in ("exits_with_0", "closes_everything", "replaces_the_helper"):
        passes(*ALL[name], entry_point="f", limits=LIMITS)
    files = len(os.listdir("/proc/self/fd"))
    for name in ("exits_with_0", "closes_everything", "replaces_the_helper") * 5:
        passes(*ALL[name], entry_point="f", limits=LIMITS)
    assert len(os.listdir("/proc/self/fd")) == files
