"""The parts that `filters.unit_tests` is made of, each by itself."""

import threading
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from factory.errors import Unjudged
from filters.unit_testing.alone import Late, Turnstile, twice_if_late
from filters.unit_testing.checker import foreign_names, matches
from filters.unit_testing.codec import ProtocolError, content, pack, unpack
from filters.unit_testing.stdio import same_output


@pytest.mark.parametrize(
    ("printed", "expected", "compare", "tolerance", "same"),
    [
        ("1 2\n", "1 2", "tokens", 0, True),
        ("1\n2", "1 2", "tokens", 0, True),
        ("1\n2", "1 2", "lines", 0, False),
        ("1 2  \n\n", "1 2", "lines", 0, True),
        ("  1 2", "1 2", "lines", 0, False),
        ("1\n\n2", "1\n2", "lines", 0, False),
        ("1 2\n", "1 2", "exact", 0, False),
        ("1 2", "1 2", "exact", 0, True),
        ("1.0", "1", "tokens", 0, False),
        ("1.0", "1", "tokens", 1e-9, True),
        ("1.1", "1", "lines", 0.1, True),
        ("1.1", "1", "exact", 0.1, False),
        ("25", "5", "tokens", 0.1, False),
        ("1000001", "1000000", "tokens", 1e-6, True),
        ("1000002", "1000000", "tokens", 1e-6, False),
        ("nan", "nan", "tokens", 0.1, True),
        ("nan", "1", "tokens", 0.1, False),
        ("inf", "1", "tokens", 0.1, False),
        ("1e999999999", "1", "tokens", 0.1, False),
        ("9" * 1_000_000, "1", "tokens", 0.1, False),
        ("1e99999999999999999999", "1", "tokens", 0.1, False),
        ("1_0", "10", "tokens", 0.1, False),
        ("-.5", "-0.5", "tokens", 1e-9, True),
        ("Yes", "YES", "tokens", 0.1, False),
        ("", "1", "tokens", 0, False),
        ("1 1", "1", "tokens", 0, False),
        ("", "", "tokens", 0, True),
    ],
)
def test_outputs_are_compared_as_the_recipe_says(printed, expected, compare, tolerance, same):
    assert same_output(printed, expected, compare, tolerance) is same


@pytest.mark.parametrize(
    ("result", "expected", "equal"),
    [
        (1, 1, True),
        (1.0, 1, True),
        (True, 1, False),
        (1, True, False),
        (True, True, True),
        (0, False, False),
        (None, None, True),
        (0, None, False),
        ("1", 1, False),
        ("a", "a", True),
        ((1, (2,)), [1, [2]], True),
        ([1], [1, 2], False),
        ({1, 2}, [1, 2], False),
        ({1: "a"}, {"1": "a"}, True),
        ({"1": "a", 1: "a"}, {"1": "a"}, False),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"b": 1}, False),
        (float("nan"), float("nan"), False),
        (float("inf"), float("inf"), True),
        (10**16 + 1, 1e16, False),
        (deque([1]), [1], False),
        (np.int64(3), 3, True),
        (np.bool_(True), True, True),
        (np.array([[1.5]]), [[1.5]], True),
        (namedtuple("Point", "x y")(1, 2), [1, 2], True),
        (Counter("a"), {"a": 1}, True),
    ],
)
def test_returned_values_are_compared_as_json(result, expected, equal):
    assert matches(result, expected, 0.0) is equal


PLAIN = [
    *(
        None,
        True,
        False,
        0,
        -1,
        2**62,
        2**63,
        -(2**64),
        10**5000,
        0.1,
        float("inf"),
        "",
        "é\ud800\x00",
    ),
    *(b"\xff\x00", 1 - 2j, [], (), {}, set(), [[1, (2, {3: {4}})]], frozenset({1, "a"})),
    *(date(1, 1, 1), datetime.max, datetime(2020, 1, 1, tzinfo=UTC), time(1, 2, 3)),
    *(timedelta(-5, 3, 7), ..., bytearray(b"\xff"), Path("a/b"), UUID(int=5)),
    *(Counter("aab"), OrderedDict([(1, 2), (0, 3)])),
    *(defaultdict(list, {1: [2]}), {1: 2}.keys(), {1: [2]}.items(), np.int64(5), np.bool_(True)),
    *(range(1, 9, 2), deque([1, [2]]), Decimal("1.10"), Fraction(1, 3), {(1, 2): [3]}),
]


