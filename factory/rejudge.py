"""`factory refilter`: judge the stored responses of a run again, with other filters; ask nobody.

What teachers said of responses is taken from the stored rows, where the recipe would put the same
question to them again; else nothing is known of it, and what depends on it is unjudged. Answers
that were edited start from their drafts again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from rich.console import RenderableType

from factory import quota, store
from factory.apply import Grader, check_gold, judge, standings
from factory.asking import Answerer
from factory.config import differences
from factory.errors import ConfigError, RunError
from factory.flips import CHANGES, Flips, changes, fates
from factory.funnel import finished_parts
from factory.grading import NO_COLUMN, grading
from factory.inorder import in_order
from factory.naming import bare, methods
from factory.progress import Progress
from factory.quota import Standing
from factory.recipe import Job
from factory.records import MODES, Grade, Judged, Response, Verdict
from factory.rowfile import check_path, row_file
from factory.rundir import RunDirectory
from factory.schemas import PROMPTS, RESPONSES, prompt_from_row, response_from_row, response_row
from factory.steps import Graded
from factory.teachers import answer_settings
from factory.terminal import plain

_COLUMNS = ("id", "prompt_id", "domain", "mode", "verdicts", "kept", "expected_answer", "answer")
_SCHEMA = pa.schema([RESPONSES.field(name) for name in _COLUMNS])


@dataclass(kw_only=True)
class _Part:
    """What a part of the responses came to."""

    changed: list[dict[str, Any]]
    kept: dict[tuple[str, bool, bool], int]
    gold: Counter[str] = field(default_factory=Counter)
    """Prompts whose gold answer passes no more (`lost`), or passes now (`gained`)."""
    rates: int = 0
    """Prompts and modes whose pass rate differs."""
    columns: Counter[str] = field(default_factory=Counter)
    """Responses whose grade in a column answered another question, by column."""
    standings: list[Standing] = field(default_factory=list)
    counted_before: Counter[str] = field(default_factory=Counter)
    """Responses that are published now, by mode."""
    filters: set[str] = field(default_factory=set)
    """Names of the filters whose verdicts are stored."""


def refilter(
    run: RunDirectory,
    old: Job,
    new: Job,
    *,
    out: Path | None = None,
    num_examples: int = 8,
    workers: int = 1,
    progress: Progress | None = None,
) -> Iterator[RenderableType]:
    """Judge the stored responses of a run again; yields the report for a rich console.

    Memory: some parts; where the recipe asks for a number of rows, a few hundred bytes a prompt
    on top.

    Args:
        run: any run, finished or not; nothing in it is changed.
        old: the job that the run was started with.
        new: the same prompts with other filters or judges.
        out: a new file, `.parquet` or `.jsonl`, for every verdict that differs: `CHANGES`.
        num_examples: how many of them are shown.
        workers: processes.
        progress: shows how far it is.

    Raises:
        ConfigError: the new job has other prompts, or `out` has another suffix or is there.
        RunError: no part is finished.
        PartError: a part is damaged.
    """
    check_same_prompts(old, new)
    check_path(out)
    parts = [part for part in range(run.num_parts) if run.responses(part).exists()]
    if not parts:
        raise RunError(f"{run.root}: no part of the responses is finished; go on with factory run")
    progress = progress or Progress(quiet=True)
    flips, total = Flips(num_examples), _Part(changed=[], kept={})
    with row_file(out, CHANGES) as file, progress:
        progress.stage("judging again", total=len(parts))
        for found in in_order(partial(_rejudge_part, new, run), parts, workers=workers):
            file.write(found.changed)
            flips.add(found.changed)
            flips.see(found.kept)
            _add(total, found)
            progress.part_done({})
    yield from flips.report("Verdicts that differ")
    for line in _remarks(run, old, new, total):
        yield plain(line)
    if out:
        yield plain(f"{file.num_rows:,} verdicts that differ are in {out}")


def check_same_prompts(old: Job, new: Job) -> None:
    """Refuse a job that would pose other prompts than the run did.

    Raises:
        ConfigError: naming what differs.
    """
    if old.pipeline.name != new.pipeline.name:
        raise ConfigError(
            f"the run's pipeline is {old.pipeline.name!r}, the recipe's is {new.pipeline.name!r}; "
            "refilter judges stored responses, so the prompts must be the same"
        )
    if repr(old.pipeline.source) != repr(new.pipeline.source):
        own = (f"{old.recipe.pipeline}.", "seed")
        told = differences(old.as_table(), new.as_table())
        said = [line for key, line in told.items() if key.startswith(own)]
        raise ConfigError(
            f"the recipe has other prompts than the run: {', '.join(said) or 'its code differs'}; "
            "refilter judges stored responses; make a new run with: factory run"
        )


def _rejudge_part(job: Job, run: RunDirectory, part: int) -> _Part:
    prompts = store.read_part(run.prompts(part), PROMPTS)
    rows = store.read_part(run.responses(part), RESPONSES)
    by_index = {row["index"]: prompt_from_row(row) for row in prompts}
    columns: Counter[str] = Counter()
    stored = [response_from_row(row, by_index[row["prompt_index"]]) for row in rows]
    bare = [_as_answered(response) for response in stored]
    judged = judge(job.pipeline.response_steps, bare, _remembered(job, stored, columns))
    gold, bad = _check_gold(job, prompts)
    for item in judged:
        if verdict := bad.get(item.response.prompt.index):
            item.verdicts = [verdict]
    before, after = _frame(map(_without_quota, rows)), _frame(map(response_row, judged))
    return _Part(
        changed=changes(before, after).to_dicts(),
        kept=fates(before, after),
        gold=gold,
        rates=_changed_rates(rows, judged),
        columns=columns,
        standings=standings(judged) if job.recipe.accept.is_set else [],
        counted_before=Counter(row["mode"] for row in rows if row["kept"]),
        filters={verdict["filter"] for row in rows for verdict in row["verdicts"]},
    )


def _frame(rows: Any) -> pl.DataFrame:
    picked = [{name: row[name] for name in _COLUMNS} for row in rows]
    frame = pl.from_arrow(pa.Table.from_pylist(picked, schema=_SCHEMA))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _without_quota(row: dict[str, Any]) -> dict[str, Any]:
    """The row as the filters left it: which accepted answers count is no filter's verdict."""
    verdicts = [each for each in row["verdicts"] if each["filter"] != quota.FILTER]
    kept = all(each["decision"] == "keep" for each in verdicts)
    return {**row, "verdicts": verdicts, "kept": kept}


