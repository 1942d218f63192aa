"""`factory regenerate`: published shards made again from recipe and ledger, and compared.

The run is done again in a working directory, all of it but the asking: what was asked comes out of
the ledger. For some shards only the parts with their prompts are judged; the rows of a shard are
those that the manifest lists, and its bytes must be the same.
"""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from factory import store
from factory.datasetdir import MANIFEST, RECIPE, DatasetDirectory
from factory.engine import work
from factory.errors import ConfigError, RunError
from factory.finding import prompt_of
from factory.partwork import Client
from factory.progress import Progress
from factory.recipe import Job, LoadedRecipe, load_recipe
from factory.recording import rl_records, sft_records
from factory.records import Completion, Request
from factory.rundir import RunDirectory, create_or_resume
from factory.schemas import PROMPTS, RL, SFT
from factory.shards import GROUP_ROWS, Shards
from factory.teachers import Teacher

Shard = dict[str, Any]
Row = dict[str, Any]
_LOCK = ".regenerating"
_SCHEMAS: Mapping[str, pa.Schema] = {"SFT": SFT, "RL": RL}


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """A shard that was made again."""

    shard: Shard
    """What the manifest says of it."""
    path: Path | None
    """Where it lies now; None where its rows did not come out."""
    sha256: str
    problem: str
    """What is different; empty where the bytes are the same."""


class Nobody:
    """A teacher that is not there: what the ledger lacks stays unanswered."""

    def generate(self, requests: Iterable[Request | None]) -> Iterator[tuple[int, Completion]]:
        """See `Teacher.generate`; every request fails."""
        for index, _ in enumerate(filter(None, requests)):
            yield index, Completion(error="not_in_ledger: nobody was asked", finish_reason="error")


def recipe_of(path: Path, dataset: DatasetDirectory, changes: Sequence[str] = ()) -> LoadedRecipe:
    """The recipe of a dataset: its run's own, or the published one.

    Args:
        path: what the user named, a run or a dataset's directory.
        dataset: that was found there.
        changes: keys that are set instead.

    Raises:
        ConfigError: it was not made by a run, or its recipe is not there.
    """
    if "pipeline" not in dataset.manifest:
        raise ConfigError(
            f"{path}: was not made by a run, but put together: make it again from its datasets"
        )
    own = path / RECIPE
    return load_recipe(own if own.exists() else dataset.root / RECIPE, changes)


def regenerate(
    job: Job,
    dataset: DatasetDirectory,
    numbers: Sequence[int] | None,
    *,
    work_in: Path,
    ledger: Path,
    teacher: Teacher | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    client: Client | None = None,
    progress: Progress | None = None,
) -> list[Rebuilt]:
    """Make shards again and compare them with the manifest; the dataset is not touched.

    Args:
        job: from the dataset's recipe.
        dataset: what was published.
        numbers: of the shards, in the manifest's order; None for all.
        work_in: a directory of our own for what is made; what an earlier call left there goes, but
            for a ledger.
        ledger: what was asked.
        teacher: answers what the ledger lacks; None asks the recipe's teachers.
        workers: see `factory.engine.run`.
        scheduler: of Dask.
        client: of Dask.
        progress: shows what happens.

    Raises:
        ConfigError: there is no such shard.
        RunError: the work is incomplete, another process is at it, or the manifest lists no rows.
    """
    wanted = _shards(dataset, numbers)
    with store.locked(work_in / _LOCK, "another process makes shards there; wait for it"):
        _clear(work_in)
        run = create_or_resume(_tolerant(job), work_in, ledger)
        parts: list[int] = []

        def choose() -> Sequence[int]:
            some = numbers is not None and not job.recipe.accept.is_global
            parts[:] = _parts_of(run, wanted) if some else range(run.num_parts)
            return parts

        return work(
            _tolerant(job),
            run,
            lambda: list(_rebuilt(job, run, parts, dataset, wanted)),
            choose=choose,
            teacher=teacher,
            workers=workers,
            scheduler=scheduler,
            client=client,
            progress=progress,
        )


def _clear(work_in: Path) -> None:
    """Remove what was made before: it may have been made of another ledger or recipe."""
    for path in work_in.iterdir():
        if path.is_dir() and path.name != "ledger":
            shutil.rmtree(path)
        elif path.is_file() and path.name != _LOCK:
            path.unlink()


