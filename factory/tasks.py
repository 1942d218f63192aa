"""What the workers do: each function reads its part from disk, works, writes its part to disk.

Nothing here knows Dask but for the progress that `report` hands on. Teachers and ledger indexes are
built once in a process and kept.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from factory import store
from factory.apply import check_gold, judge
from factory.asking import Asker, Conversation
from factory.errors import PartError
from factory.ledger import LedgerReader, LedgerWriter
from factory.licenses import combine
from factory.recipe import Job
from factory.records import Completion, Prompt, Request, Response
from factory.remembering import Remembering
from factory.rundir import RunDirectory
from factory.schemas import (
    DUPLICATES,
    PROMPTS,
    RESPONSES,
    prompt_from_row,
    prompt_row,
    response_row,
)
from factory.teachers import Teacher, make_teacher

Report = Callable[[dict[str, int]], None]
"""Takes counts that have come on top since the last call."""

make_teacher_once = cache(make_teacher)
"""One teacher a config and process."""
_ledger_lock = threading.Lock()


@cache
def _ledger(directory: Path) -> LedgerReader:
    return LedgerReader(directory)


def open_ledger(directory: Path) -> LedgerReader:
    """The process's index of a ledger, brought up to date."""
    with _ledger_lock:
        reader = _ledger(directory)
        reader.refresh()
        return reader


def make_prompts(job: Job, run: RunDirectory, part: int) -> dict[str, int]:
    """Draw a part's prompts and check their gold answers."""
    rows = []
    for prompt in job.pipeline.source.prompts(*run.bounds(part)):
        combine(prompt.license, job.recipe.teacher.license)  # refused before anything is paid
        rows.append(prompt_row(prompt, check_gold(job.pipeline.gold, prompt)))
    store.write_part(run.prompts(part), rows, PROMPTS)
    return {"prompts": len(rows)}


def find_duplicate_prompts(job: Job, run: RunDirectory) -> dict[str, int]:
    """List the prompts, of all parts, that repeat an earlier one."""
    rows: list[dict[str, Any]] = []
    for part in range(run.num_parts):
        columns = ["id", "index", "problem", "decision"]
        rows += store.read_part(run.prompts(part), PROMPTS, columns)
    remaining = [row for row in rows if row["decision"] == "keep"]
    dropped: list[dict[str, Any]] = []
    for method in job.pipeline.prompt_dedups:
        found = method.duplicates([row["problem"] for row in remaining])
        dropped += [
            {
                "index": row["index"],
                "id": row["id"],
                "filter": method.name,
                "reason": method.reason,
                "twin": remaining[duplicate.twin]["id"],
                "similarity": duplicate.similarity,
            }
            for row, duplicate in zip(remaining, found, strict=True)
            if duplicate
        ]
        remaining = [row for row, dup in zip(remaining, found, strict=True) if dup is None]
    store.write_part(run.duplicates, sorted(dropped, key=lambda row: row["index"]), DUPLICATES)
    return {"duplicates": len(dropped)}


def kept_prompts(run: RunDirectory, part: int) -> list[Prompt]:
    """The prompts of a part that are to be asked."""
    gone = {row["index"] for row in store.read_part(run.duplicates, DUPLICATES, ["index"])}
    rows = store.read_part(run.prompts(part), PROMPTS)
    return [prompt_from_row(r) for r in rows if r["decision"] == "keep" and r["index"] not in gone]


def make_asker(job: Job) -> Asker:
    """What the requests of a job have in common."""
    model, revision = job.recipe.teacher.identity()
    return Asker(
        ask=job.pipeline.ask,
        model=model,
        revision=revision,
        thinks=job.recipe.teacher.thinks,
        sampling={"on": job.sampling("on"), "off": job.sampling("off")},
        seed=job.recipe.seed,
    )


