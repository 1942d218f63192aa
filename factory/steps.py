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
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from factory.config import build, nearest
from factory.decontamination.embedding import Embedding
from factory.decontamination.ngrams import Ngrams
from factory.dedup import Exact, MinHash
from factory.errors import ConfigError
from factory.questions import AskEdit as AskEdit
from factory.questions import AskFeedback as AskFeedback
from factory.questions import AskJudge as AskJudge
from factory.questions import AskReward as AskReward
from factory.questions import AskSelect as AskSelect
from factory.questions import Editing as Editing
from factory.questions import Graded as Graded
from factory.records import MODES, Filter, GroupFilter, Mode, Referee, Sampling, Verifier, Writer
from factory.seeds import digest, seeded
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
    """What the teacher is stopped at; empty where the answer ends when the teacher does."""
    num_shots: int = 6
    keeps_lead: bool = field(default=True, repr=False)
    """Whether `lead` and `close` are part of the answer; else they only frame it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """Put every prompt to the teacher, with reasoning on and off.

    Or some of them in one mode only: the paper draws off answers for a random share of the prompts
    that are answered with reasoning on (arXiv 2505.00949, section 3.2), `off_share`. Each prompt
    is drawn once, by the hash of the run's seed and its id, so that the prompts of the smaller
    share are among those of the larger.
    """

    samples_on: int
    samples_off: int
    on: Elicitation = Elicitation()
    off: Elicitation = Elicitation()
    shots: Mapping[str, tuple[Shot, ...]] = field(default_factory=dict)
    """Worked examples by prompt source."""
    on_share: float = field(default=1.0, repr=False)
    """The share of the prompts, in [0, 1], that are asked with reasoning on."""
    off_share: float = field(default=1.0, repr=False)
    """The share of the prompts, in [0, 1], that are asked with reasoning off."""
    empty_trace: bool = field(default=False, repr=False)
    """Whether on answers are the off answers after an empty think block, as in released safety
    rows; drawn as those are, by their teacher, and not asked for again."""

    def __post_init__(self) -> None:
        for mode in MODES:
            if not 0 <= self.share(mode) <= 1:
                raise ValueError(f"{mode}_share must be in [0, 1], got {self.share(mode)}")
        if max(self.on_share, self.off_share) < 1:
            raise ValueError(
                "on_share or off_share must be 1: a prompt that is asked in no mode is better not "
                f"drawn, got {self.on_share} and {self.off_share}"
            )

    def samples(self, mode: Mode) -> int:
        """Answers to each prompt in a mode."""
        return self.samples_on if mode == "on" else self.samples_off

    def share(self, mode: Mode) -> float:
        """The share of the prompts that are asked in a mode."""
        return self.on_share if mode == "on" else self.off_share

    def asked_as(self, mode: Mode) -> Mode:
        """The mode of the requests behind the answers in a mode; they are paid on its account."""
        return "off" if self.empty_trace else mode

    def asks(self, mode: Mode, prompt_id: str, seed: int) -> bool:
        """Whether a prompt is asked in a mode.

        Args:
            mode: the mode.
            prompt_id: the prompt's.
            seed: the run's.
        """
        share = self.share(mode)
        return share == 1 or seeded(seed, "pairing", prompt_id).random() < share


@dataclass(frozen=True, slots=True)
class Dedup:
    """Drop repeated prompts, over all of them, or repeated responses to one prompt in one mode."""

    method: Exact | MinHash
    on: Literal["prompt", "response"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """Have a teacher take part in writing the prompts: extract, classify, rewrite, make new ones.

    What its writer reads from the replies takes the prompt's place; what it rejects is kept with
    the reason and goes no further.
    """

    teacher: str
    """A name in the recipe's `[teachers]`."""
    writer: Writer
    role: str = "writer"
    """The key of the page's table that names the teacher."""
    samples: int = 1
    """Times that each prompt is asked about."""
    beside: bool = False
    """Whether the prompt itself stays, with what is made of it."""
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.0))

    def __post_init__(self) -> None:
        if self.samples > 1 and self.sampling.temperature == 0:
            raise ValueError(
                f"{self.role}: greedy replies to one question are all the same; give it a "
                "temperature, or one sample"
            )

    @property
    def most(self) -> int:
        """Prompts that one prompt becomes, at most."""
        return self.samples * self.writer.most + self.beside


@dataclass(frozen=True, kw_only=True, slots=True)
class Decontaminate:
    """Drop prompts that hold an item of a benchmark set, or pose the same problem.

    The recipe's table `[decontaminate]` changes any of it.
    """

    against: tuple[str, ...] = ()
    """Files, ids of the Hub, and names of sets that ship in packages, such as `human-eval`."""
    ngrams: Ngrams | None = field(default_factory=Ngrams)
    embedding: Embedding | None = None
    judge: tuple[str, ...] = ()
    """Names in the recipe's `[teachers]`: what is near by embedding is dropped where one of them
    says that it is the same problem; they are asked in turn until one does. None drops all that is
    near."""
    both_orders: bool = False
    """A judge that says no is asked again with the texts swapped: a yes in either order counts."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """What the content of sets must be, by name."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep the responses that a filter keeps; those already dropped are not judged."""

    filter: Filter
    modes: tuple[Mode, ...] = MODES
    """The modes that it judges; responses in another one pass by."""


