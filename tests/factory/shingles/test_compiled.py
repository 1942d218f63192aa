"""Compiled kernels on the disk: found again, never stale, and no harm where they cannot be kept."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from factory.shingles.compiled import sources

NAME = "kernel_of_a_test"
KERNEL = """
import numpy as np
from factory.shingles.lanes import native

@native
def doubled(values):
    return values[0] * FACTOR

FACTOR = 2
"""
CALL = f"""
import sys
import numpy
sys.path.insert(0, sys.argv[1])
import {NAME}
{NAME}.doubled(numpy.ones(3, sys.argv[2]))
"""


def called(directory: Path, kinds: str = "int64") -> tuple[int, int]:
    """How many functions were found and how many compiled by a process that has none yet."""
    spec = importlib.util.spec_from_file_location(NAME, directory / f"{NAME}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module  # numba looks for the module of what it loads
    spec.loader.exec_module(module)
    for kind in kinds.split(","):
        assert module.doubled(np.ones(3, kind)) == 2
    stats = module.doubled.stats
    return sum(stats.cache_hits.values()), sum(stats.cache_misses.values())


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a kernel, and a cache directory of the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / f"{NAME}.py").write_text(KERNEL)
    sources.cache_clear()
    return tmp_path


def test_what_is_compiled_is_found_again(directory: Path):
    assert called(directory) == (0, 1)
    assert called(directory) == (1, 0)


def test_processes_at_once_do_not_take_each_others_functions(directory: Path):
    kinds = ["int64", "float64"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    commands = [[sys.executable, "-c", CALL, str(directory), kind] for kind in kinds]
    processes = [subprocess.Popen(command, env=environment) for command in commands]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    assert called(directory, ",".join(kinds)) == (2, 0)


def test_a_changed_neighbour_makes_a_kernel_stale(directory: Path):
    called(directory)
    (directory / "neighbour.py").write_text("")
    assert called(directory) == (1, 0)
    sources.cache_clear()
    assert called(directory) == (0, 1)


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", [b"", b"\x80\x04garbage"])
def test_a_damaged_file_is_made_anew(directory: Path, suffix: str, damage: bytes):
    called(directory)
    (kept,) = directory.rglob(f"*{suffix}")
    kept.write_bytes(damage)
    assert called(directory) == (0, 1)
    assert called(directory) == (1, 0)


def test_beside_a_read_only_package_the_users_cache_is_taken(directory: Path):
    (directory / "__pycache__").write_text("a file where a directory should be")
    called(directory)
    assert list((directory / "cache").rglob("*.nbc"))
    assert called(directory) == (1, 0)


def test_where_nothing_can_be_written_it_is_compiled_each_time(directory: Path):
    for name in ("__pycache__", "cache"):
        (directory / name).write_text("a file where a directory should be")
    assert called(directory) == (0, 1)
    assert called(directory) == (0, 1)


def test_a_disk_that_fills_up_costs_the_cache_alone(directory: Path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile._save_data", full)
    assert called(directory) == (0, 1)


def test_importing_the_package_does_not_load_numba():
    code = (
        "import sys, factory.shingles; print('numba' in sys.modules, 'datasketch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]
