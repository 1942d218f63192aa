"""Courts for a command: judges reached through a cluster, within caps of their own.

A run has a budget already and makes its courts with `factory.decontamination.hearing.make_court`.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from factory.budget import Budget, Caps
from factory.cluster import BudgetPlugin
from factory.decontamination.hearing import Court, make_court
from factory.decontamination.judging import Judge
from factory.errors import ConfigError
from factory.partwork import Client
from factory.spend import Prices, paid_rows
from factory.stages import worker_teachers
from factory.teachers import Teacher, TeacherConfig
from factory.teachers.http import HttpConfig


@contextlib.contextmanager
def open_courts(
    client: Client,
    judges: Sequence[tuple[Judge, TeacherConfig]],
    *,
    ledger: Path,
    run_id: str,
    seed: int = 42,
    caps: Caps | None = None,
    max_error_share: float = 0.1,
    num_threads: int | None = None,
    teacher: Teacher | None = None,
) -> Iterator[tuple[Court, ...]]:
    """The way to each judge, for as long as the block lasts.

    Args:
        client: of the cluster.
        judges: how each is asked, and the teacher that it names; in their order.
        ledger: where replies are kept; on storage that all workers see.
        run_id: names what is paid for; the same one for every start of the same work.
        seed: of the requests.
        caps: what the work may cost, over all judges and all its starts.
        max_error_share: see `Court`.
        num_threads: processor threads of a model on a worker.
        teacher: answers instead; it is pickled to the workers.

    Raises:
        ConfigError: a cap on the cost of a teacher without a price, or a ledger that cannot be.
        PrerequisiteError: a model that the teacher needs is not there.
    """
    caps = caps or Caps()
    configs = {judge.teacher: config for judge, config in judges}
    for name, config in configs.items():
        if caps.max_cost is not None and isinstance(config, HttpConfig) and config.price is None:
            raise ConfigError(
                f"max_cost = {caps.max_cost:g} cannot hold: teacher {name} has no price; give it "
                "one, such as price = {prompt = 0.5, completion = 2.0}, or zeros where it is free"
            )
    try:
        ledger.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{ledger}: cannot hold a ledger: {error.strerror}") from error
    limited = Budget.is_needed(caps, configs)
    start = secrets.token_hex(4)
    with contextlib.ExitStack() as stack:
        if limited:
            plugin = BudgetPlugin(start, _make_budget(configs, caps, ledger, run_id))
            client.register_plugin(plugin)
            stack.callback(_unregister, client, plugin.name)
        yield tuple(
            make_court(
                judge,
                config,
                seed=seed,
                ledger=ledger,
                run_id=run_id,
                teachers=partial(worker_teachers, start, num_threads, teacher, limited),
                max_error_share=max_error_share,
                holds_model=config.holds_model and teacher is None,
            )
            for judge, config in judges
        )


def _unregister(client: Client, name: str) -> None:
    with contextlib.suppress(Exception):  # the scheduler may be gone
        client.unregister_scheduler_plugin(name)


def _make_budget(
    configs: Mapping[str, TeacherConfig], caps: Caps, ledger: Path, run_id: str
) -> Callable[[], Budget]:
    """What makes the budget on the scheduler; what was spent is read here, where the ledger is."""
    prices = Prices({name: config.priced() for name, config in configs.items()})
    paid = paid_rows(prices, ledger, run_id)
    return partial(
        Budget,
        caps,
        configs,
        spent_tokens=sum(row["prompt_tokens"] + row["completion_tokens"] for row in paid),
        spent_cost=sum(row["cost"] for row in paid),
    )
