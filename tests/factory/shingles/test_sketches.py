"""Signatures, set hashes and bands as numbers: fixed, well spread, and the same in any layout."""

from concurrent.futures import ThreadPoolExecutor

import datasketch
import numpy as np
import psutil
import pyarrow as pa
import pytest

from factory.shingles import (
    Shingling,
    as_texts,
    band_keys,
    shingle_hash,
    shingle_sets,
    sketch,
    text_hashes,
    to_datasketch,
    to_lean,
    token_hashes,
)
from factory.shingles.kernel import jaccard
from factory.shingles.sketches import permutations
from tests.factory.shingles.raw_texts import array, texts

WORDS = Shingling()
TEXTS = ["", "one", "one two three four five", "Ein süßer Brei. 漢字 かな! 😀", None, "x" * 300]


def same(a, b) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("num_shingles", "set_hash", "signature", "band_keys")
    )


def all_hashes(rows: pa.Array) -> tuple:
    """Everything that is computed of an array, as comparable values."""
    sketched = sketch(rows, WORDS, 16, 1, bands=4, rows=4)
    offsets, values = shingle_sets(rows, WORDS)
    found = token_hashes(rows)
    return (
        sketched.num_shingles.tolist(),
        sketched.set_hash.tolist(),
        sketched.signature.tolist(),
        sketched.band_keys.tolist(),
        offsets.tolist(),
        values.tolist(),
        text_hashes(rows).tolist(),
        found.offsets.tolist(),
        found.hashes.tolist(),
        found.starts.tolist(),
        found.stops.tolist(),
    )


def test_hashes_are_these_on_every_machine():
    found = sketch(as_texts(TEXTS), WORDS, 16, 1, bands=2, rows=8)
    assert found.num_shingles.tolist() == [1, 1, 1, 6, 0, 1]
    assert found.set_hash[3].tolist() == [0x017F868008D726CF9, 0x13CA1E84FEF99933]
    assert found.signature[3, :4].tolist() == [282121583, 259739167, 167571000, 1230388486]
    assert found.band_keys[3].tolist() == [0x4D5FAAE7FD82135D, 0x6E08951A946EABDA]
    assert text_hashes(as_texts(TEXTS))[3].tolist() == [0x976CCA8B88404078, 0xD574A1379E5419A5]
    assert shingle_hash(b"a b c d e") == 0x6C0577EC9F9C02BC
    assert shingle_hash("süß!".encode(), "char") == 0x3792DC1112D137A2


@pytest.mark.parametrize(
    "rows",
    [
        pa.array(TEXTS, pa.string()),
        pa.array(TEXTS, pa.string_view()),
        pa.array(TEXTS, pa.binary()),
        pa.array(TEXTS, pa.large_binary()),
        pa.array([text and text.encode() for text in TEXTS], pa.binary_view()),
        pa.array(TEXTS, pa.large_string()).dictionary_encode(),
        pa.array(["left out", *TEXTS, None, "too"], pa.string()).slice(1, len(TEXTS)),
        pa.array([None, "é", *TEXTS, "漢"], pa.large_string()).slice(2, len(TEXTS)),
        pa.concat_arrays([pa.array(TEXTS[:2], pa.string()), pa.array(TEXTS[2:], pa.string())]),
    ],
    ids=lambda rows: str(rows.type),
)
def test_every_layout_of_arrow_gives_the_same(rows: pa.Array):
    assert all_hashes(rows) == all_hashes(pa.array(TEXTS, pa.large_string()))


@pytest.mark.parametrize(
    "rows",
    [
        pa.array([], pa.string()),
        pa.array([], pa.large_string()),
        pa.array(["a"], pa.string()).slice(1),
        pa.array([], pa.null()),
    ],
)
def test_no_rows_give_none(rows: pa.Array):
    found = sketch(rows, WORDS, 16, 1)
    assert found.signature.shape == (0, 16)
    assert shingle_sets(rows, WORDS)[0].tolist() == [0]
    assert text_hashes(rows).shape == (0, 2)
    assert token_hashes(rows).offsets.tolist() == [0]


