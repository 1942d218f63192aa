"""MB/s of text a core, looked through for benchmark items by n-grams, beside peers.

    python -m tests.benchmarks.decontamination_throughput [--rows 100000] [--items 5000]
        [--rounds 3] [--peers PYTHON] [--peer-rows 20000]

The corpora are those of dedup, in plain words and in prose; one row in a thousand holds an item, in
other case and white space. Items: those of `tests.benchmarks.leaks` and as many texts of 60 words
as are wanted. Rates are MB of text to a second of the processor, of one thread each:

    kernel    Arrow texts to matches, in memory: the figure that the goal of 100 MB/s is about
    whole     `decontaminate`: parquet read, looked through, the evidence written and merged

and, with `--peers` the Python of an environment that has them, `decontamination_peers` on the same
corpus's first rows as JSON lines; datatrove gets a tenth of them, and its index is not timed.
The first round, which compiles, is left out. Found and wrong are leaks that are found, and other
rows that are flagged.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from statistics import median

import pyarrow as pa
import pyarrow.parquet as pq
from distributed import Client, LocalCluster

from factory.corpus import TextColumns, open_corpus
from factory.decontamination import Item, Ngrams
from factory.decontamination.index import build_index
from factory.decontamination.matching import find_matches
from factory.decontamination.run import decontaminate
from factory.progress import Progress
from tests.benchmarks import leaks
from tests.benchmarks.decontamination_peers import TOOLS
from tests.benchmarks.dedup_corpus import Spec, batches
from tests.benchmarks.machine import describe, spread

EVERY = 1_000
"""Rows of which one holds an item."""
BATCH = 8_192
METHOD = Ngrams()


def make_items(number: int, style: str) -> list[Item]:
    """Some thousand items of the style of the corpus, and those of `leaks`."""
    texts = [item.text for item in leaks.items(1)]
    rest = Spec(rows=max(number - len(texts), 0), words=60, seed=99, style=style)
    for batch in batches(rest):
        texts += batch.column("text").to_pylist()
    return [Item(benchmark="bench", id=str(n), text=text) for n, text in enumerate(texts)]


def make_rows(spec: Spec, items: Sequence[Item]) -> tuple[list[str], set[int]]:
    """The rows, and which of them hold an item."""
    draw = Random(spec.seed)
    rows = [text for batch in batches(spec) for text in batch.column("text").to_pylist()]
    leaky = set(range(0, len(rows), EVERY))
    for row in leaky:
        item = leaks.leak(draw.choice(items), "folded", draw)
        rows[row] = f"{rows[row][:200]}\n{item}\n{rows[row][200:]}"
    return rows, leaky


def in_memory(texts: pa.LargeStringArray, items: list[Item]) -> tuple[float, set[int]]:
    """(seconds of the processor, rows) of looking through Arrow texts."""
    index = build_index(items, METHOD)
    started = time.process_time()
    found = set()
    for start in range(0, len(texts), BATCH):
        matches = find_matches(texts.slice(start, BATCH), index, METHOD)
        found |= {start + match.row for match in matches}
    return time.process_time() - started, found


def whole(data: Path, items: list[Item], work: Path) -> tuple[float, set[int]]:
    """(seconds of the processor, rows) of one search from parquet, in one thread."""
    shutil.rmtree(work, ignore_errors=True)
    cluster = LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
    )
    with cluster, Client(cluster) as client:
        started = time.process_time()
        result = decontaminate(
            open_corpus(str(data)), items, method=METHOD, columns=TextColumns(column=("text",)),
            work=work, client=client, progress=Progress(quiet=True),
        )  # fmt: skip
        seconds = time.process_time() - started
    found, base = set(), 0
    for part, num_rows in enumerate(result.rows_by_part):
        found |= {base + int(row) for row in result.removed_rows(part)}
        base += num_rows
    return seconds, found


def peer(tool: str, python: str, folder: Path) -> tuple[float, set[int]]:
    """(seconds of the processor, rows) of a peer; the folder has the corpus and `bench.jsonl`."""
    out = folder / "peer"
    shutil.rmtree(out, ignore_errors=True)
    script = Path(__file__).with_name("decontamination_peers.py")
    arguments = [python, script, tool, folder / "corpus", folder / "bench.jsonl", out]
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{tool}: {done.stderr[-2000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return said["seconds"], {int(row) for row in said["ids"]}


def report(
    name: str, rounds: int, leaky: set[int], size: float, lap: Callable[[], tuple[float, set[int]]]
) -> float:
    """Print the rates of some rounds and what was found; returns the median."""
    laps = [lap() for _ in range(rounds + 1)][1:]
    rates = [size / seconds for seconds, _ in laps]
    found = laps[-1][1]
    print(
        f"  {name:10} {spread(rates)} MB/s a core; found {len(found & leaky)} of {len(leaky)}, "
        f"wrong {len(found - leaky)}",
        flush=True,
    )
    return median(rates)


def measure(spec: Spec, options: argparse.Namespace, folder: Path) -> None:
    """All that is timed on one corpus."""
    items = make_items(options.items, spec.style)
    rows, leaky = make_rows(spec, items)
    texts = pa.array(rows, pa.large_string())
    pq.write_table(pa.table({"text": texts}), folder / "data.parquet", row_group_size=BATCH)
    size = texts.nbytes / 1e6
    print(f"{spec.style}: {len(rows):,} rows, {size:,.0f} MB, {len(items):,} items", flush=True)
    rounds = options.rounds
    report("kernel", rounds, leaky, size, lambda: in_memory(texts, items))
    report(
        "whole", rounds, leaky, size, lambda: whole(folder / "data.parquet", items, folder / "work")
    )
    if not options.peers:
        return
    with (folder / "bench.jsonl").open("w") as file:
        file.writelines(json.dumps({"id": i.id, "question": i.text}) + "\n" for i in items)
    for tool in TOOLS:
        some = rows[: options.peer_rows // (1 if tool == "decon" else 10)]
        write_lines(folder / "corpus" / "rows.jsonl", some)
        size = sum(len(text.encode()) for text in some) / 1e6
        few = {row for row in leaky if row < len(some)}
        report(tool, rounds, few, size, partial(peer, tool, options.peers, folder))


def write_lines(path: Path, rows: Sequence[str]) -> None:
    """Rows as JSON lines, numbered."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        file.writelines(json.dumps({"id": str(n), "text": t}) + "\n" for n, t in enumerate(rows))


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", help="the Python that has the peers")
    parser.add_argument("--peer-rows", type=int, default=20_000)
    options = parser.parse_args()
    print(describe())
    for style in ("plain", "prose"):
        with tempfile.TemporaryDirectory() as folder:
            measure(Spec(rows=options.rows, style=style), options, Path(folder))


if __name__ == "__main__":
    main()