def _tolerant(job: Job) -> Job:
    """The job, for which failed requests are no reason to stop: they failed in the run as well."""
    limits = replace(job.recipe.limits, max_error_share=1.0)
    return replace(job, recipe=replace(job.recipe, limits=limits))


def _shards(dataset: DatasetDirectory, numbers: Sequence[int] | None) -> list[Shard]:
    total = len(dataset.shards)
    for number in numbers or ():
        if not 0 <= number < total:
            raise ConfigError(
                f"--shard {number}: {dataset.root} has {total} shards, 0 to {total - 1}"
            )
    for shard in dataset.shards:
        if not shard.get("ids"):
            raise RunError(
                f"{dataset.root / MANIFEST}: {shard['path']}: no ids are listed, without which "
                "nobody knows which rows are in it; get the manifest again"
            )
    return [dataset.shards[n] for n in (range(total) if numbers is None else numbers)]


def _parts_of(run: RunDirectory, shards: Sequence[Shard]) -> list[int]:
    """The parts that hold the prompts of some shards' rows."""
    prompts = {prompt_of(row) for shard in shards for row in shard["ids"]}
    found = []
    for part in range(run.num_parts):
        ids = store.read_table(run.prompts(part), PROMPTS, ["id"])["id"].to_pylist()
        if not prompts.isdisjoint(ids):
            found.append(part)
    return found


def _rebuilt(
    job: Job,
    run: RunDirectory,
    parts: Sequence[int],
    dataset: DatasetDirectory,
    wanted: list[Shard],
) -> Iterator[Rebuilt]:
    made: dict[str, Iterator[Row]] = {
        "SFT": (record for _, record in sft_records(job, run, parts) if record),
        "RL": rl_records(job, run, parts, Counter()),
    }
    for config, records in made.items():
        if not any(shard["config"] == config for shard in wanted):
            continue
        listed = [shard for shard in dataset.shards if shard["config"] == config]
        left_out = set(dataset.manifest.get("left_out", ()))
        copies = [_Copy(run.dataset, shard, job.recipe.version) for shard in listed]
        owner = {row: copy for copy in copies for row in copy.shard["ids"]}
        current = copies[0]
        for record in records:
            if record["id"] in left_out:
                continue
            # A row that the manifest does not know belongs where the one before it does.
            current = owner.get(record["id"], current)
            if current.shard in wanted:
                current.add(record)
        yield from (copy.finish() for copy in copies if copy.shard in wanted)


class _Copy:
    """A shard that is being made again."""

    def __init__(self, root: Path, shard: Shard, version: str) -> None:
        self.shard = shard
        self._root = root
        self._folder = root / "copies" / str(shard["sha256"])
        self._schema = _SCHEMAS[shard["config"]]
        self._ids: list[str] = []
        self._waiting: list[Row] = []
        shutil.rmtree(self._folder, ignore_errors=True)
        self._written = Shards(
            self._folder, shard["config"], shard["split"], version, self._schema, shard["rows"]
        )

    def add(self, record: Row) -> None:
        """Put a row behind those that are there."""
        self._ids.append(record["id"])
        self._waiting.append(record)
        if len(self._waiting) == GROUP_ROWS:
            self._write()

    def _write(self) -> None:
        self._written.add(pa.Table.from_pylist(self._waiting, self._schema))
        self._waiting = []

    def finish(self) -> Rebuilt:
        """Compare; a shard with the right rows gets its name, whatever its bytes are."""
        self._write()
        told = self._written.finish()
        if self._ids != self.shard["ids"]:
            problem = _other_rows(self.shard["ids"], self._ids)
            return Rebuilt(shard=self.shard, path=None, sha256="", problem=problem)
        path = self._root / str(self.shard["path"])
        path.parent.mkdir(parents=True, exist_ok=True)
        (self._folder / str(told[0]["path"])).replace(path)
        shutil.rmtree(self._folder)
        sha256 = str(told[0]["sha256"])
        problem = "" if sha256 == self.shard["sha256"] else "the same rows, other bytes"
        return Rebuilt(shard=self.shard, path=path, sha256=sha256, problem=problem)


def _other_rows(ids: Sequence[str], found: Sequence[str]) -> str:
    then, now = set(ids), set(found)
    missing = [each for each in ids if each not in now]
    others = [each for each in found if each not in then]
    said = [
        f"{len(rows):,} {'row is' if len(rows) == 1 else 'rows are'} {how}, the first {rows[0]}"
        for rows, how in ((missing, "missing"), (others, "new"))
        if rows
    ]
    return "; ".join(said) or "the same rows in another order"
