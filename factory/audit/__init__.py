"""The audit of a run: what each filter saw and dropped, why, and whether others would have as well.

    factory audit runs/demo          # text on the terminal, and runs/demo/audit/index.html

prompts                                   what was dropped before anything was asked
counting, thresholds, overlap, examples   find out; a part at a time, in bounded memory
report                                    the text
page, chunks, site/                       the page and its data
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import repeat

from rich.console import RenderableType
from rich.text import Text

from factory.audit.counting import count_filters
from factory.audit.examples import Examples
from factory.audit.overlap import Overlap, find_masks, names
from factory.audit.page import Page, new_page, summary_of_filters, summary_of_overlap
from factory.audit.parts import read_prompts, read_responses
from factory.audit.prompts import dropped_prompts, prompts_table, summary_of_prompts
from factory.audit.report import examples_table, filters_table, overlap_tables, scores_table
from factory.audit.thresholds import find_thresholds
from factory.errors import PrerequisiteError
from factory.funnel import count_prompts, funnel_table
from factory.progress import Progress
from factory.recipe import Job
from factory.rundir import RunDirectory
from factory.terminal import plain

__all__ = ["audit"]


def audit(
    run: RunDirectory,
    *,
    job: Job | None = None,
    num_examples: int = 2,
    html: bool = True,
    overlap: bool = True,
    progress: Progress | None = None,
) -> Iterator[RenderableType]:
    """The report, piece by piece, for a rich console.

    Args:
        run: any run, finished or not; the parts that are there count.
        job: what the run was made from; without it no thresholds and no overlap are known.
        num_examples: responses to show for each filter and reason, the same ones at every call.
        html: also write RUN/audit/index.html.
        overlap: ask every filter about every response; may take as long as the filters do.
        progress: told of the parts.

    Raises:
        PartError: a part is damaged.
        RunError: the page cannot be written.
    """
    progress = progress or Progress(quiet=True)
    parts = [part for part in range(run.num_parts) if run.responses(part).exists()]
    filters = count_filters([run.responses(part) for part in parts])
    prompts = count_prompts(run)
    gone = dropped_prompts(run, num_examples)
    yield funnel_table(prompts, [each.entry() for each in filters])
    if gone:
        yield prompts_table(gone)
    if not filters:
        asked = run.num_parts > len(parts)
        yield Text("No part of the responses is finished yet." if asked else "No prompt was asked.")
        return
    thresholds = find_thresholds(job.pipeline) if job else {}
    yield filters_table(filters)
    yield scores_table(filters, thresholds)
    examples = Examples(num_examples, thresholds)
    target = run.root / "audit"
    with progress, new_page(target) if html else nullcontext() as page:
        progress.stage("looking at the responses", total=len(parts))
        found, note = _go_through(run, parts, job if overlap else None, examples, page, progress)
        if page:
            page.finish(
                {
                    "run": run.root.name,
                    "num_parts": run.num_parts,
                    "num_finished": len(parts),
                    "prompts": {**prompts, "examples": summary_of_prompts(gone)},
                    "counts": summary_of_filters(filters, thresholds, examples),
                    "overlap": summary_of_overlap(found) if found else None,
                }
            )
    if note:
        yield plain(note)
    if found:
        yield overlap_tables(found)
    for each in filters:
        for reason in each.reasons:
            yield examples_table(each.name, reason, examples.of(each.name, reason.name))
    if html:
        yield plain(f"\npage: {target / 'index.html'}")


def _go_through(
    run: RunDirectory,
    parts: Sequence[int],
    job: Job | None,
    examples: Examples,
    page: Page | None,
    progress: Progress,
) -> tuple[Overlap | None, str]:
    """Show every row to the examples and the page; returns the overlap, or why there is none."""
    overlap, note = Overlap(names(job.pipeline)) if job else None, ""
    place = 0
    for part in parts:
        masks: Iterable[int | None] = repeat(None)
        if job and overlap:
            try:
                masks = find_masks(job.pipeline, run, part)
            except PrerequisiteError as error:
                overlap, note = None, f"Overlap is left out: {error}"
        prompts = read_prompts(run.prompts(part)) if page else {}
        for row, mask in zip(read_responses(run.responses(part)), masks, strict=False):
            examples.see(row, place)
            if page:
                page.add(row, prompts[row["prompt_id"]], mask)
            if overlap and mask is not None:
                overlap.counts[row["mode"], mask] += 1
            place += 1
        progress.part_done({})
    return overlap, note
