"""What is refused, what is left behind, and that nothing is held in memory."""

import json
import resource

import pyarrow.parquet as pq
import pytest

from factory import store
from factory.errors import ConfigError, RunError
from factory.export import export
from tests.finished_datasets import answer, both_configs, finished, prompt


@pytest.fixture
def dataset(tmp_path):
    both_configs(tmp_path / "dataset")
    return tmp_path / "dataset"


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_one_file_holds_all_splits_in_the_order_of_the_manifest(dataset):
    out = dataset.parent / "all.parquet"
    found = export(dataset, out, format="trl")
    assert found.rows == {"SFT/math": 10, "SFT/chat": 2}
    ids = pq.read_table(out)["id"].to_pylist()
    assert ids[:2] == ["math-000-on", "math-000-off"]
    assert ids[-2:] == ["chat-0-on", "chat-1-off"]


def test_a_large_split_becomes_several_files_with_their_number_in_the_name(dataset):
    found = export(dataset, dataset.parent / "out", format="openai", shard_bytes=1)
    names = [path.name for path in found.files]
    assert names == [
        "math-00000-of-00002.jsonl",
        "math-00001-of-00002.jsonl",
        "chat-00000-of-00001.jsonl",
    ]
    assert sum(len(path.read_text().splitlines()) for path in found.files) == 12


def test_versions_of_the_original_are_files_of_their_own(tmp_path):
    shards = [("SFT", "math", [answer(n, version=v)]) for n, v in enumerate(("v1", "v1.1"))]
    finished(tmp_path / "dataset", shards)
    export(tmp_path / "dataset", tmp_path / "out", format="original")
    assert left(tmp_path / "out" / "SFT" / "math") == ["math_v1.1.jsonl", "math_v1.jsonl"]


def test_a_config_without_the_wanted_split_is_left_out_of_the_original(dataset):
    export(dataset, dataset.parent / "out", format="original", splits=["chat"])
    assert left(dataset.parent / "out") == ["README.md", "SFT"]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"format": "trll"}, "--format trll is none; did you mean trl?"),
        ({"format": "openai", "config": "RL"}, "has no form for config RL; those that have: trl-p"),
        ({"format": "trl", "splits": ["maths"]}, "no split 'maths' of SFT; did you mean math?"),
        ({"format": "original", "splits": ["maths"]}, "no split 'maths'; did you mean math?"),
    ],
)
def test_what_is_not_there_is_refused_with_the_nearest_that_is(dataset, choice, message):
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        export(dataset, dataset.parent / "out", **choice)
    assert left(dataset.parent) == ["dataset"]


@pytest.mark.parametrize(
    ("name", "format", "message"),
    [
        ("out.jsonl", "verl", "verl is written as .parquet, got .jsonl"),
        ("out.csv", "trl", "written as .parquet or .jsonl, got .csv"),
        ("out.jsonl", "original", "one file takes one config"),
        ("dataset", "trl", "is there already"),
    ],
)
def test_a_place_that_does_not_fit_is_refused(dataset, name, format, message):
    with pytest.raises(ConfigError, match=message):
        export(dataset, dataset.parent / name, format=format)


def test_a_dataset_without_prompts_says_what_it_has(tmp_path):
    finished(tmp_path / "dataset", [("SFT", "math", [answer()])])
    with pytest.raises(ConfigError, match="has no RL rows; its configs: SFT"):
        export(tmp_path / "dataset", tmp_path / "out", format="trl-prompts")


@pytest.mark.parametrize("name", ["out", "out.jsonl"])
def test_a_shard_that_changed_is_named_and_nothing_is_left(dataset, name):
    path = dataset / "SFT" / "chat" / "v1-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(RunError, match="chat/v1-00000-of-00001.parquet: changed after the manif"):
        export(dataset, dataset.parent / name, format="openai")
    assert left(dataset.parent) == ["dataset"]


@pytest.mark.parametrize(("name", "format"), [("out", "trl"), ("out.jsonl", "openai")])
def test_a_disk_that_takes_no_more_is_told_and_nothing_is_left(tmp_path, name, format):
    rows = [answer(n, output="".join(map(str, range(n, n + 900)))) for n in range(200)]
    finished(tmp_path / "dataset", [("SFT", "math", rows)])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(RunError, match="cannot be written: File too large"):
            export(tmp_path / "dataset", tmp_path / name, format=format)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert left(tmp_path) == ["dataset"]


