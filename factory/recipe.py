"""A recipe: which pipeline, how much, which teacher, which limits; a TOML file.

    pipeline = "math"                # a page in pipelines/
    version = "v1"
    seed = 42
    used_in_training = ["SmolLM2-135M"]

    [math]                           # the page's own fields
    num_prompts = 64

    [teacher]                        # or several, [teachers.<name>]; then [ask] says who answers
    kind = "bundled"

    [sampling.on]
    temperature = 0.6

    [decontaminate]                  # what prompts are checked against, see its own module
    against = ["human-eval"]

    [filters.final_answer]           # any field of any filter of the page, and of those in `keep`
    timeout_s = 5

    [limits]                         # how, not what: may differ between two starts of a run
    part_size = 16

What changes the data is hashed; a run directory takes only the recipe that it was started with.
"""

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from factory import decontaminate_table
from factory import rows as rows_table
from factory.assume import Assume
from factory.config import build, nearest, read_toml, set_keys, settings
from factory.errors import ConfigError
from factory.pipeline import Pipeline
from factory.quota import AcceptByMode
from factory.records import MODES, Mode, Sampling
from factory.rows import Rows
from factory.seeds import digest
from factory.steps import Editing
from factory.teachers import TeacherConfig
from factory.teachers.models import is_local


@settings
class SamplingByMode:
    """Tables `[sampling.on]` and `[sampling.off]`; off is greedy unless the recipe says more."""

    on: Sampling = Sampling()
    off: Sampling = Sampling(temperature=0.0)


@settings
class Answerers:
    """Who answers in each mode: weights by teacher, or a single name."""

    on: dict[str, float] = field(default_factory=dict)
    off: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for mode, weights in (("on", self.on), ("off", self.off)):
            for name, weight in weights.items():
                if not 0 < weight < float("inf"):
                    raise ValueError(f"{mode}.{name} must be > 0, got {weight}")


@settings
class AskTable(Answerers):
    """Table `[ask]`: which teachers answer; `[ask.domains.<domain>]` says it for one domain."""

    domains: dict[str, Answerers] = field(default_factory=dict)


@settings
class RlTable:
    """Table `[rl]`: which prompts config RL publishes, by their pass rate with reasoning on.

    The paper leaves out what the model to be trained solves in three of four tries
    (`pass_rate_below = 0.75`; arXiv 2505.00949, section 5.1, where it is LN-Super's rate). The
    rate here is the recipe's teacher's, so that the default leaves out nothing.
    """

    pass_rate_low: float = 0.0
    """Inclusive, in [0, 1]."""
    pass_rate_below: float | None = None
    """Exclusive, in (0, 1]; null for no limit."""

    def __post_init__(self) -> None:
        if not 0 <= self.pass_rate_low <= 1:
            raise ValueError(f"pass_rate_low must be in [0, 1], got {self.pass_rate_low}")
        below = self.pass_rate_below
        if below is not None and not self.pass_rate_low < below <= 1:
            raise ValueError(f"pass_rate_below must be in (pass_rate_low, 1], got {below}")

    def reason(self, pass_rate: float | None) -> str:
        """Why a prompt is left out, empty where it is not."""
        if pass_rate is None:
            return ""  # nothing was judged: there is no rate to cut by
        if pass_rate < self.pass_rate_low:
            return "too_hard"
        below = self.pass_rate_below
        return "too_easy" if below is not None and pass_rate >= below else ""


