"""From a run and from a mixture to the files of a trainer, and back into the factory."""

import json

import polars as pl
import pytest

from factory.engine import run
from factory.errors import ConfigError
from factory.export import export
from factory.mixing import mix
from pipelines.mixture import load_mixture
from tests.factory.test_engine import LENIENT, scripted
from tests.toys import toy_job


@pytest.fixture(scope="module")
def folder(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole_way")
    made = toy_job(folder, more=LENIENT)
    run(made, folder / "run", client=client, teacher=scripted(made))
    (folder / "mixture.toml").write_text(
        f'mixture = "toy"\n[domains.math]\ndata = "{folder / "run"}"\n'
    )
    mix(load_mixture(folder / "mixture.toml"), folder / "mixture")
    return folder


@pytest.mark.parametrize("source", ["run", "mixture"])
def test_every_answer_of_a_dataset_is_exported_once_with_its_toggle(folder, source, tmp_path):
    root = folder / ("run/dataset" if source == "run" else source)
    wanted = pl.read_parquet(root / "SFT" / "*" / "*.parquet")
    export(folder / source, tmp_path / "out.parquet", format="trl")
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert found["id"].to_list() == wanted["id"].to_list()
    assert set(found["reasoning"]) == {"on", "off"}
    for row, published in zip(found.to_dicts(), wanted.to_dicts(), strict=True):
        assert row["messages"][0]["content"] == f"detailed thinking {row['reasoning']}"
        assert row["messages"][-1]["content"] == published["output"]


def test_prompts_of_a_run_are_exported_with_their_gold_answers(folder, tmp_path):
    export(folder / "run", tmp_path / "out.parquet", format="trl-prompts")
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert len(found) == 12
    assert found["expected_answer"].null_count() == 0
    assert set(found["verifier"]) == {"final_answer.v2"}


def test_the_original_form_is_read_by_the_factory_itself(folder, factory, tmp_path):
    export(folder / "run", tmp_path / "out", format="original", config="SFT")
    path = tmp_path / "out" / "SFT" / "math" / "math_v1.jsonl"
    checked = factory("check", path, "--filter", "think_tags")
    assert checked.returncode == 0
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert f"{len(rows)}" in checked.stdout


def test_a_run_that_is_not_finished_is_refused(folder, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "plan.json").write_text("{}")
    with pytest.raises(ConfigError, match="the run is not finished; go on with it: factory run"):
        export(tmp_path / "run", tmp_path / "out", format="trl")
