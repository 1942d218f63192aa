"""Science questions with known answers, drawn from formulas and tables: a source without network.

    >>> ProceduralQuestions(num_prompts=1, seed=42, ...).prompts(0, 1)
    A cart covers 120 m in 8 s at a steady speed. What is its speed?     -> 15 m/s

Each is asked openly, or with 4 or 10 options; the wrong ones are what typical mistakes give, or
other answers of the same kind. What is asked and what the options are is drawn with a seed of the
position's own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from factory.errors import ConfigError
from factory.records import Message, Prompt
from factory.seeds import seeded
from factory.steps import Shot
from filters.multiple_choice import LETTERS
from pipelines import science_chemistry as chemistry
from pipelines import science_facts as facts
from pipelines import science_life as life
from pipelines import science_sky as sky
from pipelines.science_numbers import Formula, Question
from pipelines.science_physics import PHYSICS

SOURCE, LICENSE = "science-questions", "apache-2.0"
Draw = Callable[[Random], Question]

_FORMULAS: tuple[Mapping[str, Formula], ...] = (
    PHYSICS,
    chemistry.CHEMISTRY,
    life.BIOLOGY,
    sky.ASTRONOMY,
)
_DRAWN: dict[str, dict[str, Draw]] = {
    "chemistry": {
        "neutrons": chemistry.neutrons,
        "electrons": chemistry.electrons,
        "atomic_number": chemistry.atomic_number,
        "symbol_of": chemistry.symbol_of,
        "name_of": chemistry.name_of,
        "atoms_in_formula": chemistry.atoms_in_formula,
        "molar_mass": chemistry.molar,
        "amount": chemistry.amount,
        "mass_share": chemistry.mass_share,
        "coefficient": chemistry.coefficient,
        "combustion": chemistry.combustion,
        "stoichiometry": chemistry.stoichiometry,
    },
    "biology": {
        "complement": life.complement,
        "codon": life.codon,
        "protein_length": life.protein_length,
        "base_share": life.base_share,
        "gc_share": life.gc_share,
        "cross": life.cross,
        "divisions": life.divisions,
        "gametes": life.gametes,
    },
    "astronomy": {"neighbour": facts.neighbour},
    "earth science": {"harder": facts.harder},
    "units": {"convert": sky.convert, "temperature": sky.temperature},
}
FAMILIES: dict[str, tuple[str, Draw]] = {
    **{name: (each.topic, each) for table in _FORMULAS for name, each in table.items()},
    **{name: (topic, draw) for topic, table in _DRAWN.items() for name, draw in table.items()},
    **{name: (each.topic, each) for name, each in facts.FACTS.items()},
}
"""Kinds of questions by name: the topic, and what draws one."""
TOPICS = tuple(dict.fromkeys(topic for topic, _ in FAMILIES.values()))
NUM_SHOTS = 5
"""Worked examples at most; the smallest family has more questions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Templates:
    """The published user turns, around `{problem}`."""

    choose: str
    """Of a question with options."""
    answer: str
    """Of an open one."""

    def of(self, choices: Sequence[str]) -> str:
        """The one that fits."""
        return self.choose if choices else self.answer


@dataclass(frozen=True, kw_only=True)
class ProceduralQuestions:
    """Questions from the families, each drawn with a seed of its own."""

    num_prompts: int
    seed: int
    families: tuple[str, ...]
    options: tuple[int, ...]
    """Numbers of options that questions have, drawn; 0 is an open question."""
    weights: Mapping[str, float]
    """By topic; 1 for those that are not named."""
    templates: Templates
    shots: Mapping[str, tuple[Shot, ...]]
    """Worked examples by source, see `worked_examples`."""

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        """See `factory.sources.Source`. No prompt repeats a worked example."""
        for index in range(start, stop):
            rng = seeded(self.seed, "science.questions", index)
            family, number = self._kind(rng)
            sources = [source_of(family, each) for each in (0, *self.options)]
            taken = {shot.problem for source in sources for shot in self.shots[source]}
            yield self._prompt(index, family, _fresh(family, number, rng, taken))

    def _kind(self, rng: Random) -> tuple[str, int]:
        shares = [self.weights.get(FAMILIES[family][0], 1.0) for family in self.families]
        (family,) = rng.choices(self.families, shares)
        return family, rng.choice(self.options)

    def _prompt(self, index: int, family: str, drawn: "Drawn") -> Prompt:
        template = self.templates.of(drawn.choices)
        turns = (Message(role="user", content=template.format(problem=drawn.problem)),)
        return Prompt(
            id=Prompt.make_id("science", turns),
            index=index,
            domain="science",
            input=turns,
            problem=drawn.problem,
            expected_answer=drawn.answer,
            source=source_of(family, len(drawn.choices)),
            license=LICENSE,
            choices=drawn.choices,
            topic=FAMILIES[family][0],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A question in the form in which it is asked."""

    problem: str
    """With its options, if it has any."""
    answer: str
    """The letter of an option, or the open answer."""
    choices: tuple[str, ...]
    work: str


def source_of(family: str, number: int) -> str:
    """What prompts of a family with so many options name as their source."""
    return f"{SOURCE}/{family}/{f'{number}-options' if number else 'open'}"


def with_options(problem: str, choices: Sequence[str]) -> str:
    """A question with its options under it, each behind its letter."""
    lines = [f"{letter}) {text}" for letter, text in zip(LETTERS, choices, strict=False)]
    return f"{problem}\n\n" + "\n".join(lines) if choices else problem


def draw(family: str, number: int, rng: Random) -> Drawn:
    """A question of a family, with so many options where it has as many wrong answers.

    Args:
        family: one of `FAMILIES`.
        number: 0, or at most 10.
        rng: decides all.
    """
    question = FAMILIES[family][1](rng)
    right = question.answer.split("|")[0]
    if not number or len(question.wrong) < number - 1:
        return Drawn(
            problem=question.problem, answer=question.answer, choices=(), work=question.work
        )
    choices = [right, *question.wrong[: number - 1]]
    rng.shuffle(choices)
    letter = LETTERS[choices.index(right)]
    return Drawn(
        problem=with_options(question.problem, choices),
        answer=letter,
        choices=tuple(choices),
        work=f"{question.work}. That is option {letter}",
    )


def worked_examples(
    seed: int, families: Sequence[str], options: Sequence[int]
) -> dict[str, tuple[Shot, ...]]:
    """Worked examples by source of prompts, all different."""
    kinds = [(family, number) for family in families for number in dict.fromkeys((0, *options))]
    return {source_of(*kind): tuple(_examples(seed, *kind)) for kind in kinds}


def _examples(seed: int, family: str, number: int) -> Iterator[Shot]:
    taken: set[str] = set()
    for place in range(NUM_SHOTS):
        drawn = draw(family, number, seeded(seed, "science.examples", family, number, place))
        # A family that has not as many wrong answers is asked openly, and has examples of that.
        if drawn.problem not in taken and bool(drawn.choices) == bool(number):
            taken.add(drawn.problem)
            answer = drawn.answer.split("|")[0]
            yield Shot(problem=drawn.problem, reasoning=f"{drawn.work}.", answer=answer)


def _fresh(family: str, number: int, rng: Random, taken: set[str]) -> Drawn:
    """The first question drawn that is not taken."""
    for _ in range(200):
        drawn = draw(family, number, rng)
        if drawn.problem not in taken:
            return drawn
    raise ConfigError(f"science.families: {family} has too few different questions")
