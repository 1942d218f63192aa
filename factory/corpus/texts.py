"""The texts of a part, batch by batch: memory holds one batch, however long the part is."""

from collections.abc import Iterator, Sequence

from factory.corpus.columns import TextColumns
from factory.corpus.line_texts import line_columns, line_texts
from factory.corpus.parquet_texts import parquet_columns, parquet_texts
from factory.corpus.parts import Corpus, Part
from factory.corpus.rows import TextBatch


def read_texts(
    part: Part, columns: TextColumns, *, extra: Sequence[str] = (), batch_bytes: int = 16 << 20
) -> Iterator[TextBatch]:
    """The rows of a part, each in exactly one batch, in their order.

    Args:
        part: of a corpus; a blank line of it is no row.
        columns: those that are compared.
        extra: other columns, `a.b` for a field of a struct; of JSON lines null where a row has no
            such field.
        batch_bytes: the size of a batch, about; it has one row at least.

    Raises:
        ConfigError: the file lacks a column, or a column is no text.
        RunError: the file is damaged; the message names it and the row group.
    """
    read = parquet_texts if part.kind == "parquet" else line_texts
    yield from read(part, columns, tuple(extra), batch_bytes)


def chosen_columns(
    part: Part, columns: TextColumns, *, extra: Sequence[str] = ()
) -> tuple[str, ...]:
    """The columns that are compared in a part's file.

    Of JSON lines the first 16 MB say which fields the rows have, at most.

    Raises:
        ConfigError: the file lacks a column, or a column is no text.
        RunError: the file is damaged.
    """
    choose = parquet_columns if part.kind == "parquet" else line_columns
    return choose(part, columns, tuple(extra))


def check_columns(corpus: Corpus, columns: TextColumns, *, extra: Sequence[str] = ()) -> None:
    """Look for the columns in every file of a corpus, before anything is worked out for it.

    Raises:
        ConfigError: a file lacks a column, or a column is no text.
        RunError: a file is damaged.
    """
    for parts in corpus.files:
        chosen_columns(parts[0], columns, extra=extra)
