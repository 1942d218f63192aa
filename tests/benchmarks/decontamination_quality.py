"""What decontamination finds of seeded leaks, by kind and method, and what it flags wrongly.

    python -m tests.benchmarks.decontamination_quality [--rows 20000] [--leaks 100] [--seed 1]

Items and corpus are those of `tests.benchmarks.leaks`. Methods: n-grams alone, the bundled
embedding at its threshold alone (no judge: everything near goes), and both. By kind of leak:

    recall       leaks that are removed
    right item   removed ones whose evidence names the item that leaked
    precision    of the rows removed, unrelated ones among them, those that leak in this way: with
                 leaks of one kind alone in the corpus

and for each method the unrelated rows that are removed, and the items that are named in vain.
Leaks with other numbers are counted as leaks here; whether they are is for the reader to say.
"""

import argparse
import shutil
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
from distributed import Client, LocalCluster

from factory.corpus import TextColumns, open_corpus
from factory.decontamination import Ngrams, load_items
from factory.decontamination.embedding import BundledEmbedding
from factory.decontamination.run import decontaminate
from factory.dedup.columns import read_batches
from factory.progress import Progress
from tests.benchmarks import leaks
from tests.benchmarks.machine import describe

METHODS: Final = ("n-grams", "embedding", "both")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one method made of a corpus."""

    seconds: float
    items: dict[int, set[str]]
    """The items that each removed row goes for, by the row's number."""


def search(bench: Path, data: Path, method: str, threshold: float, work: Path) -> Found:
    """Run one method over the whole corpus, two threads in this process."""
    items = load_items([str(bench)])
    corpus = open_corpus(str(data))
    chosen: dict[str, Any] = {
        "method": None if method == "embedding" else Ngrams(),
        "embedding": None if method == "n-grams" else BundledEmbedding(threshold=threshold),
        "judge": None,
    }
    cluster = LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    )
    started = time.perf_counter()
    with cluster, Client(cluster) as client:
        result = decontaminate(
            corpus,
            items,
            columns=TextColumns(column=("text",)),
            work=work,
            client=client,
            progress=Progress(quiet=True),
            **chosen,
        )
    found: dict[int, set[str]] = defaultdict(set)
    begin = 0
    for part, num_rows in enumerate(result.rows_by_part):
        for batch in read_batches(result.matches_path(part)):
            for match in batch.to_pylist():
                if match["removed"]:
                    found[begin + match["local"]].add(items[match["item"]].id)
        begin += num_rows
    return Found(seconds=time.perf_counter() - started, items=found)


def table(rows: pl.DataFrame, found: Found) -> dict[str, str]:
    """What is told of one method, by line."""
    kinds, leaked = rows["kind"].to_list(), rows["item"].to_list()
    wrong = [row for row in found.items if kinds[row] == "unrelated"]
    lines = {"seconds": f"{found.seconds:.1f}"}
    for kind in leaks.KINDS:
        mine = [row for row in range(len(kinds)) if kinds[row] == kind]
        hits = [row for row in mine if row in found.items]
        right = sum(leaked[row] in found.items[row] for row in hits)
        cells = [(len(hits), len(mine)), (len(hits), len(hits) + len(wrong)), (right, len(hits))]
        shares = [f"{part / whole:.3f}" if whole else "-" for part, whole in cells]
        lines[f"{kind}: recall, precision, right item"] = ", ".join(shares)
    lines["unrelated rows removed"] = f"{len(wrong)} of {kinds.count('unrelated'):,}"
    # A row may repeat several items, of which one leaked: only rows that leak nothing count here.
    named = {item for row in wrong for item in found.items[row]}
    lines["items named by unrelated rows"] = str(len(named))
    return lines


def show_wrong(rows: pl.DataFrame, found: Found, number: int) -> None:
    """Print some unrelated rows that were removed, and leaks that were not."""
    kinds, texts = rows["kind"].to_list(), rows["text"].to_list()
    wrong = [row for row in found.items if kinds[row] == "unrelated"]
    missed = [
        row for row in range(len(kinds)) if kinds[row] != "unrelated" and row not in found.items
    ]
    for what, some in (("removed", wrong), ("missed", missed)):
        for row in some[:number]:
            named = sorted(found.items.get(row, ()))[:2]
            print(f"  {what} {kinds[row]} {named}: {texts[row][:160]!r}")


def main() -> None:
    """Write items and corpus, run the methods, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--leaks", type=int, default=100, help="rows of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threshold", type=float, default=0.7, help="of the embedding")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--show", type=int, default=0, help="mistakes of each method to print")
    options = parser.parse_args()
    print(describe())
    folder = Path(tempfile.mkdtemp(prefix="decontamination-"))
    try:
        bench, data = leaks.write(
            folder, num_rows=options.rows, num_leaks=options.leaks, seed=options.seed
        )
        rows = pl.read_parquet(data)
        results = {}
        for method in options.methods:
            found = search(bench, data, method, options.threshold, folder / f"work-{method}")
            results[method] = table(rows, found)
            print(f"{method}: {results[method]}", flush=True)
            show_wrong(rows, found, options.show)
    finally:
        shutil.rmtree(folder)
    print("\n| | " + " | ".join(results) + " |\n|---|" + "---:|" * len(results))
    for line in next(iter(results.values())):
        print(f"| {line} | " + " | ".join(result[line] for result in results.values()) + " |")


if __name__ == "__main__":
    main()
