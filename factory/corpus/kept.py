"""The rows of a file that are kept, in the file's format, with nothing reordered."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from factory import store
from factory.corpus.kept_lines import kept_lines
from factory.corpus.kept_parquet import kept_parquet
from factory.corpus.parts import Part


def write_kept(
    parts: Sequence[Part], removed: Callable[[int], np.ndarray], out: Path
) -> dict[str, int]:
    """Write what is kept of one input file, atomically.

    Memory holds some row groups, or a block of lines. A row group of more than 128 MiB becomes
    several; the others keep their bounds, but for those of which no row is left.

    Args:
        parts: all those of the file, in order.
        removed: the rows to leave out of a part, by its number: int64, ascending, from 0.
        out: the new file, in the format of the input: parquet with the same schema, metadata and
            codecs; JSON lines byte for byte, compressed as the input is.

    Returns:
        How many `rows` there were, and how many were `kept` and `removed`.

    Raises:
        RunError: the input is damaged, or the output cannot be written.
        ValueError: a row to leave out is not in its part.
    """
    counts = {"rows": 0, "removed": 0, "kept": 0}

    def write(file: IO[bytes]) -> None:
        copy = kept_parquet if parts[0].kind == "parquet" else kept_lines
        counts["rows"], counts["removed"] = copy(parts, removed, file)
        counts["kept"] = counts["rows"] - counts["removed"]

    store.write_atomic(out, write)
    return counts
