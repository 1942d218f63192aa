"""The audit of a run: counts, time, thresholds, overlap, examples, and the data of its page."""

import json
import re
import shutil
from dataclasses import replace
from io import StringIO
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from factory.apply import judge
from factory.audit import audit
from factory.audit.chunks import MAX_TEXT, cut, literal, number
from factory.audit.counting import count_filters
from factory.audit.overlap import find_masks, names
from factory.audit.thresholds import Threshold, distance, find_thresholds
from factory.config import settings
from factory.engine import run as run_job
from factory.errors import PartError
from factory.funnel import count_responses, finished_parts
from factory.records import Verdict
from factory.rundir import open_run
from factory.schemas import prompt_from_row, response_from_row
from factory.steps import Dedup, Keep, KeepGroup
from filters import FinalAnswer, ThinkTags
from tests.audit_runs import plain_reply, prompts, write_run
from tests.factory.test_engine import LENIENT, scripted
from tests.toys import toy_job

HOSTILE = (
    "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> \x1b[31m [bold]red[/bold]"
    " \u202eevil\u2028 \u0000 \\boxed{<b>7</b>}"
)


@pytest.fixture(scope="module")
def done(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    job = toy_job(folder, more=LENIENT)
    run_job(job, folder / "run", client=client, teacher=scripted(job))
    return job, folder / "run"


@pytest.fixture
def small(tmp_path):
    return write_run(tmp_path / "run", prompts(30), part_size=10)


def text_of(run, width=160, **options):
    console = Console(file=StringIO(), width=width)
    for piece in audit(run, **options):
        console.print(piece)
    return console.file.getvalue()


def data(run, name):
    """What a file of the page's data holds."""
    text = (run.root / "audit" / "data" / name).read_text(encoding="ascii")
    found = re.fullmatch(r"Audit\.(?:summary=|receive\(\"\w+\",\d+,\d+,)(.*?)\)?;\n", text, re.S)
    assert found
    return json.loads(found[1])


def rows(run):
    return [row for path in finished_parts(run) for row in pq.read_table(path).to_pylist()]


# --- counts ---


def test_the_counts_are_those_of_the_funnel(done):
    run = open_run(done[1])
    assert [each.entry() for each in count_filters(finished_parts(run))] == count_responses(run)


def test_times_are_added_up_by_filter_and_reason(small):
    final = count_filters(finished_parts(small))[-1]
    assert final.name == "final_answer.v2"
    assert final.num_timed == 180
    assert final.seconds == pytest.approx(180e-4, rel=1e-3)
    wrong, late = sorted(final.reasons, key=lambda reason: reason.decision)
    assert (wrong.name, wrong.decision, wrong.counts) == (
        "wrong_answer", "drop", {"on": 30, "off": 30},
    )  # fmt: skip
    assert (late.name, late.decision, late.counts) == (
        "timeout", "unjudged", {"on": 30, "off": 30},
    )  # fmt: skip
    assert wrong.seconds == pytest.approx(60e-4, rel=1e-3)


def test_every_score_is_in_the_histogram_of_its_mode_and_decision(small):
    by_name = {each.name: each for each in count_filters(finished_parts(small))}
    final = by_name["final_answer.v2"].histogram
    assert final.edges == [-0.5, 0.5, 1.5]
    assert (final.keep["on"], final.drop["off"]) == ([0, 30], [30, 0])
    loops = by_name["repetition_loops.v1"].histogram
    assert loops.edges[0] == 0.5
    assert loops.edges[-1] == 11.5
    assert loops.keep["on"] == [90] + [0] * 10
    assert loops.drop["on"] == [0, 0, 0, 0, 5, 5, 4, 4, 4, 4, 4]


def test_scores_that_are_no_numbers_stand_in_no_histogram(tmp_path):
    run = write_run(tmp_path / "run", prompts(4), part_size=4)
    path = run.responses(0)
    table = pq.read_table(path).to_pylist()
    for place, score in enumerate((float("inf"), float("-inf"), float("nan"), -1.7e308)):
        table[place]["verdicts"][-1]["score"] = score
    pq.write_table(pa.Table.from_pylist(table, schema=pq.read_schema(path)), path)
    found = count_filters([path])[-1]
    assert (found.low, found.high) == (0.0, 1.0)
    assert (found.histogram.total("on"), found.histogram.total("off")) == ([3, 3], [4, 4])
    assert "page:" in text_of(run)


# --- thresholds ---


@settings
class Between:
    """Drop scores outside of [low, high)."""

    name: ClassVar[str] = "between.v1"

    low: float = 2.0
    high: float = 5.0
    timeout_s: float = 3.0
    strict: bool = True
    label: str = "x"

    def score(self, response):
        return float(len(response.output))

    def judge(self, score):
        """Keep what lies between."""
        return Verdict.keep() if self.low <= score < self.high else Verdict.drop("outside")


def test_a_threshold_is_a_setting_at_which_the_decision_changes(done):
    job, _ = done
    steps = (*job.pipeline.steps, Keep(Between()))
    found = find_thresholds(replace(job.pipeline, steps=steps))
    assert found["between.v1"] == (
        Threshold(field="low", value=2.0, keeps=">="),
        Threshold(field="high", value=5.0, keeps="<"),
    )
    assert found["minhash.v2"] == (Threshold(field="threshold", value=0.8, keeps="<"),)
    assert [str(each) for each in found["agreement.v2"]] == [">= 1 (min_votes)"]
    for name in ("final_answer.v2", "think_tags.v1", "truncated.v1", "exact.v1"):
        assert name not in found


def test_the_distance_is_to_the_nearest_threshold():
    lines = (
        Threshold(field="low", value=2.0, keeps=">="),
        Threshold(field="high", value=5.0, keeps="<"),
    )
    assert distance(4.5, lines) == 0.5
    assert distance(1.0, lines) == 1.0
    assert distance(None, lines) is None
    assert distance(float("nan"), lines) is None
    assert distance(1.0, ()) is None


# --- overlap ---


def test_masks_say_what_each_filter_alone_would_not_keep(done):
    job, root = done
    run = open_run(root)
    steps = [s for s in job.pipeline.response_steps if isinstance(s, Keep | KeepGroup | Dedup)]
    assert len(names(job.pipeline)) == len(steps)
    prompt_rows = {row["id"]: row for row in pq.read_table(run.prompts(0)).to_pylist()}
    stored = pq.read_table(run.responses(0)).to_pylist()
    responses = [response_from_row(r, prompt_from_row(prompt_rows[r["prompt_id"]])) for r in stored]
    masks = find_masks(job.pipeline, run, 0)
    failed = [place for place, row in enumerate(stored) if row["error"]]
    assert [place for place, mask in enumerate(masks) if mask < 0] == failed
    for bit, step in enumerate(steps):
        if names(job.pipeline)[bit] == "pass_rate.v2":
            continue  # the rate is that of the whole pipeline, not of a step alone
        alone = judge([step], responses)
        for place, item in enumerate(alone):
            if place not in failed:
                assert bool(masks[place] >> bit & 1) == (not item.kept), (step, stored[place])


def test_masks_are_kept_until_the_part_or_a_filter_changes(done, tmp_path, monkeypatch):
    job, root = done
    shutil.copytree(root, tmp_path / "run", ignore=shutil.ignore_patterns("audit"))
    run = open_run(tmp_path / "run")
    asked = []
    score = ThinkTags.score
    monkeypatch.setattr(ThinkTags, "score", lambda self, r: asked.append(r.id) or score(self, r))
    first = find_masks(job.pipeline, run, 0)
    assert asked, "responses that never reached the filter"
    assert len(asked) < len(first), "the others have a verdict already"
    asked.clear()
    assert find_masks(job.pipeline, run, 0) == first
    assert not asked
    again = find_masks(
        job.pipeline.with_filter_settings({"repetition_loops": {"max_repeats": 9}}, "x"), run, 0
    )
    assert asked
    assert len(again) == len(first)
    asked.clear()
    path = run.responses(0)
    path.write_bytes(path.read_bytes())
    find_masks(job.pipeline, run, 0)
    assert asked
    cached = run.root / "audit" / "overlap" / "part-00000.json"
    cached.write_text('{"key": 1')
    assert find_masks(job.pipeline, run, 0) == first


def test_the_overlap_stands_in_text_and_page(done):
    job, root = done
    run = open_run(root)
    text = text_of(run, job=job)
    assert "Overlap: every filter asked about every response" in text
    found = data(run, "summary.js")["overlap"]
    place = found["filters"].index("final_answer.v2")
    assert found["judged"] == {"on": 72, "off": 48}
    wrong = [row for row in rows(run) if row["reason"] in ("wrong_answer", "no_answer")]
    assert found["both"]["on"][place][place] >= sum(row["mode"] == "on" for row in wrong)
    assert all(
        found["both"]["on"][i][j] == found["both"]["on"][j][i] for i in range(3) for j in range(3)
    )


def test_without_a_job_or_with_no_overlap_no_filter_is_asked(done, monkeypatch):
    job, root = done
    run = open_run(root)
    monkeypatch.setattr(FinalAnswer, "score", None)
    for options in ({"job": None}, {"job": job, "overlap": False}):
        assert "Overlap" not in text_of(run, **options)
        assert data(run, "summary.js")["overlap"] is None


# --- examples ---


def test_near_misses_come_first_then_random_ones_the_same_at_every_call(small, tmp_path):
    job = toy_job(tmp_path / "job", num_prompts=30, samples=(4, 4), part_size=10)
    first = text_of(small, job=job, num_examples=4, overlap=False)
    loops = next(
        reason
        for each in data(small, "summary.js")["counts"]
        for reason in each["reasons"]
        if reason["name"] == "loop"
    )["examples"]
    assert [each["distance"] for each in loops] == [1.0, 1.0, None, None]
    assert [each["score"] for each in loops][:2] == [5.0, 5.0]
    assert len({each["place"] for each in loops}) == 4
    assert "near-miss, 1 away" in first
    assert text_of(small, job=job, num_examples=4, overlap=False) == first
    few = text_of(small, job=job, num_examples=0, overlap=False)
    assert "near-miss" not in few
    assert "repetition_loops.v1: loop (60 dropped): 30 on, 30 off" in few
    assert "final_answer.v2: timeout (60 unjudged): 30 on, 30 off" in few


def test_hostile_text_is_spelled_out_on_the_terminal(tmp_path):
    run = write_run(tmp_path / "run", prompts(2), lambda *_: HOSTILE, part_size=2)
    text = text_of(run, num_examples=4)
    assert "\\x1b[31m [bold]red[/bold]" in text
    assert "\\u202eevil" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


# --- the page's data ---


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "a\ud83db", "</SCRIPT >", "]]>&amp;", "\u2028\u2029", "\x00\x7f", "'\"`${1}\\"],
)
def test_a_literal_is_ascii_without_markup_and_reads_back(text):
    written = literal({"said": text})
    assert written.isascii()
    assert not re.search(r"[<>&\x00-\x1f\x7f]", written.replace("\x7f", ""))
    assert json.loads(written) == {"said": text}


