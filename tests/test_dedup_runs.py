"""Commands that are timed and watched, and what is made of it."""

import sys
from pathlib import Path

import pytest

from tests.benchmarks import dedup_memory, dedup_runs, dedup_throughput
from tests.benchmarks.dedup_corpus import Spec
from tests.benchmarks.dedup_runs import Run

MIB = 2**20


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_memory_of_a_child_counts_and_so_does_its_time(tmp_path: Path):
    child = f"import time; x = b'1' * {200 * MIB}; time.sleep(0.8)"
    run = dedup_runs.measured(
        python(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"),
        tmp_path / "log",
    )
    assert 200 * MIB < run.rss < 400 * MIB
    assert run.seconds > 0.8 > run.cpu > 0


def test_a_command_that_fails_names_its_log(tmp_path: Path):
    log = tmp_path / "log"
    with pytest.raises(SystemExit, match="status 3; see .*log"):
        dedup_runs.measured(python("print('why'); raise SystemExit(3)"), log)
    assert log.read_text() == "why\n"


def test_without_the_peers_environment_the_way_to_it_is_said(tmp_path: Path):
    with pytest.raises(SystemExit, match="--install"):
        dedup_runs.command("gaoya", tmp_path, tmp_path / "out", peers=tmp_path, threads=2)


def test_what_would_fill_the_disk_is_not_begun(tmp_path: Path):
    options = type("Options", (), {"directory": tmp_path})()
    dedup_memory.check_disk(Spec(rows=1_000), options)
    with pytest.raises(SystemExit, match="choose another --directory"):
        dedup_memory.check_disk(Spec(rows=10**13), options)


def test_time_a_row_is_told_relative_to_the_smallest_size(capsys: pytest.CaptureFixture[str]):
    sizes = [Spec(rows=1_000_000), Spec(rows=10_000_000)]
    runs = [Run(seconds=10, cpu=0, rss=10**9, pss=0), Run(seconds=120, cpu=0, rss=2 * 10**9, pss=0)]
    dedup_memory.print_table("factory", sizes, runs)
    told = capsys.readouterr().out
    assert "| 10,000,000 | 120.0 | 12.0 | 1.20 | 2.00 GB |" in told
    assert "0.11 hours" in told


def test_ratios_are_worked_out_within_each_round(capsys: pytest.CaptureFixture[str]):
    def runs(*seconds: float) -> list[Run]:
        return [Run(seconds=s, cpu=0, rss=0, pss=0) for s in seconds]

    told = {"factory": runs(1, 10, 100), "gaoya": runs(5, 60, 700)}
    dedup_throughput.print_table(Spec(rows=1_000), told)
    assert "6.00 (5.00 to 7.00) times" in capsys.readouterr().out
