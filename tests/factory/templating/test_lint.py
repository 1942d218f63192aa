"""The lint of a dataset: which rows, which lengths, what is told, and that export asks for it."""

import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.errors import ConfigError, PrerequisiteError, RunError
from factory.export import export
from factory.templating import lint, lint_table, load_tokenizer, read_template
from factory.templating.report import quantile
from factory.templating.rows import Sample, chosen, sample_shards
from tests.factory.templating.tokenizers_of import LLAMA, byte_tokenizer
from tests.finished_datasets import OFF, ON, QUESTION, answer, both_configs, finished, prompt

SOUND = read_template("chatml")
BARE = "{% for m in messages %}<|im_start|>{{ m.role + '\n' + m.content }}<|im_end|>{% endfor %}"


@pytest.fixture
def dataset(tmp_path):
    both_configs(tmp_path / "dataset")
    return tmp_path / "dataset"


@pytest.fixture
def tokenizer(tmp_path):
    """A directory with a tokenizer whose own template keeps every rule."""
    byte_tokenizer(template=SOUND).save_pretrained(tmp_path / "tokenizer")
    return tmp_path / "tokenizer"


def test_a_sound_template_has_no_problems_and_lengths_on_and_off_apart(dataset):
    found = lint(dataset, byte_tokenizer(template=SOUND), max_length=180)
    found.require_sound()
    system, user = len("system\ndetailed thinking on\n"), len(f"user\n{QUESTION}\n")
    on = system + user + len("assistant\n\n") + len(ON) + 6  # three turns, two tokens each
    assert found.lengths["on"] == {on: 6}
    assert found.lengths["off"] == {on + 1 - len(ON) + len(OFF): 6}
    assert (found.num_over("on"), found.num_over("off")) == (0, 0)


def test_rows_beyond_the_maximum_length_are_counted(dataset):
    found = lint(dataset, byte_tokenizer(template=SOUND), max_length=120)
    assert (found.num_over("on"), found.num_over("off")) == (6, 0)
    assert quantile(found, "on", 0.5) == max(found.lengths["on"])


def test_all_lengths_measures_every_row_and_a_sample_its_own(dataset):
    tokenizer = byte_tokenizer(template=SOUND)
    sampled = lint(dataset, tokenizer, num_rows=3)
    every = lint(dataset, tokenizer, num_rows=3, all_lengths=True)
    assert sum(sampled.lengths[mode].total() for mode in ("on", "off")) == 3
    assert sum(every.lengths[mode].total() for mode in ("on", "off")) == 12
    assert lint(dataset, tokenizer).lengths == every.lengths


def test_a_broken_rule_names_the_row_what_is_wrong_and_the_way_out(dataset):
    found = lint(dataset, byte_tokenizer(template=BARE), splits=["chat"])
    (mask,) = [line for line in found.problems if line.startswith("mask, reasoning off")]
    assert mask == (
        "mask, reasoning off: 1 of 1 rows, first chat-1-off: the assistant mask is empty: nothing "
        "is learned; put {% generation %} around the last assistant turn, or --template chatml"
    )
    with pytest.raises(RunError, match="first chat-0-on: the assistant mask is empty"):
        found.require_sound()


def test_past_turns_are_looked_at_even_where_no_row_has_any(dataset):
    found = lint(dataset, byte_tokenizer(template=BARE), rules=["past_turns"])
    (line,) = found.problems
    assert "first two turns of the lint's own: a past turn keeps its think block" in line


def test_prompts_are_looked_at_without_an_answer(dataset):
    found = lint(dataset, byte_tokenizer(template=SOUND), config="RL")
    found.require_sound()
    assert found.lengths["on"].total() == 6
    assert ("mask", "on") not in found.findings


def test_a_tokenizer_of_another_family_is_shown_the_template_that_suits_it(dataset):
    found = lint(dataset, byte_tokenizer(LLAMA, BARE))
    assert any("--template llama-nemotron" in line for line in found.problems)


def test_a_sample_is_drawn_from_all_over_and_is_the_same_each_time(tmp_path):
    shards = [("SFT", "math", [answer(n) for n in range(s * 50, s * 50 + 50)]) for s in range(4)]
    dataset = finished(tmp_path / "dataset", shards)
    drawn = [
        [row["id"] for sample in sample_shards(chosen(dataset, "SFT"), 40) for row in sample.rows()]
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1] == sorted(set(drawn[0]))
    assert len(drawn[0]) == 40
    assert {int(name.split("-")[1]) // 50 for name in drawn[0]} == {0, 1, 2, 3}


def test_a_small_dataset_is_looked_at_whole(tmp_path):
    rows = [answer(n) for n in range(300)]  # more than a batch
    dataset = finished(tmp_path / "dataset", [("SFT", "math", rows)])
    (sample,) = sample_shards(chosen(dataset, "SFT"), 1000)
    assert [row["id"] for row in sample.rows()] == [row["id"] for row in rows]


def test_a_sample_of_a_shard_with_row_groups_holds_the_rows_of_its_places(tmp_path):
    path = tmp_path / "shard.parquet"
    ids = [f"math-{n:03d}" for n in range(50)]
    pq.write_table(pa.table({"id": ids, "reasoning": ["on"] * 50}), path, row_group_size=8)
    sample = Sample(path=path, places=(0, 7, 8, 30, 49))
    assert [row["id"] for row in sample.rows()] == [ids[n] for n in (0, 7, 8, 30, 49)]


def test_export_refuses_what_the_template_breaks_and_writes_nothing(dataset, tmp_path):
    with pytest.raises(RunError, match="the assistant mask is empty"):
        export(dataset, tmp_path / "out", format="trl", tokenizer=byte_tokenizer(template=BARE))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("format", "asks"), [("trl", True), ("trl-completion", False)])
