"""Runs whose prompts repeat each other and leak from benchmarks, across parts."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from factory.decontamination.judging import TEMPLATE
from factory.recipe import Job
from factory.records import Completion, Message, Prompt, Request
from factory.teachers.scripted import ScriptedTeacher
from tests.toys import toy_job

JUDGED = TEMPLATE.partition("{")[0]
LEAK = "A farmer has twelve hens and each of them lays three eggs in a day of this long summer."
NEAR = "There are twelve hens on a farm. How many eggs do they lay in a day of three eggs each?"
ITEMS = [
    {"task_id": "hens/1", "question": LEAK},
    {"task_id": "hens/2", "question": "How many eggs do twelve hens lay if each lays three eggs?"},
    {"task_id": "sheep/1", "question": "Seven sheep stand in a row behind the red barn at noon."},
]


@dataclass(frozen=True)
class Listed:
    """A source of given problems, whose answer is always 36."""

    problems: tuple[str, ...]

    @property
    def num_prompts(self) -> int:
        return len(self.problems)

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        for index in range(start, stop):
            turns = (Message(role="user", content=f"Solve: {self.problems[index]}"),)
            yield Prompt(
                id=f"{Prompt.make_id('math', turns)}-{index}",
                index=index,
                domain="math",
                input=turns,
                problem=self.problems[index],
                expected_answer="36",
                source="toy",
                license="mit",
            )


def story(number: int, end: str = "") -> str:
    """A problem of a hundred words, all its own."""
    return " ".join(f"w{number}x{place}" for place in range(100)) + end


PROBLEMS = (
    *map(story, range(10)),
    story(3).upper(),  # exact, of another part
    story(4, " and more"),  # near
    f"Read this first. {LEAK} And now?",
    story(5, " and then"),
    NEAR,
    *map(story, range(15, 38)),
    story(4, " and much more"),
    f"{LEAK.upper()} Why?",  # near no other; another leak of the same item
    story(20, " and then"),
    story(3),
)
"""42 problems: 6 repeat an earlier one, 2 hold an item, one is near to one."""


def screened_job(
    folder: Path,
    *,
    table: str = "",
    part_size: int = 6,
    problems: Sequence[str] = PROBLEMS,
    more: str = "",
) -> Job:
    """A job over these problems, checked against `ITEMS` as the table says."""
    folder.mkdir(parents=True, exist_ok=True)
    benchmark = folder / "hens.jsonl"
    if not benchmark.exists():
        write_items(benchmark)
    against = "" if "against" in table else f'against = ["{benchmark}"]'
    made = toy_job(
        folder,
        samples=(1, 1),
        part_size=part_size,
        more=f"max_error_share = 0.5\n[decontaminate]\n{against}\n{table}\n{more}",
    )
    source = Listed(tuple(problems))
    return dataclasses.replace(made, pipeline=dataclasses.replace(made.pipeline, source=source))


def write_items(path: Path, items: Sequence[dict[str, str]] = ITEMS) -> None:
    """A benchmark file."""
    path.write_text("".join(json.dumps(item) + "\n" for item in items))


def teacher(
    judgement: Callable[[Request], str | Completion] | str = "False",
    asked: Path | None = None,
) -> ScriptedTeacher:
    """Answers every problem rightly, and every judge's question in the given way."""

    def reply(request: Request) -> str | Completion:
        text = request.messages[-1].content
        if asked:
            with asked.open("a") as file:
                file.write(json.dumps(text) + "\n")
        if text.startswith(JUDGED):
            return judgement if isinstance(judgement, str) else judgement(request)
        return "<think>\nwork\n</think>\n\n\\boxed{36}" if request.mode == "on" else "\\boxed{36}"

    return ScriptedTeacher(reply)
