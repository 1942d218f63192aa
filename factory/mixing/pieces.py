"""Rows that come in any order, put in order through files: a piece for each stretch of places."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from factory.mixing.choosing import Ints

_PLACE = "place"
_MOST = 512
"""Pieces at most: each is an open file."""


def cut_places(num_rows: int, num_bytes: int, piece_bytes: int) -> Ints:
    """Bounds of equal stretches of places, from 0 to the number of rows."""
    pieces = min(max(-(-num_bytes // piece_bytes), 1), max(num_rows, 1), _MOST)
    bounds: Ints = np.linspace(0, num_rows, pieces + 1).astype(np.int64)
    return bounds


class Pieces(ExitStack):
    """Files that rows are laid out into by their places.

    Args:
        folder: of the files; made here.
        bounds: of the stretches.
    """

    def __init__(self, folder: Path, bounds: Ints) -> None:
        super().__init__()
        self._bounds = bounds
        folder.mkdir()
        self._paths = [folder / f"piece-{number:05d}.arrow" for number in range(len(bounds) - 1)]
        self._writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._writers.clear()
        return bool(super().__exit__(kind, error, trace))

    def add(self, table: pa.Table, rows: Ints, places: Ints) -> None:
        """Lay rows of a table out, each at its place."""
        pieces = np.searchsorted(self._bounds, places, side="right") - 1
        for piece in np.unique(pieces):
            mine = np.flatnonzero(pieces == piece)
            some = table.take(pa.array(rows[mine]))
            placed = some.append_column(_PLACE, pa.array(places[mine]))
            self._writer(int(piece), placed.schema).write_table(placed)

    def in_order(self) -> Iterator[pa.Table]:
        """All rows in the order of their places, a piece at a time."""
        for writer in self._writers.values():
            writer.close()
        for number, path in enumerate(self._paths):
            if number not in self._writers:
                continue
            with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
                table = reader.read_all()
            yield table.sort_by(_PLACE).drop_columns([_PLACE])
            path.unlink()

    def _writer(self, piece: int, schema: pa.Schema) -> pa.ipc.RecordBatchStreamWriter:
        if piece not in self._writers:
            file = self.enter_context(pa.OSFile(str(self._paths[piece]), "wb"))
            self._writers[piece] = self.enter_context(pa.ipc.new_stream(file, schema))
        return self._writers[piece]
