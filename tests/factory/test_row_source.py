"""Prompts from rows of files and of the Hub: the same ones however they lie and are divided."""

import gzip
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import datasets
import huggingface_hub
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import factory.rowtable
from factory import published
from factory.config import build, settings
from factory.corpus import Corpus
from factory.engine import run
from factory.errors import ConfigError, RunError
from factory.pipeline import Pipeline
from factory.recipe import load_recipe
from factory.records import Draft, Message
from factory.row_source import BadRow, Fields, Rows, RowSource
from factory.sources import Joined
from factory.steps import Ask, Keep
from factory.teachers.scripted import ScriptedTeacher
from filters import ThinkTags
from pipelines import PAGES, make_job

ROWS = [
    {"question": {"text": f"What is {i}?"}, "options": [str(i), "no"], "level": i % 3}
    for i in range(700)
]
COLUMNS = {"problem": "question.text", "choices": "options", "topic": "options.0"}


def read_question(fields: Fields):
    problem = fields.text("problem")
    if problem == "What is 13?":
        raise BadRow("unlucky")
    turns = [Message(role="user", content=problem)]
    choices, topic = fields.texts("choices"), fields.text("topic", "")
    return fields.prompt(turns, problem=problem, choices=choices, topic=topic)


def write(path, rows=ROWS):
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=300)
        return path
    data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    if path.suffix == ".gz":
        data = gzip.compress(data)
    if path.suffix == ".zst":
        data = pa.compress(data, codec="zstd", asbytes=True)
    path.write_bytes(data)
    return path


def source(data, *, limit=None, columns=COLUMNS, **fields):
    rows = Rows(data=str(data), license="mit", columns=columns, **{"name": "toy", **fields})
    return RowSource(
        rows=rows, domain="toy", read=read_question, fields=("choices", "topic"), limit=limit
    )


def divided(source, size):
    number = source.num_prompts
    return [
        each
        for start in range(0, number, size)
        for each in source.prompts(start, min(start + size, number))
    ]


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".jsonl.gz", ".jsonl.zst", ".parquet"])
@pytest.mark.parametrize("size", [7, 300, 700])
def test_rows_are_the_same_in_every_format_and_division(tmp_path, suffix, size):
    found = divided(source(write(tmp_path / f"rows{suffix}")), size)
    assert [each.prompt.index if isinstance(each, Draft) else each.index for each in found] == [
        *range(700)
    ]
    assert [each.reason for each in found if isinstance(each, Draft)] == ["unlucky"]
    prompt = found[699]
    assert (prompt.problem, prompt.choices, prompt.topic) == ("What is 699?", ("699", "no"), "699")
    assert (prompt.source, prompt.license, prompt.domain) == ("toy", "mit", "toy")


def test_files_of_a_directory_and_of_a_pattern_follow_one_another_by_name(tmp_path):
    write(tmp_path / "b.jsonl.gz", ROWS[500:])
    write(tmp_path / "a.parquet", ROWS[:500])
    (tmp_path / "notes.txt").write_text("no rows")
    whole = divided(source(tmp_path), 64)
    assert len(whole) == 700
    assert whole[600].problem == "What is 600?"
    assert whole == divided(source(tmp_path / "*"), 450)
    assert len(divided(source(tmp_path / "b*"), 64)) == 200


def test_parts_in_their_order_read_a_file_once(tmp_path, monkeypatch):
    opened = []
    read = factory.rowtable.part_batches

    def counting(part, columns):
        opened.append(part.number)
        return read(part, columns)

    monkeypatch.setattr(factory.rowtable, "part_batches", counting)
    one = source(write(tmp_path / "rows.jsonl.gz"))
    for start in range(0, 700, 50):
        for _ in range(3):  # as every step of writing prompts does
            assert len(list(one.prompts(start, start + 50))) == 50
    assert opened == [0]
    next(one.prompts(650, 700))
    assert next(one.prompts(0, 50)).index == 0
    assert opened == [0, 0]


def test_threads_read_side_by_side(tmp_path):
    one = source(write(tmp_path / "rows.jsonl.gz"))
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda start: list(one.prompts(start, start + 50)), [*range(0, 700, 50)])
        assert [each for part in found for each in part] == divided(one, 700)


def test_only_the_first_rows_are_taken(tmp_path):
    path = write(tmp_path / "rows.jsonl")
    assert source(path, limit=5).num_prompts == 5
    assert source(path, num_rows=700).rows.num() == 700
    one = source(path, limit=9)
    assert replace(one, rows=replace(one.rows, limit=6)).num_prompts == 6


