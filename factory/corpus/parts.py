"""A dataset in parts: what one task reads, and what is done again after a kill.

A part of a parquet file is a run of its row groups, or a piece of a very large one; of plain JSON
lines, a range of bytes that begins and ends with a line; of compressed ones, the file.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

from factory.corpus.cutting import cut_file
from factory.corpus.files import find_files, reading


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A run of rows of one file: the unit of work and of restart."""

    number: int
    """From 0, in the order of the corpus."""
    path: Path
    """Absolute."""
    name: str
    """Of the file, relative to the data; the output has the same."""
    kind: Literal["parquet", "jsonl"]
    start: int
    """The first row group, or the first byte of plain JSON lines."""
    stop: int
    """Behind the last one."""
    index: int
    """Its place among the parts of its file, from 0."""
    num_bytes: int
    """Without compression, estimated."""
    first_row: int = 0
    """In the row group, where a part is a piece of a large one."""
    num_rows: int | None = None
    """Of parquet files that were opened as a corpus; None: all of the row groups."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """A dataset that was found on disk."""

    data: str
    """As the user named it."""
    parts: tuple[Part, ...]
    single_file: bool
    """The data is one file; else a directory, a pattern or a dataset of the Hub."""
    fingerprint: str
    """Of the names, sizes and times of the files, and of how they are cut."""

    @property
    def files(self) -> tuple[tuple[Part, ...], ...]:
        """The parts of each file, in order."""
        firsts = [part.number for part in self.parts if part.index == 0]
        return tuple(self.parts[a:b] for a, b in pairwise([*firsts, len(self.parts)]))


def open_corpus(
    data: str,
    *,
    config: str | None = None,
    split: str | None = None,
    part_bytes: int = 64 << 20,
    cache: Path | None = None,
) -> Corpus:
    """A dataset, cut into parts; the footer of each parquet file is read.

    Args:
        data: a file, a directory, a glob pattern, or an id of the Hub.
        config: the Hub's configuration, such as `SFT`.
        split: the Hub's split, such as `math`.
        part_bytes: the size of a part without compression; a larger row group is one part, and
            one of more than eight times that is four, each of which reads it from its beginning.
        cache: where a dataset of the Hub is kept as parquet files; below
            `$XDG_CACHE_HOME/reasoning-factory` by default.

    Raises:
        ConfigError: there is no such data.
        PrerequisiteError: the Hub does not give it.
        RunError: a file is damaged; the message names it.
    """
    found = find_files(data)
    if not found.paths:
        from factory.corpus.hub import HubData

        kept = HubData(data=data, config=config, split=split, cache=cache).fetch()
        found = replace(find_files(str(kept)), single_file=False)
    parts: list[Part] = []
    for path in found.paths:
        with reading(path):
            pieces = list(cut_file(path, part_bytes))
        name = str(path.relative_to(found.root))
        for index, piece in enumerate(pieces):
            fields = {"path": path.absolute(), "name": name, "index": index, **asdict(piece)}
            parts.append(Part(number=len(parts), **fields))
    return Corpus(
        data=data,
        parts=tuple(parts),
        single_file=found.single_file,
        fingerprint=_fingerprint(parts),
    )


def _fingerprint(parts: Sequence[Part]) -> str:
    state = hashlib.sha256()
    for part in parts:
        stat = part.path.stat()
        said = (part.start, part.stop, part.first_row, stat.st_size, stat.st_mtime_ns)
        state.update(os.fsencode(part.name) + b"\0" + repr(said).encode() + b"\0")
    return state.hexdigest()
