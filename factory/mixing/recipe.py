"""A mixture's recipe: what goes in, how much of it, and in which order.

mixture = "nano"
seed = 42

[domains.math]
data = "runs/math-small/dataset"   # a dataset directory, a run, files, or an id of the Hub
rows = 50_000                      # at most
on_share = 0.5                     # of them, with reasoning on

[domains.science]
data = "runs/science-small"
rl_rows = 500                      # of its prompts for reinforcement learning at most; else all
max_copies = 4.0                   # rows may stand so often, where more are wanted
topics = {chemistry = 3.0}         # how much more of a topic than there is of others

[held_out]                         # splits of their own, by prompt and what is near to it
validation = 0.01
test = 0.01

[[stages]]                         # each becomes a split; without, there is one of everything
name = "stage1"
domains = ["math", "science"]
modes = ["on"]
order = "short_to_long"
"""

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from factory.config import build, nearest, settings
from factory.errors import ConfigError
from factory.records import MODES

_MOST_ROWS = 10**12


@settings
class Ingredient:
    """Table `[domains.<name>]`."""

    data: str
    """A dataset directory of a run, a run, a file, a directory, a pattern, or an id of the Hub."""
    config: str | None = None
    """Of the Hub; `RL` says of files, too, that they hold prompts for reinforcement learning."""
    split: str | None = None
    """Of the Hub, or of a directory that holds several domains, such as a release."""
    rows: int | None = None
    """At most; without, all there are, or the share that `weight` gives."""
    rl_rows: int | None = None
    """Rows of its configuration RL at most; without, all there are; 0 takes none."""
    weight: float | None = None
    """Of the mixture's `rows`, against the weights of the others."""
    on_share: float | None = None
    """Share of the rows taken that have reasoning on; without, what there is."""
    max_copies: float = 1.0
    """How often a row may stand at most, where more rows are wanted than there are."""
    topics: dict[str, float] = field(default_factory=dict)
    """How often a row of a topic stands for each time that another one does."""

    def __post_init__(self) -> None:
        if self.split is not None and not re.fullmatch(r"[\w.-]*\w", self.split):
            raise ValueError(f"split must be the name of one, got {self.split!r}")
        if self.rows is not None and not 0 < self.rows <= _MOST_ROWS:
            raise ValueError(f"rows must be in [1, {_MOST_ROWS}], got {self.rows}")
        if self.rl_rows is not None and self.rl_rows < 0:
            raise ValueError(f"rl_rows must be >= 0, got {self.rl_rows}")
        if self.rows is not None and self.weight is not None:
            raise ValueError(f"rows and weight cannot stand together, got {self.rows}")
        if self.weight is not None and not 0 < self.weight < float("inf"):
            raise ValueError(f"weight must be > 0, got {self.weight}")
        if self.on_share is not None and not 0 <= self.on_share <= 1:
            raise ValueError(f"on_share must be in [0, 1], got {self.on_share}")
        if not 1 <= self.max_copies < float("inf"):
            raise ValueError(f"max_copies must be >= 1, got {self.max_copies}")
        for topic, times in self.topics.items():
            if not 0 <= times < float("inf"):
                raise ValueError(f"topics.{topic} must be >= 0, got {times}")


