"""The program as the test sees it: a process that answers calls.

A reply is plain data, an exception, or the number of an object that stays where
it is (`Opaque`). An opaque object can be called, iterated over and asked for attributes, its truth,
length and class; it equals itself alone. What its class says of other operators is not believed, as
an object of the program could agree with everything: a test that needs them tells nothing. An
object of the program's own list or dictionary class is compared by what it holds.

What the candidate changes in its arguments stays in its process:
who empties the list that it was to sort must not change what the test compares with.
"""

import builtins
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from filters.unit_testing.codec import (
    Channel,
    Closed,
    ProtocolError,
    pack,
    receive,
    send,
    unpack,
)


class Broken(BaseException):
    """The program can pass no more, whatever the test catches: it is gone, or out of order."""


class Gone(Broken):
    """The program's process answers no more; how it ended says why."""


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
        self.objects: dict[int, Opaque] = {}
        self.exceptions: dict[int, type[Exception]] = {}
        """Stand-ins for the program's own classes of exceptions, which the test may catch."""
        self.lock = threading.Lock()

    def ask(self, operation: str, *arguments: Any) -> Any:
        """The reply's value.

        Raises:
            Broken: there is none, or an exception that ends programs.
            Exception: what the program raised: a built-in class, or one that stands for its own.
        """
        if self.end:
            raise self.end
        with self.lock:  # a test may have threads
            return self._ask(operation, *arguments)

    def _ask(self, operation: str, *arguments: Any) -> Any:
        self.number += 1
        try:
            send(self.channel.write, [self.number, operation, *arguments])
            match receive(self.channel.read):
                case [self.number, "value", value]:
                    return unpack(value, self._object)
                case [self.number, "end"] if operation == "next":
                    raise StopIteration
                case [self.number, "error", [*kinds], str(text)] if len(kinds) <= _MOST_KINDS:
                    error = self._error(kinds, text)
                case _:
                    error = Broken("out of order")
        except Closed as problem:
            error = Gone(str(problem))
        except ProtocolError as problem:
            error = Broken(str(problem))
        if isinstance(error, Broken):
            self.end = error
        raise error

    def name(self, path: str) -> Any:
        """What a dotted name of the program stands for."""
        self.uses += 1
        match self.ask("name", path):
            case (value, [*kinds]) if len(kinds) <= _MOST_KINDS:
                return self._class(kinds) or value
        raise self.ended(Broken("no name"))

    def call(self, number: int, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """What an object returns."""
        self.uses += 1
        return self.ask("call", ["r", number], self.packed(list(arguments)), self.packed(keywords))

    def packed(self, value: Any) -> Any:
        """A value of the test as it stands in a request."""
        try:
            return pack(value, self._refer)
        except ProtocolError as problem:
            raise self.ended(Broken(str(problem))) from None

    def _object(self, number: int) -> "Opaque":
        return self.objects.setdefault(number, Opaque(self, number))

    def _refer(self, value: Any) -> int:
        if isinstance(value, Opaque):
            owner, number = value._inside()
            if owner is not self:
                raise self.ended(BadTest("argument_not_plain"))  # of another process
            return number
        raise self.ended(BadTest("argument_not_plain"))

    def _class(self, kinds: list[Any]) -> type[Exception] | None:
        """The class of an exception: a built-in one, or what stands for the program's own."""
        found = _built_in(kinds)
        for number in reversed(kinds):
            if found and type(number) is int:
                own = self.exceptions.get(number) or type(found.__name__, (found,), {})
                found = self.exceptions[number] = own
        return found

    def _error(self, kinds: list[Any], text: str) -> BaseException:
        """What the candidate raised, as far as a test can catch it."""
        if found := self._class(kinds):
            more = next((_MORE_ARGUMENTS[k] for k in _MORE_ARGUMENTS if k in kinds), ())
            with suppress(TypeError):  # another class that wants more than a message
                return found(*more, text)
        return Broken(f"the program raised {str(kinds[:1])[:60]}")

    def ended(self, error: BaseException) -> BaseException:
        """The same, which ends the program's part in the test, whatever the test catches."""
        self.end = error
        return error


_MOST_KINDS = 50
_MORE_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "UnicodeDecodeError": ("utf-8", b"", 0, 1),
    "UnicodeEncodeError": ("utf-8", "", 0, 1),
    "UnicodeTranslateError": ("", 0, 1),
}


def _built_in(kinds: list[Any]) -> type[Exception] | None:
    """The first class that is built in, unless it ends programs or loops."""
    for kind in kinds:
        found = getattr(builtins, kind, None) if type(kind) is str else None
        if isinstance(found, type) and issubclass(found, BaseException):
            loops = issubclass(found, StopIteration | StopAsyncIteration)
            return found if issubclass(found, Exception) and not loops else None
    return None


