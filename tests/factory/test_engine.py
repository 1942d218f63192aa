"""Whole runs with a scripted teacher: counts by reason, same bytes, kill and resume."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from distributed import Client, LocalCluster

from factory import store
from factory.datasetdir import open_dataset, verify
from factory.engine import run
from factory.errors import ConfigError, PartError, PrerequisiteError, RunError, TeacherError
from factory.funnel import count_kept, count_responses
from factory.records import Completion
from factory.rundir import create_or_resume, locked, open_run
from factory.schemas import RL, SFT
from factory.teachers.scripted import ScriptedTeacher
from tests.toys import gold_answers, toy_job


def scripted(job) -> ScriptedTeacher:
    """Answers that reach every reason: which, depends on mode and sample index."""
    gold = gold_answers(job)

    def reply(item):
        answer = gold[item.messages[-1].content]
        right = f"<think>\nwork {item.sample}\n</think>\n\n\\boxed{{{answer}}}"
        if item.mode == "on":
            return [
                right,
                right.replace("work 1", "work 0"),
                right.replace(f"{{{answer}}}", "{-777}"),
                right.replace("work", "round and round " * 9),
                right.replace("</think>", ""),
                Completion(text="<think> never", finish_reason="length", completion_tokens=9),
            ][item.sample]
        return [
            f"\\boxed{{{answer}}}",
            f"It is {answer}.",
            right,
            "\\boxed{import os}",
            Completion(error="content_filter: refused", finish_reason="error"),
        ][item.sample]

    return ScriptedTeacher(reply)


class AskedLog:
    """Counts in a file, since a teacher travels to the workers as a copy."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, what: object) -> None:
        with self.path.open("a") as file:
            file.write(f"{what}\n")

    def counts(self) -> Counter[str]:
        return Counter(self.path.read_text().split())


REASONS = {
    "on": {
        "": 12,
        "exact_duplicate": 12,
        "wrong_answer": 12,
        "loop": 12,
        "tag_not_closed": 12,
        "cut_at_max_tokens": 12,
    },
    "off": {
        "": 12,
        "no_answer": 12,
        "tag_with_reasoning_off": 12,
        "refused_text": 12,
        "content_filter": 12,
    },
}
LENIENT = "max_error_share = 0.2"


@pytest.fixture(scope="module")
def finished(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    job = toy_job(folder, more=LENIENT)
    manifest = run(job, folder / "run", client=client, teacher=scripted(job))
    return job, folder / "run", manifest


@pytest.mark.parametrize("mode", ["on", "off"])
def test_every_response_is_kept_or_dropped_for_the_expected_reason(finished, mode):
    _, out, _ = finished
    responses = pl.read_parquet(out / "responses" / "*.parquet").filter(pl.col("mode") == mode)
    assert dict(Counter(responses["reason"])) == REASONS[mode]
    dropped = responses.filter(~pl.col("kept"))
    assert dropped["dropped_by"].str.len_chars().min() > 0


def test_the_manifest_counts_what_lies_in_the_parts(finished):
    job, out, manifest = finished
    entries = count_responses(open_run(out))
    assert manifest["funnel"]["responses"] == entries
    assert count_kept(entries) == {"on": 12, "off": 12}
    assert manifest["funnel"]["entered"] == {"on": 72, "off": 60}
    assert manifest["funnel"]["prompts"] == {"drawn": 12, "dropped": {}, "asked": 12}
    assert manifest["prompts_with_both_modes"] == 12
    assert manifest["pass_rates"]["on"]["mean"] == pytest.approx(2 / 6, abs=1e-4)
    assert manifest["pass_rates"]["off"]["mean"] == pytest.approx(1 / 3, abs=1e-4)
    assert manifest["recipe_hash"] == job.hash()
    assert manifest["license"] == "apache-2.0"
    assert verify(open_dataset(out)) == []


def test_the_dataset_loads_as_it_is_and_pairs_on_with_off(finished, tmp_path):
    import datasets

    _, out, manifest = finished
    folder = str(out / "dataset")
    sft = datasets.load_dataset(folder, split="math", cache_dir=str(tmp_path))
    rl = datasets.load_dataset(folder, "RL", split="math", cache_dir=str(tmp_path))
    assert sft.column_names == SFT.names
    assert rl.column_names == RL.names
    assert sft["id"][:] == manifest["shards"][0]["ids"]
    assert {(row["reasoning"], row["system_prompt"]) for row in sft} == {
        ("on", "detailed thinking on"),
        ("off", "detailed thinking off"),
    }
    by_prompt = Counter(sft["prompt_id"])
    assert set(by_prompt.values()) == {2}
    row = sft[0]
    assert row["input"] == [{"role": "user", "content": row["input"][0]["content"]}]
    assert row["used_in_training"] == "Nano, Super"
    assert row["verifier"] == "final_answer.v2"
    assert row["sampling"]["shots"] == 0
    assert row["output"].startswith("<think>\nwork 0\n</think>\n\n\\boxed{")
    assert "<think>" not in sft.filter(lambda r: r["reasoning"] == "off")[0]["output"]
    assert len(rl) == 12
    assert rl[0]["args"]["expected_answer"] == sft[0]["expected_answer"]


def test_a_finished_run_asks_nothing_and_a_new_one_with_its_ledger_neither(
    finished, client, tmp_path
):
    job, out, manifest = finished

    def refuse(item):
        return Completion(error=f"asked: {item.messages[-1].content}", finish_reason="error")

    assert run(job, out, client=client, teacher=ScriptedTeacher(refuse)) == manifest
    log = AskedLog(tmp_path / "asked")

    def refuse_new(item):
        log.add(item.sample)
        return Completion(error="content_filter: refused", finish_reason="error")

    again = run(
        job,
        tmp_path / "b",
        client=client,
        ledger=out / "ledger",
        teacher=ScriptedTeacher(refuse_new),
    )
    assert [s["sha256"] for s in again["shards"]] == [s["sha256"] for s in manifest["shards"]]
    assert log.counts() == {"4": 12}, "only what had failed is asked again"


def shards(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): store.sha256(path)
        for path in sorted((folder / "dataset").rglob("*"))
        if path.is_file()
    }


