"""A domain's pipeline: a prompt source and an ordered list of steps.

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
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from factory.config import build, nearest
from factory.errors import ConfigError
from factory.records import MODES, Verifier
from factory.seeds import digest
from factory.sources import Source
from factory.steps import (
    Ask,
    AskEdit,
    AskJudge,
    Decontaminate,
    Dedup,
    Elicitation,
    Filtering,
    Graded,
    Keep,
    KeepGroup,
    Refer,
    Screening,
    Step,
    Write,
)


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
