"""Which rows a mixture takes, how often each, and where they stand.

Everything is decided by hashes of the rows' ids: the same rows are taken and stand in the same
order however the data is cut into files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from factory.mixing.recipe import Ingredient, Stage
from factory.records import MODES

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known of the rows of one domain that may be taken, in their order."""

    row: Ints
    """Number in the dataset."""
    mode: npt.NDArray[np.int8]
    """Place in `MODES`."""
    topic: npt.NDArray[np.int32]
    """Place in `topics`."""
    topics: tuple[str, ...]
    length: Ints
    draw: Hashes
    """What decides whether a row is taken, and its place in a shuffle."""
    side: npt.NDArray[np.int8]
    """Place in `held_out.SIDES`."""


def copies(known: Known, ingredient: Ingredient, wanted: int | None) -> Ints:
    """How often each row is taken, shape (n,).

    Args:
        known: the rows.
        ingredient: shares, topics, and how often a row may stand.
        wanted: rows in all; None for all there are.
    """
    found = np.zeros(len(known.row), np.int64)
    for mode, number in _by_mode(known, ingredient, wanted).items():
        members = np.flatnonzero(known.mode == mode)
        weights = _weights(known, ingredient)[members]
        for topic, share in _by_topic(known.topic[members], weights, number).items():
            own = members[known.topic[members] == topic]
            times = ingredient.topics.get(known.topics[topic], 1.0)
            most = int(len(own) * ingredient.max_copies * max(times, 1.0 if times else 0.0))
            found[own] = _spread(known.draw[own], min(share, most))
    return found


def _by_mode(known: Known, ingredient: Ingredient, wanted: int | None) -> dict[int, int]:
    """Rows that are wanted of each mode."""
    there = {place: int((known.mode == place).sum()) for place in range(len(MODES))}
    total = sum(there.values())
    if ingredient.on_share is None:
        number = total if wanted is None else wanted
        on = round(number * there[0] / total) if total else 0
        return {0: on, 1: number - on}
    share = ingredient.on_share
    if wanted is None:  # as many as keep the share with what there is
        sizes = [there[0] / share] if share else []
        sizes += [there[1] / (1 - share)] if share < 1 else []
        wanted = int(min(sizes) * ingredient.max_copies)
    on = round(wanted * share)
    return {0: on, 1: wanted - on}


def _weights(known: Known, ingredient: Ingredient) -> npt.NDArray[np.float64]:
    times = np.array([ingredient.topics.get(topic, 1.0) for topic in known.topics], np.float64)
    found: npt.NDArray[np.float64] = times[known.topic]
    return found


def _by_topic(
    topics: npt.NDArray[np.int32], weights: npt.NDArray[np.float64], number: int
) -> dict[int, int]:
    """Rows that are wanted of each topic."""
    if not weights.sum():
        return {}
    names = np.unique(topics)
    found = _divided(number, np.array([weights[topics == name].sum() for name in names]))
    return dict(zip(names.tolist(), found, strict=True))


def _divided(number: int, weights: npt.NDArray[np.float64]) -> list[int]:
    """A number in parts by weight; what rounding leaves goes to the largest remainders."""
    exact = number * weights / weights.sum()
    found = np.floor(exact).astype(np.int64)
    for place in np.argsort(found - exact, kind="stable")[: number - int(found.sum())]:
        found[place] += 1
    return [int(each) for each in found]


def _spread(draw: Hashes, number: int) -> Ints:
    """So many copies over rows: each as often, and once more those that are drawn first."""
    if not len(draw):
        return np.zeros(0, np.int64)
    times, more = divmod(number, len(draw))
    found = np.full(len(draw), times, np.int64)
    found[np.argsort(draw, kind="stable")[:more]] += 1
    return found


def fitted(taken: Mapping[str, Ints], draws: Mapping[str, Hashes], rows: int) -> dict[str, Ints]:
    """The copies of a stage cut to so many rows, in the proportions of the domains."""
    totals = {name: int(each.sum()) for name, each in taken.items()}
    total = sum(totals.values())
    if total <= rows:
        return dict(taken)
    found = {}
    numbers = _divided(rows, np.array([totals[name] for name in taken], np.float64))
    for (name, each), number in zip(taken.items(), numbers, strict=True):
        places = np.repeat(np.arange(len(each)), each)
        order = np.argsort(draws[name][places], kind="stable")[:number]
        found[name] = np.bincount(places[order], minlength=len(each)).astype(np.int64)
    return found


def places(known: Sequence[Known], taken: Sequence[Ints], stage: Stage) -> list[Ints]:
    """Where each copy of each domain's rows stands in a stage: 0, 1, 2, ... over all.

    Copies of a row follow one another in the result, one array a domain.
    """
    rows = [np.repeat(np.arange(len(each)), each) for each in taken]
    draw = np.concatenate([_mixed(k.draw[r], r) for k, r in zip(known, rows, strict=True)])
    if stage.order == "shuffled":
        order = np.argsort(draw, kind="stable")
    else:
        mode = np.concatenate([k.mode[r] for k, r in zip(known, rows, strict=True)])
        length = np.concatenate([k.length[r] for k, r in zip(known, rows, strict=True)])
        order = _short_to_long(mode, length, draw)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return np.split(ranks, np.cumsum([len(each) for each in rows])[:-1])


def _mixed(draw: Hashes, rows: Ints) -> Hashes:
    """Another hash for each copy of a row, so that copies do not stand together."""
    first = np.concatenate([[True], rows[1:] != rows[:-1]]) if len(rows) else np.zeros(0, bool)
    number = np.arange(len(rows)) - np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    mixed = draw * np.uint64(0x9E3779B97F4A7C15) + number.astype(np.uint64)
    mixed ^= mixed >> np.uint64(31)
    found: Hashes = mixed * np.uint64(0xD6E8FEB86659FD93)
    return found


def _short_to_long(mode: npt.NDArray[np.int8], length: Ints, draw: Hashes) -> Ints:
    """Each mode by length, and the modes interleaved so that both run out together."""
    fraction = np.empty(len(mode), np.float64)
    for place in range(len(MODES)):
        members = np.flatnonzero(mode == place)
        order = members[np.lexsort((draw[members], length[members]))]
        fraction[order] = (np.arange(len(order)) + 0.5) / max(len(order), 1)
    found: Ints = np.lexsort((draw, mode, fraction))
    return found
