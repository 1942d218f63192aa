import random

import pytest

from factory.dedup import Exact, MinHash


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

    method = MinHash(num_perm=64, seed=5)
    theirs = datasketch.MinHash(num_perm=64, seed=5)
    for shingle in method.shingles("one two three four five six"):
        theirs.update(shingle.encode())
    ours = method.signature(method.shingles("one two three four five six"))
    assert list(ours.hashvalues) == list(theirs.hashvalues)


@pytest.mark.parametrize("values", [{"threshold": 0.0}, {"ngram": 0}, {"num_perm": 8}])
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ValueError, match=f"{next(iter(values))} must be"):
        MinHash(**values)
