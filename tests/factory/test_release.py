"""Finished runs in one dataset, and a later version that adds to it."""

import json
import shutil
from pathlib import Path

import datasets
import pytest
import yaml

from factory.card.blocks import blocks, edited_blocks
from factory.dataset_card import render_dataset_card
from factory.datasetdir import open_dataset, verify
from factory.errors import ConfigError, RunError
from factory.recipe import load_recipe
from factory.regenerate import Nobody, regenerate
from factory.releases import components_of, release
from factory.schemas import RL, SFT
from pipelines import make_job
from tests.factory.released import bytes_of, instructions_run, math_run

NEW = ("seed=8", "version=v1.1", "math.num_prompts=14")


@pytest.fixture(scope="module")
def math(client, tmp_path_factory) -> Path:
    return math_run(tmp_path_factory.mktemp("math"), client)


@pytest.fixture(scope="module")
def instructions(client, tmp_path_factory) -> Path:
    return instructions_run(tmp_path_factory.mktemp("instructions"), client)


@pytest.fixture(scope="module")
def newer(client, tmp_path_factory) -> Path:
    """Math in another version, on other prompts."""
    return math_run(tmp_path_factory.mktemp("newer"), client, *NEW)


@pytest.fixture(scope="module")
def again(client, tmp_path_factory) -> Path:
    """Math in another version, on the same prompts and three more."""
    more = ("version=v1.1", "math.num_prompts=15")
    return math_run(tmp_path_factory.mktemp("again"), client, *more)


@pytest.fixture(scope="module")
def first(math, instructions, tmp_path_factory) -> Path:
    """The first release, of two domains."""
    out = tmp_path_factory.mktemp("released") / "reasoning"
    release([math, instructions], out)
    return out


def test_a_damaged_shard_stays_outside(math, tmp_path):
    shutil.copytree(math / "dataset", tmp_path / "copy")
    shard = open_dataset(tmp_path / "copy").shards[0]["path"]
    (tmp_path / "copy" / shard).write_bytes(b"PAR1")
    with pytest.raises(RunError, match=r"v1-00000-of-00004.parquet: sha256 .*; mend it first"):
        release([tmp_path / "copy"], tmp_path / "out")


def test_a_release_has_a_split_for_each_domain_and_loads_as_it_is(first, tmp_path):
    where = {"path": str(first), "cache_dir": str(tmp_path)}
    answers = datasets.load_dataset(**where)
    assert {split: len(rows) for split, rows in answers.items()} == {"math": 24}
    assert answers["math"].column_names == SFT.names
    prompts = datasets.load_dataset(**where, name="RL")
    assert set(prompts) == {"math", "instruction_following"}
    assert prompts["instruction_following"].column_names == RL.names
    streamed = datasets.load_dataset(**where, name="RL", split="math", streaming=True)
    assert list(streamed) == list(prompts["math"])
    assert streamed.features == prompts["math"].features


def test_shards_are_the_runs_own(first, math, instructions):
    found = bytes_of(open_dataset(first))
    for run in (math, instructions):
        for path, content in bytes_of(open_dataset(run)).items():
            assert found.pop(path) == content
    assert not found
    assert verify(open_dataset(first)) == []


def test_a_releases_card_comes_from_its_manifest_and_has_a_section_for_each_domain(first):
    manifest = json.loads((first / "manifest.json").read_text())
    card = (first / "README.md").read_text()
    assert render_dataset_card(manifest) == card
    assert edited_blocks(card) == []
    for name in ("funnel-math-v1", "section-math-v1", "contamination-instruction_following-v1"):
        assert name in blocks(card)
    header = yaml.safe_load(card.split("---\n")[1])
    assert header["tags"][-2:] == ["math", "instruction_following"]
    assert [config["config_name"] for config in header["configs"]] == ["SFT", "RL"]
    assert header["configs"][0]["default"]
    assert header["license"] == "apache-2.0"
    pictures = {path.name for path in first.glob("*.png")}
    assert {"pass_rates-math-v1.png", "lengths-math-v1.png"} <= pictures
    assert all(f"({name})" in card for name in pictures)
    assert manifest["pairs"] == {"math": {"both": 12, "on": 0, "off": 0}}
    assert manifest["components"][0]["rows"] == {"on": 12, "off": 12, "rl": 12}
    assert "v1 is the first version." in card


def test_a_new_version_adds_shards_and_leaves_the_old_ones_alone(first, newer, tmp_path):
    before = bytes_of(open_dataset(first))
    manifest = release([newer], tmp_path / "grown", onto=first)
    grown = open_dataset(tmp_path / "grown")
    after = bytes_of(grown)
    assert {path: after.pop(path) for path in before} == before == bytes_of(open_dataset(first))
    assert after == bytes_of(open_dataset(newer))
    assert all("/v1.1-" in path for path in after)
    assert (manifest["release"], manifest["version"]) == ("reasoning", "v1.1")
    assert verify(grown) == []
    rows = datasets.load_dataset(str(grown.root), split="math", cache_dir=str(tmp_path / "cache"))
    assert set(rows["version"]) == {"v1", "v1.1"}
    assert len(rows) == 24 + 28


def test_the_changelog_says_what_differs_between_the_two_versions(first, newer, tmp_path):
    release([newer], tmp_path / "grown", onto=first)
    card = (tmp_path / "grown" / "README.md").read_text()
    said = blocks(card)["changelog"].text
    assert "**v1.1**, after v1." in said
    assert "math v1.1: 14 answers with reasoning on, 14 off, 14 prompts of RL." in said
    assert "recipe: seed was 7 and is 8" in said
    assert "recipe: math.num\\_prompts was 12 and is 14" in said
    assert "teacher" not in said, "it is the same"
    assert "funnel-math-v1" in blocks(card), "what the old rows went through still stands there"
    assert "funnel-math-v1.1" in blocks(card)