@pytest.mark.parametrize("rows", [pa.nulls(2), pa.nulls(2, pa.string())])
def test_nulls_have_no_shingles_whatever_their_bytes(rows: pa.Array):
    found = sketch(rows, WORDS, 16, 1, bands=4, rows=4)
    assert found.num_shingles.tolist() == [0, 0]
    assert found.signature.min() == 2**32 - 1
    assert not found.set_hash.any()
    assert not found.band_keys.any()
    assert not text_hashes(rows).any()


def test_the_bytes_under_a_null_are_not_read_as_text():
    validity = pa.py_buffer(bytes([0b101]))
    offsets = pa.py_buffer(np.array([0, 1, 4, 5], np.int64))
    rows = pa.LargeStringArray.from_buffers(3, offsets, pa.py_buffer(b"axxxb"), validity)
    assert token_hashes(rows).offsets.tolist() == [0, 1, 1, 2]


def test_a_text_at_the_end_of_its_buffer_is_not_read_past():
    raw = np.frombuffer(b"a" * 200 + "é".encode(), np.uint8)
    for length in range(120, 203):
        offsets = pa.py_buffer(np.array([0, length], np.int64))
        rows = pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(raw[:length].tobytes()))
        assert token_hashes(rows).stops[-1] == length


@pytest.mark.parametrize("rows", [["a"], pa.chunked_array([["a"]]), "a", None, pa.array([1])])
def test_what_is_no_array_of_texts_is_refused(rows):
    with pytest.raises(TypeError, match="texts must be"):
        text_hashes(rows)


@pytest.mark.parametrize("places", [[0, 3, 1, 3], [0, -1, 3, 3], [0, 2**33, 3, 3]])
def test_offsets_that_leave_the_buffer_are_refused(places: list):
    offsets = pa.py_buffer(np.array(places, np.int64))
    rows = pa.LargeStringArray.from_buffers(3, offsets, pa.py_buffer(b"abc"))
    with pytest.raises(ValueError, match="damaged|at most"):
        token_hashes(rows)


def test_malformed_bytes_pass_in_views_and_dictionaries():
    raw = [b"a\xff", b"\xff\xfe", b"a\xff"]
    expected = all_hashes(array(raw))
    assert all_hashes(pa.array(raw, pa.binary_view())) == expected
    assert all_hashes(pa.array(raw, pa.binary()).dictionary_encode()) == expected


@pytest.mark.parametrize(
    "change",
    [{"num_perm": 0}, {"bands": 4, "rows": 5}, {"bands": 4}, {"rows": 4}, {"seed": -1}],
)
def test_what_does_not_fit_is_refused(change: dict):
    asked = {"num_perm": 16, "seed": 1, **change}
    with pytest.raises(ValueError, match=r"fit|[Ss]eed"):
        sketch(as_texts(["a"]), WORDS, **asked)


@pytest.mark.parametrize("change", [{"ngram": 0}, {"ngram": 257}, {"unit": "line"}])
def test_a_shingling_that_makes_no_sense_is_refused(change: dict):
    with pytest.raises(ValueError, match=next(iter(change))):
        Shingling(**change)


@pytest.mark.parametrize("num_perm", [1, 16, 63, 64, 65, 128, 200, 256])
def test_permutations_are_those_of_datasketch(num_perm: int):
    for seed in (0, 1, 2**32 - 1):
        peer = datasketch.MinHash(num_perm, seed, scheme="affine32")
        assert np.array_equal(permutations(num_perm, seed), peer.permutations)


def test_datasketch_indexes_find_our_signatures():
    near = "the quick brown fox jumps over the lazy dog and runs far away from here to the hills "
    rows = as_texts([near + "again", near + "at last", "nothing like it at all in this one here"])
    found = sketch(rows, Shingling(ngram=2), 128, 1)
    index = datasketch.MinHashLSH(threshold=0.6, num_perm=128)
    lean = datasketch.MinHashLSH(threshold=0.6, num_perm=128)
    for row, signature in enumerate(found.signature):
        index.insert(row, to_datasketch(signature, 1))
        lean.insert(row, to_lean(signature, 1))
    assert sorted(index.query(to_datasketch(found.signature[0], 1))) == [0, 1]
    assert sorted(lean.query(to_lean(found.signature[2], 1))) == [2]
    assert to_lean(found.signature[0], 1).jaccard(to_datasketch(found.signature[0], 1)) == 1


