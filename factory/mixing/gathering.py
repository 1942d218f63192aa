"""What goes into a mixture, as parquet files of the published schemas.

Shards of runs are taken where they lie. Everything else is read once, a batch at a time: the
released dataset's JSON lines with their quirks, conversations, prompts with completions. What
cannot be read, and what the recipe's filters do not keep, is left out and counted by reason.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from factory.apply import apply_filter
from factory.corpus.files import file_kind, find_files, open_parquet, reading
from factory.datasetdir import MANIFEST, open_dataset
from factory.errors import ConfigError, RunError
from factory.foreign_files import Batch, batches
from factory.foreign_rows import BadRow, response_in
from factory.inorder import in_order
from factory.mixing.recipe import Ingredient
from factory.records import MODES, SYSTEM_PROMPTS, Filter, Prompt, Response
from factory.schemas import RL, SFT
from factory.shards import Shards

SCHEMAS = {"SFT": SFT, "RL": RL}
"""By the configuration that rows of a kind are published in."""
NEEDED = {"SFT": ("input", "output", "reasoning"), "RL": ("input", "args")}
_ROWS_PER_FILE = 1_000_000
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The rows of one kind of a domain."""

    paths: tuple[Path, ...] = ()
    """Parquet files with columns of the published schema, in order."""
    read: int = 0
    """Rows that were read from elsewhere; 0 where shards are taken as they are."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Of those, what was left out, by reason."""

    def size(self) -> tuple[int, int]:
        """Bytes without compression, and rows."""
        size = rows = 0
        for path in self.paths:
            with reading(path), open_parquet(path) as file:
                size, rows = size + _num_bytes(file.metadata), rows + file.metadata.num_rows
        return size, rows


def gather(
    name: str,
    ingredient: Ingredient,
    kind: str,
    folder: Path,
    *,
    filters: Sequence[Filter] = (),
    workers: int = 1,
) -> Gathered:
    """The files of a domain's rows.

    Args:
        name: of the domain.
        ingredient: where its data lies.
        kind: `SFT` for answers, `RL` for prompts with what checks an answer.
        folder: for what is read from elsewhere; its own for each domain.
        filters: which answers must pass.
        workers: processes that read.

    Raises:
        ConfigError: there is no such data, or none of its rows is of this kind.
        RunError: a file is damaged.
    """
    _check_finished(name, ingredient, kind)
    where = _where(name, ingredient, kind)
    if where is None:
        return Gathered()
    paths = find_files(where).paths
    if paths and not (filters and kind == "SFT") and all(_is_published(p, kind) for p in paths):
        return Gathered(paths=paths)
    written = Shards(folder, kind, name, "read", SCHEMAS[kind], _ROWS_PER_FILE, keeps_ids=False)
    dropped: Counter[str] = Counter()
    kept = 0
    work = partial(_read_answers, tuple(filters)) if kind == "SFT" else _read_prompts
    data = batches(where, config=ingredient.config, split=ingredient.split)
    for table, lost in in_order(work, data, workers=workers):
        written.add(table)
        kept += len(table)
        dropped.update(lost)
    if dropped and not kept:
        told = ", ".join(f"{number:,} {reason}" for reason, number in dropped.most_common(5))
        raise ConfigError(f"domains.{name}: {ingredient.data}: no row can be taken: {told}")
    files = [folder / str(told["path"]) for told in written.finish()]
    return Gathered(paths=tuple(files), read=kept + dropped.total(), dropped=dropped)


