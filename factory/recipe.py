"""A recipe: which pipeline, how much, which teacher, which limits; a TOML file.

    pipeline = "math"                # a page in pipelines/
    version = "v1"
    seed = 42
    used_in_training = ["SmolLM2-135M"]

    [math]                           # the page's own fields
    num_prompts = 64

    [teacher]
    kind = "bundled"

    [sampling.on]
    temperature = 0.6

    [filters.final_answer]           # any field of any filter of the page
    timeout_s = 5

    [limits]                         # how, not what: may differ between two starts of a run
    part_size = 16

What changes the data is hashed; a run directory takes only the recipe that it was started with.
"""

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from factory.config import build, nearest, read_toml, settings
from factory.errors import ConfigError
from factory.records import Mode, Sampling
from factory.seeds import digest
from factory.steps import Pipeline
from factory.teachers import TeacherConfig


@settings
class SamplingByMode:
    """Tables `[sampling.on]` and `[sampling.off]`; off is greedy unless the recipe says more."""

    on: Sampling = Sampling()
    off: Sampling = Sampling(temperature=0.0)


@settings
class Limits:
    """Table `[limits]`: what may differ between two starts of a run without changing its data."""

    part_size: int = 64
    """Prompts in a part, the unit of work and of restart. A run keeps the one it began with."""
    max_error_share: float = 0.1
    """Share of failed requests, in [0, 1], above which a run counts as incomplete."""

    def __post_init__(self) -> None:
        if self.part_size < 1:
            raise ValueError(f"part_size must be > 0, got {self.part_size}")
        if not 0 <= self.max_error_share <= 1:
            raise ValueError(f"max_error_share must be in [0, 1], got {self.max_error_share}")


@settings
class Recipe:
    """A whole recipe, but for the pipeline's own table."""

    pipeline: str
    teacher: TeacherConfig
    version: str = "v1"
    """Release of the dataset; part of the shards' names."""
    seed: int = 42
    used_in_training: tuple[str, ...] = ()
    """The students that the data is meant for."""
    rows_per_shard: int = 100_000
    sampling: SamplingByMode = SamplingByMode()
    filters: dict[str, dict[str, Any]] = field(default_factory=dict)
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not 0 < self.rows_per_shard <= 10_000_000:
            raise ValueError(f"rows_per_shard must be in [1, 10000000], got {self.rows_per_shard}")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.]{0,31}", self.version):
            text = "1 to 32 letters, digits and dots, no dot first"
            raise ValueError(f"version must be {text}, got {self.version!r}")


@dataclass(frozen=True, kw_only=True)
class LoadedRecipe:
    """A recipe as it was read."""

    path: Path
    recipe: Recipe
    options: dict[str, Any]
    """The table named for the pipeline, for its page to read."""


def load_recipe(path: Path) -> LoadedRecipe:
    """Read a recipe.

    Raises:
        ConfigError: naming the file, the key, the value and the way out.
    """
    table = read_toml(path)
    name = table.get("pipeline")
    if not isinstance(name, str) or name in Recipe.__dataclass_fields__ or not name:
        raise ConfigError(f'{path}: pipeline must name a pipeline, such as "math", got {name!r}')
    options = table.pop(name, {})
    if not isinstance(options, dict):
        raise ConfigError(f"{path}: {name} must be a table, got {options!r}")
    stray = [key for key in table if key not in Recipe.__dataclass_fields__]
    if stray:
        known = [*Recipe.__dataclass_fields__, name]
        raise ConfigError(f"{path}: unknown key {stray[0]}{nearest(stray[0], known)}")
    return LoadedRecipe(path=path, recipe=build(Recipe, table, where=str(path)), options=options)


@dataclass(frozen=True, kw_only=True)
class Job:
    """All that decides what a run produces: the recipe and the pipeline built from it."""

    recipe: Recipe
    pipeline: Pipeline
    options: dict[str, Any]
    """The pipeline's own table, complete."""

    def sampling(self, mode: Mode) -> Sampling:
        """How answers in a mode are drawn."""
        return self.recipe.sampling.on if mode == "on" else self.recipe.sampling.off

    def as_table(self) -> dict[str, Any]:
        """The resolved recipe, every default filled in, as TOML would hold it."""
        table: dict[str, Any] = _plain(dataclasses.asdict(self.recipe))
        table["filters"] = _plain(self.pipeline.filter_settings())
        table[self.recipe.pipeline] = _plain(self.options)
        return table

    def to_toml(self) -> str:
        """The resolved recipe as a file that `load_recipe` reads."""
        return tomli_w.dumps(self.as_table())

    def data_table(self) -> dict[str, Any]:
        """The part of the resolved recipe that changes the data."""
        table = self.as_table()
        del table["limits"]
        limits = type(self.recipe.teacher).limits
        table["teacher"] = {k: v for k, v in table["teacher"].items() if k not in limits}
        return table

    def hash(self) -> str:
        """The identity of what the run produces: recipe and pipeline, 16 hexadecimal digits."""
        return digest(self.data_table(), self.pipeline.fingerprint(), size=8)


def _plain(value: Any) -> Any:
    """Tuples as lists and nothing that is None, for TOML."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
