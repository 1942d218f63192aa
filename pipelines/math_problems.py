"""Small problems with exact answers, drawn offline from reasoning-gym (Apache-2.0)."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from factory.errors import ConfigError
from factory.records import Message, Prompt
from factory.seeds import derive_seed
from factory.steps import Shot
from pipelines.math_work import WORK

SOURCE, LICENSE = "reasoning-gym", "apache-2.0"
NUM_SHOTS = 8

TASKS: dict[str, dict[str, Any]] = {
    "chain_sum": {"min_terms": 2, "max_terms": 3, "min_digits": 1, "max_digits": 1},
    "products": {"min_digits": 1, "max_digits": 2},
    "basic_arithmetic": {
        "min_terms": 2,
        "max_terms": 2,
        "min_digits": 1,
        "max_digits": 1,
        "operators": ["+", "-", "*"],  # its quotients are rounded, 8 / 3 = 2, and that is wrong
        "allow_negation": False,
        "allow_parentheses": False,
    },
    "gcd": {"min_value": 1, "max_value": 20},
    "lcm": {"min_value": 1, "max_value": 9},
    "simple_equations": {
        "min_terms": 2,
        "max_terms": 2,
        "min_value": 1,
        "max_value": 9,
        "operators_weights": [0.5, 0.5, 0.0],
    },
}
"""reasoning-gym tasks and their difficulty; `[math.tasks.<name>]` in a recipe changes both."""


@dataclass(frozen=True, kw_only=True)
class ReasoningGym:
    """Problems from reasoning-gym, each drawn with a seed of its own.

    reasoning-gym draws item i of a dataset with `Random(seed + i)`, so that neighbouring seeds give
    nearly the same problems; here every problem is item 0 of a dataset with a hashed seed.
    """

    num_prompts: int
    seed: int
    tasks: Mapping[str, Mapping[str, Any]]
    shots: Mapping[str, tuple[Shot, ...]]
    template: str
    """The published user turn, around `{problem}`."""

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        """See `factory.sources.Source`. No prompt repeats a worked example."""
        names = list(self.tasks)
        for index in range(start, stop):
            task = names[index % len(names)]
            source = f"{SOURCE}/{task}"
            taken = {shot.problem for shot in self.shots[source]}
            problem, answer, _ = _draw(task, self.tasks[task], self.seed, index, taken)
            turns = (Message(role="user", content=self.template.format(problem=problem)),)
            yield Prompt(
                id=Prompt.make_id("math", turns),
                index=index,
                domain="math",
                input=turns,
                problem=problem,
                expected_answer=answer,
                source=source,
                license=LICENSE,
            )


def shots_by_source(
    tasks: Mapping[str, Mapping[str, Any]], seed: int, variants: Iterable[str] = ()
) -> dict[str, tuple[Shot, ...]]:
    """Worked examples by prompt source; a variant's are those of what it was made of."""
    shots = {f"{SOURCE}/{task}": worked_examples(task, tasks[task], seed) for task in tasks}
    more = {f"{source}/{kind}": shots[source] for kind in variants for source in shots}
    return {**shots, **more}


def worked_examples(task: str, task_settings: Mapping[str, Any], seed: int) -> tuple[Shot, ...]:
    """Eight worked examples of a task, all different."""
    shots: dict[str, Shot] = {}
    for number in range(NUM_SHOTS):
        problem, answer, metadata = _draw(task, task_settings, seed, -1 - number, set(shots))
        work = WORK[task](metadata, answer)
        shots[problem] = Shot(problem=problem, reasoning=work, answer=answer)
    return tuple(shots.values())


def _draw(
    task: str, task_settings: Mapping[str, Any], seed: int, index: int, taken: set[str]
) -> tuple[str, str, dict[str, Any]]:
    """(problem, answer, metadata) at a position, the first draw that is not taken."""
    with warnings.catch_warnings():
        # A dependency of reasoning-gym is compiled with a SyntaxWarning at its first import.
        warnings.simplefilter("ignore", SyntaxWarning)
        import reasoning_gym

    for attempt in range(100):
        item_seed = derive_seed(seed, "math.prompts", task, index, attempt) % 2**31
        try:
            entry = reasoning_gym.create_dataset(task, size=1, seed=item_seed, **task_settings)[0]
        except (TypeError, AssertionError, ValueError, LookupError) as error:
            message = f"math.tasks.{task}: reasoning-gym does not take these settings: {error}"
            raise ConfigError(message) from error
        problem = _bare(entry["question"])
        if problem not in taken:
            return problem, entry["answer"], entry["metadata"]
    raise ConfigError(f"math.tasks.{task}: too few different problems; widen its settings")


def _bare(question: str) -> str:
    """A question without reasoning-gym's wish for the result alone."""
    head, wish, tail = question.partition(" Give only the ")
    return (head if wish and tail.endswith("final answer.") else question).strip()
