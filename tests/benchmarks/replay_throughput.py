"""Responses/s of everything but the teacher: runs of every domain, again from their ledgers.

    python -m tests.benchmarks.replay_throughput [--responses 8000] [--laps 3]

For each domain a run is made with a scripted teacher whose replies are as long as real ones, on and
off (`replay_texts.py`). Then `factory run RECIPE --out AGAIN --ledger LEDGER --workers 1` makes it
again in a process of its own, which asks nobody; domains take turns in each lap. What counts is the
processor time of that process and all its children, start to end, imports and card included, with
the wall clock beside it; a run of one prompt says what the start alone takes. One more run of each
says where the time goes (`replay_stages.py`).

Code whose tests are executed stands apart: a sandbox a response is another kind of work.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from factory.engine import run
from factory.recipe import load_recipe
from factory.teachers.scripted import ScriptedTeacher
from pipelines import make_job
from tests.benchmarks.machine import describe, spread
from tests.benchmarks.replay_texts import Replies, sizes, write_problems

RECIPE = """
pipeline = "{page}"
seed = 6
[{page}]
num_prompts = {prompts}
samples_on = 4
samples_off = 4
{options}
[teacher]
kind = "scripted"
replies = ["x"]
[sampling.off]
temperature = 0.6
"""
MATH = """
[math.rows]
data = "{folder}/problems.jsonl"
license = "mit"
columns = {{ problem = "problem", expected_answer = "expected_answer", topic = "topic" }}
"""
DOMAINS = {
    "math": MATH,
    "code": "run_tests = false",
    "science": "off_share = 1.0",
    "chat": 'reward = "teacher"',
    "instruction_following": "",
    "safety": "",
    "tool_calling": 'judge = "teacher"',
}
"""Options by domain; chat has its answers with reasoning on scored, tool calling is judged."""
WITH_TESTS = "code, tests executed"
GOAL = 2000
SAMPLES = 8
Laps = list[tuple[float, float]]
"""CPU and wall seconds."""


def make(name: str, folder: Path, responses: int) -> tuple[int, str]:
    """Make the run of a domain with a full ledger; returns its responses and their lengths."""
    page, options = name.partition(",")[0], DOMAINS.get(name, "").format(folder=folder)
    prompts = responses // SAMPLES
    folder.mkdir(parents=True, exist_ok=True)
    if page == "math":
        write_problems(folder / "problems.jsonl", prompts)
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE.format(page=page, prompts=prompts, options=options))
    job = make_job(load_recipe(recipe))
    teacher = None if (folder / "first/manifest.json").exists() else ScriptedTeacher(Replies(job))
    manifest = run(job, folder / "first", workers=1, teacher=teacher)
    lengths = []
    for segment in (folder / "first/ledger").glob("*.jsonl"):
        for line in segment.read_bytes().splitlines():
            if line.startswith(b"{", 42):
                lengths.append(json.loads(line[42:]).get("completion_tokens", 0))
    return sum(manifest["funnel"]["entered"].values()), sizes(lengths)


def replay(
    folder: Path, *, limit: int | None = None, stages: Path | None = None
) -> tuple[float, float]:
    """(CPU seconds, wall seconds) of making a folder's run again from its ledger.

    Args:
        folder: of the domain.
        limit: prompts at most.
        stages: file to write the seconds by stage into.
    """
    again = folder / ("few" if limit else "again")
    shutil.rmtree(again, ignore_errors=True)
    module = ["tests.benchmarks.replay_stages", str(stages)] if stages else ["factory"]
    command = [sys.executable, "-m", *module, "run", str(folder / "recipe.toml")]
    command += ["--out", str(again), "--ledger", str(folder / "first/ledger"), "--workers", "1"]
    command += ["--limit", str(limit)] if limit else []
    nowhere, started = subprocess.DEVNULL, time.perf_counter()
    process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{folder}: the run failed"
    return used.ru_utime + used.ru_stime, time.perf_counter() - started


def dataset_hash(run: Path) -> str:
    """Of the names and bytes of a run's shards."""
    found = hashlib.sha256()
    for path in sorted((run / "dataset").rglob("*.parquet")):
        found.update(f"{path.relative_to(run)} ".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def report(name: str, responses: float, laps: Laps, few: Laps) -> None:
    """Print responses a CPU second, whole and without the start, and a second of wall time."""
    used, wall = ([responses / each for each in taken] for taken in zip(*laps, strict=True))
    starts = [cpu for cpu, _ in few]
    after = [responses / (lap[0] - start) for lap, start in zip(laps, starts, strict=True)]
    print(
        f"{name}: {responses:,} responses, {spread(used)} a CPU second, {spread(after)} without "
        f"the start of {spread(starts)} CPU seconds, {spread(wall)} a second of wall time",
        flush=True,
    )


def summed(laps: Mapping[str, Laps], names: Sequence[str]) -> Laps:
    """Each lap's seconds over several domains."""
    return [
        (sum(cpu for cpu, _ in lap), sum(wall for _, wall in lap))
        for lap in zip(*(laps[name] for name in names), strict=True)
    ]


def report_stages(name: str, responses: int, seconds: Mapping[str, float]) -> None:
    """Print microseconds a response by stage, and what format, math and dedup alone make."""
    total = sum(seconds.values())
    print(f"{name}, {total / responses * 1e6:,.0f} microseconds a response:")
    for stage, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        if spent / total >= 0.005:
            print(f"  {stage:40} {spent / responses * 1e6:7,.0f} {spent / total:6.1%}")
    checks = {k: v for k, v in seconds.items() if k.startswith(("format", "math", "dedup"))}
    print(f"  format, math and dedup alone: {responses / sum(checks.values()):,.0f} responses/s")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", type=int, default=8_000)
    parser.add_argument("--laps", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the runs here, and take those there are")
    parser.add_argument("--domains", nargs="*", default=[*DOMAINS, WITH_TESTS])
    arguments = parser.parse_args()
    print(describe())
    folder = arguments.folder or Path(tempfile.mkdtemp())
    responses: dict[str, int] = {}
    laps: dict[str, Laps] = {name: [] for name in arguments.domains}
    few: dict[str, Laps] = {name: [] for name in arguments.domains}
    for name in arguments.domains:
        wanted = arguments.responses // (40 if name == WITH_TESTS else 1)
        responses[name], lengths = make(name, folder / name, wanted)
        print(f"{name}: {responses[name]:,} responses, {lengths} tokens", flush=True)
    for lap in range(arguments.laps):
        for name in arguments.domains:
            laps[name].append(replay(folder / name))
            few[name].append(replay(folder / name, limit=1))
            print(f"lap {lap}, {name}: {laps[name][-1]}, start {few[name][-1]}", flush=True)
    for name in arguments.domains:
        report(name, responses[name], laps[name], few[name])
        first, again = (dataset_hash(folder / name / each) for each in ("first", "again"))
        print(f"  shards {again}, {'as' if first == again else 'NOT AS'} in the first run")
    mixed = [name for name in arguments.domains if name != WITH_TESTS]
    total = sum(responses[name] for name in mixed)
    report(f"all mixed, goal {GOAL}", total, *(summed(each, mixed) for each in (laps, few)))
    mixture: Counter[str] = Counter()
    for name in arguments.domains:
        replay(folder / name, stages=folder / "seconds.json")
        seconds = json.loads((folder / "seconds.json").read_text())
        report_stages(name, responses[name], seconds)
        mixture.update(seconds if name in mixed else {})
    report_stages("all mixed", total, mixture)
    if not arguments.folder:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