@settings
class Limits:
    """Table `[limits]`: what may differ between two starts of a run without changing its data."""

    part_size: int = 64
    """Prompts in a part, the unit of work and of restart. A run keeps the one it began with."""
    max_error_share: float = 0.1
    """Share of failed requests, in [0, 1], above which a run counts as incomplete."""
    max_cost: float | None = None
    """US dollars that the run may cost in all, over all its starts, at the teachers' prices."""
    max_tokens: int | None = None
    """Prompt and completion tokens that the run may pay for in all, over all its starts."""

    def __post_init__(self) -> None:
        if self.part_size < 1:
            raise ValueError(f"part_size must be > 0, got {self.part_size}")
        if not 0 <= self.max_error_share <= 1:
            raise ValueError(f"max_error_share must be in [0, 1], got {self.max_error_share}")
        for name in ("max_cost", "max_tokens"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ValueError(f"{name} must be >= 0, got {value}")


@settings
class Recipe:
    """A whole recipe, but for the pipeline's own table."""

    pipeline: str
    teacher: TeacherConfig | None = None
    """The one teacher, where there is one."""
    teachers: dict[str, TeacherConfig] = field(default_factory=dict)
    """Teachers by name, where there are several."""
    ask: AskTable = AskTable()
    version: str = "v1"
    """Release of the dataset; part of the shards' names."""
    seed: int = 42
    used_in_training: tuple[str, ...] = ()
    """The students that the data is meant for."""
    rows_per_shard: int = 100_000
    sampling: SamplingByMode = SamplingByMode()
    accept: AcceptByMode = AcceptByMode()
    rl: RlTable = RlTable()
    keep: tuple[str, ...] = ()
    """Further filters that responses must pass after the page's own: `personal_data`, or a
    heuristic of NeMo Curator, `curator.WordCountFilter`."""
    decontaminate: dict[str, Any] = field(default_factory=dict)
    """See `factory.decontaminate_table`."""
    filters: dict[str, dict[str, Any]] = field(default_factory=dict)
    limits: Limits = Limits()
    assume: Assume | None = None

    def __post_init__(self) -> None:
        if not 0 < self.rows_per_shard <= 10_000_000:
            raise ValueError(f"rows_per_shard must be in [1, 10000000], got {self.rows_per_shard}")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.]{0,31}", self.version):
            text = "1 to 32 letters, digits and dots, no dot first"
            raise ValueError(f"version must be {text}, got {self.version!r}")
        self._check_teachers()
        for mode in MODES:
            accept, sampling = self.accept[mode], getattr(self.sampling, mode)
            if accept.rows and accept.max_samples > 1 and sampling.temperature == 0:
                raise ValueError(
                    f"sampling.{mode}.temperature must be > 0 where accept.{mode}.rows are asked "
                    "for: greedy samples of one prompt are all the same, got 0"
                )

    def _check_teachers(self) -> None:
        if bool(self.teacher) == bool(self.teachers):
            both = "and [teachers] cannot stand together" if self.teacher else "is missing"
            raise ValueError(
                f"teacher {both}; name one in [teacher], or several in [teachers.NAME]"
            )
        for name in self.teachers:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", name):
                raise ValueError(f"teachers.{name} must be 1 to 32 letters, digits, - and _")
        for where, table in {"ask": self.ask, **self._domain_tables()}.items():
            for mode in MODES:
                for name in getattr(table, mode):
                    if name not in self.by_name:
                        hint = nearest(name, self.by_name)
                        raise ValueError(f"{where}.{mode} names no teacher: {name!r}{hint}")
        if len(self.by_name) > 1:
            for mode in MODES:
                if not getattr(self.ask, mode):
                    raise ValueError(f"ask.{mode} is missing; name the teacher that answers")

    def _domain_tables(self) -> dict[str, Answerers]:
        return {f"ask.domains.{name}": table for name, table in self.ask.domains.items()}

    @property
    def by_name(self) -> dict[str, TeacherConfig]:
        """All teachers; a single one is called `teacher`."""
        return {"teacher": self.teacher} if self.teacher else self.teachers

    def without_limits(self) -> "Recipe":
        """The same with teachers that may be asked as fast as they answer."""
        fast = {
            name: dataclasses.replace(config, requests_per_minute=0, tokens_per_minute=0)
            for name, config in self.by_name.items()
        }
        if self.teacher:
            return dataclasses.replace(self, teacher=fast["teacher"])
        return dataclasses.replace(self, teachers=fast)

    def answerers(self, domain: str, mode: Mode) -> dict[str, float]:
        """Weights by name of the teachers that answer prompts of a domain in a mode."""
        special = self.ask.domains.get(domain, Answerers())
        weights: dict[str, float] = getattr(special, mode) or getattr(self.ask, mode)
        return weights or {next(iter(self.by_name)): 1.0}


@dataclass(frozen=True, kw_only=True)
class LoadedRecipe:
    """A recipe as it was read."""

    path: Path
    recipe: Recipe
    options: dict[str, Any]
    """The table named for the pipeline, for its page to read."""

    def without_accept(self) -> "LoadedRecipe":
        """The same, but for a wish for a number of accepted rows."""
        recipe = dataclasses.replace(self.recipe, accept=AcceptByMode())
        return dataclasses.replace(self, recipe=recipe)

    def with_filters(self, tables: Mapping[str, dict[str, Any]]) -> "LoadedRecipe":
        """The same with more fields of filters set, as `--set` says."""
        merged = {name: dict(table) for name, table in self.recipe.filters.items()}
        for name, table in tables.items():
            merged[name] = {**merged.get(name, {}), **table}
        return dataclasses.replace(self, recipe=dataclasses.replace(self.recipe, filters=merged))


def load_recipe(path: Path, changes: Sequence[str] = ()) -> LoadedRecipe:
    """Read a recipe.

    Args:
        path: of the file.
        changes: keys that are set instead, `math.num_prompts=100`.

    Raises:
        ConfigError: naming the file, the key, the value and the way out.
    """
    table = read_toml(path)
    set_keys(table, changes)
    name = table.get("pipeline")
    if not isinstance(name, str) or name in Recipe.__dataclass_fields__ or not name:
        raise ConfigError(f'{path}: pipeline must name a pipeline, such as "math", got {name!r}')
    _spell_out(table.get("ask"))
    options = table.pop(name, {})
    if not isinstance(options, dict):
        raise ConfigError(f"{path}: {name} must be a table, got {options!r}")
    stray = [key for key in table if key not in Recipe.__dataclass_fields__]
    if stray:
        known = [*Recipe.__dataclass_fields__, name]
        raise ConfigError(f"{path}: unknown key {stray[0]}{nearest(stray[0], known)}")
    return LoadedRecipe(path=path, recipe=build(Recipe, table, where=str(path)), options=options)


