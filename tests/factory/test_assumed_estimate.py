"""Estimates from what a recipe assumes, where nobody can be asked."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from factory.assumed_estimate import assumed
from factory.errors import ConfigError
from factory.estimate import estimate_report
from factory.recipe import load_recipe
from pipelines import make_job
from tests.toys import toy_job

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"
ASSUME = """
[assume]
problem_tokens = 100
asked = 0.5
on_tokens = 4000
on_kept = 0.25
off_tokens = 200
off_kept = 0.1
tokens_per_gpu_second = {teacher = 1000}
dollars_per_gpu_hour = 3.0
"""


def test_the_numbers_are_the_assumptions_times_the_sizes_of_the_recipe(tmp_path):
    result = assumed(toy_job(tmp_path, num_prompts=1000, samples=(16, 64), more=ASSUME))
    on, off = result.accounts["teacher/math/on"], result.accounts["teacher/math/off"]
    assert on["completions"].expected == 500 * 16
    assert off["completions"].expected == 500 * 64
    assert on["completion_tokens"].expected == 500 * 16 * 4000
    assert result.totals["prompt_tokens"].expected == 500 * 80 * 100
    assert result.totals["kept_on"].expected == 500 * 16 * 0.25
    assert result.totals["kept_off"].expected == 500 * 64 * 0.1
    hours = (500 * 16 * 4000 + 500 * 64 * 200) / 1000 / 3600
    assert result.gpu_hours == {"teacher": hours}


def shown(result) -> str:
    """The report, as a terminal has it."""
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(estimate_report(result))
    return console.export_text()


def test_the_report_says_whose_gpu_hours_are_assumed_and_what_they_cost(tmp_path):
    text = shown(assumed(toy_job(tmp_path, num_prompts=1000, samples=(16, 64), more=ASSUME)))
    assert "GPU time: 10.7 hours (teacher 10.7), US$ 32.00 at 3.00 an hour" in text
    silent = ASSUME.replace("tokens_per_gpu_second = {teacher = 1000}", "")
    text = shown(assumed(toy_job(tmp_path / "silent", more=silent)))
    assert "GPU time: how fast teacher would be, nobody says" in text


def test_judges_are_asked_about_the_share_that_is_assumed():
    recipe = load_recipe(RECIPES / "math-paper.toml")
    share = recipe.recipe.assume.graded
    accounts = assumed(make_job(recipe)).accounts
    for mode, teacher in (("on", "r1"), ("off", "qwen-math")):
        answers = accounts[f"{teacher}/math/{mode}"]["completions"].expected
        judged = accounts[f"qwen/math/{mode}"]["completions"].expected
        assert 0 < share < 1
        assert judged == pytest.approx(share * answers)


def test_answers_that_stand_in_both_modes_are_asked_for_once():
    result = assumed(make_job(load_recipe(RECIPES / "safety-paper.toml")))
    assert list(result.accounts) == ["teacher/safety/off"]
    assert result.totals["kept_on"] == result.totals["kept_off"]


def test_a_speed_of_a_teacher_that_nobody_asks_is_refused(tmp_path):
    other = ASSUME.replace("{teacher =", "{teachr =")
    with pytest.raises(ConfigError, match=r"tokens_per_gpu_second.teachr.*did you mean teacher"):
        assumed(toy_job(tmp_path, more=other))


def test_answers_without_a_trace_cost_what_the_off_answers_cost(tmp_path):
    job = toy_job(tmp_path, num_prompts=1000, samples=(2, 2), more=ASSUME)
    empty = replace(job, pipeline=job.pipeline.with_ask(empty_trace=True, off_share=0.25))
    (account,) = assumed(empty).accounts
    assert account == "teacher/math/off"
    taken = assumed(empty).accounts[account]
    assert taken["completions"].expected == 500 * 2, "each prompt is asked once for both modes"
    assert taken["completion_tokens"].expected == 500 * 2 * 200


def test_what_is_assumed_changes_nothing_that_is_produced(tmp_path):
    with_table = toy_job(tmp_path / "a", more=ASSUME)
    other = toy_job(tmp_path / "b", more=ASSUME.replace("0.25", "0.75"))
    assert with_table.hash() == other.hash() == toy_job(tmp_path / "c").hash()


def test_without_the_table_there_is_nothing_to_take(tmp_path):
    with pytest.raises(ConfigError, match=r"no table \[assume\]"):
        assumed(toy_job(tmp_path))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("on_kept = 0.25", "assume.on_kept must be in [0, 1], got 2.5"),
        ("on_tokens = 4000", "assume.on_tokens must be >= 0, got -40000"),
        ("dollars_per_gpu_hour = 3.0", "assume.dollars_per_gpu_hour must be >= 0, got -3"),
    ],
)
def test_values_that_cannot_be_are_refused(tmp_path, line, message):
    name, value = line.split(" = ")
    wrong = {"on_kept": "2.5"}.get(name, f"-{value}0")
    with pytest.raises(ConfigError) as error:
        toy_job(tmp_path, more=ASSUME.replace(line, f"{name} = {wrong}"))
    assert message in str(error.value)
