"""What screening made of one prompt, in words."""

from collections.abc import Iterator
from typing import Any

from factory import screened, store
from factory.places import row_at
from factory.rundir import RunDirectory
from factory.schemas import PROMPTS
from factory.terminal import short

_SHOWN = 600
"""Characters of a span or a reply that are shown."""


def fate(run: RunDirectory, part: int, index: int) -> Iterator[str]:
    """One line for each thing that is known of the prompt at a position.

    Raises:
        PartError: a file of the run is damaged.
    """
    if not run.screened.exists():
        yield "whether it repeats another prompt or a benchmark is not known yet"
        return
    yield from why(run, part, index)
    for row in screened.repeated_by(run, index):
        yield f"repeated by {row['id']} at position {row['index']} ({_about(run, row)})"


def why(run: RunDirectory, part: int, index: int) -> Iterator[str]:
    """What the prompt at a position repeats, and the benchmark items that it matches.

    Raises:
        PartError: a file of the run is damaged.
    """
    if row := screened.repeats(run, part, index):
        yield f"repeats {_prompt_id(run, row['twin'])}: not asked ({_about(run, row)})"
    for match in screened.matches(run, part):
        if match["index"] != index:
            continue
        yield _match(match)
        if match["span"]:
            yield f"  the part of it that matches: {short(match['span'], _SHOWN)}"
        if match["reply"]:
            yield f"  judged {match['judgement']}: {short(match['reply'], _SHOWN)}"


def _prompt_id(run: RunDirectory, index: int) -> str:
    part, row = row_at(run, index)
    return str(store.read_table(run.prompts(part), PROMPTS, ["id"])["id"][row].as_py())


def _about(run: RunDirectory, row: dict[str, Any]) -> str:
    said = f"{row['filter']} {row['reason']}, similarity {row['similarity']:g}"
    if row["cluster_size"] <= 2:
        return said
    pair = " ~ ".join(_prompt_id(run, row[name]) for name in ("joined_a", "joined_b"))
    return (
        f"{said}, in a cluster of {row['cluster_size']} from position {row['cluster']} on, which "
        f"{pair} joined at {row['joined_similarity']:g}"
    )


def _match(match: dict[str, Any]) -> str:
    item = f"{match['benchmark']} {match['item']}"
    how = f"{match['filter']}, {match['score']:.3g}"
    if match["reason"]:
        return f"{match['reason']}: matches {item} ({how}): not asked"
    return f"is near {item} ({how}), which does not make it go"
