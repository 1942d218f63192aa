"""What a domain's page is made of: a prompt source and an ordered list of steps.

    Pipeline(
        name="math",
        source=ProceduralMath(...),
        gold=FinalAnswer(),
        steps=(
            Dedup(Exact(), on="prompt"),          # nothing is paid before the Ask
            Decontaminate(against=("human-eval",)),
            Ask(shots=..., samples=4),            # the teachers; all below is offline
            Keep(ThinkTags()),                    # cheap first
            Keep(FinalAnswer()),                  # then correct
            KeepGroup(PassRate()),                # then over one prompt's samples
            Dedup(MinHash(), on="response"),
        ),
    )

Steps only say what happens; `factory.engine` makes it happen, `factory.apply` judges.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from factory.config import build, nearest
from factory.decontamination.embedding import Embedding
from factory.decontamination.ngrams import Ngrams
from factory.dedup import Exact, MinHash
from factory.errors import ConfigError
from factory.records import Filter, GroupFilter, Mode, Referee, Sampling, Verifier
from factory.seeds import digest
from factory.sources import Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """A worked example put before the problem, for teachers that need one."""

    problem: str
    reasoning: str
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Elicitation:
    """How an answer in one mode is drawn from a teacher that was not trained to think.

    The teacher is shown worked examples and the bare problem. With reasoning on it writes its
    work; then, in a second request, it is made to go on from its work and `lead`. With reasoning
    off it starts at `lead`. `close` ends the answer.
    """

    lead: str = "\\boxed{"
    close: str = "}"
    num_shots: int = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """Put every prompt to the teacher, with reasoning on and off."""

    samples_on: int
    samples_off: int
    on: Elicitation = Elicitation()
    off: Elicitation = Elicitation()
    shots: Mapping[str, tuple[Shot, ...]] = field(default_factory=dict)
    """Worked examples by prompt source."""

    def samples(self, mode: Mode) -> int:
        """Answers to each prompt in a mode."""
        return self.samples_on if mode == "on" else self.samples_off


@dataclass(frozen=True, slots=True)
class Dedup:
    """Drop repeated prompts, over all of them, or repeated responses to one prompt in one mode."""

    method: Exact | MinHash
    on: Literal["prompt", "response"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decontaminate:
    """Drop prompts that hold an item of a benchmark set, or pose the same problem.

    The recipe's table `[decontaminate]` changes any of it.
    """

    against: tuple[str, ...] = ()
    """Files, ids of the Hub, and names of sets that ship in packages, such as `human-eval`."""
    ngrams: Ngrams | None = field(default_factory=Ngrams)
    embedding: Embedding | None = None
    judge: str = ""
    """A name in the recipe's `[teachers]`: what is near by embedding is dropped where this teacher
    says that it is the same problem; empty drops all that is near."""
    both_orders: bool = False
    """The judge sees each pair in both orders, and must say yes both times."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """What the content of sets must be, by name."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep the responses that a filter keeps; those already dropped are not judged."""

    filter: Filter


@dataclass(frozen=True, slots=True)
class KeepGroup:
    """Keep the responses that a filter keeps beside the others to the same prompt and mode."""

    filter: GroupFilter


@dataclass(frozen=True, slots=True)
class Refer:
    """Give prompts without a gold answer a reference that their own answers settle on.

    What stands after it checks against the reference; responses to prompts that have neither are
    dropped.
    """

    filter: Referee


@dataclass(frozen=True, kw_only=True, slots=True)
class AskJudge:
    """Show every response that is kept so far to a judge; its verdict becomes a column.

    Nothing in a response can pass for a verdict: only the judge's own reply is read, and what a
    thinking judge thought is left out first.
    """

    teacher: str
    """A name in the recipe's `[teachers]`."""
    template: str
    """What the judge is told, around `{problem}`, `{expected}` and `{answer}`."""
    column: str = "judge"
    verdict: str = r"(?im)^\W*judge?ment:?\W*(\w+)"
    """A pattern; the first group of its last match in the reply is the verdict."""
    scores: Mapping[str, float] = field(default_factory=lambda: {"yes": 1.0, "no": 0.0})
    """Scores by lower-case verdict; where empty, the verdict is a number."""
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class AskReward:
    """Have a reward model score every response that is kept so far; the score becomes a column."""

    teacher: str
    """A name in the recipe's `[teachers]`."""
    column: str = "reward"