@pytest.mark.timeout(120)  # two processes load compiled kernels
def test_one_and_seven_parts_one_and_two_workers_give_the_same_bytes(client, tmp_path):
    found = []
    for part_size, num_parts in ((14, 1), (2, 7)):
        job = toy_job(tmp_path, num_prompts=14, part_size=part_size, more=LENIENT)
        target = tmp_path / f"parts-{num_parts}"
        run(job, target, client=client, teacher=scripted(job))
        assert len(list((target / "responses").iterdir())) == num_parts
        found.append(shards(target))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as two,
    ):
        run(job, tmp_path / "two", client=two, teacher=scripted(job))
    found.append(shards(tmp_path / "two"))
    for files in found:
        files.pop("dataset/recipe.toml")  # holds the limits, which differ
    assert len(found[0]) == 6
    assert found[0] == found[1] == found[2]


def test_a_directory_of_another_run_is_refused_with_the_difference(finished, client, tmp_path):
    _, out, _ = finished
    other = toy_job(tmp_path, num_prompts=13, more=LENIENT)
    with pytest.raises(ConfigError, match="math.num_prompts was 12 and is 13; choose another"):
        run(other, out, client=client)


def test_a_directory_of_something_else_is_refused(client, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("precious")
    with pytest.raises(ConfigError, match="is not empty and holds no run"):
        run(toy_job(tmp_path), tmp_path / "out", client=client)
    assert (tmp_path / "out" / "thesis.tex").read_text() == "precious"


def test_other_limits_go_on_with_the_parts_the_run_began_with(finished, client, tmp_path):
    _, out, manifest = finished
    (out / "manifest.json").unlink()
    job = toy_job(tmp_path, part_size=5, more=LENIENT)
    assert run(job, out, client=client, teacher=scripted(job)) == manifest


def test_a_damaged_part_is_named_and_deleting_it_mends_the_run_for_free(client, tmp_path):
    job = toy_job(tmp_path, more=LENIENT)
    out = tmp_path / "run"
    manifest = run(job, out, client=client, teacher=scripted(job))
    part = out / "responses" / "part-00001.parquet"
    part.write_bytes(part.read_bytes()[:-100])
    (out / "manifest.json").unlink()
    with pytest.raises(PartError, match="responses/part-00001.parquet: damaged part"):
        run(job, out, client=client, teacher=scripted(job))
    part.unlink()
    assert run(job, out, client=client, teacher=scripted(job)) == manifest


def test_a_torn_ledger_line_is_asked_again(client, tmp_path):
    log = AskedLog(tmp_path / "asked")
    job = toy_job(tmp_path, part_size=12, more=LENIENT)
    inner = scripted(job).replies

    def counting(item):
        log.add(item.key)
        return inner(item)

    out = tmp_path / "run"
    manifest = run(job, out, client=client, teacher=ScriptedTeacher(counting))
    (segment,) = (out / "ledger").glob("*.jsonl")
    segment.write_bytes(segment.read_bytes()[:-10])
    (out / "manifest.json").unlink()
    (out / "responses" / "part-00000.parquet").unlink()
    again = run(job, out, client=client, teacher=ScriptedTeacher(counting))
    assert again["shards"] == manifest["shards"]
    assert Counter(log.counts().values()) == {1: 119, 2: 13}, "12 failed ones and the torn one"


def test_broken_unicode_from_a_teacher_is_mended_and_the_run_ends(client, tmp_path):
    job = toy_job(tmp_path, num_prompts=2, samples=(1, 1))
    teacher = ScriptedTeacher(lambda item: "half a \ud83d pair")
    run(job, tmp_path / "run", client=client, teacher=teacher)
    responses = pl.read_parquet(tmp_path / "run" / "responses" / "*.parquet")
    assert set(responses["output"]) == {"half a ? pair"}


def test_an_error_text_of_a_server_never_becomes_a_reason(client, tmp_path):
    job = toy_job(tmp_path, num_prompts=2, samples=(1, 1), more="max_error_share = 1.0")

    def reply(item):
        text = "\x1b[31mHACK: y" if item.mode == "on" else ": y"
        return Completion(error=text, finish_reason="error")

    manifest = run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(reply))
    (entry,) = manifest["funnel"]["responses"]
    assert entry["reasons"] == {"request_failed": {"on": 2, "off": 2}}
    assert manifest["funnel"]["kept"] == {"on": 0, "off": 0}


