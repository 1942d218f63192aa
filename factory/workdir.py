"""Where a command on a dataset keeps what it has worked out, so that the same command goes on.

plan.json      what the command was: settings, versions, and what the data looked like
placing        all is worked out, and what was written is being given its name
.lock          held while a command is at work there
the rest       files of the stages, each written whole or not at all

It is kept when the command is killed or fails, and removed when it succeeds.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from factory import store
from factory.config import first_differences
from factory.errors import ConfigError

_PLAN = "plan.json"
_PLACING = "placing"
_MAX_NAME = 200
"""Bytes of a file's name that another name is made of; a name has 255 at most."""


def default_work(out: Path) -> Path:
    """Beside the output, on the same storage: `.OUT.work`."""
    name = os.fsdecode(os.fsencode(out.name)[:_MAX_NAME])
    return out.absolute().with_name(f".{name}.work")


def is_placing(path: Path) -> bool:
    """Whether the command that left this work was about to give its output its name."""
    return (path / _PLACING).exists()


def start_placing(path: Path) -> None:
    """Note that the output is about to get its name."""
    store.write_text(path / _PLACING, "")


@contextlib.contextmanager
def work_directory(path: Path, plan: Mapping[str, Any]) -> Iterator[bool]:
    """Hold a new work directory, or that of the same command; the lock goes with the process.

    Args:
        path: the directory.
        plan: what decides the result, as JSON has it; another plan is refused.

    Yields:
        Whether an earlier start left work there.

    Raises:
        ConfigError: it holds something else; the message says what differs.
        RunError: another process is at work there, or it cannot be written.
    """
    resumed = _check(path, dict(plan))
    with store.locked(path / ".lock", "another command is at work there; wait for it"):
        store.remove_temporaries(each for each in path.rglob("") if each.is_dir())
        if not resumed:
            store.write_json(path / _PLAN, dict(plan))
        yield resumed


def discard(path: Path) -> None:
    """Remove a work directory whose command has succeeded; what resists is left.

    The plan goes first: what is left of the rest must not be gone on with.
    """
    with contextlib.suppress(OSError):
        (path / _PLAN).unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)


def _check(path: Path, plan: dict[str, Any]) -> bool:
    if not os.path.lexists(path):
        return False
    if not path.is_dir():
        raise ConfigError(f"{path}: is no directory; give another --work")
    if not (path / _PLAN).exists():
        if any(each.name != ".lock" and not each.name.endswith(".tmp") for each in path.iterdir()):
            raise ConfigError(
                f"{path}: is not empty and holds no work of this command; give another --work, "
                "or delete it"
            )
        return False
    old = store.read_json(path / _PLAN, keys=(), advice=f"delete {path} and run again")
    if old != plan:
        raise ConfigError(
            f"{path}: holds the work of another command ({_difference(old, plan)}); repeat "
            "that one, delete the directory, or give another --work"
        )
    return True


def _difference(old: dict[str, Any], plan: dict[str, Any]) -> str:
    if old.get("data") != plan.get("data"):  # fingerprints, which say nothing to people
        return "other data: names, sizes or times of its files differ"
    return first_differences(old, plan)
