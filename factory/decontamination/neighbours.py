"""Which benchmark items are nearest to texts: cosines in blocks, so that memory has a bound.

Two texts are as similar as the nearest of their windows are. The last bits of a product depend on
how texts were batched, and results must not: what is near is computed once more, pair by pair.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from factory.decontamination.embedding import Embedder, Nearness
from factory.decontamination.windows import Embedded
from factory.errors import PartError

_DECIMALS = 6
_NOISE = 1e-5
"""More than float32 products of any shape differ by."""
_SHORTLIST = 64
"""Items, beside the top ones, that are computed once more for a text."""
_BLOCK_BYTES = 32 << 20
_TEXTS_TOGETHER = 2048
_CHARS_TOGETHER = 4 << 20

Floats = npt.NDArray[np.float32]
Longs = npt.NDArray[np.int64]


class Near(NamedTuple):
    """A text and an item that are near to each other."""

    text: int
    item: int
    similarity: float
    start: int
    """Where the nearest window begins in the text, in characters."""
    stop: int
    item_start: int
    item_stop: int


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """The vectors of benchmark items, by rising number of the item; a long one has several."""

    values: Floats
    """Shape (windows, dimensions), each of length 1, or 0 where the model cannot read it."""
    owners: Longs
    """Shape (windows,), rising from 0 without a gap."""
    spans: Longs
    """Shape (windows, 2): their characters in the items."""

    @property
    def num_blind(self) -> int:
        """Items of which the model cannot read a window: they may be missed."""
        return len(np.unique(self.owners[~self.values.any(axis=1)]))

    def nearest(self, texts: Embedded, *, threshold: float, top_k: int) -> list[Near]:
        """The nearest items of each text, by rising text, then falling similarity, then item.

        Raises:
            PartError: the vectors are those of another model.
        """
        found: list[Near] = []
        if not len(self.owners) or not len(texts.owners):
            return found
        if texts.vectors.shape[1] != self.values.shape[1]:
            raise PartError(
                f"the model gives vectors of {texts.vectors.shape[1]} dimensions, those of the "
                f"items have {self.values.shape[1]}; is it still the same one?"
            )
        item_starts = _starts(self.owners)
        text_starts = _starts(texts.owners)
        for first, last in self._blocks(text_starts, len(texts.owners)):
            begin, end = text_starts[first], [*text_starts, len(texts.owners)][last]
            cosines = texts.vectors[begin:end] @ self.values.T
            best = _best(cosines, text_starts[first:last] - begin, item_starts)
            for row in np.flatnonzero(best.max(axis=1) >= threshold - _NOISE):
                mine = _range(text_starts, first + row, len(texts.owners))
                near = [
                    self._pair(texts, mine, item, item_starts)
                    for item in _shortlist(best[row], threshold, top_k)
                ]
                near = [each for each in near if each.similarity >= threshold]
                found += sorted(near, key=lambda each: (-each.similarity, each.item))[:top_k]
        return found

    def _pair(self, texts: Embedded, mine: slice, item: int, item_starts: Longs) -> Near:
        """A text and an item, their cosine the same in whatever company they are computed."""
        its = _range(item_starts, item, len(self.owners))
        cosines = texts.vectors[mine].astype(np.float64) @ self.values[its].T.astype(np.float64)
        window, other = divmod(int(cosines.argmax()), cosines.shape[1])
        start, stop = texts.spans[mine.start + window]
        item_start, item_stop = self.spans[its.start + other]
        return Near(
            text=int(texts.owners[mine.start]),
            item=item,
            similarity=round(float(cosines.max()), _DECIMALS),
            start=int(start),
            stop=int(stop),
            item_start=int(item_start),
            item_stop=int(item_stop),
        )

    def _blocks(self, starts: Longs, num_windows: int) -> Iterable[tuple[int, int]]:
        """Ranges of texts whose cosines with all items are computed at once."""
        most = max(1, _BLOCK_BYTES // (4 * len(self.owners)))
        first = 0
        ends = [*starts[1:], num_windows]
        while first < len(starts):
            last = first + 1
            while last < len(starts) and ends[last] - starts[first] <= most:
                last += 1
            yield first, last
            first = last


def _starts(owners: Longs) -> Longs:
    return np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])


def _range(starts: Longs, place: int, end: int) -> slice:
    return slice(int(starts[place]), int(starts[place + 1]) if place + 1 < len(starts) else end)


def _best(cosines: Floats, text_starts: Longs, item_starts: Longs) -> Floats:
    """The greatest cosine of any window of a text with any of an item, shape (texts, items)."""
    if len(text_starts) < cosines.shape[0]:
        cosines = np.maximum.reduceat(cosines, text_starts, axis=0)
    if len(item_starts) < cosines.shape[1]:
        cosines = np.maximum.reduceat(cosines, item_starts, axis=1)
    return cosines


def _shortlist(similarities: Floats, threshold: float, top_k: int) -> list[int]:
    """The items that may be among the top ones of a text."""
    near = np.flatnonzero(similarities >= threshold - _NOISE)
    if len(near) > top_k + _SHORTLIST:
        order = np.lexsort((near, -similarities[near]))
        near = near[order[: top_k + _SHORTLIST]]
    return [int(item) for item in near]


@dataclass(slots=True)
class Looked:
    """What was found for some texts."""

    near: list[Near]
    cut: list[int]
    """Texts whose middle no window was over."""
    blind: list[int]
    """Texts that the model cannot read, or not all of it."""
    num_windows: int


def look(texts: Sequence[str], embedder: Embedder, items: Vectors, settings: Nearness) -> Looked:
    """The nearest items of texts that are not blank.

    They are embedded some thousand at a time. Where the embedder's glance is not its last word,
    texts that may be near after it are embedded exactly.
    """
    looked = Looked([], [], [], 0)
    for start, stop in _chunks(texts):
        chunk = texts[start:stop]
        glance = embedder.glance(chunk)
        looked.num_windows += len(glance.owners)
        looked.cut += [start + text for text in glance.cut]
        looked.blind += [start + text for text in glance.blind]
        if not embedder.slack:
            near = items.nearest(glance, threshold=settings.threshold, top_k=settings.top_k)
            looked.near += [each._replace(text=start + each.text) for each in near]
            continue
        low = settings.threshold - embedder.slack
        chosen = [each.text for each in items.nearest(glance, threshold=low, top_k=1)]
        if chosen:
            exact = embedder.embed([chunk[text] for text in chosen])
            near = items.nearest(exact, threshold=settings.threshold, top_k=settings.top_k)
            looked.near += [each._replace(text=start + chosen[each.text]) for each in near]
    return looked


def _chunks(texts: Sequence[str]) -> Iterable[tuple[int, int]]:
    start = chars = 0
    for stop, text in enumerate(texts):
        if stop > start and (
            stop - start >= _TEXTS_TOGETHER or chars + len(text) > _CHARS_TOGETHER
        ):
            yield start, stop
            start, chars = stop, 0
        chars += len(text)
    if start < len(texts):
        yield start, len(texts)
