"""Exactly N accepted rows: which prompts get further samples, and which accepted answers count.

    [accept.on]
    rows = 1000
    per = "all"          # or "domain", or "prompt"
    max_samples = 32     # of one prompt

Where rows are missing, prompts get further samples in rounds, those with the fewest first. What
counts in the end are the lowest sample indexes that pass, prompts in their order; never the first
to arrive. Both follow from verdicts alone, so that neither timing nor the number of parts shows.
"""

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from factory.config import settings
from factory.records import MODES, Mode

FILTER = "accept.v1"
"""The filter name under which accepted answers beyond those wanted are left out."""


@settings
class Accept:
    """Table `[accept.on]` or `[accept.off]`."""

    rows: int = 0
    """Accepted answers wanted; 0 takes what the page's own samples give."""
    per: Literal["prompt", "domain", "all"] = "prompt"
    """What the number is meant for: each prompt, each domain, or the whole run."""
    max_samples: int = 64
    """Samples of one prompt at most."""
    max_per_prompt: int = 0
    """Accepted answers of one prompt that count, at most; 0 is no limit."""

    def __post_init__(self) -> None:
        for name, low in (("rows", 0), ("max_samples", 1), ("max_per_prompt", 0)):
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be >= {low}, got {getattr(self, name)}")
        most = min(self.max_samples, self.max_per_prompt or self.max_samples)
        if self.per == "prompt" and self.rows > most:
            raise ValueError(
                f"rows must be <= {most}, the most one prompt can give, got {self.rows}"
            )
        if self.max_per_prompt and not self.rows:
            raise ValueError("max_per_prompt needs rows, got rows = 0")


@settings
class AcceptByMode:
    """Tables `[accept.on]` and `[accept.off]`."""

    on: Accept = Accept()
    off: Accept = Accept()

    def __getitem__(self, mode: Mode) -> Accept:
        return self.on if mode == "on" else self.off

    @property
    def is_set(self) -> bool:
        """Whether any mode asks for a number of rows."""
        return any(self[mode].rows for mode in MODES)

    @property
    def is_global(self) -> bool:
        """Whether the answers to one prompt decide about those to another."""
        return any(self[mode].rows and self[mode].per != "prompt" for mode in MODES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How one prompt stands in one mode."""

    index: int
    domain: str
    mode: Mode
    asked: int
    """Samples 0 to asked - 1 were drawn."""
    accepted: tuple[int, ...]
    """The samples that pass, ascending."""


def further(accept: AcceptByMode, standings: Iterable[Standing]) -> dict[tuple[int, Mode], int]:
    """How many samples, in all, prompts are to have that get more; empty where that is enough.

    A round at most doubles what was drawn. A prompt gets no more when it has `max_samples`, or as
    many accepted answers as count.
    """
    plan: dict[tuple[int, Mode], int] = {}
    for mode, group in _groups(accept, standings):
        wish = accept[mode]
        accepted, asked = _accepted(wish, group), sum(s.asked for s in group)
        missing = wish.rows - accepted
        if missing <= 0:
            continue
        want = math.ceil(missing * asked / accepted) if accepted else asked
        _spread(wish, mode, group, min(want, asked), plan)
    return plan


def _spread(
    wish: Accept,
    mode: Mode,
    group: Sequence[Standing],
    want: int,
    plan: dict[tuple[int, Mode], int],
) -> None:
    """Give out so many samples, always to the prompt that has the fewest, the first of equals."""
    open_prompts = [
        (standing.asked, standing.index)
        for standing in group
        if standing.asked < wish.max_samples
        and not (wish.max_per_prompt and len(standing.accepted) >= wish.max_per_prompt)
    ]
    heapq.heapify(open_prompts)
    for _ in range(want):
        if not open_prompts:
            return
        samples, index = open_prompts[0]
        plan[index, mode] = samples + 1
        if samples + 1 < wish.max_samples:
            heapq.heapreplace(open_prompts, (samples + 1, index))
        else:
            heapq.heappop(open_prompts)


def counted(accept: AcceptByMode, standings: Iterable[Standing]) -> dict[tuple[int, Mode], int]:
    """How many accepted answers of each prompt count: its lowest sample indexes."""
    taken: dict[tuple[int, Mode], int] = {}
    for mode, group in _groups(accept, standings):
        wish = accept[mode]
        most = wish.max_per_prompt or None
        order = sorted((sample, s.index) for s in group for sample in s.accepted[:most])
        for standing in group:
            taken[standing.index, mode] = 0
        for _, index in order[: wish.rows]:
            taken[index, mode] += 1
    return taken


def _accepted(wish: Accept, group: Sequence[Standing]) -> int:
    most = wish.max_per_prompt or None
    return sum(len(standing.accepted[:most]) for standing in group)


def _groups(
    accept: AcceptByMode, standings: Iterable[Standing]
) -> list[tuple[Mode, list[Standing]]]:
    """The prompts that share a number of rows, by mode; modes without one are left out."""
    found: dict[tuple[Mode, object], list[Standing]] = {}
    for standing in standings:
        wish = accept[standing.mode]
        if wish.rows:
            key = {"prompt": standing.index, "domain": standing.domain, "all": ""}[wish.per]
            found.setdefault((standing.mode, key), []).append(standing)
    return [(mode, group) for (mode, _), group in found.items()]
