"""What the README says of the checks and shows of a page, said again by Python."""

import sys
from pathlib import Path
from types import ModuleType

import polars as pl

import pipelines
from factory.engine import run
from factory.recipe import load_recipe
from factory.teachers.scripted import ScriptedTeacher
from pipelines import make_job

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_checks_say_what_the_readme_says():
    names: dict[str, object] = {}
    said = 0
    for line in block("python", "equivalent(").splitlines():
        code, sign, comment = line.partition("  # ")
        if sign:
            assert repr(eval(code, names)) == comment.split(";")[0], line
            said += 1
        else:
            exec(code, names)
    assert said == 4


def block(language, part):
    """The one block of code that holds a text."""
    blocks = [each.partition("```")[0] for each in README.split(f"```{language}\n")[1:]]
    (found,) = (each for each in blocks if part in each)
    return found


def test_the_domain_of_the_readme_is_built_with_a_page_a_recipe_and_a_line(
    client, tmp_path, monkeypatch
):
    source = block("python", "class Weekdays")
    assert len([line for line in source.splitlines() if line]) <= 40
    page = ModuleType("readme_weekdays")
    monkeypatch.setitem(sys.modules, "readme_weekdays", page)
    exec(compile(source, "readme_weekdays", "exec"), page.__dict__)
    monkeypatch.setitem(pipelines.PAGES, "weekdays", page)
    path = tmp_path / "weekdays-tiny.toml"
    path.write_text(block("toml", 'pipeline = "weekdays"'))
    job = make_job(load_recipe(path))
    gold = {p.problem: p.expected_answer for p in job.pipeline.source.prompts(0, 20)}

    def reply(request):
        answer = gold[request.messages[-1].content]
        return (
            f"<think>\nseven days a week\n</think>\n\n{answer}" if request.mode == "on" else answer
        )

    run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(reply))
    rows = pl.read_parquet(tmp_path / "run" / "dataset" / "SFT" / "weekdays" / "*.parquet")
    assert set(rows["reasoning"]) == {"on", "off"}
    assert len(rows) == 60
