import random

import pytest

from factory.dedup import Exact, MinHash
from factory.shingles import tokens
from tests.factory.dedup.corpora import greedy, jaccard, random_texts


def twins(method, texts):
    return [None if d is None else d.twin for d in method.duplicates(texts)]


def test_exact_ignores_case_and_white_space_and_keeps_the_first():
    assert twins(Exact(), ["A b", "c", " a  B\n", "ab", "c"]) == [None, None, 0, None, 1]


def test_a_sentence_with_one_word_changed_is_near_and_another_sentence_is_not():
    words = [f"w{i}" for i in range(100)]
    changed = [*words[:50], "other", *words[51:]]
    texts = [" ".join(words), " ".join(changed), " ".join(reversed(words))]
    assert twins(MinHash(), texts) == [None, 0, None]


def test_every_dropped_text_has_a_kept_twin_at_least_as_similar_as_the_threshold():
    draw = random.Random(3)
    base = [draw.randrange(1000) for _ in range(60)]
    texts = []
    for _ in range(120):
        words = [w if draw.random() < 0.99 else draw.randrange(1000) for w in base]
        texts.append(" ".join(map(str, words)))
    method = MinHash(threshold=0.8)
    found = method.duplicates(texts)
    kept = {i for i, duplicate in enumerate(found) if duplicate is None}
    assert 1 < len(kept) < 120
    for position, duplicate in enumerate(found):
        if duplicate:
            a, b = method.shingles(texts[position]), method.shingles(texts[duplicate.twin])
            assert duplicate.twin in kept
            assert duplicate.similarity == len(a & b) / len(a | b) >= 0.8


@pytest.mark.parametrize("threshold", [0.01, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("num_perm", [16, 128])
def test_every_threshold_in_range_works(threshold, num_perm):
    text = " ".join(f"w{i}" for i in range(30))
    method = MinHash(threshold=threshold, num_perm=num_perm)
    assert twins(method, [text, "other words altogether", text.upper()]) == [None, None, 0]


def test_short_and_empty_texts_are_one_shingle():
    assert twins(MinHash(), ["", "a b", "A b", "a c", ""]) == [None, None, 1, None, 0]


def test_the_signature_is_datasketchs_own():
    import datasketch

    from factory.shingles import shingle_hash32

    method = MinHash(num_perm=64, seed=5)
    text = "One two three, four five six."
    theirs = datasketch.MinHash(num_perm=64, seed=5, scheme="affine32", hashfunc=shingle_hash32)
    theirs.update_batch([shingle.encode() for shingle in method.shingles(text)])
    assert method.signature(text) == theirs
    index = datasketch.MinHashLSH(num_perm=64)
    index.insert("theirs", theirs)
    assert index.query(method.signature(text.upper())) == ["theirs"]


@pytest.mark.parametrize(
    "values",
    [
        {"threshold": 0.0},
        {"ngram": 0},
        {"num_perm": 8},
        {"seed": -1},
        {"bands": 3},
        {"bands": 20, "rows": 7},
        {"max_bucket_pairs": 0},
        {"unit": "line"},
    ],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ValueError, match=f"{next(iter(values))} must be"):
        MinHash(**values)


def test_many_texts_are_compared_as_all_pairs_would_be():
    texts = random_texts(300, words=60)
    found = MinHash().duplicates(texts)
    gone = {i: (each.twin, each.similarity) for i, each in enumerate(found) if each}
    assert gone == greedy(texts, range(len(texts)))


def test_few_texts_find_the_most_similar_kept_one():
    texts = random_texts(64, words=60)
    found = MinHash().duplicates(texts)
    gone = {i: (each.twin, each.similarity) for i, each in enumerate(found) if each}
    assert gone.keys() == greedy(texts, range(len(texts))).keys()
    kept = [i for i in range(64) if i not in gone]
    for row, (twin, similarity) in gone.items():
        assert similarity == max(jaccard(texts[row], texts[i]) for i in kept if i < row)
        assert similarity == jaccard(texts[row], texts[twin])


def test_very_many_texts_that_share_all_bands_take_linear_time():
    same = " ".join(f"w{i}" for i in range(300))
    texts = [f"{same} {i}" for i in range(5_000)] + ["one text"] * 20_000 + [" ", "", "\n"]
    found = MinHash(threshold=0.999).duplicates(texts)
    assert [each.twin for each in found[5_001:25_000]] == [5_000] * 19_999
    assert [each and each.twin for each in found[25_000:]] == [None, 25_000, 25_000]


def test_a_text_without_tokens_is_white_space_which_exact_dedup_calls_equal_too():
    characters = [chr(code) for code in range(0x3100)]
    blank = [character for character in characters if not tokens(character)]
    assert {" ", "\n", "\u00a0", "\u2003"} <= set(blank)
    assert [each and each.twin for each in Exact().duplicates(["", *blank])[1:]] == [0] * len(blank)
    others = [character for character in characters if tokens(character)]
    assert 0 not in [each and each.twin for each in Exact().duplicates(["", *others])]


def test_no_text_and_odd_texts_are_compared():
    for method in (MinHash(), Exact()):
        assert method.duplicates([]) == []
        assert twins(method, ["\ud800", "a\x00b", "\ud800", "a\x00b"]) == [None, None, 0, 1]


def test_characters_may_be_compared():
    method = MinHash(unit="char", ngram=3, threshold=0.7)
    assert twins(method, ["abcdefghijk", "abcdefghijkl", "zyxwvutsrqp"]) == [None, 0, None]