def test_a_shard_that_is_missing_is_named(dataset):
    (dataset / "SFT" / "chat" / "v1-00000-of-00001.parquet").unlink()
    with pytest.raises(RunError, match="chat/v1-00000-of-00001.parquet: cannot be read"):
        export(dataset, dataset.parent / "out", format="trl")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input": [{"role": "system", "content": "Be brief."}]}, "has a system turn"),
        ({"input": []}, "its input has no turns"),
        ({"output": None}, "has no output"),
        ({"reasoning": "maybe"}, "reasoning must be on or off, got 'maybe'"),
    ],
)
def test_a_row_that_is_no_answer_is_named(tmp_path, fields, message):
    finished(tmp_path / "dataset", [("SFT", "math", [answer(), answer(1, **fields)])])
    with pytest.raises(RunError, match=f"row math-001-on: .*{message}"):
        export(tmp_path / "dataset", tmp_path / "out", format="trl")
    assert left(tmp_path) == ["dataset"]


def test_a_prompt_that_nothing_checks_is_named(tmp_path):
    rows = [prompt(args={"task": "math"})]
    finished(tmp_path / "dataset", [("RL", "math", rows)])
    with pytest.raises(RunError, match="row math-000-rl: args has neither expected_answer nor"):
        export(tmp_path / "dataset", tmp_path / "out", format="verl")


def test_a_row_without_a_system_prompt_gets_that_of_its_mode(tmp_path):
    finished(tmp_path / "dataset", [("SFT", "math", [answer(mode="off", system_prompt=None)])])
    export(tmp_path / "dataset", tmp_path / "out.jsonl", format="openai")
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert row["messages"][0] == {"role": "system", "content": "detailed thinking off"}


def test_rows_of_many_row_groups_come_in_order(tmp_path):
    dataset = finished(tmp_path / "dataset", [("SFT", "math", [answer(n) for n in range(700)])])
    path = dataset.path(dataset.shards[0])
    pq.write_table(pq.read_table(path), path, row_group_size=100)
    manifest = dataset.manifest
    manifest["shards"][0]["sha256"] = store.sha256(path)
    (tmp_path / "dataset" / "manifest.json").write_text(json.dumps(manifest))
    export(tmp_path / "dataset", tmp_path / "out.parquet", format="trl")
    ids = pq.read_table(tmp_path / "out.parquet")["id"].to_pylist()
    assert ids == [f"math-{n:03d}-on" for n in range(700)]


@pytest.mark.parametrize("name", ["out", "out.jsonl"])
def test_a_dataset_without_rows_is_no_original(tmp_path, name):
    finished(tmp_path / "dataset", [])
    with pytest.raises(ConfigError, match="has no rows, so there is nothing to export"):
        export(tmp_path / "dataset", tmp_path / name, format="original")
    assert left(tmp_path) == ["dataset"]


@pytest.mark.parametrize(
    "shards", ["SFT", None, ["SFT/math"], [{"path": "SFT/math/v1-00000-of-00001.parquet"}]]
)
def test_a_manifest_that_lacks_what_shards_are_is_damaged(tmp_path, shards):
    store.write_json(tmp_path / "dataset" / "manifest.json", {"format": 1, "shards": shards})
    with pytest.raises(RunError, match=r"manifest.json: damaged \(shards"):
        export(tmp_path / "dataset", tmp_path / "out", format="trl")


def test_the_page_of_an_export_names_every_licence_as_the_hub_does(tmp_path):
    dataset = finished(tmp_path / "dataset", [("SFT", "math", [answer(0)])])
    licenses = {"apache-2.0 AND llama3.3": 1, "made-up": 1}
    manifest = {**dataset.manifest, "licenses": licenses, "license": None}
    manifest["release"] = manifest.pop("pipeline").replace("toy", "sums")
    store.write_json(tmp_path / "dataset" / "manifest.json", manifest)
    export(tmp_path / "dataset", tmp_path / "out", format="trl")
    text = (tmp_path / "out" / "README.md").read_text()
    assert "license: other\nlicense_name: apache-2.0-and-llama3.3-and-made-up\n" in text
    assert "# sums, exported for trl" in text
