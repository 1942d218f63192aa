"""The checker's process: runs the test against a program that it reaches by calls alone.

It trusts the test, and nothing that the candidate replies (`remote` says what can come back).
"""

import ast
import builtins
import importlib
import json
import socket
import symtable
import sys
from collections.abc import Callable, Sequence
from typing import Any

from filters.unit_testing.codec import MAX_HELPERS, Channel, receive, send
from filters.unit_testing.remote import BadTest, Broken, Gone, Opaque, Remote

Helpers = Callable[[Sequence[str]], dict[str, Remote]]


def foreign_names(test: str) -> list[str]:
    """The names that a test uses and neither binds nor finds in Python or its library.

    A name of the library counts as the library's where the test only asks it for attributes:
    `math.pi` needs no import to be Python's own, and not what the program calls `math`.
    """
    tree = ast.parse(test)
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    owners = [
        node.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ]
    found = _free(symtable.symtable(test, "<test>", "exec")) - set(dir(builtins))
    return sorted(name for name in found if not _is_module(name, names, owners))


def _module(name: str) -> str:
    """The module that a name without an import means, such as `math` or `np`; empty if none."""
    if name in ("np", "numpy"):
        return "numpy"
    return name if name in sys.stdlib_module_names and not hasattr(builtins, name) else ""


def _is_module(name: str, names: list[str], owners: list[str]) -> bool:
    return bool(_module(name)) and names.count(name) == owners.count(name)


def _free(top: symtable.SymbolTable) -> set[str]:
    """The global names that are read, less those that the module itself binds."""
    read, bound, tables = set(), set(), [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            outermost = table is top or symbol.is_declared_global()
            if outermost and (symbol.is_assigned() or symbol.is_imported()):
                bound.add(symbol.get_name())
            elif table is top or symbol.is_global():
                read.add(symbol.get_name())
    return read - bound


class Names(dict[str, Any]):
    """The test's globals: its own names and Python's, then the program's."""

    def __init__(self, foreign: dict[str, Remote]) -> None:
        super().__init__({"__name__": "__main__", "__builtins__": builtins})
        self.foreign = foreign

    def __missing__(self, name: str) -> Any:
        if remote := self.foreign.get(name):
            self[name] = remote.name(name)
        elif module := _module(name):
            self[name] = importlib.import_module(module)
        else:
            raise KeyError(name)  # Python looks among its own next
        return self[name]


def run_source(remote: Remote, helpers: Helpers, job: dict[str, Any]) -> None:
    """Run a test that is source; it has passed when this returns.

    Without an entry point all names are the tested program's. With one, what else the test uses of
    the program comes from processes that have run it only up to the first binding of the name, so
    that a completion cannot replace what the prompt above it defines.

    Raises:
        BadTest: the test does not compile, or never uses the program.
        BaseException: whatever the test raises.
    """
    try:
        code = compile(job["test"], "<test>", "exec")
        foreign = foreign_names(job["test"])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise BadTest("bad_test") from None
    entry_point = job["entry_point"]
    if not entry_point:
        names = Names(dict.fromkeys(foreign, remote))
    else:
        candidate = remote.name(entry_point)
        remote.uses = 0
        own = {"candidate", entry_point}
        names = Names(helpers([name for name in foreign if name not in own]))
        names.update(dict.fromkeys(own, candidate))
    exec(code, names)
    if entry_point and "check" in names:
        names["check"](candidate)
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
    keys of a dictionary are compared as JSON writes them, numpy's values are what their `tolist`
    says, and nan equals nothing.
    """
    if isinstance(result, Opaque):
        result = result._held()
    if type(result).__module__ == "numpy":
        result = result.tolist()
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
            isinstance(result, list | tuple)
            and len(result) == len(expected)
            and all(matches(*pair, tolerance) for pair in zip(result, expected, strict=True))
        )
    if not isinstance(result, dict) or len(result) != len(expected):
        return False
    spelled = {_key(key): value for key, value in result.items()}
    return spelled.keys() == expected.keys() and all(
        matches(spelled[key], expected[key], tolerance) for key in expected
    )


def _key(key: Any) -> Any:
    return key if type(key) is str else next(iter(json.loads(json.dumps({key: 0}))), None)


class Job:
    """What the host wants to know of a program, and the processes that the test can reach."""

    def __init__(self, host: socket.socket, order: dict[str, Any]) -> None:
        self.host = host
        self.order = order
        self.remotes: list[Remote] = []

    def report(self) -> None:
        """Say to the host what came of each case."""
        remote, problem = self.load(4, None)
        word = ""
        for case in self.order["cases"]:
            if self.order["stop"] and word not in ("", "passed"):
                word = "skipped"
            else:
                word = problem or self.judge(remote, case)
            self.say(word)

    def say(self, *words: Any) -> None:
        """Send a message that the host believes."""
        send(self.host.sendall, [self.order["nonce"], *words])

    def judge(self, remote: Remote, case: dict[str, Any]) -> str:
        """`passed`, or why not: `failed`, `broken`, or what is wrong with the test."""
        said = "passed"
        try:
            if "test" in case:
                run_source(remote, self.helpers, case)
            else:
                run_call(remote, case)
        except BadTest as problem:
            said = str(problem)
        except ModuleNotFoundError as error:  # the test's own has a name, the program's a text only
            said = "bad_test" if error.name else "failed"
        # A test may raise anything, SystemExit included; it has passed only if it came to its end.
        except BaseException:
            said = "failed"
        ends = [each.end for each in self.remotes]
        if any(isinstance(end, Gone) for end in ends):
            return "broken"
        return "disordered" if any(isinstance(end, Broken) for end in ends) else said

    def helpers(self, names: Sequence[str]) -> dict[str, Remote]:
        """For each name a process of the program that ends where it first binds the name."""
        if len(names) > MAX_HELPERS:
            raise BadTest("bad_test")
        if not names:
            return {}
        self.say("helpers", len(names))
        _, fds, _, _ = socket.recv_fds(self.host, 1, MAX_HELPERS)
        return {name: self.load(fd, name)[0] for name, fd in zip(names, fds, strict=True)}

    def load(self, descriptor: int, last: str | None) -> tuple[Remote, str]:
        """A process that has run the program, and `""` or why it has not."""
        remote = Remote(Channel(descriptor))
        self.remotes.append(remote)
        try:
            remote.ask("load", self.order["program"], last)
        except SyntaxError:
            return remote, "syntax_error"
        except Gone:
            return remote, "broken"
        except Broken:
            return remote, "disordered"
        except Exception:  # whatever the program raised
            return remote, "load_failed"
        return remote, ""


def main() -> None:
    """Do the job that comes over descriptor 3, the host's; 4 is the candidate's."""
    host = socket.socket(fileno=3)
    (order,) = receive(host.recv)
    Job(host, order).report()
