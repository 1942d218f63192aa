"""What people see of a decontamination, in a terminal and on a page."""

import io
import re
from dataclasses import replace

from rich.console import Console

from factory.decontamination.findings import Example, Findings, Tally, Touched, Unfindable
from factory.decontamination.page import decontamination_page
from factory.decontamination.report import around, decontamination_report
from factory.rownames import Repeated, RowName, Skipped

HOSTILE = "<script>alert(1)</script> [red]x[/red] \x1b[31m\u202e\ud800 {{ 7 * 7 }}"
ITEM = "A train goes 60 km in an hour; how far does it go in two hours?"
TEXT = f"{'Words before. ' * 40}{ITEM.upper()}{' Words behind.' * 40}"
FOUND = Findings(
    data="in.jsonl", out="out.jsonl", settings={"against": ["gsm8k"]}, num_rows=1_000,
    num_compared=999, num_removed=13, num_items={"gsm8k": 1_319, "humaneval": 164},
    tallies=[
        Tally(
            benchmark="gsm8k", method="ngrams.v1", num_matches=14, num_removed=12, num_touched=9
        ),
        Tally(
            benchmark="gsm8k", method="nearest.v1", num_matches=5, num_removed=1, num_touched=1
        ),
        Tally(
            benchmark="humaneval", method="ngrams.v1", num_matches=0, num_removed=0, num_touched=0
        ),
    ],
    touched=[Touched(benchmark="gsm8k", item="7", num_rows=4, text=ITEM)], num_touched=10,
    unfindable=[
        Unfindable(benchmark="gsm8k", item="3", reason="too_short", text="What is 2 + 2?")
    ],
    num_unfindable={("gsm8k", "too_short"): 2}, judged={"same": 1, "different": 4},
    problems={"null_text": 1},
    skipped=[Skipped(row=RowName(id="x", file="in.jsonl", row=12), reason="null_text")],
    repeated=Repeated(),
    examples=[
        Example(
            row=RowName(id="q-1", file="in.jsonl", row=1), benchmark="gsm8k", item="7",
            method="ngrams.v1", score=1.0, removed=True, text=TEXT, start=14 * 40,
            stop=14 * 40 + len(ITEM), item_text=ITEM,
        ),
        Example(
            row=RowName(id="q-2", file="in.jsonl", row=2), benchmark="gsm8k", item="7",
            method="nearest.v1", score=0.81, removed=False, text="How far?", start=0, stop=0,
            item_text=ITEM, decision="different", reply="Other numbers.",
        ),
    ],
    seconds=2.0,
)  # fmt: skip


def shown(found: Findings) -> str:
    console = Console(width=150, record=True, file=io.StringIO())
    for piece in decontamination_report(found):
        console.print(piece)
    return console.export_text()


def test_the_report_counts_by_benchmark_and_method_and_turns_the_table():
    text = shown(FOUND)
    for line in (
        r"read +1,000", r"removed +13 +1\.30%", r"kept +987",
        r"gsm8k +ngrams\.v1 +14 +12 +9 +1,319 +0\.68%", r"gsm8k +nearest\.v1 +5 +1 +1 +1,319",
        r"humaneval +ngrams\.v1 +0 +0 +0 +164 +0\.00%", r"pairs judged different +4",
        r"gsm8k +too_short +2 +3: 'What is 2 \+ 2\?'", r"gsm8k +7 +4 +A train goes",
        r"in\.jsonl:12 null_text", r"judge: different", r"kept rows: out\.jsonl",
    ):  # fmt: skip
        assert re.search(line, text), line


def test_a_narrow_terminal_shows_the_names_of_touched_items_as_well():
    console = Console(width=80, record=True, file=io.StringIO())
    for piece in decontamination_report(FOUND):
        console.print(piece)
    assert re.search(r"gsm8k +7 +4 +A train goes", console.export_text())


def test_what_was_found_is_marked_within_what_is_around_it():
    before, span, after = around(FOUND.examples[0])
    assert span == ITEM.upper()
    assert before.startswith("… ")
    assert before.endswith("Words before. ")
    assert after.endswith(" …")
    assert f"<mark>{ITEM.upper()}</mark>" in decontamination_page(FOUND)


def test_a_span_of_megabytes_is_shortened_in_its_middle():
    long = replace(FOUND.examples[0], text="x" * 3_000_000, start=10, stop=2_999_990)
    before, span, after = around(long)
    assert (before, after) == ("x" * 10, "x" * 10)
    assert "2,999,480 characters" in span
    assert len(span) < 600


def test_hostile_texts_stay_texts():
    example = replace(
        FOUND.examples[1], text=HOSTILE, item_text=HOSTILE, item=HOSTILE, benchmark=HOSTILE,
        reply=HOSTILE, decision=HOSTILE, method=HOSTILE, start=3, stop=len(HOSTILE),
        row=RowName(id=HOSTILE, file=HOSTILE, row=0),
    )  # fmt: skip
    found = replace(
        FOUND, data=HOSTILE, examples=[example], settings={"against": [HOSTILE]},
        touched=[Touched(benchmark=HOSTILE, item=HOSTILE, num_rows=1, text=HOSTILE)],
        unfindable=[
            Unfindable(benchmark=HOSTILE, item=HOSTILE, reason="too_short", text=HOSTILE)
        ],
        num_unfindable={(HOSTILE, "too_short"): 1},
        tallies=[
            Tally(
                benchmark=HOSTILE, method=HOSTILE, num_matches=1, num_removed=1, num_touched=1
            )
        ],
        repeated=Repeated(num_ids=1, num_rows=2, first=((HOSTILE, HOSTILE, HOSTILE),)),
    )  # fmt: skip
    text, page = shown(found), decontamination_page(found)
    assert "\x1b" not in text
    assert "[red]x[/red]" in text
    page.encode()  # no halves of surrogate pairs
    for bad in ("<script", "\x1b", "\u202e"):
        assert bad not in page
    assert "{{ 7 * 7 }}" in page


def test_the_page_loads_nothing_and_runs_no_script():
    page = decontamination_page(FOUND)
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img|iframe|object)|@import|url\(|src=|href=", page)


def test_nothing_found_is_a_report_as_well():
    empty = Findings(
        data="x", out="", settings={}, num_rows=0, num_compared=0, num_removed=0, num_items={},
        tallies=[],
    )  # fmt: skip
    assert "a dry run: no row was written" in shown(empty)
    assert "0 of 0 rows hold an item" in decontamination_page(empty)