def _spell_out(table: Any) -> None:
    """`on = "name"` in an `[ask]` table as weights, in place."""
    if isinstance(table, dict):
        for mode in MODES:
            if isinstance(table.get(mode), str):
                table[mode] = {table[mode]: 1.0}
        domains = table.get("domains")
        for inner in domains.values() if isinstance(domains, dict) else ():
            _spell_out(inner)


@dataclass(frozen=True, kw_only=True)
class Job:
    """All that decides what a run produces: the recipe and the pipeline built from it."""

    recipe: Recipe
    pipeline: Pipeline
    options: dict[str, Any]
    """The pipeline's own table, complete."""
    rows: Mapping[str, Rows] = field(default_factory=dict)
    """The tables of rows in it, by dotted key."""

    @property
    def num_prompts(self) -> int:
        """Positions of prompts, see `Pipeline.num_prompts`."""
        return self.pipeline.num_prompts

    def first_samples(self, mode: Mode) -> int:
        """Answers that every prompt gets, before any gets more."""
        samples, accept = self.pipeline.ask.samples(mode), self.recipe.accept[mode]
        return min(samples, accept.max_samples) if accept.rows else samples

    def sampling(self, mode: Mode) -> Sampling:
        """How answers in a mode are drawn."""
        asked = self.pipeline.ask.asked_as(mode)
        return self.recipe.sampling.on if asked == "on" else self.recipe.sampling.off

    def answerers(self) -> list[str]:
        """The teachers that answer prompts, in the recipe's order."""
        domains = ("", *self.recipe.ask.domains)
        used = {n for d in domains for mode in MODES for n in self.recipe.answerers(d, mode)}
        return [name for name in self.recipe.by_name if name in used]

    def editors(self) -> dict[str, str]:
        """The teachers that have a hand in how answers read, by the column of what they say."""
        return {s.column: s.teacher for s in self.pipeline.graded if isinstance(s, Editing)}

    def teachers(self) -> dict[str, TeacherConfig]:
        """All teachers that the run needs: those that answer, judges, reward models."""
        asked = (*self.pipeline.writes, *self.pipeline.graded)
        used = {*self.answerers(), *(step.teacher for step in asked)}
        if (checks := self.pipeline.decontaminate) and checks.against:
            used.update(checks.judge)
        return {name: config for name, config in self.recipe.by_name.items() if name in used}

    def as_table(self) -> dict[str, Any]:
        """The resolved recipe, every default filled in, as TOML would hold it."""
        table: dict[str, Any] = _plain(dataclasses.asdict(self.recipe))
        table["filters"] = _plain(self.pipeline.filter_settings())
        if checks := self.pipeline.decontaminate:
            table["decontaminate"] = _plain(decontaminate_table.as_table(checks))
        table[self.recipe.pipeline] = _plain(self.options)
        return table

    def to_toml(self) -> str:
        """The resolved recipe as a file that `load_recipe` reads."""
        return tomli_w.dumps(self.as_table())

    def data_table(self) -> dict[str, Any]:
        """The part of the resolved recipe that changes the data; no addresses and no paths."""
        table = self.as_table()
        del table["limits"]
        table.pop("assume", None)
        if checks := self.pipeline.decontaminate:
            table["decontaminate"] = _plain(decontaminate_table.data_table(checks))
        for path in self.limit_keys():
            owner, key = _owner(table, path)
            owner.pop(key, None)
        for path, rows in self.rows.items():
            owner, key = _owner(table[self.recipe.pipeline], path)
            owner[key] = _plain(rows_table.data_table(rows))
        for name, config in self.recipe.by_name.items():
            own = table["teachers"][name] if self.recipe.teachers else table["teacher"]
            if os.sep in own.get("model", "") and is_local(own["model"]):
                own["model"], own["revision"] = config.identity()
        return table

    def limit_keys(self) -> set[str]:
        """The teachers' keys that change no data, such as `teacher.price`."""
        recipe = self.recipe
        prefixes = {name: f"teachers.{name}" for name in recipe.teachers} or {"teacher": "teacher"}
        return {
            f"{prefix}.{key}"
            for name, prefix in prefixes.items()
            for key in type(recipe.by_name[name]).limits
        }

    def hash(self) -> str:
        """The identity of what the run produces: recipe and pipeline, 16 hexadecimal digits."""
        checks = self.pipeline.decontaminate
        versions = decontaminate_table.versions(checks) if checks else []
        return digest(self.data_table(), self.pipeline.fingerprint(), *versions, size=8)


def _owner(table: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """The table that holds a dotted key, and the key there."""
    *keys, last = path.split(".")
    for key in keys:
        table = table.get(key, {})
    return table, last


def _plain(value: Any) -> Any:
    """Tuples as lists and nothing that is None, for TOML."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
