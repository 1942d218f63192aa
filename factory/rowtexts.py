"""The texts of a few rows of a corpus, for examples."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from factory.corpus import Part, TextColumns, read_texts

_MAX_BYTES = 2 << 30
"""Of a part that are searched for an example; a compressed file is one part, however large."""
_MAX_TEXT = 1 << 20
"""Characters of a text that are handed on."""
Place = tuple[int, int]
"""(part, row in it)."""


def read_some(
    parts: Sequence[Part], columns: TextColumns, places: Iterable[Place]
) -> dict[Place, str]:
    """The texts of some rows, the beginnings of very long ones; none of rows that lie too deep.

    Args:
        parts: of the corpus.
        columns: those that are compared.
        places: of the rows.
    """
    wanted: dict[int, set[int]] = {}
    for part, row in places:
        wanted.setdefault(part, set()).add(row)
    found: dict[Place, str] = {}
    for part, rows in sorted(wanted.items()):
        for row, text in _some_of(parts[part], columns, rows):
            found[part, row] = text
    return found


def _some_of(part: Part, columns: TextColumns, rows: set[int]) -> Iterable[tuple[int, str]]:
    last, seen = max(rows), 0
    for batch in read_texts(part, columns):
        stop = batch.start + len(batch.texts)
        for row in sorted(rows):
            if batch.start <= row < stop:
                yield row, _text(batch.texts[row - batch.start])
        seen += batch.texts.nbytes
        if stop > last or seen > _MAX_BYTES:
            return


def _text(value: pa.LargeStringScalar) -> str:
    data = value.as_buffer() if value.is_valid else b""
    return bytes(memoryview(data)[: 4 * _MAX_TEXT]).decode("utf-8", "replace")[:_MAX_TEXT]
