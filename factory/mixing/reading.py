"""The rows of what goes into a mixture, as rows of a published schema, batch by batch."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from factory.errors import ConfigError, RunError
from factory.foreign_files import batches
from factory.mixing.recipe import Ingredient
from factory.records import MODES
from factory.schemas import RL, SFT
from factory.seeds import digest

SCHEMAS = {"SFT": SFT, "RL": RL}
"""By the configuration that rows of a kind are published in."""
_NEEDED = {"SFT": ("input", "output", "reasoning"), "RL": ("input", "args")}
Bools = npt.NDArray[np.bool_]


def tables(name: str, ingredient: Ingredient, kind: str = "SFT") -> Iterator[pa.Table]:
    """The rows of a dataset in order; columns that it lacks are null.

    Args:
        name: of the domain.
        ingredient: where the dataset lies.
        kind: `SFT` for answers, `RL` for prompts with what checks an answer.

    Raises:
        ConfigError: it is not there, or holds no rows of this kind.
        RunError: a file is damaged.
    """
    where = _where(ingredient, kind)
    if where is None:
        return
    for batch in batches(where, config=ingredient.config, split=ingredient.split):
        rows = []
        for number, row in enumerate(batch.rows):
            if isinstance(row, str):
                raise RunError(f"{batch.name}, row {batch.start + number}: cannot be read: {row}")
            _check(name, f"{batch.name}, row {batch.start + number}", row, kind)
            own = f"{Path(batch.name).stem}-{batch.start + number}"
            rows.append({**row, "id": row.get("id") or own})
        try:
            yield pa.Table.from_pylist(rows, SCHEMAS[kind])
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise RunError(
                f"{batch.name}: rows are not of the published schema: {error}"
            ) from error


def _where(ingredient: Ingredient, kind: str) -> str | None:
    """Where the rows of a kind lie; None where there are none."""
    for place in (Path(ingredient.data) / "dataset", Path(ingredient.data)):
        if any((place / each).is_dir() for each in SCHEMAS):
            return str(place / kind) if (place / kind).is_dir() else None
    own = "RL" if ingredient.config == "RL" else "SFT"
    return ingredient.data if kind == own else None


def _check(name: str, where: str, row: dict[str, object], kind: str) -> None:
    missing = [column for column in _NEEDED[kind] if row.get(column) is None]
    if missing:
        raise ConfigError(
            f"domains.{name}: {where}: has no {missing[0]}; a mixture takes rows with columns "
            f"{', '.join(_NEEDED[kind])}, such as the {kind} shards of a run"
        )
    if kind == "SFT" and row["reasoning"] not in MODES:
        raise ConfigError(
            f"domains.{name}: {where}: reasoning must be on or off, got {row['reasoning']!r}"
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
