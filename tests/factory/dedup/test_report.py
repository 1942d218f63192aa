"""What people see of a dedup, in a terminal and on a page."""

import io
import re
from dataclasses import replace

from rich.console import Console

from factory.dedup.findings import Example, Findings
from factory.dedup.page import dedup_page
from factory.dedup.report import dedup_report
from factory.rownames import Repeated, RowName, Skipped

HOSTILE = "<script>alert(1)</script> [red]x[/red] \x1b[31m\u202e\ud800 {{ 7 * 7 }}"


def example(similarity: float = 0.81, **fields: object) -> Example:
    found = Example(
        row=RowName(id="q-1", file="a.jsonl", row=1), twin=RowName(id="q-0", file="a.jsonl", row=0),
        similarity=similarity, cluster_size=3, text="one two three", twin_text="one 2 three",
    )  # fmt: skip
    return replace(found, **fields)  # type: ignore[arg-type]  # fields of the dataclass


FOUND = Findings(
    data="in.jsonl", out="out.jsonl", method="minhash.v2", settings={"threshold": 0.8},
    num_rows=100_000, num_compared=99_999, num_exact=300, num_near=200, num_clusters=400,
    num_checked=5_000, num_skipped_pairs=7, problems={"null_text": 1},
    skipped=[Skipped(row=RowName(id="x", file="in.jsonl", row=12), reason="null_text")],
    repeated=Repeated(num_ids=2, num_rows=5, first=(("q-9", "in.jsonl:1", "in.jsonl:8"),)),
    bands=16, band_rows=8, threshold=0.8, histogram=[0] * 70 + [50] * 30,
    sizes={2: 390, 3: 9, 70_000: 1}, examples=[example()], seconds=2.0,
)  # fmt: skip


def shown(found: Findings) -> str:
    console = Console(width=140, record=True, file=io.StringIO())
    for piece in dedup_report(found):
        console.print(piece)
    return console.export_text()


def test_the_report_has_every_count_and_how_likely_a_pair_is_missed():
    text = shown(FOUND)
    for line in (
        r"16 bands of 8: a pair at 0\.8 is missed with probability 0\.053",
        r"read +100,000", r"not compared: null_text +1 +<0\.01%", r"compared +99,999 +>99\.99%",
        r"removed: the same shingles +300 +0\.30%", r"removed: similarity of 0\.8 or more +200",
        r"kept +99,500", r"clusters +400", r"rows in the largest +70,000",
        r"pairs checked by their true similarity +5,000", r"skipped by the cap on a bucket +7",
        r"2\.0 s, 50,000 rows/s",
        r"such as in\.jsonl:12 null_text", r"2 ids repeat, in 5 rows", r"q-9 \(in\.jsonl:1, ",
        r"kept rows: out\.jsonl",
    ):  # fmt: skip
        assert re.search(line, text), line


def test_an_exact_dedup_speaks_of_no_bands():
    text = shown(replace(FOUND, bands=0, band_rows=0, method="exact.v1", num_skipped_pairs=0))
    assert "removed: the same text" in text
    assert "bands" not in text
    assert "pairs" not in text
    assert "Which pairs" not in dedup_page(replace(FOUND, bands=0, band_rows=0))


def test_nothing_found_is_a_report_as_well():
    empty = Findings(
        data="x", out="", method="minhash.v2", settings={}, num_rows=0, num_compared=0,
        num_exact=0, num_near=0, num_clusters=0, bands=16, band_rows=8, threshold=0.8,
    )  # fmt: skip
    assert "a dry run: no row was written" in shown(empty)
    assert "0 of 0 rows repeat another" in dedup_page(empty)


def test_hostile_texts_stay_texts():
    found = replace(
        FOUND, data=HOSTILE, settings={"column": HOSTILE}, problems={HOSTILE: 1},
        skipped=[Skipped(row=RowName(id=HOSTILE, file=HOSTILE, row=1), reason=HOSTILE)],
        repeated=Repeated(num_ids=1, num_rows=2, first=((HOSTILE, HOSTILE, HOSTILE),)),
        examples=[
            example(text=HOSTILE, twin_text="", row=RowName(id=HOSTILE, file=HOSTILE, row=0))
        ],
    )  # fmt: skip
    text, page = shown(found), dedup_page(found)
    assert "\x1b" not in text
    assert "[red]x[/red]" in text
    assert "(empty)" in text
    page.encode()  # no halves of surrogate pairs
    for bad in ("<script", "\x1b", "\u202e", "49"):
        assert bad not in re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert "&lt;script&gt;" in page
    assert "{{ 7 * 7 }}" in page


def test_the_page_loads_nothing_and_runs_no_script():
    page = dedup_page(FOUND)
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img|iframe|object)|@import|url\(|src=|href=", page)


def test_the_page_draws_the_bars_on_both_sides_of_the_threshold():
    page = dedup_page(FOUND)
    assert page.count('class="keep"><title>') == 10  # bins from 0.70 to 0.80
    assert page.count('class="drop"><title>similarity') == 20
    assert "similarity 0.80 to 0.81: 50 pairs" in page
    assert 'class="curve"' in page
    assert "399 clusters of 2 to 7 rows" in page  # two doublings a bin


def test_what_differs_is_marked_on_both_sides():
    page = dedup_page(FOUND)
    assert '<span class="same">one</span><span class="differs"> two</span>' in page
    assert '<span class="differs"> 2</span>' in page


def test_a_text_of_megabytes_makes_a_short_report():
    words = " ".join(f"w{number}" for number in range(400_000))
    found = replace(FOUND, examples=[example(text=words, twin_text=words + " more")])
    assert len(dedup_page(found)) < 60_000
    assert len(shown(found)) < 20_000
