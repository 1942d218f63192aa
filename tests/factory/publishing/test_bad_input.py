"""What is not published, and what is said about it; nothing is sent in any of these cases."""

import json

import pytest
from huggingface_hub import constants

from tests.factory.publishing.conftest import CONTENT_WARNING, TOKEN

NAME = "lab/math"
pytestmark = pytest.mark.filterwarnings(CONTENT_WARNING)


def refused(factory, *arguments, status: int = 2) -> str:
    done = factory("publish", *arguments)
    assert done.returncode == status, done.stderr
    assert TOKEN not in done.stderr + done.stdout
    return " ".join(done.stderr.split())


def test_a_shard_changed_after_the_manifest_is_named(factory, hub, dataset):
    with (dataset / "SFT/math/v1-00001-of-00005.parquet").open("ab") as file:
        file.write(b" ")
    text = refused(factory, dataset, "--repo", NAME, status=1)
    assert "v1-00001-of-00005.parquet: sha256" in text
    assert "nothing was sent" in text
    assert hub.lines == []


def test_a_missing_and_an_unlisted_shard_are_named(factory, hub, dataset):
    path = dataset / "SFT/math/v1-00001-of-00005.parquet"
    path.rename(path.with_name("v1-00009-of-00005.parquet"))
    text = refused(factory, dataset, "--repo", NAME, status=1)
    assert "v1-00001-of-00005.parquet: missing" in text
    assert "v1-00009-of-00005.parquet: not in the manifest" in text


def test_a_run_that_is_not_finished_is_refused(factory, hub, made):
    (made / "dataset" / "manifest.json").unlink()
    assert "the run is not finished" in refused(factory, made, "--repo", NAME)
    assert "no such directory" in refused(factory, made / "nowhere", "--repo", NAME)
    assert hub.lines == []


def test_a_card_edited_by_hand_is_refused_with_the_way_out(factory, hub, dataset):
    card = dataset / "README.md"
    card.write_text(card.read_text().replace("answers to", "perfect answers to"))
    text = refused(factory, dataset, "--repo", NAME)
    assert "README.md: generated blocks 'summary', 'rates' were edited by hand" in text
    assert f"factory card {dataset} --anew" in text
    card.unlink()
    assert "README.md: missing" in refused(factory, dataset, "--repo", NAME)
    assert hub.lines == []


@pytest.mark.parametrize("path", ["../../etc/passwd", "SFT/../../a-00000-of-00001.parquet", "a"])
def test_a_manifest_cannot_make_other_files_go_out(factory, hub, dataset, path):
    manifest = json.loads((dataset / "manifest.json").read_text())
    manifest["shards"][0]["path"] = path
    (dataset / "manifest.json").write_text(json.dumps(manifest))
    inside = ".." not in path  # what leads outside is a damaged manifest
    assert path in refused(factory, dataset, "--repo", NAME, status=2 if inside else 1)
    assert hub.lines == []


@pytest.mark.parametrize("name", ["math", "a/b/c", "lab/-math", "lab/a..b", "lab/a b", "lab/x.git"])
def test_a_malformed_name_is_refused_before_anything_is_read(factory, hub, dataset, name):
    assert f"--repo {name!r}" in refused(factory, dataset, "--repo", name)
    assert f"--repo {name!r}" in refused(factory, dataset, "--repo", name, "--dry-run")
    assert hub.lines == []


def test_a_new_name_in_somebody_elses_space_is_refused(factory, hub, dataset):
    text = refused(factory, dataset, "--repo", "eve/math")
    assert "eve/math: create: forbidden (403)" in text
    assert "eve is not yours: the token is ada's, which publishes as ada or lab" in text
    assert "--repo ada/math" in text


def test_a_token_that_may_only_read_is_told_so(factory, hub, dataset):
    hub.user(TOKEN, "ada", "lab", role="read")
    assert "the token may only read" in refused(factory, dataset, "--repo", NAME)


def test_nobody_logged_in_is_told_how(factory, hub, dataset, monkeypatch, tmp_path):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_STORED_TOKENS_PATH", str(tmp_path / "tokens"))
    text = refused(factory, dataset, "--repo", NAME)
    assert "nobody is logged in to the Hub; set HF_TOKEN, or log in with: hf auth login" in text
    (tmp_path / "token").write_text(TOKEN)
    assert factory("publish", dataset, "--repo", NAME).returncode == 0


