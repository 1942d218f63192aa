"""`factory run --from-hub`: the recipe beside a published dataset makes it again, and says so."""

from pathlib import Path

import pytest
from huggingface_hub import constants

from factory.datasetdir import open_dataset
from factory.engine import run
from factory.errors import ConfigError, PrerequisiteError
from factory.from_hub import fetch
from factory.publishing import PublishOptions, publish
from factory.recipe import load_recipe
from pipelines import make_job
from tests.factory.publishing.conftest import CONTENT_WARNING, TOKEN

pytestmark = pytest.mark.filterwarnings(CONTENT_WARNING)
NAME = "lab/math"
REPLIES = [f"<think>\nI guess.\n</think>\n\n\\boxed{{{number}}}" for number in range(20)]
RECIPE = f"""
pipeline = "math"
rows_per_shard = 5
[math]
num_prompts = 12
tasks = {{ gcd = {{}} }}
samples_on = 12
samples_off = 1
[teacher]
kind = "scripted"
replies = {REPLIES}
"""


@pytest.fixture
def published(hub, client, tmp_path, monkeypatch) -> Path:
    """A run whose dataset lies on the stand-in."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    run(make_job(load_recipe(path)), tmp_path / "run", client=client)
    publish(tmp_path / "run", NAME, PublishOptions())
    return tmp_path / "run"


def test_a_published_recipe_makes_the_same_shards_and_says_so(factory, published, tmp_path):
    shards = open_dataset(published).shards
    assert {shard["config"] for shard in shards} == {"SFT", "RL"}
    done = factory("run", "--from-hub", NAME, "--out", tmp_path / "again")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert f"all {len(shards)} shards are the published ones, byte for byte" in text
    assert open_dataset(tmp_path / "again").shards == shards
    assert TOKEN not in done.stdout + done.stderr


def test_shards_that_come_out_differently_are_named_and_end_with_1(factory, published, tmp_path):
    changed = ("--set", "filters.repetition_loops.max_repeats=9", "--set", "seed=3")
    done = factory("run", "--from-hub", NAME, "--out", tmp_path / "again", *changed)
    assert done.returncode == 1
    assert "shards are not the published ones (SFT/math/v1-00000-of-" in done.stderr


def test_what_is_not_there_is_told(hub, published, tmp_path):
    with pytest.raises(PrerequisiteError, match="lab/nothing: is no file here"):
        fetch("lab/nothing")
    hub.repo(NAME).files().pop("recipe.toml")
    with pytest.raises(ConfigError, match="holds no recipe.toml: it was not published by factory"):
        fetch(f"{NAME}@main")


def test_a_recipe_and_a_published_one_do_not_go_together(factory, published, tmp_path):
    done = factory("run", tmp_path / "recipe.toml", "--from-hub", NAME, "--out", tmp_path / "x")
    assert done.returncode == 2
    assert "brings its own recipe" in done.stderr
    assert "give a recipe" in factory("run", "--out", tmp_path / "x").stderr
