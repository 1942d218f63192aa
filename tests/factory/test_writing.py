"""Prompts that teachers take part in writing: extracted, classified, and made anew."""

import zlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import ClassVar

import polars as pl
import pytest

from factory.asking import Answerer, replay
from factory.drawing import written_counts
from factory.engine import run
from factory.errors import PartError
from factory.records import Completion, Draft, Message, Sampling
from factory.rundir import open_run
from factory.steps import Write
from factory.teachers.scripted import ScriptedTeacher
from factory.writing import Scribe
from tests.toys import prompt, toy_job


@dataclass(frozen=True)
class Extract:
    """Every second thread holds three problems, one of them twice; the others hold none."""

    name: ClassVar[str] = "extract.v1"
    most: int = 3

    def question(self, prompt, sample):
        return f"EXTRACT {prompt.problem}"

    def read(self, prompt, reply):
        problems = [line for line in reply.splitlines() if line]
        if not problems:
            return [Draft(prompt=prompt, reason="no_problem")]
        return [
            Draft(prompt=prompt.rewritten([Message(role="user", content=p)], problem=p))
            for p in problems
        ]


@dataclass(frozen=True)
class IsProof:
    name: ClassVar[str] = "is_proof.v1"
    most: int = 1

    def question(self, prompt, sample):
        return f"PROOF? {prompt.problem}" if "?" not in prompt.problem else None

    def read(self, prompt, reply):
        return [Draft(prompt=prompt, reason="proof" if reply.strip() == "yes" else "")]


@dataclass(frozen=True)
class Vary:
    name: ClassVar[str] = "vary.v1"
    most: int = 1

    def question(self, prompt, sample):
        return f"VARY {sample} {prompt.problem}"

    def read(self, prompt, reply):
        new = prompt.rewritten([Message(role="user", content=reply)], problem=reply)
        return [Draft(prompt=new)]


def with_writes(job, *writes):
    steps = (*writes, *job.pipeline.steps)
    return replace(job, pipeline=replace(job.pipeline, steps=steps))


def reply(request):
    said = request.messages[-1].content
    kind, _, rest = said.partition(" ")
    number = zlib.crc32(rest.encode()) % 1000
    if kind == "EXTRACT":
        found = (f"{number} plus one", f"Is {number} even?", f"{number} plus one")
        return "\n".join(found if number % 2 else ())
    if kind == "PROOF?":
        return "yes" if number % 3 == 0 else "<think>yes?</think>no"
    if kind == "VARY":
        return f"variant {request.sample} of {rest}"
    think = "<think>\nwork\n</think>\n\n" if request.mode == "on" else ""
    return f"{think}\\boxed{{1}}"


TEACHER = {"teacher": "teacher"}


def extracting(folder, **fields):
    job = toy_job(folder, samples=(1, 1), **fields)
    return with_writes(
        job, Write(**TEACHER, writer=Extract()), Write(**TEACHER, writer=IsProof(), role="sorter")
    )


def prompts(out):
    return pl.read_parquet(out / "prompts" / "*.parquet").sort("index")


