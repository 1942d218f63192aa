"""What a person sees while a run goes on: a live table in a terminal, plain lines elsewhere."""

import threading
import time
from collections import Counter
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table

from factory.spend import Prices, spend_table
from factory.terminal import visible

_PLAIN_EVERY_S = 10.0
_MIN_FOR_ETA = 20
"""Completions before their pace says anything."""


class Progress:
    """Shows the stage of a run, finished parts, and what the teacher has answered so far.

    Args:
        console: where to; standard error by default.
        quiet: show nothing.
    """

    def __init__(self, console: Console | None = None, *, quiet: bool = False) -> None:
        self._console = console or Console(stderr=True)
        self._num_expected = 0
        self._quiet = quiet
        self.prices = Prices({})
        """What the teachers' tokens cost."""
        self._live: Live | None = None
        self._lock = threading.Lock()
        self._stage = ""
        self._total = self._done = self._before = self._rows = 0
        self._counts: Counter[str] = Counter()
        self._started = self._printed = time.monotonic()

    def __enter__(self) -> "Progress":
        if not self._quiet and self._console.is_terminal:
            self._live = Live(
                get_renderable=self.table, console=self._console, refresh_per_second=4,
                transient=True,
            )  # fmt: skip
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.__exit__(kind, error, trace)
            self._live = None

    def stage(self, name: str, *, total: int = 0, done: int = 0, expected: int = 0) -> None:
        """A new stage begins.

        Args:
            name: what is done in it.
            total: its parts.
            done: those that were finished before.
            expected: completions that the others need, at most; for the time that is left.
        """
        with self._lock:
            self._stage, self._total, self._done, self._before = name, total, done, done
            self._num_expected, self._rows = expected, 0
            self._started = time.monotonic()
        kept = f", {done} of {total} parts are finished already" if done else ""
        if self._live is None:
            self.say(f"{name}{kept}")

    def add(self, counts: dict[str, int]) -> None:
        """Counts that came on top: see `factory.desk.Desk`; kept_on, kept_off; rows; bytes sent."""
        with self._lock:
            self._counts.update(counts)
            self._rows += counts.get("rows", 0)
        if self._live is None and time.monotonic() - self._printed > _PLAIN_EVERY_S:
            self.say(self.line())

    def part_done(self, counts: dict[str, int]) -> None:
        """One more part of the stage is finished."""
        with self._lock:
            self._done += 1
        self.add(counts)

    def say(self, line: str) -> None:
        """A line that stays: above the table in a terminal."""
        self._printed = time.monotonic()
        if not self._quiet:
            self._console.print(visible(line), markup=False, highlight=False, soft_wrap=True)

    def line(self) -> str:
        """The state in one line."""
        with self._lock:
            cells = self._cells()
        return f"{self._stage}: " + ", ".join(f"{name} {text}" for name, text in cells)

    def table(self) -> RenderableType:
        """The state as a table, and what was paid so far as another."""
        paid = self._paid()
        if not paid:
            return self._state()
        return Group(self._state(), spend_table(paid, "paid in this start"))

    def _paid(self) -> list[dict[str, Any]]:
        with self._lock:
            return self.prices.rows(self._counts)

    def _state(self) -> Table:
        table = Table(title=self._stage, title_justify="left", box=None)
        with self._lock:
            cells = self._cells()
        for name, _ in cells:
            table.add_column(name, justify="right")
        table.add_row(*(text for _, text in cells))
        return table

    def _cells(self) -> list[tuple[str, str]]:
        counts, seconds = self._counts, max(time.monotonic() - self._started, 1e-9)
        cells = [("parts", f"{self._done}/{self._total}")]
        if self._rows:
            cells += [("rows", f"{self._rows:,}"), ("rows/s", f"{self._rows / seconds:,.0f}")]
            if done := self._done - self._before:
                cells.append(("time left", f"{(self._total - self._done) * seconds / done:,.0f} s"))
        if sent := counts["bytes"]:
            cells += [("bytes sent", f"{sent:,}"), ("MB/s", f"{sent / seconds / 1e6:,.1f}")]
        if completions := counts["completions"]:
            asked = completions - counts["recalled"]
            eta = (self._num_expected - completions) * seconds / max(asked, 1)
            cells += [
                ("completions", f"{completions:,}"),
                ("completions/s", f"{completions / seconds:.1f}"),
                ("tokens", f"{counts['tokens']:,}"),
                ("tokens/s", f"{counts['tokens'] / seconds:,.0f}"),
                ("recalled", f"{counts['recalled']:,}"),
                ("failed", f"{counts['errors']:,}"),
                ("US$", f"{sum(row['cost'] for row in self.prices.rows(counts)):,.4f}"),
                ("kept on/off", f"{counts['kept_on']:,}/{counts['kept_off']:,}"),
                ("time left", f"{max(eta, 0):.0f} s" if asked >= _MIN_FOR_ETA else "-"),
            ]
        return cells
