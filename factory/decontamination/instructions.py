"""Which n-grams of an item are its own: those that touch no instruction at its beginning or end.

A benchmark may say `Put your final answer in a box.` around each of its items. Where an item leaks
without that, the n-grams that are half instruction are missing, and must not count as missing.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def own_grams(
    items: npt.NDArray[Any], places: npt.NDArray[Any], sizes: Longs, length: int, frequent: Bools
) -> Bools:
    """Which of some n-grams share no token with a frequent run that begins or ends their item.

    Args:
        items: of the n-grams, each of an item once.
        places: of their first tokens.
        sizes: of all items, in tokens.
        length: of the n-grams.
        frequent: which of them are boilerplate.
    """
    own = ~frequent
    for distance in (places, sizes[items] - length - places):
        runs = _runs(items[frequent], distance[frequent], sizes.size)[items]
        own &= (runs == 0) | (distance >= runs + length - 1)
    return own


def _runs(items: npt.NDArray[Any], distance: npt.NDArray[Any], num_items: int) -> Longs:
    """How many of some n-grams stand at an end of each item without a gap."""
    order = np.lexsort((distance, items))
    items, distance = items[order], distance[order]
    rank = np.arange(items.size) - np.searchsorted(items, items)
    return np.bincount(items[distance == rank], minlength=num_items)
