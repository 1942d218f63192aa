"""The recipe's table `[decontaminate]`, and how it is published."""

import dataclasses
import json
import os
from pathlib import Path

import pytest

from factory import decontaminate_table
from factory.benchmarks import load_benchmarks
from factory.decontamination.embedding import ScriptedEmbedding
from factory.decontamination.ngrams import Ngrams
from factory.errors import ConfigError, PrerequisiteError
from factory.published import published_toml
from factory.recipe import load_recipe
from factory.steps import Ask, Decontaminate
from pipelines import make_job
from tests.screened_runs import ITEMS, write_items
from tests.toys import toy_job


def checks(folder: Path, table: str) -> Decontaminate:
    step = toy_job(folder, more=f"[decontaminate]\n{table}").pipeline.decontaminate
    assert step
    return step


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("agianst = []", "unknown key decontaminate.agianst; did you mean against?"),
        ('against = "human-eval"', "decontaminate.against should be"),
        ("ngram = 1", "decontaminate.ngram.ngram must be in [2, 64], got 1"),
        ("[decontaminate.ngram]\nshare = 2.0", "decontaminate.ngram.share must be in (0, 1]"),
        ("[decontaminate.ngram]\nshares = 1", "decontaminate.ngram.shares; did you mean share?"),
        ('embed = "bundeld"', "decontaminate.embed.kind is 'bundeld'; did you mean bundled?"),
        ('embed = "scripted"\nsimilarity = 1.5', "decontaminate.similarity must be in [-1, 1]"),
        ('embed = "scripted"\nsimilarity = "x"', "decontaminate.similarity must be in [-1, 1]"),
        ("similarity = 0.7", "decontaminate.similarity needs decontaminate.embed"),
        ('judge = "teacher"', "decontaminate.judge needs decontaminate.embed"),
        (
            'embed = "scripted"\njudge = "techer"',
            "decontaminate.judge names no teacher: 'techer'; did you mean teacher?",
        ),
        (
            'embed = "scripted"\njudge = ["teacher", "techer"]',
            "decontaminate.judge names no teacher: 'techer'; did you mean teacher?",
        ),
        (
            'embed = "scripted"\njudge = ["teacher", "teacher"]',
            "decontaminate.judge names teacher twice",
        ),
        ('embed = "scripted"\njudge = 3', "decontaminate.judge should be"),
        ('embed = "scripted"\njudge = ["teacher", 3]', "decontaminate.judge"),
        ("both_orders = true", "decontaminate.both_orders needs decontaminate.judge"),
        ('against = ["human-eval"]\nngram = 0', "nothing would be checked"),
    ],
)
def test_a_bad_table_is_refused_naming_the_key(tmp_path, table, message):
    with pytest.raises(ConfigError) as caught:
        checks(tmp_path, table)
    assert message in str(caught.value)
    assert "toy.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("against", "message"),
    [
        ("humaneval", "decontaminate.against: humaneval: no such benchmark set; did you mean"),
        ("missing.jsonl", "decontaminate.against: missing.jsonl: no such data"),
    ],
)
def test_an_unknown_benchmark_is_refused_before_anything_starts(tmp_path, against, message):
    job = toy_job(tmp_path, more=f'[decontaminate]\nagainst = ["{against}"]')
    with pytest.raises(ConfigError) as caught:
        job.hash()
    assert message in str(caught.value)


def test_what_the_table_leaves_out_stays_as_the_page_has_it(tmp_path):
    step = checks(tmp_path, "ngram = 12")
    assert step.ngrams
    assert (step.ngrams.ngram, step.ngrams.share) == (12, 0.5)
    assert step.against == ()
    assert checks(tmp_path, "").ngrams == step.ngrams.__class__()


def test_a_pipeline_without_such_a_step_gets_one_before_the_ask(tmp_path):
    pipeline = toy_job(tmp_path).pipeline
    assert pipeline.decontaminate
    steps = tuple(step for step in pipeline.steps if not isinstance(step, Decontaminate))
    bare = dataclasses.replace(pipeline, steps=steps)
    assert bare.decontaminate is None
    again = bare.with_decontaminate(Decontaminate(against=("x",)))
    places = [type(step) for step in again.steps]
    assert places.index(Decontaminate) + 1 == places.index(Ask)


def test_the_resolved_table_makes_the_same_step_out_of_any_other(tmp_path):
    step = checks(
        tmp_path,
        'against = ["human-eval"]\nngram = 0\nembed = "scripted"\nsimilarity = 0.4\n'
        'judge = "teacher"\nboth_orders = true',
    )
    assert step.ngrams is None
    table = decontaminate_table.as_table(step)
    assert decontaminate_table.with_table(Decontaminate(), table, "x") == step
    other = Decontaminate(against=("y",), judge=("z",), embedding=step.embedding)
    assert decontaminate_table.with_table(other, table, "x") == step


