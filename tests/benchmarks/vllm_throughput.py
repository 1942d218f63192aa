"""Tokens/s of vLLM through the factory against the engine driven bare, and the teacher's own cost.

    python -m tests.benchmarks.vllm_throughput

1. Both sides use one engine in this process, with the bundled model on CPU, and answer the same
   requests with the same seeds, in turns. The factory's side is a desk: each request is looked up
   in a ledger, asked, appended, and on the disk before it is handed on. Bare is vLLM's own loop:
   all token ids are added, then steps are taken until nothing is left; it renders and tokenizes
   nothing. The cache of prompts is emptied before each lap.
2. The engine is replaced by one that answers at once, below the teacher's own use of vLLM: what is
   left is the teacher's processor time for a request, with the real tokenizer and vLLM's own
   sampling parameters. Once with prompts that all differ, once with eight samples of each.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from factory.records import Completion, Request, Sampling
from factory.teachers import Teacher
from factory.teachers.vllm import Engine, VllmConfig, VllmTeacher
from factory.teachers.vllm_engine import VllmEngine, make_engine
from tests.benchmarks.machine import describe, spread
from tests.toys import lead, request


def questions(number: int, *, samples: int = 1, max_tokens: int = 64) -> list[Request]:
    """Short prompts; each is asked a few times over, with seeds of their own."""
    sampling = Sampling(temperature=1.0, top_p=0.95, max_tokens=max_tokens)
    return [
        request(
            f"Problem {i // samples}: tell a long story about the number {i // samples * 37}.",
            sampling=sampling,
            sample=i % samples,
            seed=i,
        )
        for i in range(number)
    ]


def through_the_factory(teacher: Teacher, requests: Sequence[Request]) -> int:
    """Tokens of the answers, each of which is in a ledger then."""

    def once(item: Request) -> Generator[Request, Completion, Completion]:
        completion = yield item
        return completion

    with tempfile.TemporaryDirectory() as folder:
        answers = lead(map(once, requests), teacher, Path(folder))
    return sum(answer.completion_tokens for answer in answers)


def bare(engine: VllmEngine, prompts: Sequence[list[int]], requests: Sequence[Request]) -> int:
    """Tokens of the answers; the loop is vLLM's."""
    from vllm import SamplingParams
    from vllm.inputs.engine import tokens_input
    from vllm.sampling_params import RequestOutputKind

    llm, num_tokens = engine.llm, 0
    for number, (tokens, item) in enumerate(zip(prompts, requests, strict=True)):
        params = SamplingParams(
            temperature=item.sampling.temperature,
            top_p=item.sampling.top_p,
            max_tokens=item.sampling.max_tokens,
            seed=item.seed,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        llm.add_request(f"bare {number}", tokens_input(tokens), params)
    while llm.has_unfinished_requests():
        num_tokens += sum(len(output.outputs[0].token_ids) for output in llm.step())
    return num_tokens


def rate(engine: VllmEngine, work: Callable[[], int]) -> tuple[float, float]:
    """Tokens/s, and tokens a second of processor time, which other processes disturb less."""
    engine.llm.reset_prefix_cache()
    start, worked = time.perf_counter(), time.process_time()
    num_tokens = work()
    return num_tokens / (time.perf_counter() - start), num_tokens / (time.process_time() - worked)


class Instant:
    """Stands for `LLMEngine`: every request has ended at the next step."""

    def __init__(self, tokenizer: Any) -> None:
        self.get_tokenizer = lambda: tokenizer
        self.model_config = SimpleNamespace(max_model_len=2048)
        self.held: list[Any] = []

    def add_request(self, name: str, prompt: Any, params: Any) -> None:
        """Answer already."""
        answer = SimpleNamespace(text="five", finish_reason="stop", token_ids=[1, 2])
        self.held.append(
            SimpleNamespace(
                request_id=name, prompt_token_ids=prompt["prompt_token_ids"], outputs=[answer]
            )
        )

    def step(self) -> list[Any]:
        """All answers."""
        held, self.held = self.held, []
        return held

    def has_unfinished_requests(self) -> bool:
        """Whether a step would return anything."""
        return bool(self.held)


def own_cost(config: VllmConfig, tokenizer: Any, *, samples: int, number: int) -> float:
    """Milliseconds of processor time a request."""

    def instant(*_: object) -> Engine:
        return VllmEngine(Instant(tokenizer), "instant")

    teacher = VllmTeacher(config, num_threads=1, make_engine=instant)
    requests = questions(number, samples=samples)
    teacher.load()
    start = time.process_time()
    answered = sum(1 for _ in teacher.generate(requests))
    assert answered == number
    return (time.process_time() - start) / number * 1e3


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=128)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    config = VllmConfig(
        model="bundled",
        license="apache-2.0",
        thinks=False,
        max_model_len=2048,
        max_num_seqs=arguments.batch,
    )
    print(describe())
    start = time.perf_counter()
    engine = make_engine(config, arguments.threads)
    print(f"engine: {engine.name}, batch {arguments.batch}, {time.perf_counter() - start:.0f} s")
    for samples in (1, 8):
        costs = [own_cost(config, engine.tokenizer, samples=samples, number=2000) for _ in range(5)]
        print(f"teacher alone, {samples} of a prompt:", spread(costs), "ms of processor a request")
    teacher = VllmTeacher(config, num_threads=arguments.threads, make_engine=lambda *_: engine)
    requests = questions(arguments.requests, max_tokens=arguments.tokens)
    template = {"tokenize": True, "add_generation_prompt": True, "return_dict": False}
    prompts = [
        engine.tokenizer.apply_chat_template(
            [{"role": "user", "content": item.messages[0].content}], **template
        )
        for item in requests
    ]
    sides: dict[str, Callable[[], int]] = {
        "factory": lambda: through_the_factory(teacher, requests),
        "bare": lambda: bare(engine, prompts, requests),
    }
    for side in sides.values():  # warms up
        rate(engine, side)
    figures = []
    for lap in range(arguments.pairs):
        order = sorted(sides, reverse=bool(lap % 2))
        figures.append({name: rate(engine, sides[name]) for name in order})
        print(
            ", ".join(f"{name} {figures[-1][name][0]:.0f} tokens/s" for name in order), flush=True
        )
    for name in sides:
        print(f"{name:8}", spread([lap[name][0] for lap in figures]), "tokens/s")
    for clock, column in (("clock", 0), ("processor time", 1)):
        ratios = [lap["factory"][column] / lap["bare"][column] for lap in figures]
        print(f"teacher / bare by {clock}:", spread(ratios))


if __name__ == "__main__":
    main()
