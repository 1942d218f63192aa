"""A programming task and the forms it is posed in: as a function, or as a program on streams.

A task is one function with typed arguments. From it come the text of the problem, the reference
programs in Python and C++, and the tests, in either form: as a function that is called, or as a
program that reads each argument from a line of its own and prints the result.
"""

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any, Literal

from factory.records import UnitTest

Kind = Literal["int", "ints", "text", "words"]
Form = Literal["call", "stdio"]
Value = int | str | Sequence[int] | Sequence[str]

TAKES: dict[Kind, str] = {
    "int": "an integer",
    "ints": "a list of integers",
    "text": "a string",
    "words": "a list of words",
}
LINES: dict[Kind, str] = {
    "int": "one integer",
    "ints": "integers separated by spaces",
    "text": "a text",
    "words": "words separated by spaces",
}
PRINTS: dict[Kind, str] = {
    "int": "one integer",
    "ints": "the integers in one line, separated by spaces",
    "text": "the text",
    "words": "the words in one line, separated by spaces",
}
_READ_PYTHON: dict[Kind, str] = {
    "int": "int(input())",
    "ints": "list(map(int, input().split()))",
    "text": "input()",
    "words": "input().split()",
}
_CPP_TYPES: dict[Kind, str] = {
    "int": "long long",
    "ints": "vector<long long>",
    "text": "string",
    "words": "vector<string>",
}
_CPP_HEADERS = {
    r"\b(\w*sort|reverse|replace|\w+_if|(max|min)(_element)?)\(": "algorithm",
    r"\bisalpha\(": "cctype",
    r"\bLLONG_MIN\b": "climits",
    r"\babs\(": "cstdlib",
    r"\bcin\b": "iostream",
    r"\bistream_iterator\b": "iterator",
    r"\bmap<": "map",
    r"\baccumulate\(": "numeric",
    r"\bset<": "set",
    r"\bistringstream\b": "sstream",
    r"\bstring\b": "string",
    r"\bpair<": "utility",
    r"\bvector<": "vector",
}
"""What a program includes by what it uses: all of the library would take seconds to compile."""
_CPP_READ_ALL = """\
template <class T> vector<T> read_all(const string& line) {
    istringstream in(line);
    return vector<T>(istream_iterator<T>(in), istream_iterator<T>());
}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What a function is to do, with references in both languages and inputs to test it on."""

    name: str
    """Of the function."""
    story: str
    """What it computes, in words."""
    takes: tuple[tuple[str, Kind], ...]
    """Its arguments, in order."""
    gives: Kind
    python: str
    """The body of the reference in Python, not indented."""
    cpp: str
    """The body of the reference in C++, not indented."""
    answer: Callable[..., Value]
    """What tells the right results: another way to them than the references take."""
    inputs: tuple[tuple[Value, ...], ...]
    """Arguments to test with; the first is the example in the problem."""
    work: str
    """How one gets from the problem to the program, for worked examples."""

    @property
    def is_told_by_its_tests(self) -> bool:
        """Whether no constant passes them."""
        return len({json.dumps(self.answer(*values)) for values in self.inputs}) > 1

    def problem(self, form: Form) -> str:
        """The whole problem, with an example."""
        return f"{self.story}\n\n{self._call() if form == 'call' else self._streams()}"

    def _call(self) -> str:
        names = ", ".join(name for name, _ in self.takes)
        what = ", and ".join(f"`{name}`, {TAKES[kind]}" for name, kind in self.takes)
        shown = ", ".join(map(repr, self.inputs[0]))
        return (
            f"Write a function `{self.name}({names})`. It takes {what}, and returns "
            f"{TAKES[self.gives]}.{self._extremes()}\n\n"
            f"Example: `{self.name}({shown})` returns `{self.answer(*self.inputs[0])!r}`."
        )

    def _streams(self) -> str:
        count = "one line" if len(self.takes) == 1 else f"{len(self.takes)} lines"
        lines = "\n".join(f"- `{name}`: {LINES[kind]}" for name, kind in self.takes)
        return (
            f"The input has {count}:\n{lines}\n\nPrint {PRINTS[self.gives]}.{self._extremes()}"
            f"\n\nExample input:\n{_lines(self.inputs[0])}\n"
            f"Example output:\n{_line(self.answer(*self.inputs[0]))}"
        )

    def _extremes(self) -> str:
        """What the inputs may be beyond the example."""
        empty = any(value in ("", []) for values in self.inputs for value in values)
        return " What is given may be empty." if empty else ""

    def tests(self, form: Form) -> tuple[UnitTest, ...]:
        """A test for each of the inputs."""
        return tuple(self._test(form, values) for values in self.inputs)

    def _test(self, form: Form, values: tuple[Value, ...]) -> UnitTest:
        right = self.answer(*values)
        if form == "call":
            return UnitTest(
                kind="call",
                input=json.dumps(values),
                expected=json.dumps(right),
                entry_point=self.name,
            )
        return UnitTest(kind="stdio", input=_lines(values), expected=f"{_line(right)}\n")

    def reference(self, form: Form, language: str) -> str:
        """The reference program."""
        if language == "cpp":
            return self._cpp()
        names = ", ".join(name for name, _ in self.takes)
        function = f"def {self.name}({names}):\n{textwrap.indent(self.python.strip(), '    ')}"
        if form == "call":
            return function
        reads = "\n".join(f"{name} = {_READ_PYTHON[kind]}" for name, kind in self.takes)
        star = "*" if self.gives in ("ints", "words") else ""
        return f"{function}\n\n\n{reads}\nprint({star}{self.name}({names}))"

    def _cpp(self) -> str:
        names = ", ".join(name for name, _ in self.takes)
        arguments = ", ".join(f"{_CPP_TYPES[kind]} {name}" for name, kind in self.takes)
        body = textwrap.indent(self.cpp.strip(), "    ")
        reads = "\n".join(_cpp_read(name, kind) for name, kind in self.takes)
        lists = [kind for _, kind in self.takes if kind in ("ints", "words")]
        return _with_headers(
            (
                *([_CPP_READ_ALL] if lists else []),
                f"{_CPP_TYPES[self.gives]} {self.name}({arguments}) {{\n{body}\n}}\n",
                "int main() {\n    string line;",
                reads,
                _cpp_print(f"{self.name}({names})", self.gives),
                "}",
            )
        )


def _with_headers(parts: Iterable[str]) -> str:
    program = "\n".join(parts)
    used = [header for use, header in _CPP_HEADERS.items() if re.search(use, program)]
    includes = "".join(f"#include <{header}>\n" for header in used)
    return f"{includes}\nusing namespace std;\n\n{program}"


def _cpp_read(name: str, kind: Kind) -> str:
    value = {
        "int": "stoll(line)",
        "ints": "read_all<long long>(line)",
        "text": "line",
        "words": "read_all<string>(line)",
    }[kind]
    return f"    getline(cin, line);\n    {_CPP_TYPES[kind]} {name} = {value};"


def _cpp_print(call: str, kind: Kind) -> str:
    if kind in ("int", "text"):
        return f'    cout << {call} << "\\n";'
    return f'    for (const auto& each : {call}) cout << each << " ";\n    cout << "\\n";'


def fill(text: str, **values: object) -> str:
    """A text with its `$names` filled in."""
    return Template(text).substitute(values)


def ones(*values: Value) -> tuple[tuple[Value, ...], ...]:
    """Inputs of one argument each."""
    return tuple((value,) for value in values)


def _line(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _lines(values: Sequence[Value]) -> str:
    return "".join(f"{_line(value)}\n" for value in values)