Graded = AskJudge | AskReward
Filtering = Dedup | Keep | KeepGroup | Refer
Screening = Dedup | Decontaminate
"""What prompts pass before any is asked."""
Step = Ask | Filtering | Graded | Decontaminate


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """One domain, from its prompts to its kept responses. Picklable: it travels to the workers."""

    name: str
    source: Source
    gold: Verifier | None
    """The correctness check, which every gold answer must pass before a teacher is asked; its
    name is the records' `verifier`. None where nothing can be checked."""
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    """What the card has to say about how this domain was made."""

    def __post_init__(self) -> None:
        asks = [position for position, step in enumerate(self.steps) if isinstance(step, Ask)]
        assert len(asks) == 1, f"{self.name}: a pipeline has one Ask, got {len(asks)}"
        for position, step in enumerate(self.steps):
            before = isinstance(step, Decontaminate) or (
                isinstance(step, Dedup) and step.on == "prompt"
            )
            assert before == (position < asks[0]) or position == asks[0], (
                f"{self.name}: {step} stands on the wrong side of the Ask"
            )
        assert sum(isinstance(step, Decontaminate) for step in self.steps) <= 1, self.name
        columns = [step.column for step in self.graded]
        assert len(columns) == len(set(columns)), f"{self.name}: columns {columns} repeat"

    @property
    def ask(self) -> Ask:
        """The step that asks the teacher."""
        return next(step for step in self.steps if isinstance(step, Ask))

    @property
    def screening(self) -> tuple[Screening, ...]:
        """The steps before the Ask, in order."""
        before = self.steps[: self.steps.index(self.ask)]
        return tuple(step for step in before if isinstance(step, Screening))

    @property
    def decontaminate(self) -> Decontaminate | None:
        """The step that checks prompts against benchmarks, if there is one."""
        return next((step for step in self.steps if isinstance(step, Decontaminate)), None)

    def with_decontaminate(self, step: Decontaminate) -> "Pipeline":
        """The pipeline with another such step, or with its first, right before the Ask."""
        steps = list(self.steps)
        if old := self.decontaminate:
            steps[steps.index(old)] = step
        else:
            steps.insert(steps.index(self.ask), step)
        return dataclasses.replace(self, steps=tuple(steps))

    @property
    def response_steps(self) -> tuple[Step, ...]:
        """The steps after the Ask, in order."""
        return self.steps[self.steps.index(self.ask) + 1 :]

    @property
    def votes(self) -> bool:
        """Whether a majority takes the place of missing gold answers."""
        return any(isinstance(step, Refer) for step in self.steps)

    @property
    def graded(self) -> tuple[Graded, ...]:
        """The steps that ask a judge or a reward model, in order."""
        return tuple(step for step in self.steps if isinstance(step, AskJudge | AskReward))

    @property
    def filtering(self) -> tuple[Filtering, ...]:
        """The steps that filters and dedup methods stand in, in order."""
        return tuple(step for step in self.steps if isinstance(step, Filtering))

    @property
    def filter_names(self) -> tuple[str, ...]:
        """The names that a recipe uses for the filters and dedup methods, in order."""
        return tuple(map(_recipe_name, self.filtering))

    def filter_settings(self) -> dict[str, dict[str, Any]]:
        """Every field of every filter and dedup method, by the name that a recipe uses."""
        return {
            _recipe_name(step): dataclasses.asdict(_method(step))
            for step in self.filtering
            if dataclasses.fields(_method(step))
        }

    def with_filter_settings(self, tables: Mapping[str, dict[str, Any]], where: str) -> "Pipeline":
        """The pipeline with fields of its filters replaced, as `[filters.<name>]` says.

        Raises:
            ConfigError: a filter or field that does not exist, or a value that does not fit.
        """
        for name in tables:
            if name not in self.filter_names:
                hint = nearest(name, self.filter_names)
                raise ConfigError(f"{where}: unknown key filters.{name}{hint}")

        def change(step: Step) -> Step:
            if not isinstance(step, Filtering):
                return step
            if not (table := tables.get(_recipe_name(step))):
                return step
            merged = {**dataclasses.asdict(_method(step)), **table}
            prefix = f"filters.{_recipe_name(step)}"
            new = build(type(_method(step)), merged, where=where, prefix=prefix)
            field_name = "method" if isinstance(step, Dedup) else "filter"
            return dataclasses.replace(step, **{field_name: new})

        steps = tuple(map(change, self.steps))
        gold = self.gold
        for step in steps:
            if isinstance(step, Keep) and gold and step.filter.name == gold.name:
                assert isinstance(step.filter, Verifier)
                gold = step.filter
        return dataclasses.replace(self, steps=steps, gold=gold)

    def fingerprint(self) -> str:
        """A hash of all that the pipeline puts into the data: texts, shots, filters, versions."""
        methods = [_method(step) for step in self.filtering]
        versions = [(method.name, repr(method)) for method in methods]
        asked = [repr(self.ask), *map(repr, self.graded)]
        gold = self.gold.name if self.gold else None
        return digest(repr(self.source), asked, versions, gold, self.notes, size=8)


def _method(step: Filtering) -> Any:
    return step.method if isinstance(step, Dedup) else step.filter


def _recipe_name(step: Filtering) -> str:
    """`final_answer`; `prompt_minhash` and `response_minhash` where a method stands twice."""
    name = str(_method(step).name).rpartition(".")[0]
    return f"{step.on}_{name}" if isinstance(step, Dedup) else name
