import datetime as dt
import math

import numpy as np
import polars as pl
import pytest

from factory.dedup import parse_keep
from factory.dedup.keep import check_orderable
from factory.errors import ConfigError


def order(keep, **columns):
    """The rows, best first."""
    keys, _ = parse_keep(keep).encode(pl.DataFrame(columns, strict=False))
    rows = np.arange(len(next(iter(columns.values()))))
    return np.lexsort([rows, *reversed(keys)]).tolist()


@pytest.mark.parametrize(
    ("values", "up", "down"),
    [
        ([3, 1, None, 2], [1, 3, 0, 2], [0, 3, 1, 2]),
        ([0.5, math.nan, -math.inf, None, -0.0, 0.0], [2, 4, 5, 0, 1, 3], [0, 4, 5, 2, 1, 3]),
        ([True, None, False, True], [2, 0, 3, 1], [0, 3, 2, 1]),
        ([None, None, None], [0, 1, 2], [0, 1, 2]),
        ([dt.date(2024, 2, 1), dt.date(2023, 1, 1), None], [1, 0, 2], [0, 1, 2]),
        ([dt.datetime(2024, 1, 1, 5), dt.datetime(2024, 1, 1, 4, 59)], [1, 0], [0, 1]),
        ([-(2**40), 2**40, 0], [0, 2, 1], [1, 2, 0]),
    ],
)  # fmt: skip
def test_values_are_ordered_with_those_that_are_none_last_either_way(values, up, down):
    assert order("v", v=values) == up
    assert order("v asc", v=values) == up
    assert order("v DESC", v=values) == down
    assert order("v desc nulls last", v=values) == down


def test_iso_dates_as_text_are_ordered_by_their_moment():
    values = [
        "2024-01-02",
        "2024-01-02T03:04:05Z",
        "no date",
        None,
        "2024-01-02 03:04:05.123456+02:00",
        "2024",
        "2024-01-02T03:04",
        "2024-01-02T03:04:05+0200",
        "1999-12-31 23:59:59-05",
        "2024-02-30",
    ]
    assert order("newest", created=values) == [1, 6, 4, 7, 0, 8, 2, 3, 5, 9]


def test_the_first_terms_decide_before_the_later_ones():
    score, text = [1, 2, 2, None], ["aaa", "bb", "b", ""]
    assert order("score desc, length(text)", score=score, text=text) == [2, 1, 0, 3]
    assert order("best", score=score) == [1, 2, 0, 3]


def test_named_policies_are_orders():
    text = ["aa", "a", "aaa"]
    assert order("longest", text=text) == [2, 0, 1]
    assert order("shortest", text=text) == [1, 0, 2]
    assert order("shortest_correct", text=text, correct=[True, None, True]) == [0, 2, 1]
    assert parse_keep("first").terms == ()


def test_expressions_may_hold_commas_in_parentheses_and_quotes():
    policy = parse_keep("coalesce(a, b) desc, \"odd, desc\"  , case when c = ',' then 1 else 0 end")
    assert [term.descending for term in policy.terms] == [True, False, False]
    assert policy.columns() == ("a", "b", "odd, desc", "c")
    assert not policy.reads_text()
    assert parse_keep("length(text)").columns() == ()
    assert parse_keep("info.score desc").columns() == ("info",)
    assert order("info.score desc", info=[{"score": 1}, {"score": 2}, {"score": None}]) == [1, 0, 2]


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ("", "must be one of first, longest"),
        ("newst", None),
        ("score descending", "cannot read 'score descending'"),
        ("score desc foo", "cannot read 'score desc foo'"),
        ("score,", "cannot read ''"),
        ("foo(score)", "unsupported function 'foo'"),
        ("1", "'1' reads no column"),
        ("max(score)", "looks at other rows"),
        ("score - avg(score)", "looks at other rows"),
        ("row_number() over (order by score)", "looks at other rows"),
        ("a as b", "only asc or desc may follow"),
        ("score); drop", "cannot read"),
    ],
)
def test_what_is_no_order_is_refused(keep, message):
    if message is None:  # a name like any other: the data may have such a column
        assert parse_keep(keep).columns() == (keep,)
        return
    with pytest.raises(ConfigError, match=message):
        parse_keep(keep)


def test_values_that_have_no_order_are_refused():
    with pytest.raises(ConfigError, match=r"'v' is List"):
        order("v", v=[[1], [2]])
    with pytest.raises(ConfigError, match=r"does not fit the data.*columns: v"):
        order("v + missing", v=[1])
    policy = parse_keep("v desc")
    frame = pl.DataFrame({"v": ["high", "low", None]})
    assert policy.encode(frame)[1] == [(2, 2)]
    with pytest.raises(ConfigError, match="no value of 'v' is a number"):
        check_orderable(policy, [[(2, 2)], [(0, 0)]])
    check_orderable(policy, [[(2, 2)], [(1, 0)]])
