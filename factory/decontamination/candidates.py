"""The rows of a part that are near to benchmark items: what the embedding stage writes.

A text that says an item, but for case and white space, needs no model. All others are embedded,
equal ones of a part once.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from factory import store
from factory.corpus import TextBatch
from factory.decontamination.benchmark_texts import BenchmarkTexts
from factory.decontamination.embedding import Embedder, Nearness
from factory.decontamination.neighbours import Near, Vectors, look
from factory.dedup.columns import column_file, read_batches

CANDIDATES = {
    "local": pa.int64(), "item": pa.int64(), "similarity": pa.float64(), "exact": pa.bool_(),
    "start": pa.int64(), "stop": pa.int64(), "item_start": pa.int64(), "item_stop": pa.int64(),
    "span": pa.large_string(), "passage": pa.large_string(),
}  # fmt: skip
"""A row and the place of a text in `BenchmarkTexts`; by row, then falling similarity. `span` is the
nearest window, `passage` what a judge is shown."""
PASSAGE_CHARS = 8_000
"""A judge is shown so much of a longer text, around the window that is nearest to the item."""
_REMEMBERED = 500_000
"""Texts of a part whose result is remembered; some 60 MB."""
_LISTED = 100
_LINES_TOGETHER = 4096

_MAX_SPAN = 2_000
"""Characters of a window that are written down."""


class Hit(NamedTuple):
    """An item that a text is near to."""

    item: int
    similarity: float
    exact: bool
    start: int
    stop: int
    item_start: int
    item_stop: int
    span: str
    passage: str


class _Found(NamedTuple):
    """What was found for a text."""

    hits: tuple[Hit, ...]
    cut: bool = False
    blind: bool = False


@dataclass(slots=True)
class Counts:
    """What became of the rows of a part."""

    rows: int = 0
    """Those with a text that were not skipped."""
    blank: int = 0
    embedded: int = 0
    """Distinct texts."""
    windows: int = 0
    exact: int = 0
    near: int = 0
    """Rows that are near to an item, the exact ones among them."""
    cut: int = 0
    """Rows so long that their middle was not looked at."""
    blind: int = 0
    """Rows that the model cannot read, or not all of it."""
    cut_rows: list[int] = field(default_factory=list)
    """The first of those that are cut."""
    blind_rows: list[int] = field(default_factory=list)
    """The first of those that cannot be read."""


@dataclass(slots=True)
class PartSearch:
    """Looks for near items in the texts of one part."""

    texts: BenchmarkTexts
    vectors: Vectors
    embedder: Embedder
    settings: Nearness
    counts: Counts = field(default_factory=Counts)
    _known: dict[bytes, "_Found"] = field(default_factory=dict)

    def rows(
        self, batches: Iterable[TextBatch], skip: np.ndarray
    ) -> Iterator[tuple[int, tuple[Hit, ...]]]:
        """Each row that is near to an item, in order, with its hits.

        Args:
            batches: of the part.
            skip: rows to leave out.
        """
        skipped = frozenset(skip.tolist())
        for batch in batches:
            texts: dict[str, bytes] = {}
            keys: list[tuple[int, bytes]] = []
            for local, text in enumerate(batch.texts.to_pylist(), batch.start):
                if text is None or local in skipped:
                    continue
                self.counts.rows += 1
                if not text or text.isspace():
                    self.counts.blank += 1
                    continue
                key = texts.get(text) or hashlib.blake2b(text.encode(), digest_size=16).digest()
                texts[text] = key
                keys.append((local, key))
            found = self._look({key: text for text, key in texts.items()})
            for local, key in keys:
                self._count(local, found[key])
                if found[key].hits:
                    yield local, found[key].hits

    def _count(self, local: int, found: "_Found") -> None:
        self.counts.near += bool(found.hits)
        self.counts.exact += any(hit.exact for hit in found.hits)
        self.counts.cut += found.cut
        self.counts.blind += found.blind
        if found.cut and len(self.counts.cut_rows) < _LISTED:
            self.counts.cut_rows.append(local)
        if found.blind and len(self.counts.blind_rows) < _LISTED:
            self.counts.blind_rows.append(local)

    def _look(self, texts: dict[bytes, str]) -> dict[bytes, "_Found"]:
        """What was found for each text."""
        found = {key: known for key in texts if (known := self._known.get(key)) is not None}
        asked: list[bytes] = []
        for key, text in texts.items():
            if key in found:
                continue
            number = self.texts.same_as(text)
            if number is None:
                asked.append(key)
            else:
                found[key] = _Found((_whole(number, text, self.texts.texts[number]),))
        looked = look([texts[key] for key in asked], self.embedder, self.vectors, self.settings)
        hits: dict[int, list[Hit]] = {}
        for near in looked.near:
            text = texts[asked[near.text]]
            hits.setdefault(near.text, []).append(_hit(near, text))
        cut, blind = frozenset(looked.cut), frozenset(looked.blind)
        for place, key in enumerate(asked):
            found[key] = _Found(tuple(hits.get(place, ())), place in cut, place in blind)
        self.counts.embedded += len(asked)
        self.counts.windows += looked.num_windows
        if len(self._known) < _REMEMBERED:
            self._known |= found
        return found


def _whole(number: int, text: str, item: str) -> Hit:
    """The hit of a text that says an item, but for case and white space."""
    span, passage = text[:_MAX_SPAN], text[:PASSAGE_CHARS]
    return Hit(number, 1.0, True, 0, len(text), 0, len(item), span, passage)


def _hit(near: Near, text: str) -> Hit:
    return Hit(
        item=near.item,
        similarity=near.similarity,
        exact=False,
        start=near.start,
        stop=near.stop,
        item_start=near.item_start,
        item_stop=near.item_stop,
        span=text[near.start : near.stop][:_MAX_SPAN],
        passage=passage_of(text, near.start, near.stop),
    )


def passage_of(text: str, start: int, stop: int) -> str:
    """A text of bearable length, or as much of it around `text[start:stop]`."""
    if len(text) <= PASSAGE_CHARS:
        return text
    before = max(0, min((start + stop - PASSAGE_CHARS) // 2, len(text) - PASSAGE_CHARS))
    return text[before : before + PASSAGE_CHARS]


def pair_of(row: Mapping[str, Any], texts: Sequence[str]) -> tuple[str, str]:
    """What a judge is shown of a candidate: of the row, of the item."""
    item = passage_of(texts[row["item"]], row["item_start"], row["item_stop"])
    return row["passage"], item


def write_candidates(
    path: Path, counts_path: Path, rows: Iterable[tuple[int, tuple[Hit, ...]]], counts: Counts
) -> None:
    """Write what `PartSearch.rows` yields, and the counts, which are complete then and come first.

    Raises:
        RunError: a file cannot be written.
    """
    with column_file(path, CANDIDATES) as append:
        lines = ((local, *hit) for local, hits in rows for hit in hits)
        while chunk := list(islice(lines, _LINES_TOGETHER)):
            append(
                {
                    name: pa.array(column, kind)
                    for (name, kind), column in zip(
                        CANDIDATES.items(), zip(*chunk, strict=True), strict=True
                    )
                }
            )
        said = {name: getattr(counts, name) for name in Counts.__slots__}
        store.write_json(counts_path, said)


def read_candidates(path: Path) -> Iterator[dict[str, Any]]:
    """The candidates of a part, in their order.

    Raises:
        PartError: missing or damaged.
    """
    for batch in read_batches(path):
        yield from batch.to_pylist()


def read_counts(path: Path) -> dict[str, Any]:
    """The counts of a part.

    Raises:
        RunError: missing or damaged.
    """
    advice = f"delete {path.with_suffix('.arrow')} and run the same command again"
    return store.read_json(path, keys=Counts.__slots__, advice=advice)
