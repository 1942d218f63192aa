"""Items with the same tokens: those that repeat each other, and those that signs tell apart."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from factory.decontamination.items import Item


def told_apart(
    items: Sequence[Item], same_as: npt.NDArray[np.int32]
) -> tuple[dict[int, int], dict[int, tuple[tuple[int, ...], ...]]]:
    """The `repeats` and the `twins` of an index.

    Args:
        items: of all sets.
        same_as: for each the first that has the same tokens.
    """
    repeats: dict[int, int] = {}
    twins: dict[int, tuple[tuple[int, ...], ...]] = {}
    groups: dict[int, list[int]] = {}
    for number, first in enumerate(same_as.tolist()):
        groups.setdefault(first, []).append(number)
    for first, numbers in groups.items():
        if len(numbers) > 1:
            apart: dict[str, int] = {}
            sets: dict[str, dict[str, int]] = {}
            for number in numbers:
                signs = spelled(items[number].text)
                if (other := apart.setdefault(signs, number)) != number:
                    repeats[number] = other
                sets.setdefault(items[number].benchmark, {}).setdefault(signs, number)
            twins[first] = tuple(tuple(each.values()) for each in sets.values())
    return repeats, twins


def spelled(text: str) -> str:
    """A text with its signs, without case and white space."""
    return "".join(text.casefold().split())
