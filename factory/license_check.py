"""May a finished dataset be published, and under which licence? What stands against it, by row."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from factory.corpus.files import open_parquet, reading
from factory.datasetdir import DatasetDirectory
from factory.errors import ConfigError
from factory.licenses import AND, LICENSES, SHARE_ALIKE, combine_rows

_NONE = "none given"
_MOST_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """What stands against publishing some rows, or all of them together."""

    why: str
    rows: int
    examples: tuple[str, ...]
    """Ids of the first rows."""

    def __str__(self) -> str:
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        more = ", ..." if self.rows > len(self.examples) else ""
        named = f" ({', '.join(self.examples)}{more})" if self.examples else ""
        return f"{rows}{named}: {self.why}"


@dataclass(frozen=True, kw_only=True, slots=True)
class LicenseCheck:
    """The licence of a dataset, and what stands against it."""

    license: str | None
    """Computed from the rows; several with AND; None where there are no rows."""
    rows: dict[str, int]
    """By licence."""
    conflicts: tuple[Conflict, ...]

    def require_one(self) -> None:
        """Refuse a dataset whose rows are in conflict.

        Raises:
            ConfigError: with the rows and the way out.
        """
        if self.conflicts:
            told = "; ".join(map(str, self.conflicts))
            raise ConfigError(
                f"no licence for the whole: {told}. Leave those rows out, take other teachers or "
                "sources, or decide yourself and say under which licence: --license ID"
            )


def licenses_in(manifest: dict[str, Any]) -> dict[str, int]:
    """Rows by licence, as the manifest of a run, a mixture or a release counts them."""
    found: Counter[str] = Counter(manifest.get("licenses", {}))
    found.update(manifest.get("rl", {}).get("licenses", {}))
    for stage in manifest.get("stages", ()):
        found.update(stage["licenses"])
    return dict(sorted(found.items()))


def require_settled(dataset: DatasetDirectory) -> None:
    """Refuse a dataset whose licences somebody has to decide on; rows are read only to name them.

    Raises:
        ConfigError: with the rows and the way out.
        RunError: a shard cannot be read.
    """
    if conflicts_of(licenses_in(dataset.manifest)):
        check_license(dataset).require_one()


def check_license(dataset: DatasetDirectory) -> LicenseCheck:
    """Compute the licence of a finished dataset from its rows.

    Raises:
        RunError: a shard cannot be read.
    """
    counted: dict[str, int] = {}
    examples: dict[str, list[str]] = {}
    for shard in dataset.shards:
        path = dataset.path(shard)
        with reading(path), open_parquet(path) as file:
            for batch in file.iter_batches(columns=["license", "id"]):
                _count(batch, counted, examples)
    return LicenseCheck(
        license=combine_rows(counted),
        rows=dict(sorted(counted.items())),
        conflicts=conflicts_of(counted, examples),
    )


def _count(batch: pa.RecordBatch, counted: dict[str, int], examples: dict[str, list[str]]) -> None:
    licenses = pc.fill_null(batch["license"], _NONE)
    for each in pc.value_counts(licenses).to_pylist():
        name, number = each["values"] or _NONE, each["counts"]
        counted[name] = counted.get(name, 0) + number
        some = examples.setdefault(name, [])
        if len(some) < _MOST_EXAMPLES:
            found = batch["id"].filter(pc.equal(licenses, each["values"]))
            some += found.slice(0, _MOST_EXAMPLES - len(some)).to_pylist()


def conflicts_of(
    counted: dict[str, int], examples: dict[str, list[str]] | None = None
) -> tuple[Conflict, ...]:
    """What stands against publishing rows under these licences.

    Args:
        counted: rows by licence, as the rows say it.
        examples: ids of some rows of each.
    """
    by_name: dict[str, list[str]] = {}
    for whole in counted:
        for name in whole.split(AND):
            by_name.setdefault(name, []).append(whole)
    found = []
    for name, wholes in sorted(by_name.items()):
        known = LICENSES.get(name)
        if known is None:
            found.append((f"licence {name!r} is not known", wholes))
        elif known.kind == "refuses":
            found.append((f"{name} refuses: {known.says}", wholes))
        elif known.kind == "conditions":
            found.append(
                (f"{name} has conditions that no licence of data carries: {known.says}", wholes)
            )
    shared = [name for name in SHARE_ALIKE if name in by_name]
    if combine_rows(shared) not in (None, *SHARE_ALIKE):
        both = dict.fromkeys(whole for name in shared for whole in by_name[name])
        text = f"{' and '.join(shared)} both want the whole under themselves"
        found.append((text, list(both)))
    return tuple(
        Conflict(
            why=why,
            rows=sum(counted[whole] for whole in wholes),
            examples=tuple(
                [id for whole in wholes for id in (examples or {}).get(whole, [])][:_MOST_EXAMPLES]
            ),
        )
        for why, wholes in found
    )
