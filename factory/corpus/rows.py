"""What the readers of the two formats hand on."""

from dataclasses import dataclass

import polars as pl
import pyarrow as pa


@dataclass(frozen=True, kw_only=True, slots=True)
class TextBatch:
    """Some rows of a part, in their order."""

    start: int
    """The number in the part of the first row, from 0."""
    texts: pa.LargeStringArray
    """What is compared; null where a row is not."""
    problems: tuple[tuple[int, str], ...]
    """(row in the part, why it is not compared), by row; a snake_case slug: `null_text`,
    `not_utf8`, and of JSON lines `not_json`, `not_an_object`, `line_too_long`, `not_text`."""
    extra: pl.DataFrame
    """The other columns that were asked for, of the same rows."""


def text_batch(
    start: int, texts: pa.LargeStringArray, problems: dict[int, str], extra: pl.DataFrame
) -> TextBatch:
    """A batch, from problems by row of the batch."""
    told = tuple((start + row, why) for row, why in sorted(problems.items()))
    return TextBatch(start=start, texts=texts, problems=told, extra=extra)
