"""Previews, estimates, caps and ledgers from the shell."""

import json
from pathlib import Path

import pytest

from tests.toys import toy_job

SERVED = """
pipeline = "math"
seed = 7
[math]
num_prompts = {num_prompts}
samples_on = 2
samples_off = 2
[teacher]
kind = "http"
model = "toy"
base_urls = ["{url}"]
license = "mit"
price = {{prompt = 1.0, completion = 2.0}}
[limits]
part_size = 4
max_error_share = 1.0
{more}
"""


def recipe(folder: Path, stub, *, num_prompts: int = 8, more: str = "") -> Path:
    path = folder / "served.toml"
    path.write_text(SERVED.format(num_prompts=num_prompts, url=stub.url, more=more))
    return path


def received(stub) -> int:
    return sum(stub.stats()["bodies"].values())


def test_a_preview_shows_all_and_is_not_paid_for_twice(tmp_path, stub, factory):
    path = recipe(tmp_path, stub)
    out = tmp_path / "run"
    done = factory("run", path, "--out", out, "--limit", 2, "--preview")
    assert done.returncode == 0, done.stderr
    for text in (
        "Solve the following math problem",
        "system: detailed thinking off",
        "completion 1: stop, 5 + ",
        "reasoning: It looks like",
        "final_answer.v2: drop wrong_answer, score 0",
        "reasoning on, sample 1: not kept",
        "prompts asked",
        "US$",
    ):
        assert text in done.stdout, text
    assert received(stub) == 2 * 4
    assert not (out / "plan.json").exists(), "a preview is not yet a run"
    done = factory("run", path, "--out", out, "--workers", 1)
    assert done.returncode == 0, done.stderr
    assert received(stub) == 8 * 4


def test_an_estimate_asks_a_few_prompts_and_multiplies(tmp_path, stub, factory):
    path = recipe(tmp_path, stub, num_prompts=800)
    done = factory("estimate", path, "--rows", 4)
    assert done.returncode == 0, done.stderr
    assert received(stub) == 4 * 4
    lines = [line.split("│")[1:-1] for line in done.stdout.splitlines() if "│" in line]
    rows = {cells[0].strip(): [cell.strip() for cell in cells] for cells in lines}
    assert rows["teacher/math/on"][1] == "1.6k"
    assert rows["teacher/math/on"][2] == "8k", "the stub reads 5 tokens a request"
    assert "reasoning-factory/preview-ledger" in "".join(done.stdout.split())
    again = factory("estimate", path, "--rows", 4)
    assert received(stub) == 4 * 4, "the second one is free"
    assert "all was in the ledger" in again.stdout


@pytest.mark.timeout(90)  # several clusters start
def test_a_cap_ends_with_1_and_the_way_out_and_a_higher_one_goes_on(tmp_path, stub, factory):
    path = recipe(tmp_path, stub)
    out = tmp_path / "run"
    done = factory("run", path, "--out", out, "--max-cost", 0.003, "--workers", 2)
    assert done.returncode == 1
    assert "max_cost = 0.003" in done.stderr
    assert "raise it and run the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    status = factory("status", out)
    assert "Paid by this run" in status.stdout
    first = received(stub)
    assert 0 < first < 32
    done = factory("run", path, "--out", out, "--max-cost", 1, "--workers", 2)
    assert done.returncode == 0, done.stderr
    assert received(stub) == 32
    paid = json.loads((out / "manifest.json").read_text())["paid"]
    assert sum(row["completions"] for row in paid) == 32


def test_a_cap_on_cost_wants_a_price(tmp_path, stub, factory):
    path = recipe(tmp_path, stub)
    path.write_text(path.read_text().replace("price = {prompt = 1.0, completion = 2.0}", ""))
    done = factory("run", path, "--out", tmp_path / "run", "--max-cost", 1)
    assert done.returncode == 2
    assert "teacher teacher has no price; give it one, such as price = {prompt" in done.stderr
    assert received(stub) == 0


def test_an_estimate_whose_requests_fail_says_so_with_1(tmp_path, stub, factory):
    stub.control(mode="refusal", times=100)
    done = factory("estimate", recipe(tmp_path, stub), "--rows", 2)
    assert done.returncode == 1
    assert "failed in the preview: 8 of 8, refused" in done.stdout
    assert "most requests failed" in done.stderr


@pytest.mark.parametrize("command", ["estimate", "run --preview"])
def test_a_file_where_the_run_should_be_ends_with_2(tmp_path, stub, factory, command):
    (tmp_path / "file").touch()
    done = factory(*command.split(), recipe(tmp_path, stub), "--out", tmp_path / "file")
    assert done.returncode == 2
    assert "cannot hold a ledger: Not a directory" in done.stderr


def test_a_run_that_is_short_of_rows_says_so_with_1_at_every_start(tmp_path, stub, factory):
    path = recipe(tmp_path, stub, num_prompts=2, more="[accept.on]\nrows = 3\nmax_samples = 4")
    out = tmp_path / "run"
    for _ in range(2):
        done = factory("run", path, "--out", out, "--workers", 1)
        assert done.returncode == 1
        assert "of 6 rows with reasoning on were accepted" in done.stderr
        assert "accept.on.max_samples" in done.stderr
    assert (out / "dataset" / "README.md").exists()


def test_the_ledger_commands_look_after_a_ledger(tmp_path, stub, factory):
    out = tmp_path / "run"
    assert (
        factory(
            "run", recipe(tmp_path, stub, num_prompts=3), "--out", out, "--workers", 1
        ).returncode
        == 0
    )
    ledger = out / "ledger"
    shown = factory("ledger", "stats", ledger)
    assert shown.returncode == 0
    assert "teacher/math/on" in shown.stdout
    assert factory("ledger", "compact", ledger).returncode == 0
    for name in ("all.jsonl", "all.parquet"):
        exported = factory("ledger", "export", ledger, tmp_path / name)
        assert "12 completions" in exported.stdout
    lines = (tmp_path / "all.jsonl").read_text().splitlines()
    assert len({json.loads(line)["key"] for line in lines}) == 12


@pytest.mark.parametrize("command", ["stats", "compact", "export"])
def test_a_ledger_that_is_not_there_ends_with_2(tmp_path, factory, command):
    more = [tmp_path / "x.jsonl"] if command == "export" else []
    done = factory("ledger", command, tmp_path / "nowhere", *more)
    assert done.returncode == 2
    assert "no such ledger" in done.stderr


def test_an_unknown_judge_is_told_before_anything_is_asked(tmp_path, factory):
    toy_job(tmp_path)
    path = tmp_path / "toy.toml"
    path.write_text(path.read_text().replace("[math]", '[math]\njudge = "nobody"'))
    done = factory("run", path, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "math.judge names no teacher: 'nobody'" in done.stderr


def test_an_estimate_without_a_teacher_takes_what_the_recipe_assumes_and_says_so(
    tmp_path, stub, factory
):
    path = recipe(tmp_path, stub, num_prompts=100)
    lengths = "problem_tokens = 10\non_tokens = 20\noff_tokens = 5\non_kept = 0.5\noff_kept = 1.0"
    path.write_text(f"{path.read_text()}\n[assume]\n{lengths}\n")
    done = factory("estimate", path, "--assume")
    assert done.returncode == 0, done.stderr
    assert "ASSUMED by the recipe: nobody was asked" in done.stdout
    assert "rows kept: on 100, off 200" in done.stdout
    assert received(stub) == 0
