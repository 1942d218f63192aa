"""Questions of chemistry, from the tables of elements, compounds and reactions."""

import math
from random import Random

from filters.multiple_choice import LETTERS
from pipelines.science_numbers import Formula, Question, quantity, wrong_counts, wrong_values
from pipelines.science_tables import (
    BY_SYMBOL,
    COMPOUNDS,
    ELEMENTS,
    IONS,
    NUCLIDES,
    REACTIONS,
    SPELLINGS,
    atoms,
    molar_mass,
    sides,
)

CHEMISTRY = {
    "molarity": Formula(
        topic="chemistry",
        problem="A solution of {v} holds {n} of a salt. What is the concentration of the salt?",
        inputs="n 0.1 6 0.1 mol, v 0.2 5 0.1 L",
        value=lambda n, v: n / v,
        unit="mol/L",
        work="Concentration is amount over volume: {n} / {v} = {answer}",
        slips=(lambda n, v: n * v, lambda n, v: v / n),
    ),
    "dilution": Formula(
        topic="chemistry",
        problem=(
            "{v} of a {c} solution is diluted with water to {w}. What is its concentration then?"
        ),
        inputs="v 5 95 5 mL, c 0.2 6 0.1 mol/L, w 100 900 50 mL",
        value=lambda v, c, w: c * v / w,
        unit="mol/L",
        work="The amount stays the same, c1 V1 = c2 V2: {c} * {v} / {w} = {answer}",
        slips=(lambda v, c, w: c * w / v, lambda v, c, w: c * v / (w + v)),
    ),
    "ph": Formula(
        topic="chemistry",
        problem=(
            "What is the pH of a solution of a strong monoprotic acid with a concentration of {c}? "
            "Neglect the ions of water."
        ),
        inputs="c 0.001 0.5 0.001 mol/L",
        value=lambda c: -math.log10(c),
        unit="",
        work="The pH is minus the decimal logarithm of {c}, which is {answer}",
        slips=(lambda c: 14 + math.log10(c), lambda c: -math.log(c)),
    ),
    "gas_volume": Formula(
        topic="chemistry",
        problem="What volume do {n} of a gas take at a molar volume of 24.5 L/mol?",
        inputs="n 0.1 30 0.1 mol",
        value=lambda n: 24.5 * n,
        unit="L",
        work="Volume is amount times molar volume: {n} * 24.5 L/mol = {answer}",
        slips=(lambda n: n / 24.5, lambda n: 24.5 / n),
    ),
}


def neutrons(rng: Random) -> Question:
    """How many neutrons a nuclide has."""
    symbol, mass = rng.choice(NUCLIDES)
    element = BY_SYMBOL[symbol]
    count = mass - element.number
    return Question(
        problem=(
            f"The nucleus of {element.name}-{mass} has {element.number} protons. "
            "How many neutrons does it have?"
        ),
        answer=str(count),
        work=f"The mass number counts protons and neutrons: {mass} - {element.number} = {count}",
        wrong=wrong_counts(rng, count, (element.number, mass, mass + element.number)),
    )


def electrons(rng: Random) -> Question:
    """How many electrons an ion has."""
    symbol, charge = rng.choice(IONS)
    protons = BY_SYMBOL[symbol].number
    size = f"{abs(charge)}" if abs(charge) > 1 else ""
    sign = "+" if charge > 0 else "-"
    done = f"{protons} - {charge}" if charge > 0 else f"{protons} + {-charge}"
    count = protons - charge
    return Question(
        problem=f"How many electrons does the ion {symbol}^{{{size}{sign}}} have?",
        answer=str(count),
        work=f"The element {symbol} has {protons} protons, so the ion has {done} = {count}",
        wrong=wrong_counts(rng, count, (protons, protons + charge)),
    )


def atomic_number(rng: Random) -> Question:
    """The number of protons of an element."""
    element = rng.choice(ELEMENTS)
    return Question(
        problem=f"What is the atomic number of {element.name}?",
        answer=str(element.number),
        work=f"In the periodic table {element.name} stands at number {element.number}",
        wrong=wrong_counts(rng, element.number, (round(element.mass),), low=1),
    )


def symbol_of(rng: Random) -> Question:
    """The symbol of an element, but for those that are the letter of an option as well."""
    element, *others = rng.sample([each for each in ELEMENTS if each.symbol not in LETTERS], 10)
    return Question(
        problem=f"What is the chemical symbol of {element.name}?",
        answer=element.symbol,
        work=f"The symbol of {element.name} is {element.symbol}",
        wrong=tuple(each.symbol for each in others),
    )


def name_of(rng: Random) -> Question:
    """The element of a symbol."""
    element, *others = rng.sample(ELEMENTS, 10)
    return Question(
        problem=f"Which element has the symbol {element.symbol}?",
        answer=SPELLINGS.get(element.name, element.name),
        work=f"{element.symbol} stands for {element.name}",
        wrong=tuple(each.name for each in others),
    )


def atoms_in_formula(rng: Random) -> Question:
    """How many atoms of an element are in some formula units."""
    formula, units = rng.choice(list(COMPOUNDS)), rng.randrange(2, 10)
    counts = atoms(formula)
    symbol = rng.choice(sorted(counts))
    count = counts[symbol] * units
    name = BY_SYMBOL[symbol].name
    return Question(
        problem=f"How many atoms of {name} are there in {units} formula units of {formula}?",
        answer=str(count),
        work=(
            f"One unit of {formula} has {counts[symbol]}, and {counts[symbol]} * {units} = {count}"
        ),
        wrong=wrong_counts(rng, count, (counts[symbol], sum(counts.values()) * units), low=1),
    )


