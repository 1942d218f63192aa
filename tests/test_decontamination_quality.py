"""What is told of a decontamination is what counting row by row gives."""

import polars as pl

from tests.benchmarks.decontamination_quality import Found, table

ROWS = pl.DataFrame(
    {
        "kind": ["exact", "exact", "folded", "unrelated", "unrelated", "renumbered"],
        "item": ["a", "b", "c", "", "", "d"],
        "text": [""] * 6,
    }
).vstack(pl.DataFrame({"kind": ["embedded", "paraphrased"], "item": ["e", "f"], "text": [""] * 2}))


def test_recall_precision_and_the_item_that_is_named():
    found = Found(seconds=1.0, items={0: {"a"}, 1: {"a"}, 3: {"x", "y"}, 5: {"d", "x"}})
    told = table(ROWS, found)
    assert told["exact: recall, precision, right item"] == "1.000, 0.667, 0.500"
    assert told["folded: recall, precision, right item"] == "0.000, 0.000, -"
    assert told["renumbered: recall, precision, right item"] == "1.000, 0.500, 1.000"
    assert told["unrelated rows removed"] == "1 of 2"
    assert told["items named by unrelated rows"] == "2"


def test_where_nothing_is_removed_there_is_no_precision():
    told = table(ROWS, Found(seconds=1.0, items={}))
    assert told["exact: recall, precision, right item"] == "0.000, -, -"
    assert told["unrelated rows removed"] == "0 of 2"
