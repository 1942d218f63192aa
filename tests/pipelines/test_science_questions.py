import math
import re
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import pytest

from factory.apply import check_gold
from factory.errors import ConfigError
from factory.seeds import seeded
from filters import ScienceAnswer
from filters.quantity import read_quantity
from pipelines import science
from pipelines.science_facts import FACTS
from pipelines.science_life import CODONS
from pipelines.science_numbers import NUM_WRONG, Formula, Input, quantity
from pipelines.science_questions import FAMILIES, TOPICS, draw, with_options
from pipelines.science_tables import COMPOUNDS, ELEMENTS, REACTIONS, atoms, molar_mass, sides
from pipelines.science_topics import FIELDS, TopicList

FORMULAS = {name: each for name, (_, each) in FAMILIES.items() if isinstance(each, Formula)}


@pytest.fixture(scope="module")
def source():
    return science.pipeline(science.Config(num_prompts=3000), 42).source


@pytest.fixture(scope="module")
def prompts(source):
    return list(source.prompts(0, 3000))


def drawn(family, number=0, times=40):
    return [draw(family, number, seeded(7, family, i)) for i in range(times)]


def test_prompts_do_not_depend_on_how_they_are_divided(source):
    whole = list(source.prompts(0, 60))
    assert whole == [p for i in range(0, 60, 7) for p in source.prompts(i, min(i + 7, 60))]
    assert [p.index for p in whole] == list(range(60))


def test_neighbouring_seeds_do_not_share_their_questions():
    config = science.Config(families=("stoichiometry", "amount", "photon"), num_prompts=100)
    sets = [{p.id for p in science.pipeline(config, s).source.prompts(0, 100)} for s in (1, 2)]
    assert len(sets[0] & sets[1]) < 5


def test_there_are_thousands_of_different_questions(prompts):
    assert len({p.problem for p in prompts}) > 2400
    assert len({p.source.split("/")[1] for p in prompts}) == len(FAMILIES)
    assert {p.topic for p in prompts} == set(TOPICS)
    assert set(map(len, (p.choices for p in prompts))) == {0, 4, 10}


def test_every_gold_answer_passes_its_own_verifier(prompts):
    for prompt in prompts[:1500]:
        assert check_gold(ScienceAnswer(), prompt).decision == "keep", prompt


def test_no_prompt_repeats_an_example(source, prompts):
    shown = {shot.problem for shots in source.shots.values() for shot in shots}
    assert not shown & {prompt.problem for prompt in prompts}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_work_ends_in_the_answer(family):
    for each in (*drawn(family), *drawn(family, 4, 5), *drawn(family, 10, 5)):
        assert each.work.endswith(each.answer.split("|")[0]), each


@pytest.mark.parametrize("family", FAMILIES)
def test_options_are_different_and_one_alone_is_right(family):
    right_places = Counter()
    for number in (4, 10):
        for each in drawn(family, number, 30):
            if not each.choices:
                continue
            assert len(set(map(str.casefold, each.choices))) == len(each.choices) == number
            place = "ABCDEFGHIJ".index(each.answer)
            right_places[place] += 1
            right = read_quantity(each.choices[place])
            for wrong in (c for i, c in enumerate(each.choices) if i != place):
                if right and right.has_unit and (other := read_quantity(wrong)):
                    apart = abs(other.value - right.value)
                    assert apart > Fraction(1, 50) * max(abs(right.value), 1e-30), each
    assert len(right_places) != 1, "the right option stands anywhere"


def test_few_families_lack_options():
    without = {f for f in FAMILIES if not any(d.choices for d in drawn(f, 4, 20))}
    assert without == {"harder", "rock", "era"}
    full = {f for f in FAMILIES if any(d.choices for d in drawn(f, 10, 20))}
    assert len(full) > 50


def test_options_stand_behind_letters():
    assert with_options("Which?", ("x", "y")) == "Which?\n\nA) x\nB) y"
    assert with_options("Which?", ()) == "Which?"


@pytest.mark.parametrize("name", FORMULAS)
def test_the_value_of_a_formula_follows_from_what_its_text_says(name):
    """Every input stands in the problem, and the work's last sum is the answer, where it is one."""
    formula = FORMULAS[name]
    for i in range(20):
        question = formula(seeded(3, name, i))
        assert "{" not in question.problem + question.work
        assert len(set(question.wrong)) == len(question.wrong) == NUM_WRONG
        assert question.answer not in question.wrong
        sums = re.search(r": (?:[a-z] = )?([^:=]+) = [^=]+$", question.work)
        if sums and re.fullmatch(r"[\d.\-+*/^() e]+", bare := _without_units(sums[1])):
            value = eval(bare.replace("^", "**"))
            said = float(read_quantity(question.answer).value)
            assert said == pytest.approx(value, rel=6e-4), question


