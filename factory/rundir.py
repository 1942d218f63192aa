"""A run's directory: where its files lie, and whether it may be continued.

recipe.toml        the resolved recipe
plan.json          what the run was started with: hash, prompts, part size
ledger/            completions; may be shared between runs
prompts/           part-00000.parquet ..., duplicates.parquet
responses/         part-00000.parquet ..., kept or not, with every verdict
dataset/           what is published
manifest.json      written last: its presence means that the run is complete
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory import store
from factory.config import read_toml
from factory.errors import ConfigError, RunError
from factory.recipe import Job


@dataclass(frozen=True, kw_only=True)
class RunDirectory:
    """The paths of a run. Picklable: it travels to the workers, which see the same storage."""

    root: Path
    ledger: Path
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

    @property
    def duplicates(self) -> Path:
        """The prompts that dedup removed."""
        return self.root / "prompts" / "duplicates.parquet"

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
    plan_path = root / "plan.json"
    if plan_path.exists():
        plan = store.read_json(plan_path)
        if plan.get("hash") != job.hash():
            raise ConfigError(f"{root}: {_difference(root, job)}; choose another --out")
    elif root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ConfigError(f"{root}: is not empty and holds no run; choose another --out")
    else:
        source, limits = job.pipeline.source, job.recipe.limits
        plan = {
            "hash": job.hash(),
            "num_prompts": source.num_prompts,
            "part_size": limits.part_size,
        }
        # The plan comes last: a directory without one is not yet a run.
        store.write_text(root / "recipe.toml", job.to_toml())
        store.write_json(plan_path, plan)
    directory = _directory(root, plan, ledger)
    store.remove_temporaries(
        [root, root / "prompts", root / "responses", *root.glob("dataset/**/")]
    )
    return directory


def open_run(root: Path) -> RunDirectory:
    """The directory of a run that was started before.

    Raises:
        ConfigError: there is none.
    """
    plan_path = root / "plan.json"
    if not plan_path.exists():
        raise ConfigError(f"{root}: holds no run (no plan.json); make one with: factory run")
    return _directory(root, store.read_json(plan_path), None)


def _directory(root: Path, plan: dict[str, Any], ledger: Path | None) -> RunDirectory:
    try:
        return RunDirectory(
            root=root.resolve(),
            ledger=(ledger or root / "ledger").resolve(),
            num_prompts=plan["num_prompts"],
            part_size=plan["part_size"],
        )
    except KeyError as error:
        raise RunError(f"{root}/plan.json: damaged: no {error}") from error


def read_manifest(directory: RunDirectory) -> dict[str, Any]:
    """The manifest of a finished run.

    Raises:
        RunError: the run is not finished, or the manifest is damaged.
    """
    if not directory.manifest.exists():
        raise RunError(f"{directory.root}: the run is not finished; run the same command again")
    manifest: dict[str, Any] = store.read_json(directory.manifest)
    return manifest


def _difference(root: Path, job: Job) -> str:
    """What tells the run in a directory from a job, in words."""
    old = _flat(read_toml(root / "recipe.toml"))
    limits = {f"teacher.{name}" for name in type(job.recipe.teacher).limits}
    new = _flat(job.as_table())
    changed = [
        f"{key} was {old.get(key)!r} and is {new.get(key)!r}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key) and key not in limits and not key.startswith("limits.")
    ]
    if not changed:
        return "holds a run of the same recipe by other code (texts, filters or versions changed)"
    return f"holds a different run: {', '.join(changed)}"


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat.update(
            _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        )
    return flat
