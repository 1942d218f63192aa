r"""A line of a ledger: one completion, or a note of a compaction.

    <crc32 of the rest, 8 hex digits> <key, 32 hex digits> <completion as a JSON object>\n
    <crc32 of the rest, 8 hex digits> # <note as a JSON object>\n

The object holds `account` and `at` (microseconds since 1970, when it was written), and then the
fields of the completion that are not at their default. Lines of the first ledgers have neither
account nor time and all fields.
"""

import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

import msgspec

from factory.records import Completion

KEY_BYTES = 16
_HEAD = 9 + 2 * KEY_BYTES + 1
"""Bytes before the JSON object: checksum, space, key, space."""
_BODY = _HEAD - 9

_FIELDS = {item.name: item.default for item in fields(Completion)}
_values = attrgetter(*_FIELDS)
_encode = msgspec.json.encode
_decode_completion = msgspec.json.Decoder(Completion).decode
MAX_TIME = 1 << 52
"""Microseconds; the year 2112."""


@dataclass(slots=True)
class Usage:
    """What was paid for: requests answered, tokens read and tokens written."""

    completions: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, other: "Usage", times: int = 1) -> None:
        """Add another to this one, or take it away with `times=-1`."""
        self.completions += times * other.completions
        self.prompt_tokens += times * other.prompt_tokens
        self.completion_tokens += times * other.completion_tokens


@dataclass(slots=True)
class Paid:
    """What was paid for, by account and by engine; an answer that was paid twice counts twice."""

    accounts: dict[str, Usage] = field(default_factory=dict)
    engines: dict[str, Usage] = field(default_factory=dict)

    def count(self, account: str, engine: str, usage: Usage) -> None:
        """Add what was paid on one account to one engine."""
        self.accounts.setdefault(account, Usage()).add(usage)
        self.engines.setdefault(engine, Usage()).add(usage)

    def add(self, other: "Paid", times: int = 1) -> None:
        """Add another to this one, or take it away with `times=-1`."""
        for mine, its in ((self.accounts, other.accounts), (self.engines, other.engines)):
            for name, usage in its.items():
                mine.setdefault(name, Usage()).add(usage, times)

    def nonzero(self) -> "Paid":
        """The same without names under which nothing was paid."""
        nothing = Usage()
        return Paid(
            {name: usage for name, usage in self.accounts.items() if usage != nothing},
            {name: usage for name, usage in self.engines.items() if usage != nothing},
        )


class Tally:
    """Adds completions up, for `Paid`."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], list[int]] = {}

    def add(self, account: str, item: "Stored | Completion") -> None:
        """Count a completion."""
        key = account, item.engine
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = [0, 0, 0]
        sums[0] += 1
        sums[1] += item.prompt_tokens
        sums[2] += item.completion_tokens

    def paid(self) -> Paid:
        """The sums so far."""
        paid = Paid()
        for (account, engine), sums in self._sums.items():
            paid.count(account, engine, Usage(*sums))
        return paid


@dataclass(slots=True)
class Note:
    """What a compacted segment says about itself, in its first and in its last line."""

    replaces: list[str] = field(default_factory=list)
    """Names of the segments whose lines it holds; those that a crash left are passed over."""
    dropped: Paid = field(default_factory=Paid)
    """What was paid for and is in no line any more: duplicates and damaged lines."""


class Stored(msgspec.Struct):
    """What stands in a completion's line."""

    account: str = ""
    at: int = 0
    """Microseconds since 1970; 0 where the line does not say."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    engine: str = ""
    text: str = ""
    finish_reason: str = "stop"
    error: str = ""
    score: float | None = None


def pack(key: bytes, completion: Completion, *, at: int, account: str) -> bytes:
    """A completion's line.

    Args:
        key: 16 bytes.
        completion: what is kept; NUL, line breaks and lone surrogates in it survive.
        at: microseconds since 1970, in [0, 2**52).
        account: whose it is.
    """
    values: dict[str, Any] = {"account": account, "at": at}
    for (name, default), value in zip(_FIELDS.items(), _values(completion), strict=True):
        if value != default:
            values[name] = value
    return _seal(key.hex().encode(), _dump(values))


def pack_note(note: Note) -> bytes:
    """A note's line."""
    return _seal(b"#", _encode(note))


def _seal(head: bytes, body: bytes) -> bytes:
    rest = b"%b %b" % (head, body)
    return b"%08x %b\n" % (zlib.crc32(rest), rest)


def _dump(values: dict[str, Any]) -> bytes:
    """JSON as UTF-8; lone surrogates as their three bytes, and NaN as such."""
    score = values.get("score")
    if score is None or math.isfinite(score):
        try:
            return _encode(values)
        except (UnicodeEncodeError, TypeError):  # a lone surrogate; a subclass of str or float
            pass
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _load(body: bytes) -> dict[str, Any]:
    """What `_dump` wrote, by the slower of the two ways."""
    values = json.loads(body.decode("utf-8", "surrogatepass"))
    if not isinstance(values, dict):
        raise ValueError(f"not an object: {type(values).__name__}")
    return values


_decode_stored = msgspec.json.Decoder(Stored).decode
_decode_note = msgspec.json.Decoder(Note).decode


def checksum_holds(line: bytes) -> bool:
    """Whether a line, with or without its line break, is as it was written."""
    try:
        return line[8:9] == b" " and int(line[:8], 16) == zlib.crc32(line[9:].removesuffix(b"\n"))
    except ValueError:
        return False


def parse(line: bytes) -> tuple[bytes, Stored] | Note | None:
    """(key, completion) of a line, a compaction's note, or None where it is damaged."""
    if not checksum_holds(line):
        return None
    try:
        if line[9:11] == b"# ":
            return _decode_note(line[11:])
        if line[_HEAD - 1 : _HEAD] != b" ":
            return None
        raw = bytes.fromhex(line[9 : _HEAD - 1].decode("ascii"))
        stored = _stored(line[_HEAD:])
    except (ValueError, TypeError):
        return None
    return (raw, stored) if len(raw) == KEY_BYTES and 0 <= stored.at < MAX_TIME else None


def _stored(body: bytes) -> Stored:
    try:
        return _decode_stored(body)
    except ValueError:
        return msgspec.convert(_load(body), Stored)


def unpack(line: bytes, key: bytes) -> Completion | None:
    """The completion of a line, None where the line is damaged or another key's.

    Args:
        line: as it lies on disk.
        key: 32 hexadecimal digits, in small letters.
    """
    body = line[9:-1]
    try:
        if int(line[:8], 16) != zlib.crc32(body) or not body.startswith(key):
            return None
        try:
            return _decode_completion(body[_BODY:])
        except ValueError:
            return _completion(body[_BODY:])
    except (ValueError, TypeError):
        return None


def stored_in(line: bytes, key: bytes) -> Stored | None:
    """What stands in a completion's line, None where the line is damaged or another key's.

    Args:
        line: as it lies on disk.
        key: 32 hexadecimal digits, in small letters.
    """
    said = parse(line)
    return said[1] if isinstance(said, tuple) and said[0].hex().encode() == key else None


def _completion(body: bytes) -> Completion:
    try:
        return _decode_completion(body)
    except ValueError:
        values = _load(body)
        return Completion(**{name: values[name] for name in _FIELDS if name in values})


def completion_in(line: bytes) -> Completion:
    """The completion of a line that `parse` takes."""
    return _completion(line[_HEAD:])


def rows(completion: Completion) -> Iterator[tuple[str, Any]]:
    """(name, value) of every field of a completion."""
    return zip(_FIELDS, _values(completion), strict=True)
