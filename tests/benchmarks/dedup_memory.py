"""Whether near-duplicate removal stays in bounded memory and linear time as the rows grow.

    python -m tests.benchmarks.dedup_memory --directory DIRECTORY --rows 1000000 10000000

Rows of about 1 KB (`--words 157`), one corpus a size, made in DIRECTORY and deleted after its turn
unless `--keep`. Goals: at most 8 GB resident over the whole process tree, and a time a row that
differs by at most 15% between the sizes. Told too is what the largest size says of 33 million rows,
the size of the released dataset.
"""

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import replace

from tests.benchmarks.dedup_corpus import Spec, add_spec_options, specs, write_corpus
from tests.benchmarks.dedup_runs import Run, add_run_options, run_tool, warm_up
from tests.benchmarks.machine import describe

RELEASED = 33_011_757
WORDS = 157
NEEDED = 3.0
"""Bytes of disk a byte of text: corpus, what the tool keeps meanwhile, and output, at most."""


def check_disk(spec: Spec, options: argparse.Namespace) -> None:
    """Refuse to begin what would fill the disk.

    Raises:
        SystemExit: naming the directory and the way out.
    """
    options.directory.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(options.directory).free
    needed = int(spec.rows * spec.words * 6.4 * NEEDED)
    if free < needed:
        raise SystemExit(
            f"{options.directory}: {spec.rows:,} rows need up to {needed / 1e9:.0f} GB, "
            f"{free / 1e9:.0f} GB are free; choose another --directory or fewer --rows"
        )


def run(spec: Spec, tool: str, options: argparse.Namespace) -> list[Run]:
    """The rounds of one tool on one size."""
    check_disk(spec, options)
    corpus = write_corpus(spec, options.directory / spec.name)
    out = options.directory / "out" / f"{spec.name}-{tool}"
    runs = []
    for number in range(options.rounds):
        done = run_tool(tool, corpus, out, peers=options.peers, threads=options.threads)
        print(f"  {tool}, {spec.rows:,} rows, round {number + 1}: {done.line()}", flush=True)
        runs.append(done)
    shutil.rmtree(out)
    if not options.keep:
        shutil.rmtree(corpus)
    return runs


def print_table(tool: str, sizes: Sequence[Spec], best: Sequence[Run]) -> None:
    """Time and memory by size, the growth of the time a row, and the extrapolation."""
    print(f"\n| {tool}, rows | seconds | microseconds a row | to the first | peak RSS | peak PSS |")
    print("|---:|---:|---:|---:|---:|---:|")
    costs = [run.seconds / spec.rows for spec, run in zip(sizes, best, strict=True)]
    for spec, run, cost in zip(sizes, best, costs, strict=True):
        print(
            f"| {spec.rows:,} | {run.seconds:.1f} | {cost * 1e6:.1f} | {cost / costs[0]:.2f} "
            f"| {run.rss / 1e9:.2f} GB | {run.pss / 1e9:.2f} GB |"
        )
    hours = costs[-1] * RELEASED / 3600
    print(f"\n{RELEASED:,} such rows at the last cost a row: {hours:.2f} hours")


def main() -> None:
    """Run the sizes from small to large and print a table for each tool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_spec_options(parser, 1_000_000)
    parser.set_defaults(words=WORDS)
    parser.add_argument("--rounds", type=int, default=1, help="of which the fastest counts")
    parser.add_argument("--keep", action="store_true", help="leave the corpora where they are")
    add_run_options(parser, ["factory"])
    options = parser.parse_args()
    print(describe())
    warm_up(options.tools, options)
    sizes = sorted(specs(options), key=lambda spec: spec.rows)
    for tool in options.tools:
        rounds = [run(spec, tool, options) for spec in sizes]
        best = [min(runs, key=lambda one: one.seconds) for runs in rounds]
        peaks = [max(one.rss for one in runs) for runs in rounds]
        best = [replace(one, rss=peak) for one, peak in zip(best, peaks, strict=True)]
        print_table(tool, sizes, best)


if __name__ == "__main__":
    main()
