"""The paper's pairing: off answers for a random share of the prompts that are asked with on."""

from collections import Counter
from dataclasses import replace

import polars as pl
import pytest
from rich.console import Console

from factory.engine import run
from factory.estimate import estimate
from factory.explain import explain
from factory.rundir import open_run
from factory.steps import Ask
from factory.teachers.scripted import ScriptedTeacher
from tests.toys import gold_answers, toy_job


def asking(folder, *, num_prompts=24, part_size=24, samples=(2, 1), more="", **shares):
    job = toy_job(folder, num_prompts=num_prompts, part_size=part_size, samples=samples, more=more)
    return replace(job, pipeline=job.pipeline.with_ask(**shares))


def right(job):
    gold = gold_answers(job)

    def reply(request):
        answer = gold[request.messages[-1].content]
        work = f"<think>\nwork {request.sample}\n</think>\n\n" if request.mode == "on" else ""
        return f"{work}It is {request.sample}: \\boxed{{{answer}}}"

    return ScriptedTeacher(reply)


def asked(out):
    """Ids of the prompts that were asked, by mode."""
    rows = pl.read_parquet(out / "responses" / "*.parquet")
    return {m: set(rows.filter(pl.col("mode") == m)["prompt_id"]) for m in ("on", "off")}


@pytest.fixture(scope="module")
def finished(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("off-share")
    job = asking(folder, off_share=0.4)
    return job, folder / "run", run(job, folder / "run", client=client, teacher=right(job))


def test_off_answers_are_drawn_for_a_share_of_the_prompts_asked_with_on(finished):
    _, out, manifest = finished
    prompts = asked(out)
    assert prompts["off"] < prompts["on"]
    assert 4 <= len(prompts["off"]) <= 15
    assert manifest["prompts_with_both_modes"] == len(prompts["off"])
    assert manifest["asked"]["off"]["share"] == 0.4
    assert manifest["funnel"]["entered"]["off"] == len(prompts["off"])


def test_over_many_prompts_the_share_is_the_one_that_was_asked_for():
    ask = Ask(samples_on=1, samples_off=1, off_share=0.3)
    drawn = [ask.asks("off", f"math-{n}", 1) for n in range(4000)]
    assert 0.27 < sum(drawn) / 4000 < 0.33
    assert all(ask.asks("on", f"math-{n}", 1) for n in range(10))
    assert drawn != [ask.asks("off", f"math-{n}", 2) for n in range(4000)]


def test_the_prompts_of_a_smaller_share_are_among_those_of_a_larger():
    small, large = (Ask(samples_on=1, samples_off=1, off_share=s) for s in (0.2, 0.6))
    for n in range(500):
        assert large.asks("off", str(n), 1) or not small.asks("off", str(n), 1)


def test_a_share_of_nothing_asks_nothing_and_on_may_be_the_rarer_mode():
    ask = Ask(samples_on=1, samples_off=1, on_share=0.0)
    assert not any(ask.asks("on", str(n), 1) for n in range(100))
    assert all(ask.asks("off", str(n), 1) for n in range(100))


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"off_share": 1.1}, r"off_share must be in \[0, 1\], got 1.1"),
        ({"on_share": -0.1}, r"on_share must be in \[0, 1\], got -0.1"),
        ({"on_share": 0.5, "off_share": 0.5}, "on_share or off_share must be 1"),
    ],
)
def test_shares_that_make_no_sense_are_refused(shares, message):
    with pytest.raises(ValueError, match=message):
        Ask(samples_on=1, samples_off=1, **shares)


def test_who_is_asked_does_not_depend_on_the_division_into_parts(finished, client, tmp_path):
    _, out, _ = finished
    job = asking(tmp_path, part_size=7, off_share=0.4)
    run(job, tmp_path / "run", client=client, teacher=right(job))
    assert asked(tmp_path / "run") == asked(out)
    shards = [
        next((each / "dataset" / "SFT" / "math").iterdir()) for each in (out, tmp_path / "run")
    ]
    assert shards[0].read_bytes() == shards[1].read_bytes()


def test_a_wish_for_rows_is_met_by_the_prompts_that_are_asked(client, tmp_path):
    more = (
        '[accept.off]\nrows = 12\nper = "all"\nmax_samples = 8\n[sampling.off]\ntemperature = 1.0'
    )
    job = asking(tmp_path, num_prompts=12, part_size=5, more=more, off_share=0.4)
    manifest = run(job, tmp_path / "run", client=client, teacher=right(job))
    assert manifest["funnel"]["kept"]["off"] == 12
    assert manifest["shortfalls"] == []
    assert 0 < len(asked(tmp_path / "run")["off"]) < 12


def test_the_estimate_of_a_rare_mode_is_its_share_of_all_prompts(tmp_path):
    job = asking(tmp_path, num_prompts=24, off_share=0.05)
    small = asking(tmp_path, num_prompts=4, off_share=0.05)
    told = estimate(job, small, tmp_path / "ledger", teacher=right(small))
    assert told.totals["kept_on"].expected == 48
    assert told.totals["kept_off"].expected == pytest.approx(0.05 * 24)
    assert told.accounts["teacher/math/off"]["completions"].expected == pytest.approx(0.05 * 24)


def test_the_estimate_of_a_wish_for_rows_is_that_many_rows(tmp_path):
    more = (
        '[accept.off]\nrows = 12\nper = "all"\nmax_samples = 8\n[sampling.off]\ntemperature = 1.0'
    )
    job = asking(tmp_path, num_prompts=24, more=more, off_share=0.5)
    small = asking(tmp_path, num_prompts=4, more=more, off_share=0.5)
    told = estimate(job, small, tmp_path / "ledger", teacher=right(small))
    assert told.totals["kept_off"].expected == 12


def test_explain_says_why_a_prompt_has_no_answer_in_a_mode(finished):
    job, out, _ = finished
    only_on = sorted(asked(out)["on"] - asked(out)["off"])[0]
    console = Console(width=200)
    with console.capture() as capture:
        for piece in explain(job, open_run(out), only_on):
            console.print(piece)
    assert "Not asked with reasoning off: 0.4 of the prompts are" in capture.get()


def test_a_pipeline_without_shares_is_the_same_as_before(tmp_path):
    job = asking(tmp_path)
    counts = Counter(
        each.pipeline.fingerprint()
        for each in (job, asking(tmp_path, off_share=1.0), asking(tmp_path, off_share=0.4))
    )
    assert sorted(counts.values()) == [1, 2]
