"""A court for a command: the judge reached through a cluster, within caps of its own.

A run has a budget already and makes its court with `factory.decontamination.hearing.make_court`.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from factory import ledger as ledgers
from factory.budget import Budget, Caps
from factory.cluster import BudgetPlugin
from factory.decontamination.hearing import Court, make_court
from factory.decontamination.judging import Judge
from factory.errors import ConfigError
from factory.partwork import Client
from factory.stages import worker_teachers
from factory.teachers import Teacher, TeacherConfig
from factory.teachers.http import HttpConfig


@contextlib.contextmanager
def open_court(
    client: Client,
    judge: Judge,
    config: TeacherConfig,
    *,
    ledger: Path,
    run_id: str,
    seed: int = 42,
    caps: Caps | None = None,
    max_error_share: float = 0.1,
    num_threads: int | None = None,
    teacher: Teacher | None = None,
) -> Iterator[Court]:
    """A judge and the way to it, for as long as the block lasts.

    Args:
        client: of the cluster.
        judge: how it is asked.
        config: of the teacher that it names.
        ledger: where replies are kept; on storage that all workers see.
        run_id: names what is paid for; the same one for every start of the same work.
        seed: of the requests.
        caps: what the work may cost, over all its starts.
        max_error_share: see `Court`.
        num_threads: processor threads of a model on a worker.
        teacher: answers instead; it is pickled to the workers.

    Raises:
        ConfigError: a cap on the cost of a teacher without a price, or a ledger that cannot be.
        PrerequisiteError: a model that the teacher needs is not there.
    """
    caps = caps or Caps()
    if caps.max_cost is not None and isinstance(config, HttpConfig) and config.price is None:
        raise ConfigError(
            f"max_cost = {caps.max_cost:g} cannot hold: teacher {judge.teacher} has no price; give "
            "it one, such as price = {prompt = 0.5, completion = 2.0}, or zeros where it is free"
        )
    try:
        ledger.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{ledger}: cannot hold a ledger: {error.strerror}") from error
    limited = Budget.is_needed(caps, {judge.teacher: config})
    start = secrets.token_hex(4)
    with contextlib.ExitStack() as stack:
        if limited:
            plugin = BudgetPlugin(start, _make_budget(judge, config, caps, ledger, run_id))
            client.register_plugin(plugin)
            stack.callback(_unregister, client, plugin.name)
        yield make_court(
            judge,
            config,
            seed=seed,
            ledger=ledger,
            run_id=run_id,
            teachers=partial(worker_teachers, start, num_threads, teacher, limited),
            max_error_share=max_error_share,
            holds_model=config.holds_model and teacher is None,
        )


def _unregister(client: Client, name: str) -> None:
    with contextlib.suppress(Exception):  # the scheduler may be gone
        client.unregister_scheduler_plugin(name)


def _make_budget(
    judge: Judge, config: TeacherConfig, caps: Caps, ledger: Path, run_id: str
) -> Callable[[], Budget]:
    """What makes the budget on the scheduler; what was spent is read here, where the ledger is."""
    paid = list(ledgers.spent(ledger, run_id).values())
    read = sum(usage.prompt_tokens for usage in paid)
    written = sum(usage.completion_tokens for usage in paid)
    return partial(
        Budget,
        caps,
        {judge.teacher: config},
        spent_tokens=read + written,
        spent_cost=config.priced().cost(read, written),
    )
