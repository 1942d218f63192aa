"""Programming tasks from templates: the offline source of `pipelines.code`.

Each family draws its tasks with parameters and a story of its own, so that there are as many
different prompts as one asks for. A task knows its right results by a way that its reference
programs do not take, and is posed as a function, in Python, or as a program on standard input and
output, in Python or C++. The tests begin with the example in the problem, then come edge cases.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

from factory.errors import ConfigError
from factory.records import Message, Prompt
from factory.seeds import derive_seed, seeded
from factory.steps import Shot
from pipelines.code_families import FAMILIES
from pipelines.code_forms import Form, Task

SOURCE, LICENSE = "code-tasks", "apache-2.0"


@dataclass(frozen=True, kw_only=True)
class CodeTasks:
    """Tasks of some families in turn, each drawn with a seed of its own."""

    num_prompts: int
    seed: int
    families: tuple[str, ...]
    languages: Mapping[str, float]
    """Weights by language, `python` and `cpp`."""
    functions: float
    """The share of the tasks in Python that are posed as a function, in [0, 1]."""
    templates: Mapping[tuple[str, Form], str]
    """The published user turn by language and form, around `{problem}`."""

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        """See `factory.sources.Source`. No prompt repeats a worked example."""
        for index in range(start, stop):
            family = self.families[index % len(self.families)]
            language, form = self._posed(index)
            shown = {shot.problem for shot in shots(self.seed, family, language, form)}
            task = draw(self.seed, family, form, index, shown)
            problem = task.problem(form)
            text = self.templates[language, form].format(problem=problem)
            turns = (Message(role="user", content=text),)
            yield Prompt(
                id=Prompt.make_id("code", turns),
                index=index,
                domain="code",
                input=turns,
                problem=problem,
                expected_answer=task.reference(form, language),
                source=source_name(family, language, form),
                license=LICENSE,
                tests=task.tests(form),
                language=language,
                topic=family,
            )

    def all_shots(self) -> dict[str, tuple[Shot, ...]]:
        """Worked examples by source, for every way in which tasks are posed."""
        ways: list[tuple[str, Form]] = []
        if self.languages.get("python"):
            ways += [("python", "call")] if self.functions > 0 else []
            ways += [("python", "stdio")] if self.functions < 1 else []
        if self.languages.get("cpp"):
            ways.append(("cpp", "stdio"))
        return {
            source_name(family, *way): shots(self.seed, family, *way)
            for family in self.families
            for way in ways
        }

    def _posed(self, index: int) -> tuple[str, Form]:
        """Language and form of the task at a position."""
        rng = seeded(self.seed, "code.form", index)
        (language,) = rng.choices(list(self.languages), list(self.languages.values()))
        called = language == "python" and rng.random() < self.functions
        return language, "call" if called else "stdio"


def source_name(family: str, language: str, form: Form) -> str:
    """What records call the source of a task."""
    return f"{SOURCE}/{family}/{language}-{'function' if form == 'call' else 'program'}"


def draw(seed: int, family: str, form: Form, index: int, taken: set[str]) -> Task:
    """The task at a position, the first draw that tests can tell and that is not taken."""
    for attempt in range(100):
        rng = Random(derive_seed(seed, "code.tasks", family, index, attempt))
        task = FAMILIES[family](rng)
        if task.is_told_by_its_tests and task.problem(form) not in taken:
            return task
    raise ConfigError(f"code.families: too few different tasks of {family}; leave it out")


@cache
def shots(seed: int, family: str, language: str, form: Form) -> tuple[Shot, ...]:
    """Eight worked examples, all different, whose answers are programs after an opening fence."""
    found: dict[str, Shot] = {}
    for number in range(8):
        task = draw(seed, family, form, -1 - number, set(found))
        problem, program = task.problem(form), task.reference(form, language)
        found[problem] = Shot(problem=problem, reasoning=task.work, answer=f"{language}\n{program}")
    return tuple(found.values())