def molar(rng: Random) -> Question:
    """The molar mass of a compound."""
    formula = rng.choice(list(COMPOUNDS))
    value = molar_mass(formula)
    terms = [f"{n} * {BY_SYMBOL[symbol].mass:g}" for symbol, n in atoms(formula).items()]
    answer = quantity(value, "g/mol")
    return Question(
        problem=f"What is the molar mass of {COMPOUNDS[formula]}, {formula}?",
        answer=answer,
        work=f"Add the molar masses of the atoms: {' + '.join(terms)} = {answer}",
        wrong=wrong_values(rng, value, "g/mol", (sum(BY_SYMBOL[s].mass for s in atoms(formula)),)),
    )


def amount(rng: Random) -> Question:
    """From a mass to an amount, or from an amount to a mass."""
    formula = rng.choice(list(COMPOUNDS))
    molar_of = float(f"{molar_mass(formula):.4g}")
    given = rng.randrange(5, 800) / 2
    if rng.random() < 0.5:
        value, unit, source, sign = given / molar_of, "mol", "g", "/"
        asked = f"What amount of {COMPOUNDS[formula]}, {formula}, is {quantity(given, 'g')}?"
    else:
        given /= 50
        value, unit, source, sign = given * molar_of, "g", "mol", "*"
        asked = f"What is the mass of {quantity(given, 'mol')} of {COMPOUNDS[formula]}, {formula}?"
    answer = quantity(value, unit)
    slip = given * molar_of if sign == "/" else given / molar_of
    return Question(
        problem=asked,
        answer=answer,
        work=(
            f"With {molar_of:g} g/mol: {quantity(given, source)} {sign} {molar_of:g} g/mol = "
            f"{answer}"
        ),
        wrong=wrong_values(rng, value, unit, (slip,)),
    )


def mass_share(rng: Random) -> Question:
    """The share of an element in a compound's mass."""
    formula = rng.choice([each for each in COMPOUNDS if len(atoms(each)) > 1])
    symbol = rng.choice(sorted(atoms(formula)))
    part, whole = BY_SYMBOL[symbol].mass * atoms(formula)[symbol], molar_mass(formula)
    answer = quantity(100 * part / whole, "%")
    return Question(
        problem=(
            f"What percentage of the mass of {COMPOUNDS[formula]}, {formula}, is "
            f"{BY_SYMBOL[symbol].name}?"
        ),
        answer=answer,
        work=f"{part:.4g} of {whole:.4g} g/mol, {part:.4g} / {whole:.4g} = {answer}",
        wrong=wrong_values(
            rng,
            100 * part / whole,
            "%",
            (100 - 100 * part / whole, 100 * atoms(formula)[symbol] / sum(atoms(formula).values())),
        ),
    )


def coefficient(rng: Random) -> Question:
    """A coefficient of a balanced equation."""
    left, right = sides(rng.choice(REACTIONS))
    formula = rng.choice([*left, *right])
    count = {**left, **right}[formula]
    bare = f"{' + '.join(left)} -> {' + '.join(right)}"
    return Question(
        problem=(
            f"Balance {bare} with the smallest whole-number coefficients. "
            f"What is the coefficient of {formula}?"
        ),
        answer=str(count),
        work=(
            f"Balanced it is {_balanced(left, right)}, where {formula} has the coefficient {count}"
        ),
        wrong=wrong_counts(rng, count, (2 * count,), low=1),
    )


def combustion(rng: Random) -> Question:
    """How much oxygen an alkane takes to burn."""
    carbons = rng.randrange(1, 31)
    burnt = rng.randrange(1, 11)
    per_molecule = (3 * carbons + 1) / 2
    fuel = f"C{carbons if carbons > 1 else ''}H{2 * carbons + 2}"
    answer = quantity(per_molecule * burnt, "mol")
    return Question(
        problem=f"How much oxygen, O2, is needed to burn {burnt} mol of {fuel} to CO2 and H2O?",
        answer=answer,
        work=(
            f"One {fuel} takes {carbons} + {2 * carbons + 2} / 4 = {per_molecule:g} O2, "
            f"and {per_molecule:g} * {burnt} gives {answer}"
        ),
        wrong=wrong_values(rng, per_molecule * burnt, "mol", (carbons * burnt, per_molecule)),
    )


def stoichiometry(rng: Random) -> Question:
    """How much of one substance goes with an amount of another."""
    left, right = sides(rng.choice(REACTIONS))
    everything = {**left, **right}
    given, asked = rng.sample(sorted(everything), 2)
    number = rng.randrange(1, 60) / rng.choice((1, 2, 4))
    value = number * everything[asked] / everything[given]
    answer = quantity(value, "mol")
    verb = "is used up" if asked in left else "is formed"
    known = "react" if given in left else "are formed"
    return Question(
        problem=(
            f"In the reaction {_balanced(left, right)}, how much {asked} {verb} "
            f"when {number:g} mol of {given} {known}?"
        ),
        answer=answer,
        work=(
            f"{everything[asked]} {asked} go with {everything[given]} {given}: "
            f"{number:g} * {everything[asked]} / {everything[given]} gives {answer}"
        ),
        wrong=wrong_values(rng, value, "mol", (number * everything[given] / everything[asked],)),
    )


def _balanced(left: dict[str, int], right: dict[str, int]) -> str:
    sums = (
        " + ".join(
            f"{count} {formula}" if count > 1 else formula for formula, count in each.items()
        )
        for each in (left, right)
    )
    return " -> ".join(sums)
