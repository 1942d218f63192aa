"""The topics that teachers write science questions about: a list of our own, and its source."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from factory.records import Message, Prompt
from factory.seeds import seeded

SOURCE, LICENSE = "science-topics", "apache-2.0"

FIELDS: dict[str, tuple[str, ...]] = {
    "physics": (
        "classical mechanics", "rotational dynamics", "oscillations and waves", "fluid mechanics",
        "thermodynamics", "statistical mechanics", "electrostatics", "magnetism and induction",
        "electric circuits", "electromagnetic waves", "geometric optics", "wave optics",
        "special relativity", "general relativity", "quantum mechanics", "atomic physics",
        "nuclear physics", "particle physics", "solid state physics", "plasma physics",
    ),
    "chemistry": (
        "atomic structure", "periodic trends", "chemical bonding", "molecular symmetry",
        "stoichiometry", "chemical thermodynamics", "chemical equilibrium", "reaction kinetics",
        "acids and bases", "redox reactions", "electrochemistry", "coordination chemistry",
        "main group chemistry", "transition metals", "organic reaction mechanisms",
        "stereochemistry", "aromatic chemistry", "carbonyl chemistry", "polymers", "spectroscopy",
        "analytical chemistry", "colloids and surfaces", "catalysis", "photochemistry",
    ),
    "biology": (
        "cell structure", "membrane transport", "enzymes", "cellular respiration",
        "photosynthesis", "DNA replication and repair", "gene expression", "gene regulation",
        "Mendelian genetics", "population genetics", "evolution", "phylogenetics", "microbiology",
        "virology", "immunology", "neurobiology", "developmental biology", "plant physiology",
        "animal physiology", "ecology", "molecular cloning", "biophysics",
    ),
    "astronomy": (
        "celestial mechanics", "the solar system", "exoplanets", "stellar structure",
        "stellar evolution", "compact objects", "galaxies", "cosmology", "observational methods",
        "the interstellar medium",
    ),
    "earth science": (
        "mineralogy", "petrology", "plate tectonics", "seismology", "geochronology",
        "sedimentology", "hydrology", "oceanography", "meteorology", "climate", "geochemistry",
        "palaeontology",
    ),
    "medicine": (
        "anatomy", "endocrinology", "cardiovascular physiology", "renal physiology",
        "respiratory physiology", "pharmacology", "pathology", "haematology", "epidemiology",
        "infectious diseases",
    ),
    "materials science": (
        "crystal structures", "phase diagrams", "mechanical properties", "diffusion", "ceramics",
        "semiconductors", "corrosion", "composites",
    ),
}  # fmt: skip
"""Topics by field; a prompt's `topic` is its field."""


@dataclass(frozen=True, kw_only=True)
class TopicList:
    """A prompt for each topic, for teachers to write on; no topic comes twice."""

    limit: int
    seed: int
    weights: Mapping[str, float]
    """By field; 1 for those that are not named. A heavy field's topics tend to come first."""

    @property
    def num_prompts(self) -> int:
        """How many topics are used."""
        return min(self.limit, sum(map(len, FIELDS.values())))

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        """See `factory.sources.Source`."""
        for index, (field, topic) in enumerate(self._order()[start:stop], start):
            turns = (Message(role="user", content=f"{field}: {topic}"),)
            yield Prompt(
                id=Prompt.make_id("science", turns),
                index=index,
                domain="science",
                input=turns,
                problem=topic,
                expected_answer=None,
                source=SOURCE,
                license=LICENSE,
                topic=field,
            )

    def _order(self) -> list[tuple[str, str]]:
        """All topics in the order of a weighted draw without replacement."""

        def place(each: tuple[str, str]) -> float:
            draw = seeded(self.seed, "science.topics", *each).random()
            return -math.pow(draw, 1 / self.weights.get(each[0], 1.0))

        pairs = [(field, topic) for field, topics in FIELDS.items() for topic in topics]
        return sorted(pairs, key=place)
