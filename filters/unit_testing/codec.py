"""Frames between checker and candidate: plain data by value, everything else by reference.

A frame is a length (four bytes, big-endian) and JSON. In it a value is a scalar or a list whose
first item names its kind: `["l", 1, 2]` is the list `[1, 2]`, `["r", 7]` is object 7 of the
candidate. Nothing here calls anything by a name that was received, and what is decoded is of the
exact built-in types, so that neither a class nor a method of the candidate crosses.
"""

import json
import os
import struct
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_FRAME = 16 << 20
"""Bytes of one frame."""
MAX_DEPTH = 200
"""Nesting of a value."""
MAX_HELPERS = 8
"""Names of a program, besides the entry point, that one test may use."""
_SAFE_INTEGER = 1 << 63
_LENGTH = struct.Struct(">I")


class ProtocolError(Exception):
    """What came, or should go, over the channel is no frame, no value, or too large."""


class Closed(ProtocolError):
    """The other side is gone."""


def send(write: Callable[[bytes], object], message: list[Any]) -> None:
    """Write one frame.

    Args:
        write: writes all it is given, such as `socket.sendall`.
        message: what `json` can write.

    Raises:
        ProtocolError: it is too large.
        Closed: nobody reads any more.
    """
    data = json.dumps(message, separators=(",", ":")).encode()
    if len(data) > MAX_FRAME:
        raise ProtocolError("frame too large")
    try:
        write(_LENGTH.pack(len(data)) + data)
    except OSError as error:
        raise Closed(str(error)) from None


def receive(read: Callable[[int], bytes]) -> list[Any]:
    """Read one frame.

    Args:
        read: reads up to so many bytes, none at the end, such as `socket.recv`.

    Raises:
        ProtocolError: it is too large, or not a JSON list.
        Closed: the other side has closed.
    """
    (length,) = _LENGTH.unpack(_exactly(read, _LENGTH.size))
    if length > MAX_FRAME:
        raise ProtocolError("frame too large")
    try:
        message = json.loads(_exactly(read, length))
    except (ValueError, RecursionError, MemoryError):
        raise ProtocolError("not JSON") from None
    if type(message) is not list:
        raise ProtocolError("not a list")
    return message


def _exactly(read: Callable[[int], bytes], size: int) -> bytearray:
    data = bytearray()
    while len(data) < size:
        try:
            chunk = read(min(size - len(data), 1 << 16))
        except OSError as error:
            raise Closed(str(error)) from None
        if not chunk:
            raise Closed("closed")
        data += chunk
    return data


class Channel:
    """A file descriptor with somebody at the other end."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def read(self, size: int) -> bytes:
        """Up to so many bytes; none at the end."""
        return os.read(self.descriptor, size)

    def write(self, data: bytes) -> None:
        """Write all."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]


def pack(value: Any, refer: Callable[[Any], int], depth: int = 0) -> Any:
    """A value as it stands in a frame.

    Subclasses of the plain types are written as what they hold, read by the base class's own
    methods.

    Args:
        value: anything.
        refer: the number under which something that is not plain data is known; may refuse.
        depth: how deep this value lies in another.

    Raises:
        ProtocolError: it is nested too deep.
    """
    if value is None or value is True or value is False:
        return value
    if depth > MAX_DEPTH:
        raise ProtocolError("nested too deep")
    for base in type(value).__mro__:
        if base in _SCALARS:
            return _SCALARS[base](value)
        if base in _CONTAINERS:
            tag, items = _CONTAINERS[base]
            return [tag, *(pack(item, refer, depth + 1) for item in items(value))]
    return ["r", refer(value)]


def _pack_int(value: int) -> Any:
    plain = int.__int__(value)
    return plain if -_SAFE_INTEGER < plain < _SAFE_INTEGER else ["i", f"{plain:x}"]


_SCALARS: dict[type, Callable[[Any], Any]] = {
    int: _pack_int,
    float: float.__float__,
    str: str.__str__,
    bytes: lambda value: ["b", (b"" + value).decode("latin-1")],
    complex: lambda value: ["c", complex.__complex__(value).real, complex.__complex__(value).imag],
    range: lambda value: ["range", *map(_pack_int, (value.start, value.stop, value.step))],
    Decimal: lambda value: ["decimal", Decimal.__str__(value)],
    Fraction: lambda value: ["fraction", _pack_int(value.numerator), _pack_int(value.denominator)],
}
_CONTAINERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    list: ("l", list.__iter__),
    tuple: ("t", tuple.__iter__),
    dict: ("d", lambda value: (part for item in dict.items(value) for part in item)),
    set: ("s", set.__iter__),
    frozenset: ("f", frozenset.__iter__),
    deque: ("q", deque.__iter__),
}


def unpack(message: Any, resolve: Callable[[int], Any]) -> Any:
    """The value of a packed one, of exact built-in types.

    Args:
        message: a part of a received frame.
        resolve: what a reference stands for.

    Raises:
        ProtocolError: it is not what `pack` writes.
    """
    if message is None or type(message) in (bool, int, float, str):
        return message
    if type(message) is not list or not message or type(message[0]) is not str:
        raise ProtocolError("no value")
    tag, *parts = message
    try:
        if tag in _BUILD:
            return _BUILD[tag]([unpack(part, resolve) for part in parts])
        return _unpack_scalar(tag, parts, resolve)
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
        raise ProtocolError(f"no {tag[:20]}: {type(error).__name__}") from None


def _unpack_scalar(tag: str, parts: list[Any], resolve: Callable[[int], Any]) -> Any:
    match tag, parts:
        case "r", [int(number)]:
            return resolve(number)
        case "i", [str(digits)]:
            return int(digits, 16)
        case "b", [str(text)]:
            return text.encode("latin-1")
        case "c", [int() | float() as real, int() | float() as imaginary]:
            return complex(real, imaginary)
        case "range", [start, stop, step]:
            return range(*(_integer(unpack(part, resolve)) for part in (start, stop, step)))
        case "decimal", [str(digits)]:
            return Decimal(digits)
        case "fraction", [numerator, denominator]:
            parts = [_integer(unpack(part, resolve)) for part in (numerator, denominator)]
            return Fraction(*parts)
    raise ProtocolError("no value")


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise ProtocolError("no integer")
    return value


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))


_BUILD: dict[str, Callable[[list[Any]], Any]] = {
    "l": list,
    "t": tuple,
    "d": _pairs,
    "s": set,
    "f": frozenset,
    "q": deque,
}
