"""What a worker process has: its teachers, its ledger index, and its way to the budget.

Each is made once in a process, from the recipe, and shared by all parts that the process works on.
"""

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from factory.asking import Recall
from factory.budget import Purse
from factory.desk import Desk, Report, Talk
from factory.errors import CapReached, PartError
from factory.ledger import LedgerReader, LedgerWriter
from factory.recipe import Job
from factory.records import Completion, Request
from factory.rundir import RunDirectory, is_current
from factory.shared import Shared
from factory.teachers import Teacher, TeacherConfig, make_teacher

_lock = threading.Lock()
_teachers: dict[tuple[str, int], Shared] = {}


def make_teacher_once(config: TeacherConfig, *, num_threads: int) -> Shared:
    """One teacher a config and process, for all parts that ask it."""
    with _lock:
        # What it costs and how fast it may be asked is no reason to load a model twice.
        plain = dataclasses.replace(config, price=None, requests_per_minute=0, tokens_per_minute=0)
        key = (repr(plain), num_threads)
        if key not in _teachers:
            _teachers[key] = Shared(make_teacher(config, num_threads=num_threads))
        return _teachers[key]


@cache
def _ledger(directory: Path) -> LedgerReader:
    return LedgerReader(directory)


def open_ledger(directory: Path) -> LedgerReader:
    """The process's index of a ledger, brought up to date."""
    with _lock:
        reader = _ledger(directory)
        reader.refresh()
        return reader


def recall_from(ledger: Path, wanted: Path, errors: Sequence[Mapping[str, str]]) -> Recall:
    """What finds completions in a ledger, and the errors of requests that failed.

    Args:
        ledger: where they are.
        wanted: the file that is to be made of them, for people.
        errors: by request key.
    """
    reader = open_ledger(ledger)
    failed = {key: error for each in errors for key, error in each.items()}

    def recall(request: Request) -> Completion:
        completion = reader.get(request.key)
        if completion is None and request.key in failed:
            return Completion(finish_reason="error", error=failed[request.key])
        if completion is None:
            raise PartError(
                f"{wanted}: completion {request.key} is not in {ledger}; run the same command again"
            )
        return completion

    return recall


@dataclass(kw_only=True)
class Teachers:
    """How a task reaches its teachers, its budget and whoever watches."""

    num_threads: int
    """Processor threads that a model may use."""
    report: Report
    start: str = ""
    """Which start of the run this is; it ends when a later one has begun."""
    override: Teacher | None = None
    """Answers instead of every teacher of the recipe, as tests and rehearsals want."""
    purse: Callable[[str], Purse | None] = lambda name: None
    """Makes the access to the budget for a teacher; None where nothing is limited."""

    def lead(
        self,
        job: Job,
        run: RunDirectory,
        name: str,
        talks: Iterable[Talk],
        failed: Mapping[str, str],
    ) -> dict[str, str]:
        """Lead conversations of a run; see `lead_with`.

        Args:
            job: what to produce.
            run: where.
            name: what the recipe calls the teacher.
            talks: the conversations.
            failed: errors of earlier rounds, by request key; those requests are not asked again.
        """
        return self.lead_with(
            job.recipe.by_name[name],
            name,
            run.ledger,
            run.run_id,
            talks,
            failed,
            is_current=partial(is_current, run, self.start),
        )

    def lead_with(
        self,
        config: TeacherConfig,
        name: str,
        ledger: Path,
        run_id: str,
        talks: Iterable[Talk],
        failed: Mapping[str, str],
        *,
        is_current: Callable[[], bool] = lambda: True,
    ) -> dict[str, str]:
        """Lead conversations with a teacher to their end; every completion is in the ledger then.

        Args:
            config: of the teacher.
            name: what it is called before the budget.
            ledger: where completions are.
            run_id: names the segments that are paid for now.
            talks: the conversations.
            failed: errors of earlier rounds, by request key; those requests are not asked again.
            is_current: whether whoever wants the answers still does.

        Returns:
            The errors of requests that failed, by request key, those of earlier rounds included.

        Raises:
            CapReached: the budget does not allow all of it.
            TeacherError: the teacher cannot answer anything.
        """
        with contextlib.ExitStack() as stack:
            purse = self.purse(name)
            if purse:
                stack.callback(purse.close)
                purse.clear([])  # a cap that is reached is told before the ledger is read
                _refuse_when_stopped(purse)
            writer = LedgerWriter(ledger, run_id)
            stack.callback(writer.close)
            desk = Desk(
                talks,
                open_ledger(ledger),
                writer,
                purse,
                self.report,
                failed=failed,
                is_current=is_current,
            )
            self._shared(config).lead(desk)
            if purse:
                _refuse_when_stopped(purse)
            return desk.errors

    def _shared(self, config: TeacherConfig) -> Shared:
        if self.override:
            return Shared(self.override)
        return make_teacher_once(config, num_threads=self.num_threads)


def _refuse_when_stopped(purse: Purse) -> None:
    if purse.stopped:
        raise CapReached(f"{purse.reason}; raise it and run the same command again to go on")


class Batched:
    """Adds counts up and hands them on at most twice a second, and at the end."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._counts: dict[str, int] = {}
        self._last = time.monotonic()

    def __call__(self, counts: dict[str, int]) -> None:
        """Add counts."""
        for name, count in counts.items():
            self._counts[name] = self._counts.get(name, 0) + count
        if time.monotonic() - self._last > 0.5:
            self.flush()

    def flush(self) -> None:
        """Hand on what has added up."""
        if self._counts:
            self._report(self._counts)
        self._counts, self._last = {}, time.monotonic()