def test_numbers_that_are_not_finite_become_words():
    values = [number(each) for each in (None, 0.1 + 0.2, float("inf"), float("nan"), 3.0)]
    assert values == [None, 0.3, "inf", "nan", 3.0]


def test_a_text_that_is_too_long_loses_its_middle_and_says_so():
    head, tail, left_out = cut("a" * MAX_TEXT + "b" * 10_000_000)
    assert len(head) + len(tail) == MAX_TEXT
    assert (head[0], tail[-1], left_out) == ("a", "b", 10_000_000)
    assert cut("x" * MAX_TEXT) == "x" * MAX_TEXT
    assert cut(None) is None


def test_the_files_hold_every_row_and_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("factory.audit.chunks.BYTES_PER_CHUNK", 20_000)
    monkeypatch.setattr("factory.audit.chunks.ROWS_PER_INDEX", 64)
    monkeypatch.setattr("factory.audit.page.ROWS_PER_INDEX", 64)

    def reply(item, mode, sample):
        return "x" * 5_000_000 if (item.index, mode, sample) == (7, "on", 1) else plain_reply(
            item, mode, sample
        )  # fmt: skip

    run = write_run(tmp_path / "run", prompts(30), reply, part_size=10)
    text_of(run)
    folder = run.root / "audit" / "data"
    summary = data(run, "summary.js")
    assert summary["num_rows"] == 240
    assert summary["num_index_files"] == len(list(folder.glob("rows-*.js"))) == 4
    assert summary["num_text_files"] == len(list(folder.glob("text-*.js"))) > 3
    assert max(path.stat().st_size for path in folder.iterdir()) < 20_000 + 2 * MAX_TEXT
    stored = rows(run)
    seen = 0
    for place in range(summary["num_text_files"]):
        chunk = data(run, f"text-{place:06d}.js")
        for each in chunk["rows"]:
            row = stored[seen]
            assert chunk["prompts"][each["prompt"]]["id"] == row["prompt_id"]
            if row["reasoning"]:
                assert (each["reasoning"], each["answer"]) == (row["reasoning"], row["answer"])
            assert len(each["verdicts"]) == len(row["verdicts"])
            seen += 1
    assert seen == 240


def test_the_page_is_whole_again_after_an_audit_that_failed(small, monkeypatch):
    text_of(small)
    before = sorted(path.name for path in (small.root / "audit" / "data").iterdir())
    path = small.responses(1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    with pytest.raises(PartError, match=r"part-00001.parquet: damaged part"):
        text_of(small)
    assert sorted(p.name for p in (small.root / "audit" / "data").iterdir()) == before
    path.write_bytes(whole)
    text_of(small)
    assert not list((small.root / "audit").glob("*.tmp"))


def test_no_html_leaves_no_page(small):
    text_of(small, html=False)
    assert not (small.root / "audit" / "index.html").exists()


# --- runs that are not finished, or older ---


def test_of_a_run_that_goes_on_the_finished_parts_are_shown(small):
    small.responses(1).unlink()
    text_of(small)
    summary = data(small, "summary.js")
    assert (summary["num_finished"], summary["num_parts"], summary["num_rows"]) == (2, 3, 160)
    for part in (0, 2):
        small.responses(part).unlink()
    assert "No part of the responses is finished yet." in text_of(small)


def test_a_run_of_an_older_schema_is_shown_with_what_it_has(small, tmp_path):
    for part in range(3):
        path = small.responses(part)
        table = pq.read_table(path).to_pylist()
        for row in table:
            del row["reference"], row["grades"], row["teacher_name"]
            for verdict in row["verdicts"]:
                del verdict["seconds"]
        pq.write_table(pa.Table.from_pylist(table), path)
        path = small.prompts(part)
        table = pq.read_table(path).drop_columns(["choices", "tests", "constraints", "policy"])
        pq.write_table(table, path)
    job = toy_job(tmp_path / "job", num_prompts=30, samples=(4, 4), part_size=10)
    text = text_of(small, job=job)
    assert "final_answer.v2: wrong_answer (60 dropped)" in text
    assert "Overlap" in text
    final = data(small, "summary.js")["counts"][-1]
    assert (final["seconds"], final["num_timed"]) == (None, 0)
    assert data(small, "text-000000.js")["rows"][0]["reference"] is None


# --- the command ---


def test_the_command_tells_where_the_page_lies(done, factory):
    result = factory("audit", done[1], "--examples", 1)
    assert result.returncode == 0
    assert f"page: {done[1].resolve() / 'audit' / 'index.html'}" in result.stdout.replace("\n", "")
    assert "Overlap" in result.stdout
    for name in ("index.html", "style.css", "main.js", "katex.min.js", "data/summary.js"):
        assert (done[1] / "audit" / name).stat().st_size > 0


def test_a_recipe_that_cannot_be_rebuilt_costs_thresholds_and_overlap(small, factory):
    (small.root / "recipe.toml").write_text('pipeline = "alchemy"\n')
    result = factory("audit", small.root)
    assert result.returncode == 0
    assert "no thresholds and no overlap" in result.stderr
    assert "final_answer.v2: wrong_answer (60 dropped)" in result.stdout
    assert "Overlap" not in result.stdout
