"""Where the time of a run goes: CPU seconds by stage, each without the stages inside it.

    python -m tests.benchmarks.replay_stages SECONDS.json run RECIPE --out DIR

Functions of the factory are wrapped for one run, which is not the one whose throughput counts.
"""

import functools
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from factory import apply, dataset, drawing, engine, ledger, recording, stages, store, tasks
from factory.cli import app
from factory.dedup import Exact, MinHash
from factory.desk import Desk
from factory.ledger import LedgerReader
from filters.checking import close_all

FORMAT: Final = ("truncated", "think_tags", "repetition_loops", "boxed_when_asked")

_lock = threading.Lock()
_inside = threading.local()
seconds: Counter[str] = Counter()
"""CPU seconds by stage."""


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Count the thread's CPU time meanwhile, and take it from the stage around."""
    outer = getattr(_inside, "spent", None)
    _inside.spent, started = 0.0, time.thread_time()
    try:
        yield
    finally:
        spent = time.thread_time() - started
        with _lock:
            seconds[name] += spent - _inside.spent
        _inside.spent = None if outer is None else outer + spent


def wrap(owner: Any, function: str, name: str | Callable[..., str]) -> None:
    """Count a function under a stage, or under the one that its arguments name."""
    inner = getattr(owner, function)

    @functools.wraps(inner)
    def counted(*args: Any, **kwargs: Any) -> Any:
        with stage(name if isinstance(name, str) else name(*args)):
            return inner(*args, **kwargs)

    setattr(owner, function, counted)


def filter_stage(filter: Any, response: Any) -> str:
    """The stage of a filter on one response."""
    name = filter.name.partition(".")[0]
    if name in FORMAT:
        return f"format: {name}"
    return "math check" if name == "final_answer" else f"other filters: {name}"


def _read(path: Path, *_: Any) -> str:
    return "publishing: reading" if path.parent.name == "responses" else "parts: reading prompts"


def count_stages() -> None:
    """Wrap what a run is made of."""
    wrap(LedgerReader, "get", "ledger: lookups")
    wrap(LedgerReader, "refresh", "ledger: opening")
    wrap(ledger, "compact", "ledger: compaction")
    wrap(Desk, "next", "asking: requests and recalled replies")
    wrap(tasks, "judge_part", "judging: the rest")
    wrap(tasks, "_responses", "judging: requests and responses")
    wrap(tasks, "judge", "judging: steps and verdicts")
    wrap(apply, "apply_filter", filter_stage)
    for method in (Exact, MinHash):
        wrap(method, "duplicates", f"dedup: {method.name.partition('.')[0]}")
    wrap(tasks, "response_row", "parts: rows of responses")
    wrap(store, "write_part", "parts: writing")
    wrap(store, "read_part", _read)
    wrap(drawing, "make_prompts", "prompts: drawing and gold check")
    wrap(stages.Stages, "_screen", "prompts: screening")
    wrap(engine, "publish", "publishing: the rest")
    wrap(recording, "_sft_record", "publishing: records")
    wrap(dataset, "write_shards", "publishing: shards")
    wrap(dataset, "count_responses", "publishing: funnel")
    wrap(dataset, "write_card", "publishing: card")


def main() -> None:
    """Run `factory run` with the arguments after the first, the file for the seconds by stage."""
    count_stages()
    app(sys.argv[2:], standalone_mode=False)
    close_all()
    own, children = os.times()[:2], os.times()[2:4]
    seconds["start, imports, Dask, the rest"] = sum(own) - sum(seconds.values())
    seconds["child processes"] = sum(children)
    Path(sys.argv[1]).write_text(json.dumps(seconds))


if __name__ == "__main__":
    main()