@pytest.mark.parametrize("judges", [(), ("a",), ("a", "b")])
def test_one_judge_is_resolved_to_a_name_and_several_to_a_list(judges):
    step = Decontaminate(embedding=ScriptedEmbedding(), judge=judges)
    table = decontaminate_table.as_table(step)
    assert table["judge"] == {0: "", 1: "a", 2: ("a", "b")}[len(judges)]
    assert decontaminate_table.with_table(Decontaminate(), table, "x") == step


def test_a_list_of_one_judge_is_that_judge_and_the_order_of_several_counts(tmp_path):
    def identity(judges: str) -> str:
        teachers = "".join(
            f'[teachers.{name}]\nkind = "scripted"\nreplies = ["{name}"]\n' for name in "ab"
        )
        path = tmp_path / "r.toml"
        path.write_text(
            f'pipeline = "math"\n{teachers}[ask]\non = "a"\noff = "a"\n'
            f'[decontaminate]\nembed = "scripted"\njudge = {judges}\n'
        )
        return make_job(load_recipe(path)).hash()

    assert identity('["a"]') == identity('"a"')
    assert len({identity(each) for each in ('"a"', '["a", "b"]', '["b", "a"]', '""')}) == 4


def test_the_runs_own_recipe_finds_its_benchmarks_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_items(tmp_path / "hens.jsonl")
    job = toy_job(tmp_path, more='[decontaminate]\nagainst = ["hens.jsonl"]')
    (tmp_path / "resolved.toml").write_text(job.to_toml())
    os.chdir("/")
    again = make_job(load_recipe(tmp_path / "resolved.toml"))
    assert again.hash() == job.hash()
    assert again.as_table() == job.as_table()


def test_a_published_recipe_names_sets_and_their_content_and_no_path(tmp_path):
    write_items(tmp_path / "hens.jsonl")
    table = f'[decontaminate]\nagainst = ["{tmp_path}/hens.jsonl"]'
    job = toy_job(tmp_path, more=table)
    text = published_toml(job)
    (published,), _ = load_benchmarks([str(tmp_path / "hens.jsonl")])
    assert str(tmp_path) not in text
    assert '"hens"' in text
    assert f'hens = "{published.sha256}"' in text


def test_a_set_of_other_content_than_the_pinned_one_is_refused(tmp_path):
    path = tmp_path / "hens.jsonl"
    write_items(path)
    (before,), items = load_benchmarks([str(path)])
    assert (before.name, before.num_items, len(items)) == ("hens", 3, 3)
    assert load_benchmarks([str(path)], {"hens": before.sha256})[0] == [before]
    write_items(path, ITEMS[::-1])
    with pytest.raises(ConfigError, match="decontaminate.sha256: hens must be"):
        load_benchmarks([str(path)], {"hens": before.sha256})


def test_sets_of_one_name_are_told_apart_without_their_paths(tmp_path):
    for place, folder in enumerate(("a", "b")):
        (tmp_path / folder).mkdir()
        write_items(tmp_path / folder / "test.jsonl", ITEMS[place:])
    sets, items = load_benchmarks([str(tmp_path / each / "test.jsonl") for each in "ab"])
    names = [each.name for each in sets]
    assert names == [f"test-{each.sha256[:8]}" for each in sets]
    assert [item.benchmark for item in items] == [names[0]] * 3 + [names[1]] * 2


def test_what_changes_the_data_changes_the_identity_and_what_does_not_does_not(tmp_path):
    write_items(tmp_path / "hens.jsonl")
    own = f'[decontaminate]\nagainst = ["{tmp_path}/hens.jsonl"]\nembed = '

    def identity(more: str) -> str:
        return toy_job(tmp_path, more=own + more).hash()

    base = identity('"scripted"')
    assert identity('"scripted"\nsimilarity = 0.6') != base
    assert identity('"scripted"\njudge = "teacher"') != base
    assert identity('"scripted"\nngram = 9') != base
    assert identity('{kind = "scripted", batch_size = 7}') == base


def test_versions_of_methods_and_the_words_of_the_judge_are_part_of_the_identity(
    tmp_path, monkeypatch
):
    table = '[decontaminate]\nagainst = ["human-eval"]\nembed = "scripted"\njudge = "teacher"'
    before = toy_job(tmp_path, more=table).hash()
    for target, name, value in (
        (decontaminate_table, "TEMPLATE", "Are {first} and {second} alike?"),
        (Ngrams, "name", "ngrams.v9"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, value)
            assert toy_job(tmp_path, more=table).hash() != before
    assert toy_job(tmp_path, more=table).hash() == before


def test_a_hub_set_that_cannot_be_had_is_a_prerequisite(tmp_path):
    job = toy_job(tmp_path, more='[decontaminate]\nagainst = ["org/name"]')
    with pytest.raises(PrerequisiteError, match=r"decontaminate\.against: org/name"):
        job.hash()


def test_the_table_of_a_run_is_plain_toml(tmp_path):
    job = toy_job(tmp_path, more='[decontaminate]\nembed = "scripted"')
    assert json.loads(json.dumps(job.as_table()["decontaminate"]))["embed"]["kind"] == "scripted"