@pytest.mark.parametrize("unit", ["word", "char"])
def test_a_converted_signature_takes_more_shingles(unit: str):
    shingling = Shingling(unit=unit, ngram=2)
    rows = sketch(as_texts(["ab cd", "cd ef", "ab cd ef"]), shingling, 64, 3).signature
    converted = to_datasketch(rows[0], 3, unit=unit)
    more = ["cd ef"] if unit == "word" else ["cd", "d ", " e", "ef"]
    converted.update_batch([shingle.encode() for shingle in more])
    assert np.array_equal(converted.hashvalues, rows[2])
    assert not np.array_equal(converted.hashvalues, rows[0])


def overlapping(similarity: float, size: int, pairs: int) -> pa.Array:
    """Pairs of rows of one-token shingles, with about this Jaccard similarity."""
    rng = np.random.default_rng(5)
    common = round(2 * size * similarity / (1 + similarity))
    rows = []
    for pair in range(pairs):
        shared = [f"s{pair}_{number}" for number in range(common)]
        for side in "ab":
            own = [f"{side}{pair}_{number}" for number in range(size - common)]
            rows.append(" ".join(rng.permutation(shared + own)))
    return pa.array(rows)


@pytest.mark.parametrize(("similarity", "size"), [(0.5, 200), (0.8, 60), (0.8, 3000)])
def test_signatures_estimate_similarity_as_well_as_they_can(similarity: float, size: int):
    rows = overlapping(similarity, size, 200)
    found = sketch(rows, Shingling(ngram=1), 128, 1)
    common = round(2 * size * similarity / (1 + similarity))
    true = common / (2 * size - common)
    estimates = (found.signature[0::2] == found.signature[1::2]).mean(axis=1)
    error = np.sqrt(((estimates - true) ** 2).mean())
    expected = np.sqrt(true * (1 - true) / 128)
    assert 0.8 * expected < error < 1.2 * expected
    assert abs(estimates.mean() - true) < 4 * expected / np.sqrt(200)


def test_jaccard_of_sorted_sets():
    a, b = np.array([1, 3, 5], np.uint64), np.array([3, 5, 7, 9], np.uint64)
    none = np.array([], np.uint64)
    assert jaccard(a, b) == 2 / 5
    assert jaccard(a, a) == 1
    assert jaccard(a, none) == 0
    assert jaccard(none, none) == 1


def test_jaccard_is_that_of_python_sets():
    rng = np.random.default_rng(3)
    for _ in range(500):
        sizes = rng.integers(0, 40, 2)
        a, b = (np.unique(rng.integers(0, 60, size)).astype(np.uint64) for size in sizes)
        union = set(a.tolist()) | set(b.tolist())
        common = set(a.tolist()) & set(b.tolist())
        assert jaccard(a, b) == (len(common) / len(union) if union else 1)


def test_set_hashes_are_equal_where_sets_are():
    rows = ["a b c", "c b a a", "a b", "a b c d", "b a", "a c", "", "  "]
    found = sketch(as_texts(rows), Shingling(ngram=1), 16, 1).set_hash.tolist()
    sets = [frozenset(row.split()) for row in rows]
    for i, first in enumerate(found):
        for j, second in enumerate(found):
            assert (first == second) is (sets[i] == sets[j])
            assert (first[0] == second[0]) is (first[1] == second[1])


def test_bits_of_hashes_are_even():
    rows = pa.array([f"{number}" for number in range(20_000)])
    values = shingle_sets(rows, WORDS)[1]
    sketched = sketch(rows, WORDS, 16, 1, bands=16, rows=1)
    for hashes in (values, *sketched.set_hash.T, *text_hashes(rows).T, *sketched.band_keys.T):
        bits = np.unpackbits(np.ascontiguousarray(hashes).view(np.uint8)).reshape(-1, 64)
        assert abs(bits.mean(axis=0) - 0.5).max() < 0.02
        assert len(np.unique(hashes)) == len(rows)


