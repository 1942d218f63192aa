"""Small real things for tests: prompts, responses, jobs."""

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from factory.desk import Desk, Talk
from factory.ledger import LedgerReader, LedgerWriter
from factory.recipe import Job, load_recipe
from factory.records import Completion, Judged, Message, Mode, Prompt, Request, Response, Sampling
from factory.shared import Shared
from factory.teachers import Teacher
from pipelines import make_job

TOY_RECIPE = """
pipeline = "math"
seed = 7
{top}
used_in_training = ["Nano", "Super"]
[math]
num_prompts = {num_prompts}
samples_on = {samples_on}
samples_off = {samples_off}
[teacher]
kind = "scripted"
replies = ["a", "b"]
thinks = {thinks}
[limits]
part_size = {part_size}
{more}
"""


def prompt(problem: str = "What is 2 + 3?", gold: str | None = "5", index: int = 0) -> Prompt:
    turns = (Message(role="user", content=f"Solve: {problem}"),)
    return Prompt(
        id=Prompt.make_id("math", turns),
        index=index,
        domain="math",
        input=turns,
        problem=problem,
        expected_answer=gold,
        source="toy",
        license="mit",
    )


def response(
    output: str, *, gold: str | None = "5", mode: Mode = "off", sample: int = 0, **fields: Any
) -> Response:
    return Response(prompt=prompt(gold=gold), mode=mode, sample=sample, output=output, **fields)


def judged(output: str, **fields: Any) -> Judged:
    return Judged(response(output, **fields))


def request(text: str = "hello", **fields: Any) -> Request:
    defaults: dict[str, Any] = {
        "messages": (Message(role="user", content=text),),
        "mode": "on",
        "model": "toy",
        "revision": "1",
        "sampling": Sampling(max_tokens=8),
        "sample": 0,
        "seed": 1,
    }
    return Request(**{**defaults, **fields})


def toy_job(
    folder: Path,
    *,
    num_prompts: int = 12,
    part_size: int = 6,
    samples: tuple[int, int] = (6, 5),
    thinks: bool = True,
    more: str = "",
    top: str = "",
) -> Job:
    """The math pipeline with a scripted teacher, built from a recipe file as a user's is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "toy.toml"
    path.write_text(
        TOY_RECIPE.format(
            num_prompts=num_prompts,
            samples_on=samples[0],
            samples_off=samples[1],
            thinks=str(thinks).lower(),
            part_size=part_size,
            more=more,
            top=top,
        )
    )
    return make_job(load_recipe(path))


def lead(
    conversations: Iterable[Generator[Request, Completion, Any]], teacher: Teacher, folder: Path
) -> list[Any]:
    """What conversations with a teacher, led by a desk, return; in their order."""
    results: dict[int, Any] = {}

    def kept(place: int, conversation: Generator[Request, Completion, Any]) -> Any:
        results[place] = yield from conversation

    reader = LedgerReader(folder)
    reader.refresh()
    writer = LedgerWriter(folder)
    talks = (Talk(kept(place, each), "t/toy/on") for place, each in enumerate(conversations))
    Shared(teacher).lead(Desk(talks, reader, writer))
    writer.close()
    return [results[place] for place in range(len(results))]


def gold_answers(job: Job) -> dict[str, str]:
    """Gold answer by published user turn and by bare problem."""
    gold = {}
    for item in job.pipeline.source.prompts(0, job.pipeline.source.num_prompts):
        gold[item.input[-1].content] = gold[item.problem] = item.expected_answer or ""
    return gold
