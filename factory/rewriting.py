"""Anyone's dataset into a new one without some of its rows: what dedup and decontaminate share.

    open_corpus -> work directory -> Dask client -> (what is to go) -> kept rows, file by file

Everything is written under hidden names, in the work directory or beside its place, and gets its
name when all of it is there, the dataset last. A killed command leaves its work directory, and the
same command goes on.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from factory import store
from factory.cluster import check_resources, check_sees, connect
from factory.corpus import (
    Corpus,
    OutputFile,
    TextColumns,
    check_columns,
    open_corpus,
    output_paths,
    write_kept,
)
from factory.errors import ConfigError, RunError
from factory.partwork import Client, on_parts
from factory.progress import Progress
from factory.reportfile import check_new_file, check_writable
from factory.seeds import digest
from factory.versions import versions
from factory.workdir import default_work, discard, is_placing, start_placing, work_directory

Removed = Callable[[int], npt.NDArray[np.int64]]
Seen = tuple[int, int]
"""Size and time of a file."""
_DECIDING = ("reasoning-factory", "polars", "pyarrow")
"""Packages of which another version may give another result."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Which data, and what does the work."""

    data: str
    """A file, a directory, a pattern, or an id of the Hub."""
    config: str | None = None
    split: str | None = None
    """Of the Hub."""
    workers: int | None = None
    """Worker processes in this machine; without, threads of this process do the work."""
    scheduler: str | None = None
    """Address of a Dask scheduler to use instead."""
    work: Path | None = None
    """Where what was worked out is kept meanwhile; beside the output by default."""


@dataclass(frozen=True, kw_only=True)
class Rewriting:
    """A dataset that is open for being written again."""

    corpus: Corpus
    files: tuple[OutputFile, ...]
    """What is to be written, under hidden names; none for a rehearsal."""
    seen: tuple[Seen, ...]
    """What their input files were like at the start."""
    targets: Mapping[Path, Path]
    """Hidden names by the paths that are to come of them, in that order."""
    work: Path
    client: Client
    progress: Progress
    resumed: bool

    def write(self, removed: Removed, num_rows: Sequence[int]) -> None:
        """Write the kept rows of all files.

        Args:
            removed: the rows of a part that go, ascending; picklable, and small: it travels with
                each file.
            num_rows: of each part, as they were read before.
        """

        def arguments(number: int) -> tuple[OutputFile, Seen, int]:
            file = self.files[number]
            return file, self.seen[number], sum(num_rows[part.number] for part in file.parts)

        on_parts(
            self.client,
            partial(_write_file, removed),
            range(len(self.files)),
            stage="writing the kept rows",
            progress=self.progress,
            is_done=lambda number: self.files[number].path.exists(),
            arguments=arguments,
        )

    def report(
        self, paths: Sequence[Path], as_json: Callable[[Path], None], as_page: Callable[[], str]
    ) -> None:
        """Write reports, `.json` or `.html`, under their hidden names."""
        for path in paths:
            if path.suffix == ".json":
                as_json(self.targets[path])
            else:
                store.write_text(self.targets[path], as_page())

    def place(self) -> None:
        """Give everything its name."""
        for final in () if is_placing(self.work) else self.targets:
            if os.path.lexists(final):
                raise RunError(
                    f"{final}: was made by something else meanwhile and stays as it is; move it "
                    "away, and run the same command again"
                )
        start_placing(self.work)
        for final, hidden in self.targets.items():
            if not os.path.lexists(hidden):
                continue  # an earlier start has done so
            try:
                hidden.rename(final)
                store.sync_directory(final.parent)
            except OSError as error:
                raise RunError(f"{final}: cannot be written: {store.way_out(error)}") from error


