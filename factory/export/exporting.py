"""A finished dataset into the files that somebody else's trainer reads.

Shards are read a batch at a time and compared with the manifest before; what is written appears
when all of it is there. A directory holds a README that names licence, splits and files, so that
`load_dataset(OUT)` works as it is:

    OUT/data/<split>-00000-of-00002.parquet              every format but one
    OUT/SFT/<split>/<split>_<version>.jsonl              `original`, and
    OUT/RL/<split>/<split>_<version>.jsonl               as over there
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from factory import store
from factory.config import nearest
from factory.datasetdir import DatasetDirectory, open_dataset
from factory.errors import ConfigError, RunError
from factory.export.files import SHARD_BYTES, Shards
from factory.export.formats import Format, formats_of
from factory.export.readme import readme
from factory.progress import Progress
from factory.templating import Lint, lint
from factory.templating.rows import Shard, chosen, rows_of

_BATCH = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """What was written."""

    out: Path
    files: tuple[Path, ...]
    rows: dict[str, int]
    """By config and split, `SFT/math`."""
    lint: tuple[Lint, ...] = ()
    """What the chat template does to the rows, one of each config, where a tokenizer was given."""


def export(
    path: Path,
    out: Path,
    *,
    format: str,
    config: str | None = None,
    splits: Sequence[str] = (),
    tokenizer: Any = None,
    template: str | None = None,
    max_length: int | None = None,
    on_lint: Callable[[Lint], None] | None = None,
    shard_bytes: int = SHARD_BYTES,
    progress: Progress | None = None,
) -> Exported:
    """Write a dataset in another form.

    Args:
        path: a run, a mixture, a dataset's directory, or a copy of one.
        out: a new file whose suffix the format takes, or a new directory.
        format: a name of `factory.export.FORMATS`.
        config: `SFT` or `RL`, where the format has both; its first by default, `original` all.
        splits: all by default.
        tokenizer: has the template lint look first, and refuse; see `factory.templating.lint`.
        template: see there.
        max_length: see there.
        on_lint: is told what the lint found, before anything is refused.
        shard_bytes: of a directory's files, about; `original` has one file a split and version.
        progress: is told what is done.

    Raises:
        ConfigError: an unknown format, a file that exists, no such split or config.
        RunError: the chat template breaks a rule, or a shard is not what the manifest says.
    """
    forms = formats_of(format, config)
    suffix = _suffix(out, forms)
    dataset = open_dataset(path)
    plans = _plans(dataset, forms, splits)
    if suffix and len(plans) > 1:
        raise ConfigError(f"{out}: one file takes one config; give --config, or a directory")
    progress = progress or Progress(quiet=True)
    looked = []
    for form, shards in plans if tokenizer is not None else ():
        looked.append(
            lint(
                dataset,
                tokenizer,
                template=template,
                config=form.config,
                splits=[str(shard["split"]) for _, shard in shards],
                rules=form.rules,
                max_length=max_length,
                progress=progress,
            )
        )
        if on_lint:
            on_lint(looked[-1])
        looked[-1].require_sound()
    with progress:
        progress.stage(f"export to {format}", total=sum(len(shards) for _, shards in plans))
        files, rows = (
            _into_file(out, suffix, plans[0], progress)
            if suffix
            else _into_directory(out, dataset, plans, shard_bytes, progress)
        )
    return Exported(out=out, files=tuple(files), rows=dict(rows), lint=tuple(looked))


def _suffix(out: Path, forms: Sequence[Format]) -> str:
    """Of the one file that is asked for; empty for a directory."""
    if os.path.lexists(out):
        raise ConfigError(f"{out}: is there already; give --out a new file or directory")
    if out.suffix not in (".jsonl", ".parquet", ".json", ".csv"):
        return ""
    if out.suffix not in (known := forms[0].suffixes):
        raise ConfigError(
            f"{out}: --format {forms[0].name} is written as {' or '.join(known)}, got "
            f"{out.suffix}; or give a directory"
        )
    return out.suffix


def _plans(
    dataset: DatasetDirectory, forms: Sequence[Format], splits: Sequence[str]
) -> list["_Plan"]:
    """The shards of each form; of several forms, those that have any."""
    if len(forms) == 1:
        return [(forms[0], chosen(dataset, forms[0].config, splits))]
    known = {(str(shard["config"]), str(shard["split"])) for shard in dataset.shards}
    for split in splits:
        if split not in (names := {name for _, name in known}):
            raise ConfigError(f"{dataset.root}: no split {split!r}{nearest(split, names)}")
    plans = []
    for form in forms:
        mine = [name for config, name in sorted(known) if config == form.config]
        if wanted := [name for name in mine if not splits or name in splits]:
            plans.append((form, chosen(dataset, form.config, wanted)))
    if not plans:
        raise ConfigError(f"{dataset.root}: has no rows, so there is nothing to export")
    return plans


_Plan = tuple[Format, list[Shard]]


def _into_file(
    out: Path, suffix: str, plan: _Plan, progress: Progress
) -> tuple[list[Path], Counter[str]]:
    form, shards = plan
    rows: Counter[str] = Counter()
    with Shards(lambda number, total: out, suffix, form.schema, None) as files:
        for shard in shards:
            _copy(form, shard, files, rows, progress)
        return files.finish(), rows


def _into_directory(
    out: Path,
    dataset: DatasetDirectory,
    plans: Sequence[_Plan],
    shard_bytes: int,
    progress: Progress,
) -> tuple[list[Path], Counter[str]]:
    hidden = out.with_name(f".{out.name}.exporting")
    shutil.rmtree(hidden, ignore_errors=True)
    rows: Counter[str] = Counter()
    written: dict[tuple[str, str], list[str]] = {}
    open_files: dict[tuple[str, str, str], Shards] = {}
    try:
        with ExitStack() as stack:
            for form, shards in plans:
                for path, shard in shards:
                    split, version = str(shard["split"]), path.name.split("-", 1)[0]
                    key = (form.config, split, version if form.name == "original" else "")
                    if key not in open_files:
                        new = _shards(hidden, form, key, shard_bytes)
                        open_files[key] = stack.enter_context(new)
                    _copy(form, (path, shard), open_files[key], rows, progress)
            for (config, split, _), files in open_files.items():
                names = [str(path.relative_to(hidden)) for path in files.finish()]
                written.setdefault((config, split), []).extend(names)
        store.write_text(
            hidden / "README.md", readme(dataset, [form for form, _ in plans], written, rows)
        )
        hidden.rename(out)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return [out / name for names in written.values() for name in names], rows


def _shards(folder: Path, form: Format, key: tuple[str, str, str], shard_bytes: int) -> Shards:
    config, split, version = key
    suffix = form.suffixes[0]
    if form.name == "original":
        path = folder / config / split / f"{split}_{version}{suffix}"
        return Shards(lambda number, total: path, suffix, form.schema, None)
    return Shards(
        lambda number, total: folder / "data" / f"{split}-{number:05d}-of-{total:05d}{suffix}",
        suffix,
        form.schema,
        shard_bytes,
    )


def _copy(
    form: Format, shard: Shard, files: Shards, rows: Counter[str], progress: Progress
) -> None:
    """The rows of one shard behind those that are there."""
    path, said = shard
    if path.is_file() and (found := store.sha256(path)) != said["sha256"]:
        raise RunError(
            f"{path}: changed after the manifest was written (sha256 {found[:16]}..., not "
            f"{said['sha256'][:16]}...); get the shard again, factory verify looks at all of them"
        )
    name = f"{form.config}/{said['split']}"
    for batch in _batches(rows_of(path, form.columns)):
        first = rows.total()
        files.write([form.row(row, first + i) for i, row in enumerate(batch)])
        rows[name] += len(batch)
        progress.add({"rows": len(batch)})
    progress.part_done({})


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch
