"""Refilter: stored responses judged again, with other filters, without asking anybody."""

import dataclasses
import json

import polars as pl
import pytest
from rich.console import Console

from factory.engine import run
from factory.errors import ConfigError, RunError
from factory.flips import CHANGES
from factory.recipe import load_recipe
from factory.records import Completion
from factory.rejudge import refilter
from factory.rundir import open_run
from factory.steps import AskJudge
from factory.teachers.scripted import ScriptedTeacher
from pipelines import make_job
from tests.factory.test_engine import LENIENT, scripted
from tests.factory.test_several_teachers import GRADERS, always_right, job, right
from tests.toys import gold_answers, toy_job


def text(pieces) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        for piece in pieces:
            console.print(piece)
    return capture.get()


@pytest.fixture(scope="module")
def finished(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("refilter")
    made = toy_job(folder, more=LENIENT)
    run(made, folder / "run", client=client, teacher=scripted(made))
    return made, open_run(folder / "run")


def changed(finished, tmp_path, filters: str):
    """The job of the same run with other filters."""
    made, _ = finished
    path = tmp_path / "new.toml"
    path.write_text(f"{made.to_toml()}")
    loaded = load_recipe(path)
    tables = json.loads(filters)
    return make_job(loaded.with_filters(tables))


LOOSE = '{"repetition_loops": {"max_repeats": 40}, "response_minhash": {"threshold": 1.0}}'


def test_the_same_filters_give_the_same_verdicts(finished):
    made, directory = finished
    shown = text(refilter(directory, made, made))
    assert "no verdict differs" in shown
    assert "factory run NEW.toml" in shown


def test_every_flip_is_counted_by_filter_verdict_and_mode(finished, tmp_path):
    made, directory = finished
    out = tmp_path / "flips.parquet"
    new = changed(finished, tmp_path, LOOSE)
    shown = text(refilter(directory, made, new, out=out))
    rows = pl.read_parquet(out)
    assert rows.columns == CHANGES.names
    flipped = rows.filter(pl.col("old_decision").is_not_null())
    assert set(flipped.select("filter", "old_reason", "new_decision", "mode").rows()) == {
        ("repetition_loops", "loop", "keep", "on")
    }
    assert len(flipped) == 12
    reached = rows.filter(pl.col("old_decision").is_null())
    assert "final_answer" in set(reached["filter"])
    assert set(rows["kept_before"]) == {False}
    assert set(rows["kept_after"]) == {True}
    assert "filters.repetition_loops.max_repeats was 4 and is 40" in shown
    assert "The pass rate differs for 12 prompts in a mode" in shown


def test_what_is_foretold_is_what_a_run_with_those_filters_keeps(finished, client, tmp_path):
    made, directory = finished
    new = changed(finished, tmp_path, LOOSE)
    told = [p for p in refilter(directory, made, new) if getattr(p, "title", "") == "Kept"]

    def again(item):  # what failed is asked again, as in any run; nothing else may be
        reply = scripted(made).replies(item)
        assert isinstance(reply, Completion), "a teacher was asked"
        assert reply.error
        return reply

    manifest = run(
        new,
        tmp_path / "run",
        ledger=directory.ledger,
        client=client,
        teacher=ScriptedTeacher(again),
    )
    assert manifest["funnel"]["kept"] == {"on": 24, "off": 12}
    assert [list(column.cells) for column in told[0].columns][:4] == [
        ["on", "off"],
        ["12", "12"],
        ["24", "12"],
        ["12", "0"],
    ]


def test_several_processes_tell_the_same(finished, tmp_path):
    made, directory = finished
    new = changed(finished, tmp_path, LOOSE)
    outs = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for out, workers in zip(outs, (1, 2), strict=True):
        list(refilter(directory, made, new, out=out, workers=workers))
    assert outs[0].read_text() == outs[1].read_text() != ""


def judged_run(client, folder, *, judge='judge = "judge"'):
    made = job(folder, samples_on=2, teachers=GRADERS, math=judge)
    gold = gold_answers(made)

    def reply(item):
        if item.model == "scripted" and "Judgement" in item.messages[-1].content:
            return "Judgement: no" if item.mode == "off" else "Judgement: yes"
        return right(item, gold)

    run(made, folder / "run", client=client, teacher=ScriptedTeacher(reply))
    return made, open_run(folder / "run")


def with_template(made, template: str):
    steps = tuple(
        dataclasses.replace(step, template=template) if isinstance(step, AskJudge) else step
        for step in made.pipeline.steps
    )
    return dataclasses.replace(made, pipeline=dataclasses.replace(made.pipeline, steps=steps))


def test_what_a_judge_said_is_read_from_the_stored_rows(client, tmp_path):
    made, directory = judged_run(client, tmp_path)
    shown = text(refilter(directory, made, made))
    assert "no verdict differs" in shown
    loose = made.pipeline.with_filter_settings({"judge_verdict": {"low": 0.0}}, "test")
    shown = text(refilter(directory, made, dataclasses.replace(made, pipeline=loose)))
    assert "drop judged_wrong" in shown


def test_what_a_judge_said_to_another_question_does_not_count(client, tmp_path):
    made, directory = judged_run(client, tmp_path)
    out = tmp_path / "flips.jsonl"
    new = with_template(made, "Is {answer} really {expected}? {problem} Judgement")
    shown = text(refilter(directory, made, new, out=out))
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    judged = [row for row in rows if row["filter"] == "judge_verdict"]
    assert {row["new_decision"] for row in judged} == {"unjudged"}
    assert "stored grades in column 'judge' answer another question" in shown


def test_a_judge_that_was_never_asked_leaves_its_filter_without_a_verdict(client, tmp_path):
    old = job(tmp_path, teachers=GRADERS)
    run(old, tmp_path / "run", client=client, teacher=always_right(old))
    new = job(tmp_path, teachers=GRADERS, math='judge = "judge"')
    out = tmp_path / "flips.jsonl"
    list(refilter(open_run(tmp_path / "run"), old, new, out=out))
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    judged = [row for row in rows if row["filter"] == "judge_verdict"]
    assert judged
    assert {(row["old_decision"], row["new_decision"]) for row in judged} == {(None, "unjudged")}


def test_other_prompts_are_refused_and_the_key_is_named(finished, tmp_path):
    made, directory = finished
    other = toy_job(tmp_path, num_prompts=13, more=LENIENT)
    with pytest.raises(ConfigError, match="math.num_prompts was 12 and is 13"):
        list(refilter(directory, made, other))
    seeded = dataclasses.replace(made, pipeline=dataclasses.replace(made.pipeline, name="code"))
    with pytest.raises(ConfigError, match="pipeline is 'math', the recipe's is 'code'"):
        list(refilter(directory, made, seeded))


def test_a_gold_answer_that_passes_no_more_takes_its_responses_along(finished):
    class Strict(type(finished[0].pipeline.gold)):
        def gold_answer(self, prompt):
            return "nothing"

    made, directory = finished
    new = dataclasses.replace(made, pipeline=dataclasses.replace(made.pipeline, gold=Strict()))
    shown = text(refilter(directory, made, new))
    assert "Gold answers of 12 prompts do not pass any more" in shown
    assert "drop bad_gold" in shown


def test_a_wish_for_rows_is_told_apart_from_the_filters(client, tmp_path):
    wish = '[accept.on]\nrows = 4\nper = "all"'
    made = job(tmp_path, more=wish)
    run(made, tmp_path / "run", client=client, teacher=always_right(made))
    directory = open_run(tmp_path / "run")
    shown = " ".join(text(refilter(directory, made, made)).split())
    assert "no verdict differs" in shown
    assert "of the stored answers 4 would count, in the run 4 do" in shown


def test_a_run_without_a_finished_part_is_told(finished, tmp_path):
    made, directory = finished
    empty = dataclasses.replace(directory, root=tmp_path)
    with pytest.raises(RunError, match="no part of the responses is finished"):
        list(refilter(empty, made, made))


def test_the_command_sets_fields_and_ends_with_0(finished, factory):
    _, directory = finished
    done = factory(
        "refilter", directory.root, "--set", "repetition_loops.max_repeats=40", "--workers", 1
    )
    assert done.returncode == 0, done.stderr
    assert "drop loop" in done.stdout


def test_further_filters_are_told_as_changed_and_the_way_on_is_one_line(
    finished, factory, tmp_path, monkeypatch
):
    made, directory = finished
    (tmp_path / "new.toml").write_text(
        made.to_toml().replace("keep = []", 'keep = ["personal_data"]')
    )
    monkeypatch.setenv("COLUMNS", "80")
    done = factory("refilter", directory.root, "--recipe", tmp_path / "new.toml", "--workers", 1)
    assert done.returncode == 0, done.stderr
    assert "keep was [] and is ['personal_data']" in done.stdout
    assert "not seen here" not in done.stdout
    assert f"factory run NEW.toml --out NEW --ledger {directory.ledger}\n" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "final_answr.timeout_s=5"], "did you mean final_answer?"),
        (["--set", "final_answer.timeout=5"], "unknown key filters.final_answer.timeout"),
        (["--set", "final_answer.timeout_s=-5"], "timeout_s must be in"),
        (["--set", "final_answer"], "must be NAME.FIELD=VALUE"),
        (["--set", "final_answer.timeout_s=["], "is no value"),
        (["--out", "rows.csv"], "the suffix must be .jsonl or .parquet"),
        (["--recipe", "nowhere.toml"], "no such file"),
    ],
)
def test_a_wrong_command_ends_with_2_and_the_way_out(finished, factory, arguments, message):
    done = factory("refilter", finished[1].root, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
