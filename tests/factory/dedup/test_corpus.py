"""Dedup of a corpus agrees with a comparison of every row with every other."""

import json
import random
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.cluster import connect
from factory.dedup import Exact, MinHash
from factory.dedup.columns import read_batches
from factory.errors import ConfigError
from tests.factory.dedup.corpora import (
    clusters,
    find,
    greedy,
    random_texts,
    removals,
    table,
    write_corpus,
)


@pytest.fixture(scope="module")
def texts():
    return random_texts(300, words=60)


@pytest.fixture(scope="module")
def data(texts, tmp_path_factory):
    draw = random.Random(4)
    rows = [
        {
            "id": f"r{i}",
            "text": text,
            "score": draw.choice([None, 1, 2.5, 3]),
            "correct": i % 3 == 0,
        }
        for i, text in enumerate(texts)
    ]
    return write_corpus(tmp_path_factory.mktemp("data") / "in", rows)


@pytest.fixture(scope="module")
def found(data, client, tmp_path_factory):
    return find(data, tmp_path_factory.mktemp("work"), client, id_column="id")


def test_the_rows_that_go_and_their_twins_are_those_of_a_comparison_of_all_pairs(texts, found):
    expected = greedy(texts, range(len(texts)))
    assert len(expected) > 50
    assert removals(found) == expected
    assert found.counts["removed"] == len(expected)
    assert found.counts["removed_exact"] + found.counts["removed_near"] == len(expected)


def test_every_row_that_goes_has_a_kept_twin_and_the_similarity_is_the_true_one(texts, found):
    gone = removals(found)
    assert not {twin for twin, _ in gone.values()} & gone.keys()


def test_clusters_are_those_of_all_pairs_and_named_by_their_first_row(texts, found):
    expected = clusters(texts)
    rows = {each["row"]: each for each in table(found, "clusters")}
    assert rows.keys() == expected.keys()
    for row, each in rows.items():
        assert each["cluster"] == min(expected[row])
        assert each["cluster_size"] == len(expected[row])
    assert found.counts["in_clusters"] == len(expected)
    assert found.counts["clusters"] == len(set(expected.values()))
    for each in table(found, "removed"):
        assert {each["joined_a"], each["joined_b"]} <= expected[each["row"]]
        assert each["row"] in (each["joined_a"], each["joined_b"])
        assert each["joined_a"] < each["joined_b"]
        assert each["joined_similarity"] >= each["similarity"] >= 0.8


def test_the_histogram_counts_every_pair_that_was_checked(found):
    assert sum(found.histogram) == found.counts["checked_pairs"] > found.counts["edges"] > 0
    assert sum(found.histogram[80:]) == found.counts["edges"]


@pytest.mark.parametrize(
    ("keep", "key"),
    [
        ("longest", lambda row, text: -len(text)),
        ("shortest", lambda row, text: len(text)),
        ("shortest_correct", lambda row, text: (row["correct"] is False, len(text))),
        ("best", lambda row, text: -(row["score"] or -1)),
        ("score, id_number desc", lambda row, text: (row["score"] or 9, -row["id_number"])),
    ],
)
def test_policies_decide_who_stays(keep, key, texts, client, tmp_path):
    draw = random.Random(4)
    rows = [
        {"text": t, "score": draw.choice([None, 1, 2.5]), "correct": i % 3 == 0, "id_number": i}
        for i, t in enumerate(texts)
    ]
    order = sorted(range(len(texts)), key=lambda i: (key(rows[i], texts[i]), i))
    result = find(write_corpus(tmp_path / "in", rows), tmp_path / "work", client, keep=keep)
    expected = greedy(texts, order)
    gone = removals(result)
    assert gone.keys() == expected.keys()
    assert {row: similarity for row, (_, similarity) in gone.items()} == {
        row: similarity for row, (_, similarity) in expected.items()
    }
    assert gone == expected


@pytest.mark.parametrize("part_bytes", [3_000, 1 << 30])
@pytest.mark.parametrize("slice_bytes", [1_000, 5_000])
def test_the_result_does_not_depend_on_parts_or_partitions(
    part_bytes, slice_bytes, data, found, client, tmp_path
):
    options = {"part_bytes": part_bytes, "slice_bytes": slice_bytes, "id_column": "id"}
    other = find(data, tmp_path / "work", client, **options)
    at_least = {3_000: 20, 1 << 30: 3}[part_bytes]
    assert len(other.rows_by_part) >= at_least
    assert _content(other) == _content(found)
    assert other.counts == found.counts
    assert other.histogram == found.histogram


