"""A ledger's figures for the terminal."""

from rich.console import Group
from rich.table import Table

from factory.ledger.lines import Usage
from factory.ledger.stats import LedgerStats
from factory.terminal import plain


def stats_table(stats: LedgerStats) -> Group:
    """What `stats` found, with a table by account and one by engine."""
    summary = Table(show_header=False, box=None)
    for name, value in (
        ("segments", stats.segments),
        ("live writers", stats.live_writers),
        ("bytes", stats.bytes),
        ("keys", stats.keys),
        ("duplicates", stats.duplicates),
        ("damaged lines", stats.damaged),
    ):
        summary.add_row(name, f"{value:,}")
    return Group(
        summary, usage_table("account", stats.accounts), usage_table("engine", stats.engines)
    )


def usage_table(title: str, usages: dict[str, Usage]) -> Table:
    """What was paid for, a row a name."""
    table = Table(title, box=None)
    for heading in ("completions", "prompt tokens", "completion tokens"):
        table.add_column(heading, justify="right")
    for name, usage in usages.items():
        numbers = usage.completions, usage.prompt_tokens, usage.completion_tokens
        table.add_row(plain(name or "-"), *(f"{number:,}" for number in numbers))
    return table
