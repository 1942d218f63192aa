"""Tests of a program, each with its result: empty where it passed, else the reason."""

from collections.abc import Callable, Sequence
from typing import Any

from factory.errors import Unjudged
from factory.records import UnitTest
from filters import sandbox
from filters.unit_testing.alone import Late, twice_if_late
from filters.unit_testing.session import hold

_DROPS = {
    "exited": "crashed",
    "signal": "crashed",
    "cpu_timeout": "cpu_timeout",
    "memory": "memory_limit",
    "processes": "process_limit",
    "output_limit": "output_limit",
}
_SAID = {
    "passed": "",
    "failed": "tests_failed",
    "skipped": "tests_failed",
    "syntax_error": "compile_error",
    "load_failed": "crashed",
    "disordered": "crashed",
}


def reason_of_end(status: str) -> str:
    """Why a program that ended this way has failed.

    Raises:
        Late: it was ended by the clock.
        Unjudged: `sandbox_failed`.
    """
    if status == "wall_timeout":
        raise Late
    if status not in _DROPS:
        raise Unjudged("sandbox_failed")
    return _DROPS[status]


def by_calls(
    program: str,
    cases: Sequence[dict[str, Any]],
    limits: sandbox.Limits,
    **options: Any,
) -> list[str]:
    """The results of tests that call the program; the arguments are those of `hold`.

    Raises:
        Unjudged: `bad_test`, `program_unused`, `argument_not_plain` or `own_operator`: the test
            tells nothing; `wall_timeout`, twice; `sandbox_failed`.
    """

    def attempt() -> list[str]:
        session = hold(program, cases, limits, **options)
        ended = reason_of_end(session.ended) if session.ended else ""
        return [_result(word, ended) for word in session.said]

    return twice_if_late(attempt)


def _result(word: str, ended: str) -> str:
    if word in _SAID:
        return _SAID[word]
    if word in ("", "broken"):
        return ended
    raise Unjudged(word)


def by_output(
    execute: Callable[[bytes], sandbox.Outcome], test: UnitTest, same: Callable[[str, str], bool]
) -> str:
    """The result of a test by standard input and output.

    Args:
        execute: runs the program on an input.
        test: its input and output.
        same: whether what was printed is what was expected.

    Raises:
        Unjudged: `wall_timeout`, twice; `sandbox_failed`.
    """

    def attempt() -> str:
        outcome = execute(test.input.encode("utf-8", "surrogatepass"))
        if outcome.status != "exited" or outcome.exit_code != 0:
            return reason_of_end(outcome.status)
        printed = outcome.stdout.decode("utf-8", "replace")
        return "" if same(printed, test.expected) else "tests_failed"

    return twice_if_late(attempt)