@contextlib.contextmanager
def rewriting(
    source: Source,
    out: Path | None,
    *,
    columns: TextColumns,
    extra: Sequence[str],
    plan: Mapping[str, Any],
    files: Mapping[Path, str],
    progress: Progress,
    holds_model: bool = False,
) -> Iterator[Rewriting]:
    """Open a dataset, a work directory and a cluster; the work goes when the block ends well.

    Args:
        source: the data.
        out: a new file or directory; None for a rehearsal.
        columns: those that are compared.
        extra: others that must be there.
        plan: what decides the result.
        files: other files that are to be written, with the flag that names each.
        progress: entered here.
        holds_model: a worker is to hold a teacher's model.

    Raises:
        ConfigError: nothing was started; the message says why.
    """
    work = source.work or default_work(out or Path(f"{Path(source.data).name or 'data'}.dry"))
    placing = is_placing(work)
    for path, flag in files.items():
        check_new_file(path, flag, taken=placing)
    _check_apart([*files, work], out, source.data)
    corpus = open_corpus(source.data, config=source.config, split=source.split)
    check_columns(corpus, columns, extra=extra)
    known = versions()
    plan = {
        **plan,
        "data": corpus.fingerprint,
        "versions": {name: known.get(name, "") for name in _DECIDING},
    }
    hidden = {path: _hidden(path, plan, work) for path in files}
    outputs: tuple[OutputFile, ...] = ()
    if out:
        check_writable(out, "OUT")
        outputs = output_paths(corpus, out, resumed=placing)
        hidden[out] = _hidden(out, plan, work)
        outputs = tuple(_moved(each, out, hidden[out]) for each in outputs)
    with contextlib.ExitStack() as stack:
        resumed = stack.enter_context(work_directory(work, plan))
        for path in hidden.values():
            store.remove_temporaries_of(path)
        try:
            client = stack.enter_context(_client(source, holds_model))
            if source.scheduler:
                check_resources(client, holds_model)
                places = {work.resolve(), *(each.path.parent for each in corpus.parts)}
                check_sees(client, sorted(places))
            stack.enter_context(progress)
            yield Rewriting(
                corpus=corpus, files=outputs, seen=tuple(map(_look, outputs)), targets=hidden,
                work=work.resolve(), client=client, progress=progress, resumed=resumed,
            )  # fmt: skip
        except ConfigError:
            if not resumed:
                discard(work)
            raise
        discard(work)


def _check_apart(paths: Sequence[Path], out: Path | None, data: str) -> None:
    """Refuse files in the output, whose place is then taken, and in a directory that is read."""
    if len({path.absolute() for path in paths}) < len(paths):
        raise ConfigError(f"{', '.join(map(str, paths))}: is named twice; give each its own")
    source = Path(data).expanduser()
    for path in paths:
        for place, name in ((out, "output"), (source if source.exists() else None, "input")):
            if place and path.resolve().is_relative_to(place.resolve()):
                raise ConfigError(f"{path}: lies in the {name} {place}; give a path outside of it")


def _client(source: Source, holds_model: bool) -> contextlib.AbstractContextManager[Client]:
    workers, processors = source.workers or 1, os.cpu_count() or 1
    return connect(source.scheduler, workers, holds_model, threads=max(1, processors // workers))


def _hidden(path: Path, plan: Mapping[str, Any], work: Path) -> Path:
    """A name on the storage of a path, the same for the same command.

    In the work directory where that lies beside the path, so that both can be given up together.
    """
    absolute, work = path.absolute(), work.absolute()
    place = work if work.parent == absolute.parent else absolute.parent
    return place / f".factory-{digest(plan, os.fspath(absolute), size=8)}"


def _moved(file: OutputFile, out: Path, hidden: Path) -> OutputFile:
    return replace(file, path=hidden / file.path.relative_to(out))


def _write_file(removed: Removed, file: OutputFile, seen: Seen, num_rows: int) -> dict[str, int]:
    counts = write_kept(file.parts, removed, file.path)
    if counts["rows"] != num_rows or _look(file) != seen:
        file.path.unlink()
        raise RunError(
            f"{file.parts[0].path}: has changed since it was read; leave the data alone "
            "meanwhile, and begin anew"
        )
    return counts


def _look(file: OutputFile) -> Seen:
    stat = file.parts[0].path.stat()
    return stat.st_size, stat.st_mtime_ns
