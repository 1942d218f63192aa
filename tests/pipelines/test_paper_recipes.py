"""The recipes at the published scale: what they assume comes to what was released."""

from pathlib import Path

import pytest

from factory.assumed_estimate import assumed
from factory.recipe import load_recipe
from pipelines import PAGES, make_job

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"
RELEASED = {
    "math": (2_225_427, 19_840_970),
    "code": (991_706, 9_117_177),
    "science": (708_920, 0),
    "chat": (8_574, 31_218),
}
"""Rows with reasoning on and off, arXiv 2505.00949, table 2."""
SAFETY = 31_426
"""In both modes together; their shares are not published."""


@pytest.mark.parametrize("domain", RELEASED)
def test_the_estimated_rows_are_those_of_the_release_within_a_tenth(domain):
    result = assumed(make_job(load_recipe(RECIPES / f"{domain}-paper.toml")))
    for mode, released in zip(("on", "off"), RELEASED[domain], strict=True):
        assert result.totals[f"kept_{mode}"].expected == pytest.approx(released, rel=0.1)


def test_the_rows_of_safety_are_those_of_the_release_within_a_tenth():
    result = assumed(make_job(load_recipe(RECIPES / "safety-paper.toml")))
    kept = sum(result.totals[f"kept_{mode}"].expected for mode in ("on", "off"))
    assert kept == pytest.approx(SAFETY, rel=0.1)


def test_the_prompts_of_instruction_following_are_those_of_the_release_within_a_tenth():
    job = make_job(load_recipe(RECIPES / "instruction_following-paper.toml"))
    asked = job.num_prompts * job.recipe.assume.asked
    assert asked == pytest.approx(56_339, rel=0.1)


@pytest.mark.parametrize("domain", PAGES)
@pytest.mark.parametrize("size", ["tiny", "small", "paper"])
def test_every_domain_has_recipes_of_three_sizes_that_build(domain, size):
    job = make_job(load_recipe(RECIPES / f"{domain}-{size}.toml"))
    assert job.pipeline.name == domain
    assert job.num_prompts > 0
