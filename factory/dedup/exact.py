"""Exact duplicates: equal but for case and white space."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from factory.config import settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Duplicate:
    """Why a text is dropped."""

    twin: int
    """Position of the kept text that it repeats, always a smaller one."""
    similarity: float
    """Jaccard similarity in [0, 1]."""


@settings
class Exact:
    """Finds texts that are equal once folded in case and white space."""

    name: ClassVar[str] = "exact.v1"
    reason: ClassVar[str] = "exact_duplicate"

    def duplicates(self, texts: Sequence[str]) -> list[Duplicate | None]:
        """For each text, in order, the earlier one that it repeats, or None where it is kept."""
        from factory.dedup.few import exact_duplicates

        return exact_duplicates(texts)
