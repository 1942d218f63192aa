"""`factory publish` with the real client against a stand-in of the Hub."""

from pathlib import Path

import pytest

from factory.datasetdir import open_dataset, verify
from factory.publishing.cards import dataset_card
from tests.factory.publishing.conftest import CONTENT_WARNING, TOKEN
from tests.factory.publishing.datasets import DEMO
from tests.factory.publishing.hub_server import serving
from tests.factory.publishing.hub_state import Stored

pytestmark = pytest.mark.filterwarnings(CONTENT_WARNING)
NAME = "lab/math"


def card_name(manifest: Path) -> str:
    return manifest.parent.name


def shards_of(dataset: Path) -> dict[str, str]:
    """sha256 by path."""
    return {shard["path"]: shard["sha256"] for shard in open_dataset(dataset).shards}


def test_a_run_is_published_private_and_its_copy_verifies(factory, hub, made, tmp_path):
    done = factory("publish", made, "--repo", NAME)
    assert done.returncode == 0, done.stderr
    repo = hub.repo(NAME)
    assert repo.private
    names = {"README.md", "manifest.json", "recipe.toml", "pass_rates.png", ".gitattributes"}
    assert set(repo.files()) == names | set(shards_of(made))
    copy = open_dataset(repo.download(tmp_path / "copy"))
    assert verify(copy) == []
    assert (copy.root / "README.md").read_text() == (made / "dataset" / "README.md").read_text()
    assert f"{hub.url}/datasets/lab/math" in done.stdout.replace("\n", "")
    assert "10 files" in done.stdout
    assert TOKEN not in done.stdout + done.stderr


def test_shards_come_before_one_commit_that_brings_the_rest(factory, hub, dataset):
    assert factory("publish", dataset, "--repo", NAME).returncode == 0
    commits = [n for n, line in enumerate(hub.lines) if "/commit/" in line]
    shards = set(shards_of(dataset).values())
    puts = [
        n
        for n, line in enumerate(hub.lines)
        if line.startswith("PUT /lfs")
        for s in shards
        if s in line
    ]
    assert len(commits) == 1
    assert len(puts) == 6
    assert max(puts) < commits[0]
    assert list(hub.repo(NAME).messages.values()) == ["initial commit", "Publish math v1"]


def test_what_lies_there_is_not_sent_again(factory, hub, dataset):
    factory("publish", dataset, "--repo", NAME)
    before = len(hub.lines)
    done = factory("publish", dataset, "--repo", NAME)
    assert done.returncode == 0
    assert "0 files of 0 bytes are new, 10 were there already" in done.stdout
    asked = [line for line in hub.lines[before:] if not line.startswith("GET")]
    assert asked == ["POST /api/validate-yaml"]


def test_a_shard_that_came_without_its_commit_is_not_sent_again(factory, hub, dataset):
    hub.fail("/commit/", 403)
    assert factory("publish", dataset, "--repo", NAME).returncode == 2
    assert set(hub.repo(NAME).files()) == {".gitattributes"}, "claims nothing"
    assert factory("publish", dataset, "--repo", NAME).returncode == 0
    assert set(hub.completed.values()) == {1}
    assert "README.md" in hub.repo(NAME).files()


def test_a_changed_shard_alone_is_sent_again_with_the_new_card(factory, hub, dataset, spoil):
    factory("publish", dataset, "--repo", NAME)
    path = spoil.another_shard(dataset)
    done = factory("publish", dataset, "--repo", NAME)
    assert done.returncode == 0, done.stderr
    assert "3 files" in done.stdout  # with card and manifest
    assert sum(hub.completed.values()) == 8  # seven and the new one
    assert hub.repo(NAME).files()[path].lfs[0] == shards_of(dataset)[path]


def test_large_files_go_in_parts_where_the_hub_asks_for_them(factory, connect, dataset, tmp_path):
    with serving(multipart_over=1000) as hub:
        connect(hub)
        assert factory("publish", dataset, "--repo", NAME).returncode == 0
        assert verify(open_dataset(hub.repo(NAME).download(tmp_path / "copy"))) == []
        assert hub.asked("/part-2") >= 6