class Opaque:
    """An object of the program."""

    __slots__ = ("__content", "__cursor", "__items", "__length", "__number", "__remote")

    __content: tuple[Any] | None
    __items: "_Items | None"
    __cursor: Iterator[Any] | None
    __length: int | None

    def __init__(self, remote: Remote, number: int) -> None:
        self.__remote = remote
        self.__number = number
        self.__content = self.__items = self.__cursor = self.__length = None

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """What the object returns; arguments are copied, and changes to them are not seen."""
        return self.__remote.call(self.__number, arguments, keywords)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._inside()
        return self.__ask("attribute", name)

    def __bool__(self) -> bool:
        content = self._held()
        return self.__ask("truth") is True if content is None else bool(content)

    def __iter__(self) -> Iterator[Any]:
        if (content := self._held()) is not None:
            return iter(content)
        if self.__items is None:
            self.__items = _Items(self.__remote, self.__ask("iterate"))
        return self.__agreeing(self.__items)

    def __next__(self) -> Any:
        if self.__cursor is None:
            self.__cursor = iter(self)
        return next(self.__cursor)

    def __instancecheck__(self, value: Any) -> bool:
        return self.__remote.ask("instance", self.__remote.packed(value), self.__ref()) is True

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Any:
        if self is other:
            return True
        if (content := self._held()) is not None:
            return content == other
        return self.__undecided("__eq__") if isinstance(other, Opaque) else NotImplemented

    def __len__(self) -> int:
        if (content := self._held()) is not None:
            return len(content)
        if self.__length is None:
            length = self.__ask("length")
            self.__length = length if type(length) is int else -1
            self.__agree()
        return self.__length

    def __getitem__(self, key: Any) -> Any:
        if (content := self._held()) is not None:
            return content[key]
        self.__undecided("__getitem__")
        raise TypeError("the object is not subscriptable")

    def __array__(self, *_: Any, **__: Any) -> Any:
        """Not for numpy, which would make one of no items, equal to all others, of len() 0."""
        raise self.__remote.ended(BadTest("own_operator"))

    def __lt__(self, other: Any) -> Any:
        return self.__undecided("__lt__")

    def __le__(self, other: Any) -> Any:
        return self.__undecided("__le__")

    def __gt__(self, other: Any) -> Any:
        return self.__undecided("__gt__")

    def __ge__(self, other: Any) -> Any:
        return self.__undecided("__ge__")

    def __add__(self, other: Any) -> Any:
        return self.__undecided("__add__")

    def __sub__(self, other: Any) -> Any:
        return self.__undecided("__sub__")

    def __mul__(self, other: Any) -> Any:
        return self.__undecided("__mul__")

    def __agreeing(self, items: "_Items") -> Iterator[Any]:
        yield from items.replay()
        self.__agree()

    def __agree(self) -> None:
        """See to it that an object has as many items as it says."""
        items, length = self.__items, self.__length
        if items and items.complete and length not in (None, len(items.seen)):
            raise self.__remote.ended(BadTest("own_operator"))

    def _held(self) -> Any:
        """What a list or dictionary of the program's own class holds; None of other objects."""
        if self.__content is None:
            self.__content = (self.__ask("content"),)
        return self.__content[0]

    def __undecided(self, method: str) -> Any:
        """NotImplemented, unless it is for the program to say what the operator does."""
        if self.__ask("own", method) is True:
            raise self.__remote.ended(BadTest("own_operator"))
        return NotImplemented

    def __ask(self, operation: str, *arguments: Any) -> Any:
        return self.__remote.ask(operation, self.__ref(), *arguments)

    def __ref(self) -> list[Any]:
        return ["r", self.__number]

    def _inside(self) -> tuple[Remote, int]:
        """Where it is; who asks may change it, so that what was seen of it may be so no more."""
        self.__content = self.__items = self.__cursor = self.__length = None
        return self.__remote, self.__number


class _Items:
    """What an object's iteration yields, asked for once: a second look sees the same items."""

    def __init__(self, remote: Remote, iterator: Any) -> None:
        self._remote = remote
        self._iterator = iterator
        self.seen: list[Any] = []
        self.complete = False

    def replay(self) -> Iterator[Any]:
        """All items from the first."""
        place = 0
        while place < len(self.seen) or self._advance():
            yield self.seen[place]
            place += 1

    def _advance(self) -> bool:
        try:
            self.seen.append(self._remote.ask("next", self._iterator))
        except StopIteration:
            self.complete = True
            return False
        return True