def _check_finished(name: str, ingredient: Ingredient, kind: str) -> None:
    """Where a domain is a finished dataset, or should be, refuse what would be taken in part.

    Raises:
        ConfigError: its run is not finished, or it holds rows out and no split is named.
        RunError: its manifest is damaged, or a shard is not as that says.
    """
    place = Path(ingredient.data)
    if not any((place / each).is_file() for each in ("plan.json", MANIFEST)):
        return
    dataset = open_dataset(place)
    if dataset.manifest.get("held_out") and ingredient.split is None:
        splits = ", ".join(dict.fromkeys(shard["split"] for shard in dataset.shards))
        raise ConfigError(
            f"domains.{name}: {place}: is a mixture that holds rows out; say which of its splits "
            f"to take with split: {splits}"
        )
    for shard in dataset.shards:
        if shard["config"] == kind and ingredient.split in (None, shard["split"]):
            path = dataset.path(shard)
            if not path.is_file() or path.stat().st_size != shard["bytes"]:
                raise RunError(
                    f"{path}: is missing or not as long as the manifest says; mend it first: "
                    f"factory verify {place} --repair, or get it again"
                )


def _where(name: str, ingredient: Ingredient, kind: str) -> str | None:
    """Where the rows of a kind lie; None where there are none."""
    for place in (Path(ingredient.data) / "dataset", Path(ingredient.data)):
        if any((place / each).is_dir() for each in SCHEMAS):
            splits = {each.name for kind in SCHEMAS for each in (place / kind).glob("*/")}
            if ingredient.split and ingredient.split not in splits:
                raise ConfigError(
                    f"domains.{name}: {ingredient.data}: has no split {ingredient.split!r}; it has "
                    f"{', '.join(sorted(splits))}"
                )
            folder = place / kind / (ingredient.split or "")
            return str(folder) if folder.is_dir() else None
    own = "RL" if ingredient.config == "RL" else "SFT"
    return ingredient.data if kind == own else None


def _is_published(path: Path, kind: str) -> bool:
    """Whether a file is parquet whose columns are those of a published schema, or some of them."""
    if file_kind(path) != ".parquet":
        return False
    with reading(path), open_parquet(path) as file:
        found = file.schema_arrow
    known = [name for name in found.names if name in SCHEMAS[kind].names]
    if not set(NEEDED[kind]) <= set(known):
        return False
    wanted = pa.schema([SCHEMAS[kind].field(name) for name in known])
    try:
        found.empty_table().select(known).cast(wanted)
    except (pa.ArrowException, ValueError):
        return False
    return True


def _read_answers(filters: Sequence[Filter], batch: Batch) -> tuple[pa.Table, Counter[str]]:
    rows, dropped = [], Counter[str]()
    for number, row in enumerate(batch.rows, batch.start):
        try:
            if isinstance(row, str):
                raise BadRow(row)
            response = response_in(row, {}, f"{Path(batch.name).stem}-{number}")
            if reason := _refused(filters, response):
                raise BadRow(reason)
            rows.append(_answer(row, response))
        except BadRow as bad:
            dropped[bad.reason] += 1
    return _table(rows, SFT, dropped), dropped


def _table(rows: list[Row], schema: pa.Schema, dropped: Counter[str]) -> pa.Table:
    """The rows as a table; without those that no table takes, which are counted by reason."""
    try:
        return pa.Table.from_pylist(rows, schema)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        if len(rows) == 1:
            dropped["not_utf8" if isinstance(error, UnicodeError) else "not_the_schema"] += 1
            return schema.empty_table()
        half = len(rows) // 2
        return pa.concat_tables(
            [_table(rows[:half], schema, dropped), _table(rows[half:], schema, dropped)]
        )


def _refused(filters: Sequence[Filter], response: Response) -> str:
    """Why the first filter that does not keep an answer does not; empty where all do."""
    for each in filters:
        verdict = apply_filter(each, response)
        if verdict.decision != "keep":
            return f"{each.name} {verdict.reason}"
    return ""


def _answer(row: Row, response: Response) -> Row:
    """A published answer; of the row's own columns those stay that fit."""
    prompt = response.prompt
    own = {name: row[name] for name in SFT.names if _fits(name, row.get(name))}
    domain = str(own.get("category") or prompt.domain)
    own.setdefault("prompt_id", Prompt.make_id(domain, prompt.input))
    return {
        **own,
        "input": [{"role": turn.role, "content": turn.content} for turn in prompt.input],
        "output": response.output,
        "category": domain,
        "reasoning": response.mode,
        "system_prompt": SYSTEM_PROMPTS[response.mode],
        "used_in_training": _students(row.get("used_in_training")),
        "expected_answer": prompt.expected_answer,
        "id": prompt.id,
    }


