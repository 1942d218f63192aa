"""Exact duplicates: equal but for case and white space."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from factory.config import settings
from factory.seeds import digest


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
        first: dict[str, int] = {}
        found: list[Duplicate | None] = []
        for position, text in enumerate(texts):
            twin = first.setdefault(digest(" ".join(text.casefold().split())), position)
            found.append(None if twin == position else Duplicate(twin=twin, similarity=1.0))
        return found
