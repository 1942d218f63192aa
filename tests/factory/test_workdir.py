"""Work directories: the same command goes on, another one is refused, two at once do not meet."""

import subprocess
import sys

import pytest

from factory.errors import ConfigError, RunError
from factory.workdir import default_work, discard, is_placing, start_placing, work_directory

PLAN = {"command": "dedup", "threshold": 0.8, "data": "abc"}


def test_the_same_command_goes_on_and_another_is_told_what_differs(tmp_path):
    work = tmp_path / "deep" / "work"
    with work_directory(work, PLAN) as resumed:
        assert not resumed
        (work / "sketch").mkdir()
        (work / "sketch" / "half.1234.tmp").write_text("of a killed writer")
        (work / "sketch" / "whole").write_text("x")
    with work_directory(work, dict(PLAN)) as resumed:
        assert resumed
        assert [each.name for each in (work / "sketch").iterdir()] == ["whole"]
    with (
        pytest.raises(ConfigError, match=r"threshold was 0\.8 and is 0\.7\); repeat"),
        work_directory(work, {**PLAN, "threshold": 0.7}),
    ):
        pass
    discard(work)
    assert not work.exists()


def test_a_directory_of_somebody_else_is_refused_and_stays(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ConfigError, match="holds no work"), work_directory(tmp_path, PLAN):
        pass
    with (
        pytest.raises(ConfigError, match="is no directory"),
        work_directory(tmp_path / "thesis.tex", PLAN),
    ):
        pass
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_start_that_was_killed_before_its_plan_was_there_is_taken_over(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    (work / ".lock").touch()
    (work / "plan.json.12ab.tmp").write_text("{")
    with work_directory(work, PLAN) as resumed:
        assert not resumed


def test_a_damaged_plan_is_told(tmp_path):
    (tmp_path / "plan.json").write_text('{"command": "ded')
    with pytest.raises(RunError, match=r"plan\.json: damaged"), work_directory(tmp_path, PLAN):
        pass


def test_two_at_once_do_not_meet(tmp_path):
    code = (
        "import sys; from pathlib import Path; from factory.workdir import work_directory\n"
        f"with work_directory(Path({str(tmp_path / 'w')!r}), {PLAN!r}): pass"
    )
    with work_directory(tmp_path / "w", PLAN):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "another command is at work there" in done.stderr


def test_names_are_noted_before_they_are_given(tmp_path):
    assert not is_placing(tmp_path)
    start_placing(tmp_path)
    assert is_placing(tmp_path)


def test_the_default_lies_beside_the_output_also_for_very_long_names(tmp_path):
    assert default_work(tmp_path / "out").name == ".out.work"
    assert default_work(tmp_path / "out").parent == tmp_path
    default_work(tmp_path / ("ä" * 120)).mkdir()
