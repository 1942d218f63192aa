import random
import re

import numpy as np
import pyarrow as pa
import pytest

from factory.decontamination import Item, Ngrams
from factory.decontamination.index import build_index
from factory.decontamination.matching import find_matches
from factory.decontamination.words import words
from factory.shingles import token_hash, token_spans, tokens

pytestmark = pytest.mark.timeout(240)  # the first call compiles the native passes

METHOD = Ngrams()
SENTENCE = "Mara has 12 red apples and buys 5 green ones from a friend, how many has she got now?"


def items_of(*texts):
    return [Item(benchmark="b", id=str(number), text=text) for number, text in enumerate(texts)]


def matches(rows, texts, method=METHOD):
    return find_matches(
        pa.array(rows, pa.large_string()), build_index(items_of(*texts), method), method
    )


def found(rows, texts, method=METHOD):
    return [(match.row, match.item) for match in matches(rows, texts, method)]


def filler(draw, count):
    return " ".join(f"w{draw.randrange(10**6)}" for _ in range(count))


def story(draw, count=40):
    return f"Story {filler(draw, count)}, and what is {draw.randrange(99)} of it?"


@pytest.mark.parametrize(
    "row",
    [
        SENTENCE,
        SENTENCE.upper(),
        SENTENCE.swapcase().replace(" ", " \n\t"),
        f"> **{SENTENCE}**",
        f"Please help.\n\n{SENTENCE}\n\nThank you, that is all.",
        f"no sign before {SENTENCE} and none behind",
        SENTENCE.replace(",", ";").replace("?", ""),
        f"“{SENTENCE}” — said the teacher…",
    ],
    ids=["exact", "upper", "spaces", "markup", "embedded", "bare", "punctuation", "quotes"],
)
def test_an_item_is_found_whatever_its_case_white_space_punctuation_and_surroundings(row):
    assert found(["other text", row], [SENTENCE]) == [(1, 0)]


@pytest.mark.parametrize("size", [5, 7, 8, 11, 15, 16, 17, 24, 60, 3_000])
def test_items_of_every_length_are_found_inside_longer_texts(size):
    draw = random.Random(size)
    texts = [filler(draw, size) for _ in range(20)]
    rows = [f"{filler(draw, 30)} {text.upper()} {filler(draw, 30)}" for text in texts]
    rows += [filler(draw, 60) for _ in range(50)]
    assert found(rows, texts) == [(number, number) for number in range(20)]


def test_the_run_is_told_in_characters_of_the_row_and_of_the_item():
    row = f"“É — naïve, 数学” {SENTENCE.upper()} fin"
    item = f"¿¡ {SENTENCE}"
    (match,) = matches([row], [item])
    assert match.span == row[match.start : match.stop] == SENTENCE.upper()[:-1]
    assert item[match.item_start : match.item_stop] == SENTENCE[:-1]
    assert match.overlap == 1.0
    assert match.certain


def test_of_a_long_item_half_beyond_the_first_ngrams_is_enough_and_less_is_not():
    words_of = [f"w{number}" for number in range(100)]
    # 100 tokens have 93 8-grams; 8 + 85 / 2 of them are needed, and 51 are in 58 tokens.
    assert [METHOD.needed(count) for count in (3, 8, 9, 10, 93)] == [3, 8, 9, 9, 51]
    rows = [" ".join(words_of[20:78]), " ".join(words_of[20:77])]
    (match,) = matches(rows, [" ".join(words_of)])
    assert (match.row, match.overlap) == (0, 51 / 93)
    assert match.span == rows[0]


def test_pieces_of_an_item_count_together_and_each_piece_once():
    draw = random.Random(1)
    parts = [filler(draw, 25) for _ in range(4)]
    item = " ".join(parts)
    scattered = f"{parts[2]} and {parts[0]} then {parts[3]} so {parts[1]}"
    repeated = " and ".join([parts[0]] * 9)
    assert found([scattered, repeated], [item]) == [(0, 0)]


