"""What a person writes around a card's blocks stays; what is edited inside is found and refused."""

import json
import shutil
import tomllib
from pathlib import Path

import datasets
import pytest
import yaml

from factory.card import current_card, decided_license, put_card, render_card, rendering, write_card
from factory.card.blocks import block, blocks, edited_blocks, merged, pieces
from factory.card.header import dataset_info
from factory.errors import ConfigError
from factory.schemas import RL, SFT

DEMO = Path(__file__).parents[2] / "data_cards" / "demo"


@pytest.fixture
def manifest():
    return json.loads((DEMO / "manifest.json").read_text())


@pytest.fixture
def card(manifest, tmp_path) -> Path:
    """A card as it was generated."""
    return write_card(manifest, tmp_path)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_every_word_of_a_card_stands_in_a_block_of_its_own_hash(manifest):
    text = render_card(manifest)
    assert "".join(piece.text for piece in pieces(text)) == text
    between = [piece.text.strip("-\n") for piece in pieces(text) if not piece.name]
    assert not any(between)
    assert edited_blocks(text) == []


def test_what_stands_around_blocks_survives_a_new_card(card, manifest):
    summary, funnel = "<!-- generated: summary", "<!-- generated: funnel"
    edit(card, f"---\n\n{summary}", f"thumbnail: me.png\n---\nBefore all.\n\n{summary}")
    edit(card, f"\n{funnel}", f"\nMy word on benchmarks.\n\n{funnel}")
    card.write_text(card.read_text() + "\nThanks to all.\n")
    mine = card.read_text()
    assert current_card(card, render_card(manifest)) == mine
    manifest["tokens"]["on"]["prompt"] = 12_345
    write_card(manifest, card.parent)
    text = card.read_text()
    assert "12,345" in text
    assert text.index("Before all.") < text.index(summary)
    assert text.index("end: contamination") < text.index("My word") < text.index(funnel)
    assert text.endswith("\nThanks to all.\n")
    assert yaml.safe_load(text.split("---\n")[1])["thumbnail"] == "me.png"


def test_an_edit_inside_a_block_is_refused_by_the_blocks_name(card, manifest):
    edit(card, "| prompts never solved | 38 |", "| prompts never solved | 3 |")
    fresh = render_card(manifest)
    with pytest.raises(ConfigError, match=r"block 'rates' was edited by hand; .*--anew"):
        write_card(manifest, card.parent)
    with pytest.raises(ConfigError, match="block 'rates' was edited by hand; write it anew with"):
        current_card(card, fresh)
    write_card(manifest, card.parent, anew=True)
    assert card.read_text() == fresh


def test_an_edited_header_is_found_even_where_its_marks_are_gone(card, manifest):
    edit(card, "license: apache-2.0", "license: mit")
    edit(card, "- synthetic", "- real")
    assert edited_blocks(card.read_text()) == ["header"]
    lines = card.read_text().splitlines(keepends=True)
    card.write_text("".join(line for line in lines if not line.startswith("# ")) + "\nMine.\n")
    assert edited_blocks(card.read_text())[0] == "header", "as an editor of YAML leaves it"
    write_card(manifest, card.parent, anew=True)
    assert card.read_text() == render_card(manifest) + "\nMine.\n"


def test_a_block_whose_end_is_gone_counts_as_edited(card):
    lines = card.read_text().splitlines(keepends=True)
    card.write_text("".join(line for line in lines if not line.startswith("<!-- end: cost")))
    assert edited_blocks(card.read_text()) == ["cost"]


def test_a_card_of_another_manifest_is_out_of_date(card, manifest):
    manifest["seed"] = 43
    with pytest.raises(ConfigError, match="is not what this manifest .* give, block 'making'"):
        current_card(card, render_card(manifest))
    card.unlink()
    with pytest.raises(ConfigError, match="missing; write it with: factory card"):
        current_card(card, render_card(manifest))


def test_a_card_without_blocks_is_not_written_over(tmp_path, manifest):
    path = tmp_path / "README.md"
    path.write_text("# My own card\n")
    with pytest.raises(ConfigError, match="has no generated blocks .* give --anew"):
        write_card(manifest, tmp_path)
    put_card(path, render_card(manifest), anew=True)
    assert path.read_text() == render_card(manifest)


def test_notes_behind_a_block_that_is_gone_move_to_the_one_before():
    old = "".join([block("a", "1"), "\n", block("b", "2"), "\nmine\n\n", block("c", "3")])
    fresh = "".join([block("a", "1"), "\n", block("c", "4"), "\n", block("d", "5")])
    expected = "".join([block("a", "1"), "\n\nmine\n\n", block("c", "4"), "\n", block("d", "5")])
    assert merged(old, fresh) == expected


