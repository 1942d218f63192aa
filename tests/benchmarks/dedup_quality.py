"""How good near-duplicate removal is: ours and the peers', against the exact truth.

    python -m tests.benchmarks.dedup_quality --rows 100000 --peers DIRECTORY
    python -m tests.benchmarks.dedup_quality --compare IN OUT      any tool's result

A tool's result is the set of `id`s that are missing from its output. Told are

    found       of the pairs of rows with Jaccard >= 0.8, the share of which a row was removed
    justified   of the removed rows, the share with a row that was kept and has Jaccard >= 0.8
    scattered   the same shares without the large families, whose pairs outnumber all others
    by bucket   of the pairs in each twentieth of Jaccard, the share of which a row was removed

and a table of `found` and `justified` by the kind of the rows. In a bucket below 0.8 a share above
nought is no error as such: a row may have gone for the sake of another twin.
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl

from tests.benchmarks.dedup_corpus import add_spec_options, specs, write_corpus
from tests.benchmarks.dedup_judging import WIDTH, Judge, Quality
from tests.benchmarks.dedup_runs import ALL, add_run_options, run_tool, warm_up
from tests.benchmarks.dedup_truth import truth_of
from tests.benchmarks.dedup_words import KINDS
from tests.benchmarks.machine import describe


def read_columns(folder: Path, columns: list[str]) -> pl.DataFrame:
    """Columns of a directory of parquet files, in order."""
    return pl.concat(
        [pl.read_parquet(path, columns=columns) for path in sorted(folder.glob("*.parquet"))]
    )


def judge_of(corpus: Path) -> tuple[Judge, pl.Series]:
    """The judge of a corpus, and its ids."""
    rows = read_columns(corpus, ["id", "kind"])
    kinds = rows["kind"].replace_strict(list(KINDS), list(range(len(KINDS)))).to_numpy()
    return Judge(truth_of(corpus), kinds), rows["id"]


def removed_from(ids: pl.Series, out: Path) -> np.ndarray:
    """Which rows an output has not, as a mask."""
    kept = read_columns(out, ["id"])["id"].cast(pl.Int64)
    return ~ids.is_in(kept.implode()).to_numpy()


def print_table(results: dict[str, tuple[int, str, Quality]]) -> None:
    """The tables, in Markdown."""
    print("\n| | " + " | ".join(results) + " |\n|---|" + "---:|" * len(results))

    def line(name: str, cells: list[object]) -> None:
        print(f"| {name} | " + " | ".join(map(str, cells)) + " |")

    qualities = [quality for _, _, quality in results.values()]
    line("rows removed", [f"{removed:,}" for removed, _, _ in results.values()])
    line("time", [took for _, took, _ in results.values()])
    for name in ("found", "justified"):
        line(name, [getattr(quality.all, name) for quality in qualities])
        line(f"{name}, scattered", [getattr(quality.scattered, name) for quality in qualities])
    for low, share in qualities[0].buckets.items():
        name = f"{low:.2f} to {low + WIDTH:.2f}" if low < 1 else "equal"
        cells = [quality.buckets[low] for quality in qualities]
        line(f"{name} ({share.whole:,} pairs)", list(cells))
    for kind in KINDS:
        worths = [quality.kinds[kind] for quality in qualities]
        line(f"{kind}: found, justified", [f"{w.found}, {w.justified}" for w in worths])


def main() -> None:
    """Make the corpora, run the tools, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compare", type=Path, nargs=2, metavar=("IN", "OUT"))
    add_spec_options(parser, 100_000)
    add_run_options(parser, ALL)
    options = parser.parse_args()
    if options.compare:
        judge, ids = judge_of(options.compare[0])
        removed = removed_from(ids, options.compare[1])
        print_table({options.compare[1].name: (int(removed.sum()), "-", judge.quality(removed))})
        return
    print(describe())
    warm_up(options.tools, options)
    for spec in specs(options):
        corpus = write_corpus(spec, options.directory / spec.name)
        judge, ids = judge_of(corpus)
        results = {}
        for tool in options.tools:
            out = options.directory / "out" / f"{spec.name}-{tool}"
            run = run_tool(tool, corpus, out, peers=options.peers, threads=options.threads)
            print(f"{tool}: {run.line()}", flush=True)
            removed = removed_from(ids, out)
            results[tool] = int(removed.sum()), f"{run.seconds:.0f} s", judge.quality(removed)
        print(f"\n{spec.name}")
        print_table(results)


if __name__ == "__main__":
    main()
