"""Kill -9 of a worker, of the driver and of the scheduler in the middle of a run over HTTP.

A real server counts what it receives, in a file that outlives everything.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.stub_server import Running, running
from tests.toys import toy_job

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
NUM_PROMPTS, PART_SIZE, SAMPLES = 60, 5, 11
NEEDED = (NUM_PROMPTS - 1) * SAMPLES  # one prompt repeats another
IN_FLIGHT = 8
"""Of one worker."""
WORKERS = 2


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "requests.log"


@pytest.fixture
def server(log: Path) -> Iterator[Running]:
    with running("--log", str(log), "--delay-ms", "60") as stub:
        yield stub


def start(folder: Path, server: Running, *options: str) -> "subprocess.Popen[str]":
    toy_job(folder, num_prompts=NUM_PROMPTS, part_size=PART_SIZE)
    text = (folder / "toy.toml").read_text()
    teacher = f"""
kind = "http"
model = "toy"
base_urls = ["{server.url}"]
license = "mit"
max_in_flight = {IN_FLIGHT}
"""
    before, _, after = text.partition('kind = "scripted"')
    rest = after.partition("[limits]")[2]
    (folder / "served.toml").write_text(f"{before}{teacher}[limits]{rest}")
    command = [sys.executable, "-m", "factory", "run", str(folder / "served.toml")]
    return subprocess.Popen(
        [*command, "--out", str(folder / "run"), *options],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def wait_for_requests(log: Path, number: int, process: "subprocess.Popen[str]") -> None:
    while not log.exists() or len(log.read_bytes().splitlines()) < number:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def received(log: Path) -> Counter[str]:
    """How often each request came, by the hash of its body."""
    return Counter(line.split()[-1] for line in log.read_text().splitlines())


def assert_complete(folder: Path, log: Path, lost: int) -> None:
    manifest = json.loads((folder / "run" / "manifest.json").read_text())
    assert sum(manifest["funnel"]["entered"].values()) == NEEDED
    counts = received(log)
    assert len(counts) == NEEDED
    assert sum(counts.values()) <= NEEDED + lost


def workers_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if any("spawn_main" in part for part in child.cmdline())
            or "dask worker" in " ".join(child.cmdline())]  # fmt: skip


def test_a_run_survives_the_death_of_a_worker_by_itself(tmp_path, server, log):
    process = start(tmp_path, server, "--workers", str(WORKERS))
    wait_for_requests(log, NEEDED // 4, process)
    workers_of(process)[0].kill()
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert_complete(tmp_path, log, lost=IN_FLIGHT)


def test_a_driver_that_was_killed_twice_is_resumed(tmp_path, server, log):
    for share in (0.25, 0.6):
        process = start(tmp_path, server, "--workers", str(WORKERS))
        wait_for_requests(log, int(share * NEEDED), process)
        process.kill()  # the driver alone; its workers notice
        process.communicate()
    process = start(tmp_path, server, "--workers", str(WORKERS))
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert_complete(tmp_path, log, lost=2 * WORKERS * IN_FLIGHT)


@contextlib.contextmanager
def cluster(folder: Path, number: int) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A scheduler and workers as a user starts them: (scheduler, its address)."""
    file = folder / f"scheduler-{number}.json"
    dask = [sys.executable, "-m", "dask"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    options = {"env": environment, "stderr": subprocess.DEVNULL, "cwd": folder}
    host = ["--host", "127.0.0.1", "--no-dashboard"]
    address_file = ["--port", "0", "--scheduler-file", str(file)]
    processes = [subprocess.Popen([*dask, "scheduler", *host, *address_file], **options)]  # type: ignore[call-overload]
    try:
        while not file.exists():
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        worker = [*dask, "worker", *host, "--nthreads", "2", address]
        processes += [subprocess.Popen(worker, **options) for _ in range(WORKERS)]  # type: ignore[call-overload]
        yield processes[0], address
    finally:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
            process.kill()
            process.wait()


def test_a_driver_that_was_killed_leaves_its_workers_to_the_next_start(tmp_path, server, log):
    with cluster(tmp_path, 1) as (_, address):
        capped = ("--scheduler", address, "--max-tokens", str(10**9))
        process = start(tmp_path, server, *capped)
        wait_for_requests(log, NEEDED // 4, process)
        process.kill()
        process.communicate()
        process = start(tmp_path, server, *capped)
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert_complete(tmp_path, log, lost=WORKERS * IN_FLIGHT)


def test_a_run_whose_scheduler_was_killed_says_so_and_is_resumed(tmp_path, server, log):
    with cluster(tmp_path, 1) as (scheduler, address):
        capped = ("--max-tokens", str(10**9))  # the budget is kept by that scheduler
        process = start(tmp_path, server, "--scheduler", address, *capped)
        wait_for_requests(log, NEEDED // 3, process)
        scheduler.kill()
        _, errors = process.communicate()
        assert process.returncode == 1
        assert "the Dask scheduler is gone" in errors
        assert "Traceback" not in errors, errors
        with cluster(tmp_path, 2) as (_, second):
            process = start(tmp_path, server, "--scheduler", second, *capped)
            _, errors = process.communicate()
            assert process.returncode == 0, errors
    assert_complete(tmp_path, log, lost=WORKERS * IN_FLIGHT)
