"""Large buckets are compared in linear time, and what is left out is counted."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from factory.dedup import MinHash
from factory.dedup.bandfile import order_bits
from factory.dedup.buckets import arrange, largest_bucket, pair_rows
from factory.dedup.check import gathered
from factory.dedup.sorting import NO_KEYS, find_runs, key_order, sort_positions
from tests.factory.dedup.corpora import find, removals, table, write_corpus


def pairs_of(rows, orders, starts, most):
    rows = np.array(rows, np.uint32)
    arrange(rows, np.array(orders, np.uint32), np.array(starts), most)
    found = [int(each) for batch in pair_rows(rows, np.array(starts), most) for each in batch]
    assert len(found) == len(set(found)), "a pair comes once for a bucket"
    return {(each >> 32, each & 0xFFFFFFFF) for each in found}


def test_all_pairs_of_a_small_bucket_are_taken_and_none_across_buckets():
    found = pairs_of([9, 3, 5, 1, 2], [0] * 5, [0, 3, 5], 64)
    assert found == {(3, 9), (5, 9), (3, 5), (1, 2)}


def test_rows_of_a_large_bucket_meet_the_first_ones_and_their_neighbours():
    rows = np.arange(100)
    orders = np.array([(7 * i) % 100 for i in rows])
    found = pairs_of(rows, orders, [0, 100], 64)
    near = {rows[order] for order in np.argsort(orders)}
    assert {(a, b) for a in range(4) for b in range(a + 1, 100)} <= found
    ranked = [int(row) for row in np.argsort(orders) if row >= 4]
    neighbours = {
        tuple(sorted((ranked[i], ranked[j])))
        for i in range(96)
        for j in range(i + 1, min(i + 5, 96))
    }
    assert {pair for pair in found if pair[0] >= 4} == neighbours
    assert near == set(range(100))


def test_pairs_come_in_batches_that_lose_none(monkeypatch):
    monkeypatch.setattr("factory.dedup.buckets._BATCH", 200)
    sizes = [2, 64, 65, 3, 70, 2]
    starts = np.cumsum([0, *sizes])
    rows = np.arange(starts[-1], dtype=np.uint32)
    batches = list(pair_rows(rows, starts, 64))
    assert len(batches) > 10
    found = {int(each) for batch in batches for each in batch}
    small = [combinations(range(a, b), 2) for a, b in pairwise(starts) if b - a <= 64]
    for a, b in (pair for pairs in small for pair in pairs):
        assert (int(a) << 32 | int(b)) in found


def test_the_pairs_of_a_cluster_are_checked_one_after_the_other():
    clusters = [(1, 50, 90), (2, 10, 60, 91), (3, 92)]
    pairs = sorted(pair for rows in clusters for pair in combinations(rows, 2))
    found = gathered(np.array([a << 32 | b for a, b in pairs], np.uint64))
    assert [(int(each) >> 32, int(each) & 0xFFFFFFFF) for each in found] == [
        pair for rows in clusters for pair in combinations(rows, 2)
    ]


def test_a_bucket_of_very_many_rows_gives_pairs_in_proportion():
    number = 400_000
    rows = np.arange(number, dtype=np.uint32)
    orders = np.random.default_rng(1).integers(0, 2**32, number, dtype=np.uint32)
    starts = np.array([0, number])
    arrange(rows, orders, starts, 64)
    assert sum(len(batch) for batch in pair_rows(rows, starts, 64)) < 9 * number


@pytest.mark.parametrize("keys", [[], [5], [5, 5], [7, 1, 7, 1, 7], [0, 2**64 - 1, 0]])
def test_equal_keys_stand_in_runs_in_the_order_of_their_rows(keys):
    found = np.array(keys, np.uint64)
    members, starts = find_runs(sort_positions(found), found, NO_KEYS)
    runs = [members[a:b].tolist() for a, b in pairwise(starts)]
    expected = [[i for i, k in enumerate(keys) if k == key] for key in sorted(set(keys))]
    assert runs == [run for run in expected if len(run) > 1]


def test_keys_that_differ_in_their_lowest_bits_or_in_the_second_key_are_not_equal():
    draw = np.random.default_rng(2)
    keys = np.uint64(1 << 40) + draw.integers(0, 5, 1000, dtype=np.uint64)
    more = draw.integers(0, 3, 1000, dtype=np.uint64)
    members, starts = find_runs(sort_positions(keys), keys, more)
    runs = {tuple(members[a:b].tolist()) for a, b in pairwise(starts)}
    expected = {
        tuple(np.flatnonzero((keys == k) & (more == m)).tolist())
        for k in np.unique(keys)
        for m in range(3)
    }
    assert runs == expected
    assert sorted(key_order(keys).tolist()) == list(range(1000))


def test_order_bits_are_those_of_the_values_after_a_band():
    draw = np.random.default_rng(3)
    signature = draw.integers(0, 2**32, (5, 40), dtype=np.uint32)
    orders = np.empty((5, 8), np.uint32)
    order_bits(signature, 8, 5, orders)
    for row in range(5):
        for band in range(8):
            places = [(5 * (band + 1) + i) % 40 for i in range(32)]
            bits = "".join(str(int(signature[row, place]) >> 3 & 1) for place in places)
            assert f"{orders[row, band]:032b}" == bits


@pytest.mark.parametrize(("pairs", "rows"), [(1, 8), (496, 32), (495, 31), (10_000, 141)])
def test_a_cap_on_pairs_is_a_cap_on_rows(pairs, rows):
    assert largest_bucket(pairs) == rows


def test_pairs_that_are_skipped_are_counted(client, tmp_path):
    same = " ".join(f"w{i}" for i in range(200))
    texts = [f"{same} {i} {i + 1} {i + 2}" for i in range(150)]
    data = write_corpus(tmp_path / "in", [{"text": text} for text in texts])
    method = MinHash(threshold=0.9, bands=1, rows=1, num_perm=16)
    capped = find(data, tmp_path / "capped", client, method)
    whole = find(
        data, tmp_path / "whole", client, MinHash(**{**_fields(method), "max_bucket_pairs": 10**6})
    )
    assert whole.counts["skipped_pairs"] == whole.counts["large_buckets"] == 0
    assert capped.counts["large_buckets"] == 1
    checked = whole.counts["checked_pairs"]
    assert capped.counts["skipped_pairs"] + capped.counts["checked_pairs"] == checked
    assert capped.counts["skipped_pairs"] > 0.7 * checked
    assert removals(capped) == removals(whole)


def _fields(method):
    return {
        "threshold": method.threshold,
        "bands": method.bands,
        "rows": method.rows,
        "num_perm": method.num_perm,
    }


def test_one_text_shared_by_very_many_rows_is_found_in_linear_time(client, tmp_path):
    import polars as pl

    (tmp_path / "in").mkdir()
    text = " ".join(f"w{i}" for i in range(20))
    frame = pl.DataFrame({"text": [text] * 50_000 + [text + " more", "another"]})
    frame.write_parquet(tmp_path / "in" / "a.parquet")
    result = find(str(tmp_path / "in"), tmp_path / "work", client)
    assert result.counts["removed_exact"] == 49_999
    assert result.counts["removed"] == 50_000
    assert result.counts["checked_pairs"] == 1
    assert {each["cluster_size"] for each in table(result, "clusters")} == {50_001}
    assert {twin for twin, _ in removals(result).values()} == {0}


def test_one_band_shared_by_very_many_different_rows_is_compared_in_linear_time(client, tmp_path):
    import polars as pl

    (tmp_path / "in").mkdir()
    same = " ".join(f"w{i}" for i in range(30))
    texts = [f"{same} " + " ".join(f"x{i}y{j}" for j in range(26)) for i in range(20_000)]
    pl.DataFrame({"text": texts}).write_parquet(tmp_path / "in" / "a.parquet")
    method = MinHash(num_perm=16, bands=2, rows=1)
    result = find(str(tmp_path / "in"), tmp_path / "work", client, method)
    assert result.counts["removed"] == 0
    assert result.counts["checked_pairs"] <= 2 * 9 * 20_000
    assert result.counts["skipped_pairs"] > 10**7
