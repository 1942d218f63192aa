"""What a domain's page is made of: a prompt source and an ordered list of steps.

    Pipeline(
        name="math",
        source=ProceduralMath(...),
        gold=FinalAnswer(),
        steps=(
            Dedup(Exact(), on="prompt"),          # nothing is paid before the Ask
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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from factory.config import build, nearest
from factory.dedup import Exact, MinHash
from factory.errors import ConfigError
from factory.records import Filter, GroupFilter, Prompt
from factory.seeds import digest


class Source(Protocol):
    """Where prompts come from."""

    num_prompts: int

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        """The prompts at positions [start, stop), the same ones for every division into parts."""
        ...


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


@dataclass(frozen=True, slots=True)
class Dedup:
    """Drop repeated prompts, over all of them, or repeated responses to one prompt in one mode."""

    method: Exact | MinHash
    on: Literal["prompt", "response"]


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep the responses that a filter keeps; those already dropped are not judged."""

    filter: Filter


@dataclass(frozen=True, slots=True)
class KeepGroup:
    """Keep the responses that a filter keeps beside the others to the same prompt and mode."""

    filter: GroupFilter


Step = Ask | Dedup | Keep | KeepGroup


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """One domain, from its prompts to its kept responses. Picklable: it travels to the workers."""

    name: str
    source: Source
    gold: Filter | None
    """The correctness check, which every gold answer must pass before a teacher is asked; its
    name is the records' `verifier`. None where nothing can be checked."""
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    """What the card has to say about how this domain was made."""

    def __post_init__(self) -> None:
        asks = [position for position, step in enumerate(self.steps) if isinstance(step, Ask)]
        assert len(asks) == 1, f"{self.name}: a pipeline has one Ask, got {len(asks)}"
        for position, step in enumerate(self.steps):
            before = isinstance(step, Dedup) and step.on == "prompt"
            assert before == (position < asks[0]) or position == asks[0], (
                f"{self.name}: {step} stands on the wrong side of the Ask"
            )

    @property
    def ask(self) -> Ask:
        """The step that asks the teacher."""
        return next(step for step in self.steps if isinstance(step, Ask))

    @property
    def prompt_dedups(self) -> tuple[Exact | MinHash, ...]:
        """The dedup methods that prompts pass, in order."""
        return tuple(s.method for s in self.steps if isinstance(s, Dedup) and s.on == "prompt")

    @property
    def response_steps(self) -> tuple[Step, ...]:
        """The steps after the Ask, in order."""
        return self.steps[self.steps.index(self.ask) + 1 :]

    def filter_settings(self) -> dict[str, dict[str, Any]]:
        """Every field of every filter, by the filter's name without version."""
        return {
            _short(method): dataclasses.asdict(method)
            for method in map(_method, self.steps)
            if method and dataclasses.fields(method)
        }

    def with_filter_settings(self, tables: Mapping[str, dict[str, Any]], where: str) -> "Pipeline":
        """The pipeline with fields of its filters replaced, as `[filters.<name>]` says.

        Raises:
            ConfigError: a filter or field that does not exist, or a value that does not fit.
        """
        known = {_short(method): method for method in map(_method, self.steps) if method}
        for name in tables:
            if name not in known:
                hint = nearest(name, known)
                raise ConfigError(f"{where}: unknown key filters.{name}{hint}")

        def change(step: Step) -> Step:
            method = _method(step)
            table = tables.get(_short(method)) if method else None
            if not table:
                return step
            merged = {**dataclasses.asdict(method), **table}  # type: ignore[call-overload]
            new = build(type(method), merged, where=where, prefix=f"filters.{_short(method)}")
            field_name = "method" if isinstance(step, Dedup) else "filter"
            return dataclasses.replace(step, **{field_name: new})

        gold = change(Keep(self.gold)) if self.gold else None
        assert gold is None or isinstance(gold, Keep)
        steps = tuple(map(change, self.steps))
        return dataclasses.replace(self, steps=steps, gold=gold and gold.filter)

    def fingerprint(self) -> str:
        """A hash of all that the pipeline puts into the data: texts, shots, filters, versions."""
        return digest(repr(self), size=8)


def _method(step: Step) -> Any:
    match step:
        case Dedup():
            return step.method
        case Keep() | KeepGroup():
            return step.filter
    return None


def _short(method: Any) -> str:
    return str(method.name).rpartition(".")[0]
