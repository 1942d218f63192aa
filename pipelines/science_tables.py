"""What science questions are drawn from: elements, compounds, reactions, planets.

Written for this repository from common knowledge. Atomic masses are IUPAC's abridged standard
atomic weights (2021), or its conventional value where the standard is an interval. A test balances
every reaction and reads every formula.
"""

import re
from collections import Counter
from typing import NamedTuple


class Element(NamedTuple):
    """An element; `mass` is in g/mol."""

    number: int
    symbol: str
    name: str
    mass: float


ELEMENTS = tuple(
    Element(int(number), symbol, name, float(mass))
    for number, symbol, name, mass in (
        line.split()
        for line in """
1 H hydrogen 1.008
2 He helium 4.0026
3 Li lithium 6.94
4 Be beryllium 9.0122
5 B boron 10.81
6 C carbon 12.011
7 N nitrogen 14.007
8 O oxygen 15.999
9 F fluorine 18.998
10 Ne neon 20.180
11 Na sodium 22.990
12 Mg magnesium 24.305
13 Al aluminium 26.982
14 Si silicon 28.085
15 P phosphorus 30.974
16 S sulfur 32.06
17 Cl chlorine 35.45
18 Ar argon 39.95
19 K potassium 39.098
20 Ca calcium 40.078
21 Sc scandium 44.956
22 Ti titanium 47.867
23 V vanadium 50.942
24 Cr chromium 51.996
25 Mn manganese 54.938
26 Fe iron 55.845
27 Co cobalt 58.933
28 Ni nickel 58.693
29 Cu copper 63.546
30 Zn zinc 65.38
31 Ga gallium 69.723
32 Ge germanium 72.630
33 As arsenic 74.922
34 Se selenium 78.971
35 Br bromine 79.904
36 Kr krypton 83.798
47 Ag silver 107.87
50 Sn tin 118.71
53 I iodine 126.90
54 Xe xenon 131.29
55 Cs caesium 132.91
56 Ba barium 137.33
74 W tungsten 183.84
78 Pt platinum 195.08
79 Au gold 196.97
80 Hg mercury 200.59
82 Pb lead 207.2
92 U uranium 238.03
""".strip().splitlines()
    )
)
BY_SYMBOL = {element.symbol: element for element in ELEMENTS}
SPELLINGS = {"aluminium": "aluminium|aluminum", "sulfur": "sulfur|sulphur"}
SPELLINGS |= {"caesium": "caesium|cesium"}
"""Names that are right in two ways, as a gold answer says it."""

NUCLIDES = (
    ("H", 2), ("H", 3), ("He", 3), ("He", 4), ("Li", 6), ("Li", 7), ("Be", 9), ("B", 10), ("B", 11),
    ("C", 12), ("C", 13), ("C", 14), ("N", 14), ("N", 15), ("O", 16), ("O", 17), ("O", 18),
    ("F", 19), ("Ne", 20), ("Ne", 22), ("Na", 23), ("Mg", 24), ("Mg", 26), ("Al", 27), ("Si", 28),
    ("P", 31), ("P", 32), ("S", 32), ("S", 34), ("Cl", 35), ("Cl", 37), ("Ar", 40), ("K", 39),
    ("K", 40), ("Ca", 40), ("Ca", 44), ("Ti", 48), ("Cr", 52), ("Mn", 55), ("Fe", 54), ("Fe", 56),
    ("Co", 59), ("Co", 60), ("Ni", 58), ("Cu", 63), ("Cu", 65), ("Zn", 64), ("Br", 79), ("Br", 81),
    ("Kr", 84), ("Ag", 107), ("Sn", 120), ("I", 127), ("I", 131), ("Xe", 132), ("Cs", 133),
    ("Cs", 137), ("Ba", 138), ("Au", 197), ("Hg", 202), ("Pb", 206), ("Pb", 208), ("U", 235),
    ("U", 238),
)  # fmt: skip
"""Symbol and mass number."""

IONS = (
    ("Li", 1), ("Na", 1), ("K", 1), ("Cs", 1), ("Ag", 1), ("Mg", 2), ("Ca", 2), ("Ba", 2),
    ("Zn", 2), ("Fe", 2), ("Fe", 3), ("Cu", 2), ("Al", 3), ("Sc", 3), ("Cr", 3), ("F", -1),
    ("Cl", -1),
    ("Br", -1), ("I", -1), ("O", -2), ("S", -2), ("N", -3), ("P", -3),
)  # fmt: skip
"""Symbol and charge."""

