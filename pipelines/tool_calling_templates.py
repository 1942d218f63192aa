"""Requests made from templates, with tools and the calls that are right known by construction."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from factory.records import Prompt
from factory.seeds import seeded
from factory.steps import Shot
from pipelines.tool_calling_prompts import in_short, posed
from pipelines.tool_calling_skills import SKILLS, Skill

SOURCE, LICENSE = "templates", "apache-2.0"
KINDS = ("one_call", "two_calls", "no_tool", "missing_argument")
"""One call is right, or two; none, because no tool fits or because something was not said."""
_SHOTS = ("one_call", "no_tool", "one_call", "missing_argument", "two_calls", "one_call")


@dataclass(frozen=True, kw_only=True)
class Task:
    """A request, its tools, and what is right."""

    kind: str
    request: str
    tools: tuple[dict[str, Any], ...]
    calls: tuple[dict[str, Any], ...]

    @property
    def problem(self) -> str:
        """The bare problem."""
        return in_short(self.request, self.tools)


@dataclass(frozen=True, kw_only=True)
class Templates:
    """Requests for the page's own tools; see `factory.sources.Source`."""

    num_prompts: int
    seed: int
    kinds: Mapping[str, float]
    """How often each kind is drawn, by weight."""
    num_tools: int
    """Tools that are listed."""
    template: str
    """The published user turn, around `{tools}` and `{request}`."""

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        """See `factory.sources.Source`. No prompt repeats a worked example."""
        shown = {task.problem for task in self._examples()}
        for index in range(start, stop):
            task = self._task(index, shown)
            turns = posed(self.template, task.request, task.tools)
            yield Prompt(
                id=Prompt.make_id("tool_calling", turns),
                index=index,
                domain="tool_calling",
                input=turns,
                problem=task.problem,
                expected_answer=json.dumps(list(task.calls)),
                source=SOURCE,
                license=LICENSE,
                topic=task.kind,
            )

    def shots(self) -> tuple[Shot, ...]:
        """Worked examples, of every kind: the kind of a prompt does not show in them."""
        return tuple(_shot(task) for task in self._examples())

    def _examples(self) -> Iterator[Task]:
        for number, kind in enumerate(_SHOTS):
            rng = seeded(self.seed, "tool_calling.shots", number)
            yield _draw(kind, rng, self.num_tools)

    def _task(self, index: int, shown: set[str]) -> Task:
        """The task at a position, the first draw that is not among the examples."""
        rng = seeded(self.seed, "tool_calling.prompts", index)
        while True:
            (kind,) = rng.choices(list(self.kinds), list(self.kinds.values()))
            task = _draw(kind, rng, self.num_tools)
            if task.problem not in shown:
                return task


def _draw(kind: str, rng: Random, num_tools: int) -> Task:
    wanted = rng.sample(SKILLS, 2 if kind == "two_calls" else 1)
    others = [skill for skill in SKILLS if skill not in wanted]
    listed = rng.sample(others, num_tools - (0 if kind == "no_tool" else len(wanted)))
    listed += [] if kind == "no_tool" else wanted
    rng.shuffle(listed)
    request, calls = _said(kind, wanted, rng)
    return Task(
        kind=kind,
        request=request,
        tools=tuple(skill.tool() for skill in listed),
        calls=tuple(calls),
    )


def _said(kind: str, wanted: list[Skill], rng: Random) -> tuple[str, list[dict[str, Any]]]:
    """(the request, the calls that are right)."""
    if kind == "missing_argument":
        return rng.choice(wanted[0].vague), []
    asked = [skill.request(rng) for skill in wanted]
    request = " ".join(text for text, _ in asked)
    return request, [] if kind == "no_tool" else [call for _, call in asked]


def _shot(task: Task) -> Shot:
    """How one gets from a request to its calls."""
    if task.calls:
        answer = f"<TOOLCALL>{json.dumps(list(task.calls))}</TOOLCALL>"
        work = " ".join(
            f"{call['name']} does that, with "
            + " and ".join(f"{name} = {value}" for name, value in call["arguments"].items())
            + "."
            for call in task.calls
        )
    else:
        work, answer = _in_words(task)
    return Shot(problem=task.problem, reasoning=work, answer=answer)


def _in_words(task: Task) -> tuple[str, str]:
    """(the work, the answer) where no call is right."""
    names = ", ".join(tool["name"] for tool in task.tools)
    if task.kind == "no_tool":
        return f"None of {names} does that.", "None of the tools can do that."
    return (
        f"One of {names} does that, but the request leaves out what it needs.",
        "Something that is needed for that was not said.",
    )