def test_changelogs_tell_of_teachers_and_filters(first, newer, tmp_path):
    shutil.copytree(newer / "dataset", tmp_path / "dataset")
    path = tmp_path / "dataset" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["teachers"][0]["model"] = "other"
    for entry in manifest["funnel"]["responses"]:
        entry["filter"] = entry["filter"].replace("final_answer.v2", "final_answer.v3")
    path.write_text(json.dumps(manifest))
    release([tmp_path / "dataset"], tmp_path / "grown", onto=first)
    said = blocks((tmp_path / "grown" / "README.md").read_text())["changelog"].text
    assert "new teacher: other, revision" in said
    assert "filter final\\_answer was v2 and is v3" in said


def test_rows_that_are_there_already_are_refused_or_left_out_with_a_count(first, again, tmp_path):
    with pytest.raises(ConfigError, match=r"36 rows are in the release already, such as math-"):
        release([again], tmp_path / "refused", onto=first)
    assert not (tmp_path / "refused").exists()
    manifest = release([again], tmp_path / "grown", onto=first, leave_out_known=True)
    grown = open_dataset(tmp_path / "grown")
    ids = [id for shard in grown.shards for id in shard["ids"]]
    assert len(ids) == len(set(ids))
    assert manifest["components"][-1]["rows"] == {"on": 3, "off": 3, "rl": 3}
    assert manifest["changes"][-1]["added"][0]["left_out"] == 36
    assert verify(grown) == []
    card = (grown.root / "README.md").read_text()
    assert "36 rows that were there already were left out" in card


@pytest.mark.parametrize("left_out", [False, True])
def test_shards_of_a_release_are_made_again_by_the_recipe_of_their_run(
    first, newer, again, tmp_path, client, left_out
):
    new = again if left_out else newer
    release([new], tmp_path / "grown", onto=first, leave_out_known=left_out)
    grown = open_dataset(tmp_path / "grown")
    last = len(grown.shards) - 1
    (part,) = components_of(grown, [last])
    assert part.name == "math-v1.1"
    rebuilt = regenerate(
        make_job(load_recipe(part.recipe, ["limits.part_size=15"])), part.dataset, part.numbers,
        work_in=tmp_path / "work", ledger=new / "ledger", teacher=Nobody(), client=client,
    )  # fmt: skip
    assert [(each.shard["path"], each.problem) for each in rebuilt] == [
        (grown.shards[last]["path"], "")
    ]


def test_each_shard_of_a_release_belongs_to_one_of_its_runs(first):
    parts = components_of(open_dataset(first), [0, 4, 6])
    assert [(part.name, part.numbers) for part in parts] == [
        ("math-v1", [0, 4]),
        ("instruction_following-v1", [0]),
    ]
    assert [part.numbers for part in components_of(open_dataset(first), None)] == [None, None]
    with pytest.raises(ConfigError, match="--shard 7: .* has 7 shards, 0 to 6"):
        components_of(open_dataset(first), [7])


def test_a_damaged_shard_of_a_release_is_repaired(math, tmp_path, factory):
    release([math], tmp_path / "out")
    found = open_dataset(tmp_path / "out")
    path = found.path(found.shards[-1])
    path.unlink()
    assert factory("verify", found.root).returncode == 1
    done = factory("verify", found.root, "--repair", "--ledger", math / "ledger")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "math-v1:" in done.stdout
    assert path.read_bytes() == (math / "dataset" / found.shards[-1]["path"]).read_bytes()


def test_what_cannot_be_in_a_release_is_refused_by_name(first, math, instructions, newer, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match="is math v1, and so is the earlier release"):
        release([math], out, onto=first, version="v2")
    with pytest.raises(ConfigError, match=r"is math v1, and so is .*; run it as another version"):
        release([math, math], out)
    with pytest.raises(ConfigError, match="is a release; a new version of it is made with --onto"):
        release([first], out)
    with pytest.raises(ConfigError, match="is no release; make one of it first"):
        release([newer], out, onto=math)
    with pytest.raises(ConfigError, match=r"are of versions v1, v1.1; say which: --version V"):
        release([instructions, newer], out)
    with pytest.raises(ConfigError, match="is v1 already; say which it becomes"):
        release([newer], out, onto=first, version="v1")
    with pytest.raises(ConfigError, match="exists; give a new directory"):
        release([newer], first, onto=first)
    (tmp_path / "manifest.json").write_text('{"format": 1, "mixture": "m", "shards": []}')
    with pytest.raises(ConfigError, match="was not made by a run"):
        release([tmp_path], out)
    assert not out.exists()


def test_the_command_prints_what_the_release_holds(math, instructions, tmp_path, factory):
    done = factory("release", math, instructions, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "out v1" in done.stdout
    assert "licence: apache-2.0" in done.stdout
    assert "instruction_following" in done.stdout
    assert factory("verify", tmp_path / "out").returncode == 0
    sent = factory("publish", tmp_path / "out", "--repo", "ada/out", "--dry-run")
    assert sent.returncode == 0, sent.stderr
    assert "recipes/instruction_following-v1.toml" in sent.stdout
    assert "lengths-math-v1.png" in sent.stdout
    note = "\nWhat I want to say.\n"
    path = tmp_path / "out" / "README.md"
    path.write_text(path.read_text() + note)
    assert factory("card", tmp_path / "out").returncode == 0
    assert path.read_text().endswith(note)
