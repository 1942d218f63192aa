"""The frozen table against the unicodedata of the running Python."""

import unicodedata
from importlib.resources import files

import numpy as np
import pytest

from factory.shingles import tokens
from factory.shingles.unicode import SIGN, SPACE, WORD, characters, folding, kinds
from tests.factory.shingles.unicode_table import fold, kind, lines, size


def known() -> list[int]:
    """Code points that Unicode 14 has, by the table: those that are letters, numbers or marks."""
    return [code for code, found in enumerate(kinds()) if found]


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="another Unicode")
def test_the_table_is_what_its_script_writes():
    frozen = files("factory.shingles").joinpath("unicode14.txt").read_text()
    assert frozen.splitlines() == list(lines())


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="another Unicode")
def test_the_table_is_read_as_it_was_meant():
    names = {"": SIGN, "word": WORD, "space": SPACE}
    for code in (*range(0x3400), *range(0xA000, 0x20000, 3), 0x2FFFF, 0xE0100, 0x10FFFF):
        assert kinds()[code] == names[kind(code)], hex(code)
        assert folding().get(code, code) == fold(code), hex(code)


def test_the_table_agrees_with_any_python_where_both_know_the_letter():
    for code in known():
        if unicodedata.category(chr(code)) != "Cn":
            assert kind(code), hex(code)
    for code, folded in folding().items():
        assert fold(code) == folded, hex(code)


def test_white_space_is_what_split_takes_for_it():
    spaces = {code for code, found in enumerate(kinds()) if found == SPACE}
    assert spaces == {code for code in range(0x110000) if chr(code).isspace()}


def test_folding_keeps_the_bytes_in_place_and_is_done_once():
    table = characters() >> 2
    for code, folded in folding().items():
        assert size(code) == size(folded)
    assert np.array_equal(table[table], table)


def test_the_table_cannot_be_written_to():
    assert not characters().flags.writeable


@pytest.mark.parametrize("letter", ["\u212a", "ſ", "ẞ", "İ"])
def test_letters_that_fold_to_another_length_stay(letter: str):
    assert tokens(letter) == [letter]
