"""Decontamination of a corpus on Dask: read and look through, embed and judge, merge.

A task is a part. It reads the part in batches and writes what it found, so that memory depends
neither on the rows nor on how many of them are contaminated; a part whose file is there is not done
again. The result is the same for any number of workers and in any order.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.corpus import Corpus, TextColumns
from factory.decontamination.items import Item
from factory.decontamination.merging import (
    common_items,
    find_common,
    merge_part,
    merged_counts,
    read_counts,
)
from factory.decontamination.ngrams import Ngrams
from factory.decontamination.reading import read_part
from factory.decontamination.result import DecontaminationResult, touched_items
from factory.decontamination.search import Rows, Search, begin
from factory.partwork import Client, on_parts
from factory.progress import Progress
from factory.seeds import digest

if TYPE_CHECKING:
    from factory.decontamination.embedding import Embedding
    from factory.decontamination.hearing import Court


def decontaminate(
    corpus: Corpus,
    items: Sequence[Item],
    *,
    method: Ngrams | None,
    columns: TextColumns,
    work: Path,
    client: Client,
    progress: Progress,
    embedding: "Embedding | None" = None,
    judges: "Sequence[Court]" = (),
    skip: Callable[[int], Rows] | None = None,
) -> DecontaminationResult:
    """Find the rows of a corpus that hold benchmark items; nothing of the corpus is changed.

    Args:
        corpus: what is looked through.
        items: what must not be in it.
        method: n-grams; None leaves them out.
        columns: of the corpus.
        work: the directory of working files, seen by all workers.
        client: of the cluster.
        progress: what people see.
        embedding: finds what says the same in other words; None leaves it out.
        judges: asked in turn about what the embedding finds; none removes all that is near.
        skip: for a part, rows that are not looked at, rising; picklable. A later start in the same
            `work` must skip the same.

    Raises:
        ConfigError: the columns do not fit, or `work` holds another search.
        PartError: parts failed; what the others found is kept, the same call goes on.
    """
    search = Search(work=work, method=method, columns=columns, skip=skip)
    begin(search, _plan(corpus, items, search, embedding, judges), corpus.parts, items)
    numbers = range(len(corpus.parts))
    counts: Counter[str] = Counter(items=len(items))
    on = partial(on_parts, client, numbers=numbers, progress=progress)
    on(
        partial(read_part, search),
        stage="looking for benchmark items",
        is_done=lambda number: search.path("read", number, "json").exists(),
    )
    if not (work / "common.json").exists():
        find_common(search, len(numbers))
    if embedding:
        from factory.decontamination.nearest import find_near

        counts += find_near(
            search, embedding, judges, len(numbers), client=client, progress=progress
        )
    on(
        partial(merge_part, search),
        stage="putting the evidence together",
        is_done=lambda number: search.path("counted", number, "json").exists(),
    )
    return _result(corpus, items, search, counts)


def _plan(
    corpus: Corpus,
    items: Sequence[Item],
    search: Search,
    embedding: "Embedding | None",
    judges: "Sequence[Court]",
) -> dict[str, Any]:
    """What the result depends on."""
    if embedding:
        from factory.decontamination.embedding import fingerprint
    return {
        "corpus": corpus.fingerprint,
        "items": digest([asdict(item) for item in items]),
        "columns": list(search.columns.column),
        "method": {"name": Ngrams.name, **asdict(search.method)} if search.method else None,
        "embedding": fingerprint(embedding) if embedding else None,
        "judge": ", ".join(map(repr, judges)) or None,
    }


def _result(
    corpus: Corpus, items: Sequence[Item], search: Search, counts: Counter[str]
) -> DecontaminationResult:
    numbers = range(len(corpus.parts))
    problems: Counter[str] = Counter()
    rows_by: Counter[tuple[str, str]] = Counter()
    rows_by_part: list[int] = []
    for number in numbers:
        read, merged = read_counts(search, number), merged_counts(search, number)
        rows_by_part.append(read["counts"].get("rows", 0))
        problems.update(read["problems"])
        counts.update(read["counts"])
        counts.update(merged["counts"])
        rows_by.update({(benchmark, name): rows for benchmark, name, rows in merged["rows"]})
    same_as, unfindable = _findable(search)
    touched = touched_items(search, len(numbers), same_as)
    names = ("rows", "compared", "left_out", "matches", "removed", "unjudged", "items")
    return DecontaminationResult(
        corpus=corpus,
        items=items,
        search=search,
        rows_by_part=tuple(rows_by_part),
        counts={**{name: counts[name] for name in names}, **counts, "touched": len(touched)},
        rows_by=dict(sorted(rows_by.items())),
        problems=dict(sorted(problems.items())),
        unfindable=unfindable,
        same_as=same_as,
        common=common_items(search),
        touched=touched,
    )


def _findable(search: Search) -> tuple[dict[int, int], dict[int, str]]:
    """The items that repeat an earlier one, and those that no n-gram finds."""
    if search.method is None:
        return {}, {}
    index = search.index()
    return index.repeats, index.problems
