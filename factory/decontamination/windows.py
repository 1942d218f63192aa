"""Long texts in windows: what does not fit a model at once is compared piece by piece.

The mean over a long text drowns a problem that stands in its middle, and a model sees nothing of
what comes after its maximum. So a longer text has several vectors, one a window, and is as similar
to another as its nearest window is. Windows overlap, so that no sentence is torn in all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Embedded:
    """Vectors of some texts, those of one text next to each other, in the order of the texts."""

    vectors: np.ndarray
    """float32, shape (windows, dimensions), each of length 1, or 0 where it cannot be read."""
    owners: np.ndarray
    """int64, shape (windows,), rising: the text that a window is of."""
    spans: np.ndarray
    """int64, shape (windows, 2): its characters in that text."""
    cut: tuple[int, ...] = ()
    """Texts so long that no window was over their middle, rising."""
    blind: tuple[int, ...] = ()
    """Texts of which the model cannot read a window, since most of it is in signs or words that it
    does not know, rising: all such look alike to it. The window's vector is 0, near to nothing."""

    @classmethod
    def of(
        cls,
        vectors: np.ndarray,
        owners: Sequence[int],
        spans: Sequence[Span],
        *,
        cut: Sequence[int],
        blind: Sequence[int] = (),
    ) -> "Embedded":
        """The same from lists; `blind` numbers the windows that cannot be read."""
        vectors[list(blind)] = 0
        return cls(
            vectors=vectors,
            owners=np.array(owners, np.int64),
            spans=np.array(spans, np.int64).reshape(-1, 2),
            cut=tuple(cut),
            blind=tuple(sorted({owners[window] for window in blind})),
        )


UNREADABLE = 0.5
"""The share of unknown tokens above which a window cannot be read."""


def num_windows(length: int, *, room: int, overlap: int) -> int:
    """How many windows `spread` needs to cover a text."""
    return 1 if length <= room else 1 + -(-(length - room) // (room - overlap))


def spread(length: int, *, room: int, overlap: int, most: int) -> list[Span]:
    """Windows over `length` units: full ones, evenly spaced, the first and last at the ends.

    Args:
        length: of the text, in tokens or characters.
        room: units that a window holds.
        overlap: units that two neighbours share at least.
        most: windows at most; where more are needed, half of them stand at the beginning and half
            at the end.
    """
    if length <= room:
        return [(0, length)]
    number = num_windows(length, room=room, overlap=overlap)
    if number <= most:
        starts = [(length - room) * i // (number - 1) for i in range(number)]
    else:
        step = room - overlap
        head = -(-most // 2)
        starts = [step * i for i in range(head)]
        starts += [length - room - step * i for i in reversed(range(most - head))]
    return [(start, start + room) for start in starts]


def shorten(text: str, limit: int) -> tuple[str, int]:
    """(the beginning and the end of a text of more than `limit` characters, what is left out).

    A place behind the middle of the shortened text lies by what was left out further behind.
    """
    if len(text) <= limit:
        return text, 0
    half = limit // 2
    return text[:half] + text[len(text) - half :], len(text) - 2 * half


def places(spans: Sequence[Span], limit: int, left_out: int) -> list[Span]:
    """Spans of a shortened text as spans of the whole; see `shorten`."""
    if not left_out:
        return list(spans)
    half = limit // 2
    return [
        (start + left_out * (start >= half), stop + left_out * (stop > half))
        for start, stop in spans
    ]