def test_a_repository_that_is_there_stays_as_visible_as_it_was(factory, hub, dataset):
    ada = hub.state.users[TOKEN]
    repo = hub.state.create("dataset", NAME, False, ada)
    assert factory("publish", dataset, "--repo", NAME).returncode == 0
    assert not repo.private
    assert hub.asked("/settings") == 0
    assert factory("publish", dataset, "--repo", NAME, "--private").returncode == 0
    assert repo.private


def test_public_is_said_and_comes_after_the_commit(factory, hub, dataset):
    repo = hub.state.create("dataset", NAME, True, hub.state.users[TOKEN])
    assert factory("publish", dataset, "--repo", NAME, "--public").returncode == 0
    assert not repo.private
    assert "/settings" in hub.lines[-1]
    assert factory("publish", dataset, "--repo", "lab/other", "--public").returncode == 0
    assert not hub.repo("lab/other").private


def test_a_branch_is_made_and_main_stays(factory, hub, dataset):
    assert factory("publish", dataset, "--repo", NAME, "--revision", "next").returncode == 0
    assert set(hub.repo(NAME).files()) == {".gitattributes"}
    assert "manifest.json" in hub.repo(NAME).files("next")


def test_a_request_may_be_for_a_branch(factory, hub, dataset):
    repo = hub.state.create("dataset", NAME, True, hub.state.users[TOKEN])
    repo.heads["next"] = repo.heads["main"]
    for _ in range(2):
        done = factory("publish", dataset, "--repo", NAME, "--create-pr", "--revision", "next")
        assert done.returncode == 0, done.stderr
    assert [each["title"] for each in repo.requests] == ["Publish math v1 to next"]
    assert repo.heads["next"] == repo.heads["main"]


@pytest.mark.parametrize("path", sorted(DEMO.parent.glob("*/manifest.json")), ids=card_name)
def test_the_cards_that_are_kept_here_may_go_out(path):
    dataset = open_dataset(path.parent)
    assert dataset_card(dataset, None) == (path.parent / "README.md").read_text()


def test_a_request_is_opened_once_and_then_gone_on_with(factory, hub, dataset, spoil):
    done = factory("publish", dataset, "--repo", NAME, "--create-pr")
    assert done.returncode == 0, done.stderr
    assert "/discussions/1" in done.stdout
    assert factory("publish", dataset, "--repo", NAME, "--create-pr").returncode == 0
    spoil.another_shard(dataset)
    again = factory("publish", dataset, "--repo", NAME, "--create-pr")
    assert "/discussions/1" in again.stdout
    repo = hub.repo(NAME)
    assert [each["title"] for each in repo.requests] == ["Publish math v1"]
    assert "manifest.json" in repo.files("refs/pr/1")
    assert set(repo.files()) == {".gitattributes"}


def test_a_request_is_remembered_under_a_new_title(factory, hub, dataset, spoil):
    assert factory("publish", dataset, "--repo", NAME, "--create-pr").returncode == 0
    hub.repo(NAME).requests[0]["title"] = "Math, please"
    spoil.another_shard(dataset)
    assert "/discussions/1" in factory("publish", dataset, "--repo", NAME, "--create-pr").stdout
    hub.repo(NAME).requests[0]["status"] = "merged"
    assert "/discussions/2" in factory("publish", dataset, "--repo", NAME, "--create-pr").stdout


def test_a_request_of_somebody_else_or_one_that_is_closed_is_left_alone(factory, hub, dataset):
    repo = hub.state.create("dataset", NAME, True, hub.state.users[TOKEN])
    for author, status in (("eve", "open"), ("ada", "closed"), ("ada", "merged")):
        number = len(repo.requests) + 1
        repo.requests.append(
            {"num": number, "title": "Publish math v1", "author": author, "status": status}
        )
    assert factory("publish", dataset, "--repo", NAME, "--create-pr").returncode == 0
    assert len(repo.requests) == 4


