"""Shards made again from recipe and ledger: the same bytes, or what is different."""

import dataclasses
import shutil
from pathlib import Path

import pytest
from distributed import Client, LocalCluster
from typer.testing import CliRunner

from factory.cli import app
from factory.datasetdir import open_dataset, verify
from factory.engine import run
from factory.errors import ConfigError, RunError
from factory.regenerate import Nobody, regenerate
from factory.store import locked
from factory.versions import other_versions
from tests.factory.test_engine import scripted
from tests.toys import toy_job

MANY_SHARDS = "rows_per_shard = 7\n"
LENIENT = "max_error_share = 0.5\n"
runner = CliRunner()


def a_job(folder: Path, part_size: int = 4, **fields):
    more = LENIENT + fields.pop("more", "")
    return toy_job(folder, top=MANY_SHARDS, part_size=part_size, more=more, **fields)


@pytest.fixture(scope="module")
def done(client, tmp_path_factory) -> Path:
    """A finished run with four shards of answers and two of prompts."""
    folder = tmp_path_factory.mktemp("regenerate")
    job = a_job(folder)
    manifest = run(job, folder / "run", client=client, teacher=scripted(job))
    assert [shard["rows"] for shard in manifest["shards"]] == [7, 7, 7, 3, 7, 5]
    return folder / "run"


def again(job, done: Path, work: Path, client, numbers=None, ledger=None, teacher=None):
    return regenerate(
        job,
        open_dataset(done),
        numbers,
        work_in=work,
        ledger=ledger or done / "ledger",
        teacher=teacher or Nobody(),
        client=client,
    )


def test_all_shards_come_out_of_the_ledger_the_same_in_other_parts_on_two_workers(done, tmp_path):
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as two,
    ):
        rebuilt = again(a_job(tmp_path, part_size=5), done, tmp_path / "work", two)
    assert [each.problem for each in rebuilt] == [""] * 6
    for each in rebuilt:
        assert each.path.read_bytes() == (done / "dataset" / each.shard["path"]).read_bytes()


@pytest.mark.parametrize("number", [0, 2, 3, 5])
def test_one_shard_is_made_of_the_parts_with_its_prompts_alone(done, tmp_path, client, number):
    [one] = again(a_job(tmp_path, part_size=1), done, tmp_path / "work", client, [number])
    assert one.problem == ""
    assert one.shard == open_dataset(done).shards[number]
    judged = len(list((tmp_path / "work" / "responses").glob("*.parquet")))
    prompts = {row.rpartition("-rl")[0] or row.rsplit("-", 2)[0] for row in one.shard["ids"]}
    assert judged == len(prompts) < 12


def test_without_the_ledger_a_deterministic_teacher_makes_the_same(done, tmp_path, client):
    job = a_job(tmp_path)
    rebuilt = again(
        job, done, tmp_path / "work", client, ledger=tmp_path / "new", teacher=scripted(job)
    )
    assert [each.problem for each in rebuilt] == [""] * 6


def test_without_ledger_and_teacher_the_rows_are_missing(done, tmp_path, client):
    rebuilt = again(a_job(tmp_path), done, tmp_path / "work", client, ledger=tmp_path / "empty")
    first = open_dataset(done).shards[0]["ids"][0]
    assert rebuilt[0].problem == f"7 rows are missing, the first {first}"
    assert rebuilt[0].path is None
    full = again(a_job(tmp_path), done, tmp_path / "work", client)
    assert [each.problem for each in full] == [""] * 6, "nothing of the first attempt is left"


def test_rows_that_another_recipe_would_keep_are_told_as_new(done, tmp_path, client):
    dataset = open_dataset(done)
    shards = [dict(shard) for shard in dataset.shards]
    lost = shards[0]["ids"][3]
    shards[0]["ids"] = [row for row in shards[0]["ids"] if row != lost]
    other = dataclasses.replace(dataset, manifest={**dataset.manifest, "shards": shards})
    rebuilt = regenerate(
        a_job(tmp_path), other, None,
        work_in=tmp_path / "work", ledger=done / "ledger", teacher=Nobody(), client=client,
    )  # fmt: skip
    assert rebuilt[0].problem == f"1 row is new, the first {lost}"
    assert [each.problem for each in rebuilt[1:]] == [""] * 5


