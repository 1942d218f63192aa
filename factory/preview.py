"""`factory run --preview`: a few prompts asked for real, shown with all that becomes of them.

What the teachers answer goes into a ledger, so that the run that follows does not pay for it again.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from factory import store
from factory.budget import Caps
from factory.engine import run
from factory.funnel import funnel_table
from factory.ledger import LedgerReader
from factory.progress import Progress
from factory.prompt_fate import fate
from factory.recipe import Job
from factory.records import MODES, Completion, Request
from factory.rundir import RunDirectory, open_run
from factory.schemas import PROMPTS, RESPONSES, prompt_from_row
from factory.spend import spend_table
from factory.tasks import make_asker
from factory.teachers import Teacher
from factory.terminal import plain

NUM_PROMPTS = 5


def preview_ledger() -> Path:
    """Where completions of previews are kept when the run has no directory yet."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return cache_home / "reasoning-factory" / "preview-ledger"


def try_out(
    job: Job,
    root: Path,
    ledger: Path,
    *,
    caps: Caps | None = None,
    progress: Progress | None = None,
    teacher: Teacher | None = None,
) -> dict[str, Any]:
    """Run a job of a few prompts in a directory for the time being; returns its manifest.

    Failed requests do not make it fail; with them it is shown what is wrong.
    """
    limits = replace(job.recipe.limits, max_error_share=1.0, part_size=max(1, job.num_prompts))
    job = replace(job, recipe=replace(job.recipe, limits=limits))
    return run(job, root, ledger=ledger, caps=caps, workers=1, progress=progress, teacher=teacher)


def preview(
    job: Job,
    ledger: Path,
    *,
    caps: Caps | None = None,
    progress: Progress | None = None,
    teacher: Teacher | None = None,
) -> Iterator[RenderableType]:
    """Prompts, raw completions, what was read from them, and every verdict.

    Args:
        job: a job of a few prompts.
        ledger: keeps what is paid for.
        caps: what it may cost.
        progress: shows what happens.
        teacher: answers instead of the recipe's teachers.
    """
    with tempfile.TemporaryDirectory(prefix="factory-preview-") as folder:
        root = Path(folder) / "run"
        manifest = try_out(job, root, ledger, caps=caps, progress=progress, teacher=teacher)
        directory = open_run(root)
        reader = LedgerReader(ledger)
        reader.refresh()
        yield from _prompts(job, directory, reader)
    funnel = manifest["funnel"]
    yield funnel_table(funnel["prompts"], funnel["responses"])
    yield spend_table(manifest["usage"], "What these answers took")
    yield plain(f"The completions are kept in {ledger}; a run that has it does not pay for them.")


def _prompts(job: Job, run: RunDirectory, reader: LedgerReader) -> Iterator[RenderableType]:
    asker = make_asker(job)
    parts = range(run.num_parts)
    rows = [(p, row) for p in parts for row in store.read_part(run.prompts(p), PROMPTS)]
    responses = [row for p in parts for row in store.read_part(run.responses(p), RESPONSES)]
    for part, row in rows:
        prompt = prompt_from_row(row)
        answers = [each for each in responses if each["prompt_id"] == prompt.id]
        title = f"{prompt.id}, expected answer {prompt.expected_answer}"
        if row["decision"] != "keep" or not answers:
            gone = [row["reason"]] if row["reason"] else fate(run, part, prompt.index)
            text = "\n".join([prompt.problem, "", "not asked", *gone])
            yield Panel(plain(text), title=plain(title))
            continue
        yield Panel(plain(prompt.input[-1].content), title=plain(title), title_align="left")
        for mode in [mode for mode in MODES if any(each["mode"] == mode for each in answers)]:
            request = next(asker.conversation(prompt, mode, 0))
            title = f"first request, reasoning {mode}, to {request.model}"
            yield Panel(shown(request), title=plain(title), title_align="left", style="dim")
        yield from (_answer(each, reader) for each in answers)


def shown(request: Request) -> Text:
    """The turns of a request, and where the answer begins."""
    turns = [f"{turn.role}: {turn.content}" for turn in request.messages]
    return plain("\n".join([*turns, f"assistant: {request.prefix}..."]))


def _answer(row: dict[str, Any], reader: LedgerReader) -> RenderableType:
    pieces: list[RenderableType] = []
    for number, key in enumerate(row["request_keys"]):
        completion = reader.get(key) or Completion(finish_reason="error", error=row["error"])
        text = completion.text or completion.error
        tokens = f"{completion.prompt_tokens} + {completion.completion_tokens} tokens"
        heading = f"completion {number + 1}: {completion.finish_reason}, {tokens}"
        pieces.append(Panel(plain(text), title=heading, title_align="left", style="cyan"))
    if row["reasoning"]:
        pieces.append(plain(f"reasoning: {_short(row['reasoning'])}"))
    if row["draft"] is not None:
        pieces.append(plain(f"draft: {_short(row['draft'])}"))
    pieces.append(plain(f"answer: {_short(row['answer'])}"))
    for grade in row["grades"]:
        said = f", {_short(grade['text'])!r}" if grade["text"] else ""
        pieces.append(plain(f"{grade['column']}: {grade['score']}{said}{grade['error']}"))
    for verdict in row["verdicts"]:
        score = "" if verdict["score"] is None else f", score {verdict['score']:g}"
        reason = f" {verdict['reason']}" if verdict["reason"] else ""
        line = plain(f"{verdict['filter']}: {verdict['decision']}{reason}{score}")
        line.stylize("green" if verdict["decision"] == "keep" else "bold red")
        pieces.append(line)
    state = "kept" if row["kept"] else "not kept"
    title = plain(f"reasoning {row['mode']}, sample {row['sample']}: {state}")
    return Panel(Group(*pieces), title=title, title_align="left")


def _short(text: str, limit: int = 400) -> str:
    return text if len(text) <= limit else f"{text[:limit]} ... ({len(text):,} characters)"