@settings
class Stage:
    """Table `[[stages]]`: one split of the mixture."""

    name: str
    domains: tuple[str, ...] = ()
    """Those that are in it; none: all."""
    modes: tuple[Literal["on", "off"], ...] = MODES
    order: Literal["shuffled", "short_to_long"] = "shuffled"
    """`short_to_long`: rows with reasoning on and off each by length, and these two interleaved."""
    rows: int | None = None
    """At most; the domains keep their proportions."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", self.name):
            text = "1 to 32 small letters, digits and underscores"
            raise ValueError(f"name must be {text}, got {self.name!r}")
        if not self.modes:
            raise ValueError("modes must name at least one of on and off, got none")
        if self.rows is not None and self.rows < 1:
            raise ValueError(f"rows must be > 0, got {self.rows}")


@settings
class HeldOut:
    """Table `[held_out]` of a mixture's recipe."""

    validation: float = 0.0
    """Share of the prompts, in [0, 1)."""
    test: float = 0.0
    near: float = 0.8
    """Jaccard similarity of word 5-grams, in (0, 1], from which prompts stand on one side; 0 where
    only equal ones do."""

    def __post_init__(self) -> None:
        for name in ("validation", "test"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be in [0, 1), got {getattr(self, name)}")
        if not 0 < (total := self.validation + self.test) < 1:
            raise ValueError(f"validation + test must be above 0 and below 1, got {total}")
        if not 0 <= self.near <= 1:
            raise ValueError(f"near must be in [0, 1], got {self.near}")


@settings
class MixRecipe:
    """A whole recipe of a mixture."""

    mixture: str
    """Its name."""
    domains: dict[str, Ingredient]
    version: str = "v1"
    seed: int = 42
    rows: int | None = None
    """Rows in all, which the domains' weights divide."""
    rows_per_shard: int = 100_000
    used_in_training: str = ""
    """Only rows that are meant for this student, such as `Nano`; empty: all."""
    keep: tuple[str, ...] = ()
    """Filters that answers must pass, by their names, in this order."""
    filters: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Fields of filters in `keep`, `[filters.<name>]`."""
    stages: tuple[Stage, ...] = (Stage(name="train"),)
    held_out: HeldOut | None = None

    def __post_init__(self) -> None:
        if self.rows is not None and not 0 < self.rows <= _MOST_ROWS:
            raise ValueError(f"rows must be in [1, {_MOST_ROWS}], got {self.rows}")
        if not self.domains:
            raise ValueError("domains must name at least one dataset, got none")
        for name in self.domains:
            if not re.fullmatch(r"[A-Za-z]\w{0,63}", name, re.ASCII):
                text = "a letter, then letters, digits and underscores"
                raise ValueError(f"domains must be named by {text}, got {name!r}")
        if not 0 < self.rows_per_shard <= 10_000_000:
            raise ValueError(f"rows_per_shard must be in [1, 10000000], got {self.rows_per_shard}")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.]{0,31}", self.version):
            text = "1 to 32 letters, digits and dots, no dot first"
            raise ValueError(f"version must be {text}, got {self.version!r}")
        if not self.stages:
            raise ValueError("stages must name at least one split, got none")
        if not self.mixture.strip() or not self.mixture.isprintable():
            raise ValueError(f"mixture must be a name in one line, got {self.mixture!r}")
        weighted = [name for name, each in self.domains.items() if each.weight is not None]
        if bool(weighted) != (self.rows is not None):
            raise ValueError(
                f"rows must stand with the domains' weights, and only then, got {self.rows}"
            )
        names = [stage.name for stage in self.stages]
        if self.held_out and (taken := {"validation", "test"} & {*names, *self.domains}):
            raise ValueError(
                f"stages and domains must not be called {min(taken)!r}, which is held out"
            )
        if len(set(names)) < len(names):
            raise ValueError(f"stages must have different names, got {names}")
        for stage in self.stages:
            for name in stage.domains:
                if name not in self.domains:
                    hint = nearest(name, self.domains)
                    raise ValueError(f"stages.{stage.name}: no such domain: {name!r}{hint}")

    def wanted(self, name: str) -> int | None:
        """Rows that are wanted of a domain; None for all there are."""
        own = self.domains[name]
        if own.weight is None or self.rows is None:
            return own.rows
        total = sum(each.weight or 0.0 for each in self.domains.values())
        return max(1, round(self.rows * own.weight / total))


def build_mix(
    table: dict[str, Any], path: Path, data: Mapping[str, str] | None = None
) -> MixRecipe:
    """A mixture's recipe from what its file holds.

    Args:
        table: as the file was read.
        path: of the file.
        data: where the datasets of domains lie, instead of what the file says.

    Raises:
        ConfigError: naming the file, the key, the value and the way out.
    """
    if "mixture" not in table:
        raise ConfigError(f'{path}: mixture must name the mixture, such as "nano"')
    domains = table.get("domains", {})
    for name, where in (data or {}).items():
        if not isinstance(domains, dict) or not isinstance(domains.get(name, {}), dict):
            break  # `build` says it
        if name not in domains:
            raise ConfigError(f"{path}: no such domain: {name!r}{nearest(name, domains)}")
        domains[name]["data"] = where
    recipe = build(MixRecipe, table, where=str(path))
    for name, ingredient in recipe.domains.items():
        if not ingredient.data:
            raise ConfigError(f"{path}: domains.{name}.data must be a place, such as runs/math")
    return recipe