def test_a_mask_is_asked_for_only_where_the_trainer_uses_it(dataset, tmp_path, format, asks):
    unmarked = SOUND.replace("{%- generation %}", "").replace("{%- endgeneration %}", "")
    seen = []
    arguments = {"format": format, "tokenizer": byte_tokenizer(template=unmarked)}
    if asks:
        with pytest.raises(RunError, match="mask"):
            export(dataset, tmp_path / "out", on_lint=seen.append, **arguments)
    else:
        export(dataset, tmp_path / "out", on_lint=seen.append, **arguments)
    assert len(seen) == 1


def test_a_tokenizer_is_a_directory_and_a_template_takes_the_place_of_its_own(tokenizer, tmp_path):
    assert load_tokenizer(str(tokenizer)).chat_template == SOUND
    (tmp_path / "own.jinja").write_text(BARE)
    assert load_tokenizer(str(tokenizer), str(tmp_path / "own.jinja")).chat_template == BARE


@pytest.mark.parametrize(
    ("name", "template", "message"),
    [
        ("nowhere", "chatml", "is no directory with a tokenizer.json"),
        ("tokenizer", "nowhere.jinja", "give a Jinja file, or one of llama-nemotron, chatml"),
        ("without", None, "has no chat template of its own; give --template FILE, or --template c"),
    ],
)
def test_what_cannot_be_loaded_is_refused_with_the_way_out(tokenizer, name, template, message):
    byte_tokenizer().save_pretrained(tokenizer.parent / "without")
    with pytest.raises((ConfigError, PrerequisiteError), match=message):
        load_tokenizer(str(tokenizer.parent / name), template)


def test_without_transformers_the_message_names_the_extra(tokenizer, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(PrerequisiteError, match=r"reasoning-factory\[bundled\]', or \[train\]"):
        load_tokenizer(str(tokenizer))


def test_the_command_shows_a_table_and_ends_with_1_where_a_rule_is_broken(
    factory, dataset, tokenizer, tmp_path
):
    sound = factory("lint", dataset, "--tokenizer", tokenizer, "--max-length", 100, "--all")
    assert sound.returncode == 0
    assert "the assistant mask is the output, end of turn included" in sound.stdout
    assert "6 (100.0%)" in sound.stdout
    (tmp_path / "bare.jinja").write_text(BARE)
    bare = factory("lint", dataset, "--tokenizer", tokenizer, "--template", tmp_path / "bare.jinja")
    assert bare.returncode == 1
    assert "of 12 broken" not in bare.stdout
    assert "math-000-on" in bare.stdout
    assert "error: " in bare.stderr
    assert "do not hold" in bare.stderr


def test_the_command_exports_with_a_lint_before_and_without_one(
    factory, dataset, tokenizer, tmp_path
):
    (tmp_path / "bare.jinja").write_text(BARE)
    arguments = ("export", dataset, "--format", "trl", "--out", tmp_path / "out.jsonl")
    lint_first = ("--tokenizer", tokenizer, "--template", tmp_path / "bare.jinja")
    refused = factory(*arguments, *lint_first)
    assert (refused.returncode, (tmp_path / "out.jsonl").exists()) == (1, False)
    done = factory(*arguments, *lint_first, "--no-lint")
    assert done.returncode == 0
    assert "1 files" in done.stdout
    first = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert first["messages"][0]["content"] == "detailed thinking on"


def test_a_template_without_a_tokenizer_is_a_mistake_of_the_command(factory, dataset, tmp_path):
    done = factory(
        "export", dataset, "--format", "trl", "--out", tmp_path / "out", "--template", "chatml"
    )
    assert done.returncode == 2
    assert "goes with --tokenizer" in done.stderr


def test_hostile_ids_are_shown_as_they_are_spelled(tmp_path):
    rows = [answer(id="[red]x[/red]\x1b[2J"), answer(1, mode="off")]
    dataset = finished(tmp_path / "dataset", [("SFT", "math", rows)])
    table = lint_table(lint(dataset, byte_tokenizer(template=BARE)))
    cells = [str(cell) for column in table.columns for cell in column.cells]
    assert any("[red]x[/red]\\x1b[2J" in cell for cell in cells)


def test_a_row_that_the_template_refuses_while_lengths_are_measured_is_counted(tmp_path):
    rows = [prompt(n) for n in range(3)]
    dataset = finished(tmp_path / "dataset", [("RL", "math", rows)])
    refusing = "{{ raise_exception('never') }}"
    found = lint(
        dataset, byte_tokenizer(template=refusing), config="RL", all_lengths=True, num_rows=1
    )
    assert found.lengths["on"].total() == 0
    assert found.findings["renders", "on"].broken >= 3


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ messages[0]['content'] + 1 }}", "TypeError: can only concatenate"),
        ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
        ("{{ 'a'.index('b') }}", "ValueError: substring not found"),
    ],
)
@pytest.mark.parametrize("all_lengths", [False, True])
def test_a_template_that_fails_on_its_own_expressions_refuses_the_row(
    dataset, template, told, all_lengths
):
    found = lint(dataset, byte_tokenizer(template=template), all_lengths=all_lengths)
    with pytest.raises(RunError, match=f"it is refused: {told}"):
        found.require_sound()
