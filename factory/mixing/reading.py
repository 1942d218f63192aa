"""The rows of what goes into a mixture, as rows of the published schema, batch by batch."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from factory.errors import ConfigError, RunError
from factory.foreign_files import batches
from factory.mixing.recipe import Ingredient
from factory.schemas import SFT
from factory.seeds import digest

_NEEDED = ("input", "output", "reasoning")
Bools = npt.NDArray[np.bool_]


def tables(name: str, ingredient: Ingredient) -> Iterator[pa.Table]:
    """The rows of a dataset in order; columns that it lacks are null.

    Raises:
        ConfigError: it is not there, or holds no rows of this kind.
        RunError: a file is damaged.
    """
    where = _where(ingredient.data)
    for batch in batches(where, config=ingredient.config, split=ingredient.split):
        rows = []
        for number, row in enumerate(batch.rows):
            if isinstance(row, str):
                raise RunError(f"{batch.name}, row {batch.start + number}: cannot be read: {row}")
            _check(name, f"{batch.name}, row {batch.start + number}", row)
            rows.append({"id": f"{Path(batch.name).stem}-{batch.start + number}", **row})
        try:
            yield pa.Table.from_pylist(rows, SFT)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise RunError(
                f"{batch.name}: rows are not of the published schema: {error}"
            ) from error


def _where(data: str) -> str:
    """The answers in a run or in a dataset's directory."""
    for place in (Path(data) / "dataset" / "SFT", Path(data) / "SFT"):
        if place.is_dir():
            return str(place)
    return data


def _check(name: str, where: str, row: dict[str, object]) -> None:
    missing = [column for column in _NEEDED if row.get(column) is None]
    if missing:
        raise ConfigError(
            f"domains.{name}: {where}: has no {missing[0]}; a mixture takes rows with columns "
            f"{', '.join(_NEEDED)}, such as the SFT shards of a run"
        )


def hashes(table: pa.Table, *key: object) -> npt.NDArray[np.uint64]:
    """A hash of each row's id, uint64, shape (n,); the same wherever the row lies."""
    salt = digest(*key)
    found = [int(digest(salt, row_id, size=8), 16) for row_id in table["id"].to_pylist()]
    return np.array(found, np.uint64)


def lengths(table: pa.Table) -> npt.NDArray[np.int64]:
    """UTF-8 bytes of each answer, shape (n,)."""
    return pl.Series(table["output"]).str.len_bytes().to_numpy().astype(np.int64)


def is_meant_for(table: pa.Table, student: str) -> Bools:
    """Which rows are meant for a student; released rows spell the list in several ways."""
    if not student:
        return np.ones(len(table), np.bool_)
    told = pl.Series(table["used_in_training"]).fill_null("").str.to_lowercase()
    found: Bools = told.str.contains(student.lower(), literal=True).to_numpy()
    return found
