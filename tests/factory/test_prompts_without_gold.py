"""A run whose prompts have no gold answers: the answers' majority takes its place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl
import pytest

from factory.audit import audit
from factory.engine import run
from factory.explain import explain
from factory.recipe import Job
from factory.records import Prompt, Request
from factory.rejudge import refilter
from factory.rundir import open_run
from factory.sources import Source
from factory.steps import Keep, Refer
from factory.teachers.scripted import ScriptedTeacher
from filters import FinalAnswer, Majority
from tests.factory.test_rejudge import text
from tests.toys import toy_job


@dataclass(frozen=True)
class Goldless:
    """A source whose even prompts lost their gold answers."""

    source: Source

    @property
    def num_prompts(self) -> int:
        return self.source.num_prompts

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        for prompt in self.source.prompts(start, stop):
            yield prompt if prompt.index % 2 else replace(prompt, expected_answer=None)


def job_without_gold(folder, *, votes: bool, more: str = "") -> Job:
    job = toy_job(folder, samples=(4, 1), more=more)
    steps = list(job.pipeline.steps)
    if votes:
        place = next(
            i
            for i, s in enumerate(steps)
            if isinstance(s, Keep) and isinstance(s.filter, FinalAnswer)
        )
        steps.insert(place, Refer(Majority()))
    source = Goldless(job.pipeline.source)
    return replace(job, pipeline=replace(job.pipeline, source=source, steps=tuple(steps)))


def voting(request: Request) -> str:
    """Three of five say 7, in two forms."""
    think = "<think>\nwork\n</think>\n\n" if request.mode == "on" else ""
    answer = {0: "7", 1: "8", 2: "7.0", 3: "9"}[request.sample] if request.mode == "on" else "7"
    return f"{think}\\boxed{{{answer}}}"


@pytest.fixture(scope="module")
def voted(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("voted")
    job = job_without_gold(folder, votes=True)
    return folder / "run", run(job, folder / "run", client=client, teacher=ScriptedTeacher(voting))


def test_the_majority_is_the_expected_answer_and_the_record_says_so(voted):
    out, _ = voted
    rows = pl.read_parquet(out / "dataset" / "SFT" / "math" / "*.parquet")
    by_vote = rows.filter(pl.col("answer_source") == "majority")
    assert by_vote["prompt_id"].n_unique() == 6
    assert set(by_vote["expected_answer"]) == {"7"}
    assert set(by_vote["answer_share"]) == {0.6}
    gold = rows.filter(pl.col("answer_source") == "gold")
    assert gold["answer_share"].null_count() == len(gold)
    rl = pl.read_parquet(out / "dataset" / "RL" / "math" / "*.parquet")
    assert sorted(rl["answer_source"]) == ["gold"] * 6 + ["majority"] * 6
    assert (
        rl.filter(pl.col("answer_source") == "majority")["args"].struct["expected_answer"][0] == "7"
    )


def test_the_funnel_shows_the_vote(voted):
    _, manifest = voted
    (entry,) = [e for e in manifest["funnel"]["responses"] if e["filter"] == "majority.v1"]
    assert entry["on"] == {"seen": 24, "kept": 24, "dropped": 0, "unjudged": 0}


def test_without_a_vote_such_prompts_are_not_asked(client, tmp_path):
    job = job_without_gold(tmp_path, votes=False)
    manifest = run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(voting))
    assert manifest["funnel"]["prompts"] == {"drawn": 12, "dropped": {"no_gold": 6}, "asked": 6}


def test_rl_leaves_out_what_the_teacher_solves_too_often(client, tmp_path):
    limit = "[rl]\npass_rate_below = 0.5"
    job = job_without_gold(tmp_path, votes=True, more=limit)
    manifest = run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(voting))
    left_out = manifest["rl"]["left_out"]
    assert left_out["too_easy"] >= 6, "the voted ones pass two of four times"
    published = pl.read_parquet(tmp_path / "run" / "dataset" / "RL" / "math" / "*.parquet")
    assert len(published) == 12 - left_out["too_easy"]
    assert published["pass_rate"].max() < 0.5


def test_refilter_lets_the_vote_stand_in_for_a_gold_answer(voted, tmp_path):
    job = job_without_gold(tmp_path, votes=True)
    shown = text(refilter(open_run(voted[0]), job, job))
    assert "no verdict differs" in shown
    assert "Gold answers" not in shown


def test_refilter_without_the_vote_says_that_there_is_no_gold_answer(voted, tmp_path):
    with_votes, without = (job_without_gold(tmp_path, votes=each) for each in (True, False))
    shown = text(refilter(open_run(voted[0]), with_votes, without))
    assert "drop no_gold" in shown
    assert "bad_gold" not in shown
    assert "Gold answers of 6 prompts do not pass any more" in shown


def test_explain_and_audit_say_that_a_majority_speaks(voted, tmp_path):
    job, directory = job_without_gold(tmp_path, votes=True), open_run(voted[0])
    first = next(job.pipeline.source.prompts(0, 1))
    shown = text(explain(job, directory, f"{first.id}-on-001"))
    assert "no gold answer; the majority says: 7" in shown
    pieces = text(audit(directory, job=job, num_examples=40, html=False, overlap=False))
    assert "7 (majority)" in pieces
