"""Where prompts come from, how some are taken from all over a source, and several joined."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from factory.records import Draft, Prompt


class Source(Protocol):
    """Where prompts come from."""

    @property
    def num_prompts(self) -> int:
        """How many prompts there are."""
        ...

    def prompts(self, start: int, stop: int) -> Iterator[Prompt | Draft]:
        """The prompts at positions [start, stop), the same ones for every division into parts.

        A row that holds no prompt comes as a draft with the reason.
        """
        ...


@dataclass(frozen=True, slots=True)
class Spaced:
    """Some prompts of a source, from all over it, each with the id and seeds it has there."""

    source: Source
    places: tuple[int, ...]

    @classmethod
    def over(cls, source: Source, number: int) -> "Spaced":
        """So many, evenly spaced; all where there are fewer."""
        total = source.num_prompts
        number = min(number, total)
        return cls(source, tuple((2 * i + 1) * total // (2 * number) for i in range(number)))

    @property
    def num_prompts(self) -> int:
        """How many there are."""
        return len(self.places)

    def prompts(self, start: int, stop: int) -> Iterator[Prompt | Draft]:
        """See `Source.prompts`."""
        for index in range(start, stop):
            place = self.places[index]
            for each in self.source.prompts(place, place + 1):
                yield _placed(each, index)


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """Several sources, one after another."""

    sources: tuple[Source, ...]
    limit: int | None = None
    """Prompts at most, the first ones."""

    @property
    def num_prompts(self) -> int:
        """How many there are."""
        number = sum(source.num_prompts for source in self.sources)
        return number if self.limit is None else min(number, self.limit)

    def prompts(self, start: int, stop: int) -> Iterator[Prompt | Draft]:
        """See `Source.prompts`."""
        first = 0
        for source in self.sources:
            if stop <= first:
                return
            number = source.num_prompts
            own = max(start - first, 0), min(stop - first, number)
            for place, each in enumerate(source.prompts(*own) if own[0] < own[1] else (), own[0]):
                yield _placed(each, first + place)
            first += number


def _placed(each: Prompt | Draft, index: int) -> Draft:
    """The same at another position."""
    draft = as_draft(each)
    return dataclasses.replace(draft, prompt=dataclasses.replace(draft.prompt, index=index))


def as_draft(each: Prompt | Draft) -> Draft:
    """What a source yields, as a draft."""
    return each if isinstance(each, Draft) else Draft(prompt=each)