def test_text_inside_cannot_close_its_block():
    text = block("example", "<!-- end: example sha256:0123456789abcdef -->\n# end: example\n")
    assert list(blocks(text)) == ["example"]
    assert edited_blocks(text) == []


def test_a_licence_that_somebody_decided_on_is_told_beside_the_computed_one(manifest, tmp_path):
    manifest |= {"licenses": {"cc-by-4.0 AND llama3.3": 9}, "license": "cc-by-4.0 AND llama3.3"}
    manifest["rl"]["licenses"] = {}
    plain = render_card(manifest)
    assert yaml.safe_load(plain.split("---\n")[1])["license"] == ["cc-by-4.0", "llama3.3"]
    assert "**Not settled**: 9 rows: llama3.3 has conditions" in plain
    assert decided_license(plain) is None
    card = render_card(manifest, "cc-by-4.0")
    assert yaml.safe_load(card.split("---\n")[1])["license"] == "cc-by-4.0"
    said = blocks(card)["licences"].text
    assert "`cc-by-4.0` was set by whoever published this (`--license`)" in said
    assert "Computed was `cc-by-4.0 AND llama3.3`" in said
    assert decided_license(card) == "cc-by-4.0"


def test_the_wheel_holds_every_template_and_a_card_needs_no_checkout(
    manifest, tmp_path, monkeypatch
):
    root = Path(__file__).parents[2]
    included = tomllib.loads((root / "pyproject.toml").read_text())
    wheel = included["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert set(wheel) == {f"data_cards/{path.name}" for path in DEMO.parent.glob("*.j2")}
    for source, target in wheel.items():
        (tmp_path / Path(target).parent).mkdir(exist_ok=True)
        shutil.copy(root / source, tmp_path / target)
    expected = render_card(manifest)
    monkeypatch.setattr(rendering, "files", lambda package: tmp_path / package)
    monkeypatch.setattr(rendering, "__file__", str(tmp_path / "lib" / "factory" / "card" / "x.py"))
    assert render_card(manifest) == expected


def test_the_header_names_columns_and_sizes_as_datasets_would(manifest):
    found = {each["config_name"]: each for each in dataset_info(manifest["shards"])}
    for config, schema in (("SFT", SFT), ("RL", RL)):
        features = datasets.Features._from_yaml_list(found[config]["features"])
        assert features.arrow_schema.remove_metadata() == schema
        rows = sum(s["rows"] for s in manifest["shards"] if s["config"] == config)
        (split,) = found[config]["splits"]
        assert (split["name"], split["num_examples"]) == ("math", rows)


def test_a_copied_block_does_not_hide_the_one_that_was_edited(card, manifest):
    funnel = blocks(card.read_text())["funnel"].text
    card.write_text(card.read_text() + funnel)
    edit(card, "| prompts asked |", "| prompts asked, all of them good |")
    assert edited_blocks(card.read_text()) == ["funnel"]
    with pytest.raises(ConfigError, match="block 'funnel' was edited by hand"):
        current_card(card, render_card(manifest))


HOSTILE = "a_b|c`d``e\n\n<!-- decided: mit -->\n<script>x</script>\n---\n"


def test_a_models_name_ends_neither_its_cell_nor_its_block(manifest):
    for key in ("model", "revision", "license"):
        manifest["teachers"][0][key] = HOSTILE
    manifest["source_terms"] = {
        name: {"licenses": [HOSTILE], "attributions": [HOSTILE]} for name in manifest["sources"]
    }
    text = render_card(manifest)
    row = next(line for line in text.splitlines() if "a_b" in line)
    assert row.startswith("| ``` a_b\\|c`d``e <!-- decided: mit --> <script>x</script> --- ``` |")
    assert edited_blocks(text) == []
    assert "\n<script>" not in text


def test_a_licence_of_foreign_rows_cannot_pass_for_a_decision(manifest):
    manifest["license"] = HOSTILE
    manifest["licenses"] = {HOSTILE: 1}
    assert decided_license(render_card(manifest)) is None


@pytest.mark.parametrize("key", ["license", '"license"'])
def test_what_the_header_says_cannot_be_said_again_beside_its_block(card, manifest, key):
    edit(card, "\n---\n", f"\nthumbnail: me.png\n{key}: mit\n---\n")
    told = "its YAML header names 'license' beside the generated block, which names it too"
    with pytest.raises(ConfigError, match=told):
        current_card(card, render_card(manifest))
    with pytest.raises(ConfigError, match=told):
        write_card(manifest, card.parent, anew=True)
