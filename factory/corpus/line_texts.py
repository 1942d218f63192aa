"""Texts of JSON lines: of each object, only the fields that are needed."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from types import NoneType
from typing import Any

import msgspec
import pyarrow as pa

from factory.corpus.arrays import Problems, join_columns, large_strings, texts_in
from factory.corpus.columns import TextColumns, look, no_column, no_text, usual
from factory.corpus.files import COMPRESSED, open_bytes, reading
from factory.corpus.frames import json_frame
from factory.corpus.lines import Block, line_blocks, parse_object
from factory.corpus.parts import Part
from factory.corpus.rows import TextBatch, text_batch
from factory.corpus.turns import turns_text

_HEAD_BYTES = 1 << 20
_HEAD_BLOCKS = 16
_HEAD_ROWS = 100
"""That are looked at in any case: a field may be missing in some."""


def part_blocks(part: Part, block_bytes: int) -> Iterator[Block]:
    """The blocks of lines of a part.

    Raises:
        RunError: the file is damaged.
    """
    plain = part.path.suffix not in COMPRESSED
    with reading(part.path), open_bytes(part.path) as file:
        if plain:
            file.seek(part.start)
        num_bytes = part.stop - part.start if plain else None
        yield from line_blocks(file, num_bytes=num_bytes, block_bytes=block_bytes)


def line_columns(part: Part, columns: TextColumns, extra: tuple[str, ...]) -> tuple[str, ...]:
    """See `texts.chosen_columns`."""
    wanted = {*columns.column, *extra}
    known: set[str] = set()
    for number, row in enumerate(_head(part), 1):
        known.update(row)
        known.update(name for name in wanted - known if look(row, name) is not None)
        if (
            number >= _HEAD_ROWS
            and wanted <= known
            and (columns.column or usual(known.__contains__))
        ):
            break
    names = columns.column or usual(known.__contains__)
    if not known:
        return names  # no row can be read, and each says why
    for name in (*names, *extra):
        if name not in known:
            raise no_column(part.path, name, known)
    if not names:
        raise no_text(part.path, known)
    return names


def _head(part: Part) -> Iterator[dict[str, Any]]:
    """The objects at the beginning of a part's file, one block at least."""
    with reading(part.path), open_bytes(part.path) as file:
        blocks = line_blocks(file, block_bytes=_HEAD_BYTES)
        for block in itertools.islice(blocks, _HEAD_BLOCKS):
            rows = (parse_object(line) for line in block.lines())
            yield from (row for row in rows if isinstance(row, dict))


def line_texts(
    part: Part, columns: TextColumns, extra: tuple[str, ...], batch_bytes: int
) -> Iterator[TextBatch]:
    """See `texts.read_texts`."""
    names = line_columns(part, columns, extra)
    fields = _Fields((*names, *extra))
    start = 0
    for block in part_blocks(part, batch_bytes):
        if block.num_rows:
            yield _batch(start, fields.read(block), fields, names, extra)
            start += block.num_rows


class _Fields:
    """Reads some fields of the objects in lines, and nothing else of them."""

    def __init__(self, names: Sequence[str]) -> None:
        tops = dict.fromkeys(top for name in names for top in (name, name.partition(".")[0]))
        self._slots = {top: f"f{number}" for number, top in enumerate(tops)}
        self._row = msgspec.defstruct(
            "Row",
            [(slot, Any, None) for slot in self._slots.values()],
            rename={slot: top for top, slot in self._slots.items()},
            gc=False,
        )
        self._decode = msgspec.json.Decoder(self._row).decode
        self._empty = self._row()

    def read(self, block: Block) -> tuple[list[Any], Problems]:
        """The objects of a block's rows, and what is wrong with those that are none."""
        if block.piece:
            return [self._empty], {0: "line_too_long"}
        rows: list[Any] = []
        problems: Problems = {}
        for number, line in enumerate(block.lines()):
            try:
                rows.append(self._decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                value = parse_object(line)
                if isinstance(value, str):
                    problems[number], value = value, {}
                rows.append(self._row(**{s: value.get(top) for top, s in self._slots.items()}))
        return rows, problems

    def values(self, rows: list[Any], name: str) -> list[Any]:
        """The values of a column, `a.b` as such or as a field of an object."""
        found = list(map(attrgetter(self._slots[name]), rows))
        top, _, rest = name.partition(".")
        if not rest:
            return found
        inner: Callable[[Any], Any] = attrgetter(self._slots[top])
        return [
            look({top: inner(row)}, name) if value is None else value
            for value, row in zip(found, rows, strict=True)
        ]


def _batch(
    start: int,
    read: tuple[list[Any], Problems],
    fields: _Fields,
    names: tuple[str, ...],
    extra: tuple[str, ...],
) -> TextBatch:
    rows, problems = read
    texts, missing = join_columns([_column(fields.values(rows, name)) for name in names])
    frame = json_frame({name: fields.values(rows, name) for name in extra})
    return text_batch(start, texts, missing | problems, frame)


def _column(values: list[Any]) -> tuple[pa.LargeStringArray, Problems]:
    odd: Problems = {}
    plain = set(map(type, values)) <= {str, NoneType}
    for number, value in enumerate(() if plain else values):
        if value is not None and not isinstance(value, str):
            values[number] = text = turns_text(value)
            if text is None:
                odd[number] = "not_text"
    texts, problems = texts_in(large_strings(values))
    return texts, problems | odd
