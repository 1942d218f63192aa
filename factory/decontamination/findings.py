"""What a decontamination came to, as reports show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from factory.rownames import Repeated, RowName, Skipped


@dataclass(frozen=True, kw_only=True)
class Example:
    """A row and the item that was found in it."""

    row: RowName
    benchmark: str
    item: str
    """Its id."""
    method: str
    score: float
    """The share of the item that was found, or the similarity; in [0, 1]."""
    removed: bool
    text: str
    start: int
    """Of the span in the text, in characters."""
    stop: int
    item_text: str
    decision: str = ""
    """What judges say: same, different, unjudged."""
    reply: str = ""
    """Their words; of several judges, first which said what."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What one method finds of one benchmark."""

    benchmark: str
    method: str
    num_matches: int
    """Pairs of a row and an item."""
    num_removed: int
    """Rows that go for the sake of one of them."""
    num_touched: int
    """Items that are found in a row that goes."""


@dataclass(frozen=True, kw_only=True)
class Touched:
    """An item that is in this dataset."""

    benchmark: str
    item: str
    num_rows: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Unfindable:
    """An item that n-grams cannot find."""

    benchmark: str
    item: str
    reason: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A finished decontamination."""

    data: str
    out: str
    """Where the kept rows are; empty for a rehearsal."""
    settings: Mapping[str, object]
    num_rows: int
    num_compared: int
    num_removed: int
    num_items: Mapping[str, int]
    """Of each benchmark."""
    tallies: Sequence[Tally]
    touched: Sequence[Touched] = ()
    """The items in the most rows, first."""
    num_touched: int = 0
    num_unjudged: int = 0
    """Rows that go only because a judge would not say."""
    unfindable: Sequence[Unfindable] = ()
    """A few of them."""
    num_unfindable: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By benchmark and reason."""
    judged: Mapping[str, int] = field(default_factory=dict)
    """Pairs by what the judges say of them."""
    paid: Sequence[Mapping[str, Any]] = ()
    """What was paid for each judge, as in the manifest of a run."""
    problems: Mapping[str, int] = field(default_factory=dict)
    """Rows that were not compared, by reason."""
    skipped: Sequence[Skipped] = ()
    """A few of them."""
    repeated: Repeated = field(default_factory=Repeated)
    examples: Sequence[Example] = ()
    seconds: float = 0.0
    resumed: bool = False
    """An earlier start had done some of the work."""

    @property
    def num_kept(self) -> int:
        """Rows of the output, among them those that were not compared."""
        return self.num_rows - self.num_removed

    def counts(self) -> dict[str, int]:
        """What there was of rows and items."""
        return {
            "rows": self.num_rows,
            "compared": self.num_compared,
            "not_compared": sum(self.problems.values()),
            "removed": self.num_removed,
            "removed_unjudged": self.num_unjudged,
            "kept": self.num_kept,
            "items": sum(self.num_items.values()),
            "touched": self.num_touched,
        }
