"""The checker's process: runs the test against a program that it reaches by calls alone.

It trusts the test, and nothing that the candidate replies (`remote` says what can come back).
"""

import builtins
import json
from typing import Any

from filters.unit_testing.codec import Channel, receive, send
from filters.unit_testing.remote import BadTest, Broken, Remote


class Names(dict[str, Any]):
    """The test's globals: its own names and Python's, then the program's."""

    def __init__(self, remote: Remote, helpers: dict[str, Remote]) -> None:
        super().__init__({"__name__": "__main__", "__builtins__": builtins})
        self.remote = remote
        self.helpers = helpers

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            raise KeyError(name)  # Python looks there next
        self[name] = self.helpers.get(name, self.remote).name(name)
        return self[name]


def run_source(remote: Remote, helpers: dict[str, Remote], job: dict[str, Any]) -> None:
    """Run a test that is source; it has passed when this returns.

    Raises:
        BadTest: the test does not compile, or never uses the program.
        BaseException: whatever the test raises.
    """
    try:
        code = compile(job["test"], "<test>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise BadTest("bad_test") from None
    names = Names(remote, helpers)
    entry_point = job["entry_point"]
    if entry_point:
        names["candidate"] = names[entry_point] = remote.name(entry_point)
        remote.uses = 0
    exec(code, names)
    if entry_point and "check" in names:
        names["check"](names["candidate"])
    if remote.end:
        raise remote.end  # the test has caught it
    if not remote.uses:
        raise BadTest("program_unused")


def run_call(remote: Remote, case: dict[str, Any]) -> None:
    """Call the entry point and compare what it returns with JSON.

    Raises:
        BadTest: the test is no JSON.
        AssertionError: it returns something else.
    """
    try:
        arguments, expected = json.loads(case["input"]), json.loads(case["expected"])
    except (ValueError, RecursionError):
        raise BadTest("bad_test") from None
    if type(arguments) is not list:
        raise BadTest("bad_test")
    result = remote.name(case["entry_point"])(*arguments)
    if not matches(result, expected, case["tolerance"]):
        raise AssertionError("another value")


def matches(result: Any, expected: Any, tolerance: float) -> bool:
    """Whether a returned value is what a JSON value says.

    A tuple is a list, an integer equals a float of its value, True and False equal no number, the
    keys of a dictionary are compared as JSON writes them, and nan equals nothing.
    """
    if expected is None or isinstance(expected, bool):
        return result is expected
    if isinstance(expected, int | float):
        if type(result) not in (int, float):
            return False
        close = tolerance * max(1, abs(expected))
        return result == expected or (tolerance > 0 and abs(result - expected) <= close)
    if isinstance(expected, str):
        return type(result) is str and result == expected
    if isinstance(expected, list):
        return (
            type(result) in (list, tuple)
            and len(result) == len(expected)
            and all(matches(*pair, tolerance) for pair in zip(result, expected, strict=True))
        )
    if type(result) is not dict or len(result) != len(expected):
        return False
    spelled = {_key(key): value for key, value in result.items()}
    return spelled.keys() == expected.keys() and all(
        matches(spelled[key], expected[key], tolerance) for key in expected
    )


def _key(key: Any) -> Any:
    return key if type(key) is str else next(iter(json.loads(json.dumps({key: 0}))), None)


def judge(job: dict[str, Any], remote: Remote, helpers: dict[str, Remote]) -> str:
    """`passed`, or why not: `failed`, `broken`, or what is wrong with the test."""
    said = "passed"
    try:
        if "test" in job:
            run_source(remote, helpers, job)
        else:
            run_call(remote, job)
    except BadTest as problem:
        said = str(problem)
    # A test may raise anything, SystemExit included; it has passed only if it came to its end.
    except BaseException:
        said = "failed"
    if any(isinstance(each.end, Broken) for each in (remote, *helpers.values())):
        return "broken"
    return said


def load(channel: Channel, program: str, last: str | None) -> tuple[Remote, str]:
    """A process that has run the program, and `""` or why it has not."""
    remote = Remote(channel)
    try:
        remote.ask("load", program, last)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return remote, "syntax_error" if isinstance(error, SyntaxError) else "load_failed"
    except (Exception, Broken):
        return remote, "broken" if remote.end else "load_failed"
    return remote, ""


def main() -> None:
    """Do the job that stands on file descriptor 3: the host's; those after it are candidates'."""
    host = Channel(3)
    (job,) = receive(host.read)
    remote, problem = load(Channel(4), job["program"], None)
    helpers = {}
    for place, name in enumerate(job["helpers"], 5):
        helpers[name], _ = load(Channel(place), job["program"], name)
    word = ""
    for case in job["cases"]:
        if job["stop"] and word not in ("", "passed"):
            word = "skipped"
        else:
            word = problem or judge(case, remote, helpers)
        send(host.write, [job["nonce"], word])
