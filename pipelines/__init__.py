"""The domains: one page each, from its prompt source to its ordered list of steps."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from factory.config import build, nearest
from factory.decontaminate_table import with_table
from factory.decontamination.judging import check_judges
from factory.errors import ConfigError
from factory.pipeline import Pipeline
from factory.recipe import Job, LoadedRecipe, Recipe
from factory.records import GroupFilter
from factory.rows import rows_in
from factory.sources import Spaced
from factory.steps import Decontaminate, Dedup, Keep, KeepGroup, Step
from filters import make_filter
from pipelines import (
    chat,
    code,
    instruction_following,
    math,
    safety,
    science,
    tool_calling,
)

PAGES: dict[str, Any] = {
    "math": math,
    "code": code,
    "science": science,
    "chat": chat,
    "instruction_following": instruction_following,
    "safety": safety,
    "tool_calling": tool_calling,
}
"""A page has a settings class `Config` and a function `pipeline(config, seed)`."""


def make_job(loaded: LoadedRecipe, *, limit: int | None = None, preview: int | None = None) -> Job:
    """Build the pipeline that a recipe asks for.

    Args:
        loaded: the recipe as read.
        limit: prompts at most, the first ones; it counts as part of the recipe.
        preview: so many prompts instead, from all over the source.

    Raises:
        ConfigError: no such pipeline, or a value in its table or in `[filters]` that does not fit.
    """
    name, where = loaded.recipe.pipeline, str(loaded.path)
    page = PAGES.get(name)
    if page is None:
        raise ConfigError(f"{where}: pipeline is {name!r}{nearest(name, PAGES)}")
    config = build(page.Config, loaded.options, where=where, prefix=name)
    if limit is not None:
        config = replace(config, num_prompts=min(limit, config.num_prompts))
    try:
        pipeline = page.pipeline(config, loaded.recipe.seed)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
    asked = [(step.role, step.teacher) for step in pipeline.writes]
    asked += [(step.column, step.teacher) for step in pipeline.graded]
    for key, teacher in asked:
        if teacher not in (known := loaded.recipe.by_name):
            hint = nearest(teacher, known)
            raise ConfigError(f"{where}: {name}.{key} names no teacher: {teacher!r}{hint}")
    pipeline = _with_decontaminate(pipeline, loaded.recipe, where)
    for domain in loaded.recipe.ask.domains:
        if domain != pipeline.name:
            hint = nearest(domain, [pipeline.name])
            raise ConfigError(f"{where}: unknown key ask.domains.{domain}{hint}")
    pipeline = _with_further_filters(pipeline, loaded.recipe.keep, where)
    pipeline = pipeline.with_filter_settings(loaded.recipe.filters, where)
    if preview:
        pipeline = replace(pipeline, source=Spaced.over(pipeline.source, preview))
    return Job(
        recipe=loaded.recipe, pipeline=pipeline, options=asdict(config), rows=rows_in(config)
    )


def _with_decontaminate(pipeline: Pipeline, recipe: Recipe, where: str) -> Pipeline:
    """The pipeline with what the recipe's table `[decontaminate]` says."""
    if not recipe.decontaminate:
        return pipeline
    step = with_table(pipeline.decontaminate or Decontaminate(), recipe.decontaminate, where)
    check_judges(step.judge, recipe.by_name, f"{where}: decontaminate.judge")
    return pipeline.with_decontaminate(step)


def _with_further_filters(pipeline: Pipeline, names: Sequence[str], where: str) -> Pipeline:
    """The pipeline with a recipe's own filters, after the page's and before dedup of responses.

    There they do not count in the pass rates, which say how hard a prompt is.
    """
    further: list[Step] = []
    for name in names:
        try:
            filter = make_filter(name)
        except ValueError as error:
            raise ConfigError(f"{where}: keep: {error}") from None
        further.append(KeepGroup(filter) if isinstance(filter, GroupFilter) else Keep(filter))
    steps = pipeline.steps
    place = next(
        (i for i, s in enumerate(steps) if isinstance(s, Dedup) and s.on == "response"), len(steps)
    )
    whole = replace(pipeline, steps=(*steps[:place], *further, *steps[place:]))
    for name, number in Counter(whole.filter_names).items():
        if number > 1:
            raise ConfigError(f"{where}: keep: the filter {name!r} stands in the pipeline already")
    return whole
