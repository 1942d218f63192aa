"""What a run took and what it paid: tokens and US dollars by teacher, domain and mode."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from factory import ledger
from factory.recipe import Job, load_recipe
from factory.rundir import RunDirectory
from factory.steps import Ask
from factory.teachers.terms import Price

COUNTS = ("completions", "prompt_tokens", "completion_tokens")


@dataclass(frozen=True)
class Prices:
    """Prices by teacher."""

    by_teacher: Mapping[str, Price]

    @classmethod
    def of(cls, job: Job) -> "Prices":
        """Those of a job's teachers."""
        return cls({name: config.priced() for name, config in job.teachers().items()})

    def rows(self, counts: Mapping[str, int]) -> list[dict[str, Any]]:
        """One row an account, with its cost in US dollars.

        Args:
            counts: by `teacher/domain/mode:` and one of `COUNTS`; others are passed over.
        """
        found = []
        for account in sorted({name.rpartition(":")[0] for name in counts if ":" in name}):
            teacher, domain, mode = account.split("/")
            numbers = {name: counts.get(f"{account}:{name}", 0) for name in COUNTS}
            price = self.by_teacher.get(teacher, Price())
            cost = price.cost(numbers["prompt_tokens"], numbers["completion_tokens"])
            found.append(
                {"teacher": teacher, "domain": domain, "mode": mode, **numbers, "cost": cost}
            )
        return found


def read_prices(run: RunDirectory) -> Prices:
    """Those in the recipe that lies in a run's directory."""
    recipe = load_recipe(run.root / "recipe.toml").recipe
    return Prices({name: config.priced() for name, config in recipe.by_name.items()})


def paid_table(prices: Prices, run: RunDirectory) -> list[dict[str, Any]]:
    """What the run paid for so far, over all its starts; nothing that it found in the ledger."""
    return paid_rows(prices, run.ledger, run.run_id)


def paid_rows(prices: Prices, directory: Path, run_id: str) -> list[dict[str, Any]]:
    """The same of any work that pays for what it keeps in a ledger."""
    counts = {
        f"{account}:{name}": getattr(usage, name)
        for account, usage in ledger.spent(directory, run_id).items()
        for name in COUNTS
    }
    return prices.rows(counts)


class Usage:
    """Adds up what the responses of a run took, whether it was paid now or recalled.

    Args:
        ask: how they were asked.
    """

    def __init__(self, ask: Ask) -> None:
        self.counts: Counter[str] = Counter()
        self._ask = ask
        self._prompt = ""
        self._graded: set[str] = set()

    def add(self, response: Mapping[str, Any]) -> None:
        """Count a row of `RESPONSES` with its grades."""
        domain, mode = response["domain"], response["mode"]
        asked_as = self._ask.asked_as(mode)
        account = f"{response['teacher_name']}/{domain}/{asked_as}"
        if asked_as == mode or response["prompt_tokens"]:  # else its twin's requests, paid there
            self._count(account, response, len(response["request_keys"]))
        if response["prompt_id"] != self._prompt:
            self._prompt, self._graded = response["prompt_id"], set()
        for grade in response["grades"]:
            if grade["request_key"] not in self._graded:  # equal answers are graded once
                self._graded.add(grade["request_key"])
                self._count(f"{grade['teacher_name']}/{domain}/{mode}", grade, 1)

    def _count(self, account: str, tokens: Mapping[str, Any], completions: int) -> None:
        self.counts[f"{account}:completions"] += completions
        for name in COUNTS[1:]:
            self.counts[f"{account}:{name}"] += tokens[name]


def spend_table(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    """Accounts as a rich table, with their sum."""
    table = Table(title=title, title_justify="left")
    for name in ("teacher", "domain", "mode"):
        table.add_column(name)
    for name in ("completions", "tokens read", "tokens written", "US$"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(row["teacher"], row["domain"], row["mode"], *_cells(row))
    if len(rows) > 1:
        table.add_section()
        sums = {name: sum(row[name] for row in rows) for name in (*COUNTS, "cost")}
        table.add_row("all", "", "", *_cells(sums))
    return table


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [*(f"{row[name]:,}" for name in COUNTS), f"{row['cost']:,.4f}"]
