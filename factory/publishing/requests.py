"""The pull requests that were opened from here, so that one is gone on with under any title."""

import json
import os
import re
from pathlib import Path

from factory import store


def remembered_request(repository: str, title: str) -> int | None:
    """The number of the pull request that was last opened under a title; None if none was.

    Args:
        repository: its address.
        title: as it was opened.
    """
    number = _read(repository).get(title)
    return number if isinstance(number, int) else None


def remember_request(repository: str, title: str, number: int) -> None:
    """Keep it for the next time, in the user's cache: nothing is lost with it but a new title."""
    path = _path(repository)
    path.parent.mkdir(parents=True, exist_ok=True)
    store.write_json(path, {**_read(repository), title: number})


def _read(repository: str) -> dict[str, object]:
    try:
        found = json.loads(_path(repository).read_text())
    except (OSError, ValueError):  # none yet, or damaged: the title finds it as well
        return {}
    return found if isinstance(found, dict) else {}


def _path(repository: str) -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    name = re.sub(r"[^\w.-]+", "--", repository)
    return home / "reasoning-factory" / "requests" / f"{name}.json"
