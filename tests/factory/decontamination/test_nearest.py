"""Rows that are near to benchmark items: parts, restarts, hostile texts."""

import dataclasses
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from distributed import Client

from factory.corpus import TextBatch
from factory.decontamination import nearest, neighbours
from factory.decontamination.benchmark_texts import benchmark_texts
from factory.decontamination.candidates import PASSAGE_CHARS, PartSearch, passage_of
from factory.decontamination.embedding import ScriptedEmbedding
from factory.decontamination.hashed_words import HashedWords
from factory.decontamination.items import Item
from factory.decontamination.neighbours import Vectors
from factory.decontamination.windows import Embedded
from factory.errors import PartError
from tests.factory.decontamination.near_corpora import SCRIPTED, corpus, items, search_for

ITEM = "how many apples has Janet after she sells four of her seven apples"
OTHER = "what is the area of a circle with a radius of three metres"


# A part.


def part_search(*wanted: str) -> PartSearch:
    texts = benchmark_texts(items(*wanted))
    model = HashedWords(SCRIPTED)
    found = model.embed(texts.texts)
    model.num_embedded = 0
    return PartSearch(texts, Vectors(found.vectors, found.owners, found.spans), model, SCRIPTED)


def batch(*texts: str | None, start: int = 0) -> TextBatch:
    import polars as pl

    return TextBatch(
        start=start, texts=pa.array(texts, pa.large_string()), problems=(), extra=pl.DataFrame()
    )


def test_equal_texts_of_a_part_are_embedded_once():
    searched = part_search(ITEM)
    texts = [f"Well, {ITEM}", "something else", f"Well, {ITEM}"]
    rows = list(searched.rows([batch(*texts), batch(*texts, start=3)], np.array([], np.int64)))
    assert [local for local, _ in rows] == [0, 2, 3, 5]
    assert isinstance(searched.embedder, HashedWords)
    assert searched.embedder.num_embedded == 2


def test_a_text_that_says_an_item_but_for_case_and_white_space_is_not_embedded():
    searched = part_search(OTHER, ITEM, f" {ITEM.upper()}\n")
    ((_, (hit,)),) = searched.rows([batch(f"\t{ITEM.title()}  ")], np.array([], np.int64))
    assert (hit.item, hit.exact, hit.similarity) == (1, True, 1.0)
    assert searched.texts.items == ((0,), (1, 2))
    assert searched.counts.embedded == 0


def test_rows_that_are_null_blank_or_left_out_are_counted_and_not_embedded():
    searched = part_search(ITEM)
    rows = [batch(None, "", " \n", f"{ITEM}?", f"{ITEM}!")]
    found = list(searched.rows(rows, np.array([3], np.int64)))
    assert [local for local, _ in found] == [4]
    assert (searched.counts.rows, searched.counts.blank, searched.counts.embedded) == (3, 2, 1)


def test_blank_items_have_no_text_and_equal_ones_have_one():
    texts = benchmark_texts(items("", ITEM, " \n", ITEM.upper(), OTHER))
    assert texts.texts == (ITEM, OTHER)
    assert texts.items == ((1, 3), (4,))


