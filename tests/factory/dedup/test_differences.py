"""What tells two texts apart: all of both is there, and hostile ones take no time."""

import random
import time

import pytest

from factory.dedup.differences import compare


def kinds(pieces):
    return [(piece.kind, piece.text) for piece in pieces]


def test_differing_words_are_marked_on_both_sides():
    left, right = compare("A train goes 60 km in 2 hours.", "A train goes 75 km in 2 hours!")
    assert kinds(left) == [
        ("same", "A train goes"), ("differs", " 60"), ("same", " km in 2 hours"), ("differs", "."),
    ]  # fmt: skip
    assert [text for kind, text in kinds(right) if kind == "differs"] == [" 75", "!"]


def test_case_and_white_space_do_not_differ_and_are_shown_as_they_are():
    left, right = compare("Two\n WORDS", "two words ")
    assert kinds(left) == [("same", "Two\n WORDS")]
    assert "".join(piece.text for piece in right) == "two words "


@pytest.mark.parametrize(("a", "b"), [("", ""), ("", "new"), ("old", ""), (" ", "\n")])
def test_empty_texts_have_pieces_of_themselves(a, b):
    left, right = compare(a, b)
    assert "".join(piece.text for piece in left) == a
    assert "".join(piece.text for piece in right) == b


def test_long_passages_that_both_have_are_left_out_with_their_length():
    words = " ".join(f"w{number}" for number in range(300))
    left, _ = compare(words + " old", words + " new")
    assert [piece.kind for piece in left] == ["gap", "same", "differs"]
    assert left[0].text.strip() == "… 292 words …"


def test_no_piece_is_lost_where_nothing_is_left_out():
    rng = random.Random(1)
    for _ in range(50):
        texts = ["".join(rng.choices("ab. \n", k=30)) for _ in range(2)]
        for text, pieces in zip(texts, compare(*texts), strict=True):
            if not any(piece.kind == "gap" for piece in pieces):
                assert "".join(piece.text for piece in pieces) == text


@pytest.mark.parametrize("unit", ["a ", "a b ", "x", "\u202e\x1b ", " "])
def test_megabytes_of_one_word_take_no_time(unit):
    began = time.monotonic()
    left, _ = compare(unit * 1_000_000 + "end", unit * 900_000 + "other")
    assert time.monotonic() - began < 3
    assert left[-1].kind == "gap"
