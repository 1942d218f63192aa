"""Every domain's tiny recipe can be rehearsed: right answers are kept in both modes."""

import json
from pathlib import Path

import pytest
from rich.console import Console
from rich.panel import Panel

from factory.recipe import load_recipe
from factory.rehearsal import rehearse
from pipelines import PAGES, make_job

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"
THREADS = """
pipeline = "math"
[math]
rows_hold = "threads"
writer = "teacher"
[math.rows]
data = "{data}"
license = "mit"
[teacher]
kind = "scripted"
replies = ["-"]
"""


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


def test_a_rehearsal_shows_what_the_writer_is_asked_and_no_prompt_that_is_never_posed(tmp_path):
    rows = [{}, {"post": "Find the sum of 2 and 3."}]
    (tmp_path / "threads.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (tmp_path / "math.toml").write_text(THREADS.format(data=tmp_path / "threads.jsonl"))
    first, *others = rehearse(make_job(load_recipe(tmp_path / "math.toml")))
    console = Console(record=True, width=200)
    console.print(first)
    said = console.export_text()
    assert "first request, extract.v1" in said
    assert "Find the sum of 2 and 3." in said
    assert not any(isinstance(piece, Panel) for piece in others)
