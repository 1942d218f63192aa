"""Manifests that were edited, cut or written by somebody else: refused by name, nothing outside."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from factory.cli import app
from factory.datasetdir import check_manifest, open_dataset
from factory.errors import ConfigError, RunError
from factory.regenerate import Nobody, regenerate
from factory.releases import components_of, release
from tests.factory.released import math_job, math_run

SHARD = {
    "path": "SFT/math/v1-00000-of-00001.parquet", "config": "SFT", "split": "math", "rows": 1,
    "bytes": 9, "sha256": "0" * 64, "ids": ["math-1-on-0"],
}  # fmt: skip


@pytest.fixture(scope="module")
def run(client, tmp_path_factory) -> Path:
    return math_run(tmp_path_factory.mktemp("math"), client)


def edited(source: Path, target: Path, edit) -> Path:
    shutil.copytree(source, target)
    path = target / "manifest.json"
    manifest = json.loads(path.read_text())
    edit(manifest)
    path.write_text(json.dumps(manifest))
    return target


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("path", 5), ("path", ""), ("path", "/etc/passwd"), ("path", "../../x.parquet"),
        ("path", "a\0b"), ("config", "XL"), ("config", ["SFT"]), ("split", "../up"), ("rows", 0),
        ("rows", "7"), ("rows", True), ("bytes", -1), ("sha256", "../x"), ("sha256", None),
        ("ids", 5), ("ids", [1]),
    ],
)  # fmt: skip
def test_shards_that_cannot_be_in_a_dataset_are_refused_by_key_and_value(key, value):
    check_manifest({"shards": [SHARD]}, "here", "get it again")
    with pytest.raises(RunError, match=rf"^here: damaged \(shards, 0: {key}.*get it again"):
        check_manifest({"shards": [{**SHARD, key: value}]}, "here", "get it again")


@pytest.mark.parametrize("key", ["shards", "versions", "left_out", "components", "changes"])
def test_what_should_be_a_list_or_an_object_is_refused_by_name(key):
    with pytest.raises(RunError, match=rf"damaged \({key}: an? \w+ expected\)"):
        check_manifest({"shards": [SHARD], key: 5}, "here", "get it again")


def test_a_shard_that_is_listed_twice_is_refused():
    with pytest.raises(RunError, match=f"shards, 1: {SHARD['path']} again"):
        check_manifest({"shards": [SHARD, SHARD]}, "here", "get it again")


def test_a_manifest_that_is_nested_without_end_is_damaged(tmp_path):
    (tmp_path / "manifest.json").write_text("[" * 100_000)
    with pytest.raises(RunError, match="manifest.json: damaged"):
        open_dataset(tmp_path)


def test_without_ids_no_shard_is_made_again_or_released(run, tmp_path, client):
    copy = edited(run / "dataset", tmp_path / "copy", lambda m: m["shards"][0].pop("ids"))
    with pytest.raises(RunError, match="v1-00000-of-00004.parquet: no ids are listed"):
        regenerate(
            math_job(tmp_path), open_dataset(copy), [1],
            work_in=tmp_path / "work", ledger=run / "ledger", teacher=Nobody(), client=client,
        )  # fmt: skip
    with pytest.raises(RunError, match="v1-00000-of-00004.parquet: no ids are listed"):
        release([copy], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda m: m.pop("components"), "components is missing"),
        (lambda m: m.pop("changes"), "changes is missing"),
        (lambda m: m["components"][0].pop("recipe"), "components, 0: an object with split"),
        (lambda m: m["components"][0].update(recipe="../../x.toml"), "not inside of the release"),
        (lambda m: m["components"][0].update(manifest={}), "manifest has no funnel"),
        (lambda m: m["components"].append(m["components"][0]), "components: math v1 twice"),
        (lambda m: m["shards"][0].pop("version"), "is of no component"),
    ],
)
def test_a_release_whose_runs_are_not_told_grows_no_further(run, tmp_path, edit, told):
    release([run], tmp_path / "first")
    old = edited(tmp_path / "first", tmp_path / "edited", edit)
    with pytest.raises(RunError, match=rf"manifest.json: damaged \(.*{told}"):
        release([run], tmp_path / "out", onto=old)
    with pytest.raises(RunError, match=told):
        components_of(open_dataset(old), None)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["", " ", "a\n---\n# b"])
def test_a_release_has_a_name_in_one_line(run, tmp_path, name):
    with pytest.raises(ConfigError, match="must be a name in one line"):
        release([run], tmp_path / "out", name=name)


def test_verify_alone_leaves_what_another_command_made_and_paid_for(run, tmp_path):
    shutil.copytree(run / "dataset", tmp_path / "copy")
    paid = tmp_path / ".copy.regenerate" / "ledger" / "paid"
    paid.parent.mkdir(parents=True)
    paid.touch()
    result = CliRunner().invoke(app, ["verify", str(tmp_path / "copy")])
    assert result.exit_code == 0, result.output
    assert paid.exists()
