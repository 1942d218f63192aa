import json
import random
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.cluster import connect
from factory.corpus import TextColumns, open_corpus
from factory.decontamination import Item, Ngrams
from factory.decontamination import reading as reading_module
from factory.decontamination.run import decontaminate
from factory.dedup.columns import read_batches
from factory.errors import ConfigError, PartError
from factory.progress import Progress

pytestmark = pytest.mark.timeout(240)  # the first call compiles the native passes

METHOD = Ngrams()
TEXT = TextColumns(column=("text",))


def filler(draw, count=60):
    return " ".join(f"w{draw.randrange(10**6)}" for _ in range(count))


def items_of(*texts, benchmark="bench"):
    return [Item(benchmark=benchmark, id=f"i{n}", text=text) for n, text in enumerate(texts)]


@pytest.fixture
def search(tmp_path, client):
    """Decontaminate rows of text, written as JSON lines or row groups: `search(rows, items)`."""

    def call(rows, items, *, kind="parquet", part_bytes=2_000, method=METHOD, work="work", **more):
        data = tmp_path / f"data.{kind}"
        if not data.exists():
            if kind == "parquet":
                pq.write_table(
                    pa.table({"text": pa.array(rows, pa.string())}), data, row_group_size=5
                )
            else:
                data.write_text("".join(json.dumps({"text": row}) + "\n" for row in rows))
        corpus = open_corpus(str(data), part_bytes=part_bytes)
        return decontaminate(
            corpus, items, method=method, columns=TEXT, work=tmp_path / work,
            client=more.pop("client", client), progress=Progress(quiet=True), **more,
        )  # fmt: skip

    return call


def removed(result):
    """Numbers of the rows that go, counted over all parts."""
    bases = np.cumsum([0, *result.rows_by_part])
    parts = range(len(result.corpus.parts))
    return [int(bases[part] + row) for part in parts for row in result.removed_rows(part)]


def evidence(result):
    parts = range(len(result.corpus.parts))
    batches = (batch for part in parts for batch in read_batches(result.matches_path(part)))
    return [row for batch in batches for row in batch.to_pylist()]


def leaky(seed=1, rows=60):
    """Rows of which every tenth holds an item."""
    draw = random.Random(seed)
    texts = [filler(draw, 30) for _ in range(10)]
    found = [filler(draw) for _ in range(rows)]
    for number in range(0, rows, 10):
        found[number] = f"{filler(draw, 9)} {texts[number // 10 % 5].upper()} {filler(draw, 9)}"
    return found, items_of(*texts)


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_rows_that_hold_an_item_go_and_the_evidence_says_why(search, kind):
    rows, items = leaky()
    result = search(rows, items, kind=kind)
    assert len(result.corpus.parts) > 5
    assert removed(result) == [0, 10, 20, 30, 40, 50]
    assert result.counts == {
        "rows": 60, "compared": 60, "left_out": 0, "matches": 6, "removed": 6, "unjudged": 0,
        "items": 10, "touched": 5,
    }  # fmt: skip
    assert result.rows_by == {("bench", "ngrams.v1"): 6}
    first = evidence(result)[0]
    assert first["span"] == items[0].text.upper() == rows[0][first["start"] : first["stop"]]
    assert (first["item"], first["method"], first["score"]) == (0, "ngrams.v1", 1.0)
    assert (first["item_start"], first["item_stop"]) == (0, len(items[0].text))


def test_the_reverse_report_tells_touched_items_with_an_example_and_counts_the_others(search):
    rows, items = leaky()
    items += items_of(items[2].text.title(), "unseen words of another set alone", benchmark="two")
    result = search(rows, items)
    assert [(each.item, each.rows) for each in result.touched] == [
        (0, 2), (1, 1), (2, 1), (3, 1), (4, 1), (10, 1),
    ]  # fmt: skip
    example = result.touched[2]
    assert sum(result.rows_by_part[: example.part]) + example.local == 20
    assert result.same_as == {10: 2}
    assert result.rows_by == {("bench", "ngrams.v1"): 6, ("two", "ngrams.v1"): 1}
    again = evidence(result)[3]
    assert (again["item"], again["item_start"], again["item_stop"]) == (10, 0, len(items[10].text))
    assert result.by_benchmark()["bench"] == {
        "items": 10, "touched": 5, "untouched": 5, "repeated": 0, "unfindable": 0,
    }  # fmt: skip
    assert result.by_benchmark()["two"] == {
        "items": 2, "touched": 1, "untouched": 1, "repeated": 1, "unfindable": 0,
    }  # fmt: skip


@pytest.mark.parametrize("part_bytes", [1_000, 10_000, 1 << 30])
def test_the_result_does_not_depend_on_the_parts(search, part_bytes):
    rows, items = leaky()
    assert removed(search(rows, items, part_bytes=part_bytes)) == [0, 10, 20, 30, 40, 50]


def test_worker_processes_find_the_same(search):
    rows, items = leaky()
    with connect(None, 2, False) as client:
        result = search(rows, items, client=client)
    assert removed(result) == [0, 10, 20, 30, 40, 50]


