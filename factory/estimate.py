"""`factory estimate`: what a run will take, from a few prompts that are asked for real.

The prompts come from all over the source, and each is asked in both modes; a mode in which a share
of the prompts is asked counts by that share. Totals are those of the preview times the number of
prompts; the interval is the bootstrap's over prompts, 5% to 95%: it says how far the mean of so few
may be off, not how wrong they may be as a sample.
"""

import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from factory import store
from factory.apply import TEACHER
from factory.budget import Caps
from factory.drawing import written_counts
from factory.preview import try_out
from factory.progress import Progress
from factory.quota import Accept, AcceptByMode
from factory.recipe import Job
from factory.records import MODES
from factory.rundir import open_run
from factory.schemas import RESPONSES
from factory.screened import judge_counts, read_screened
from factory.spend import COUNTS, Prices, Usage
from factory.teachers import Teacher

_RESAMPLES = 2000
_LINE_BYTES = 250
"""What a ledger line holds beside its text, about."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """A total and its interval."""

    low: float
    expected: float
    high: float

    def text(self, form: Callable[[float], str]) -> str:
        """`expected (low to high)`, or the one number that all three are."""
        low, expected, high = map(form, (self.low, self.expected, self.high))
        return expected if low == expected == high else f"{expected} ({low} to {high})"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a run will take."""

    num_prompts: int
    num_asked: int
    """Prompts of the preview; 0 where nobody was asked and everything is assumed."""
    accounts: dict[str, dict[str, Range]]
    """`completions`, `prompt_tokens`, `completion_tokens` and `cost` by teacher/domain/mode."""
    totals: dict[str, Range]
    """The same over all accounts, and `kept_on`, `kept_off` and `bytes`."""
    seconds: float | None
    """At the preview's speed; None where all was in the ledger already."""
    num_responses: int
    """Of the preview."""
    errors: dict[str, int]
    """Of those, the ones that failed, by reason."""
    gpu_hours: Mapping[str, float | None] = field(default_factory=dict)
    """By teacher, where everything is assumed; None where its speed is not."""
    dollars_per_gpu_hour: float = 0.0
    """0 where nobody knows."""


def estimate(
    job: Job,
    small: Job,
    ledger: Path,
    *,
    caps: Caps | None = None,
    progress: Progress | None = None,
    teacher: Teacher | None = None,
) -> Estimate:
    """Ask a few prompts, and say what all of them will take.

    Args:
        job: what is to be produced.
        small: the same job over a few of its prompts.
        ledger: keeps what is paid for.
        caps: what the preview may cost.
        progress: shows what happens.
        teacher: answers instead of the recipe's teachers.
    """
    share, ask = small.num_prompts / job.num_prompts, job.pipeline.ask
    wishes = {m: _scaled(job.recipe.accept[m], share / (ask.share(m) or 1)) for m in MODES}
    accept = AcceptByMode(**wishes)
    small = replace(
        small,
        recipe=replace(small.recipe, accept=accept),
        pipeline=small.pipeline.with_ask(on_share=1.0, off_share=1.0),
    )
    with tempfile.TemporaryDirectory(prefix="factory-estimate-") as folder:
        root = Path(folder) / "run"
        start = time.monotonic()
        manifest = try_out(small, root, ledger, caps=caps, progress=progress, teacher=teacher)
        elapsed = time.monotonic() - start
        prompts = _by_prompt(small, root, {mode: ask.share(mode) for mode in MODES})
    paid = sum(row["completions"] for row in manifest["paid"])
    failed = [e for e in manifest["funnel"]["responses"] if e["filter"] == TEACHER]
    prices = Prices.of(job)
    names = sorted({name for counts in prompts for name in counts})
    table = np.array([[counts.get(name, 0.0) for name in names] for counts in prompts])
    ranges = _totals(table.reshape(len(prompts), len(names)), names, job.num_prompts, prices)
    completions = ranges["totals"]["completions"].expected
    return Estimate(
        num_prompts=job.num_prompts,
        num_asked=small.num_prompts,
        accounts={name: value for name, value in ranges.items() if name != "totals"},
        totals=ranges["totals"],
        seconds=elapsed * completions / paid if paid else None,
        num_responses=sum(manifest["funnel"]["entered"].values()),
        errors={r: sum(n.values()) for each in failed for r, n in each["reasons"].items()},
    )


def _scaled(accept: Accept, share: float) -> Accept:
    if not accept.rows or accept.per == "prompt":
        return accept
    return replace(accept, rows=max(1, math.ceil(accept.rows * share)))


