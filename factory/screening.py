"""What prompts pass before any teacher is asked: dedup and decontamination over all parts of a run.

The same functions as on anyone's data, on the run's own cluster, a part at a time; a step sees what
the ones before it left. RUN/prompts/screening holds what they work with, so that a start that was
killed goes on where it was. In the end two files a part say what was dropped and for what, and
screened.json what was looked for.

    prompts(0..n) -> gold check -> dedup -> ... -> decontaminate -> screened.json
"""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory import store
from factory.benchmarks import load_benchmarks
from factory.corpus import Corpus, Part, TextColumns
from factory.decontamination.judging import Judge
from factory.errors import PartError
from factory.judge_usage import judge_usage
from factory.partwork import Client, on_parts
from factory.progress import Progress
from factory.recipe import Job
from factory.rundir import RunDirectory
from factory.screened import judges_of
from factory.screened_counts import checked_with, not_compared, not_found, with_counts
from factory.screening_parts import Found, Rows, gather, gone
from factory.steps import Decontaminate, Dedup
from factory.worker import Teachers

if TYPE_CHECKING:
    from factory.decontamination.hearing import Court

Skip = Callable[[int], Rows]
Said = dict[str, Any]
_RESULTS = ("removed", "matches")
COLUMNS = TextColumns(column=("problem",))
"""Instructions around the problem are the same in all prompts."""


def is_screened(run: RunDirectory) -> bool:
    """Whether all prompts are screened, and what was found is there."""
    places = (run.duplicates, run.contaminated)
    paths = (place(part) for place in places for part in range(run.num_parts))
    return run.screened.exists() and all(path.exists() for path in paths)


@dataclass(kw_only=True)
class Screening:
    """One run's way through the steps before the Ask."""

    job: Job
    run: RunDirectory
    client: Client
    progress: Progress
    courts: "Callable[[Decontaminate], tuple[Court, ...]]"
    """Makes the way to each judge of a step; see `run_courts`."""

    def screen(self) -> None:
        """Take the steps that are not taken yet.

        Raises:
            ConfigError: a benchmark cannot be had.
            PartError: parts failed; what is finished is kept.
            CapReached: the budget does not allow the judge.
        """
        run = self.run
        if is_screened(run):
            return
        found: list[Found] = []
        said: list[Said] = []
        for place, step in enumerate(self.job.pipeline.screening):
            work = run.screening / f"step-{place}"
            said.append(self._take(step, work, partial(gone, run, tuple(found))))
            found += _found(step, work)
        on_parts(
            self.client,
            partial(gather, run, tuple(found)),
            range(run.num_parts),
            stage="writing down which prompts go",
            progress=self.progress,
            is_done=lambda part: False,
        )
        store.write_json(run.screened, {"steps": [with_counts(run, each) for each in said]})
        shutil.rmtree(run.screening, ignore_errors=True)

    def _take(self, step: Dedup | Decontaminate, work: Path, skip: Skip) -> Said:
        """Take a step, or find what it said of itself in an earlier start."""
        path = work / "said.json"
        if not path.exists():
            match step:
                case Dedup():
                    told = self._dedup(step, work, skip)
                case Decontaminate():
                    told = self._decontaminate(step, work, skip)
            store.write_json(path, told)
            _trim(work)
        advice = f"delete {self.run.screening} and run the same command again"
        return store.read_json(path, keys=("step",), advice=advice)

    def _dedup(self, step: Dedup, work: Path, skip: Skip) -> Said:
        from factory.dedup.keep import KeepPolicy
        from factory.dedup.stages import dedup

        result = dedup(
            prompts_corpus(self.run, self.job.hash()),
            step.method,
            columns=COLUMNS,
            keep=KeepPolicy(),
            work=work,
            client=self.client,
            progress=self.progress,
            skip=skip,
        )
        return {
            "step": step.method.name,
            "settings": asdict(step.method),
            "counts": result.counts,
            "not_compared": result.problems,
        }

    def _decontaminate(self, step: Decontaminate, work: Path, skip: Skip) -> Said:
        from factory.decontamination.run import decontaminate

        sets, items = load_benchmarks(step.against, step.sha256)
        said: Said = {"step": "decontaminate", **checked_with(step)}
        if not sets:
            return {**said, "sets": [], "compared": 0, "not_compared": {}}
        courts = self.courts(step)
        result = decontaminate(
            prompts_corpus(self.run, self.job.hash()),
            items,
            method=step.ngrams,
            columns=COLUMNS,
            work=work,
            client=self.client,
            progress=self.progress,
            embedding=step.embedding,
            judges=courts,
            skip=skip,
        )
        if courts:
            took = judge_usage(courts, result.search, self.run.num_parts)
            for judge, usage in zip(judges_of(said), took, strict=True):
                judge.update(usage)
        lost = not_found(items, result.unfindable)
        return {
            **said,
            "sets": [{**asdict(each), "unfindable": lost.get(each.name, {})} for each in sets],
            "compared": result.counts["compared"],
            "not_compared": not_compared(result),
        }


def _trim(work: Path) -> None:
    """Remove what a step worked with; what it found stays."""
    for path in work.iterdir():
        if path.is_dir() and path.name not in _RESULTS:
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix == ".bin":
            path.unlink()


def _found(step: Dedup | Decontaminate, work: Path) -> list[Found]:
    """Where a step that was taken left what it found."""
    match step:
        case Dedup(method):
            return [Found(name=method.name, reason=method.reason, files=work / "removed")]
        case Decontaminate():
            return [Found(name="", reason="", files=work / "matches")] if step.against else []


def prompts_corpus(run: RunDirectory, identity: str) -> Corpus:
    """The parts of a run's prompts as a corpus: the numbers of its parts are those of the run.

    Args:
        run: all of whose prompts are drawn.
        identity: of the job; its prompts are the same whenever they are drawn.

    Raises:
        PartError: a part is damaged.
    """
    parts = tuple(_corpus_part(run, part) for part in range(run.num_parts))
    where = str(run.root / "prompts")
    return Corpus(data=where, parts=parts, single_file=False, fingerprint=identity)


def _corpus_part(run: RunDirectory, number: int) -> Part:
    path = run.prompts(number)
    try:
        footer = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:120]
        advice = "delete it and run the same command again"
        raise PartError(f"{path}: damaged part ({reason}); {advice}") from error
    groups = [footer.row_group(place) for place in range(footer.num_row_groups)]
    return Part(
        number=number,
        path=path,
        name=path.name,
        kind="parquet",
        start=0,
        stop=len(groups),
        index=0,
        num_bytes=sum(group.total_byte_size for group in groups),
        num_rows=footer.num_rows,
    )


def run_courts(
    job: Job,
    run: RunDirectory,
    teachers: Callable[[], Teachers],
    is_current: Callable[[], bool],
    models: set[str],
    step: Decontaminate,
) -> "tuple[Court, ...]":
    """The way to each judge of a step, through the run's ledger and within its budget.

    Args:
        job: names the teachers.
        run: whose prompts.
        teachers: makes a worker's way to its teachers.
        is_current: whether no later start of the run has begun.
        models: the teachers that hold a model.
        step: names the judges.
    """
    from factory.decontamination.hearing import make_court

    return tuple(
        make_court(
            Judge(teacher=name, both_orders=step.both_orders),
            job.recipe.by_name[name],
            seed=job.recipe.seed,
            ledger=run.ledger,
            run_id=run.run_id,
            teachers=teachers,
            max_error_share=job.recipe.limits.max_error_share,
            is_current=is_current,
            holds_model=name in models,
        )
        for name in step.judge
    )