def test_problems_are_extracted_and_sorted_and_every_rejection_is_counted(client, tmp_path):
    job = extracting(tmp_path / "r")
    manifest = run(job, tmp_path / "out", client=client, teacher=ScriptedTeacher(reply))
    made = prompts(tmp_path / "out")
    seeds = list(job.pipeline.source.prompts(0, 12))
    assert set(made["seed_id"]) - {""} <= {seed.id for seed in seeds}
    assert {int(each) // 3 for each in made["index"]} == set(range(12))
    reasons = Counter(made["reason"])
    assert reasons["no_problem"] > 0
    assert reasons["proof"] > 0
    funnel = manifest["funnel"]["prompts"]
    assert funnel["drawn"] == len(made)
    assert funnel["dropped"]["no_problem"] == reasons["no_problem"]
    assert funnel["dropped"]["exact_duplicate"] > 0
    writing = next(row for row in manifest["usage"] if row["mode"] == "prompts")
    kept = made.filter(~pl.col("problem").str.contains("?", literal=True))
    asked = 12 + kept.filter(pl.col("reason") != "no_problem")["problem"].n_unique()
    assert writing["completions"] == asked
    assert manifest["paid"] == manifest["usage"]


def test_written_prompts_are_the_same_for_every_division_into_parts(client, tmp_path):
    tables = []
    for size in (1, 6, 12):
        job = extracting(tmp_path / f"r{size}", part_size=size)
        run(job, tmp_path / f"out{size}", client=client, teacher=ScriptedTeacher(reply))
        tables.append(prompts(tmp_path / f"out{size}"))
        shard = next((tmp_path / f"out{size}").glob("dataset/SFT/math/*.parquet"), None)
        tables[-1] = (tables[-1].to_dicts(), shard.read_bytes() if shard else None)
    assert tables[0] == tables[1] == tables[2]


def test_records_credit_the_writers_and_name_the_seed(client, tmp_path):
    job = toy_job(tmp_path / "r", num_prompts=3, samples=(2, 1))
    vary = Vary()
    step = Write(**TEACHER, writer=vary, samples=2, beside=True, sampling=Sampling(temperature=1.0))
    job = with_writes(job, step)
    gold = {p.problem: p.expected_answer for p in job.pipeline.source.prompts(0, 3)}

    def right(request):
        said = request.messages[-1].content
        if said.startswith("VARY"):
            return reply(request)
        answer = next(a for problem, a in gold.items() if problem in said)
        think = f"<think>\n{request.sample}\n</think>\n\n" if request.mode == "on" else ""
        return f"{think}\\boxed{{{answer}}}"

    run(job, tmp_path / "out", client=client, teacher=ScriptedTeacher(right))
    made = prompts(tmp_path / "out")
    assert len(made) == 9
    assert made["problem"].str.starts_with("variant").to_list() == [False, True, True] * 3
    assert [bool(w) for w in made["writers"].to_list()] == [False, True, True] * 3
    assert made["seed_id"][1] == made["id"][0]
    counts = written_counts(open_run(tmp_path / "out"))
    assert counts["teacher/math/prompts:completions"] == 6
    rows = pl.read_parquet(tmp_path / "out" / "dataset" / "SFT" / "math" / "*.parquet")
    written = rows.filter(pl.col("prompt_id") == made["id"][1])
    assert set(written["generator"]) == {"scripted"}


def test_a_writer_whose_requests_fail_fails_the_part_and_the_next_start_asks_again(
    client, tmp_path
):
    job = extracting(tmp_path / "r", num_prompts=4, part_size=12)

    def failing(request):
        if request.messages[-1].content.startswith("PROOF?"):
            return Completion(finish_reason="error", error="server_error: gone")
        return reply(request)

    with pytest.raises(PartError, match="questions about prompts failed"):
        run(job, tmp_path / "out", client=client, teacher=ScriptedTeacher(failing))
    manifest = run(job, tmp_path / "out", client=client, teacher=ScriptedTeacher(reply))
    assert manifest["paid"] == manifest["usage"], "what was replied before is not paid again"
    assert "proof" in set(prompts(tmp_path / "out")["reason"])


def test_a_prompt_made_of_another_keeps_its_source_and_has_an_id_of_its_own():
    first = replace(prompt(), attribution="someone")
    new = first.rewritten([Message(role="user", content="x")], problem="x", expected_answer=None)
    assert new.id != first.id
    assert (new.seed_id, new.attribution, new.source) == (first.id, "someone", first.source)
    again = new.rewritten([Message(role="user", content="y")], problem="y")
    assert again.seed_id == first.id


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ("<think>\nIs 3 even?", []),
        ("Is 2 even?\n<think>\nIs 3 even?", []),
        ("<think>\nIs 3 even?\n</think>\nIs 2 even?", ["Is 2 even?"]),
        ("Is 2 even?", ["Is 2 even?"]),
    ],
)
def test_what_a_teacher_thinks_is_not_read_even_where_it_never_comes_to_speak(said, problems):
    who = Answerer(name="w", model="m", revision="1", thinks=True)
    scribe = Scribe(step=Write(**TEACHER, writer=Extract()), who=who, license="mit", seed=1)
    drafts = replay(scribe.writing(prompt(), 0), lambda request: Completion(text=said))
    assert [draft.prompt.problem for draft in drafts if not draft.reason] == problems


def test_several_greedy_samples_of_one_question_are_refused():
    with pytest.raises(ValueError, match="greedy replies to one question are all the same"):
        Write(**TEACHER, writer=Vary(), samples=2)