def _by_prompt(job: Job, root: Path, shares: Mapping[str, float]) -> list[dict[str, float]]:
    """What each prompt took, by the share of prompts asked in a mode; nothing if not asked."""
    run = open_run(root)
    found: list[dict[str, float]] = [{} for _ in range(job.num_prompts)]
    size = sum(path.stat().st_size for path in run.root.rglob("*.parquet"))
    ask = job.pipeline.ask
    # One off answer serves both modes of a prompt: it is paid where either is asked.
    asked = {**shares, "off": max(shares.values())} if ask.empty_trace else shares
    for part in range(run.num_parts):
        usages: dict[int, Usage] = {}
        for row in store.read_part(run.responses(part), RESPONSES):
            usages.setdefault(row["prompt_index"], Usage(ask)).add(row)
            counts = found[row["prompt_index"]]
            texts = [row["output"], row["draft"] or "", *(grade["text"] for grade in row["grades"])]
            extra = {
                f"kept_{row['mode']}": float(row["kept"]),
                "bytes": sum(len(text.encode()) + _LINE_BYTES for text in texts),
            }
            for name, number in extra.items():
                counts[name] = counts.get(name, 0.0) + number * shares[row["mode"]]
        for index, usage in usages.items():
            for name, number in usage.counts.items():
                mode = name.partition(":")[0].rpartition("/")[2]
                found[index][name] = number * asked[mode]
    shared = judge_counts(read_screened(run)["steps"]) + written_counts(run)
    for counts in found:
        counts["bytes"] = counts.get("bytes", 0.0) + size / job.num_prompts
        counts.update({name: number / job.num_prompts for name, number in shared.items()})
    return found


def _totals(
    table: np.ndarray[Any, Any], names: Sequence[str], num_prompts: int, prices: Prices
) -> dict[str, dict[str, Range]]:
    """Ranges by account and for all; `table` has shape (prompts of the preview, names)."""
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(table), (_RESAMPLES, len(table)))
    means = np.concatenate([table.mean(axis=0, keepdims=True), table[picks].mean(axis=1)])
    columns = dict(zip(names, (means * num_prompts).T, strict=True))
    accounts: dict[str, dict[str, Any]] = {}
    for account in sorted({name.rpartition(":")[0] for name in names if ":" in name}):
        numbers = {name: columns[f"{account}:{name}"] for name in COUNTS}
        price = prices.by_teacher[account.split("/")[0]]
        read, written = numbers["prompt_tokens"], numbers["completion_tokens"]
        numbers["cost"] = (read * price.prompt + written * price.completion) / 1e6
        accounts[account] = numbers
    zero = np.zeros(_RESAMPLES + 1)
    totals = {
        name: sum((numbers[name] for numbers in accounts.values()), zero)
        for name in (*COUNTS, "cost")
    }
    for name in ("kept_on", "kept_off", "bytes"):
        totals[name] = columns.get(name, zero)
    return {
        account: {name: _range(values) for name, values in numbers.items()}
        for account, numbers in {**accounts, "totals": totals}.items()
    }


def _range(values: np.ndarray[Any, Any]) -> Range:
    low, high = np.quantile(values[1:], (0.05, 0.95))
    return Range(low=float(low), expected=float(values[0]), high=float(high))


def estimate_report(result: Estimate) -> Group:
    """The estimate for a rich console: a table of accounts, and lines below it."""
    title = (
        f"{result.num_prompts:,} prompts, estimated from {result.num_asked}: expected (5% to 95%)"
    )
    if not result.num_asked:
        title = f"{result.num_prompts:,} prompts, ASSUMED by the recipe: nobody was asked"
    table = Table(title=title, title_justify="left")
    table.add_column("teacher/domain/mode")
    for name in ("completions", "tokens read", "tokens written", "US$"):
        table.add_column(name, justify="right")
    for account, ranges in result.accounts.items():
        table.add_row(account, *_cells(ranges))
    table.add_section()
    table.add_row("all", *_cells(result.totals))
    kept = [f"{mode} {result.totals[f'kept_{mode}'].text(_short)}" for mode in MODES]
    lines = [
        f"rows kept: {', '.join(kept)}",
        f"disk: {result.totals['bytes'].text(_bytes)}",
        _time(result),
    ]
    failed = [
        f"failed in the preview: {number} of {result.num_responses}, {reason}"
        for reason, number in result.errors.items()
    ]
    styled = [Text(line, style="bold red") for line in failed]
    return Group(table, *map(Text, lines), *styled)


def _time(result: Estimate) -> str:
    seconds = result.seconds
    if not result.num_asked:
        return _gpu_time(result)
    if seconds is None:
        return "time: all was in the ledger, nothing was measured"
    return (
        f"time: {_hours(seconds)} at the preview's speed, one worker; more requests at once are "
        "faster"
    )


def _gpu_time(result: Estimate) -> str:
    known = {name: hours for name, hours in result.gpu_hours.items() if hours is not None}
    said = []
    if known:
        hours = sum(known.values())
        each = ", ".join(f"{name} {number:,.1f}" for name, number in known.items())
        said.append(f"{hours:,.1f} hours ({each})")
        if price := result.dollars_per_gpu_hour:
            said[0] += f", US$ {_dollars(hours * price)} at {_dollars(price)} an hour"
    if unknown := [name for name in result.gpu_hours if name not in known]:
        said.append(f"how fast {' and '.join(unknown)} would be, nobody says")
    return f"GPU time: {'; '.join(said)}"


def _cells(ranges: Mapping[str, Range]) -> list[str]:
    return [*(ranges[name].text(_short) for name in COUNTS), ranges["cost"].text(_dollars)]


def _short(value: float) -> str:
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{letter}"
    return f"{value:.0f}"


def _dollars(value: float) -> str:
    return f"{value:,.2f}" if value >= 1 else f"{value:.2g}"


def _bytes(value: float) -> str:
    return f"{_short(value)}B"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h" if seconds >= 3600 else f"{seconds / 60:,.1f} min"