def _content(result):
    """The files of the result with rows by their numbers in the corpus."""
    dropped = ("local", "twin_part", "twin_local")
    rows = [
        {name: value for name, value in each.items() if name not in dropped}
        for each in table(result, "removed") + table(result, "clusters")
    ]
    return rows, removals(result)


@pytest.mark.timeout(90)  # two processes start, and compile where nothing is kept yet
def test_the_result_does_not_depend_on_workers(data, found, tmp_path):
    with connect(None, 2, holds_model=False) as client:
        other = find(data, tmp_path / "work", client, id_column="id")
    for kind in ("removed", "clusters", "skipped", "ids"):
        for path in sorted((found.work / kind).iterdir()):
            assert path.read_bytes() == (other.work / kind / path.name).read_bytes()


def test_the_same_comparison_writes_the_same_bytes(data, found, client, tmp_path):
    again = find(data, tmp_path / "work", client, id_column="id")
    for kind in ("removed", "clusters", "skipped", "ids"):
        for path in sorted((found.work / kind).iterdir()):
            assert path.read_bytes() == (again.work / kind / path.name).read_bytes()


def test_a_chain_keeps_the_row_whose_only_neighbour_goes(client, tmp_path):
    words = [f"w{i}" for i in range(104)]
    a = " ".join(words[0:100])
    b = " ".join(words[2:102])
    c = " ".join(words[4:104])
    other = write_corpus(tmp_path / "in", [{"text": text} for text in (a, b, c)])
    method = MinHash(threshold=0.95)
    assert greedy([a, b, c], range(3), 0.95) == {1: (0, 94 / 98)}
    result = find(other, tmp_path / "work", client, method)
    assert removals(result) == {1: (0, 94 / 98)}
    assert {each["cluster_size"] for each in table(result, "clusters")} == {3}
    result = find(other, tmp_path / "other", client, method, keep="length(text) desc")
    assert removals(result) == greedy(
        [a, b, c], sorted(range(3), key=lambda i: -len([a, b, c][i])), 0.95
    )


@pytest.mark.parametrize(("threshold", "shared"), [(0.8, 80), (0.7, 70), (0.6, 60), (0.55, 55)])
def test_a_pair_exactly_at_the_threshold_is_a_repetition(threshold, shared, client, tmp_path):
    words = [f"w{i}" for i in range(104)]
    long, short = " ".join(words), " ".join(words[: shared + 4])
    shorter = " ".join(words[: shared + 3])
    for number, other in enumerate((short, shorter)):
        data = write_corpus(tmp_path / f"in{number}", [{"text": long}, {"text": other}])
        method = MinHash(threshold=threshold, bands=128, rows=1)
        result = find(data, tmp_path / f"work{number}", client, method)
        assert removals(result) == ({1: (0, threshold)} if other == short else {})


def test_clusters_are_named_by_their_first_row_whoever_stays(texts, client, tmp_path):
    rows = [{"text": text, "number": number} for number, text in enumerate(texts)]
    data = write_corpus(tmp_path / "in", rows)
    result = find(data, tmp_path / "work", client, keep="number desc")
    assert removals(result) == greedy(texts, range(len(texts) - 1, -1, -1))
    expected = {row: min(members) for row, members in clusters(texts).items()}
    assert {each["row"]: each["cluster"] for each in table(result, "clusters")} == expected


def test_rows_are_compared_only_within_their_group(client, tmp_path):
    text = " ".join(f"w{i}" for i in range(40))
    near = text + " more"
    groups = ["p", "q", "P", "p", "q", None, None]
    rows = [
        {"text": t, "g": g}
        for t, g in zip([text, text, text, near, near, text, near], groups, strict=True)
    ]
    result = find(write_corpus(tmp_path / "in", rows), tmp_path / "work", client, within="g")
    assert {row: twin for row, (twin, _) in removals(result).items()} == {3: 0, 4: 1}
    assert result.problems == {"no_group": 2}
    assert result.problem_examples[0][2] == "no_group"
    exact = find(str(tmp_path / "in"), tmp_path / "exact", client, Exact(), within="g")
    assert removals(exact) == {}


def test_rows_that_are_left_out_neither_go_nor_are_twins(client, tmp_path):
    text = " ".join(f"w{i}" for i in range(40))
    rows = [{"text": text} for _ in range(6)]
    data = write_corpus(tmp_path / "in", rows)
    result = find(data, tmp_path / "work", client, skip=_first_of_part)
    assert removals(result) == {3: (1, 1.0), 5: (1, 1.0)}
    assert result.problems == {"left_out": 3}
    assert [each["row"] for each in table(result, "skipped")] == [0, 2, 4]