@pytest.mark.parametrize(
    ("item", "row", "is_found"),
    [
        ("What is 12 + 5?", "What is 12+5 ?", True),
        ("What is 12 + 5?", "So: what is 12\n+\n5", True),
        ("What is 12 + 5?", "What is 12 - 5?", False),
        ("What is 12 + 5?", "What is 12 + 5 * 3?", False),
        ("What is 12 + 5?", "What is 12 + 5.5?", False),
        ("What is 12 + 5?", "What is 12 + 55?", False),
        ("What is 12 + 5?", "What is 12 + 5 = 17", True),
        ("12 + 5 * 3 - 1", "Compute 12 + 5 * 3 - 1.", True),
        ("12 + 5 * 3 - 1", "Compute 7 - 12 + 5 * 3 - 1.", False),
        ("12 + 5 * 3 - 1", "Compute -12 + 5 * 3 - 1.", False),
        ("12 + 5 * 3 - 1", "Compute 0.12 + 5 * 3 - 1.", False),
        ("Solve x^2 - 5x + 6 = 0 for x", "solve x^2 + 5x + 6 = 0 for x", False),
        ("Solve x^2 - 5x + 6 = 0 for x", "solve $x^2-5x+6=0$ for $x$", True),
        ("Who wrote Romeo and Juliet?", "Tell me who wrote Romeo and Juliet please", True),
        ("Who wrote Romeo and Juliet?", "Who wrote Romeo?", False),
        ("Who are you?", "Who are you?", True),
        ("Who are you?", "Who are you? I am Ann.", False),
        ("一个班有三十个学生", "请问:一个班有三十个学生,对吗", True),
        ("一个班有三十个学生", "请问:一个班有四十个学生,对吗", False),
    ],
)
def test_short_items_must_be_there_whole_and_no_formula_may_go_on(item, row, is_found):
    assert bool(found([row], [item])) == is_found


def test_two_exercises_that_differ_in_the_last_number_are_two():
    text = "What is the largest prime factor of the number {}?"
    assert found([text.format("600 851")], [text.format("13 195")]) == []


def test_problems_with_a_common_stem_are_not_confused():
    stem = "Find the number of ordered pairs (a, b) of positive integers such that "
    assert found([stem + "ab divides 1000."], [stem + "a^2 + b^2 = 2025 holds."]) == []


def test_boilerplate_of_a_benchmark_is_no_evidence_and_its_items_are_found_all_the_same():
    draw = random.Random(2)
    before = filler(draw, 60)
    texts = [f"{before} {filler(draw, 25)}" for _ in range(40)]
    rows = [f"{before} {filler(draw, 25)}" for _ in range(40)] + [f"so {texts[7].title()} there"]
    assert found(rows, texts) == [(40, 7)]


@pytest.mark.parametrize("size", [15, 16, 20, 28, 40])
def test_an_item_between_instructions_is_found_without_them(size):
    draw = random.Random(size)
    before = "Solve the following problem step by step and show all of your work."
    after = "Think carefully and put the final answer in a box at the very end."
    texts = [filler(draw, size) for _ in range(40)]
    items = [f"{before} {text} {after}" for text in texts]
    rows = [texts[3], f"Q: {texts[4]}", f"{before} {filler(draw, size)} {after}", items[5]]
    assert found(rows, items) == [(0, 3), (1, 4), (3, 5)]


def test_boilerplate_of_a_small_benchmark_is_recognised_too():
    draw = random.Random(3)
    before = filler(draw, 60)
    texts = [f"{before} {filler(draw, 20)}" for _ in range(5)]
    assert found([f"{before} {filler(draw, 20)}", texts[4]], texts) == [(1, 4)]


def test_an_item_that_is_all_boilerplate_is_listed_and_found_as_the_whole_text():
    draw = random.Random(4)
    phrase = "Which of these statements about the passage is true?"
    texts = [f"{filler(draw, 30)}. {phrase}" for _ in range(30)] + [phrase]
    assert build_index(items_of(*texts), METHOD).problems == {30: "boilerplate"}
    assert found([f"Well. {phrase} Say.", phrase.lower()], texts) == [(1, 30)]


def test_an_item_made_of_boilerplate_in_an_order_of_its_own_is_found_whole():
    draw = random.Random(5)
    parts = [filler(draw, 12) for _ in range(3)]
    texts = [f"{part} {filler(draw, 30)}" for part in parts for _ in range(30)]
    own = " ".join(part for part in parts)
    index = build_index(items_of(*texts, own), METHOD)
    assert index.problems == {}
    assert found([f"x {own} y", " and ".join(parts)], [*texts, own]) == [(0, 90)]


def test_items_without_words_text_or_length_are_listed_with_the_reason():
    problems = build_index(items_of("", " \n", "?!", "Hello", SENTENCE), METHOD).problems
    assert problems == {0: "no_text", 1: "no_text", 2: "no_words", 3: "too_short"}


