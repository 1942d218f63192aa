"""Work in several processes, results in order."""

import math
import os

import pytest

from factory.errors import RunError
from factory.inorder import in_order


# Processes that are started anew import functions by name, and tests have none that they can find.
@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers):
    items = [20_000, 1, 2, 3, 4, 5]  # the first takes longest
    assert list(in_order(math.factorial, items, workers=workers)) == [*map(math.factorial, items)]


def test_items_are_taken_only_as_far_ahead_as_there_is_room():
    taken = []

    def items():
        for number in range(50):
            taken.append(number)
            yield number

    results = in_order(math.factorial, items(), workers=2)
    assert next(results) == 1
    assert len(taken) <= 5
    results.close()


def test_one_item_needs_no_process():
    assert list(in_order(lambda number: number + 1, [1], workers=8)) == [2], "no pickling"
    assert list(in_order(math.factorial, [], workers=8)) == []


def test_a_process_that_dies_is_told_with_the_way_out():
    with pytest.raises(RunError, match="--workers 1"):
        list(in_order(os._exit, range(3, 9), workers=2))
