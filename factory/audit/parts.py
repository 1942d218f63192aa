"""Reading the working files of a run for the audit: a batch at a time, older schemas too."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import PartError
from factory.schemas import PROMPTS, RESPONSES

_BATCH = 512
"""Rows in memory at once; one may hold megabytes."""
VERDICT_FIELDS = ("filter", "decision", "score", "reason", "seconds")


def read_responses(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a part of responses, in order.

    A column that the part's version did not have yet holds None, or an empty list.

    Raises:
        PartError: the part is missing or damaged.
    """
    return _rows(path, RESPONSES, columns or RESPONSES.names)


def read_prompts(path: Path) -> dict[str, dict[str, Any]]:
    """The rows of a part of prompts by id, the columns as in `read_responses`.

    Raises:
        PartError: the part is missing or damaged.
    """
    rows = _rows(path, PROMPTS, PROMPTS.names)
    return {row["id"]: row for row in rows}


def read_verdicts(path: Path) -> pl.DataFrame:
    """One row a verdict: `mode`, `place` (0 for the first on a response), and its fields.

    Raises:
        PartError: the part is missing or damaged.
    """
    try:
        table = pq.read_table(
            path, columns=["mode", "verdicts"], page_checksum_verification=True, partitioning=None
        )
        frame = pl.DataFrame(pl.from_arrow(table))
    except (OSError, pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise _damaged(path, error) from error
    flat = (
        frame.with_columns(pl.int_ranges(pl.col("verdicts").list.len()).alias("place"))
        .explode("verdicts", "place")
        .unnest("verdicts")
        .drop_nulls("filter")
    )
    missing = [name for name in VERDICT_FIELDS if name not in flat.columns]
    flat = flat.with_columns(pl.lit(None, pl.Float32).alias(name) for name in missing)
    return flat.select("mode", "place", *VERDICT_FIELDS)


def _rows(path: Path, schema: pa.Schema, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            there = [name for name in columns if name in file.schema_arrow.names]
            absent = {
                name: pa.types.is_list(schema.field(name).type)
                for name in columns
                if name not in there
            }
            for batch in file.iter_batches(batch_size=_BATCH, columns=there):
                for row in batch.to_pylist():
                    yield {**row, **{name: [] if many else None for name, many in absent.items()}}
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> PartError:
    reason = " ".join(str(error).split())[:120]
    return PartError(
        f"{path}: damaged part ({reason}); delete it and go on with factory run, its "
        "completions are in the ledger"
    )
