"""What a dedup came to, as reports show it: counts, pictures' numbers, and a few examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from factory.dedup.bands import candidate_probability, curve, error_areas
from factory.rownames import Repeated, RowName, Skipped


@dataclass(frozen=True, kw_only=True)
class Example:
    """A removed row beside the row for whose sake it goes."""

    row: RowName
    twin: RowName
    similarity: float
    cluster_size: int
    text: str
    twin_text: str


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A finished dedup."""

    data: str
    out: str
    """Where the kept rows are; empty for a rehearsal."""
    method: str
    settings: Mapping[str, object]
    num_rows: int
    num_compared: int
    num_exact: int
    """Removed rows that have the same shingles as their twin, or the same normalised text."""
    num_near: int
    num_clusters: int
    num_checked: int = 0
    """Pairs whose true similarity was worked out."""
    num_skipped_pairs: int = 0
    """Pairs that the cap on one bucket left out."""
    problems: Mapping[str, int] = field(default_factory=dict)
    """Rows that were not compared, by reason."""
    skipped: Sequence[Skipped] = ()
    """A few of them."""
    repeated: Repeated = field(default_factory=Repeated)
    bands: int = 0
    band_rows: int = 0
    threshold: float = 1.0
    histogram: Sequence[int] = ()
    """Checked pairs by similarity, in equal bins of [0, 1]."""
    sizes: Mapping[int, int] = field(default_factory=dict)
    """Clusters by their number of rows."""
    examples: Sequence[Example] = ()
    seconds: float = 0.0
    resumed: bool = False
    """An earlier start had done some of the work."""

    @property
    def num_removed(self) -> int:
        """Rows that are left out of the output."""
        return self.num_exact + self.num_near

    @property
    def num_kept(self) -> int:
        """Rows of the output, among them those that were not compared."""
        return self.num_rows - self.num_removed

    def probability(self, similarity: float) -> float:
        """That a pair of this similarity shares a band, and so is checked."""
        if not self.bands:
            return float(similarity >= 1)
        return candidate_probability(similarity, self.bands, self.band_rows)

    def counts(self) -> dict[str, int]:
        """What there was of rows, clusters and pairs."""
        return {
            "rows": self.num_rows,
            "compared": self.num_compared,
            "not_compared": sum(self.problems.values()),
            "removed": self.num_removed,
            "removed_exact": self.num_exact,
            "removed_near": self.num_near,
            "kept": self.num_kept,
            "clusters": self.num_clusters,
            "checked_pairs": self.num_checked,
            "skipped_pairs": self.num_skipped_pairs,
        }

    def bands_table(self) -> dict[str, object] | None:
        """The bands with the curve of what they find, and the errors it stands for."""
        if not self.bands:
            return None
        false, missed = error_areas(self.threshold, self.bands, self.band_rows)
        return {
            "bands": self.bands,
            "rows": self.band_rows,
            "missed_at_threshold": 1 - self.probability(self.threshold),
            "false_positive_area": false,
            "false_negative_area": missed,
            "curve": [
                {"similarity": similarity, "checked": found, **self._error(similarity, found)}
                for similarity, found in curve(self.bands, self.band_rows)
            ],
        }

    def _error(self, similarity: float, found: float) -> dict[str, float]:
        """The probability of a false candidate below the threshold, of a missed pair above it."""
        if similarity < self.threshold:
            return {"false_positive": found}
        return {"false_negative": 1 - found}