def _as_answered(response: Response) -> Response:
    """The response as it was before anybody was asked about it."""
    output = response.output if response.draft is None else response.draft
    return replace(response, output=output, draft=None, grades=())


def _remembered(job: Job, stored: Iterable[Response], columns: Counter[str]) -> Grader:
    """Knows what the stored responses hold, where it answers what a step would ask now."""
    known = {(each.id, grade.column): grade for each in stored for grade in each.grades}

    def graded(step: Graded, responses: Sequence[Response]) -> list[Grade]:
        found = [known.get((each.id, step.column)) for each in responses]
        grades = [grade for grade in found if grade]
        if len(grades) == len(found) and _is_answer_to(job, step, responses, grades):
            return grades
        columns[step.column] += len(grades)
        error = f"{NO_COLUMN}: the stored responses hold no answer to this question"
        return [Grade(column=step.column, score=None, error=error)] * len(responses)

    return graded


def _is_answer_to(
    job: Job, step: Graded, responses: Sequence[Response], grades: Sequence[Grade]
) -> bool:
    """Whether grades answer what a step would ask of the responses: their keys are equal."""
    config, grade = job.recipe.by_name[step.teacher], grades[0]
    try:
        model, revision = config.identity()
    except ConfigError:  # the model lies elsewhere: its name is all that can be compared
        if step.teacher != grade.teacher_name:
            return False
        model, revision = grade.teacher, grade.teacher_revision
    who = Answerer(
        name=step.teacher,
        model=model,
        revision=revision,
        thinks=config.thinks,
        settings=answer_settings(config),
    )
    request = next(grading(step, who, responses, job.recipe.seed))
    return all(request.key == each.request_key for each in grades)


