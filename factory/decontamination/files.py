"""`factory decontaminate`: anyone's dataset without the rows that hold an item of a benchmark."""

import itertools
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from factory.corpus import TextColumns
from factory.decontamination import DecontaminationResult, Ngrams, load_items
from factory.decontamination.asking import AskedJudges, deciding
from factory.decontamination.embedding import Embedding
from factory.decontamination.evidence import Evidence, write_report
from factory.decontamination.findings import Findings
from factory.decontamination.page import decontamination_page
from factory.decontamination.result import removed_rows
from factory.decontamination.run import decontaminate
from factory.progress import Progress
from factory.reportfile import check_suffix
from factory.rewriting import Rewriting, Source, rewriting
from factory.rowids import ids_path, read_ids, repeated_ids
from factory.rownames import Repeated, RowNames
from factory.rowreport import NAMED
from factory.seeds import digest

_TOUCHED = 10
"""Items that are shown with the number of their rows."""


def decontaminate_files(
    source: Source,
    out: Path | None,
    *,
    against: Sequence[str],
    against_columns: Sequence[str] = (),
    method: Ngrams | None,
    embedding: Embedding | None = None,
    judges: AskedJudges | None = None,
    columns: TextColumns,
    id_column: str | None = None,
    reports: Sequence[Path] = (),
    num_examples: int = 5,
    progress: Progress | None = None,
) -> Findings:
    """Write a dataset without the rows that hold an item of a benchmark.

    Args:
        source: the data.
        out: a new file or directory, as the data is one; None is a rehearsal that writes no row.
        against: benchmark sets, see `items.load_items`.
        against_columns: those of their text; none looks for the usual ones.
        method: of n-grams; None looks by the embedding alone.
        embedding: finds items that are said in other words; None looks for none.
        judges: are asked about those; without any all of them go.
        columns: what is compared.
        id_column: what reports call a row.
        reports: new files, `.json` with every match or `.html` for people.
        num_examples: rows to show.
        progress: shows what happens; silent by default.

    Raises:
        ConfigError: the settings do not fit the data, or a path is taken; nothing was started.
        RunError: a file is damaged or cannot be written; the same call goes on.
    """
    began = time.monotonic()
    for path in reports:
        check_suffix(path, "--report", ".json", ".html")
    items = load_items(against, columns=against_columns)
    settings: dict[str, Any] = {
        "against": list(against), "ngrams": asdict(method) if method else None,
        "embedding": embedding and deciding(embedding), "judge": judges and judges.described(),
        "column": list(columns.column), "against_column": list(against_columns),
        "id_column": id_column,
    }  # fmt: skip
    plan = {"command": "decontaminate", **settings, "items": digest([asdict(i) for i in items])}
    with rewriting(
        source, out, columns=columns, extra=[id_column] if id_column else [], plan=plan,
        files=dict.fromkeys(reports, "--report"), progress=progress or Progress(quiet=True),
        holds_model=bool(judges and judges.holds_model),
    ) as job:  # fmt: skip
        run_id = digest(plan, job.corpus.fingerprint, size=4)
        opened = judges.opened(job.client, job.progress, run_id) if judges else nullcontext(())
        with opened as courts:
            result = decontaminate(
                job.corpus, items, method=method, embedding=embedding, judges=courts,
                columns=columns, work=job.work / "decontamination", client=job.client,
                progress=job.progress,
            )  # fmt: skip
        names = RowNames(job.corpus.parts, result.rows_by_part)
        evidence = Evidence(result, names)
        repeated = _read_names(job, id_column, names, evidence) if id_column else Repeated()
        job.write(partial(removed_rows, result.search), result.rows_by_part)
        job.progress.stage("writing the report")
        methods = [each.name for each in (method, embedding) if each]
        found = Findings(
            data=source.data, out=str(out or ""), settings=settings, repeated=repeated,
            resumed=job.resumed, paid=judges.paid(run_id) if judges else [],
            examples=evidence.examples(num_examples, columns), tallies=evidence.tallies(methods),
            seconds=time.monotonic() - began, **_counts(result, evidence),
        )  # fmt: skip
        job.report(
            reports,
            lambda path: write_report(path, found, evidence),
            partial(decontamination_page, found),
        )
        job.place()
    return found


def _read_names(job: Rewriting, id_column: str, names: RowNames, evidence: Evidence) -> Repeated:
    """Read the ids of all rows, and bring those together that a report may name."""
    folder, num_rows = job.work / "ids", names.num_rows
    found = read_ids(
        job.corpus, id_column, num_rows, folder=folder, client=job.client, progress=job.progress
    )
    names.gather(folder, partial(ids_path, folder), evidence.involved())
    return repeated_ids(found, names, folder)


def _counts(result: DecontaminationResult, evidence: Evidence) -> dict[str, Any]:
    return {
        "num_rows": result.counts["rows"],
        "num_compared": result.counts["compared"],
        "num_removed": result.counts["removed"],
        "num_items": dict(Counter(item.benchmark for item in result.items)),
        "num_touched": result.counts["touched"],
        "num_unjudged": result.counts["unjudged"],
        "touched": evidence.touched(_TOUCHED),
        "unfindable": evidence.unfindable(),
        "num_unfindable": evidence.num_unfindable(),
        "judged": evidence.judged(),
        "problems": result.problems,
        "skipped": tuple(itertools.islice(evidence.skipped(), NAMED)),
    }