def test_equal_items_count_once_and_the_first_is_named():
    texts = [SENTENCE, "Another item, of more than five tokens.", *[SENTENCE.upper()] * 30]
    index = build_index(items_of(*texts), METHOD)
    assert index.repeats == dict.fromkeys(range(2, 32), 0)
    assert found([SENTENCE], texts) == [(0, 0)]


def test_items_that_signs_alone_tell_apart_are_named_by_their_signs():
    texts = [f"Is this string of {signs} brackets balanced, yes or no?" for signs in ("<>", "()")]
    assert found([texts[1].upper(), texts[0]], texts) == [(0, 1), (1, 0)]
    other = "Another item of this benchmark, which stands between the two."
    both = f"{other} {texts[1]}"
    assert found([both], [texts[0], other, texts[1]]) == [(0, 1), (0, 2)]


def test_one_row_may_hold_several_items_and_one_item_be_in_several_rows():
    draw = random.Random(6)
    texts = [story(draw) for _ in range(3)]
    rows = [" ".join(texts), texts[1], "nothing"]
    assert found(rows, texts) == [(0, 0), (0, 1), (0, 2), (1, 1)]


def test_nulls_empty_texts_and_no_items_at_all():
    assert found([None, "", SENTENCE, None], [SENTENCE]) == [(2, 0)]
    assert found([None, ""], [SENTENCE]) == []
    assert found([], [SENTENCE]) == []
    assert found([SENTENCE], []) == []
    assert found([SENTENCE, "", "?"], ["", "?"]) == []