def _first_of_part(part):
    import numpy as np

    return np.array([0])


def test_exact_dedup_ignores_case_and_white_space_only(client, tmp_path):
    texts = ["A b", "c", " a  B\n", "ab", "c", "", "  ", "a, b"]
    data = write_corpus(tmp_path / "in", [{"text": text} for text in texts])
    result = find(data, tmp_path / "work", client, Exact())
    assert removals(result) == {2: (0, 1.0), 4: (1, 1.0), 6: (5, 1.0)}
    assert result.counts["removed_exact"] == 3
    assert result.counts["clusters"] == 3
    assert result.quality() == {}


def test_nulls_and_texts_without_tokens(client, tmp_path):
    texts = ["", None, "\n\t", "a b", "A  b", "a c", None, "!", "?", "\x07", "\u200b", " \x07"]
    data = write_corpus(tmp_path / "in", [{"text": text} for text in texts])
    result = find(data, tmp_path / "work", client)
    assert removals(result) == {2: (0, 1.0), 4: (3, 1.0), 11: (9, 1.0)}
    assert result.problems == {"null_text": 2}
    assert {(part, local) for part, local, _ in result.problem_examples} == {(0, 1), (1, 2)}
    assert result.counts["compared"] == 10


def test_a_corpus_without_rows_has_no_duplicates(client, tmp_path):
    import polars as pl

    (tmp_path / "in").mkdir()
    pl.DataFrame({"text": []}, schema={"text": pl.String}).write_parquet(tmp_path / "in/a.parquet")
    for method in (MinHash(), Exact()):
        result = find(str(tmp_path / "in"), tmp_path / method.name, client, method, keep="longest")
        assert result.counts["removed"] == result.counts["rows"] == 0


def test_ids_that_several_rows_have_are_counted(found, client, tmp_path):
    assert found.duplicate_ids == (0, 0)
    ids = ["a", "b", "a", None, None, "a", "c", "C", "b"]
    rows = [{"text": f"text {i}", "id": each} for i, each in enumerate(ids)]
    data = write_corpus(tmp_path / "in", rows)
    result = find(data, tmp_path / "work", client, id_column="id")
    assert result.duplicate_ids == (2, 5)
    assert result.duplicate_id_examples == (("a", 0, 2), ("b", 1, 8))


@pytest.mark.parametrize(("values", "names"), [
    ([timedelta(seconds=3), timedelta(0)], ["PT3S", "PT0S"]),
    ([b"abc", b"\xff\x01"], ["abc", "ff01"]),
    ([[1, None], [2]], ["[1,null]", "[2]"]),
    ([{"a": "}"}, {"a": None}], ['{"a":"}"}', '{"a":null}']),
    ([1.5, 2.0], ["1.5", "2"]),
])  # fmt: skip
def test_ids_of_any_type_are_read(values, names, client, tmp_path):
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"text": ["a", "b", "c"], "id": [*values, None]}), path)
    result = find(str(path), tmp_path / "work", client, id_column="id", within="id")
    (batch,) = read_batches(result.ids_path(0))
    assert batch.column("id").to_pylist() == [*names, None]
    assert result.problems == {"no_group": 1}


def test_bytes_inside_of_ids_are_refused_before_the_work(client, tmp_path):
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"text": ["a"], "id": [[b"x"]]}), path)
    with pytest.raises(ConfigError, match=r"column 'id' is list<.*binary>, which is not read"):
        find(str(path), tmp_path / "work", client, id_column="id")


def test_a_group_is_the_same_beside_whole_numbers_and_others(client, tmp_path):
    path = tmp_path / "in.jsonl"
    pad = "x" * (10 << 20)
    rows = [("a", 1, ""), ("b", 2, pad), ("c", 3, pad), ("A", 1, ""), ("d", 1.5, "")]
    lines = [json.dumps({"text": text, "g": g, "pad": more}) for text, g, more in rows]
    path.write_text("\n".join(lines))
    result = find(str(path), tmp_path / "work", client, within="g")
    assert {row: twin for row, (twin, _) in removals(result).items()} == {3: 0}


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ("best", "keep 'best' is 'score desc'.*no column 'score'"),
        ("quality desc", "keep 'quality desc'.*no column 'quality'.*columns: text"),
        ("text desc", "no value of 'text' is a number"),
    ],
)
def test_a_policy_that_does_not_fit_the_data_is_refused(keep, message, client, tmp_path):
    data = write_corpus(tmp_path / "in", [{"text": "a"}, {"text": "b"}, {"text": "c"}])
    with pytest.raises(ConfigError, match=message):
        find(data, tmp_path / "work", client, keep=keep)
