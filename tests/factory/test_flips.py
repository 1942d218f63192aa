"""Verdicts of two judgements, side by side."""

import polars as pl
import pytest

from factory.flips import Flips, changes, fates, said


def frame(rows):
    """Rows of (id, mode, verdicts as (filter, decision, reason))."""
    return pl.DataFrame(
        [
            {
                "id": id,
                "prompt_id": "p",
                "domain": "d",
                "mode": mode,
                "verdicts": [
                    {"filter": name, "decision": decision, "reason": reason, "score": 1.0}
                    for name, decision, reason in verdicts
                ],
                "kept": all(decision == "keep" for _, decision, _ in verdicts),
                "expected_answer": "5",
                "answer": "6",
            }
            for id, mode, verdicts in rows
        ]
    )


KEEP = ("a.v1", "keep", "")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([KEEP], [KEEP], []),
        ([KEEP], [("a.v1", "drop", "x")], [("a", "keep", "drop x")]),
        ([("a.v1", "drop", "x")], [("a.v1", "drop", "y")], [("a", "drop x", "drop y")]),
        ([KEEP], [("a.v2", "keep", "")], []),
        ([KEEP], [KEEP, ("b.v1", "keep", "")], [("b", "not seen", "keep")]),
        ([KEEP, ("b.v1", "keep", "")], [KEEP], [("b", "keep", "not seen")]),
        (
            [("a.v1", "keep", ""), ("a.v1", "keep", "")],
            [("a.v1", "keep", ""), ("a.v1", "unjudged", "z")],
            [("a", "keep", "unjudged z")],
        ),
        ([], [], []),
    ],
)
def test_a_verdict_differs_by_decision_or_reason(old, new, expected):
    # A frame takes the type of its verdicts from its rows, so another response has some.
    rest = ("other", "off", [KEEP])
    rows = changes(frame([("r", "on", old), rest]), frame([("r", "on", new), rest])).to_dicts()
    found = [
        (
            row["filter"],
            said(row["old_decision"], row["old_reason"]),
            said(row["new_decision"], row["new_reason"]),
        )
        for row in rows
    ]
    assert found == expected


def test_fates_and_flips_add_up():
    old = frame([("1", "on", [KEEP]), ("2", "off", [("a.v1", "drop", "x")])])
    new = frame([("1", "on", [("a.v1", "drop", "x")]), ("2", "off", [KEEP])])
    flips = Flips(num_examples=1)
    flips.add(changes(old, new).to_dicts())
    flips.see(fates(old, new))
    assert flips.num_flipped == 2
    assert flips.kept["lost"] == {"on": 1, "off": 0}
    assert flips.kept["gained"] == {"on": 0, "off": 1}