def test_an_item_of_100_000_tokens_and_one_of_one_word_repeated_take_no_square_of_time():
    draw = random.Random(7)
    long = filler(draw, 100_000)
    same = "word " * 100_000
    half = "word " * 99_999
    rows = [
        f"x {long} y",
        f"x {same} y",
        f"x {half} y",
        f"{half} {half} or",
        long[: len(long) // 3],
    ]
    assert found(rows, [long, same]) == [(0, 0), (1, 1), (3, 1)]


def test_a_row_that_holds_a_whole_benchmark_twice_takes_time_in_proportion():
    draw = random.Random(9)
    texts = [filler(draw, draw.choice((6, 12, 50))) for _ in range(4_000)]
    row = " or ".join(texts * 2)
    assert found([row], texts) == [(0, number) for number in range(4_000)]


def test_a_row_of_many_megabytes_is_looked_through():
    rows = ["small", "lorem ipsum, " * 400_000 + SENTENCE + " dolor" * 400_000]
    (match,) = matches(rows, [SENTENCE])
    assert (match.row, match.span) == (1, SENTENCE[:-1])


def test_invalid_utf8_neither_fails_nor_hides_an_item():
    raw = [b"\xff\xfe " + SENTENCE.encode() + b" \xc3", b"\x80" * 100]
    rows = pa.array(raw, pa.large_binary()).view(pa.large_string())
    index = build_index(items_of(SENTENCE), METHOD)
    (match,) = find_matches(rows, index, METHOD)
    assert (match.row, match.start, match.span) == (0, 3, SENTENCE[:-1])


def test_a_sliced_array_is_read_from_where_it_begins():
    rows = pa.array([SENTENCE, "x", SENTENCE, None], pa.large_string()).slice(1)
    index = build_index(items_of(SENTENCE), METHOD)
    assert [match.row for match in find_matches(rows, index, METHOD)] == [1]


def test_a_short_item_within_a_sentence_is_not_certain():
    item = "how are you doing today"
    rows = ["Well, how are you doing today, sir?", "Hi!\nHow are you doing today?", f"({item})"]
    rows += [f"{item}'s friends", f"'{item}'", f"‘{item}’ and so on", f"the boys’ {item}"]
    certain = [False, True, True, False, True, True, False]
    assert [match.certain for match in matches(rows, [item])] == certain


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ngram": 1}, "ngram must be in [2, 64], got 1"),
        ({"share": 0.0}, "share must be in (0, 1], got 0.0"),
        ({"min_tokens": 0}, "min_tokens must be > 0, got 0"),
        ({"max_items": 0}, "max_items must be > 0, got 0"),
        ({"common_rows": 2.0}, "common_rows must be in [0, 1], got 2.0"),
    ],
)
def test_settings_out_of_range_are_refused(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Ngrams(**wrong)


# The same rule, said once more in plain Python.

IDLE = set(".,;:!?()[]{}'\"`~@#$&|\\ ")
RECKONING = set("+-*/=<>^%×÷±−≤≠∑")


def plain_tokens(text):
    """(token, start, stop) of the tokens that count."""
    every = [(text[a:b], a, b) for a, b in token_spans(text)]
    kept = []
    for place, (token, start, stop) in enumerate(every):
        before = every[place - 1][0] if place else ""
        after = every[place + 1][0] if place + 1 < len(every) else ""
        number = before[-1:] in set("0123456789") - {""} or after[:1] in set("0123456789") - {""}
        doubled = token.isascii() and token in (before, after)
        if token in RECKONING and (not number or doubled):
            continue
        if token in IDLE or token in "“”…—。、「」👍" or token in "→■":
            continue
        kept.append((token.lower(), start, stop))
    return kept


def test_the_native_tokens_are_those_of_plain_python():
    draw = random.Random(8)
    alphabet = [*"ab1 2  9_\n.,*+-=<^%×−≤“”…—。、数学あéÉß👍→■№½²", "12", "--", "**", "word"]
    texts = ["".join(draw.choices(alphabet, k=draw.randrange(40))) for _ in range(3_000)]
    native = words(pa.array(texts, pa.large_string()))
    for row, text in enumerate(texts):
        expected = plain_tokens(text)
        mine = slice(native.offsets[row], native.offsets[row + 1])
        hashes = [token_hash("".join(tokens(text[a:b])).encode()) for _, a, b in expected]
        assert native.hashes[mine].tolist() == hashes, text
        spans = zip(native.starts[mine].tolist(), native.stops[mine].tolist(), strict=True)
        bytes_of = [(len(text[:a].encode()), len(text[:b].encode())) for _, a, b in expected]
        assert list(spans) == bytes_of, text


def plain_grams(said, size):
    return {tuple(said[i : i + size]) for i in range(len(said) - size + 1)}


def plain_own(said, size, frequent):
    """The n-grams that share no token with frequent ones at the item's ends."""
    places = {}
    for place in range(len(said) - size + 1):
        places.setdefault(said[place : place + size], place)
    taken = {places[gram] for gram in frequent}
    before = next(place for place in range(len(said) + 1) if place not in taken)
    behind = next(n for n in range(len(said) + 1) if len(said) - size - n not in taken)
    low = before + size - 1 if before else 0
    high = len(said) - (behind + size - 1 if behind else 0)
    return {
        gram
        for gram, place in places.items()
        if gram not in frequent and low <= place and place + size <= high
    }


def plain_pairs(rows, texts, method):
    """Which rows hold which items; words only, no numbers."""
    first = {}
    for number, text in enumerate(texts):
        first.setdefault(tuple(text.split()), number)
    most = method.most_items(len(first))
    size, piece = method.ngram, min(method.min_tokens, method.ngram)
    grams = {said: plain_grams(said, size) for said in first}
    count = {}
    for said in first:
        for gram in grams[said]:
            count[gram] = count.get(gram, 0) + 1
    found = []
    for row, text in enumerate(rows):
        held = tuple(text.split())
        for said, number in first.items():
            useful = {gram for gram in grams[said] if count[gram] <= most}
            own = plain_own(said, size, grams[said] - useful)
            useful = own if len(own) >= size else useful
            run = said in plain_grams(held, len(said))
            holders = sum(said in plain_grams(o, len(said)) for o in first if o != said)
            if len(said) < piece or (not useful and holders > most):
                is_found = held == said
            elif len(said) >= 2 * size and len(useful) >= size:
                is_found = len(useful & plain_grams(held, size)) >= method.needed(len(useful))
            else:
                is_found = run
            found += [(row, number)] if is_found else []
    return sorted(found)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_found_is_what_the_rule_says_on_random_texts(seed):
    draw = random.Random(seed)
    method = Ngrams(
        ngram=draw.choice((2, 3, 5)),
        share=draw.choice((0.3, 0.5, 1.0)),
        min_tokens=draw.choice((1, 2, 4, 9)),
        max_items=draw.choice((1, 3, 10)),
    )
    vocabulary = ["a", "b", "c", "d", "e"][: draw.choice((2, 3, 5))]

    def text(low, high):
        return " ".join(draw.choices(vocabulary, k=draw.randrange(low, high)))

    texts = [text(1, 25) for _ in range(40)]
    rows = [text(1, 30) for _ in range(60)]
    for item in texts:
        said = item.split()
        cut = draw.randrange(len(said))
        rows.append(f"{text(1, 5)} {item} {text(1, 5)}")
        rows.append(" ".join([*said[:cut], "x", *said[cut:]]))
    assert found(rows, texts, method) == plain_pairs(rows, texts, method)
    assert np.all(np.diff([row for row, _ in found(rows, texts, method)]) >= 0)
