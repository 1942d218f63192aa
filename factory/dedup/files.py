"""`factory dedup`: anyone's dataset without the rows that repeat another, and what was found."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from factory.corpus import TextColumns
from factory.dedup import DedupResult, Exact, KeepPolicy, MinHash, dedup
from factory.dedup.evidence import Evidence, write_clusters, write_report
from factory.dedup.findings import Findings
from factory.dedup.page import dedup_page
from factory.dedup.result import removed_rows
from factory.progress import Progress
from factory.reportfile import check_suffix
from factory.rewriting import Source, rewriting
from factory.rownames import Repeated, RowNames
from factory.rowreport import NAMED


def dedup_files(
    source: Source,
    out: Path | None,
    *,
    method: MinHash | Exact,
    columns: TextColumns,
    keep: KeepPolicy,
    within: str | None = None,
    id_column: str | None = None,
    reports: Sequence[Path] = (),
    clusters: Path | None = None,
    num_examples: int = 5,
    progress: Progress | None = None,
) -> Findings:
    """Write a dataset without the rows that repeat another one.

    Args:
        source: the data.
        out: a new file or directory, as the data is one; None is a rehearsal that writes no row.
        method: what counts as a repetition.
        columns: what is compared.
        keep: which row of several stays.
        within: rows are compared only where they have the same value of this column.
        id_column: what reports call a row.
        reports: new files, `.json` with every removed row or `.html` for people.
        clusters: a new `.parquet` file, every row that is in a cluster.
        num_examples: removed rows to show.
        progress: shows what happens; silent by default.

    Raises:
        ConfigError: the settings do not fit the data, or a path is taken; nothing was started.
        RunError: a file is damaged or cannot be written; the same call goes on.
    """
    began = time.monotonic()
    for path in reports:
        check_suffix(path, "--report", ".json", ".html")
    if clusters:
        check_suffix(clusters, "--clusters", ".parquet")
    files = dict.fromkeys(reports, "--report") | ({clusters: "--clusters"} if clusters else {})
    extra = [name for name in (within, id_column) if name]
    settings: dict[str, Any] = {
        "method": method.name, **asdict(method), "column": list(columns.column),
        "keep": keep.text, "within": within, "id_column": id_column,
    }  # fmt: skip
    with rewriting(
        source, out, columns=columns, extra=extra, plan={"command": "dedup", **settings},
        files=files, progress=progress or Progress(quiet=True),
    ) as job:  # fmt: skip
        result = dedup(
            job.corpus, method, columns=columns, keep=keep, within=within, id_column=id_column,
            work=job.work / "dedup", client=job.client, progress=job.progress,
        )  # fmt: skip
        names = RowNames(job.corpus.parts, result.rows_by_part)
        evidence = Evidence(result, names)
        if id_column:
            names.gather(job.work / "names", result.ids_path, evidence.involved())
        job.write(partial(removed_rows, result.work), result.rows_by_part)
        job.progress.stage("writing the report")
        found = Findings(
            data=source.data, out=str(out or ""), settings=settings, method=method.name,
            repeated=_repeated(result, names), resumed=job.resumed,
            skipped=tuple(itertools.islice(evidence.skipped(), NAMED)),
            examples=evidence.examples(num_examples, columns), sizes=evidence.sizes(),
            seconds=time.monotonic() - began, **_counts(result),
        )  # fmt: skip
        job.report(
            reports, lambda path: write_report(path, found, evidence), partial(dedup_page, found)
        )
        if clusters:
            write_clusters(job.targets[clusters], evidence)
        job.place()
    return found


def _counts(result: DedupResult) -> dict[str, Any]:
    counts = result.counts
    bands, rows = result.method.cut if isinstance(result.method, MinHash) else (0, 0)
    return {
        "num_rows": counts["rows"],
        "num_compared": counts["compared"],
        "num_exact": counts.get("removed_exact", 0),
        "num_near": counts.get("removed_near", 0),
        "num_clusters": counts["clusters"],
        "num_checked": counts.get("checked_pairs", 0),
        "num_skipped_pairs": counts.get("skipped_pairs", 0),
        "problems": result.problems,
        "histogram": result.histogram,
        "threshold": getattr(result.method, "threshold", 1.0),
        "bands": bands,
        "band_rows": rows,
    }


def _repeated(result: DedupResult, names: RowNames) -> Repeated:
    num_ids, num_rows = result.duplicate_ids
    first = [
        (id, names.where(row), names.where(other))
        for id, row, other in result.duplicate_id_examples
    ]
    return Repeated(num_ids=num_ids, num_rows=num_rows, first=tuple(first))
