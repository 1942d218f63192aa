"""A run's directory: where its files lie, and whether it may be continued.

recipe.toml        the resolved recipe
plan.json          what the run was started with: hash, prompts, part size; its id in the ledger
ledger/            completions; may be shared between runs
prompts/           part-00000.parquet ...
  duplicates/      part-00000.parquet ..., those that repeat another
  contaminated/    part-00000.parquet ..., matches with items of benchmarks
  screened.json    written last of these: what was looked for, and how much was found
responses/         part-00000.parquet ..., kept or not, with every verdict
dataset/           what is published
manifest.json      written last: its presence means that the run is complete
"""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory import store
from factory.config import differences, read_toml
from factory.errors import ConfigError, RunError
from factory.recipe import Job

_PLAN = "plan.json"
_START = ".start"


@dataclass(frozen=True, kw_only=True)
class RunDirectory:
    """The paths of a run. Picklable: it travels to the workers, which see the same storage."""

    root: Path
    ledger: Path
    run_id: str
    """Names the ledger's segments that this run paid for."""
    num_prompts: int
    part_size: int

    @property
    def num_parts(self) -> int:
        """Parts of the run; how many there are never shows in the result."""
        return -(-self.num_prompts // self.part_size)

    def bounds(self, part: int) -> tuple[int, int]:
        """First and past-the-last prompt position of a part."""
        start = part * self.part_size
        return start, min(start + self.part_size, self.num_prompts)

    def prompts(self, part: int) -> Path:
        """The part's prompts."""
        return store.part_path(self.root / "prompts", part)

    def duplicates(self, part: int) -> Path:
        """The part's prompts that dedup removed."""
        return store.part_path(self.root / "prompts" / "duplicates", part)

    def written(self, part: int) -> Path:
        """What it took to have the part's prompts written."""
        return store.part_path(self.root / "prompts" / "written", part).with_suffix(".json")

    def contaminated(self, part: int) -> Path:
        """The part's matches with items of benchmarks."""
        return store.part_path(self.root / "prompts" / "contaminated", part)

    @property
    def screened(self) -> Path:
        """What prompts were screened for before any was asked; written when that is done."""
        return self.root / "prompts" / "screened.json"

    @property
    def screening(self) -> Path:
        """What screening works with; removed when it is done."""
        return self.root / "prompts" / "screening"

    def responses(self, part: int) -> Path:
        """The part's responses."""
        return store.part_path(self.root / "responses", part)

    @property
    def dataset(self) -> Path:
        """What is published."""
        return self.root / "dataset"

    @property
    def manifest(self) -> Path:
        """What a finished run is made of."""
        return self.root / "manifest.json"


def create_or_resume(job: Job, root: Path, ledger: Path | None = None) -> RunDirectory:
    """The directory of a run, new or as a run of the same job left it.

    Raises:
        ConfigError: the directory holds something else; the message says what differs.
    """
    plan_path = root / _PLAN
    if _exists(plan_path):
        plan = _read_plan(plan_path)
        if plan["hash"] != job.hash():
            raise ConfigError(f"{root}: {_difference(root, job)}; choose another --out")
    elif root.exists() and not _is_free(root):
        raise ConfigError(f"{root}: is not empty and holds no run; choose another --out")
    else:
        pipeline, limits = job.pipeline, job.recipe.limits
        plan = {
            "hash": job.hash(),
            "num_prompts": pipeline.num_prompts,
            # All that a prompt of the source becomes lies in one part.
            "part_size": -(-limits.part_size // pipeline.most) * pipeline.most,
            "run_id": secrets.token_hex(4),
            "ledger": "",
        }
        # The plan comes last: a directory without one is not yet a run.
        store.write_text(root / "recipe.toml", job.to_toml())
        store.write_json(plan_path, plan)
    where = str(ledger.resolve()) if ledger else ""
    if ledger and plan["ledger"] != where:  # so that others who open the run find it
        plan["ledger"] = where
        store.write_json(plan_path, plan)
    directory = _directory(root, plan)
    if directory.ledger.exists() and not directory.ledger.is_dir():
        raise ConfigError(f"--ledger {directory.ledger}: is not a directory")
    return directory


@contextlib.contextmanager
def locked(run: RunDirectory) -> Iterator[None]:
    """Hold a run's directory; the lock goes with the process, however it ends.

    Raises:
        RunError: another process holds it.
    """
    with store.locked(run.root / ".lock", "another factory run is at work there; wait for it"):
        yield


def begin(run: RunDirectory, job: Job) -> str:
    """Note that a new start of the run has begun, with its limits and prices; returns its name.

    What is left of an earlier start, on workers that outlived their driver, sees it and ends.
    """
    if _read_text(run.root / "recipe.toml") != job.to_toml():
        store.write_text(run.root / "recipe.toml", job.to_toml())
    start = secrets.token_hex(4)
    store.write_text(run.root / _START, start)
    return start


def is_current(run: RunDirectory, start: str) -> bool:
    """Whether no later start of the run has begun."""
    return not start or _read_text(run.root / _START) in (start, "")


def open_run(root: Path) -> RunDirectory:
    """The directory of a run that was started before.

    Raises:
        ConfigError: there is none.
    """
    plan_path = root / _PLAN
    if not _exists(plan_path):
        raise ConfigError(f"{root}: holds no run (no {_PLAN}); make one with: factory run")
    return _directory(root, _read_plan(plan_path))


def _is_free(root: Path) -> bool:
    """Whether a directory holds at most a ledger and what a start that was killed may have left."""
    return root.is_dir() and all(
        path.name in ("recipe.toml", "ledger", ".regenerating") or path.name.endswith(".tmp")
        for path in root.iterdir()
    )


def _read_text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; choose another directory") from error


def _read_plan(path: Path) -> dict[str, Any]:
    advice = "start anew in another --out, with --ledger on this run's ledger nothing is paid twice"
    keys = ("hash", "run_id", "ledger", "num_prompts", "part_size")
    plan = store.read_json(path, keys=keys, advice=advice)
    for key, kind in zip(keys, (str, str, str, int, int), strict=True):
        if type(plan[key]) is not kind or (kind is int and plan[key] < 1):
            raise RunError(f"{path}: damaged ({key} is {plan[key]!r}); {advice}")
    return plan


def _directory(root: Path, plan: dict[str, Any]) -> RunDirectory:
    return RunDirectory(
        root=root.resolve(),
        ledger=Path(plan["ledger"] or root / "ledger").resolve(),
        run_id=plan["run_id"],
        num_prompts=plan["num_prompts"],
        part_size=plan["part_size"],
    )


def read_manifest(directory: RunDirectory) -> dict[str, Any]:
    """The manifest of a finished run.

    Raises:
        RunError: the run is not finished, or the manifest is damaged.
    """
    if not directory.manifest.exists():
        raise RunError(f"{directory.root}: the run is not finished; run the same command again")
    keys = ("format", "funnel", "shards", "pass_rates", "versions", "shortfalls", "usage")
    advice = "delete it and run the same command again, nothing is asked twice"
    return store.read_json(directory.manifest, keys=keys, advice=advice)


def _difference(root: Path, job: Job) -> str:
    """What tells the run in a directory from a job, in words."""
    try:
        old = read_toml(root / "recipe.toml")
    except ConfigError as error:
        return f"holds a different run, and what it was cannot be told ({error})"
    free = tuple(f"{key}." for key in ("limits", "assume", *job.limit_keys()))
    told = differences(old, job.as_table())
    changed = [text for key, text in told.items() if not f"{key}.".startswith(free)]
    if not changed:
        return (
            "holds a run of the same recipe by other code (texts, filters or versions changed), "
            "against other benchmark items, or of other rows"
        )
    return f"holds a different run: {', '.join(changed)}"