@dataclass(frozen=True, slots=True)
class KeepGroup:
    """Keep the responses that a filter keeps beside the others to the same prompt and mode."""

    filter: GroupFilter
    modes: tuple[Mode, ...] = MODES
    """The modes that it judges; responses in another one pass by."""


@dataclass(frozen=True, slots=True)
class Refer:
    """Give prompts without a gold answer a reference that their own answers settle on.

    What stands after it checks against the reference; responses to prompts that have neither are
    dropped.
    """

    filter: Referee
    replaces: Filter | None = None
    """The check for which a gold answer gives way to the reference when none of the prompt's
    responses passes it, and each can be judged; None where gold answers stand."""


Filtering = Dedup | Keep | KeepGroup | Refer
Screening = Dedup | Decontaminate
"""What prompts pass before any is asked."""
Step = Write | Ask | Filtering | Graded | Decontaminate


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
            before = isinstance(step, Write | Decontaminate) or (
                isinstance(step, Dedup) and step.on == "prompt"
            )
            assert before == (position < asks[0]) or position == asks[0], (
                f"{self.name}: {step} stands on the wrong side of the Ask"
            )
        assert self.steps[: len(self.writes)] == self.writes, f"{self.name}: a Write is not first"
        assert sum(isinstance(step, Decontaminate) for step in self.steps) <= 1, self.name
        columns = [step.column for step in self.graded]
        assert len(columns) == len(set(columns)), f"{self.name}: columns {columns} repeat"
        for place, step in enumerate(self.graded):
            if isinstance(step, AskEdit) and step.feedback:
                said = {
                    m for s in self.graded[:place] if s.column == step.feedback for m in s.modes
                }
                assert said >= set(step.modes), f"{self.name}: {step.column} lacks its feedback"

    @property
    def ask(self) -> Ask:
        """The step that asks the teacher."""
        return next(step for step in self.steps if isinstance(step, Ask))

    def with_ask(self, **fields: Any) -> "Pipeline":
        """The pipeline with other fields of its Ask."""
        new = dataclasses.replace(self.ask, **fields)
        steps = tuple(new if step is self.ask else step for step in self.steps)
        return dataclasses.replace(self, steps=steps)

    @property
    def writes(self) -> tuple[Write, ...]:
        """The steps in which teachers take part in writing the prompts, in order."""
        return tuple(step for step in self.steps if isinstance(step, Write))

    @property
    def most(self) -> int:
        """Prompts that one prompt of the source becomes, at most."""
        return math.prod(step.most for step in self.writes)

    @property
    def num_prompts(self) -> int:
        """Positions of prompts; those that no prompt took stay free."""
        return self.source.num_prompts * self.most

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
        """The steps that ask a teacher about responses, in order."""
        return tuple(step for step in self.steps if isinstance(step, Graded))

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
        steps = tuple(_checking_by(gold, step) for step in steps)
        return dataclasses.replace(self, steps=steps, gold=gold)

    def fingerprint(self) -> str:
        """A hash of all that the pipeline puts into the data: texts, shots, filters, versions."""
        methods = [_method(step) for step in self.filtering]
        versions = [(method.name, repr(method)) for method in methods]
        asked = [*map(repr, self.writes), repr(self.ask), *map(repr, self.graded)]
        for each in (self.ask, self.ask.on, self.ask.off, *self.graded):
            asked += _set_besides(each)
        asked += [
            f"{_recipe_name(step)} in {step.modes}"
            for step in self.filtering
            if isinstance(step, Keep | KeepGroup) and step.modes != MODES
        ]
        asked += [repr(s) for s in self.steps if isinstance(s, Refer) and s.replaces]
        gold = self.gold.name if self.gold else None
        return digest(repr(self.source), asked, versions, gold, self.notes, size=8)


def _checking_by(gold: Verifier | None, step: Step) -> Step:
    """A step whose own copy of the correctness check, if it has one, is the given one."""
    if isinstance(step, Refer) and gold and step.replaces and step.replaces.name == gold.name:
        return dataclasses.replace(step, replaces=gold)
    if isinstance(step, AskJudge) and gold and (own := step.undecided_by) and own.name == gold.name:
        return dataclasses.replace(step, undecided_by=gold)
    return step


def _set_besides(each: Ask | Elicitation | Graded) -> list[str]:
    """What is set of the fields that came later and are not in the `repr`.

    A pipeline that does not use them has the fingerprint that it had before.
    """
    hidden = [field.name for field in dataclasses.fields(each) if not field.repr]
    default = {f.name: f.default for f in dataclasses.fields(each)}
    return [
        f"{type(each).__name__}.{name}={getattr(each, name)!r}"
        for name in hidden
        if getattr(each, name) != default[name]
    ]


def _method(step: Filtering) -> Any:
    return step.method if isinstance(step, Dedup) else step.filter


def _recipe_name(step: Filtering) -> str:
    """`final_answer`; `prompt_minhash` and `response_minhash` where a method stands twice."""
    name = str(_method(step).name).rpartition(".")[0]
    return f"{step.on}_{name}" if isinstance(step, Dedup) else name
