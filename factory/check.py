"""`factory check`: filters over a dataset that was made elsewhere.

Every filter sees every row, so that what each alone would drop can be told; what a row lacks for a
filter is that filter's `unjudged`.
"""

import heapq
import itertools
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from factory.apply import apply_filter
from factory.config import nearest
from factory.errors import ConfigError
from factory.flips import said
from factory.foreign_files import Batch
from factory.foreign_rows import NAMES, BadRow, response_in
from factory.inorder import in_order
from factory.progress import Progress
from factory.records import Filter, Response, Verdict
from factory.rowfile import check_path, row_file
from factory.schemas import RESPONSES
from factory.seeds import digest
from factory.terminal import short

_OUT = pa.schema(
    [
        ("file", pa.string()),
        ("row", pa.int64()),
        ("id", pa.string()),
        ("mode", pa.string()),
        ("kept", pa.bool_()),
        ("problem", pa.string()),
        RESPONSES.field("verdicts"),
    ]
)
"""A row of the dataset; `problem` says why it could not be read."""
_EVERY_S = 10.0
_FAILED = "filter_failed"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Example:
    """A row that shows a reason; the smallest hashes are shown."""

    hash: str
    name: str
    score: float | None
    expected: str
    output: str


@dataclass(kw_only=True)
class Checked:
    """What some rows came to."""

    num_rows: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    """Rows that could not be read, by reason."""
    rows: Counter[str] = field(default_factory=Counter)
    """Rows that were judged, by mode."""
    kept: Counter[str] = field(default_factory=Counter)
    """Those that every filter keeps, by mode."""
    verdicts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """By filter, decision, reason and mode."""
    alone: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows that only one filter does not keep, by filter and mode."""
    seconds: Counter[str] = field(default_factory=Counter)
    """By filter."""
    failures: list[str] = field(default_factory=list)
    """Rows on which a filter failed, the first few."""
    examples: dict[tuple[str, str], list[Example]] = field(default_factory=dict)
    """By filter and what it says."""
    out: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: "Checked", num_examples: int) -> None:
        """Take in what other rows came to, but for their rows of `out`."""
        self.num_rows += other.num_rows
        for name in ("bad", "rows", "kept", "verdicts", "alone", "seconds"):
            getattr(self, name).update(getattr(other, name))
        self.failures = (self.failures + other.failures)[:3]
        for key, examples in other.examples.items():
            both = itertools.chain(self.examples.get(key, []), examples)
            self.examples[key] = heapq.nsmallest(num_examples, both, key=lambda each: each.hash)


def check(
    data: Iterable[Batch],
    filters: Sequence[Filter],
    *,
    columns: Mapping[str, str] | None = None,
    limit: int | None = None,
    out: Path | None = None,
    num_examples: int = 2,
    workers: int = 1,
    progress: Progress | None = None,
) -> Checked:
    """Judge the rows of a dataset; memory does not grow with their number.

    Args:
        data: the rows, see `foreign_files.batches`.
        filters: each sees every row.
        columns: by role, see `foreign_rows.NAMES`.
        limit: rows at most.
        out: a new file, `.parquet` or `.jsonl`, for the verdicts on every row.
        num_examples: how many are kept of each filter and reason.
        workers: processes.
        progress: told every ten seconds how far it is.

    Raises:
        ConfigError: an unknown role, or `out` has another suffix or is there already.
        RunError: a file of the dataset is damaged.
    """
    for role in columns or {}:
        if role not in NAMES:
            raise ConfigError(f"--column {role}: no such role{nearest(role, NAMES)}")
    check_path(out)
    progress = progress or Progress(quiet=True)
    total = Checked()
    work = partial(_check_batch, tuple(filters), dict(columns or {}), num_examples)
    started = told = time.monotonic()
    with row_file(out, _OUT) as file:
        for found in in_order(work, _limited(data, limit), workers=workers):
            total.add(found, num_examples)
            file.write(found.out)
            if time.monotonic() - told > _EVERY_S:
                told = time.monotonic()
                progress.say(f"{total.num_rows:,} rows, {total.num_rows / (told - started):,.0f}/s")
    return total


def _limited(data: Iterable[Batch], limit: int | None) -> Iterator[Batch]:
    left = limit
    for batch in data:
        if left is None:
            yield batch
            continue
        yield Batch(name=batch.name, start=batch.start, rows=batch.rows[:left])
        left -= len(batch.rows)
        if left <= 0:
            return


def _check_batch(
    filters: Sequence[Filter], columns: Mapping[str, str], num_examples: int, batch: Batch
) -> Checked:
    found = Checked(num_rows=len(batch.rows))
    for number, row in enumerate(batch.rows, batch.start):
        where = {"file": batch.name, "row": number}
        try:
            if isinstance(row, str):
                raise BadRow(row)
            response = response_in(row, columns, f"{Path(batch.name).name}:{number}")
        except BadRow as bad:
            found.bad[bad.reason] += 1
            found.out.append({**where, "problem": bad.reason})
            continue
        verdicts = [_judged(filter, response, found) for filter in filters]
        _count(found, response, verdicts, num_examples)
        found.out.append(
            {
                **where,
                "id": response.prompt.id,
                "mode": response.mode,
                "kept": all(verdict.decision == "keep" for verdict in verdicts),
                "verdicts": [{name: getattr(v, name) for name in _VERDICT} for v in verdicts],
            }
        )
    return found


_VERDICT = ("filter", "decision", "score", "reason", "seconds")


def _judged(filter: Filter, response: Response, found: Checked) -> Verdict:
    try:
        return apply_filter(filter, response)
    except Exception as error:  # a defect of the filter; it is told, and the other rows go on
        text = f"{response.prompt.id}: {filter.name} failed: {type(error).__name__}: {error}"
        found.failures = [*found.failures, short(text, 300)][:3]
        return Verdict(decision="unjudged", reason=_FAILED, filter=filter.name)


def _count(
    found: Checked, response: Response, verdicts: Sequence[Verdict], num_examples: int
) -> None:
    mode = response.mode
    against = [verdict for verdict in verdicts if verdict.decision != "keep"]
    found.rows[mode] += 1
    found.kept[mode] += not against
    if len(against) == 1:
        found.alone[against[0].filter, mode] += 1
    for verdict in verdicts:
        found.verdicts[verdict.filter, verdict.decision, verdict.reason, mode] += 1
        found.seconds[verdict.filter] += verdict.seconds  # type: ignore[assignment]  # a sum
    for verdict in against:
        kept = found.examples.setdefault(
            (verdict.filter, said(verdict.decision, verdict.reason)), []
        )
        kept.append(
            Example(
                hash=digest(response.prompt.id, response.output[:200]),
                name=response.prompt.id,
                score=verdict.score,
                expected=short(response.expected or "-", 200),
                output=_ending(response.output),
            )
        )
        kept.sort(key=lambda each: each.hash)
        del kept[num_examples:]


def _ending(text: str, limit: int = 500) -> str:
    """The end of a text, where the answer stands."""
    return text if len(text) <= limit else f"({len(text):,} characters) ... {text[-limit:]}"
