"""The native pass against the same in plain Python, on texts that nothing may break on."""

import datasketch
import numpy as np
import pytest

from factory.shingles import (
    Shingling,
    as_texts,
    shingle_hash,
    shingle_hash32,
    shingle_sets,
    shingles,
    sketch,
    text_hashes,
    token_hash,
    token_hashes,
    token_spans,
    tokens,
)
from factory.shingles.lanes import native
from factory.shingles.reference import set_hash, text_hash
from factory.shingles.scanning import decode
from tests.factory.shingles.raw_texts import array, texts

RAW = texts(seed=1, count=1500)
SHINGLINGS = [
    Shingling(),
    Shingling(ngram=1),
    Shingling(ngram=13),
    Shingling(unit="char", ngram=5),
    Shingling(unit="char", ngram=1),
]


def written(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("shingling", SHINGLINGS, ids=str)
def test_sets_of_shingles_are_those_of_the_reference(shingling: Shingling):
    offsets, values = shingle_sets(array(RAW), shingling)
    for row, raw in enumerate(RAW):
        expected = sorted(
            shingle_hash(written(shingle), shingling.unit) for shingle in shingles(raw, shingling)
        )
        assert values[offsets[row] : offsets[row + 1]].tolist() == expected, raw


@pytest.mark.parametrize("shingling", SHINGLINGS[::3], ids=str)
def test_sketches_are_those_of_the_reference_and_of_datasketch(shingling: Shingling):
    def hashfunc(shingle: bytes) -> int:
        return shingle_hash32(shingle, shingling.unit)

    raws = RAW[::3]
    found = sketch(array(raws), shingling, 100, 7)
    for row, raw in enumerate(raws):
        found_shingles = [written(shingle) for shingle in shingles(raw, shingling)]
        hashes = frozenset(shingle_hash(shingle, shingling.unit) for shingle in found_shingles)
        assert found.num_shingles[row] == len(hashes)
        assert tuple(found.set_hash[row].tolist()) == set_hash(hashes)
        peer = datasketch.MinHash(100, 7, hashfunc=hashfunc, scheme="affine32")
        peer.update_batch(found_shingles)
        assert np.array_equal(found.signature[row], peer.hashvalues), raw


def test_hashes_of_texts_are_those_of_the_reference():
    found = text_hashes(array(RAW))
    for row, raw in enumerate(RAW):
        assert tuple(found[row].tolist()) == text_hash(raw), raw


def test_tokens_and_their_spans_are_those_of_the_reference():
    found = token_hashes(array(RAW))
    for row, raw in enumerate(RAW):
        place = slice(found.offsets[row], found.offsets[row + 1])
        expected = [token_hash(written(token)) for token in tokens(raw)]
        assert found.hashes[place].tolist() == expected, raw
        spans = list(zip(found.starts[place].tolist(), found.stops[place].tolist(), strict=True))
        assert spans == token_spans(raw), raw


def test_a_row_as_long_as_a_window_and_many_more_agrees():
    raws = [b"ab, c" * 4000, "né mal ".encode() * 3000, b"z" * 70_000, b"., " * 30_000]
    raws += [" ".join(f"w{i}" for i in range(2**16)).encode()]
    offsets, values = shingle_sets(array(raws), Shingling())
    for row, raw in enumerate(raws):
        expected = sorted(shingle_hash(written(s)) for s in shingles(raw, Shingling()))
        assert values[offsets[row] : offsets[row + 1]].tolist() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n\x1c\u2003\u3000", []),
        ("Hello, World_1!", ["hello", ",", "world_1", "!"]),
        ("don't", ["don", "'", "t"]),
        ("ÉCOLE Ünï", ["école", "ünï"]),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
        ("漢字かなカナー", list("漢字かなカナー")),
        ("abc漢def", ["abc", "漢", "def"]),
        ("한국어", ["한국어"]),
        ("สวัสดี", list("สวัสดี")),
        ("3½ ²", ["3½", "²"]),
        ("👍🏽", ["👍", "🏽"]),
        ("a\u200bb", ["a", "\u200b", "b"]),
        ("ΣΑΣ ς", ["σασ", "σ"]),
        ("\0\0", ["\0", "\0"]),
        ("İI", ["İi"]),
        (b"a\xffb\xe6\xbc", ["a", "\udcff", "b", "\udce6", "\udcbc"]),
        ("\ud800", ["\udced", "\udca0", "\udc80"]),
    ],
)
def test_tokens_are_words_single_signs_and_single_ideographs(text: str | bytes, expected: list):
    assert tokens(text) == expected


def test_spans_count_characters_of_a_text_and_bytes_of_bytes():
    assert token_spans("né, 漢a") == [(0, 2), (2, 3), (4, 5), (5, 6)]
    assert token_spans("né, 漢a".encode()) == [(0, 3), (3, 4), (5, 8), (8, 9)]
    assert token_spans("a\ud800b") == [(0, 1), (1, 2), (1, 2), (1, 2), (2, 3)]


@pytest.mark.parametrize(
    ("unit", "text", "expected"),
    [
        ("word", "a b", {"a b"}),
        ("word", "A  b\nC d", {"a b c", "b c d"}),
        ("word", "", {""}),
        ("word", " \n", {""}),
        ("char", " A\n\nb ", {"a b"}),
        ("char", "abcd", {"abc", "bcd"}),
        ("char", "  ", {""}),
        ("char", "é", {"é"}),
    ],
)
def test_a_text_of_few_tokens_is_one_shingle(unit: str, text: str, expected: set):
    assert shingles(text, Shingling(unit=unit, ngram=3)) == expected


@native
def code_points(data: np.ndarray) -> np.ndarray:
    codes = np.empty(data.size, np.int64)
    place = count = 0
    while place < data.size:
        code, size = decode(data, place, data.size)
        codes[count] = code if code >= 0 else 0xDC00 + data[place]
        place += size
        count += 1
    return codes[:count]


def test_characters_are_decoded_as_python_does():
    for raw in RAW:
        expected = [ord(char) for char in raw.decode("utf-8", "surrogateescape")]
        assert code_points(np.frombuffer(bytearray(raw), np.uint8)).tolist() == expected, raw


def test_lone_surrogates_are_three_malformed_bytes():
    raw = as_texts(["a\ud800b", None])
    assert token_hashes(raw).hashes.tolist() == [token_hash(written(t)) for t in tokens("a\ud800b")]
    assert raw.null_count == 1


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        ("A  b\r\n", "a b", True),
        ("\ta\x0bb", "a b ", True),
        ("a\u00a0b", "a b", True),
        ("Straße", "STRAßE", True),
        ("ab", "a b", False),
        ("a", "a\0", False),
        ("", "\0", False),
        ("e\u0301", "é", False),
        ("a.b", "a b", False),
        ("", " \r", True),
    ],
)
def test_hashes_of_texts_ignore_case_and_white_space_alone(a: str, b: str, equal: bool):
    first, second = text_hashes(as_texts([a, b])).tolist()
    assert (first == second) is equal