def _without_units(text):
    text = re.sub(r" x 10\^(-?\d+)", r"*10**\1", text)
    return re.sub(r"(?<=\d) ?(?:[A-Za-zΩμ°%]+(?:\^\d)?[/ ]?)+(?:\([A-Za-z ]+\))?", "", text)


@pytest.mark.parametrize("reaction", REACTIONS)
def test_every_reaction_is_balanced_with_the_smallest_numbers(reaction):
    left, right = sides(reaction)
    totals = [Counter(), Counter()]
    for total, side in zip(totals, (left, right), strict=True):
        for formula, count in side.items():
            for symbol, number in atoms(formula).items():
                total[symbol] += count * number
    assert totals[0] == totals[1]
    assert math.gcd(*left.values(), *right.values()) == 1


@pytest.mark.parametrize(
    ("formula", "mass"),
    [("H2O", 18.015), ("Ca3(PO4)2", 310.18), ("(NH4)2SO4", 132.14), ("C12H22O11", 342.30)],
)
def test_molar_masses_are_those_of_the_books(formula, mass):
    assert molar_mass(formula) == pytest.approx(mass, abs=0.02)


def test_the_tables_hold_each_thing_once():
    assert len({e.symbol for e in ELEMENTS}) == len({e.name for e in ELEMENTS}) == len(ELEMENTS)
    assert [e.number for e in ELEMENTS] == sorted({e.number for e in ELEMENTS})
    assert len(set(COMPOUNDS.values())) == len(COMPOUNDS)
    assert all(a.mass < b.mass for a, b in pairwise(ELEMENTS) if a.number < 18)


@pytest.mark.parametrize(
    ("codon", "acid"),
    [("AUG", "Met"), ("UGG", "Trp"), ("UAA", "stop"), ("UGA", "stop"), ("UAG", "stop"),
     ("GGC", "Gly"), ("AAA", "Lys"), ("CAU", "His"), ("AGA", "Arg"), ("GAC", "Asp")],
)  # fmt: skip
def test_codons_are_those_of_the_standard_code(codon, acid):
    assert CODONS[codon] == acid


def test_codons_are_all_there():
    counts = Counter(CODONS.values())
    assert (len(CODONS), counts["stop"], counts["Leu"], counts["Ser"]) == (64, 3, 6, 6)
    assert (counts["Met"], counts["Trp"], counts["Ile"]) == (1, 1, 3)


def test_an_answer_to_one_thing_is_wrong_for_the_others_of_its_group():
    for facts in FACTS.values():
        said = [set(answer.split("|")) for answer in facts.answers.values()]
        assert all(a == b or not a & b for a in said for b in said)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (12.0, "m", "12 m"), (0.123456, "s", "0.1235 s"), (0.0, "%", "0 %"),
        (1234567, "", "1.235 x 10^6"),
        (0.00012, "A", "1.2 x 10^-4 A"), (999999, "m", "1 x 10^6 m"), (-5.5, "K", "-5.5 K"),
    ],
)  # fmt: skip
def test_quantities_are_written_with_four_figures(value, unit, text):
    assert quantity(value, unit) == text
    read = read_quantity(text)
    assert read is not None
    assert float(read.value) == pytest.approx(value, rel=5e-4)


def test_inputs_are_drawn_from_their_steps():
    found = {Input(low=0.5, high=2, step=0.5).draw(seeded(1, i)) for i in range(60)}
    assert found == {0.5, 1.0, 1.5, 2.0}


def test_weights_say_how_often_a_topic_is_drawn():
    config = science.Config(num_prompts=400, weights={"chemistry": 5.0})
    heavy = Counter(p.topic for p in science.pipeline(config, 42).source.prompts(0, 400))
    even = Counter(p.topic for p in science.pipeline(science.Config(), 42).source.prompts(0, 400))
    assert heavy["chemistry"] > 2 * even["chemistry"]


def test_a_family_with_too_few_questions_says_so(source, monkeypatch):
    monkeypatch.setitem(FAMILIES, "force", ("physics", lambda rng: FACTS["planet"](seeded(1))))
    few = science.pipeline(science.Config(families=("force",), options=(0,)), 42).source
    with pytest.raises(ConfigError, match="science.families: force has too few"):
        list(few.prompts(0, 1))


def test_no_topic_comes_twice_and_heavy_fields_come_first():
    def first(weights):
        source = TopicList(limit=30, seed=1, weights=weights)
        return list(source.prompts(0, source.num_prompts))

    assert len({p.id for p in first({})}) == 30
    fields = Counter(p.topic for p in first({"chemistry": 1e6}))
    assert fields["chemistry"] == len(FIELDS["chemistry"])
    whole = TopicList(limit=1000, seed=1, weights={})
    assert whole.num_prompts == sum(map(len, FIELDS.values()))
    parts = [p for i in range(0, 30, 7) for p in whole.prompts(i, min(i + 7, 30))]
    assert parts == list(whole.prompts(0, 30))
