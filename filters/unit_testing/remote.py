"""The program as the test sees it: a process that answers calls.

A reply is plain data, an exception of a built-in class, or the number of an object that stays where
it is (`Opaque`). An opaque object can be called, iterated over and asked for attributes and its
truth; it equals itself alone, and every other operator refuses it, because an object of the program
could answer each one differently. What the candidate changes in its arguments stays in its process:
who empties the list that it was to sort must not change what the test compares with.
"""

import builtins
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
            owner, number = value._inside()
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

    __slots__ = ("__cursor", "__items", "__number", "__remote")

    __items: "_Items | None"
    __cursor: Iterator[Any] | None

    def __init__(self, remote: Remote, number: int) -> None:
        self.__remote = remote
        self.__number = number
        self.__items = self.__cursor = None

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """What the object returns; arguments are copied, and changes to them are not seen."""
        return self.__remote.call(self.__number, arguments, keywords)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.__items = self.__cursor = None  # what is called next may change them
        return self.__remote.ask("attribute", ["r", self.__number], name)

    def __bool__(self) -> bool:
        return self.__remote.ask("truth", ["r", self.__number]) is True

    def __iter__(self) -> Iterator[Any]:
        if self.__items is None:
            iterator = self.__remote.ask("iterate", ["r", self.__number])
            self.__items = _Items(self.__remote, iterator)
        return self.__items.replay()

    def __next__(self) -> Any:
        if self.__cursor is None:
            self.__cursor = iter(self)
        return next(self.__cursor)

    def _inside(self) -> tuple[Remote, int]:
        return self.__remote, self.__number


class _Items:
    """What an object's iteration yields, asked for once: a second look sees the same items."""

    def __init__(self, remote: Remote, iterator: Any) -> None:
        self._remote = remote
        self._iterator = iterator
        self._seen: list[Any] = []

    def replay(self) -> Iterator[Any]:
        """All items from the first."""
        place = 0
        while place < len(self._seen) or self._advance():
            yield self._seen[place]
            place += 1

    def _advance(self) -> bool:
        try:
            self._seen.append(self._remote.ask("next", self._iterator))
        except StopIteration:
            return False
        return True
