"""Every domain's tiny recipe can be rehearsed: right answers are kept in both modes."""

from pathlib import Path

import pytest
from rich.console import Console

from factory.recipe import load_recipe
from factory.rehearsal import rehearse
from pipelines import PAGES, make_job

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"


@pytest.mark.parametrize("domain", PAGES)
def test_right_answers_of_a_rehearsal_are_kept_in_both_modes(domain):
    job = make_job(load_recipe(RECIPES / f"{domain}-tiny.toml"), limit=3)
    console = Console(record=True, width=200)
    for piece in rehearse(job):
        console.print(piece)
    (kept,) = (line for line in console.export_text().splitlines() if line.startswith("│ kept"))
    on, off = (int(cell.split()[0]) for cell in kept.split("│")[3:5])
    assert on > 0
    assert off > 0
