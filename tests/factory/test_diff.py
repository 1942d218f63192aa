"""Two runs compared."""

import json

import polars as pl
import pytest

from factory import diff as comparing
from factory.engine import run
from factory.rundir import open_run
from factory.teachers.scripted import ScriptedTeacher
from tests.factory.test_engine import LENIENT, scripted
from tests.factory.test_rejudge import text
from tests.toys import toy_job


@pytest.fixture(scope="module")
def pair(client, tmp_path_factory):
    """A run, and one with fewer prompts and samples, a looser filter, and one other answer."""
    folder = tmp_path_factory.mktemp("diff")
    first = toy_job(folder / "a", more=LENIENT)
    run(first, folder / "a" / "run", client=client, teacher=scripted(first))
    loose = "[filters.repetition_loops]\nmax_repeats = 40"
    second = toy_job(
        folder / "b", num_prompts=10, part_size=4, samples=(5, 5), more=f"{LENIENT}\n{loose}"
    )
    replies = scripted(second).replies
    chosen = next(second.pipeline.source.prompts(3, 4)).input[-1].content

    def reply(item):
        said = replies(item)
        if item.messages[-1].content == chosen and isinstance(said, str):
            return said.replace("{-777}", "{\x1b[31m-778}")
        return said

    run(second, folder / "b" / "run", client=client, teacher=ScriptedTeacher(reply))
    return folder / "a" / "run", folder / "b" / "run"


@pytest.mark.parametrize("bucket_bytes", [1 << 30, 200_000])
def test_rows_answers_and_verdicts_are_told_apart(pair, tmp_path, monkeypatch, bucket_bytes):
    monkeypatch.setattr(comparing, "_BUCKET_BYTES", bucket_bytes)
    out = tmp_path / "diff.parquet"
    list(comparing.diff(*map(open_run, pair), out=out))
    rows = pl.read_parquet(out)
    counts = dict(rows.group_by("difference", "mode").len().select(
        pl.concat_str("difference", "mode", separator=" "), "len").iter_rows())  # fmt: skip
    assert counts == {
        "only_in_a on": 10 + 2 * 6,
        "only_in_a off": 10,
        "answer on": 1,
        "verdict_on_another_answer on": 1,
        "verdict on": 10 * 6,
    }
    flips = rows.filter((pl.col("difference") == "verdict") & pl.col("old_decision").is_not_null())
    assert set(flips.select("filter", "old_reason", "new_decision").rows()) == {
        ("repetition_loops", "loop", "keep")
    }


def test_the_command_shows_recipes_funnels_and_answers_safely(pair, factory, tmp_path):
    out = tmp_path / "d.jsonl"
    done = factory("diff", *pair, "--out", out)
    assert done.returncode == 0, done.stderr
    for words in (
        "filters.repetition_loops.max_repeats",
        "only in A, of prompts only there",
        "Verdicts that differ on the same answer",
        "\\boxed{\\x1b[31m-778}",
    ):
        assert words in done.stdout, words
    assert "\x1b" not in done.stdout
    assert json.loads(out.read_text().splitlines()[0])["difference"]


def test_a_run_does_not_differ_from_itself(pair):
    shown = text(comparing.diff(open_run(pair[0]), open_run(pair[0])))
    assert "The recipes are the same" in shown
    assert "no verdict differs" in shown
    assert "Answers that differ" not in shown


def test_a_directory_without_a_run_ends_with_2(pair, factory, tmp_path):
    done = factory("diff", pair[0], tmp_path)
    assert done.returncode == 2
    assert "holds no run" in done.stderr