def test_a_later_start_reads_only_the_parts_that_are_missing(search, monkeypatch):
    rows, items = leaky()
    read, calls = reading_module.read_texts, []

    def some(part, columns):
        calls.append(part.number)
        if part.number == 3 and calls.count(3) == 1:
            raise OSError("the disk is gone")
        return read(part, columns)

    monkeypatch.setattr(reading_module, "read_texts", some)
    with pytest.raises(PartError, match="1 of .* tasks failed, what is finished is kept"):
        search(rows, items)
    first = len(calls)
    assert removed(search(rows, items)) == [0, 10, 20, 30, 40, 50]
    assert calls[first:] == [3]
    assert removed(search(rows, items)) == [0, 10, 20, 30, 40, 50]
    assert calls[first:] == [3]


def test_the_work_of_another_search_is_refused_with_what_differs(search):
    rows, items = leaky()
    search(rows, items)
    with pytest.raises(ConfigError, match=r"method\.ngram was 8 and is 13"):
        search(rows, items, method=Ngrams(ngram=13))
    with pytest.raises(ConfigError, match="items was"):
        search(rows, items[1:])


def test_another_search_in_the_same_place_looks_for_its_own_items(search, tmp_path):
    rows, items = leaky()
    search(rows, items)
    shutil.rmtree(tmp_path / "work")
    assert removed(search(rows, items[1:])) == [10, 20, 30, 40]
    shutil.rmtree(tmp_path / "work")
    (tmp_path / "data.parquet").unlink()
    assert removed(search(rows[5:], items)) == [5, 15, 25, 35, 45]


def skipping(rows_by_part, part):
    return np.array(rows_by_part.get(part, []), np.int64)


def test_rows_that_are_gone_already_are_not_looked_at(search):
    rows, items = leaky()
    skip = partial(skipping, {0: [0, 1], 2: [4]})
    result = search(rows, items, skip=skip)
    assert removed(result) == [10, 20, 30, 40, 50]
    assert (result.counts["left_out"], result.counts["compared"]) == (3, 57)


def test_a_turn_of_phrase_goes_only_where_it_stands_alone(search):
    draw = random.Random(4)
    phrase = "how are you doing today"
    rows = [f"{filler(draw, 8)} {phrase} {filler(draw, 8)}" for _ in range(30)]
    rows += [f"Hi!\n{phrase.title()}?\nFine." for _ in range(200)]
    result = search(rows, items_of(phrase, filler(draw, 20)), part_bytes=8_000)
    assert removed(result) == list(range(30, 230))
    assert result.common == {0: 30}
    assert len(evidence(result)) == result.counts["matches"] == 230
    assert [row["removed"] for row in evidence(result)] == [False] * 30 + [True] * 200


def test_a_short_item_that_is_rare_goes_wherever_it_is(search):
    draw = random.Random(5)
    rows = [f"{filler(draw, 8)} who wrote the red book {filler(draw, 8)}" for _ in range(9)]
    assert len(removed(search(rows, items_of("Who wrote the red book?")))) == 9


def test_an_item_that_leaked_into_every_row_is_found_in_every_row(search):
    draw = random.Random(6)
    rows = [f"{filler(draw, 5)} {text} {filler(draw, 5)}" for text in [filler(draw, 20)] * 500]
    item = rows[0].split(" ", 5)[5].rsplit(" ", 5)[0]
    result = search(rows, items_of(item), part_bytes=20_000)
    assert removed(result) == list(range(500))
    assert result.touched[0].rows == 500


def test_rows_that_cannot_be_compared_stay_and_are_counted_with_the_reason(search):
    rows, items = leaky(rows=20)
    rows[5:5] = [None, "", None]
    result = search(rows, items)
    assert removed(result) == [0, 13]
    assert result.problems == {"null_text": 2}
    parts = range(len(result.corpus.parts))
    skipped = [
        row
        for part in parts
        for b in read_batches(result.skipped_path(part))
        for row in b.to_pylist()
    ]
    assert [row["reason"] for row in skipped] == ["null_text"] * 2
    assert result.counts["compared"] == 21


@pytest.mark.parametrize("method", [Ngrams(), None])
def test_no_items_no_method_and_items_that_cannot_be_found(search, method):
    rows, _ = leaky(rows=20)
    assert removed(search(rows, [], method=method)) == []
    result = search(rows, items_of("", "?", "one"), method=method, work="other")
    assert removed(result) == []
    assert result.unfindable == (
        {} if method is None else {0: "no_text", 1: "no_words", 2: "too_short"}
    )


def test_a_corpus_without_rows(search):
    result = search([], items_of("an item of more than five tokens"))
    assert removed(result) == []
    assert result.counts["rows"] == 0


def test_one_very_long_row_among_others(search):
    _, items = leaky()
    rows = ["x", "lorem ipsum dolor " * 300_000 + items[3].text, "y"]
    result = search(rows, items)
    assert removed(result) == [1]
    assert evidence(result)[0]["span"] == items[3].text


def test_a_missing_column_is_an_error(search, tmp_path: Path):
    pq.write_table(pa.table({"body": ["x"]}), tmp_path / "data.parquet")
    with pytest.raises(ConfigError, match="text"):
        search([], items_of("an item of more than five tokens"))