def test_where_answers_to_all_prompts_count_together_all_parts_are_judged(tmp_path, client):
    more = '[accept.on]\nrows = 9\nper = "all"\nmax_samples = 6\n'
    job = a_job(tmp_path, more=more)
    manifest = run(job, tmp_path / "run", client=client, teacher=scripted(job))
    assert manifest["funnel"]["kept"]["on"] == 9
    [one] = again(a_job(tmp_path, more=more), tmp_path / "run", tmp_path / "work", client, [0])
    assert one.problem == ""


def test_a_shard_that_is_not_there_is_refused(done, tmp_path, client):
    with pytest.raises(ConfigError, match="--shard 6: .* has 6 shards, 0 to 5"):
        again(a_job(tmp_path), done, tmp_path / "work", client, [6])


def test_two_at_a_time_in_one_place_are_refused(done, tmp_path, client):
    with (
        locked(tmp_path / "work" / ".regenerating", "busy"),
        pytest.raises(RunError, match="another process makes shards there"),
    ):
        again(a_job(tmp_path), done, tmp_path / "work", client)


def test_versions_that_differ_from_the_manifests_are_named(done):
    manifest = open_dataset(done).manifest
    assert other_versions(manifest) == {}
    now = manifest["versions"]["polars"]
    older = {**manifest, "versions": {**manifest["versions"], "polars": "1.0.0", "gone": "3"}}
    assert other_versions(older) == {"polars": ("1.0.0", now), "gone": ("3", "not installed")}


def damage(dataset: Path) -> None:
    """One shard cut, one gone."""
    first, second = (dataset / shard["path"] for shard in open_dataset(dataset).shards[:2])
    first.write_bytes(first.read_bytes()[:-9])
    second.unlink()


def test_verify_names_damaged_shards_and_repairs_only_those(done, tmp_path):
    copy = tmp_path / "downloaded"
    shutil.copytree(done / "dataset", copy)
    damage(copy)
    result = runner.invoke(app, ["verify", str(copy)])
    assert result.exit_code == 1
    for name in ("v1-00000-of-00004.parquet: sha256", "v1-00001-of-00004.parquet: missing"):
        assert name in str(result.exception)
    untouched = (copy / open_dataset(copy).shards[2]["path"]).stat().st_mtime_ns
    command = ["verify", str(copy), "--repair", "--ledger", str(done / "ledger")]
    mended = runner.invoke(app, [*command, "--set", "limits.part_size=3"])
    assert mended.exit_code == 0, mended.output
    assert verify(open_dataset(copy)) == []
    assert (copy / open_dataset(copy).shards[2]["path"]).stat().st_mtime_ns == untouched
    assert not (tmp_path / ".downloaded.regenerate").exists()


def test_a_shard_that_does_not_come_out_the_same_is_not_put_in_place(done, tmp_path):
    copy = tmp_path / "downloaded"
    shutil.copytree(done / "dataset", copy)
    damage(copy)
    command = ["verify", str(copy), "--repair", "--ledger", str(done / "ledger")]
    result = runner.invoke(app, [*command, "--set", "seed=8"])
    assert result.exit_code == 1
    assert "The recipe makes another dataset here" in " ".join(result.output.split())
    assert len(verify(open_dataset(copy))) == 2


def test_regenerate_wants_to_be_told_which_shards_and_out_of_what(done, tmp_path):
    assert "say which shards" in str(runner.invoke(app, ["regenerate", str(done)]).exception)
    copy = tmp_path / "downloaded"
    shutil.copytree(done / "dataset", copy)
    result = runner.invoke(app, ["regenerate", str(copy), "--all"])
    assert "--ledger DIR, or ask the recipe's teachers again, --ask" in str(result.exception)
    nowhere = ["regenerate", str(copy), "--all", "--ledger", str(tmp_path / "no")]
    assert "no such directory" in str(runner.invoke(app, nowhere).exception)


def test_a_dataset_that_was_put_together_is_not_made_again_by_it(tmp_path):
    (tmp_path / "manifest.json").write_text('{"format": 1, "mixture": "m", "shards": []}')
    result = runner.invoke(app, ["regenerate", str(tmp_path), "--all", "--ask"])
    assert isinstance(result.exception, ConfigError)
    assert "put together" in str(result.exception)