def ask(
    job: Job,
    run: RunDirectory,
    part: int,
    *,
    teacher: Teacher | None,
    num_threads: int | None,
    report: Report,
) -> dict[str, str]:
    """Bring every completion of a part into the ledger.

    Args:
        job: what to produce.
        run: where.
        part: which part.
        teacher: answers instead of the recipe's teacher, as tests and rehearsals want.
        num_threads: processor threads for a model; None for all.
        report: told of `completions`, those from the ledger included, `tokens` and `errors`.

    Returns:
        The errors of requests that failed, by request key.
    """
    chosen = teacher or make_teacher_once(
        job.recipe.teacher, num_threads=num_threads or os.cpu_count() or 1
    )
    writer = LedgerWriter(run.ledger)
    remembering = Remembering(chosen, open_ledger(run.ledger), writer)
    errors: dict[str, str] = {}

    def watched(requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        for index, completion in remembering.generate(list(requests)):
            if completion.error:
                errors[requests[index].key] = completion.error
            failed = int(bool(completion.error))
            report({"completions": 1, "tokens": completion.completion_tokens, "errors": failed})
            yield index, completion

    try:
        conversations = make_asker(job).conversations(kept_prompts(run, part))
        for _ in converse(conversations, watched):
            pass
    finally:
        writer.close()
    return errors


def converse(
    conversations: Sequence[Conversation],
    generate: Callable[[Sequence[Request]], Iterable[tuple[int, Completion]]],
) -> Iterator[tuple[int, Response]]:
    """Lead conversations to their end, a round of requests at a time.

    Yields:
        (position of the conversation, its response), as they end.
    """
    pending = [(place, next(talk)) for place, talk in enumerate(conversations)]
    while pending:
        following: list[tuple[int, Request]] = []
        for index, completion in generate([request for _, request in pending]):
            place = pending[index][0]
            try:
                following.append((place, conversations[place].send(completion)))
            except StopIteration as end:
                yield place, end.value
        # In the order of the conversations, whatever order the completions came in.
        pending = sorted(following, key=lambda item: item[0])


def judge_part(job: Job, run: RunDirectory, part: int, errors: dict[str, str]) -> dict[str, int]:
    """Take a part's completions from the ledger, judge the responses, and write them all.

    Raises:
        PartError: too many requests failed; the part stays open, and the next start asks only
            those again.
    """
    reader = open_ledger(run.ledger)

    def recall(requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        for index, request in enumerate(requests):
            completion = reader.get(request.key)
            if completion is None and request.key not in errors:
                raise PartError(
                    f"{run.responses(part)}: completion {request.key} is not in {run.ledger}; "
                    "run the same command again"
                )
            yield (
                index,
                completion
                or Completion(finish_reason="error", error=errors[request.key], engine=""),
            )

    conversations = make_asker(job).conversations(kept_prompts(run, part))
    responses = [response for _, response in sorted(converse(conversations, recall), key=_place)]
    failed, allowed = sum(bool(r.error) for r in responses), job.recipe.limits.max_error_share
    if failed > allowed * len(responses):
        first = next(response.error for response in responses if response.error)
        raise PartError(
            f"part {part:05d}: {failed} of {len(responses)} responses failed, more than "
            f"limits.max_error_share = {allowed}; the first: {first}; run the same command again"
        )
    judged = judge(job.pipeline.response_steps, responses)
    store.write_part(run.responses(part), [response_row(item) for item in judged], RESPONSES)
    kept = {f"kept_{mode}": 0 for mode in ("on", "off")}
    for item in judged:
        kept[f"kept_{item.response.mode}"] += item.kept
    return {"judged": len(judged), **kept}


def _place(item: tuple[int, Response]) -> int:
    return item[0]


class Batched:
    """Adds counts up and hands them on at most twice a second, and at the end."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._counts: dict[str, int] = {}
        self._last = time.monotonic()

    def __call__(self, counts: dict[str, int]) -> None:
        """Add counts."""
        for name, count in counts.items():
            self._counts[name] = self._counts.get(name, 0) + count
        if time.monotonic() - self._last > 0.5:
            self.flush()

    def flush(self) -> None:
        """Hand on what has added up."""
        if self._counts:
            self._report(self._counts)
        self._counts, self._last = {}, time.monotonic()
