"""Is the filter right? A person's labels: what is asked, what survives, what is told."""

import dataclasses
import io
import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter

import pytest
from rich.console import Console

from factory.engine import run
from factory.labels import LabelFile, label, sampled
from factory.rundir import open_run
from factory.steps import Keep
from factory.strata import Candidate, Stratum, allocate, split_near, stratify
from filters import FinalAnswer
from tests.factory.test_engine import LENIENT, scripted
from tests.factory.test_rejudge import judged_run
from tests.toys import toy_job


@pytest.fixture(scope="module")
def finished(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    made = toy_job(folder, more=LENIENT)
    run(made, folder / "run", client=client, teacher=scripted(made))
    return made, folder / "run"


@pytest.fixture
def fresh(finished):
    """A run without labels."""
    made, root = finished
    for path in (root / "audit" / "labels").glob("*"):
        path.unlink()
    return made, open_run(root)


def typed(*lines: str):
    """A person who types these lines and goes away."""
    waiting = iter(lines)
    return lambda question: next(waiting, None)


def labelled(fresh, *lines: str, filter: str = "final_answer", **options) -> str:
    made, directory = fresh
    console = Console(width=200, file=io.StringIO())
    label(made, directory, filter, typed(*lines), console, **options)
    return console.file.getvalue()


def stored(directory, filter: str = "final_answer") -> list[dict]:
    path = directory.root / "audit" / "labels" / f"{filter}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_label_is_stored_with_what_the_filter_said(fresh):
    shown = labelled(fresh, "y", "n", "u")
    lines = stored(fresh[1])
    assert [line["label"] for line in lines] == ["yes", "no", "unsure"]
    assert {line["filter"] for line in lines} == {"final_answer.v2"}
    assert all(line["blind"] for line in lines)
    assert len({line["id"] for line in lines}) == 3
    assert "unsure (1) counts as no label" in shown


def test_the_next_start_goes_on_and_a_report_asks_nothing(fresh, factory):
    labelled(fresh, "y", "n")
    shown = labelled(fresh, "y", number=5)
    assert "5 responses, 2 of them have a label" in shown
    assert "3 of 5" in shown
    assert len({line["id"] for line in stored(fresh[1])}) == 3
    done = factory("audit", fresh[1].root, "--label", "final_answer.v2", "--report")
    assert done.returncode == 0, done.stderr
    assert "precision" in done.stdout
    assert "PROMPT" not in done.stdout


def test_back_corrects_and_nonsense_is_asked_again(fresh):
    shown = labelled(fresh, "y", "what?", "back", "no idea", "No", "q")
    lines = stored(fresh[1])
    assert [line["label"] for line in lines] == ["yes", "no"]
    assert lines[0]["id"] == lines[1]["id"]
    assert "'what?' is none of" in shown
    assert "'no idea' is none of" in shown
    assert LabelFile(fresh[1], "final_answer.v2").labels == {lines[0]["id"]: "no"}


def test_the_verdict_is_hidden_unless_it_is_asked_for(fresh):
    sample = labelled(fresh, "q").partition("what was labelled")[0]
    assert "wrong_answer" not in sample
    assert "says" not in sample
    assert "final_answer.v2 says: " in labelled(fresh, "y", show_verdict=True)
    assert stored(fresh[1])[0]["blind"] is False


def test_long_text_loses_its_middle_until_more_is_asked_for(fresh, monkeypatch):
    monkeypatch.setattr("factory.labels._LIMIT", 10)
    shown = labelled(fresh, "m", "q")
    first = shown.partition("m(ore")[0]
    assert "characters ...]" in first
    assert shown.count("characters ...]") == first.count("characters ...]")


def test_a_line_that_a_kill_cut_short_is_passed_over(fresh):
    labelled(fresh, "y", "n")
    path = fresh[1].root / "audit" / "labels" / "final_answer.jsonl"
    path.write_bytes(path.read_bytes() + b'{"id": "torn", "lab')
    assert len(LabelFile(fresh[1], "final_answer.v2").labels) == 2
    labelled(fresh, "y")
    assert len(LabelFile(fresh[1], "final_answer.v2").labels) == 3


def test_labels_survive_kill_9(fresh):
    command = [sys.executable, "-m", "factory", "audit", str(fresh[1].root)]
    process = subprocess.Popen(
        [*command, "--label", "final_answer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    process.stdin.write(b"y\nn\n")
    while b"3 of " not in (line := process.stdout.readline()):
        assert line, "it ended"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert [line["label"] for line in stored(fresh[1])] == ["yes", "no"]


def test_true_labels_give_the_filters_true_rates(fresh):
    made, directory = fresh
    strata = stratify(made, directory, "final_answer.v2")
    assert sum(map(len, strata.values())) == 36 + 36, "those that earlier filters kept"
    sample = sampled(strata, 72)
    # "It is 4." is right and has no box: the filter misses those twelve, and nothing else.
    truth = [
        "y" if pair[0].decision == "keep" or pair[0].reason == "no_answer" else "n"
        for pair in sample
    ]
    shown = labelled(fresh, *truth, number=72)
    assert "precision, of what is kept the right share: 100.0% (100.0% to 100.0%)" in shown
    assert "recall, of what is right the kept share: 75.0% (75.0% to 75.0%)" in shown


def test_what_a_judge_contradicts_comes_first(client, tmp_path):
    made, directory = judged_run(client, tmp_path)
    strata = stratify(made, directory, "final_answer.v2")
    sizes = {(each.group, each.decision, each.mode): len(strata[each]) for each in strata}
    assert sizes == {("disagrees", "keep", "off"): 6, ("rest", "keep", "on"): 12}
    sample = sampled(strata, 10)
    groups = [stratum.group for stratum, _ in sample]
    assert groups == sorted(groups)
    assert set(groups) == {"disagrees", "rest"}
    other = stratify(made, directory, "think_tags.v1")
    assert {each.group for each in other} == {"rest"}, "it does not tell right from wrong"


def test_scores_near_the_other_decision_are_set_apart(fresh):
    def stratum(decision):
        return Stratum(group="rest", decision=decision, reason="", mode="on")

    kept = [Candidate(id=f"k{n}", part=0, score=float(n)) for n in range(10, 30)]
    dropped = [Candidate(id=f"d{n}", part=0, score=float(n)) for n in range(10)]
    split = split_near({stratum("keep"): kept, stratum("drop"): dropped})
    near = {s.decision: {c.id for c in each} for s, each in split.items() if s.group == "near"}
    assert near == {"keep": {"k10", "k11", "k12", "k13"}, "drop": {"d9", "d8"}}
    same = [Candidate(id=f"s{n}", part=0, score=1.0) for n in range(9)]
    split = split_near({stratum("keep"): same, stratum("drop"): dropped[:3]})
    assert {each.group for each in split} == {"rest"}, "few scores, no threshold to be near to"


def test_a_larger_sample_holds_every_smaller_one():
    sizes = {
        Stratum(group=group, decision=decision, reason="", mode="on"): size
        for group, decision, size in (
            ("rest", "keep", 10_000),
            ("rest", "drop", 100),
            ("disagrees", "keep", 3),
        )
    }
    before = Counter()
    for number in range(1, 60):
        taken = allocate(sizes, number)
        assert sum(taken.values()) == number
        assert all(before[each] <= taken[each] <= sizes[each] for each in sizes)
        before = Counter(taken)
    assert next(iter(k for k, v in allocate(sizes, 1).items() if v)).group == "disagrees"
    assert allocate(sizes, 10**6) == sizes


def test_an_unknown_filter_ends_with_2_and_the_nearest(fresh, factory):
    done = factory("audit", fresh[1].root, "--label", "final_answr")
    assert done.returncode == 2
    assert "no filter 'final_answr'; did you mean final_answer?" in done.stderr


def test_lines_from_another_program_are_labels_too(fresh, factory, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\nn\n"))
    done = factory("audit", fresh[1].root, "--label", "final_answer", "--number", 4)
    assert done.returncode == 0, done.stderr
    assert "3 of 4" in done.stdout
    assert len(stored(fresh[1])) == 2


class Reads(FinalAnswer):
    """Says which answer it read."""

    def extracted(self, response):
        return response.answer.removeprefix("\\boxed{").removesuffix("}")


def test_a_verdict_that_spelling_would_not_give_comes_before_the_rest(finished):
    made, root = finished
    steps = tuple(
        Keep(Reads()) if isinstance(step, Keep) and isinstance(step.filter, FinalAnswer) else step
        for step in made.pipeline.steps
    )
    pipeline = dataclasses.replace(made.pipeline, steps=steps)
    strict = dataclasses.replace(made, pipeline=pipeline)
    strata = stratify(strict, open_run(root), "final_answer.v2")
    assert {each.group for each in strata} == {"rest"}, "5 is spelled 5"

    class Shouts(Reads):
        def extracted(self, response):
            return "something else"

    steps = tuple(
        Keep(Shouts()) if isinstance(step, Keep) and isinstance(step.filter, Reads) else step
        for step in steps
    )
    pipeline = dataclasses.replace(made.pipeline, steps=steps)
    strata = stratify(
        dataclasses.replace(made, pipeline=pipeline), open_run(root), "final_answer.v2"
    )
    assert {each.group for each in strata if each.decision == "keep"} == {"spelling"}
    assert {each.group for each in strata if each.decision != "keep"} == {"rest"}


def test_report_without_a_filter_is_a_wrong_command(fresh, factory):
    assert factory("audit", fresh[1].root, "--report").returncode == 2


def test_ctrl_c_ends_the_labelling(fresh):
    process = subprocess.Popen(
        [sys.executable, "-m", "factory", "audit", fresh[1].root, "--label", "final_answer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    try:
        shown = b""
        while b"(uit): " not in shown:
            shown += (line := os.read(process.stdout.fileno(), 4096))
            assert line, "it ended"
        for _ in range(3):  # one may come before it waits for the answer
            process.send_signal(signal.SIGINT)
            # Nothing more once it has heard: a second one would kill it on its way out.
            if select.select([process.stderr], [], [], 5)[0]:
                break
        assert process.wait() == 1, "its input stays open"
    finally:
        process.kill()
        _, errors = process.communicate()
    assert b"interrupted" in errors