@pytest.mark.parametrize(
    "token", ["hf_Unknown", "hf_Un\x0bknown", "hf_Unknown\u20ac", "hf_Un known"]
)
def test_a_token_that_the_hub_cannot_know_is_never_shown(factory, hub, dataset, monkeypatch, token):
    monkeypatch.setenv("HF_TOKEN", token)
    text = refused(factory, dataset, "--repo", NAME)
    assert "token" in text
    assert "hf auth login" in text
    assert "known" not in text


def test_a_switched_off_hub_is_told(factory, hub, dataset, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in refused(factory, dataset, "--repo", NAME)
    assert factory("publish", dataset, "--repo", NAME, "--dry-run").returncode == 0


def test_a_request_for_a_branch_that_is_not_there_is_refused(factory, hub, dataset):
    text = refused(factory, dataset, "--repo", NAME, "--create-pr", "--revision", "nxet")
    assert "no branch nxet" in text
    assert "no branch refs/pr/5" in refused(
        factory, dataset, "--repo", NAME, "--revision", "refs/pr/5"
    )


def test_an_endpoint_that_is_no_address_is_told(factory, hub, dataset, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "huggingface.co")
    assert "huggingface.co" in refused(factory, dataset, "--repo", NAME, status=1)


def test_a_hub_that_cannot_be_reached_is_told(factory, hub, naps, dataset, monkeypatch):
    hub.shutdown()
    hub.server_close()
    text = refused(factory, dataset, "--repo", NAME, status=1)
    assert f"{hub.url}: " in text
    assert "tried 4 times" in text
    assert naps == [1.0, 2.0, 4.0]


def test_licences_are_checked_here_and_by_the_hub(factory, hub, dataset):
    text = refused(factory, dataset, "--repo", NAME, "--license", "Apache 2.0")
    assert "--license 'Apache 2.0'" in text
    assert hub.lines == []
    text = refused(factory, dataset, "--repo", NAME, "--license", "not-a-licence", status=1)
    assert '"license" must be one of' in text
    assert hub.asked("/api/repos/create") == 0


def test_a_model_without_licence_card_or_weights_is_refused(factory, hub, student):
    (student / "README.md").write_text("---\ntags: []\n---\n# Nano\n")
    assert "names no licence" in refused(factory, student, "--repo", NAME)
    assert factory("publish", student, "--repo", NAME, "--license", "mit").returncode == 0
    (student / "README.md").write_text("# Nano\n")
    assert "has no YAML header" in refused(factory, student, "--repo", NAME)
    (student / "README.md").unlink()
    assert "a model is published with its card" in refused(factory, student, "--repo", NAME)
    (student / "README.md").write_text("---\nlicense: mit\n---\n")
    for path in student.glob("*.safetensors"):
        path.unlink()
    assert "no *.safetensors" in refused(factory, student, "--repo", NAME)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cut off after 0 bytes"),
        (b"\xff" * 8, "cut off after 8 bytes"),
        (b"\x02" + b"\0" * 7 + b"{}more", "14 bytes, its header says 10"),
        (b"\x02" + b"\0" * 7 + b"[]", "its header is damaged"),
        (b"\x09" + b"\0" * 7 + b'{"a": {}}', "its header is damaged"),
    ],
)
def test_damaged_weights_are_refused(factory, hub, student, data, reason):
    (student / "model-00001-of-00002.safetensors").write_bytes(data)
    text = refused(factory, student, "--repo", NAME, status=1)
    assert "model-00001-of-00002.safetensors" in text
    assert reason in text


def test_weights_that_the_index_names_must_be_there(factory, hub, student):
    index = student / "model.safetensors.index.json"
    index.write_text('{"weight_map": {"a": "model-00003-of-00003.safetensors"}}')
    text = refused(factory, student, "--repo", NAME, status=1)
    assert "names model-00003-of-00003.safetensors, which is missing" in text
    index.write_text("{}")
    assert "damaged" in refused(factory, student, "--repo", NAME, status=1)


def test_old_weights_that_would_be_loaded_are_in_the_way(factory, hub, student):
    assert factory("publish", student, "--repo", NAME).returncode == 0
    path = student / "model-00002-of-00002.safetensors"
    path.rename(student / "model.safetensors")
    text = refused(factory, student, "--repo", NAME)
    assert "model-00002-of-00002.safetensors, which" in text
    assert "--replace" in text