def refuse(_):
    raise AssertionError("a reference")


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_plain_values_come_back_as_they_were(value):
    back = unpack(pack(value, refuse), refuse)
    assert (back, type(back)) == (value, type(value))


def test_arrays_come_back_as_they_were():
    for value in (np.array([[1, 2]]), np.array([0.1], np.float32), np.array(3), np.array([])):
        back = unpack(pack(value, refuse), refuse)
        assert (back.dtype, back.shape, back.tolist()) == (value.dtype, value.shape, value.tolist())
    for value in (np.array([object()]), np.zeros((0, 1))):
        assert pack(value, lambda _: 7) == ["r", 7]


def test_named_tuples_keep_their_names():
    back = unpack(pack(namedtuple("Point", "x y")(1, [2]), refuse), refuse)
    assert (back, back.y) == ((1, [2]), [2])


def test_subclasses_come_back_as_what_they_hold():
    class Lying(int):
        def __int__(self):
            return 7

    class Listed(list):
        def __iter__(self):
            return iter(())

    value = unpack(pack([Lying(5), Listed([1])], lambda _: 7), str)
    assert value == [5, "7"]  # the list can change, and may have more methods
    assert type(value[0]) is int
    assert content(Listed([1])) == [1]


@pytest.mark.parametrize(
    "message",
    [
        *({}, {"a": 1}, [], [1], ["?"], ["i", 5], ["i", "x"], ["b", 1], ["b", "\u1234"], ["r"]),
        *(["c", "1", 2], ["s", ["l"]], ["d", 1], ["d", ["l"], 1], ["range", 1, 2, 0], ["r", "1"]),
        *(["range", 1, 2, "3"], ["fraction", 1, 0], ["fraction", 1.5, 2], ["decimal", "x"]),
        ["decimal", 1],
        *(["array", "|O8", ["l", 1], "12345678", True], ["array", "<f8", ["l", 0, 1], "", True]),
        *(["array", "<f8", ["l", 2], "12345678", True], ["array", "<f8", "x", "", True]),
        *(["named", ["l", "_x"], 1], ["named", ["l", "x"], 1, 2], ["default", "eval"], ["date", 1]),
        *(["named", ["l", "x=print(1)"], 1], ["named"], ["date", "x"], ["timedelta", 10**10, 0, 0]),
    ],
    ids=str,
)
def test_what_is_no_value_is_refused(message):
    with pytest.raises(ProtocolError):
        unpack(message, lambda number: number)


def test_values_nested_too_deep_are_not_sent():
    value = []
    for _ in range(10_000):
        value = [value]
    with pytest.raises(ProtocolError):
        pack(value, refuse)


@pytest.mark.parametrize(
    ("test", "names"),
    [
        ("assert f(1) == len([])", ["f"]),
        ("import math\nassert math.pi == f()", ["f"]),
        ("assert math.pi == f()", ["f"]),
        ("assert calendar(1) == 2", ["calendar"]),
        ("def g(): return h()\nassert g() == 1", ["h"]),
        ("def g():\n    f = 1\n    return f\nassert f(g())", ["f"]),
        ("f = 1\nassert f", []),
        ("def g():\n    global f\n    f = 1\ng()\nassert f", []),
        ("for x in [1]:\n    assert all(k(x) for x in [x])", ["k"]),
    ],
)
def test_the_names_that_a_test_takes_from_the_program(test, names):
    assert foreign_names(test) == names


def test_who_is_late_is_tried_again_alone_and_then_unjudged():
    tries = []

    def attempt():
        tries.append(1)
        if len(tries) < 2:
            raise Late
        return "done"

    assert twice_if_late(attempt) == "done"

    def never():
        raise Late

    with pytest.raises(Unjudged, match="wall_timeout"):
        twice_if_late(never)


def test_alone_means_that_nobody_else_is_inside():
    turnstile = Turnstile()
    inside: list[str] = []
    seen: list[int] = []

    def beside(number: int) -> None:
        for _ in range(50):
            with turnstile.beside_others():
                inside.append("beside")
                inside.pop()

    def alone() -> None:
        for _ in range(20):
            with turnstile.alone():
                seen.append(len(inside))

    threads = [threading.Thread(target=beside, args=(n,)) for n in range(4)]
    threads += [threading.Thread(target=alone) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [0] * 40