def _check_gold(
    job: Job, prompts: Sequence[dict[str, Any]]
) -> tuple[Counter[str], dict[int, Verdict]]:
    """How the gold check comes out now, and why prompts would not be asked any more."""
    gold = job.pipeline.gold
    counts: Counter[str] = Counter()
    bad = {}
    for row in prompts:
        verdict = check_gold(gold, prompt_from_row(row), votes=job.pipeline.votes)
        if verdict.decision == row["decision"]:
            continue
        counts["gained" if verdict.decision == "keep" else "lost"] += 1
        if gold and verdict.decision != "keep":
            bad[row["index"]] = replace(verdict, filter=gold.name)
    return counts, bad


def _changed_rates(rows: Sequence[dict[str, Any]], judged: Sequence[Judged]) -> int:
    pairs = zip(rows, judged, strict=True)
    return len({(r["prompt_id"], r["mode"]) for r, j in pairs if r["pass_rate"] != j.pass_rate})


def _add(total: _Part, found: _Part) -> None:
    total.gold += found.gold
    total.rates += found.rates
    total.columns += found.columns
    total.standings += found.standings
    total.counted_before += found.counted_before
    total.filters |= found.filters


def _remarks(run: RunDirectory, old: Job, new: Job, total: _Part) -> Iterator[str]:
    """What else would be different, and how to get the dataset."""
    told = differences(old.as_table(), new.as_table()).values()
    if changed := [line for line in told if line.startswith(("filters.", "keep "))]:
        yield f"Changed: {'; '.join(changed)}."
    now = {bare(each.name): each.name for each in methods(new.pipeline)}
    for name in sorted(total.filters):
        if now.get(bare(name), name) != name:
            yield f"{name} is {now[bare(name)]} now."
    if total.rates:
        yield f"The pass rate differs for {total.rates:,} prompts in a mode."
    if lost := total.gold["lost"]:
        yield f"Gold answers of {lost:,} prompts do not pass any more; they would not be asked."
    if gained := total.gold["gained"]:
        yield f"Gold answers of {gained:,} prompts pass now; they would be asked, and paid for."
    for column, count in sorted(total.columns.items()):
        yield (
            f"{count:,} stored grades in column {column!r} answer another question than the "
            "recipe's and were left out; a run would ask for them."
        )
    yield from _quota(new, total)
    if old.pipeline.screening != new.pipeline.screening:
        yield (
            "Which prompts repeat each other, or a benchmark, is not worked out again; a run does "
            "that."
        )
    if others := [line for line in told if not line.startswith(_FILTERS)]:
        yield f"Not of the filters, and not seen here: {'; '.join(others)}."
    if len(finished_parts(run)) < run.num_parts:
        yield f"Of {run.num_parts} parts, {len(finished_parts(run))} are finished."
    yield (
        "Nothing was asked, nothing in the run was changed. The dataset with these filters, with "
        f"no completion paid for again: factory run NEW.toml --out NEW --ledger {run.ledger}"
    )


_FILTERS = ("filters.", "keep", "limits.", "accept.", "decontaminate.")


def _quota(job: Job, total: _Part) -> Iterator[str]:
    accept = job.recipe.accept
    if not accept.is_set:
        return
    counted = Counter[str]()
    for (_, mode), number in quota.counted(accept, total.standings).items():
        counted[mode] += number
    for mode in MODES:
        if accept[mode].rows:
            yield (
                f"accept.{mode} (kept above is what passes the filters, before it): of the stored "
                f"answers {counted[mode]:,} would count, in the run {total.counted_before[mode]:,} "
                "do; where rows are missing, a run asks for more samples."
            )