def test_a_row_too_long_to_be_looked_at_whole_is_counted_and_listed(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(neighbours, "_TEXTS_TOGETHER", 1)
    searched = part_search(ITEM)
    texts = ["short", "w " * 3000, f"{'w ' * 700}{ITEM} {'w ' * 700}"]
    found = list(searched.rows([batch(*texts)], np.array([], np.int64)))
    assert (searched.counts.cut, searched.counts.cut_rows) == (1, [1])
    assert found == []


class Illiterate(HashedWords):
    """Cannot read texts that begin with a question mark."""

    def embed(self, texts: Sequence[str]) -> Embedded:
        seen = super().embed(texts)
        blind = [n for n, text in enumerate(texts) if text.startswith("?")]
        seen.vectors[np.isin(seen.owners, blind)] = 0
        return dataclasses.replace(seen, blind=tuple(blind))

    glance = embed


def test_what_the_model_cannot_read_is_near_to_nothing_and_listed(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(nearest, "make_embedder_once", lambda *_, **__: Illiterate(SCRIPTED))
    found = corpus(tmp_path, [f"? {ITEM}", f"so {ITEM}", "? x", f"? {ITEM}"])
    near, counts = search_for(client, found, items(ITEM, "? x y"), tmp_path / "work")
    assert [row["local"] for row in near] == [1]
    assert (counts["blind"], counts["blind_items"]) == (3, 1)
    said = json.loads((tmp_path / "work" / "candidates" / "part-00000.json").read_text())
    assert said["blind_rows"] == [0, 2, 3]


def test_a_directory_that_is_used_again_for_other_items_finds_those(client: Client, tmp_path: Path):
    found = corpus(tmp_path, [f"so {ITEM}", f"so {OTHER}"])
    for wanted, local in ((ITEM, 0), (OTHER, 1)):
        near, _ = search_for(client, found, items(wanted), tmp_path / "work")
        assert [row["local"] for row in near] == [local]
        shutil.rmtree(tmp_path / "work")


def test_a_long_row_shows_a_judge_what_is_around_the_nearest_window():
    text = "a" * 20_000 + "X" + "b" * 20_000
    passage = passage_of(text, 20_000, 20_001)
    assert len(passage) == PASSAGE_CHARS
    assert abs(passage.index("X") - PASSAGE_CHARS // 2) <= 1
    assert passage_of(text, 0, 10) == text[:PASSAGE_CHARS]
    assert passage_of(text, 40_000, 40_001) == text[-PASSAGE_CHARS:]
    assert passage_of("short", 0, 5) == "short"


# All parts.

ROWS = [ITEM.upper(), "nothing alike", None, f"Say, {ITEM}", "", f"{OTHER} please", f"Say, {ITEM}"]


def test_what_is_near_does_not_depend_on_how_rows_and_items_are_divided(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    wanted = [*items(OTHER, ITEM, "", ITEM.title()), Item(benchmark="c", id="x", text=" ")]
    results = []
    for name, files in {"one": [ROWS], "three": [ROWS[:3], ROWS[3:4], ROWS[4:]]}.items():
        monkeypatch.setattr(nearest, "_ITEMS", len(files[0]) - 2)
        (tmp_path / name).mkdir()
        found = corpus(tmp_path / name, *files)
        rows, counts = search_for(client, found, wanted, tmp_path / name / "work")
        starts = np.cumsum([0, *(len(file) for file in files)])
        results.append([{**r, "local": r["local"] + starts[r["part"]], "part": 0} for r in rows])
        assert (counts["near"], counts["exact"], counts["blank"]) == (4, 1, 1)
    assert results[0] == results[1]
    said = [(r["local"], r["item"], r["judgement"], r["removed"]) for r in results[0]]
    assert said == [
        (0, 1, "exact", True), (0, 3, "exact", True), (3, 1, "", True), (3, 3, "", True),
        (5, 0, "", True), (6, 1, "", True), (6, 3, "", True),
    ]  # fmt: skip
    assert results[0][4]["span"] == f"{OTHER} please"
    assert results[0][4]["method"] == "nearest.v1"


def test_a_later_start_makes_only_what_is_missing(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found = corpus(tmp_path, ROWS, ROWS, ROWS)
    before = search_for(client, found, items(ITEM), tmp_path / "work")
    files = {path: path.read_bytes() for path in (tmp_path / "work").rglob("*.*")}
    lost = [tmp_path / "work" / kind / "part-00001.arrow" for kind in ("candidates", "near")]
    for path in lost:
        path.unlink()
    embedded: list[int] = []
    embed = HashedWords.embed

    def counted(self: HashedWords, texts: Sequence[str]) -> Embedded:
        embedded.append(len(texts))
        return embed(self, texts)

    monkeypatch.setattr(HashedWords, "glance", counted)
    monkeypatch.setattr(HashedWords, "embed", counted)
    assert search_for(client, found, items(ITEM), tmp_path / "work") == before
    assert embedded == [3]
    assert {path: path.read_bytes() for path in files} == files


def test_rows_that_go_for_their_ngrams_are_not_looked_at(client: Client, tmp_path: Path):
    found = corpus(tmp_path, [f"so {ITEM}", f"or {ITEM}", f"and {ITEM}"])
    near, counts = search_for(client, found, items(ITEM), tmp_path / "work", removed=[0, 2])
    assert [row["local"] for row in near] == [1]
    assert counts["embedded"] == 1


def test_hostile_texts_are_rows_like_others(client: Client, tmp_path: Path):
    rows = ["\u0000", "\u202e" + ITEM, "x" * 5_000_000, "🙂" * 100, ITEM + "\u200b", "ﷺ" * 50]
    near, counts = search_for(client, corpus(tmp_path, rows), items(ITEM, "🙂"), tmp_path / "work")
    assert counts["embedded"] == 6
    assert {row["local"] for row in near} == {1, 4}


def test_a_damaged_working_file_is_named_with_the_way_out(client: Client, tmp_path: Path):
    found = corpus(tmp_path, ROWS)
    search_for(client, found, items(ITEM), tmp_path / "work")
    for path in [tmp_path / "work" / "near" / "part-00000.arrow"]:
        path.unlink()
    (tmp_path / "work" / "candidates" / "part-00000.arrow").write_bytes(b"ARROW1")
    with pytest.raises(PartError, match="candidates/part-00000.arrow: damaged.*delete it"):
        search_for(client, found, items(ITEM), tmp_path / "work")
    counts = tmp_path / "work" / "candidates" / "part-00000.json"
    assert json.loads(counts.read_text())["near"] == 3


def test_a_set_of_blank_items_finds_nothing(client: Client, tmp_path: Path):
    near, counts = search_for(client, corpus(tmp_path, ROWS), items("", " "), tmp_path / "work")
    assert near == []
    assert counts["embedded"] == 4
    assert ScriptedEmbedding(threshold=-1).threshold == -1
