"""Tokens/s of the bundled teacher through a whole `factory run`, against the model driven bare.

    python -m tests.benchmarks.teacher_throughput

All sides answer the same requests of the tiny recipe (fewer prompts) with the same model, dtype,
threads and batch size; the second request of an answer with reasoning on continues the first one's
work. The factory's clock starts with the run and ends with its manifest (Dask, ledger, judging,
shards and card included), but for loading the model, which no side counts. Bare is driven twice:

- `generate`: transformers' `model.generate` on left-padded batches sorted by length, sampling with
  the recipe's temperature and top-p, and with its own criterion for stop strings;
- `decoder`: the factory's own decode loop, `factory.teachers.decoding`, called directly. What is
  lost against it is the cost of everything else in the factory.

Tokens are those that a side's own answers hold: two sides draw different samples.
"""

import argparse
import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from distributed import Client, LocalCluster

from factory import tasks
from factory.engine import run
from factory.recipe import Job, load_recipe
from factory.records import Completion, Request
from factory.teachers.bundled import BundledTeacher
from factory.worker import make_teacher_once
from pipelines import make_job
from tests.benchmarks.machine import describe, spread

RECIPE = Path("pipelines/recipes/tiny.toml")


class BareTransformers:
    """`generate` as a careful user would call it."""

    def __init__(self, teacher: BundledTeacher, batch_size: int) -> None:
        decoder = teacher.load()
        self.tokenizer = decoder.tokenizer
        self.tokenizer.padding_side = "left"
        self.model: Any = _fresh_model(decoder.model.dtype)
        self.batch_size = batch_size
        self.num_tokens = 0

    def generate(self, requests: Sequence[Request]) -> list[tuple[int, Completion]]:
        """All completions, at the end."""
        order = sorted(range(len(requests)), key=lambda i: self._sort_key(requests[i]))
        answers: list[tuple[int, Completion]] = []
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            answers += zip(batch, self._batch([requests[i] for i in batch]), strict=True)
        return answers

    def _sort_key(self, request: Request) -> tuple[int, int]:
        length = sum(len(turn.content) for turn in request.messages) + len(request.prefix)
        return -request.sampling.max_tokens, -length

    def _batch(self, requests: Sequence[Request]) -> list[Completion]:
        texts = []
        for item in requests:
            turns = [{"role": turn.role, "content": turn.content} for turn in item.messages]
            text = self.tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True
            )
            texts.append(text + item.prefix)
        inputs = self.tokenizer(
            texts, return_tensors="pt", padding=True, add_special_tokens=False
        ).to(self.model.device)
        sampling = requests[0].sampling
        stops = list(requests[0].stop)
        with torch.inference_mode():
            output = self.model.generate(
                **inputs,
                do_sample=True,
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                top_k=0,
                max_new_tokens=sampling.max_tokens,
                stop_strings=stops or None,
                tokenizer=self.tokenizer,
                pad_token_id=self.tokenizer.pad_token_id,
            )
        completions = []
        for row in output[:, inputs["input_ids"].shape[1] :].tolist():
            while row and row[-1] == self.tokenizer.pad_token_id:
                row.pop()
            self.num_tokens += len(row) + 1
            text = self.tokenizer.decode(row, skip_special_tokens=True)
            for stop in stops:
                text = text.split(stop)[0]
            completions.append(Completion(text=text, completion_tokens=len(row)))
        return completions


def _fresh_model(dtype: torch.dtype) -> Any:
    from transformers import AutoModelForCausalLM

    from factory.teachers.bundled import model_directory

    return AutoModelForCausalLM.from_pretrained(model_directory(), dtype=dtype).eval()


class BareDecoder:
    """The factory's decode loop without the factory."""

    def __init__(self, teacher: BundledTeacher) -> None:
        self.decoder = teacher.load()
        self.num_tokens = 0

    def generate(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        """Completions as they come."""
        for index, completion in self.decoder.generate(requests):
            self.num_tokens += completion.completion_tokens
            yield index, completion


def bare(job: Job, teacher: BareTransformers | BareDecoder) -> float:
    """Tokens/s of the same conversations."""
    teacher.num_tokens = 0
    asker = tasks.make_asker(job)
    prompts = job.pipeline.source.prompts(0, job.pipeline.source.num_prompts)
    talks = [asker.conversation(*slot) for slot in tasks.slots(job, prompts, {})]
    start = time.perf_counter()
    pending = [(talk, next(talk)) for talk in talks]
    while pending:
        following = []
        for index, completion in teacher.generate([request for _, request in pending]):
            talk = pending[index][0]
            with contextlib.suppress(StopIteration):
                following.append((talk, talk.send(completion)))
        pending = following
    return teacher.num_tokens / (time.perf_counter() - start)


def through_the_factory(job: Job, client: Client) -> float:
    """Tokens/s of a whole run."""
    folder = Path(tempfile.mkdtemp())
    try:
        start = time.perf_counter()
        manifest = run(job, folder / "run", client=client)
        seconds = time.perf_counter() - start
    finally:
        shutil.rmtree(folder)
    return sum(mode["completion"] for mode in manifest["tokens"].values()) / seconds


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sides", nargs="+", default=["generate", "decoder"])
    arguments = parser.parse_args()
    loaded = load_recipe(RECIPE)
    # Every prompt is asked on both sides.
    tables = {"prompt_minhash": {"threshold": 1.0}}
    loaded = replace(loaded, recipe=replace(loaded.recipe, filters=tables))
    job = make_job(loaded, limit=arguments.prompts)
    with (
        LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            resources={"teacher": 1},
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster) as client,
    ):
        config = job.recipe.by_name["teacher"]
        teacher = make_teacher_once(config, num_threads=torch.get_num_threads()).teacher
        assert isinstance(teacher, BundledTeacher)
        known = {
            "generate": lambda: BareTransformers(teacher, teacher.config.batch_size),
            "decoder": lambda: BareDecoder(teacher),
        }
        sides = {name: known[name]() for name in arguments.sides}
        print(describe())
        print(f"engine: {teacher.load().engine}, batch {teacher.config.batch_size}")
        figures = []
        through_the_factory(make_job(loaded, limit=2), client)  # warms up
        for _ in range(arguments.rounds):
            lap = {"factory": through_the_factory(job, client)}
            lap.update({name: bare(job, side) for name, side in sides.items()})
            print(
                ", ".join(f"{name} {rate:.0f} tokens/s" for name, rate in lap.items()), flush=True
            )
            figures.append(lap)
    for name in figures[0]:
        print(f"{name:8}", spread([lap[name] for lap in figures]), "tokens/s")
    for name in sides:
        print(f"factory / {name}:", spread([lap["factory"] / lap[name] for lap in figures]))


if __name__ == "__main__":
    main()