def test_shingles_of_like_tokens_do_not_collide():
    rng = np.random.default_rng(1)
    rows = [" ".join(rng.choice(list("01ab"), 5)) for _ in range(4000)]
    rows += [f"{a} {b}" for a in range(200) for b in range(200)]
    values = shingle_sets(pa.array(rows), WORDS)[1]
    assert len(np.unique(values)) == len(set(rows))
    assert len(np.unique(values >> np.uint64(32))) > len(set(rows)) - 5


def test_band_keys_are_equal_where_the_band_is():
    rng = np.random.default_rng(2)
    signature = rng.integers(0, 2, (300, 24)).astype(np.uint32)
    for bands, rows in ((8, 3), (4, 6), (1, 24), (24, 1), (2, 5)):
        keys = band_keys(signature, bands, rows)
        for band in range(bands):
            part = [tuple(values) for values in signature[:, band * rows : (band + 1) * rows]]
            numbers = {values: number for number, values in enumerate(dict.fromkeys(part))}
            told = {key: number for number, key in enumerate(dict.fromkeys(keys[:, band].tolist()))}
            assert [numbers[p] for p in part] == [told[k] for k in keys[:, band].tolist()]
        distinct = [set(keys[:, band].tolist()) for band in range(bands)]
        assert sum(map(len, distinct)) == len(set().union(*distinct))


def test_bands_without_signatures_are_the_same_bands():
    rows = array(texts(seed=3, count=100))
    both = sketch(rows, WORDS, 100, 1, bands=12, rows=8)
    alone = sketch(rows, WORDS, 100, 1, bands=12, rows=8, signature=False)
    assert np.array_equal(both.band_keys, alone.band_keys)
    assert np.array_equal(both.band_keys, band_keys(both.signature, 12, 8))
    assert alone.signature.shape == (len(rows), 0)


@pytest.mark.parametrize("change", [(0, 1), (1, 0), (5, 4)])
def test_bands_that_do_not_fit_are_refused(change: tuple):
    with pytest.raises(ValueError, match="do not fit"):
        band_keys(np.zeros((1, 16), np.uint32), *change)


def test_threads_at_once_give_the_same():
    rows = array(texts(seed=4, count=400))
    alone = sketch(rows, WORDS, 128, 1, bands=16, rows=8)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: sketch(rows, WORDS, 128, 1, bands=16, rows=8), range(12)))
    assert all(same(alone, each) for each in found)


def test_a_row_of_fifty_megabytes_passes_and_leaves_no_memory_behind():
    rows = pa.array([b"word, " * (50_000_000 // 6), b"a"], pa.binary())
    process = psutil.Process()
    before = process.memory_info().rss
    found = sketch(rows, WORDS, 16, 1)
    assert process.memory_info().rss - before < 20e6
    assert found.num_shingles.tolist() == [2, 1]
    assert text_hashes(rows).any(axis=1).all()
    assert len(token_hashes(rows).hashes) == 2 * (50_000_000 // 6) + 1


@pytest.mark.parametrize("unit", ["word", "char"])
def test_a_row_of_many_shingles_has_each_once(unit: str):
    words = [f"{number}" for number in np.random.default_rng(6).integers(0, 30_000, 60_000)]
    once = {tuple(words[i : i + 2]) for i in range(len(words) - 1)}
    offsets, values = shingle_sets(pa.array([" ".join(words)]), Shingling(unit=unit, ngram=2))
    if unit == "word":
        assert offsets.tolist() == [0, len(once)]
    assert (values[1:] > values[:-1]).all()


def test_a_row_of_many_shingles_has_the_signature_of_all():
    row = " ".join(f"{number}" for number in range(30_000))
    found = sketch(pa.array([row, "a", row]), WORDS, 128, 1)
    upper = shingle_sets(pa.array([row]), WORDS)[1] >> np.uint64(32)
    peer = datasketch.MinHash(128, 1, hashfunc=int, scheme="affine32")
    peer.update_batch(upper.tolist())
    assert np.array_equal(found.signature[0], peer.hashvalues)
    assert np.array_equal(found.signature[2], peer.hashvalues)