def test_shards_of_an_earlier_attempt_do_not_stay(client, tmp_path):
    job = toy_job(tmp_path, more=LENIENT)
    out = tmp_path / "run"
    manifest = run(job, out, client=client, teacher=scripted(job))
    shard = out / "dataset" / "SFT" / "math" / "v1-00000-of-00001.parquet"
    stale = shard.with_name("v1-00000-of-00002.parquet")
    stale.write_bytes(shard.read_bytes())
    assert verify(open_dataset(out)) == ["SFT/math/v1-00000-of-00002.parquet: not in the manifest"]
    (out / "manifest.json").unlink()
    assert run(job, out, client=client) == manifest
    assert not stale.exists()


@pytest.mark.parametrize("place", ["factory.dataset.write_card", "factory.dataset.versions"])
def test_a_death_while_the_dataset_is_written_costs_nothing(client, tmp_path, monkeypatch, place):
    job = toy_job(tmp_path, more=LENIENT)

    def die(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(place, die)
        with pytest.raises(KeyboardInterrupt):
            run(job, tmp_path / "run", client=client, teacher=scripted(job))
    assert not (tmp_path / "run" / "manifest.json").exists()
    manifest = run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(["never asked"]))
    assert manifest["funnel"]["kept"] == {"on": 12, "off": 12}
    assert verify(open_dataset(tmp_path / "run")) == []


def test_two_processes_do_not_work_on_one_run(client, tmp_path):
    job = toy_job(tmp_path)
    directory = create_or_resume(job, tmp_path / "run")
    with locked(directory), pytest.raises(RunError, match="another factory run is at work there"):
        run(job, tmp_path / "run", client=client)


PLAN = '{{"hash": "x", "run_id": "r", "ledger": "", "num_prompts": {}, "part_size": {}}}'


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("plan.json", "[]", "start anew in another --out"),
        ("plan.json", "", "start anew in another --out"),
        ("plan.json", PLAN.format('"4"', 1), "num_prompts is '4'"),
        ("plan.json", PLAN.format(4, 0), "part_size is 0"),
        ("manifest.json", "{}", "delete it and run the same command again"),
        ("manifest.json", "{", "delete it and run the same command again"),
        ("manifest.json", "[]", "delete it and run the same command again"),
    ],
)
def test_a_damaged_plan_or_manifest_is_named_with_the_way_out(
    client, tmp_path, name, content, advice
):
    job = toy_job(tmp_path, num_prompts=2, samples=(1, 1))
    run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(["x"]))
    (tmp_path / "run" / name).write_text(content)
    with pytest.raises(RunError, match=f"{name}: damaged") as caught:
        run(job, tmp_path / "run", client=client)
    assert advice in str(caught.value)


def test_a_recipe_that_keeps_nothing_is_done_and_its_prompts_still_load(client, tmp_path):
    import datasets

    job = toy_job(tmp_path, num_prompts=2, samples=(1, 1))
    manifest = run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(["nonsense"]))
    assert manifest["funnel"]["kept"] == {"on": 0, "off": 0}
    assert manifest["licenses"] == {}
    assert manifest["license"] == "apache-2.0", "the prompts' own"
    folder = str(tmp_path / "run" / "dataset")
    loaded = datasets.load_dataset(folder, split="math", cache_dir=str(tmp_path))
    assert loaded.column_names == RL.names, "there are no answers, only prompts"
    assert len(loaded) == 2
    card = (tmp_path / "run" / "dataset" / "README.md").read_text()
    assert "| apache-2.0 | 2 |" in card, "prompts alone"


def test_too_many_failures_leave_the_run_open_and_the_next_start_asks_only_those(client, tmp_path):
    job = toy_job(tmp_path, num_prompts=4, part_size=2, samples=(1, 1))
    log = AskedLog(tmp_path / "asked")
    up = tmp_path / "server-is-up"

    def flaky(item):
        log.add(item.key)
        if not up.exists() and item.mode == "off":
            return Completion(error="timeout: 60 s", finish_reason="error")
        return scripted(job).replies(item)

    with pytest.raises(PartError, match="2 of 2 tasks failed.*timeout: 60 s.*run the same"):
        run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(flaky))
    assert not (tmp_path / "run" / "manifest.json").exists()
    up.touch()
    run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(flaky))
    assert Counter(log.counts().values()) == {1: 4, 2: 4}


def test_a_teacher_that_is_gone_stops_the_run_with_its_reason(client, tmp_path):
    def gone(item):
        raise TeacherError("the engine died three times")

    with pytest.raises(TeacherError, match="the engine died three times"):
        run(toy_job(tmp_path), tmp_path / "run", client=client, teacher=ScriptedTeacher(gone))


def test_a_bug_in_one_part_leaves_the_others_finished(client, tmp_path):
    job = toy_job(tmp_path, part_size=4, more=LENIENT)
    bad = next(job.pipeline.source.prompts(5, 6)).input[-1].content

    def buggy(item):
        if item.messages[-1].content == bad:
            raise KeyError("a bug")
        return scripted(job).replies(item)

    with pytest.raises(RunError, match="1 of 3 tasks failed, what is finished is kept: KeyError"):
        run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(buggy))
    names = [path.name for path in sorted((tmp_path / "run" / "responses").iterdir())]
    assert names == ["part-00000.parquet", "part-00002.parquet"]


def test_a_scheduler_that_does_not_answer_is_named(tmp_path):
    with pytest.raises(PrerequisiteError, match="tcp://127.0.0.1:9: no Dask scheduler answers"):
        run(toy_job(tmp_path), tmp_path / "run", scheduler="tcp://127.0.0.1:9")


def test_a_cluster_without_teacher_workers_is_refused_at_once(client, tmp_path):
    path = tmp_path / "bundled.toml"
    path.write_text('pipeline = "math"\n[teacher]\nkind = "bundled"\n')
    from factory.recipe import load_recipe
    from pipelines import make_job

    with pytest.raises(
        PrerequisiteError, match="dask worker --no-nanny --nthreads 3 --resources teacher=1"
    ):
        run(make_job(load_recipe(path)), tmp_path / "run", client=client)


KILLED = """
import os, sys, time
from pathlib import Path
from factory.engine import run
from factory.teachers.scripted import ScriptedTeacher
from tests.toys import toy_job

def main():
    folder = Path(sys.argv[1])
    log = os.open(folder / "asked.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    path = str(folder / "asked.log")

    def reply(item):
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, (item.key + "\\n").encode())
        os.close(log)
        time.sleep(0.01)
        return "<think>work</think> 4" if item.mode == "on" else "4"

    job = toy_job(folder, num_prompts=40, part_size=5)
    run(job, folder / "run", workers=2, teacher=ScriptedTeacher(reply))

if __name__ == "__main__":
    main()
"""


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_kill_9_in_the_middle_and_resume_asks_at_most_what_was_in_flight_again(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(KILLED)
    root = Path(__file__).parent.parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    log = tmp_path / "asked.log"
    needed = 40 * (6 + 5)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, str(script), str(tmp_path)], env=environment, start_new_session=True
        )

    for share in (0.2, 0.6):
        process = start()
        while not log.exists() or len(log.read_bytes().splitlines()) < share * needed:
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "run" / "manifest.json").exists()
    assert start().wait() == 0
    asked = log.read_text().split()
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert sum(manifest["funnel"]["entered"].values()) == needed
    assert len(set(asked)) == needed
    # A worker has three tasks at a time, each with a copy of this teacher, and one request in it.
    workers, in_flight, kills = 2, 3, 2
    assert len(asked) <= needed + workers * in_flight * kills
