"""`factory diff`: what differs between two runs, in recipe, funnel, rows, answers and verdicts.

Responses are matched by their id: prompt, mode and sample. Where the same id has another answer,
its verdicts differ for that reason, so they are counted apart.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from factory import store
from factory.config import flat, read_toml
from factory.flips import CHANGES, Flips, changes, fates
from factory.funnel import count_kept, count_prompts, count_responses, finished_parts
from factory.records import MODES
from factory.rowfile import check_path, row_file
from factory.rundir import RunDirectory, read_manifest
from factory.schemas import RESPONSES
from factory.terminal import plain, short

_COLUMNS = ("id", "prompt_id", "domain", "mode", "output", "expected_answer", "answer", "verdicts",
            "kept")  # fmt: skip
_BUCKET_BYTES = 128 << 20
_VERDICT_BYTES = 4096
_OUT = pa.schema([("difference", pa.string()), *CHANGES, ("output_a", pa.string()),
                  ("output_b", pa.string())])  # fmt: skip
"""`difference` is `verdict`, `verdict_on_another_answer`, `answer`, `only_in_a` or `only_in_b`."""


def diff(
    a: RunDirectory, b: RunDirectory, *, out: Path | None = None, num_examples: int = 8
) -> Iterator[RenderableType]:
    """Compare two runs; yields the report for a rich console.

    Memory: some hundred megabytes of responses of each run at a time, by the hash of their prompt.

    Args:
        a: any run, finished or not.
        b: another.
        out: a new file, `.parquet` or `.jsonl`, for every row that differs.
        num_examples: how many of each kind are shown.

    Raises:
        ConfigError: `out` has another suffix or is there already.
        PartError: a part is damaged.
    """
    check_path(out)
    yield _recipes(a, b)
    yield _funnels(a, b)
    found = _Comparison(num_examples)
    with row_file(out, _OUT) as file:
        for left, right in _buckets(a, b):
            file.write(found.see_lonely(left, right))
            file.write(found.see_lonely(right, left, in_b=True))
            file.write(
                found.see_both(
                    left.join(right, "id", how="semi"), right.join(left, "id", how="semi")
                )
            )
    yield _rows_table(found.counts)
    yield from found.same.report("Verdicts that differ on the same answer")
    if found.answers:
        yield from found.other.report("Verdicts that differ on another answer")
        yield _answers(found.answers)
    if out:
        yield plain(f"{file.num_rows:,} rows that differ are in {out}")


class _Comparison:
    """Adds up what differs, bucket by bucket; each method returns rows of `_OUT`."""

    def __init__(self, num_examples: int) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.same, self.other = Flips(num_examples), Flips(num_examples)
        self.answers: list[dict[str, Any]] = []
        self._num_examples = num_examples

    def see_lonely(
        self, mine: pl.DataFrame, others: pl.DataFrame, *, in_b: bool = False
    ) -> list[dict[str, Any]]:
        """The responses that only one run has."""
        frame = mine.join(others, "id", how="anti")
        has = pl.col("prompt_id").is_in(others["prompt_id"].unique().implode())
        for mode, shared, count in frame.group_by("mode", has.alias("has")).len().iter_rows():
            self.counts[_ONLY["b" if in_b else "a", shared], mode] += count
        kept, output = ("kept_after", "output_b") if in_b else ("kept_before", "output_a")
        shown = ("id", "prompt_id", "domain", "mode", "expected_answer", "answer")
        rows = frame.select(*shown, pl.col("kept").alias(kept), pl.col("output").alias(output))
        return [{"difference": f"only_in_{output[-1]}", **row} for row in rows.to_dicts()]

    def see_both(self, left: pl.DataFrame, right: pl.DataFrame) -> list[dict[str, Any]]:
        """The responses that both runs have: answers, then verdicts."""
        for mode, count in right.group_by("mode").len().iter_rows():
            self.counts["in both", mode] += count
        changed = left.select("id", "mode", output_a="output").join(
            right.select("id", "expected_answer", output_b="output"), "id"
        ).filter(pl.col("output_a") != pl.col("output_b"))  # fmt: skip
        for mode, count in changed.group_by("mode").len().iter_rows():
            self.counts["another answer", mode] += count
        self.answers += changed.head(self._num_examples - len(self.answers)).to_dicts()
        rows = [{"difference": "answer", **row} for row in changed.to_dicts()]
        same = left.join(changed, "id", how="anti"), right.join(changed, "id", how="anti")
        other = left.join(changed, "id", how="semi"), right.join(changed, "id", how="semi")
        rows += [{"difference": "verdict", **row} for row in _flips(self.same, *same)]
        rows += [
            {"difference": "verdict_on_another_answer", **row} for row in _flips(self.other, *other)
        ]
        return rows


def _flips(flips: Flips, old: pl.DataFrame, new: pl.DataFrame) -> list[dict[str, Any]]:
    changed = changes(old, new).to_dicts()
    flips.add(changed)
    flips.see(fates(old, new))
    return changed


_ONLY = {
    ("a", True): "only in A, of prompts in both",
    ("a", False): "only in A, of prompts only there",
    ("b", True): "only in B, of prompts in both",
    ("b", False): "only in B, of prompts only there",
}


def _recipes(a: RunDirectory, b: RunDirectory) -> RenderableType:
    lines = differences(_said(a), _said(b))
    if not lines:
        return Text("The recipes are the same, and so are the versions that are known.")
    table = Table(title="Recipes and versions", title_justify="left")
    for name in ("key", "A", "B"):
        table.add_column(name, overflow="fold")
    for key, old, new in lines:
        table.add_row(*map(plain, (key, short(old, 200), short(new, 200))))
    return table


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(key, old value, new value) of each key of two flat tables that differs."""
    return [
        (key, _value(old, key), _value(new, key))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _value(table: dict[str, Any], key: str) -> str:
    return repr(table[key]) if key in table else "-"


def _said(run: RunDirectory) -> dict[str, Any]:
    """The recipe by dotted key; of a finished run also what made it."""
    said = flat(read_toml(run.root / "recipe.toml"))
    if run.manifest.exists():
        manifest = read_manifest(run)
        said |= flat({"versions": manifest["versions"]})
        said["factory"] = manifest.get("factory")
    return said


def _funnels(a: RunDirectory, b: RunDirectory) -> Table:
    table = Table(title="What was kept and dropped", title_justify="left")
    table.add_column("step")
    table.add_column("reason")
    for mode in MODES:
        for run in ("A", "B"):
            table.add_column(f"{mode}: {run}", justify="right")
    prompts = [count_prompts(run) for run in (a, b)]
    for name in ("drawn", "asked"):
        cells = [f"{each[name]:,}" for each in prompts]
        table.add_row(f"prompts {name}", "", *cells, *cells)
    entries = [count_responses(run) for run in (a, b)]
    table.add_section()
    for filter, reason in _reasons(entries):
        cells = []
        for mode in MODES:
            for each in entries:
                found = next((entry for entry in each if entry["filter"] == filter), None)
                dropped = found["reasons"].get(reason, {}).get(mode, 0) if found else None
                cells.append("-" if dropped is None else f"{-dropped:,}" if dropped else "")
        table.add_row(*map(plain, (filter, reason)), *cells)
    table.add_section()
    kept = [count_kept(each) for each in entries]
    cells = [f"{each[mode]:,}" for mode in MODES for each in kept]
    table.add_row("kept", "", *cells, style="bold green")
    return table


def _reasons(entries: Sequence[Sequence[dict[str, Any]]]) -> list[tuple[str, str]]:
    """(filter, reason) of either run, in the order of A's filters, then B's."""
    found: dict[str, dict[str, None]] = {}
    for each in entries:
        for entry in each:
            found.setdefault(entry["filter"], {}).update(dict.fromkeys(entry["reasons"]))
    return [(filter, reason) for filter, reasons in found.items() for reason in reasons or ("",)]


def _buckets(a: RunDirectory, b: RunDirectory) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """The responses of both runs, some prompts at a time, both frames those of the same ones."""
    most = max(_num_bytes(a), _num_bytes(b))
    number = -(-most // _BUCKET_BYTES) or 1
    for bucket in range(number):
        yield _read(a, bucket, number), _read(b, bucket, number)


def _num_bytes(run: RunDirectory) -> int:
    """What all responses take in memory, about: their text, and verdicts side by side."""
    found = 0
    for path in finished_parts(run):
        try:
            metadata = pq.read_metadata(path)
        except (OSError, pa.ArrowException):
            continue  # told when it is read
        groups = range(metadata.num_row_groups)
        found += _VERDICT_BYTES * metadata.num_rows
        found += sum(metadata.row_group(group).total_byte_size for group in groups)
    return found


def _read(run: RunDirectory, bucket: int, number: int) -> pl.DataFrame:
    mine = pl.col("prompt_id").hash(seed=0) % number == bucket
    tables = (store.read_table(path, RESPONSES, _COLUMNS) for path in finished_parts(run))
    empty = _frame(pa.schema([RESPONSES.field(name) for name in _COLUMNS]).empty_table())
    return pl.concat([empty, *(_frame(table).filter(mine) for table in tables)])


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _rows_table(counts: Counter[tuple[str, str]]) -> Table:
    table = Table(title="Responses", title_justify="left")
    table.add_column("")
    for mode in MODES:
        table.add_column(mode, justify="right")
    for name in ("in both", "another answer", *_ONLY.values()):
        table.add_row(name, *(f"{counts[name, mode]:,}" for mode in MODES))
    return table


def _answers(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(title="Answers that differ", title_justify="left", show_lines=True)
    for name in ("id", "expected", "A", "B"):
        table.add_column(name, overflow="fold")
    for row in rows:
        texts = (row["expected_answer"] or "-", row["output_a"] or "", row["output_b"] or "")
        table.add_row(plain(row["id"]), *(plain(short(text, 300)) for text in texts))
    return table
