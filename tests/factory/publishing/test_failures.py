"""A Hub that fails half-way, and a publisher that is killed: nothing claims to be complete."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from factory.datasetdir import open_dataset, verify
from tests.factory.publishing.conftest import CONTENT_WARNING, TOKEN
from tests.factory.publishing.datasets import write_dataset
from tests.factory.publishing.hub_server import HubServer

NAME = "lab/math"
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.filterwarnings(CONTENT_WARNING)


def assert_whole(hub: HubServer, folder: Path) -> None:
    assert verify(open_dataset(hub.repo(NAME).download(folder))) == []


@pytest.mark.parametrize(
    "where", ["whoami", "repos/create", "/tree/", "/preupload/", "objects/batch", "PUT", "/verify"]
)
@pytest.mark.parametrize("status", [0, 503])
def test_what_fails_in_passing_is_tried_again(factory, hub, naps, dataset, tmp_path, where, status):
    hub.fail(where, status, times=2)
    done = factory("publish", dataset, "--repo", NAME)
    assert done.returncode == 0, done.stderr
    assert naps
    assert_whole(hub, tmp_path / "copy")
    assert set(hub.completed.values()) == {1}


def test_a_commit_that_fails_in_passing_is_tried_again(factory, hub, naps, dataset, tmp_path):
    hub.fail("/commit/", 502)
    hub.fail("/commit/", 0)
    assert factory("publish", dataset, "--repo", NAME).returncode == 0
    assert naps == [1.0, 2.0]
    assert_whole(hub, tmp_path / "copy")
    assert len(hub.repo(NAME).commits) == 2


@pytest.mark.parametrize("options", [(), ("--create-pr",)])
def test_a_commit_whose_reply_was_lost_is_not_made_twice(factory, hub, naps, dataset, options):
    hub.fail("/commit/", 0, after="all")
    done = factory("publish", dataset, "--repo", NAME, *options)
    assert done.returncode == 0, done.stderr
    assert hub.asked("/commit/") == 1
    assert len(hub.repo(NAME).commits) == 2
    assert len(hub.repo(NAME).requests) == len(options)


def test_a_repository_whose_reply_was_lost_is_made_once(factory, hub, naps, dataset, tmp_path):
    hub.fail("/repos/create", 0, after="all")
    done = factory("publish", dataset, "--repo", NAME)
    assert done.returncode == 0, done.stderr
    assert hub.asked("/repos/create") == 2
    assert_whole(hub, tmp_path / "copy")


def test_an_upload_that_breaks_off_half_way_is_sent_whole(factory, hub, naps, dataset, tmp_path):
    hub.fail("PUT /lfs", 0, after="half", times=3)
    hub.fail("PUT /lfs", 0, after="all")
    assert factory("publish", dataset, "--repo", NAME).returncode == 0
    assert_whole(hub, tmp_path / "copy")


def test_a_wait_that_the_hub_asks_for_is_kept_and_told(factory, hub, naps, dataset):
    hub.fail("objects/batch", 429, headers={"Retry-After": "37"})
    hub.fail("/commit/", 429, headers={"RateLimit": '"api";r=0;t=55'})
    done = factory("publish", dataset, "--repo", NAME)
    assert done.returncode == 0, done.stderr
    assert 38.0 in naps  # the client adds a second
    assert 55.0 in naps
    assert "the Hub says 429 and asks to wait 37 s" in done.stderr
    assert "the Hub says 429 and asks to wait 55 s" in done.stderr


@pytest.mark.parametrize("where", ["objects/batch", "/commit/"])
def test_a_wait_of_hours_is_not_waited_for(factory, hub, naps, dataset, where):
    hub.fail(where, 429, headers={"Retry-After": "7200"}, times=4)
    done = factory("publish", dataset, "--repo", NAME)
    assert done.returncode == 1
    assert "asks to wait 7,200 s; run the same command again after that" in done.stderr
    assert 7200.0 not in naps
    assert set(hub.repo(NAME).files()) == {".gitattributes"}


def test_patience_ends_and_the_same_command_goes_on(factory, hub, naps, dataset, tmp_path):
    shard = open_dataset(dataset).shards[3]["sha256"]
    fault = hub.fail(f"{shard}/2003/whole", 500, times=1000)
    done = factory("publish", dataset, "--repo", NAME)
    assert done.returncode == 1
    assert "the Hub says 500; tried 8 times; what was sent is kept" in done.stderr
    assert "X-Amz-Signature" not in done.stderr
    assert set(hub.repo(NAME).files()) == {".gitattributes"}
    fault.times = 0
    assert factory("publish", dataset, "--repo", NAME).returncode == 0
    assert_whole(hub, tmp_path / "copy")
    assert set(hub.completed.values()) == {1}


def test_a_commit_of_somebody_else_in_between_is_not_overwritten(factory, hub, dataset):
    repo = hub.state.create("dataset", NAME, True, hub.state.users[TOKEN])
    theirs = threading.Event()

    def push(total: int) -> None:
        if not theirs.is_set():
            theirs.set()
            repo.add("main", dict(repo.files()), "theirs")

    hub.on_bytes = push
    done = factory("publish", dataset, "--repo", NAME)
    assert done.returncode == 1
    assert "somebody else changed the repository meanwhile" in done.stderr
    assert "manifest.json" not in repo.files()
    assert factory("publish", dataset, "--repo", NAME).returncode == 0


@pytest.mark.parametrize("status", [401, 403, 409, 413])
def test_what_will_not_pass_is_not_tried_again(factory, hub, naps, dataset, status):
    hub.fail("objects/batch", status, times=1000)
    done = factory("publish", dataset, "--repo", NAME)
    assert done.returncode in (1, 2)
    assert str(status) in done.stderr or "meanwhile" in done.stderr
    assert naps == []
    assert TOKEN not in done.stderr
    assert set(hub.repo(NAME).files()) == {".gitattributes"}


def test_a_hub_that_echoes_the_token_does_not_make_it_seen(factory, hub, naps, dataset):
    hub.fail("/commit/", 400, text=f"what is {TOKEN}?")
    done = factory("publish", dataset, "--repo", NAME)
    assert done.returncode == 1
    assert "the Hub refuses (400): what is ***?" in done.stderr
    assert TOKEN not in done.stderr


def test_a_repository_that_goes_meanwhile_is_told(factory, hub, naps, dataset):
    hub.on_bytes = lambda total: hub.state.repos.clear()
    done = factory("publish", dataset, "--repo", NAME)
    assert done.returncode == 1
    assert "not found (404)" in done.stderr


def start(dataset: Path, hub: HubServer) -> "subprocess.Popen[str]":
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": TOKEN,
        "HF_HUB_DISABLE_XET": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "factory", "publish", str(dataset), "--repo", NAME],
        cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests
    )  # fmt: skip


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_publisher_killed_at_any_byte_goes_on_without_sending_a_shard_twice(hub, tmp_path, how):
    size, number = 3_000_000, 6
    dataset = write_dataset(tmp_path / "dataset", [(size, n) for n in range(number)])
    place = random.randrange(size * number)
    reached = threading.Event()

    def watch(total: int) -> None:
        if total >= place and not reached.is_set():
            reached.set()
            process.send_signal(how)  # before any more of it is read

    hub.on_bytes = watch
    with start(dataset, hub) as process:
        _, told = process.communicate()
    assert reached.is_set(), told
    assert process.returncode == (-9 if how == signal.SIGKILL else 1), (place, told)
    if how == signal.SIGINT:
        assert "interrupted: run the same command again" in told
    assert set(hub.repo(NAME).files()) == {".gitattributes"}, place
    hub.on_bytes = lambda total: None
    whole = {oid for oid, times in hub.completed.items() if times}
    before = hub.received.copy()
    with start(dataset, hub) as process:
        _, told = process.communicate()
    assert process.returncode == 0, told
    assert_whole(hub, tmp_path / "copy")
    assert all(hub.received[oid] == before[oid] for oid in whole), place
    assert hub.received.total() <= size * number + 4 * size + 1_000_000, place