HOSTILE = [
    (b'{"question": "plain"}', ""),
    (b"{", "not_json"),
    (b'{"question": "\xff"}', "not_utf8"),
    (b'{"question": "half \\ud800"}', "not_utf8"),
    (b"[1]", "not_an_object"),
    (b"[" * 100_000, "not_json"),
    (b"{}", "no_problem"),
    (b'{"question": null}', "no_problem"),
    (b'{"question": " \\n"}', "no_problem"),
    (b'{"question": 5}', "problem_not_text"),
    (b'{"question": NaN}', "no_problem"),
    (b'{"question": {"text": "x"}}', "problem_not_text"),
    (b'{"question": "x", "choices": 5}', "choices_not_texts"),
    (b'{"question": "x", "choices": "[1, 2]"}', "choices_not_texts"),
    (b'{"question": "x", "choices": "[1,"}', "choices_not_json"),
    (b'{"question": "x", "choices": "[\\"1\\"]"}', ""),
    (b'{"question": "x", "choices": ""}', ""),
    (b'{"question": "What is 13?"}', "unlucky"),
    (b'{"question": "x\\u0000y"}', ""),
]


def test_rows_that_hold_no_prompt_come_with_the_reason(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n\n".join(line for line, _ in HOSTILE) + b"\n \n")
    one = source(path, columns={"problem": "question"})
    found = divided(one, 3)
    assert [each.reason if isinstance(each, Draft) else "" for each in found] == [
        reason for _, reason in HOSTILE
    ]
    rejected = [each.prompt.id for each in found if isinstance(each, Draft)]
    assert len(set(rejected)) == len(rejected)


def test_a_text_of_parquet_that_is_no_text_is_told(tmp_path):
    texts = pa.array([b"fine", b"\xff", b"fine too"]).cast(pa.binary()).view(pa.utf8())
    pq.write_table(pa.table({"problem": texts}), tmp_path / "rows.parquet")
    found = list(source(tmp_path / "rows.parquet", columns={}).prompts(0, 3))
    assert found[1].reason == "not_utf8"
    assert [found[0].problem, found[2].problem] == ["fine", "fine too"]


@pytest.mark.parametrize(
    ("value", "said"),
    [(" a ", "a"), (5, "5"), (0.5, "0.5"), (None, ""), (float("nan"), ""), ([5], None), ({}, None)],
)
def test_a_scalar_is_a_text_or_a_number_and_a_list_is_none(tmp_path, value, said):
    def read(fields):
        return fields.prompt((), problem=fields.scalar("problem"))

    path = write(tmp_path / "rows.jsonl", [{"problem": value}])
    (found,) = replace(source(path, columns={}), read=read).prompts(0, 1)
    if said is None:
        assert found.reason == "problem_not_scalar"
    else:
        assert found.problem == said


def test_a_file_without_rows_is_refused_by_its_name(tmp_path):
    path = write(tmp_path / "none.jsonl", [])
    with pytest.raises(ConfigError, match=r"none.jsonl: has no rows"):
        _ = source(path).num_prompts
    assert Corpus(data="none", parts=(), single_file=True, fingerprint="").files == ()


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_column_that_is_not_there_is_told_with_the_nearest_and_the_way_out(tmp_path, suffix):
    path = write(tmp_path / f"rows{suffix}", [{"question": "x", "answer": "y"}])
    for columns, told in (
        ({"problem": "qestion"}, "rows.*: has no column 'qestion'; did you mean question?"),
        ({}, r"rows.*: has no column 'problem'.* name the columns of problem, choices, topic in "),
        ({"problem": "question", "choices": "option"}, r"has no column 'option'.*\[toy.rows.colum"),
    ):
        with pytest.raises(ConfigError, match=told):
            list(source(path, columns=columns).prompts(0, 1))
    assert next(source(path, columns={"problem": "question"}).prompts(0, 1)).problem == "x"


def test_a_field_that_the_page_does_not_have_is_refused_before_anything_is_read():
    with pytest.raises(ConfigError, match=r"toy.rows.columns.porblem; did you mean problem\?"):
        source("missing.jsonl", columns={"porblem": "question"})


def test_what_the_table_must_say():
    for table, told in (
        (
            {"data": "x.jsonl"},
            "rows.license is missing; the rows come under one of .*, cc0-1.0, mit",
        ),
        ({"data": "x.jsonl", "license": "gpl"}, "license 'gpl' is not one that can be combined"),
        ({"limit": 0}, "rows.limit must be > 0, got 0"),
        ({"dta": "x"}, r"unknown key rows.dta; did you mean data\?"),
    ):
        with pytest.raises(ConfigError, match=told):
            build(Rows, table, where="r.toml", prefix="rows")


def test_licences_may_stand_in_the_rows(tmp_path):
    rows = [{"problem": "a", "lic": "odc-by"}, {"problem": "b"}, {"problem": "c", "lic": "gpl"}]
    path = write(tmp_path / "rows.jsonl", rows)
    one = source(path, columns={"license": "lic"}, attribution="someone")
    odc, none, gpl = one.prompts(0, 3)
    assert (odc.license, none.license, gpl.reason) == ("odc-by", "mit", "license_unknown")
    assert odc.attribution == "someone"


def test_rows_that_are_counted_in_the_recipe_are_not_looked_at(tmp_path):
    one = source(tmp_path / "not-yet.jsonl", num_rows=700)
    assert one.num_prompts == 700
    repr(one)
    pickle.dumps(one)
    with pytest.raises(ConfigError, match="not-yet.jsonl: no such data"):
        next(one.prompts(0, 1))
    write(tmp_path / "not-yet.jsonl", ROWS[:90])
    with pytest.raises(ConfigError, match="num_rows is 700, but .*not-yet.jsonl has 90 rows"):
        next(one.prompts(0, 1))
    assert len(list(replace(one, limit=50).prompts(0, 50))) == 50


def test_what_records_call_the_source(tmp_path):
    write(tmp_path / "threads.jsonl.gz")
    for data, name in (
        ("threads.jsonl.gz", "threads"),
        ("", tmp_path.name),
        ("*.gz", tmp_path.name),
    ):
        assert Rows(data=str(tmp_path / data), license="mit").source == name
    assert Rows(data="org/name", license="mit").source == "org/name"


def test_a_damaged_file_is_an_error_that_names_it(tmp_path):
    path = write(tmp_path / "rows.jsonl.gz")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(RunError, match="rows.jsonl.gz: cannot be read"):
        divided(source(path), 700)


# --- in a recipe ---


@settings
class Config:
    num_prompts: int = 700
    rows: Rows = Rows()


def toy_pipeline(config, seed):
    return Pipeline(
        name="toy",
        source=RowSource(
            rows=config.rows, domain="toy", read=read_question, fields=("choices", "topic"),
            limit=config.num_prompts,
        ),
        gold=None,
        steps=(Ask(samples_on=1, samples_off=1), Keep(ThinkTags())),
    )  # fmt: skip


@pytest.fixture
def toy_page(monkeypatch):
    page = type("Page", (), {"Config": Config, "pipeline": staticmethod(toy_pipeline)})
    monkeypatch.setitem(PAGES, "toy", page)


def job(folder, data, *, part_size=64, more=""):
    folder.mkdir(exist_ok=True)
    path = folder / "toy.toml"
    path.write_text(
        f'pipeline = "toy"\n[toy.rows]\ndata = "{data}"\nlicense = "cc-by-4.0"\n{more}\n'
        'columns = { problem = "question.text", choices = "options" }\n'
        '[teacher]\nkind = "scripted"\nthinks = true\nreplies = ["a"]\n'
        f"[limits]\npart_size = {part_size}\n"
    )
    return make_job(load_recipe(path))


def said(request):
    return "<think>\nso\n</think>\n\nyes" if request.mode == "on" else "no"


def test_a_run_of_rows_has_the_same_bytes_for_other_part_sizes(client, tmp_path, toy_page):
    path = write(tmp_path / "rows.jsonl.gz", [*ROWS[:15], {"question": 5}])
    shards = []
    for size in (6, 64):
        made = job(tmp_path / f"r{size}", path, part_size=size)
        manifest = run(made, tmp_path / f"out{size}", client=client, teacher=ScriptedTeacher(said))
        assert manifest["funnel"]["prompts"]["dropped"] == {"unlucky": 1, "no_problem": 1}
        (shard,) = (tmp_path / f"out{size}").glob("dataset/SFT/toy/*.parquet")
        shards.append(shard.read_bytes())
    assert shards[0] == shards[1]
    rows = pl.read_parquet(shards[0])
    assert len(rows) == 2 * 14
    assert set(rows["source"]) == {"rows"}
    assert set(rows["license"]) == {"cc-by-4.0"}


def test_the_hash_is_that_of_the_content_wherever_it_lies(tmp_path, toy_page, monkeypatch):
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        write(tmp_path / place / "rows.jsonl")
    one = job(tmp_path / "r1", tmp_path / "a" / "rows.jsonl")
    two = job(tmp_path / "r2", tmp_path / "b" / "rows.jsonl")
    assert one.hash() == two.hash()
    assert str(tmp_path) not in published.published_toml(one)
    assert one.data_table()["toy"]["rows"]["data"] == "rows.jsonl"
    monkeypatch.chdir(tmp_path / "a")
    assert job(tmp_path / "r3", "rows.jsonl").as_table() == one.as_table()
    counted = job(tmp_path / "r4", tmp_path / "a" / "rows.jsonl", more="num_rows = 700")
    assert counted.hash() == one.hash()
    write(tmp_path / "b" / "rows.jsonl", [*ROWS[:-1], {"question": {"text": "What is 698?"}}])
    assert two.hash() != one.hash()


def test_a_published_recipe_takes_the_same_rows_only(tmp_path, toy_page):
    path = write(tmp_path / "rows.jsonl")
    table = job(tmp_path / "r", path).data_table()["toy"]["rows"]
    pinned = f'fingerprint = "{table["fingerprint"]}"'
    assert job(tmp_path / "r", path, more=pinned).hash() == job(tmp_path / "r", path).hash()
    write(path, ROWS[:-1])
    with pytest.raises(ConfigError, match="is not the data that rows.fingerprint names; its own"):
        job(tmp_path / "r", path, more=pinned).hash()


# --- the Hub ---


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Stands in for the Hub with a parquet file; the list says what was loaded."""
    path = write(tmp_path / "hub.parquet")
    load, calls = datasets.load_dataset, []

    def loaded(data, config, *, split, revision, streaming):
        calls.append((data, config, split, revision))
        return load("parquet", data_files=str(path), split="train", streaming=streaming)

    monkeypatch.setattr(datasets, "load_dataset", loaded)

    class Api:
        def dataset_info(self, data, revision=None):
            return type("Info", (), {"sha": "c0ffee" if revision is None else "b0a7"})()

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return calls


def test_rows_of_the_hub_are_fetched_once_when_the_first_is_read(hub, tmp_path, toy_page):
    more = 'config = "main"\nsplit = "train"\nnum_rows = 700'
    made = job(tmp_path / "r", "org/name", more=more)
    assert made.num_prompts == 700
    assert not hub
    found = divided(made.pipeline.source, 99)
    assert hub == [("org/name", "main", "train", "c0ffee")]
    assert found[5].source == "org/name"
    assert found[5].problem == "What is 5?"
    rows = made.data_table()["toy"]["rows"]
    assert (rows["data"], rows["split"], rows["revision"]) == ("org/name", "train", "c0ffee")


def test_of_a_limited_dataset_of_the_hub_no_more_rows_are_fetched(hub, tmp_path, toy_page):
    made = job(tmp_path / "r", "org/name", more='split = "train"\nlimit = 30')
    assert made.num_prompts == 30
    assert len(list(made.pipeline.source.prompts(0, 30))) == 30
    (kept,) = (tmp_path / "cache").rglob("*.parquet")
    assert pq.read_metadata(kept).num_rows == 30


def test_another_revision_is_another_job(hub, tmp_path, toy_page):
    newest = job(tmp_path / "r", "org/name", more='split = "train"\nnum_rows = 700')
    more = 'split = "train"\nnum_rows = 700\nrevision = "v1"'
    other = job(tmp_path / "r", "org/name", more=more)
    assert other.data_table()["toy"]["rows"]["revision"] == "b0a7"
    assert newest.hash() != other.hash()
    assert not hub


def test_sources_are_joined_one_after_another(tmp_path):
    first = source(write(tmp_path / "a.jsonl", ROWS[:30]), limit=20)
    joined = Joined(sources=(first, source(write(tmp_path / "b.parquet", ROWS[100:150]))))
    assert joined.num_prompts == 70
    whole = divided(joined, 70)
    assert whole == divided(joined, 11)
    assert [each.prompt.index for each in whole] == [*range(70)]
    assert whole[20].prompt.problem == "What is 100?"
    assert whole[13].reason == "unlucky"
    assert len(divided(replace(joined, limit=25), 7)) == 25
