"""Loops are found in hashes of tokens, and are the same ones as in the tokens themselves."""

import random
import re

import pytest

from filters import RepetitionLoops
from filters.token_hashes import near_repeats, token_hashes
from tests.toys import response

TOKEN = re.compile(r"\w+|[^\w\s]")
CHARACTERS = [chr(point) for point in range(0x3000)]


@pytest.mark.parametrize("around", ["", "a", "-", " "], ids=["alone", "words", "signs", "spaces"])
def test_each_token_of_the_expression_has_a_hash_and_no_other_token_has_it(around):
    text = "".join(f"{around}{character}{around}" for character in CHARACTERS)
    hashes, tokens = token_hashes(text), TOKEN.findall(text)
    assert len(hashes) == len(tokens)
    assert len(set(zip(hashes.tolist(), tokens, strict=True))) == len(set(tokens))
    assert len(set(hashes.tolist())) == len(set(tokens))


def test_a_text_with_other_characters_is_left_to_the_expression():
    assert token_hashes("the word is \u6f22") is None
    assert len(token_hashes("")) == len(token_hashes(" \n")) == 0


def naive_score(text, *, max_phrase, min_tokens):
    tokens, most = TOKEN.findall(text), 1
    for period in range(1, min(max_phrase, len(tokens) // 2) + 1):
        run = period
        for place in range(period, len(tokens)):
            run = run + 1 if tokens[place] == tokens[place - period] else period
            if run >= max(min_tokens, 2 * period):
                most = max(most, run // period)
    return most


@pytest.mark.parametrize("seed", range(40))
def test_a_loop_is_as_long_as_in_the_tokens_one_by_one(seed):
    draw = random.Random(seed)
    pieces = ["a", "ab", "1", "\\frac{1}{2}", "\u2019", "_", "\u2014", "\n", "\u0663", "\u6f22"]
    phrase = draw.choices(pieces[: draw.choice([2, 4, 9, 10])], k=draw.randint(1, 20))
    other = draw.choices(pieces, k=draw.randint(0, 30))
    said = [*other, *phrase * draw.randint(1, 7), *other, *phrase * draw.randint(1, 4)]
    text = draw.choice(["", " "]).join(said)
    fields = {"max_phrase": draw.choice([1, 8, 64]), "min_tokens": draw.choice([1, 2, 5, 12, 30])}
    assert RepetitionLoops(**fields).score(response(text)) == naive_score(text, **fields)


def test_every_distance_of_a_repetition_is_found():
    codes = token_hashes("x y z x y z q x y z")
    assert near_repeats(codes, 3, 64) == [3, 4, 7]
    assert near_repeats(codes, 3, 4) == [3, 4]
    assert near_repeats(codes, 4, 64) == []
