"""What dedup found, and where it lies."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from factory.corpus import Corpus, TextColumns
from factory.dedup.bands import curve, error_areas
from factory.dedup.columns import I64, read_column
from factory.dedup.exact import Exact
from factory.dedup.keep import KeepPolicy
from factory.dedup.minhash import MinHash


@dataclass(frozen=True, kw_only=True)
class DedupResult:
    """A finished comparison; the rows are in files of its work directory."""

    corpus: Corpus
    method: MinHash | Exact
    columns: TextColumns
    keep: KeepPolicy
    within: str | None
    id_column: str | None
    work: Path
    rows_by_part: tuple[int, ...]
    counts: dict[str, int]
    """rows, compared, removed (removed_exact: of the same set or text as another; removed_near),
    clusters, in_clusters; checked_pairs, edges, skipped_pairs (left out of large buckets),
    large_buckets."""
    problems: dict[str, int]
    """Rows that were not compared, by reason."""
    problem_examples: tuple[tuple[int, int, str], ...]
    """The first few of each reason: (part, row in it, reason)."""
    histogram: tuple[int, ...] = field(default=(), repr=False)
    """Pairs that were checked, by their true similarity in [0, 0.01), ... [0.99, 1]."""
    duplicate_ids: tuple[int, int] = (0, 0)
    """Ids that several rows have, and the rows that have one of them."""
    duplicate_id_examples: tuple[tuple[str, int, int], ...] = ()
    """The first few: (id, a row in the corpus, another), by their numbers in the corpus."""

    @property
    def bases(self) -> tuple[int, ...]:
        """The number in the corpus of each part's first row, and the number of rows."""
        return tuple(int(each) for each in np.cumsum([0, *self.rows_by_part]))

    def removed_path(self, part: int) -> Path:
        """The rows of a part that go: see `factory.dedup.removed.REMOVED`."""
        return self._path("removed", part)

    def clusters_path(self, part: int) -> Path:
        """The rows of a part in clusters: see `factory.dedup.removed.CLUSTERS`."""
        return self._path("clusters", part)

    def skipped_path(self, part: int) -> Path:
        """The rows of a part that were not compared: local, reason."""
        return self._path("skipped", part)

    def ids_path(self, part: int) -> Path:
        """The ids of all rows of a part, where an id column was given."""
        return self._path("ids", part)

    def removed_rows(self, part: int) -> I64:
        """The rows of a part that go, ascending; what `write_kept` takes."""
        return removed_rows(self.work, part)

    def quality(self) -> dict[str, Any]:
        """How candidates were found: bands, rows, their curve and its two error areas."""
        if isinstance(self.method, Exact):
            return {}
        bands, rows = self.method.cut
        false, missed = error_areas(self.method.threshold, bands, rows)
        return {
            "bands": bands,
            "rows": rows,
            "curve": curve(bands, rows),
            "false_positive_area": false,
            "false_negative_area": missed,
        }

    def _path(self, kind: str, part: int) -> Path:
        return _path(self.work, kind, part)


def removed_rows(work: Path, part: int) -> I64:
    """The rows of a part that go, ascending, by the work directory of a finished comparison."""
    return read_column(_path(work, "removed", part), "local", np.int64)


def _path(work: Path, kind: str, part: int) -> Path:
    return work / kind / f"part-{part:05d}.arrow"
