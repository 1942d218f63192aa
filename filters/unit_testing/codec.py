"""Frames between checker and candidate: data by value, the program's objects by reference.

A frame is a length (four bytes, big-endian) and JSON. In it a value is a scalar or a list whose
first item names its kind: `["l", 1, 2]` is the list `[1, 2]`, `["r", 7]` is object 7 of the
candidate. Data is what Python's own types, its library's value types and numpy's arrays hold.
Nothing here calls anything by a name that was received, and what is decoded is of exactly these
types, so that neither a class nor a method of the candidate crosses.
"""

import json
import os
import re
import struct
import sys
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

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

    A program's subclasses of values that cannot change are written as what they hold, read by the
    base class's own methods. Those of lists, dictionaries and the like have a state and methods of
    the program's, and go by reference.

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
    kind = type(value)
    base = next((base for base in kind.__mro__ if base in _SCALARS or base in _CONTAINERS), None)
    if base is None:
        return _pack_array(value) or ["r", refer(value)]
    if base in _SCALARS:
        return _SCALARS[base](value)
    if kind is not base and base in _WITH_STATE:
        return ["r", refer(value)]
    tag, items = _CONTAINERS[base]
    packed = [pack(item, refer, depth + 1) for item in items(value)]
    if base is defaultdict:
        return [tag, _FACTORY_NAMES.get(value.default_factory), *packed]
    if base is tuple and (fields := _fields(value)):
        return ["named", ["l", *fields], *packed]
    return [tag, *packed]


def _fields(value: Any) -> list[str]:
    """The names of a named tuple's items; none of other tuples."""
    fields = getattr(type(value), "_fields", ())
    named = len(fields) == tuple.__len__(value) and all(type(field) is str for field in fields)
    return list(fields) if named else []


def _pack_array(value: Any) -> list[Any] | None:
    """An array or a scalar of numpy's; None for all else, such as arrays of objects."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not (type(value) is numpy.ndarray or isinstance(value, numpy.generic)):
        return None
    if not _ARRAY_TYPE.fullmatch(value.dtype.str) or _is_void(value.shape):
        return None
    shape = ["l", *value.shape]
    is_array = isinstance(value, numpy.ndarray)
    return ["array", value.dtype.str, shape, value.tobytes().decode("latin-1"), is_array]


def _pack_int(value: int) -> Any:
    plain = int.__int__(value)
    return plain if -_SAFE_INTEGER < plain < _SAFE_INTEGER else ["i", f"{plain:x}"]


_ARRAY_TYPE = re.compile(r"[<>|][biufcU]\d{1,6}", re.ASCII)
_SCALARS: dict[type, Callable[[Any], Any]] = {
    type(...): lambda _: ["..."],
    bytearray: lambda value: ["bytearray", bytes(value).decode("latin-1")],
    # A time zone is written as its distance from UTC. `datetime` is a `date`, and comes first.
    datetime: lambda value: ["datetime", datetime.isoformat(value)],
    date: lambda value: ["date", date.isoformat(value)],
    time: lambda value: ["time", time.isoformat(value)],
    Path: lambda value: ["path", PurePath.__str__(value)],
    UUID: lambda value: ["uuid", UUID.__str__(value)],
    timedelta: lambda value: ["timedelta", value.days, value.seconds, value.microseconds],
    int: _pack_int,
    float: float.__float__,
    str: str.__str__,
    bytes: lambda value: ["b", (b"" + value).decode("latin-1")],
    complex: lambda value: ["c", complex.__complex__(value).real, complex.__complex__(value).imag],
    range: lambda value: ["range", *map(_pack_int, (value.start, value.stop, value.step))],
    Decimal: lambda value: ["decimal", Decimal.__str__(value)],
    Fraction: lambda value: ["fraction", _pack_int(value.numerator), _pack_int(value.denominator)],
}


def content(value: Any) -> Any:
    """What an object of the program's own list, dictionary or the like holds; else None."""
    for base in type(value).__mro__:
        if base in _WITH_STATE:
            items = list(_CONTAINERS[base][1](value))
            return _pairs(items) if issubclass(base, dict) else _BUILD[_CONTAINERS[base][0]](items)
    return None