def test_what_is_somebody_elses_may_be_proposed(factory, hub, dataset):
    hub.user("hf_eve", "eve")
    repo = hub.state.create("dataset", "eve/math", False, hub.state.users["hf_eve"])
    done = factory("publish", dataset, "--repo", "eve/math")
    assert done.returncode == 2
    assert "eve is not yours: the token is ada's, which publishes as ada or lab" in done.stderr
    assert "403" in done.stderr
    assert factory("publish", dataset, "--repo", "eve/math", "--create-pr").returncode == 0
    assert len(repo.requests) == 1


def test_shards_of_an_older_version_go_only_when_it_is_said(factory, hub, dataset, spoil):
    factory("publish", dataset, "--repo", NAME)
    gone = spoil.without_a_shard(dataset)
    done = factory("publish", dataset, "--repo", NAME)
    assert done.returncode == 2
    assert gone in done.stderr
    assert "--replace" in done.stderr
    assert gone in hub.repo(NAME).files()
    done = factory("publish", dataset, "--repo", NAME, "--replace")
    assert done.returncode == 0, done.stderr
    assert "1 deleted" in done.stdout
    assert gone not in hub.repo(NAME).files()
    assert len(hub.repo(NAME).commits) == 3


def test_a_file_that_is_not_ours_is_never_deleted(factory, hub, dataset):
    repo = hub.state.create("dataset", NAME, True, hub.state.users[TOKEN])
    files = {"SFT/math/train.parquet": Stored(b"theirs"), "notes.txt": Stored(b"theirs")}
    repo.add("main", files, "by hand")
    done = factory("publish", dataset, "--repo", NAME, "--replace")
    assert done.returncode == 2
    assert "SFT/math/train.parquet" in done.stderr
    del files["SFT/math/train.parquet"]
    assert factory("publish", dataset, "--repo", NAME, "--replace").returncode == 0
    assert repo.files()["notes.txt"].data == b"theirs"


def test_a_licence_that_is_said_stands_in_the_card(factory, hub, dataset, tmp_path):
    done = factory("publish", dataset, "--repo", NAME, "--license", "cc-by-4.0")
    assert done.returncode == 0, done.stderr
    card = hub.repo(NAME).files()["README.md"].data.decode()
    assert "\nlicense: cc-by-4.0\n" in card.split("---\n")[1]
    assert "`cc-by-4.0` was set by whoever published this" in card
    copy = hub.repo(NAME).download(tmp_path / "copy")
    done = factory("publish", copy, "--repo", "ada/again")
    assert done.returncode == 0, done.stderr
    assert hub.repo("ada/again").files()["README.md"].data.decode() == card


def test_a_student_is_published_as_a_model_without_pickles(factory, hub, student):
    done = factory("publish", student, "--repo", "lab/nano")
    assert done.returncode == 0, done.stderr
    repo = hub.repo("lab/nano", "model")
    weights = {f"model-0000{n}-of-00002.safetensors" for n in (1, 2)}
    assert set(repo.files()) == {"README.md", "config.json", ".gitattributes"} | weights
    assert f"{hub.url}/lab/nano" in done.stdout
    assert factory("publish", student, "--repo", "lab/nano").returncode == 0
    assert sum(hub.completed.values()) == 2


def test_a_dry_run_lists_the_files_and_asks_nobody(factory, hub, dataset, student):
    (dataset / "notes.txt").write_text("mine")
    done = factory("publish", dataset, "--repo", NAME, "--dry-run")
    assert done.returncode == 0
    for name in (*shards_of(dataset), "README.md", "manifest.json"):
        assert name in done.stdout
    assert "stays here: notes.txt" in done.stdout
    done = factory("publish", student, "--repo", NAME, "--dry-run")
    assert "stays here: checkpoint-5, optimizer.pt" in done.stdout
    assert hub.lines == []