COMPOUNDS = {
    "H2O": "water", "CO2": "carbon dioxide", "CO": "carbon monoxide", "CH4": "methane",
    "C2H6": "ethane", "C3H8": "propane", "C4H10": "butane", "C8H18": "octane", "C6H6": "benzene",
    "C2H4": "ethene", "C2H6O": "ethanol", "C3H6O": "acetone", "C6H12O6": "glucose",
    "C12H22O11": "sucrose", "NH3": "ammonia", "N2O": "dinitrogen monoxide",
    "NO2": "nitrogen dioxide", "SO2": "sulfur dioxide", "SO3": "sulfur trioxide",
    "H2O2": "hydrogen peroxide", "HCl": "hydrogen chloride", "HNO3": "nitric acid",
    "H2SO4": "sulfuric acid", "H3PO4": "phosphoric acid", "NaCl": "sodium chloride",
    "NaOH": "sodium hydroxide", "Na2CO3": "sodium carbonate", "NaHCO3": "sodium hydrogencarbonate",
    "KOH": "potassium hydroxide", "KBr": "potassium bromide", "KMnO4": "potassium permanganate",
    "K2Cr2O7": "potassium dichromate", "LiOH": "lithium hydroxide", "CaCO3": "calcium carbonate",
    "CaO": "calcium oxide", "Ca(OH)2": "calcium hydroxide", "CaF2": "calcium fluoride",
    "Ca3(PO4)2": "calcium phosphate", "MgO": "magnesium oxide", "Mg(OH)2": "magnesium hydroxide",
    "Al2O3": "aluminium oxide", "Al(OH)3": "aluminium hydroxide", "FeO": "iron(II) oxide",
    "Fe2O3": "iron(III) oxide", "CuO": "copper(II) oxide", "CuSO4": "copper(II) sulfate",
    "ZnO": "zinc oxide", "AgNO3": "silver nitrate", "BaSO4": "barium sulfate",
    "NH4NO3": "ammonium nitrate", "(NH4)2SO4": "ammonium sulfate", "SiO2": "silicon dioxide",
    "TiO2": "titanium dioxide", "SnO2": "tin(IV) oxide", "HgO": "mercury(II) oxide",
}  # fmt: skip
"""Names by formula."""

REACTIONS = """
2 H2 + O2 -> 2 H2O
N2 + 3 H2 -> 2 NH3
N2 + O2 -> 2 NO
CH4 + 2 O2 -> CO2 + 2 H2O
2 C2H6 + 7 O2 -> 4 CO2 + 6 H2O
C2H4 + 3 O2 -> 2 CO2 + 2 H2O
2 C2H2 + 5 O2 -> 4 CO2 + 2 H2O
C3H8 + 5 O2 -> 3 CO2 + 4 H2O
2 C4H10 + 13 O2 -> 8 CO2 + 10 H2O
C6H12O6 + 6 O2 -> 6 CO2 + 6 H2O
C2H6O + 3 O2 -> 2 CO2 + 3 H2O
4 Fe + 3 O2 -> 2 Fe2O3
2 Mg + O2 -> 2 MgO
4 Al + 3 O2 -> 2 Al2O3
P4 + 5 O2 -> P4O10
2 SO2 + O2 -> 2 SO3
4 NH3 + 5 O2 -> 4 NO + 6 H2O
2 Na + 2 H2O -> 2 NaOH + H2
2 K + 2 H2O -> 2 KOH + H2
Ca + 2 H2O -> Ca(OH)2 + H2
2 Na + Cl2 -> 2 NaCl
2 Al + 3 Cl2 -> 2 AlCl3
2 Fe + 3 Cl2 -> 2 FeCl3
Mg + 2 HCl -> MgCl2 + H2
Zn + 2 HCl -> ZnCl2 + H2
2 Al + 6 HCl -> 2 AlCl3 + 3 H2
CaCO3 + 2 HCl -> CaCl2 + H2O + CO2
Na2CO3 + 2 HCl -> 2 NaCl + H2O + CO2
Mg(OH)2 + 2 HCl -> MgCl2 + 2 H2O
H2SO4 + 2 NaOH -> Na2SO4 + 2 H2O
H3PO4 + 3 NaOH -> Na3PO4 + 3 H2O
Ca(OH)2 + 2 HNO3 -> Ca(NO3)2 + 2 H2O
Al(OH)3 + 3 HNO3 -> Al(NO3)3 + 3 H2O
Fe2O3 + 3 CO -> 2 Fe + 3 CO2
Fe2O3 + 2 Al -> Al2O3 + 2 Fe
2 KClO3 -> 2 KCl + 3 O2
2 H2O2 -> 2 H2O + O2
2 HgO -> 2 Hg + O2
3 NO2 + H2O -> 2 HNO3 + NO
2 Pb(NO3)2 -> 2 PbO + 4 NO2 + O2
""".strip().splitlines()
"""With the smallest whole numbers."""

PLANETS = ("Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune")
"""From the Sun outwards."""

_ATOMS = re.compile(r"([A-Z][a-z]?)(\d*)|\(|\)(\d*)")


def atoms(formula: str) -> Counter[str]:
    """Atoms by symbol in one unit of a formula such as `Ca3(PO4)2`."""
    groups: list[Counter[str]] = [Counter()]
    for found in _ATOMS.finditer(formula):
        if found[0] == "(":
            groups.append(Counter())
        elif found[0].startswith(")"):
            inner = groups.pop()
            for symbol, number in inner.items():
                groups[-1][symbol] += number * int(found[3] or 1)
        else:
            groups[-1][found[1]] += int(found[2] or 1)
    return groups[0]


def molar_mass(formula: str) -> float:
    """In g/mol."""
    return sum(BY_SYMBOL[symbol].mass * number for symbol, number in atoms(formula).items())


def sides(reaction: str) -> tuple[dict[str, int], dict[str, int]]:
    """Coefficients by formula of the reactants and of the products."""
    left, right = (
        {words[-1]: int(words[0]) if len(words) > 1 else 1 for words in map(str.split, terms)}
        for terms in (side.split(" + ") for side in reaction.split(" -> "))
    )
    return left, right
