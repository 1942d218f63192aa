"""Prompts that were dropped before anything was asked: a few for each reason, always the same."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from factory import screened, store
from factory.places import row_at
from factory.prompt_fate import why
from factory.rundir import RunDirectory
from factory.schemas import PROMPTS
from factory.seeds import digest
from factory.terminal import plain, short

_SHOWN = 300
"""Characters of a problem that are shown."""
_EVIDENCE = 2_000


@dataclass(frozen=True, kw_only=True)
class DroppedPrompt:
    """A prompt that was not asked."""

    id: str
    reason: str
    problem: str
    why: str
    """What it repeats, or which benchmark item it matches."""


def dropped_prompts(run: RunDirectory, number: int) -> list[DroppedPrompt]:
    """Some dropped prompts of each reason, drawn by the hash of their position.

    Args:
        run: any run; nothing is found where the prompts are not screened yet.
        number: for each reason.

    Raises:
        PartError: a part is damaged.
    """
    if not run.screened.exists() or not number:
        return []
    chosen: dict[str, list[tuple[str, int, int]]] = {}
    for part in range(run.num_parts):
        for index, reason in screened.dropped(run, part).items():
            least = chosen.setdefault(reason, [])
            least[:] = heapq.nsmallest(number, [*least, (digest(index), part, index)])
    return [each for reason in sorted(chosen) for each in _read(run, reason, chosen[reason])]


def _read(
    run: RunDirectory, reason: str, places: Sequence[tuple[str, int, int]]
) -> Iterator[DroppedPrompt]:
    for _, part, index in places:
        table = store.read_table(run.prompts(part), PROMPTS, ["id", "problem"])
        (row,) = table.slice(row_at(run, index)[1], 1).to_pylist()
        yield DroppedPrompt(
            id=row["id"],
            reason=reason,
            problem=short(row["problem"], _SHOWN),
            why=short("\n".join(why(run, part, index)), _EVIDENCE),
        )


def prompts_table(prompts: Sequence[DroppedPrompt]) -> Table:
    """Dropped prompts for a terminal."""
    table = Table(title="Prompts dropped before anything was asked", title_justify="left")
    for name in ("reason", "prompt", "problem", "why"):
        table.add_column(name, overflow="fold")
    for each in prompts:
        table.add_row(*map(plain, (each.reason, each.id, each.problem, each.why)))
    return table


def summary_of_prompts(prompts: Sequence[DroppedPrompt]) -> list[dict[str, Any]]:
    """Dropped prompts for the page."""
    return list(map(asdict, prompts))
