"""Programs against their tests, executed in the sandbox; what decides stands outside of it.

`stdio` tests compare what the program printed here, in the host. `call` and `check` tests run in a
checker's process that reaches the program by calls (`filters.unit_testing`), so that no expected
value, no test source and no verdict is ever where the program could read, change or forge it.

Policy. Of several programs in an answer the last one counts. A `stdio` test is passed only by a
program that also exits with 0. `call` compares with JSON values: a tuple is a list, 1 equals 1.0,
True equals no number, nan equals nothing. `check` compares as the test's source does, with Python's
own equality of data; an object of the program's own class equals itself, one of its own list or
dictionary class what it holds, and what the program changes in its arguments is not seen. The
`call` tests of a prompt share one process of the program and its limits; all others have their own.
CPU seconds decide a time-out; the clock only ever gives `unjudged`.

C++ is tested by `stdio` alone: a test compiled into one program with the answer could be passed by
`exit(0)`, and there is no checker in another process for it.
"""

from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import ClassVar

from factory.config import settings
from factory.errors import PrerequisiteError, Unjudged
from factory.records import Prompt, Response, UnitTest, Verdict
from filters import sandbox
from filters.program import fenced, language_of, programs
from filters.sandbox import Limits
from filters.unit_testing.alone import twice_if_late
from filters.unit_testing.stdio import Compare, same_output
from filters.unit_testing.trials import by_calls, by_output, reason_of_end


def passes(
    program: str,
    test: str,
    *,
    entry_point: str | None = None,
    language: str = "python",
    limits: Limits = Limits(),  # noqa: B008  # frozen
) -> bool:
    """Whether a program is proven to pass a test.

    False also where that cannot be told: the clock ran out twice, the test does not compile, never
    uses the program, or hands it something that is not plain data.

    Args:
        program: its source; for HumanEval the prompt and its completion.
        test: Python source that defines `check(candidate)`, or plain assertions. Names that
            neither it nor Python defines are the program's.
        entry_point: what `candidate` stands for, such as `add` or `Solution().add`; needed for
            `check`. Other functions that the test calls are then the program's as it first defines
            them (HumanEval/32 calls the prompt's `poly`), whatever it does with the name later.
        language: `python`; see this module for why not `cpp`.
        limits: of the program's process, and of the checker's.

    Raises:
        ValueError: the language is another one.
        PrerequisiteError: this machine has no sandbox.
    """
    if language != "python":
        raise ValueError(f"language must be python for tests that call the program, got {language}")
    case = {"test": test, "entry_point": entry_point}
    try:
        return by_calls(program, [case], limits) == [""]
    except Unjudged:
        return False


