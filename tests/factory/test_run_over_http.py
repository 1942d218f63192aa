"""Whole runs against a server in another process that misbehaves: nothing is silently dropped."""

from collections import Counter

import polars as pl
import pytest

from factory.engine import run
from factory.errors import PartError, TeacherError
from factory.recipe import load_recipe
from pipelines import make_job

RECIPE = """
pipeline = "math"
seed = 7
[math]
num_prompts = 6
samples_on = 2
samples_off = 2
[teacher]
kind = "http"
model = "toy"
base_urls = ["{url}"]
license = "mit"
timeout_s = {timeout_s}
backoff_s = 0.01
max_backoff_s = 0.05
requests_per_minute = {rpm}
{extra}
[limits]
part_size = 3
max_error_share = {errors}
"""
NEEDED = 6 * 4


def job(folder, stub, *, timeout_s=5.0, errors=0.0, rpm=0, extra=""):
    path = folder / "served.toml"
    fields = {"timeout_s": timeout_s, "errors": errors, "rpm": rpm, "extra": extra}
    path.write_text(RECIPE.format(url=stub.url, **fields))
    return make_job(load_recipe(path))


def responses(out):
    return pl.read_parquet(out / "responses" / "*.parquet")


@pytest.mark.parametrize("mode", ["429", "500", "503", "cut", "truncated", "html", "no-choices"])
def test_failures_that_pass_leave_no_trace_in_the_run(client, tmp_path, stub, mode):
    stub.control(mode=mode, times=5)
    run(job(tmp_path, stub), tmp_path / "run", client=client)
    rows = responses(tmp_path / "run")
    assert len(rows) == NEEDED
    assert set(rows["error"]) == {""}
    assert rows["output"].null_count() == 0
    assert rows["output"].str.len_chars().min() > 0
    assert sum(stub.stats()["bodies"].values()) == NEEDED + 5
    assert set(rows["engine"]) == {"http, toy, stub-1"}


def test_a_server_that_hangs_is_left_and_asked_again(client, tmp_path, stub):
    stub.control(mode="hang", times=2)
    run(job(tmp_path, stub, timeout_s=0.5), tmp_path / "run", client=client)
    assert set(responses(tmp_path / "run")["error"]) == {""}


def test_answers_of_a_megabyte_come_through_whole(client, tmp_path, stub):
    stub.control(mode="big", times=2)
    run(job(tmp_path, stub), tmp_path / "run", client=client)
    lengths = responses(tmp_path / "run")["output"].str.len_bytes().sort(descending=True)
    assert lengths[1] > 1_000_000 > lengths[2]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("refusal", "refused"), ("filter", "content_filter"), ("overflow", "context_overflow")],
)
def test_failures_that_stay_are_listed_with_their_reason(client, tmp_path, stub, mode, reason):
    stub.control(mode=mode, times=3)
    out = tmp_path / "run"
    manifest = run(job(tmp_path, stub, errors=0.5), out, client=client)
    rows = responses(out)
    assert len(rows) == NEEDED
    failed = rows.filter(pl.col("error") != "")
    assert Counter(failed["reason"]) == {reason: 3}
    assert set(failed["dropped_by"]) == {"teacher"}
    entry = next(e for e in manifest["funnel"]["responses"] if e["filter"] == "teacher")
    assert sum(entry["reasons"][reason].values()) == 3


def test_more_failures_than_allowed_leave_a_run_that_the_same_command_mends(client, tmp_path, stub):
    stub.control(mode="refusal", times=1)
    with pytest.raises(PartError, match="1 of 12 responses failed.*refused: "):
        run(job(tmp_path, stub), tmp_path / "run", client=client)
    run(job(tmp_path, stub), tmp_path / "run", client=client)
    assert sum(stub.stats()["bodies"].values()) == NEEDED + 1, "only what failed is asked again"


def test_a_refused_key_stops_the_run_with_the_way_out(client, tmp_path, stub):
    stub.control(mode="401", times=1000)
    with pytest.raises(TeacherError, match="401"):
        run(job(tmp_path, stub), tmp_path / "run", client=client)


def test_a_shared_ledger_holds_nothing_for_a_teacher_with_other_settings(client, tmp_path, stub):
    ledger = tmp_path / "ledger"
    plain = job(tmp_path, stub)
    run(plain, tmp_path / "a", client=client, ledger=ledger)
    other = job(tmp_path, stub, extra="extra_body = {top_k = 1}")
    run(other, tmp_path / "b", client=client, ledger=ledger)
    assert sum(stub.stats()["bodies"].values()) == 2 * NEEDED
    slower = job(tmp_path, stub, timeout_s=9.0)
    run(slower, tmp_path / "c", client=client, ledger=ledger)
    assert sum(stub.stats()["bodies"].values()) == 2 * NEEDED, "a limit changes no answer"


def test_the_runs_rate_limit_holds_over_its_parts(client, tmp_path, stub):
    import time

    start = time.monotonic()
    run(job(tmp_path, stub, rpm=600), tmp_path / "run", client=client)
    assert time.monotonic() - start > (NEEDED - 3) / 10
