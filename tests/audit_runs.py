"""Runs made of rows that were written by hand, small and large, for tests of the audit."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from factory import store
from factory.records import MODES, Judged, Mode, Prompt, Response, Verdict
from factory.rundir import RunDirectory, create_or_resume, open_run
from factory.schemas import PROMPTS, RESPONSES, prompt_row, response_row
from tests.toys import prompt, toy_job

Reply = Callable[[Prompt, Mode, int], str]
CUT = Verdict(decision="keep", score=0.0, filter="truncated.v1", seconds=1e-6)
TAGS = Verdict(decision="keep", score=0.0, filter="think_tags.v1", seconds=2e-6)
LOOPS = Verdict(decision="keep", score=1.0, filter="repetition_loops.v1", seconds=3e-5)


def prompts(number: int, text: str = "What is {index} + 1?") -> list[Prompt]:
    made = []
    for index in range(number):
        item = prompt(text.format(index=index), gold=str(index + 1), index=index)
        made.append(replace(item, domain="math" if index % 3 else "algebra"))
    return made


def answer(item: Prompt, mode: Mode, sample: int, output: str) -> Judged:
    """A response with verdicts that differ from sample to sample, whatever it says."""
    response = Response(
        prompt=item, mode=mode, sample=sample, output=output, completion_tokens=len(output),
        teacher_name="teacher", teacher="toy", engine="by hand",
    )  # fmt: skip
    last: tuple[Verdict, ...] = {
        0: (CUT, TAGS, LOOPS, _final("keep", "", 1.0)),
        1: (CUT, TAGS, LOOPS, _final("drop", "wrong_answer", 0.0)),
        2: (CUT, TAGS, replace(LOOPS, decision="drop", reason="loop", score=5.0 + item.index % 7)),
    }.get(sample, (CUT, TAGS, LOOPS, _final("unjudged", "timeout", None)))
    return Judged(response, verdicts=list(last), pass_rate=0.25)


def _final(decision: Any, reason: str, score: float | None) -> Verdict:
    return Verdict(
        decision=decision, reason=reason, score=score, filter="final_answer.v2", seconds=1e-4
    )


def plain_reply(item: Prompt, mode: Mode, sample: int) -> str:
    right = f"\\boxed{{{item.expected_answer}}}"
    return f"<think>\nOne more, {sample}.\n</think>\n\n{right}" if mode == "on" else right


def write_large_run(root: Path, *, copies: int, reply: Reply = plain_reply) -> RunDirectory:
    """A part of 1,000 prompts and 8,000 responses, again and again under other ids."""
    run = write_run(root, prompts(1000), reply)
    plan = root / "plan.json"
    store.write_json(plan, {**json.loads(plan.read_text()), "num_prompts": 1000 * copies})
    run = open_run(root)
    for part in range(1, copies):
        for path, again, names in (
            (run.prompts(0), run.prompts(part), ("id",)),
            (run.responses(0), run.responses(part), ("id", "prompt_id")),
        ):
            other = pl.col(*names).str.replace("math-", f"math-{part:03d}", literal=True)
            table = pl.read_parquet(path, use_pyarrow=True).with_columns(other).to_arrow()
            pq.write_table(table.cast(pq.read_schema(path)), again)
    return run


def write_run(
    root: Path,
    items: Iterable[Prompt],
    reply: Reply = plain_reply,
    *,
    samples: int = 4,
    part_size: int = 1000,
) -> RunDirectory:
    """A run of the toy math recipe, with as many parts as it takes."""
    items = list(items)
    job = toy_job(root.parent, num_prompts=len(items), samples=(samples,) * 2, part_size=part_size)
    run = create_or_resume(job, root)
    for part in range(run.num_parts):
        own = items[slice(*run.bounds(part))]
        rows = [prompt_row(item, Verdict.keep()) for item in own]
        store.write_part(run.prompts(part), rows, PROMPTS)
        judged = [
            response_row(answer(item, mode, sample, reply(item, mode, sample)))
            for item in own
            for mode in MODES
            for sample in range(samples)
        ]
        store.write_part(run.responses(part), judged, RESPONSES)
    return run
