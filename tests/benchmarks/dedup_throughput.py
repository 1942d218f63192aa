"""Rows/s of near-duplicate removal from parquet to parquet: ours beside the peers'.

    python -m tests.benchmarks.dedup_throughput --rows 100000 1000000 --peers DIRECTORY [--rounds 3]

Whole commands, started one after the other: process start, reading, writing and all between count.
Each round runs every tool once, the order turned by one from round to round, on files that were
read once before. A run of each on a small corpus goes before and is not counted: ours compiles in
it. Told are medians (lowest to highest) and the ratio of our rows/s to each other tool's, worked
out within each round. Goals at a million rows: 5 times gaoya, 15 times datasketch.
"""

import argparse
from pathlib import Path
from statistics import median

from tests.benchmarks.dedup_corpus import Spec, add_spec_options, specs, write_corpus
from tests.benchmarks.dedup_runs import Run, add_run_options, run_tool, warm_up
from tests.benchmarks.machine import describe, spread

TOOLS = ("factory", "gaoya", "datasketch", "rensa")


def warm(corpus: Path) -> float:
    """Read all files once, so that no tool is the first to; their size in MB."""
    return sum(len(path.read_bytes()) for path in sorted(corpus.glob("*.parquet"))) / 1e6


def rounds(spec: Spec, options: argparse.Namespace) -> dict[str, list[Run]]:
    """Every tool's runs on one corpus, in the order of the rounds."""
    corpus = write_corpus(spec, options.directory / spec.name)
    print(f"\n{spec.name}: {spec.rows:,} rows, {warm(corpus):,.0f} MB of parquet")
    runs: dict[str, list[Run]] = {tool: [] for tool in options.tools}
    for number in range(options.rounds):
        turn = number % len(options.tools)
        for tool in options.tools[turn:] + options.tools[:turn]:
            out = options.directory / "out" / f"{spec.name}-{tool}"
            run = run_tool(tool, corpus, out, peers=options.peers, threads=options.threads)
            print(f"  round {number + 1}, {tool}: {run.line()}", flush=True)
            runs[tool].append(run)
    return runs


def print_table(spec: Spec, runs: dict[str, list[Run]]) -> None:
    """Medians, and our rows/s against the others'."""
    print("\n| | seconds | rows/s | ours is faster | CPU seconds | peak RSS | peak PSS |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    ours = runs.get("factory", [])
    for tool, mine in runs.items():
        pairs = zip(mine, ours, strict=True) if ours else []
        ratios = [other.seconds / our.seconds for other, our in pairs]
        rss, pss = (max(getattr(run, name) for run in mine) / 2**30 for name in ("rss", "pss"))
        print(
            f"| {tool} | {spread([run.seconds for run in mine])} "
            f"| {spec.rows / median(run.seconds for run in mine):,.0f} "
            f"| {f'{spread(ratios)} times' if ratios else '-'} "
            f"| {median(run.cpu for run in mine):.1f} | {rss:.2f} GiB | {pss:.2f} GiB |"
        )


def main() -> None:
    """Run the rounds of each size and print a table for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    add_spec_options(parser, 100_000)
    add_run_options(parser, TOOLS)
    options = parser.parse_args()
    print(describe())
    warm_up(options.tools, options)
    for spec in specs(options):
        print_table(spec, rounds(spec, options))


if __name__ == "__main__":
    main()
