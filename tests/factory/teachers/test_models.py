"""Names and revisions of models."""

from pathlib import Path

import pytest

from factory.errors import PrerequisiteError
from factory.teachers import models
from factory.teachers.bundled import BundledConfig


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "secret" / "my-model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def identity(folder: Path) -> tuple[str, str]:
    models._folder_hash.cache_clear()
    return models.identity(str(folder), "")


def test_a_directory_is_published_under_its_last_name_alone(folder: Path):
    name, revision = identity(folder)
    assert name == "my-model"
    assert revision.startswith("local-")
    assert identity(folder) == (name, revision)


def test_a_directory_keeps_its_identity_when_it_moves(folder: Path, tmp_path: Path):
    before = identity(folder)
    assert identity(folder.rename(tmp_path / "my-model")) == before


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "chat_template.jinja"])
def test_a_file_of_another_content_makes_another_revision(folder: Path, name: str):
    before = identity(folder)
    (folder / name).write_bytes(b"WEIGHTS")
    assert identity(folder) != before


def test_weights_too_long_to_read_whole_are_sampled_at_both_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(models, "_WHOLE", 4)
    monkeypatch.setattr(models, "_BLOCK", 2)
    monkeypatch.setattr(models, "_NUM_BLOCKS", 3)
    seen = set()
    for weights in (b"abcdefgh", b"Xbcdefgh", b"abcXefgh", b"abcdefgX"):
        (folder / "model.safetensors").write_bytes(weights)
        seen.add(identity(folder))
    assert len(seen) == 4


def test_a_directory_without_a_model_is_named(tmp_path: Path):
    with pytest.raises(PrerequisiteError, match="is no directory with a config.json"):
        models.identity(str(tmp_path / "none"), "")


def test_the_bundled_model_has_one_identity():
    assert models.identity("bundled", "") == BundledConfig().identity()


def test_a_model_of_the_hub_is_what_the_recipe_says():
    assert models.identity("org/name", "abc") == ("org/name", "abc")
    assert models.locate("org/name") == "org/name"


def test_a_missing_revision_is_refused_with_the_one_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ref = tmp_path / "models--org--name" / "refs" / "main"
    ref.parent.mkdir(parents=True)
    ref.write_text("0123abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match="the local cache holds 0123abc"):
        models.check("org/name", "")
