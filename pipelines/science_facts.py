"""Questions of what is known for certain: pairs of a thing and what belongs to it.

Within a group every answer is wrong for every other thing, so that any of them may stand among the
options.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from pipelines.science_numbers import Question
from pipelines.science_tables import PLANETS

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """A family of questions of one kind of fact."""

    topic: str
    problem: str
    """Around `{thing}`."""
    answers: Mapping[str, str]
    """Answers by thing; alternatives separated by `|`, the first one stands among options."""
    work: str = "{thing}: {answer}"

    def __call__(self, rng: Random) -> Question:
        """One question."""
        thing, answer = rng.choice(list(self.answers.items()))
        shown = answer.split("|")[0]
        others = sorted({each.split("|")[0] for each in self.answers.values()} - {shown})
        return Question(
            problem=self.problem.format(thing=thing),
            answer=answer,
            work=self.work.format(thing=thing, answer=shown),
            wrong=tuple(rng.sample(others, min(9, len(others)))),
        )


_SI = {
    "force": "newton|N", "energy": "joule|J", "power": "watt|W", "pressure": "pascal|Pa",
    "electric charge": "coulomb|C", "electric potential": "volt|V",
    "electric resistance": "ohm|Ω", "capacitance": "farad|F", "inductance": "henry|H",
    "magnetic flux": "weber|Wb", "magnetic flux density": "tesla|T", "frequency": "hertz|Hz",
    "electric current": "ampere|A", "temperature": "kelvin|K", "amount of substance": "mole|mol",
    "luminous intensity": "candela|cd", "electric conductance": "siemens|S",
    "radioactivity": "becquerel|Bq", "absorbed dose of radiation": "gray|Gy",
}  # fmt: skip
_GLANDS = {
    "insulin": "pancreas", "thyroxine": "thyroid gland|thyroid", "melatonin": "pineal gland|pineal",
    "growth hormone": "anterior pituitary|pituitary gland|pituitary",
    "cortisol": "adrenal cortex|adrenal gland|adrenal glands",
    "parathyroid hormone": "parathyroid glands|parathyroid gland|parathyroids|parathyroid",
    "gastrin": "stomach", "erythropoietin": "kidneys|kidney",
}  # fmt: skip
_DEFICIENCIES = {
    "scurvy": "vitamin C", "rickets": "vitamin D", "beriberi": "vitamin B1|thiamine",
    "pellagra": "vitamin B3|niacin", "night blindness": "vitamin A", "goitre": "iodine",
}  # fmt: skip
_ENZYMES = {
    "starch": "amylase", "lactose": "lactase", "sucrose": "sucrase", "maltose": "maltase",
    "fats": "lipase", "cellulose": "cellulase", "hydrogen peroxide": "catalase", "urea": "urease",
    "chitin": "chitinase", "DNA": "deoxyribonuclease|DNase", "RNA": "ribonuclease|RNase",
}  # fmt: skip
_ORGANELLES = {
    "assemble proteins from amino acids": "ribosomes|ribosome",
    "carry out photosynthesis": "chloroplasts|chloroplast",
    "make most of the ATP of an animal cell by respiration": "mitochondria|mitochondrion",
    "hold most of the DNA of a eukaryotic cell": "nucleus|nuclei",
    "sort, modify and pack proteins for transport": "Golgi apparatus|Golgi|Golgi body",
    "digest worn-out parts of an animal cell with acid hydrolases": "lysosomes|lysosome",
    "organise the spindle of an animal cell": "centrosomes|centrosome|centrioles",
}  # fmt: skip
_ANIMALS = {
    "frog": "amphibians", "salamander": "amphibians", "newt": "amphibians", "bat": "mammals",
    "whale": "mammals", "dolphin": "mammals", "platypus": "mammals", "kangaroo": "mammals",
    "penguin": "birds", "ostrich": "birds", "owl": "birds", "snake": "reptiles",
    "crocodile": "reptiles", "tortoise": "reptiles", "gecko": "reptiles", "bee": "insects",
    "ant": "insects", "butterfly": "insects", "beetle": "insects", "spider": "arachnids",
    "scorpion": "arachnids", "tick": "arachnids", "crab": "crustaceans", "lobster": "crustaceans",
    "shrimp": "crustaceans", "squid": "cephalopods", "octopus": "cephalopods",
}  # fmt: skip
_KINDS = {
    "amphibians": "amphibians|amphibian|amphibia", "mammals": "mammals|mammal|mammalia",
    "birds": "birds|bird|aves", "reptiles": "reptiles|reptile|reptilia",
    "insects": "insects|insect|insecta", "arachnids": "arachnids|arachnid|arachnida",
    "crustaceans": "crustaceans|crustacean|crustacea",
    "cephalopods": "cephalopods|cephalopod|cephalopoda",
}  # fmt: skip
_ROCKS = {
    "granite": "igneous", "basalt": "igneous", "obsidian": "igneous", "gabbro": "igneous",
    "rhyolite": "igneous", "sandstone": "sedimentary", "shale": "sedimentary",
    "conglomerate": "sedimentary", "chalk": "sedimentary", "marble": "metamorphic",
    "slate": "metamorphic", "gneiss": "metamorphic", "schist": "metamorphic",
    "quartzite": "metamorphic",
}  # fmt: skip
MOHS = (
    "talc", "gypsum", "calcite", "fluorite", "apatite", "orthoclase", "quartz", "topaz", "corundum",
    "diamond",
)  # fmt: skip
"""The minerals of the Mohs scale, from the softest."""
_ERAS = {
    "Cambrian": "Palaeozoic", "Ordovician": "Palaeozoic", "Silurian": "Palaeozoic",
    "Devonian": "Palaeozoic", "Carboniferous": "Palaeozoic", "Permian": "Palaeozoic",
    "Triassic": "Mesozoic", "Jurassic": "Mesozoic", "Cretaceous": "Mesozoic",
    "Paleogene": "Cenozoic", "Neogene": "Cenozoic", "Quaternary": "Cenozoic",
}  # fmt: skip
_GROUPS = {
    name: group
    for group, names in {
        "alkali metals": "lithium sodium potassium caesium",
        "alkaline earth metals": "beryllium magnesium calcium barium",
        "halogens": "fluorine chlorine bromine iodine",
        "noble gases": "helium neon argon krypton xenon",
        "transition metals": "iron copper nickel chromium titanium gold silver platinum",
    }.items()
    for name in names.split()
}
_GROUP_NAMES = {
    "alkali metals": "alkali metals|alkali metal", "halogens": "halogens|halogen",
    "alkaline earth metals": "alkaline earth metals|alkaline earth metal",
    "noble gases": "noble gases|noble gas", "transition metals": "transition "
    "metals|transition metal",
}  # fmt: skip

FACTS = {
    "si_unit": Facts(
        topic="physics",
        problem="What is the SI unit of {thing}?",
        answers=_SI,
        work="The SI unit of {thing} is the {answer}",
    ),
    "gland": Facts(
        topic="biology",
        problem="In which organ of the human body is the hormone {thing} mainly made?",
        answers=_GLANDS,
        work="The hormone {thing} is made in the {answer}",
    ),
    "deficiency": Facts(
        topic="biology",
        problem="A lack of which nutrient causes {thing}?",
        answers=_DEFICIENCIES,
        work="The cause of {thing} is a lack of {answer}",
    ),
    "enzyme": Facts(
        topic="biology",
        problem="Which enzyme, or kind of enzyme, breaks down {thing}?",
        answers=_ENZYMES,
        work="What breaks down {thing} is called {answer}",
    ),
    "organelle": Facts(
        topic="biology",
        problem="Which structures of a cell {thing}?",
        answers=_ORGANELLES,
        work="What they do is {thing}: {answer}",
    ),
    "animal": Facts(
        topic="biology",
        problem=(
            "Of amphibians, arachnids, birds, cephalopods, crustaceans, insects, mammals and "
            "reptiles, where does the {thing} belong?"
        ),
        answers={animal: _KINDS[kind] for animal, kind in _ANIMALS.items()},
        work="The {thing} is one of the {answer}",
    ),
    "element_group": Facts(
        topic="chemistry",
        problem=(
            "Of alkali metals, alkaline earth metals, halogens, noble gases and transition metals, "
            "to which does {thing} belong?"
        ),
        answers={name: _GROUP_NAMES[group] for name, group in _GROUPS.items()},
        work="The element {thing} is one of the {answer}",
    ),
    "rock": Facts(
        topic="earth science",
        problem="Is {thing} an igneous, a sedimentary or a metamorphic rock?",
        answers={name: f"{kind}|{kind} rock" for name, kind in _ROCKS.items()},
        work="The rock {thing} is {answer}",
    ),
    "mohs": Facts(
        topic="earth science",
        problem="Which mineral has the hardness {thing} on the Mohs scale?",
        answers={str(place): name for place, name in enumerate(MOHS, start=1)},
        work="On the Mohs scale {thing} is {answer}",
    ),
    "era": Facts(
        topic="earth science",
        problem="To which era does the {thing} period belong?",
        answers={
            period: "Palaeozoic|Paleozoic" if era == "Palaeozoic" else era
            for period, era in _ERAS.items()
        },
        work="The {thing} is a period of the {answer}",
    ),
    "planet": Facts(
        topic="astronomy",
        problem="Which is the {thing} planet, counted from the Sun?",
        answers=dict(zip(_ORDINALS, PLANETS, strict=True)),
        work="From the Sun outwards, the {thing} planet is {answer}",
    ),
}


def harder(rng: Random) -> Question:
    """Which of two minerals scratches the other."""
    first, second = rng.sample(range(10), 2)
    answer = MOHS[max(first, second)]
    return Question(
        problem=f"Which mineral is the harder one, {MOHS[first]} or {MOHS[second]}?",
        answer=answer,
        work=(
            f"On the Mohs scale {MOHS[first]} has {first + 1} and {MOHS[second]} has {second + 1}, "
            f"so the harder one is {answer}"
        ),
    )


def neighbour(rng: Random) -> Question:
    """The planet between two others."""
    place = rng.randrange(1, 7)
    before, answer, after = PLANETS[place - 1 : place + 2]
    return Question(
        problem=f"Which planet's orbit lies between those of {before} and {after}?",
        answer=answer,
        work=f"From the Sun outwards come {before}, {answer}, {after}; between them lies {answer}",
        wrong=tuple(rng.sample([each for each in PLANETS if each != answer], 7)),
    )
