"""The checker's process: runs the test against a program that it reaches by calls alone.

It trusts the test, and nothing that the candidate replies. A reply is plain data, an exception of a
built-in class, or the number of an object that stays where it is (`Opaque`). An opaque object can
be called, iterated over and asked for attributes and its truth; it equals itself alone, and every
other operator refuses it, because an object of the program could answer each one differently.
What the candidate changes in its arguments stays in its process: who empties the list that it was
to sort must not change what the test compares with.
"""

import builtins
import json
from collections.abc import Iterator
from typing import Any

from filters.unit_testing.codec import Channel, ProtocolError, pack, receive, send, unpack


class Broken(BaseException):
    """The program can pass no more, whatever the test catches: it is gone, or out of order."""


class BadTest(BaseException):
    """The test cannot tell anything of any program."""


class Remote:
    """A candidate's process, seen from the checker."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.number = 0
        self.uses = 0
        """How often the test used the program."""
        self.end: BaseException | None = None

    def ask(self, operation: str, *arguments: Any) -> Any:
        """The reply's value.

        Raises:
            Broken: there is none, or an exception that ends programs.
            Exception: what the program raised, as the built-in class nearest to it.
        """
        if self.end:
            raise self.end
        self.number += 1
        try:
            send(self.channel.write, [self.number, operation, *arguments])
            match receive(self.channel.read):
                case [self.number, "value", value]:
                    return unpack(value, lambda number: Opaque(self, number))
                case [self.number, "end"] if operation == "next":
                    raise StopIteration
                case [self.number, "error", [*kinds], str(text)]:
                    error = _error(kinds, text)
                case _:
                    error = Broken("out of order")
        except ProtocolError as problem:
            error = Broken(str(problem))
        if isinstance(error, Broken):
            self.end = error
        raise error

    def name(self, path: str) -> Any:
        """What a dotted name of the program stands for."""
        self.uses += 1
        return self.ask("name", path)

    def call(self, number: int, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """What an object returns."""
        self.uses += 1
        try:
            packed = pack(list(arguments), self._refer), pack(keywords, self._refer)
        except ProtocolError as problem:
            raise self._ended(Broken(str(problem))) from None
        return self.ask("call", ["r", number], *packed)

    def _refer(self, value: Any) -> int:
        if isinstance(value, Opaque):
            owner, number = _inside(value)
            if owner is not self:
                raise self._ended(Broken("an object of another process"))
            return number
        raise self._ended(BadTest("argument_not_plain"))

    def _ended(self, error: BaseException) -> BaseException:
        self.end = error
        return error


def _error(kinds: list[Any], text: str) -> BaseException:
    """The first of the candidate's classes that is built in, unless it ends programs or loops."""
    for kind in kinds:
        found = getattr(builtins, kind, None) if type(kind) is str else None
        if isinstance(found, type) and issubclass(found, BaseException):
            loops = issubclass(found, StopIteration | StopAsyncIteration)
            if loops or not issubclass(found, Exception):
                break
            try:
                return found(text)
            except TypeError:  # such as UnicodeDecodeError, which wants more than a message
                break
    return Broken(f"the program raised {str(kinds[:1])[:60]}")


class Opaque:
    """An object of the program."""

    __slots__ = ("__cursor", "__items", "__iterator", "__number", "__remote")

    def __init__(self, remote: Remote, number: int) -> None:
        self.__remote = remote
        self.__number = number
        self.__forget()

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """What the object returns; arguments are copied, and changes to them are not seen."""
        return self.__remote.call(self.__number, arguments, keywords)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.__forget()  # what follows may change it
        return self.__remote.ask("attribute", ["r", self.__number], name)

    def __bool__(self) -> bool:
        return self.__remote.ask("truth", ["r", self.__number]) is True

    def __iter__(self) -> Iterator[Any]:
        """Items are asked for once and remembered: a second look sees the same ones."""
        if self.__iterator is None:
            self.__iterator = self.__remote.ask("iterate", ["r", self.__number])
            self.__items = []
        return self.__replay(self.__items)

    def __replay(self, items: list[Any]) -> Iterator[Any]:
        place = 0
        while True:
            if place == len(items):
                try:
                    items.append(self.__remote.ask("next", self.__iterator))
                except StopIteration:
                    return
            yield items[place]
            place += 1

    def __next__(self) -> Any:
        if self.__cursor is None:
            self.__cursor = iter(self)
        return next(self.__cursor)

    def __forget(self) -> None:
        self.__iterator: Any = None
        self.__items: list[Any] = []
        self.__cursor: Iterator[Any] | None = None


def _inside(value: Opaque) -> tuple[Remote, int]:
    return value._Opaque__remote, value._Opaque__number  # type: ignore[attr-defined]


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
        raise remote.end
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
    try:
        if "test" in job:
            run_source(remote, helpers, job)
        else:
            run_call(remote, job)
    except BadTest as problem:
        return str(problem)
    # A test may raise anything, SystemExit included; it has passed only if it came to its end.
    except BaseException:
        return "broken" if remote.end else "failed"
    return "broken" if remote.end else "passed"


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
