"""The tests of competition questions, in the three forms that the sets have.

{"inputs": ["1 2\\n"], "outputs": ["3\\n"]}                          TACO and APPS, as JSON text
{"fn_name": "add", "inputs": [[1, 2]], "outputs": [[3]]}             the same for functions
{"input": ["1 2\\n"], "output": ["3\\n"]}                            CodeContests
[{"input": "1 2\\n", "output": "3\\n"}]                              open-r1/codeforces
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from factory.records import UnitTest
from factory.row_source import Fields

COLUMNS = ("tests", "private", "generated")
"""In the order in which they are taken."""
MAX_CHARACTERS = 20_000
"""A test with more than so many is left out: what is stored travels with its prompt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tests:
    """The tests of a question."""

    tests: tuple[UnitTest, ...] = ()
    entry_point: str = ""
    """The function that they call; empty where they run a program."""


def entry_point(row: Fields) -> str:
    """The function that a question asks for; empty where it asks for a program."""
    value = row.decoded("tests")
    name = value.get("fn_name") if isinstance(value, Mapping) else None
    if not isinstance(name, str) or not name.isidentifier():
        return ""
    return f"Solution().{name}" if "class Solution" in row.text("starter", "") else name


def tests_in(row: Fields, most: int) -> Tests:
    """So many tests of a row at most, each once."""
    called = entry_point(row)
    found = (test for column in COLUMNS for test in _tests(row.decoded(column), called))
    short = (t for t in found if len(t.input) + len(t.expected) <= MAX_CHARACTERS)
    return Tests(tests=tuple(islice(dict.fromkeys(short), most)), entry_point=called)


def _tests(value: Any, called: str) -> Iterator[UnitTest]:
    pairs = list(_pairs(value))
    if not called:
        for given, wanted in pairs:
            if given is not None and wanted is not None:
                yield UnitTest(kind="stdio", input=_stream(given), expected=_stream(wanted))
        return
    # Most sets put each result into a list of its own, and some do not.
    wrapped = all(isinstance(wanted, list) and len(wanted) == 1 for _, wanted in pairs)
    for given, wanted in pairs:
        yield UnitTest(
            kind="call",
            input=json.dumps(given if isinstance(given, list) else [given]),
            expected=json.dumps(wanted[0] if wrapped else wanted),
            entry_point=called,
        )


def _pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    """Inputs with outputs, whatever form they come in; nothing where there are none."""
    if isinstance(value, Mapping):
        inputs = value.get("inputs", value.get("input"))
        outputs = value.get("outputs", value.get("output"))
        if isinstance(inputs, list) and isinstance(outputs, list):
            yield from zip(inputs, outputs, strict=False)
    for each in value if isinstance(value, list) else ():
        if isinstance(each, Mapping) and "input" in each and "output" in each:
            yield each["input"], each["output"]


def _stream(value: Any) -> str:
    """What stands on a stream: a text, or a list of its lines."""
    if isinstance(value, list):
        return "\n".join(map(str, value)) + "\n"
    return str(value)
