"""A mixture of a million rows: time, memory and card, beside what `datasets` needs to write them.

    python -m tests.benchmarks.mix_throughput --directory DIRECTORY --rows 250000 1000000

Three domains of published rows, 1.5 KB each, are made in DIRECTORY and stay there. `factory mix`
shuffles all of them into one split, with manifest and card. The peer is `datasets`: the same rows,
loaded from the same shards, written by `Dataset.to_parquet` in the order they have, and shuffled.
Goals: 50,000 rows a second of processor time, at most 2 GB resident, time linear in the rows.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import gettempdir

import pyarrow as pa

from factory.schemas import SFT
from factory.shards import Shards
from tests.benchmarks.dedup_corpus import Spec, batches
from tests.benchmarks.dedup_runs import Run, measured
from tests.benchmarks.machine import describe, spread

DOMAINS = ("math", "code", "science")
WORDS = 190
PEER = """
import sys
from datasets import load_dataset
source, out, order, cache = sys.argv[1:]
files = source + "/*/SFT/*/*.parquet"
rows = load_dataset("parquet", data_files=files, split="train", cache_dir=cache)
if order == "shuffled":
    rows = rows.shuffle(seed=42)
rows.to_parquet(out)
"""


def dress(batch: pa.RecordBatch, domain: str) -> pa.Table:
    """A batch of the corpus as published answers."""
    ids = [f"{domain}-{number:016x}-on-000" for number in batch["id"].to_pylist()]
    text = batch["text"].cast(pa.string()).to_pylist()
    given = [
        {
            "input": [{"role": "user", "content": f"Solve problem {number}. {answer[:180]}"}],
            "output": f"<think>\n{answer}\n</think>\n\n\\boxed{{{number}}}",
            "category": domain,
            "license": "cc-by-4.0",
            "reasoning": "on" if number % 3 else "off",
            "generator": "deepseek-ai/DeepSeek-R1",
            "used_in_training": "Ultra, Super, Nano",
            "version": "v1",
            "system_prompt": "detailed thinking on",
            "id": row,
            "prompt_id": row[:-7],
            "source": "corpus",
            "attribution": "",
            "topic": f"topic {number % 7}",
            "expected_answer": str(number),
            "answer_source": "gold",
            "pass_rate": 0.5,
            "verifier": "final_answer.v2",
            "trace": "real",
        }
        for number, (row, answer) in enumerate(zip(ids, text, strict=True))
    ]
    return pa.Table.from_pylist(given, SFT)


def make_domains(rows: int, folder: Path) -> Path:
    """The datasets of the domains; a directory that is there is taken as it is."""
    if folder.exists():
        return folder
    building = folder.with_name(f"{folder.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    for number, domain in enumerate(DOMAINS):
        share = rows // len(DOMAINS) + (number < rows % len(DOMAINS))
        shards = Shards(building / domain, "SFT", domain, "v1", SFT, 100_000)
        for batch in batches(Spec(rows=share, words=WORDS, seed=number + 1)):
            shards.add(dress(batch, domain))
        shards.finish()
    return building.rename(folder)


def recipe(folder: Path, data: Path) -> Path:
    """All rows of all domains, shuffled."""
    path = folder / "mixture.toml"
    domains = "".join(f'[domains.{name}]\ndata = "{data / name}"\n' for name in DOMAINS)
    path.write_text(f'mixture = "everything"\nplan = "super"\n{domains}')
    return path


def commands(data: Path, out: Path) -> Iterator[tuple[str, list[str]]]:
    """What is measured, by name."""
    mix = [sys.executable, "-m", "factory", "mix", str(recipe(data, data)), "--out", str(out)]
    yield "factory mix", mix
    for order in ("as they are", "shuffled"):
        cache = str(out.with_name("cache"))
        yield (
            f"datasets, {order}",
            [sys.executable, "-c", PEER, str(data), f"{out}.parquet", order, cache],
        )


def run(rows: int, options: argparse.Namespace) -> None:
    """Measure one size and print its table."""
    data = make_domains(rows, options.directory / f"mix-{rows}")
    out = options.directory / "out" / f"mix-{rows}"
    out.parent.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Run]] = {}
    for _ in range(options.rounds):
        for name, command in commands(data, out):
            shutil.rmtree(out.with_name("cache"), ignore_errors=True)
            found.setdefault(name, []).append(measured(command, out.with_suffix(".log")))
            print(f"  {rows:,} rows, {name}: {found[name][-1].line()}", flush=True)
            shutil.rmtree(out, ignore_errors=True)
            Path(f"{out}.parquet").unlink(missing_ok=True)
    shutil.rmtree(out.with_name("cache"), ignore_errors=True)
    print(f"\n| {rows:,} rows | seconds | processor s | rows/s of a core | peak RSS | peak PSS |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, runs in found.items():
        cpu = [each.cpu for each in runs]
        print(
            f"| {name} | {spread([each.seconds for each in runs])} | {spread(cpu)} "
            f"| {rows / median(cpu):,.0f} | {max(r.rss for r in runs) / 1e9:.2f} GB "
            f"| {max(r.pss for r in runs) / 1e9:.2f} GB |"
        )


def main() -> None:
    """Measure the sizes in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[250_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", type=Path, default=Path(gettempdir()) / "factory-benchmarks")
    options = parser.parse_args()
    print(describe())
    for rows in options.rows:
        run(rows, options)


if __name__ == "__main__":
    main()
