"""The candidate's process: runs the program once, then answers calls until its channel closes.

It is as hostile as the program. Nothing secret is ever here, and all it can do is to reply, so that
nothing below needs to withstand the program: the checker does.
"""

import ast
import sys
import types
from typing import Any

from filters.unit_testing.codec import (
    Channel,
    ProtocolError,
    content,
    pack,
    receive,
    send,
    unpack,
)


class Candidate:
    """The program's namespace, and the objects that were handed out by number."""

    def __init__(self) -> None:
        self.module = types.ModuleType("program")
        self.objects: list[Any] = []
        self.numbers: dict[int, int] = {}
        """Of the objects, by identity: an object that is handed out again is the same one."""

    def answer(self, request: list[Any]) -> list[Any]:
        """What to reply to a request."""
        number, operation, *arguments = request
        try:
            result = getattr(self, f"do_{operation}")(*arguments)
            return [number, "value", pack(result, self._refer)]
        # A program may raise anything, SystemExit and its own kinds included.
        except BaseException as error:
            if operation == "next" and isinstance(error, StopIteration):
                return [number, "end"]
            return [number, "error", self._kinds(type(error)), _text(error)]

    def do_load(self, program: str, last: str | None) -> None:
        """Run the program, or what of it stands up to the end of the first binding of a name."""
        tree = ast.parse(program)
        if last is not None:
            ends = [place for place, node in enumerate(tree.body, 1) if last in _bound(node)]
            del tree.body[ends[0] if ends else 0 :]
        sys.modules["program"] = self.module
        exec(compile(tree, "<program>", "exec"), self.module.__dict__)

    def do_name(self, path: str) -> tuple[Any, list[Any]]:
        """What a dotted name such as `Solution().add` stands for, and of which kind it raises.

        `except` wants a class, so that one of exceptions is more than an object to the test.
        """
        first, *rest = path.split(".")
        value = self._global(first)
        for part in rest:
            value = _called(getattr(value, part.removesuffix("()")), part)
        raised = isinstance(value, type) and issubclass(value, BaseException)
        return value, self._kinds(value) if raised else []

    def _kinds(self, kind: Any) -> list[Any]:
        """The numbers of a class and its bases, as far as they are the program's, then names."""
        own = []
        while kind.__module__ != "builtins":
            own.append(self._refer(kind))
            kind = kind.__base__
        return [*own, *(base.__name__ for base in kind.__mro__)]

    def _global(self, part: str) -> Any:
        name = part.removesuffix("()")
        try:
            return _called(self.module.__dict__[name], part)
        except KeyError:
            raise NameError(f"name {name!r} is not defined") from None

    def do_call(self, target: Any, arguments: Any, keywords: Any) -> Any:
        """Call an object."""
        call = unpack(target, self._resolve)
        return call(*unpack(arguments, self._resolve), **unpack(keywords, self._resolve))

    def do_attribute(self, target: Any, name: str) -> Any:
        """An attribute of an object."""
        return getattr(unpack(target, self._resolve), name)

    def do_truth(self, target: Any) -> bool:
        """What `bool` says of an object."""
        return bool(unpack(target, self._resolve))

    def do_iterate(self, target: Any) -> int:
        """The number of a new iterator over an object."""
        return self._refer(iter(unpack(target, self._resolve)))

    def do_length(self, target: Any) -> int:
        """What `len` says of an object."""
        return len(unpack(target, self._resolve))

    def do_content(self, target: Any) -> Any:
        """What an object holds that is a list, a dictionary or the like; else None."""
        return content(unpack(target, self._resolve))

    def do_own(self, target: Any, method: str) -> bool:
        """Whether an object's class says itself what an operator does."""
        found = getattr(type(unpack(target, self._resolve)), method, None)
        return found is not None and found is not getattr(object, method, None)

    def do_instance(self, target: Any, kind: Any) -> bool:
        """Whether an object, or plain data, is an instance of a class."""
        return isinstance(unpack(target, self._resolve), unpack(kind, self._resolve))

    def do_next(self, iterator: int) -> Any:
        """The next item of an iterator, or StopIteration."""
        return next(self._resolve(iterator))

    def _refer(self, value: Any) -> int:
        number = self.numbers.setdefault(id(value), len(self.objects))
        if number == len(self.objects):
            self.objects.append(value)
        return number

    def _resolve(self, number: int) -> Any:
        return self.objects[number]


def _bound(node: ast.stmt) -> set[str]:
    """The names that a statement may bind."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    stored = [n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    aliases = [each for each in ast.walk(node) if isinstance(each, ast.alias)]
    return {name.id for name in stored} | {
        (alias.asname or alias.name).split(".")[0] for alias in aliases
    }


def _called(value: Any, part: str) -> Any:
    return value() if part.endswith("()") else value


def _text(error: BaseException) -> str:
    try:
        return str(error)[:1000]
    except Exception:  # its own __str__ is the program's
        return ""


def main() -> None:
    """Answer the requests of file descriptor 3."""
    channel = Channel(3)
    candidate = Candidate()
    while True:
        try:
            reply = candidate.answer(receive(channel.read))
        except ProtocolError:
            return
        try:
            send(channel.write, reply)
        except ProtocolError:
            send(
                channel.write,
                [reply[0], "error", ["ValueError", "Exception"], "the value is too large"],
            )
