"""Where prompts come from, and how some are taken from all over a source."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from factory.records import Prompt


class Source(Protocol):
    """Where prompts come from."""

    @property
    def num_prompts(self) -> int:
        """How many prompts there are."""
        ...

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        """The prompts at positions [start, stop), the same ones for every division into parts."""
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

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        """See `Source.prompts`."""
        for index in range(start, stop):
            place = self.places[index]
            for prompt in self.source.prompts(place, place + 1):
                yield dataclasses.replace(prompt, index=index)
