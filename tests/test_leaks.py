"""The leaks that decontamination is measured on are what they are called."""

import re

import pytest

from tests.benchmarks import leaks

ITEMS = {item.id: item for item in leaks.items(1)}
ROWS = leaks.corpus(1_000, 30, 1)


def of(kind: str) -> list[leaks.Row]:
    found = [row for row in ROWS if row.kind == kind]
    assert len(found) == 30
    return found


def grams(text: str, n: int = 8) -> set[str]:
    words = re.findall(r"\w+", text.casefold())
    return {" ".join(words[i : i + n]) for i in range(len(words) - n + 1)}


def test_there_are_problems_and_programs_and_no_two_are_the_same():
    assert sum(name.startswith("HumanEval/") for name in ITEMS) == 164
    assert len(ITEMS) > 300
    assert len({item.text for item in ITEMS.values()}) == len(ITEMS)
    assert not any("{name}" in item.text + item.paraphrase for item in ITEMS.values())


def test_an_exact_leak_is_the_item():
    assert all(row.text == ITEMS[row.item].text for row in of("exact"))


def test_a_folded_leak_differs_in_case_and_white_space_alone():
    for row in of("folded"):
        text = ITEMS[row.item].text
        assert row.text != text
        assert "".join(row.text.casefold().split()) == "".join(text.casefold().split())


def test_an_embedded_leak_has_more_before_and_after():
    for row in of("embedded"):
        before, after = row.text.split(ITEMS[row.item].text)
        assert len(before) > 100
        assert len(after) > 100


def test_a_paraphrase_shares_no_long_run_of_words_with_its_item():
    for row in of("paraphrased"):
        assert row.text == ITEMS[row.item].paraphrase
        assert not grams(row.text) & grams(ITEMS[row.item].text), row.text


def test_a_paraphrase_has_the_numbers_of_its_item():
    for row in of("paraphrased"):
        if row.item.startswith("story/"):
            numbers = set(re.findall(r"\d+", row.text))
            assert numbers == set(re.findall(r"\d+", ITEMS[row.item].text)), row.item


def test_a_renumbered_leak_has_no_number_in_its_old_place():
    for row in of("renumbered"):
        old = re.findall(r"\d+", ITEMS[row.item].text)
        new = re.findall(r"\d+", row.text)
        assert len(old) == len(new) > 0
        assert all(a != b for a, b in zip(old, new, strict=True))


def test_unrelated_rows_share_nothing_with_items_but_instructions():
    said = set.union(*(grams(text) for text in leaks.TEXTS["boilerplate"]))
    instructions = "|".join(map(re.escape, leaks.TEXTS["boilerplate"]))
    asked = {g for item in ITEMS.values() for g in grams(re.sub(instructions, "", item.text))}
    shared = 0
    for row in ROWS:
        if row.kind == "unrelated":
            assert row.item == ""
            assert not grams(re.sub(instructions, "", row.text)) & asked, row.text
            shared += bool(grams(row.text) & said)
    assert shared > 50


@pytest.mark.parametrize("number", ["7", "0", "10", "99", "123"])
def test_another_number_has_as_many_digits(number: str):
    for seed in range(200):
        other = leaks._other(number, leaks.Random(seed))
        assert other != number
        assert len(other) == len(number)


def test_leaks_are_a_function_of_their_seed():
    assert leaks.corpus(300, 10, 2) == leaks.corpus(300, 10, 2) != leaks.corpus(300, 10, 3)
