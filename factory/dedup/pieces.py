"""The rows of a part as they are compared, some ten thousand at a time.

Rows that are not compared are listed with the reason: those whose text cannot be read, those that
a caller leaves out, and, where only the rows of a group are compared, those of none.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from factory.corpus import TextBatch, read_texts
from factory.dedup.columns import I64, U64
from factory.dedup.comparison import Comparison
from factory.dedup.keep import TEXT
from factory.shingles import text_hashes

ROWS = 1 << 16
"""Rows of a piece: their signatures take 32 MB."""
LEFT_OUT = "left_out"
NO_GROUP = "no_group"
Skip = Callable[[int], I64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Some rows of a part, in order."""

    start: int
    """The number in the part of the first one."""
    texts: pa.LargeStringArray
    """Null where a row is not compared."""
    skipped: dict[int, str]
    """Why rows of the part are not compared."""
    groups: U64
    """A hash of the group of each row; 0 where all are compared with all."""
    keys: list[U64]
    """By what rows are kept, the smaller the better, for each term of the policy."""
    unordered: list[tuple[int, int]]
    """(values, those that cannot be ordered), for each term of the policy."""
    ids: pl.Series | None
    """The user's ids, as text."""


def read_pieces(comparison: Comparison, number: int, skip: Skip | None) -> Iterator[Piece]:
    """The rows of a part, in order."""
    gone = {int(local) for local in skip(number)} if skip else set()
    part = comparison.part(number)
    for batch in read_texts(part, comparison.columns, extra=comparison.extra()):
        for first in range(0, len(batch.texts), ROWS):
            yield _piece(comparison, batch, first, gone)


def _piece(comparison: Comparison, batch: TextBatch, first: int, gone: set[int]) -> Piece:
    texts = batch.texts.slice(first, ROWS)
    extra = batch.extra.slice(first, ROWS)
    start = batch.start + first
    rows = range(start, start + len(texts))
    skipped = {row: why for row, why in batch.problems if row in rows}
    skipped.update((row, LEFT_OUT) for row in gone.intersection(rows))
    groups = np.zeros(len(texts), np.uint64)
    if comparison.within:
        words = _words(extra[comparison.within])
        none = np.flatnonzero(words.is_null().to_numpy()) + start
        skipped = {**{int(row): NO_GROUP for row in none}, **skipped}
        groups = hash_words(words)
    frame = extra
    if comparison.keep.reads_text():
        frame = pl.DataFrame([*extra.get_columns(), pl.Series(TEXT, pl.from_arrow(texts))])
    keys, unordered = comparison.keep.encode(frame)
    if skipped:
        texts = _without(texts, np.fromiter(skipped, np.int64) - start)
    return Piece(
        start=start,
        texts=texts,
        skipped=dict(sorted(skipped.items())),
        groups=groups,
        keys=keys,
        unordered=unordered,
        ids=_words(extra[comparison.id_column]) if comparison.id_column else None,
    )


def _without(texts: pa.LargeStringArray, rows: I64) -> pa.LargeStringArray:
    """The same texts, null where rows are not compared."""
    compared = np.ones(len(texts), np.bool_)
    compared[rows] = False
    if texts.null_count == len(rows) and not pc.any(pc.and_(pc.is_null(texts), compared)).as_py():
        return texts
    return pc.if_else(compared, texts, pa.scalar(None, texts.type))


def _words(values: pl.Series) -> pl.Series:
    """Values of any type as text, those of objects and lists as JSON.

    A whole number is the same text whether the others beside it are whole or not: JSON lines have
    no types, and a batch of them may hold what the next one does not.
    """
    kind = values.dtype
    if kind.is_nested():
        coded = values.to_frame("value").select(
            pl.when(pl.col("value").is_not_null()).then(pl.struct("value").struct.json_encode())
        )
        return coded.to_series().str.strip_prefix('{"value":').str.head(-1)
    if kind == pl.Duration:
        return values.dt.to_string("iso")
    if kind == pl.Binary:
        return pl.Series(values.name, map(_readable, values), pl.String)
    words = values.cast(pl.String)
    return words.str.strip_suffix(".0") if kind.is_float() else words


def _readable(value: bytes | None) -> str | None:
    """Bytes as the text that they are, in hexadecimal where they are none."""
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        assert value
        return value.hex()


def hash_words(words: pl.Series) -> U64:
    """A hash of each text as it stands; 0 for a null."""
    # In hexadecimal, since hashes of texts fold case and white space.
    coded = words.str.encode("hex").to_arrow(compat_level=pl.CompatLevel.oldest())
    hashes = text_hashes(coded)
    return hashes[:, 0] ^ (hashes[:, 1] >> np.uint64(1))
