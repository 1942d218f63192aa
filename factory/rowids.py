"""The user's own ids of rows, read part by part into files of a work directory.

part -> ids/part-00000.arrow       id, one a row
     -> ids/hashes-00000.arrow     (hash, row in its part), a record batch a range of hashes
range of hashes -> ids/repeated-00000.json
"""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from factory import store
from factory.corpus import Corpus, Part, TextColumns, read_texts
from factory.corpus.columns import field_steps
from factory.corpus.files import open_parquet, reading
from factory.errors import ConfigError
from factory.partwork import Client, on_parts
from factory.progress import Progress
from factory.rownames import Repeated, RowNames, take_ids

_RANGE_ROWS = 4 << 20
"""Rows whose hashes are looked at together."""
_LISTED = 5
"""Repeated ids that are listed."""
_IDS = pa.schema([("id", pa.large_binary())])
"""UTF-8, or what the data has instead."""
_NO_HASH = pl.Series([None], dtype=pl.UInt64)
_HASHES = pa.schema([("hash", pa.uint64()), ("row", pa.int64())])


def read_ids(
    corpus: Corpus, column: str, num_rows: int, *, folder: Path, client: Client, progress: Progress
) -> list[dict[str, Any]]:
    """Read the ids of all rows into files, and find those that repeat.

    Args:
        corpus: the dataset.
        column: that holds ids; numbers count as text.
        num_rows: how many there are.
        folder: for the files.
        client: of the cluster.
        progress: told of the parts.

    Returns:
        For each range of hashes: `ids` and `rows`, how many repeat, and `first`, some places
        `[part, row, part, row]` of one and the same id.
    """
    num_ranges = max(1, -(-num_rows // _RANGE_ROWS))
    folder.mkdir(parents=True, exist_ok=True)
    on_parts(
        client,
        partial(_read_part, corpus.parts, column, folder, num_ranges),
        range(len(corpus.parts)),
        stage="reading ids",
        progress=progress,
        is_done=lambda part: _hashes_path(folder, part).exists(),
    )
    on_parts(
        client,
        partial(_find_repeated, folder, len(corpus.parts)),
        range(num_ranges),
        stage="looking for repeated ids",
        progress=progress,
        is_done=lambda number: _repeated_path(folder, number).exists(),
    )
    return [json.loads(_repeated_path(folder, each).read_text()) for each in range(num_ranges)]


def ids_path(folder: Path, part: int) -> Path:
    """Where the ids of a part lie, one a row."""
    return folder / f"part-{part:05d}.arrow"


def _hashes_path(folder: Path, part: int) -> Path:
    return folder / f"hashes-{part:05d}.arrow"


def _repeated_path(folder: Path, number: int) -> Path:
    return folder / f"repeated-{number:05d}.json"


def _read_part(
    parts: Sequence[Part], column: str, folder: Path, num_ranges: int, number: int
) -> dict[str, int]:
    hashes: list[pl.Series] = []

    def write(file: IO[bytes]) -> None:
        with pa.ipc.new_file(file, _IDS) as writer:
            for values in _values(parts[number], column):
                ids = _as_text(values, column, parts[number])
                hashes.append(ids.hash().zip_with(ids.is_not_null(), _NO_HASH))
                table = pa.table({"id": ids.to_arrow().cast(pa.large_binary())}, schema=_IDS)
                writer.write_table(table)

    store.write_atomic(ids_path(folder, number), write)
    rows = pl.DataFrame({"hash": pl.concat(hashes) if hashes else pl.Series(dtype=pl.UInt64)})
    _write_ranges(_hashes_path(folder, number), rows, num_ranges)
    return {"rows": len(rows)}


def _values(part: Part, column: str) -> Iterator[pl.Series]:
    """A column of a part; the others are not read where the format allows it."""
    if part.kind == "jsonl":
        for batch in read_texts(part, TextColumns(column=(column,)), extra=(column,)):
            yield batch.extra.to_series()
        return
    with reading(part.path), open_parquet(part.path) as file:
        first, *others = field_steps(file.schema_arrow, column)
        groups = range(part.start, part.stop)
        names = [".".join((first, *others))]
        before, left = part.first_row, part.num_rows or 0  # a part may be a piece of a row group
        for batch in file.iter_batches(row_groups=groups, columns=names, use_threads=False):
            skipped = min(before, batch.num_rows)
            array = batch.column(first).slice(skipped, left)
            before, left = before - skipped, left - len(array)
            for step in others:
                array = pc.struct_field(array, step)
            yield pl.Series(column, pl.from_arrow(array))


def _as_text(values: pl.Series, column: str, part: Part) -> pl.Series:
    try:
        return values.cast(pl.String)
    except pl.exceptions.PolarsError:
        raise ConfigError(
            f"{part.path}: --id-column {column!r} is {values.dtype}; name one of text or numbers"
        ) from None


def _write_ranges(path: Path, rows: pl.DataFrame, num_ranges: int) -> None:
    """Write rows of known hash as one record batch a range."""
    placed = rows.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64)).drop_nulls()
    ranges = placed.select("hash", "row").with_columns(range=pl.col("hash") % num_ranges)

    def write(file: IO[bytes]) -> None:
        with pa.ipc.new_file(file, _HASHES) as writer:
            for number in range(num_ranges):
                some = ranges.filter(pl.col("range") == number).drop("range").to_arrow()
                writer.write_batch(pa.RecordBatch.from_arrays(
                    [some.column(name).combine_chunks() for name in _HASHES.names], schema=_HASHES
                ))  # fmt: skip

    store.write_atomic(path, write)


def _find_repeated(folder: Path, num_parts: int, number: int) -> dict[str, int]:
    """Write which ids of a range of hashes repeat."""
    pieces = []
    for part in range(num_parts):
        with pa.memory_map(bytes(_hashes_path(folder, part))) as file:
            batch = pa.ipc.open_file(file).get_batch(number)
            pieces.append(pl.DataFrame(pl.from_arrow(batch)).with_columns(part=pl.lit(part)))
    rows = pl.concat(pieces).with_row_index("order")
    places = rows.group_by("hash").agg(
        pl.len(), pl.col("order").min(), pl.col("part", "row").sort_by("order").head(2)
    )
    repeated = places.filter(pl.col("len") > 1).sort("order")
    first = [
        [row["part"][0], row["row"][0], row["part"][1], row["row"][1]]
        for row in repeated.head(_LISTED).iter_rows(named=True)
    ]
    found = {"ids": len(repeated), "rows": int(repeated["len"].sum()), "first": first}
    store.write_json(_repeated_path(folder, number), found)
    return {}


def repeated_ids(found: Sequence[dict[str, Any]], names: RowNames, folder: Path) -> Repeated:
    """What `read_ids` found, with the first few by name.

    Args:
        found: by range.
        names: of the rows.
        folder: as for `read_ids`.
    """
    first = sorted(place for each in found for place in each["first"])[:_LISTED]
    listed = []
    for part, row, other_part, other_row in first:
        numbers = names.numbers([part, other_part], [row, other_row])
        places = [names.where(number) for number in numbers]
        (id,) = take_ids(ids_path(folder, part), np.array([row])).to_pylist()
        listed.append((id.decode("utf-8", "replace"), places[0], places[1]))
    return Repeated(
        num_ids=sum(each["ids"] for each in found),
        num_rows=sum(each["rows"] for each in found),
        first=tuple(listed),
    )
