"""Table `[<domain>.rows]` of a recipe: rows of files or of the Hub; see `factory.row_source`."""

import dataclasses
import glob
import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from factory.config import settings
from factory.corpus.files import COMPRESSED, file_kind, find_files
from factory.corpus.hub import HubData
from factory.errors import ConfigError
from factory.licenses import LICENSES, require_known
from factory.rowtable import RowTable, open_rows


@settings
class Rows:
    """Table `[<domain>.rows]`: where the rows of a page come from, and which columns they have."""

    data: str = ""
    """A file, a directory, a pattern, or an id of the Hub; empty for the page's own source."""
    config: str | None = None
    """The Hub's configuration, such as `SFT`."""
    split: str | None = None
    """The Hub's split, such as `train`."""
    revision: str = ""
    """The Hub's commit, branch or tag; the newest by default."""
    columns: dict[str, str] = field(default_factory=dict)
    """The column of each field of the page, `a.b` for a field of a struct, `a.0` for the first of a
    list; a field that is not named here is looked for under its own name."""
    name: str = ""
    """What records call the source; the id, or the name of the file or directory by default."""
    license: str = ""
    """As the Hub writes it, such as `cc-by-4.0`; a column `license` may say it row by row."""
    attribution: str = ""
    """Whom the licence wants to be named."""
    limit: int | None = None
    """Rows at most, the first ones; no more of the Hub's are fetched."""
    num_rows: int | None = None
    """How many rows there are, so that nothing is fetched or counted before the first is read."""
    fingerprint: str = ""
    """Of local files, as a published recipe says it: others are refused."""

    def __post_init__(self) -> None:
        for name in ("limit", "num_rows"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be > 0, got {value}")
        if not self.data:
            return
        if not self.license:
            known = ", ".join(LICENSES)
            raise ValueError(f"license is missing; the rows come under one of {known}")
        require_known(self.license)
        path = Path(self.data).expanduser()
        if path.exists() or glob.has_magic(self.data):  # so that a run's own recipe finds it
            object.__setattr__(self, "data", os.path.abspath(path))

    @property
    def source(self) -> str:
        """What records call it."""
        path = Path(self.data)
        if self.name or not path.is_absolute():
            return self.name or self.data
        plain = next(each for each in (path, *path.parents) if not glob.has_magic(each.name))
        while plain.suffix in COMPRESSED:
            plain = plain.with_suffix("")
        return plain.stem if file_kind(plain) else plain.name

    def table(self, most: int | None = None) -> RowTable:
        """The rows; fetched or counted where they were not.

        Args:
            most: rows that are wanted.

        Raises:
            ConfigError: there are none, or not those that are pinned.
        """
        limits = [each for each in (self.limit, most) if each is not None]
        found = open_rows(
            self.data,
            config=self.config,
            split=self.split,
            revision=self.revision,
            limit=min(limits, default=None),
        )
        if not found.num_rows:
            raise ConfigError(f"{self.data}: has no rows; give a file that has some")
        stated = self.num_rows or found.num_rows
        if min([stated, *limits]) != min([found.num_rows, *limits]):
            raise ConfigError(
                f"rows.num_rows is {self.num_rows}, but {self.data} has {found.num_rows} rows; "
                "correct it, or leave it out to have them counted"
            )
        return found

    def num(self, most: int | None = None) -> int:
        """How many are used.

        Args:
            most: rows that are wanted.
        """
        number = self.num_rows or self.table(most).num_rows
        return min(each for each in (number, self.limit, most) if each is not None)


def data_table(rows: Rows) -> dict[str, Any]:
    """A recipe's table with what changes the data: the content, and no path.

    Raises:
        ConfigError: there is no such data, or not the one that is pinned.
        PrerequisiteError: the Hub does not give it.
    """
    table = dataclasses.asdict(rows)
    if not rows.data:
        return table
    table |= {"name": rows.source, "num_rows": None}
    if not find_files(rows.data).paths:
        hub = HubData(data=rows.data, config=rows.config, split=rows.split, revision=rows.revision)
        return table | {"revision": hub.commit()}
    table |= {"data": Path(rows.data).name, "fingerprint": rows.table().fingerprint}
    if rows.fingerprint not in ("", table["fingerprint"]):
        raise ConfigError(
            f"{rows.data}: is not the data that rows.fingerprint names; its own is "
            f"{table['fingerprint']!r}, leave it out to take this data"
        )
    return table


def rows_in(config: Any, prefix: str = "") -> dict[str, Rows]:
    """The tables of rows in a page's settings, by dotted key."""
    found: dict[str, Rows] = {}
    if isinstance(config, Rows):
        return {prefix: config}
    if dataclasses.is_dataclass(config):
        config = {each.name: getattr(config, each.name) for each in dataclasses.fields(config)}
    if isinstance(config, Mapping):
        for key, value in config.items():
            found |= rows_in(value, f"{prefix}.{key}" if prefix else str(key))
    return found