def _fits(name: str, value: Any) -> bool:
    """Whether a foreign value may stand in a published column, texts and numbers alone."""
    kind = SFT.field(name).type
    if pa.types.is_string(kind):
        return isinstance(value, str)
    return pa.types.is_floating(kind) and type(value) in (int, float)


def _students(told: Any) -> str:
    """`Ultra, Super, Nano` from a list or a text; the release has a misspelling in it."""
    names = told if isinstance(told, list) else str(told or "").split(",")
    mended = {"Ulta": "Ultra"}
    texts = [name.strip() for name in names if isinstance(name, str)]
    return ", ".join(mended.get(name, name) for name in texts if name)


def _read_prompts(batch: Batch) -> tuple[pa.Table, Counter[str]]:
    rows, dropped = [], Counter[str]()
    for number, row in enumerate(batch.rows, batch.start):
        if isinstance(row, str):
            dropped[row] += 1
        elif missing := [each for each in NEEDED["RL"] if row.get(each) is None]:
            dropped[f"no_{missing[0]}"] += 1
        else:
            own = row.get("id") or f"{Path(batch.name).stem}-{number}"
            students = _students(row.get("used_in_training"))
            rows.append({**row, "id": own, "used_in_training": students})
    return _table(rows, RL, dropped), dropped


def read(gathered: Gathered, kind: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The rows in order, some at a time; columns that they lack are null.

    Args:
        gathered: where they lie.
        kind: `SFT` or `RL`.
        columns: what is read, all by default.

    Raises:
        ConfigError: a row lacks what rows of this kind have.
        RunError: a file is damaged.
    """
    names = list(columns or SCHEMAS[kind].names)
    for path in gathered.paths:
        with reading(path), open_parquet(path) as file:
            there = [name for name in names if name in file.schema_arrow.names]
            first = 0
            for batch in file.iter_batches(_at_once(file), columns=there):
                table = _completed(pa.Table.from_batches([batch]), kind, names, path, first)
                first += len(table)
                yield table


_BATCH_BYTES = 16 << 20


def _at_once(file: Any) -> int:
    """Rows of a file that are read together."""
    each = max(_num_bytes(file.metadata) // max(file.metadata.num_rows, 1), 1)
    return int(min(max(_BATCH_BYTES // each, 64), 16_384))


def _num_bytes(metadata: Any) -> int:
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    return sum(group.total_byte_size for group in groups)


def _completed(
    table: pa.Table, kind: str, names: Sequence[str], path: Path, first: int
) -> pa.Table:
    schema = pa.schema([SCHEMAS[kind].field(name) for name in names])
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in schema
    ]
    found = pa.table(columns, schema=schema)
    _check(found, kind, path, first)
    if "id" in names and found["id"].null_count:
        own = [each or f"{path.stem}-{first + n}" for n, each in enumerate(found["id"].to_pylist())]
        place = names.index("id")
        found = found.set_column(place, schema.field("id"), pa.array(own, pa.string()))
    return found


def _check(table: pa.Table, kind: str, path: Path, first: int) -> None:
    """Refuse rows without what every row has, with a `ConfigError`."""
    for name in set(table.column_names) & set(NEEDED[kind]):
        if table[name].null_count:
            row = first + pc.index(pc.is_null(table[name]), True).as_py()
            raise ConfigError(f"{path}, row {row}: has no {name}")
    if kind == "SFT" and "reasoning" in table.column_names:
        known = pc.is_in(table["reasoning"], pa.array(MODES))
        if (row := pc.index(known, False).as_py()) >= 0:
            said = table["reasoning"][row].as_py()
            raise ConfigError(
                f"{path}, row {first + row}: reasoning must be on or off, got {said!r}"
            )
