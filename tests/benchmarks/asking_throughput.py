"""What the factory itself costs: requests/s through it with an engine that answers at once.

    python -m tests.benchmarks.asking_throughput

1. Asking: prompts become conversations and requests, each is looked up in the ledger, goes through
   the vLLM teacher (chat template, tokens, sampling parameters) into an engine that answers at
   once, and its completion is appended to the ledger, flushed and handed on. One thread.
2. Replay: a finished run of many responses is made again in a new directory from its ledger: every
   prompt drawn, every completion recalled, judged, and published. Two workers, as `factory run`.
"""

import argparse
import random
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from factory.desk import Desk, Talk
from factory.engine import run
from factory.ledger import LedgerReader, LedgerWriter
from factory.recipe import Job, load_recipe
from factory.shared import Shared
from factory.tasks import make_asker, slots
from factory.teachers.scripted import ScriptedTeacher
from factory.teachers.vllm import Engine, VllmConfig, VllmTeacher
from factory.teachers.vllm_engine import VllmEngine
from pipelines import make_job
from tests.benchmarks.machine import describe, spread
from tests.benchmarks.vllm_throughput import Instant
from tests.toys import gold_answers

RECIPE = """
pipeline = "math"
seed = 7
[math]
num_prompts = {prompts}
samples_on = {samples}
samples_off = {samples}
[teacher]
kind = "scripted"
replies = ["x"]
[filters.prompt_minhash]
threshold = 1.0
[limits]
part_size = 256
"""


def make(folder: Path, prompts: int, samples: int) -> Job:
    """A job of a thinking teacher, the bundled model's tokenizer aside."""
    path = folder / "recipe.toml"
    path.write_text(RECIPE.format(prompts=prompts, samples=samples))
    return make_job(load_recipe(path))


def asking(job: Job) -> tuple[float, float]:
    """(requests a second of processor time, requests a second) through the factory."""
    from transformers import AutoTokenizer

    from factory.teachers.bundled import model_directory

    tokenizer = AutoTokenizer.from_pretrained(model_directory())

    def instant(*_: object) -> Engine:
        return VllmEngine(Instant(tokenizer), "instant")

    config = VllmConfig(model="bundled", license="mit", max_model_len=2048, max_num_seqs=256)
    teacher = VllmTeacher(config, num_threads=1, make_engine=instant)
    teacher.load()
    asker = make_asker(job)
    prompts = list(job.pipeline.source.prompts(0, job.num_prompts))
    folder = Path(tempfile.mkdtemp())
    try:
        reader, writer = LedgerReader(folder), LedgerWriter(folder)
        counts = {"completions": 0}

        def report(more: dict[str, int]) -> None:
            counts["completions"] += more["completions"]

        talks = (Talk(asker.conversation(*slot), "t/math/on") for slot in slots(job, prompts, {}))
        start, used = time.perf_counter(), time.process_time()
        Shared(teacher).lead(Desk(talks, reader, writer, report=report))
        seconds, used = time.perf_counter() - start, time.process_time() - used
        writer.close()
    finally:
        shutil.rmtree(folder)
    return counts["completions"] / used, counts["completions"] / seconds


def words(seed: int) -> str:
    """Some 120 words, other ones for every seed."""
    rng = random.Random(seed)
    return " ".join(f"so {rng.randrange(1000)} gives {rng.randrange(1000)}," for _ in range(30))


def replaying(job: Job) -> tuple[float, float]:
    """(seconds of a first run, seconds of the same run from its ledger)."""
    folder = Path(tempfile.mkdtemp())
    gold = gold_answers(job)
    teacher = ScriptedTeacher(
        lambda item: (
            f"<think>\nwork {item.sample}\n</think>\n\n" * (item.mode == "on")
            + f"{words(item.seed)} \\boxed{{{gold[item.messages[-1].content]}}}"
        )
    )
    try:
        start = time.perf_counter()
        run(job, folder / "first", teacher=teacher)
        middle = time.perf_counter()
        run(job, folder / "again", ledger=folder / "first" / "ledger")
        return middle - start, time.perf_counter() - middle
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--responses", type=int, default=100_000)
    arguments = parser.parse_args()
    print(describe())
    folder = Path(tempfile.mkdtemp())
    for samples in (1, 8):
        job = make(folder, 4096 // samples, samples)
        figures = [asking(job) for _ in range(arguments.rounds)]
        cores, wall = zip(*figures, strict=True)
        print(f"{samples} samples: {spread(list(cores))} requests/s a core, {spread(list(wall))}/s")
    if arguments.responses:
        job = make(folder, arguments.responses // 16, 8)
        limits = replace(job.recipe.limits, max_error_share=1.0)
        job = replace(job, recipe=replace(job.recipe, limits=limits))
        first, again = replaying(job)
        print(f"{arguments.responses:,} responses: first run {first:.0f} s, replayed {again:.0f} s")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
