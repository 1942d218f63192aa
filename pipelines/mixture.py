"""The mixture: what the domains' datasets become together, the rows that students are trained on.

Llama-Nemotron's students were trained on one pool of rows in different ways (arXiv 2505.00949,
sections 4.1 and 4.2): LN-Nano in three stages, which its plan below follows, LN-Super and LN-Ultra
on everything at once. How many rows of which domain a stage had is not published: a recipe says it.

    factory mix pipelines/recipes/mixture-tiny.toml --out runs/mixture

A recipe names datasets and a plan, or stages of its own (`factory.mixing.recipe`):

    mixture = "nano"
    plan = "nano"
    used_in_training = "Nano"
    [domains.math]
    data = "runs/math-small"
    on_share = 0.5
    [domains.science]
    data = "runs/science-small"
    max_copies = 4.0
    topics = {chemistry = 3.0}       # LN-Nano needed more of it for GPQA (section 7.2)

Where reasoning is on, answers are long: `short_to_long` puts rows of both modes from short to long
and interleaves them, as NVIDIA's own tutorial for this data does. That tutorial's curation of the
released JSON lines is `pipelines/recipes/mixture-tutorial.toml`; data made elsewhere is read in the
forms that `factory check` knows, and `keep` names the filters that its answers must pass.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from factory.config import nearest, read_toml
from factory.errors import ConfigError
from factory.mixing.recipe import MixRecipe, Stage, build_mix
from factory.records import Filter
from filters import make_filters

PLANS: dict[str, tuple[Stage, ...]] = {
    "nano": (
        Stage(name="stage1", domains=("math", "code", "science"), modes=("on",)),
        Stage(name="stage2", domains=("math", "code", "science")),
        Stage(name="stage3", domains=("chat", "instruction_following", "safety", "tool_calling")),
    ),
    "super": (Stage(name="train"),),
    "ultra": (Stage(name="train"),),
    "tutorial": (Stage(name="train", order="short_to_long"),),
}
"""Stages by plan. Domains that a recipe does not have are left out of them."""


def load_mixture(path: Path, data: Mapping[str, str] | None = None) -> MixRecipe:
    """Read a mixture's recipe, its plan written out as stages.

    Args:
        path: of the file.
        data: where the datasets of domains lie, instead of what the file says.

    Raises:
        ConfigError: naming the file, the key, the value and the way out.
    """
    table: dict[str, Any] = read_toml(path)
    plan = table.pop("plan", None)
    if plan is not None:
        if not isinstance(plan, str) or plan not in PLANS:
            raise ConfigError(f"{path}: plan is {plan!r}{nearest(str(plan), PLANS)}")
        if "stages" in table:
            raise ConfigError(f"{path}: plan and stages cannot stand together, got {plan!r}")
        domains = table.get("domains", {})
        if isinstance(domains, dict):  # else `build_mix` says it
            table["stages"] = _stages(PLANS[plan], list(domains))
            if domains and not table["stages"]:
                known = dict.fromkeys(name for stage in PLANS[plan] for name in stage.domains)
                raise ConfigError(
                    f"{path}: plan {plan!r} has no stage for the domains {', '.join(domains)}; it "
                    f"knows {', '.join(known)}; name them so, or write [[stages]]"
                )
    return build_mix(table, path, data)


def answer_filters(recipe: MixRecipe) -> list[Filter]:
    """The filters that a mixture's answers must pass.

    Raises:
        ConfigError: naming the key, the value and the way out.
    """
    return make_filters(recipe.keep, recipe.filters, keep="keep", table="filters")


def _stages(stages: tuple[Stage, ...], domains: list[str]) -> list[dict[str, Any]]:
    """The stages of a plan with the domains that are there."""
    found = []
    for stage in stages:
        mine = [name for name in stage.domains if name in domains]
        if mine or not stage.domains:
            found.append(
                {
                    "name": stage.name,
                    "domains": mine,
                    "modes": list(stage.modes),
                    "order": stage.order,
                }
            )
    return found
