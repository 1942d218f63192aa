"""Duplicates of a whole corpus: stage by stage on Dask, in memory that does not grow with it.

texts -> hashes, sorted -> equal sets -> rows that share a band -> pairs, each once -> sets of the
rows in pairs -> true similarities -> who goes -> the result, part by part. A stage is tasks, one a
part or a range of keys; each writes its own files and is skipped where it is done. Nothing is
exchanged but through files, and no result depends on how often the data was cut.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from factory import store
from factory.corpus import Corpus, TextColumns
from factory.dedup import buckets, collapse, ids
from factory.dedup.candidates import candidate_rows, cut_pairs, unite_pairs
from factory.dedup.check import check_pairs
from factory.dedup.columns import Array
from factory.dedup.comparison import SLICE_BYTES, Comparison
from factory.dedup.exact import Exact
from factory.dedup.keep import KeepPolicy, check_orderable
from factory.dedup.minhash import MinHash
from factory.dedup.pieces import Skip
from factory.dedup.removed import write_result
from factory.dedup.resolve import resolve
from factory.dedup.result import DedupResult
from factory.dedup.sets import place_sets, write_sets, write_sizes
from factory.dedup.sketch import sketch_part
from factory.dedup.workdir import begin
from factory.errors import ConfigError
from factory.partwork import Client, on_parts
from factory.progress import Progress

_MOST_ROWS = 2**32 - 1
_EXAMPLES = 5
Counts = list[dict[str, Any]]
Task = Callable[[int], dict[str, Any]]


def dedup(
    corpus: Corpus,
    method: MinHash | Exact,
    *,
    columns: TextColumns,
    keep: KeepPolicy,
    within: str | None = None,
    id_column: str | None = None,
    work: Path,
    client: Client,
    progress: Progress,
    skip: Skip | None = None,
    slice_bytes: int = SLICE_BYTES,
) -> DedupResult:
    """Find the duplicates of a corpus.

    Args:
        corpus: the data.
        method: what counts as a duplicate.
        columns: what is compared.
        keep: which of several rows stays.
        within: a column; only rows with the same value of it are compared.
        id_column: a column; its values are kept beside the result.
        work: a directory for working files; one of the same comparison is gone on with.
        client: of the cluster, whose workers see the data and `work` under the same names.
        progress: is told what is done.
        skip: rows of a part, by its number, that are left out; picklable, and the same rows
            whenever the work is gone on with.
        slice_bytes: what a task reads at once of what all parts wrote, about.

    Raises:
        ConfigError: a setting does not fit the data, or `work` holds another comparison.
        PartError: tasks failed; what the others made is kept.
    """
    comparison = Comparison(
        work=work.absolute(),
        method=method,
        columns=columns,
        keep=keep,
        within=within,
        id_column=id_column,
        slice_bytes=slice_bytes,
    )
    done = work / "done.json"
    with store.locked(work / ".dedup.lock", "another process works in it; wait for its end"):
        begin(comparison, corpus, leaves_out=skip is not None)
        if not done.exists():
            store.write_json(done, _Stages(comparison, client, progress).run(corpus, skip))
        found = store.read_json(done, keys=["counts"], advice="delete its directory, begin anew")
    return DedupResult(
        corpus=corpus,
        method=method,
        columns=columns,
        keep=keep,
        within=within,
        id_column=id_column,
        work=work,
        rows_by_part=tuple(found["rows_by_part"]),
        counts=found["counts"],
        problems=found["problems"],
        problem_examples=tuple(tuple(each) for each in found["problem_examples"]),
        histogram=tuple(found["histogram"]),
        duplicate_ids=tuple(found["duplicate_ids"]),
        duplicate_id_examples=tuple(tuple(each) for each in found["duplicate_id_examples"]),
    )


class _Stages:
    """The stages of one comparison."""

    def __init__(self, comparison: Comparison, client: Client, progress: Progress) -> None:
        self._comparison = comparison
        self._client = client
        self._progress = progress

    def run(self, corpus: Corpus, skip: Skip | None) -> dict[str, Any]:
        """Run what is not finished yet; returns what done.json holds."""
        task: Task = partial(sketch_part, self._comparison, skip)
        read = self._stage("read", "reading and hashing the texts", task, len(corpus.parts))
        check_orderable(self._comparison.keep, [each["unordered"] for each in read])
        self._number([each["rows"] for each in read])
        of = self._comparison.num_ranges(collapse.ENTRY_BYTES)
        task = partial(collapse.collapse_range, self._comparison, of)
        self._stage("collapse", "looking for equal rows", task, of)
        near, num_edges = self._near(of)
        task = partial(resolve, self._comparison, num_edges, of)
        self._stage("resolve", "deciding which rows stay", task, 1)
        task = partial(write_result, self._comparison, of)
        result = self._stage("result", "writing the result", task, len(corpus.parts))
        return {
            "rows_by_part": [each["rows"] for each in read],
            "counts": {
                **_sums(read, "rows", "compared"),
                **_sums(result, "removed", "removed_exact", "removed_near"),
                **_sums(result, "clusters", "in_clusters"),
                **near["counts"],
            },
            "histogram": near["histogram"],
            **_problems(read),
            **self._duplicate_ids(),
        }

    def _number(self, rows: Sequence[int]) -> None:
        if sum(rows) > _MOST_ROWS:
            raise ConfigError(f"{sum(rows):,} rows: at most {_MOST_ROWS:,} are compared at once")
        self._comparison = self._comparison.numbered(rows)

    def _near(self, num_collapsed: int) -> tuple[dict[str, Any], int]:
        """Find the edges; what was counted, and the number of their files."""
        comparison, method = self._comparison, self._comparison.method
        if isinstance(method, Exact):
            names = ("checked_pairs", "edges", "skipped_pairs", "large_buckets")
            return {"counts": dict.fromkeys(names, 0), "histogram": []}, 0
        write_sizes(comparison)
        self._write("collapsed.bits", collapse.collapsed_rows(comparison, num_collapsed))
        of = comparison.num_ranges(buckets.ENTRY_BYTES)
        task: Task = partial(buckets.pair_bucket_rows, comparison, of)
        num_files = method.cut[0] * of
        paired = self._stage("pair", "pairing the rows that share a band", task, num_files)
        cuts = cut_pairs(comparison, num_files)
        task = partial(unite_pairs, comparison, num_files, cuts)
        self._stage("unite", "taking each pair once", task, len(cuts) - 1)
        rows = candidate_rows(comparison, len(cuts) - 1)
        self._write("candidates.bits", rows)
        task = partial(write_sets, comparison, place_sets(comparison, rows))
        self._stage("sets", "reading the rows in pairs again", task, comparison.num_parts)
        task = partial(check_pairs, comparison)
        checked = self._stage("check", "comparing the pairs", task, len(cuts) - 1)
        histogram = np.sum([each["histogram"] for each in checked], axis=0).tolist()
        counts = {
            **_sums(checked, "checked_pairs", "edges"),
            **_sums(paired, "skipped_pairs", "large_buckets"),
        }
        return {"counts": counts, "histogram": histogram}, len(cuts) - 1

    def _duplicate_ids(self) -> dict[str, Any]:
        comparison = self._comparison
        found: Counts = []
        if comparison.id_column:
            of = comparison.num_ranges(ids.ENTRY_BYTES)
            task: Task = partial(ids.find_duplicate_ids, comparison, of)
            found = self._stage("ids", "looking for repeated ids", task, of)
        examples = sorted(pair for each in found for pair in each["examples"])[:_EXAMPLES]
        return {
            "duplicate_ids": list(_sums(found, "ids", "rows").values()),
            "duplicate_id_examples": [
                [ids.id_of(comparison, one), one, other] for one, other in examples
            ],
        }

    def _stage(self, kind: str, says: str, task: Task, number: int) -> Counts:
        """Run the tasks of a stage that are not done; what each of all counted."""
        paths = [self._comparison.path("done", each, f"{kind}.json") for each in range(number)]
        on_parts(
            self._client,
            partial(_run, self._comparison, kind, task),
            range(number),
            stage=says,
            progress=self._progress,
            is_done=lambda each: paths[each].exists(),
        )
        return [store.read_json(path, keys=[], advice="delete it, run again") for path in paths]

    def _write(self, name: str, values: Array) -> None:
        store.write_bytes(self._comparison.work / name, values.tobytes())


def _run(comparison: Comparison, kind: str, task: Task, number: int) -> dict[str, int]:
    """Do a task and note that it is done."""
    found = task(number)
    store.write_json(comparison.path("done", number, f"{kind}.json"), found)
    return {name: value for name, value in found.items() if isinstance(value, int)}


def _sums(found: Counts, *names: str) -> dict[str, int]:
    return {name: sum(each[name] for each in found) for name in names}


def _problems(read: Counts) -> dict[str, Any]:
    """Rows that were not compared, by reason, and the first few of each."""
    problems: Counter[str] = Counter()
    examples: list[tuple[int, int, str]] = []
    for part, each in enumerate(read):
        for local, reason in each["examples"]:
            if sum(reason == known for _, _, known in examples) < _EXAMPLES:
                examples.append((part, local, reason))
        problems.update(each["skipped"])
    return {"problems": dict(sorted(problems.items())), "problem_examples": examples}