@settings
class UnitTests:
    """Drop answers whose program passes too few of the prompt's tests."""

    name: ClassVar[str] = "unit_tests.v1"
    REASONS: ClassVar[tuple[str, ...]] = (
        "tests_failed",
        "no_program",
        "program_too_long",
        "compile_error",
        "crashed",
        "cpu_timeout",
        "memory_limit",
        "process_limit",
        "output_limit",
    )
    """Reason by how far the score is moved below the share of tests passed."""

    low: float = 1.0
    """Share of the tests that must be passed, inclusive, in (0, 1]."""
    compare: Compare = "tokens"
    """How printed output is compared: by words, by lines without the white space at their ends, or
    exactly."""
    tolerance: float = 0.0
    """How far numbers may lie from the expected ones, relative where these exceed 1; 0 is exact."""
    bare_fences: bool = True
    """Whether a fence without a language counts where none names the prompt's."""
    max_characters: int = 100_000
    """A longer program is dropped unread."""
    stop_at_first_failure: bool = False
    """Whether tests after the first that fails count as failed without being run."""
    cpu_s: float = 10.0
    """CPU seconds for one test, or for all `call` tests together."""
    wall_s: float = 0.0
    """Seconds on the clock for the same, a backstop; 0 chooses ten times `cpu_s`, at least ten."""
    memory_mb: int = 1024
    """Memory of the program."""
    allow_unsandboxed: bool = False
    """Whether to run programs where the machine cannot isolate them."""

    def __post_init__(self) -> None:
        if not 0 < self.low <= 1:
            raise ValueError(f"low must be in (0, 1], got {self.low}")
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance must be in [0, 1), got {self.tolerance}")
        if self.max_characters < 1:
            raise ValueError(f"max_characters must be > 0, got {self.max_characters}")
        self._limits()

    def score(self, response: Response) -> float:
        """The share of tests passed, less the place in `REASONS` of the first failure's reason.

        So 0.75 has failed tests only, -4.25 has passed as many and then run out of time.

        Raises:
            Unjudged: `no_tests`, `unsupported_language`, `compiler_missing`, `bad_test`,
                `program_unused`, `argument_not_plain`, `own_operator`, `wall_timeout`,
                `sandbox_unavailable` or `sandbox_failed`.
        """
        language = language_of(response)
        tests = response.prompt.tests
        if not tests:
            raise Unjudged("no_tests")
        if language != "python" and any(test.kind != "stdio" for test in tests):
            raise Unjudged("unsupported_language")
        found = programs(response.answer, language, bare=self.bare_fences)
        if not found:
            return self._scored(0.0, "no_program")
        if len(found[-1]) > self.max_characters:
            return self._scored(0.0, "program_too_long")
        try:
            results = list(self._results(found[-1], tests, language))
        except PrerequisiteError:
            raise Unjudged("sandbox_unavailable") from None
        share = results.count("") / len(tests)
        return self._scored(share, next(filter(None, results), "tests_failed"))

    def _scored(self, share: float, reason: str) -> float:
        return share - self.REASONS.index(reason)

    @staticmethod
    def share(score: float) -> float:
        """The share of tests passed that a score tells."""
        return score if score >= 0 else round(score % 1, 9)

    def judge(self, score: float) -> Verdict:
        """Keep what passes enough tests."""
        share = self.share(score)
        if share >= self.low:
            return Verdict.keep()
        return Verdict.drop(self.REASONS[round(share - score)])

    def gold_answer(self, prompt: Prompt) -> str | None:
        """The reference program in a fence of the prompt's language."""
        gold = prompt.expected_answer
        return None if gold is None else fenced(gold, prompt.language)

    def _limits(self) -> Limits:
        return Limits(cpu_s=self.cpu_s, wall_s=self.wall_s, memory_mb=self.memory_mb)

    def _results(self, program: str, tests: tuple[UnitTest, ...], language: str) -> Iterator[str]:
        """The result of each test, as far as they are run."""
        for kind, group in groupby(tests, lambda test: test.kind):
            match kind:
                case "stdio":
                    results = self._by_output(program, list(group), language)
                case "call":
                    results = self._by_call(program, list(group))
                case _:
                    results = self._by_check(program, list(group))
            for result in results:
                yield result
                if result and self.stop_at_first_failure:
                    return

    def _by_call(self, program: str, tests: list[UnitTest]) -> Iterator[str]:
        cases = [
            {
                "input": test.input,
                "expected": test.expected,
                "entry_point": test.entry_point,
                "tolerance": self.tolerance,
            }
            for test in tests
        ]
        yield from by_calls(
            program,
            cases,
            self._limits(),
            stop=self.stop_at_first_failure,
            allow_unsandboxed=self.allow_unsandboxed,
        )

    def _by_check(self, program: str, tests: list[UnitTest]) -> Iterator[str]:
        for test in tests:
            entry_point = test.entry_point or None
            yield from by_calls(
                program,
                [{"test": test.input, "entry_point": entry_point}],
                self._limits(),
                allow_unsandboxed=self.allow_unsandboxed,
            )

    def _by_output(self, program: str, tests: list[UnitTest], language: str) -> Iterator[str]:
        same = partial(same_output, compare=self.compare, tolerance=self.tolerance)
        execute = partial(
            sandbox.run, limits=self._limits(), allow_unsandboxed=self.allow_unsandboxed
        )
        if language == "python":
            execute = partial(execute, program)
        elif binary := self._compiled(program):
            execute = partial(execute, ["./program"], files={"program": binary})
        else:
            yield from ["compile_error"] * len(tests)
            return
        for test in tests:
            yield by_output(lambda stdin: execute(stdin=stdin), test, same)

    def _compiled(self, program: str) -> bytes:
        """The program's binary, empty where it does not compile."""

        def attempt() -> bytes:
            compiled = sandbox.compile_cpp(program, allow_unsandboxed=self.allow_unsandboxed)
            if not compiled.binary:
                reason_of_end(compiled.outcome.status)
            return compiled.binary

        try:
            return twice_if_late(attempt)
        except PrerequisiteError:
            sandbox.run("", allow_unsandboxed=self.allow_unsandboxed)  # or is that what is missing?
            raise Unjudged("compiler_missing") from None
