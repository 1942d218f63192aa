"""Finding one row of a run by its id, from the id columns alone, and the ids that are near."""

import bisect
import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from factory import store
from factory.errors import ConfigError
from factory.rundir import RunDirectory
from factory.schemas import PROMPTS, RESPONSES

_RESPONSE = re.compile(r"(.+)-(on|off)-(\d{3,})", re.DOTALL)
_RL = re.compile(r"(.+)-rl", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Found:
    """Where a row lies, and what belongs to it."""

    part: int
    prompt: dict[str, Any]
    """A row of `PROMPTS`."""
    responses: list[dict[str, Any]]
    """Rows of `RESPONSES`: all to the prompt, in both modes."""
    response: dict[str, Any] | None
    """The one that was asked for; None where the id is a prompt's or an RL record's."""


def prompt_of(id: str) -> str:
    """The id of the prompt that a response, a record or a prompt belongs to."""
    found = _RESPONSE.fullmatch(id) or _RL.fullmatch(id)
    return found[1] if found else id


def find(run: RunDirectory, id: str) -> Found:
    """The row that an id names.

    Args:
        run: any run, finished or not.
        id: of a response, of a prompt, or of a published record, which has its response's id or
            `<prompt>-rl`.

    Raises:
        ConfigError: no such row; the message names the nearest ids.
        PartError: a part is damaged.
    """
    response = _RESPONSE.fullmatch(id)
    wanted = prompt_of(id)
    for part, ids in _prompt_ids(run):
        place = pc.index(ids, wanted).as_py()
        if place >= 0:
            return _found(run, id, part, place, wanted if response else None)
    known = [each for _, ids in _prompt_ids(run) for each in ids.to_pylist()]
    close = nearest_ids(wanted, known)
    suffix = id[len(wanted) :]
    hint = f"; the nearest are {', '.join(each + suffix for each in close)}" if close else ""
    raise ConfigError(f"{run.root}: no response, prompt or record {id!r}{hint}")


def _prompt_ids(run: RunDirectory) -> Iterator[tuple[int, pa.ChunkedArray]]:
    for part in range(run.num_parts):
        if run.prompts(part).exists():
            yield part, store.read_table(run.prompts(part), PROMPTS, ["id"])["id"]


def _found(run: RunDirectory, id: str, part: int, place: int, of: str | None) -> Found:
    table = store.read_table(run.prompts(part), PROMPTS)
    prompt = table.slice(place, 1).to_pylist()[0]
    responses: list[dict[str, Any]] = []
    if run.responses(part).exists():
        table = store.read_table(run.responses(part), RESPONSES)
        responses = table.filter(pc.equal(table["prompt_id"], prompt["id"])).to_pylist()
    response = next((row for row in responses if row["id"] == id), None)
    if of and response is None:
        close = ", ".join(nearest_ids(id, [row["id"] for row in responses])) or "none yet"
        raise ConfigError(
            f"{run.root}: prompt {of} has {len(responses)} responses and none is {id!r}; the "
            f"nearest are {close}"
        )
    return Found(part=part, prompt=prompt, responses=responses, response=response)


def nearest_ids(wanted: str, known: Sequence[str], number: int = 3) -> list[str]:
    """The ids most like another, looked for among those that begin or end like it.

    Comparing with a million ids one by one would take a minute.
    """
    candidates: set[str] = set()
    for turned in (False, True):
        order = sorted(each[::-1] if turned else each for each in set(known))
        place = bisect.bisect(order, wanted[::-1] if turned else wanted)
        around = order[max(place - 50, 0) : place + 50]
        candidates.update(each[::-1] if turned else each for each in around)
    return difflib.get_close_matches(wanted, sorted(candidates), n=number, cutoff=0.5)