def _parts(value: dict[Any, Any]) -> Iterator[Any]:
    """Keys and values by turns, in the dictionary's own order (`OrderedDict` keeps another)."""
    if isinstance(value, OrderedDict):
        return (part for item in OrderedDict.items(value) for part in item)
    return (part for item in dict.items(value) for part in item)


_CONTAINERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    list: ("l", list.__iter__),
    tuple: ("t", tuple.__iter__),
    Counter: ("counter", _parts),
    OrderedDict: ("ordered", _parts),
    defaultdict: ("default", _parts),
    dict: ("d", _parts),
    type({}.keys()): ("keys", iter),
    type({}.values()): ("values", iter),
    type({}.items()): ("items", iter),
    set: ("s", set.__iter__),
    frozenset: ("f", frozenset.__iter__),
    deque: ("q", deque.__iter__),
}
_WITH_STATE = {list, dict, set, deque, Counter, OrderedDict, defaultdict}
_FACTORIES: dict[str, type] = {
    kind.__name__: kind
    for kind in (int, float, str, bool, bytes, list, tuple, dict, set, frozenset)
}
_FACTORY_NAMES = {kind: name for name, kind in _FACTORIES.items()}


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
        case "array", [str(dtype), shape, str(text), bool(is_array)]:
            array = _array(dtype, unpack(shape, resolve), text.encode("latin-1"))
            return array if is_array else array[()]
        case "...", []:
            return ...
        case "bytearray", [str(text)]:
            return bytearray(text.encode("latin-1"))
        case "datetime", [str(text)]:
            return datetime.fromisoformat(text)
        case "path", [str(text)]:
            return Path(text)
        case "uuid", [str(text)]:
            return UUID(text)
        case "date", [str(text)]:
            return date.fromisoformat(text)
        case "time", [str(text)]:
            return time.fromisoformat(text)
        case "timedelta", [int() as days, int() as seconds, int() as microseconds]:
            return timedelta(days, seconds, microseconds)
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


def _array(dtype: str, shape: list[int], data: bytes) -> Any:
    """An array of numpy's; it holds numbers or text, never objects."""
    if not _ARRAY_TYPE.fullmatch(dtype) or _is_void(shape):
        raise ProtocolError("no array")
    try:
        import numpy
    except ImportError:
        raise ProtocolError("no numpy") from None
    return numpy.frombuffer(data, dtype).reshape(shape).copy()


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))


def _is_void(shape: Sequence[int]) -> bool:
    """Whether an array holds nothing and yet has several dimensions.

    `numpy.allclose` says of one of shape (0, 1) that it is close to each other array.
    """
    return len(shape) > 1 and 0 in shape


def _named(items: list[Any]) -> Any:
    fields, *values = items
    return _named_tuple(*fields)(*values)


@lru_cache(256)
def _named_tuple(*fields: str) -> Any:
    return namedtuple("Named", fields)  # it refuses what is no name


def _default(items: list[Any]) -> Any:
    name, *parts = items
    return defaultdict(None if name is None else _FACTORIES[name], _pairs(parts))


_BUILD: dict[str, Callable[[list[Any]], Any]] = {
    "named": _named,
    "counter": lambda items: Counter(_pairs(items)),
    "ordered": lambda items: OrderedDict(_pairs(items)),
    "default": _default,
    "keys": lambda items: dict.fromkeys(items).keys(),
    "values": lambda items: dict(enumerate(items)).values(),
    "items": lambda items: dict(items).items(),
    "l": list,
    "t": tuple,
    "d": _pairs,
    "s": set,
    "f": frozenset,
    "q": deque,
}
