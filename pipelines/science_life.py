"""Questions of biology that have one answer: sequences, crosses, cells, and counts of them."""

from random import Random

from pipelines.science_numbers import Formula, Question, quantity, wrong_counts, wrong_values

_BASES = "UCAG"
_AMINO_ACIDS = """
Phe Phe Leu Leu Ser Ser Ser Ser Tyr Tyr stop stop Cys Cys stop Trp
Leu Leu Leu Leu Pro Pro Pro Pro His His Gln Gln Arg Arg Arg Arg
Ile Ile Ile Met Thr Thr Thr Thr Asn Asn Lys Lys Ser Ser Arg Arg
Val Val Val Val Ala Ala Ala Ala Asp Asp Glu Glu Gly Gly Gly Gly
"""
"""By codon, the first base changing last, in the order of `_BASES`."""
_NAMES = {
    "Phe": "phenylalanine", "Leu": "leucine", "Ser": "serine", "Tyr": "tyrosine", "Cys": "cysteine",
    "Trp": "tryptophan", "Pro": "proline", "His": "histidine", "Gln": "glutamine",
    "Arg": "arginine", "Ile": "isoleucine", "Met": "methionine", "Thr": "threonine",
    "Asn": "asparagine", "Lys": "lysine", "Val": "valine", "Ala": "alanine",
    "Asp": "aspartic acid|aspartate", "Glu": "glutamic acid|glutamate", "Gly": "glycine",
}  # fmt: skip
CODONS = {
    first + second + third: _AMINO_ACIDS.split()[16 * i + 4 * j + k]
    for i, first in enumerate(_BASES)
    for j, second in enumerate(_BASES)
    for k, third in enumerate(_BASES)
}
"""The standard genetic code."""

BIOLOGY = {
    "magnification": Formula(
        topic="biology",
        problem=(
            "A cell is {i} long in a picture that is magnified {n} times. How long is it really?"
        ),
        inputs="i 20 200 2 mm, n 50 900 10",
        value=lambda i, n: i / n,
        unit="mm",
        work="Its size is the picture's over the magnification: {i} / {n} = {answer}",
        slips=(lambda i, n: i * n, lambda i, n: n / i),
    ),
    "carriers": Formula(
        topic="biology",
        problem=(
            "In a population in Hardy-Weinberg equilibrium, an allele of a gene with two "
            "alleles has "
            "a frequency of {q}. What percentage of the population is heterozygous?"
        ),
        inputs="q 0.01 0.5 0.01",
        value=lambda q: 200 * q * (1 - q),
        unit="%",
        work="It is 2 p q with p = 1 - {q}, which is {answer}",
        slips=(lambda q: 100 * q * (1 - q), lambda q: 100 * q**2, lambda q: 100 * (1 - q) ** 2),
    ),
}


def complement(rng: Random) -> Question:
    """The complementary strand of DNA, or the messenger RNA of a template."""
    strand = "".join(rng.choices("ACGT", k=rng.randrange(6, 13)))
    rna = rng.random() < 0.5
    pairs = str.maketrans("ACGT", "UGCA" if rna else "TGCA")
    answer = strand.translate(pairs)
    asked = (
        f"What messenger RNA is made on the DNA template strand 3'-{strand}-5'? Write it from "
        "5' to 3'"
        if rna
        else f"What DNA strand pairs with 3'-{strand}-5'? Write it from 5' to 3'"
    )
    others = [answer[::-1], strand, strand[::-1], *(_mutated(rng, answer) for _ in range(20))]
    return Question(
        problem=f"{asked}, letters only.",
        answer=answer,
        work=f"Pair base by base, A with {'U' if rna else 'T'} and G with C: {answer}",
        wrong=tuple(dict.fromkeys(each for each in others if each != answer))[:9],
    )


def codon(rng: Random) -> Question:
    """The amino acid of a codon."""
    triplet = rng.choice([each for each, acid in CODONS.items() if acid != "stop"])
    acid = CODONS[triplet]
    others = rng.sample([name for each, name in _NAMES.items() if each != acid], 9)
    return Question(
        problem=f"Which amino acid does the codon {triplet} of messenger RNA stand for?",
        answer=f"{_NAMES[acid]}|{acid}",
        work=f"In the standard genetic code {triplet} stands for {_NAMES[acid].split('|')[0]}",
        wrong=tuple(name.split("|")[0] for name in others),
    )


def protein_length(rng: Random) -> Question:
    """The amino acids of a coding sequence."""
    length = rng.randrange(20, 900)
    bases = 3 * (length + 1)
    return Question(
        problem=(
            f"A coding sequence has {bases} bases, the stop codon included. How many amino "
            "acids does "
            "its protein have at first?"
        ),
        answer=str(length),
        work=f"{bases} / 3 = {length + 1} codons, and one of them is the stop: {length}",
        wrong=wrong_counts(rng, length, (length + 1, bases, bases - 3), low=1),
    )


def base_share(rng: Random) -> Question:
    """The share of a base by Chargaff's rule."""
    known, asked = rng.sample("ACGT", 2)
    share = rng.randrange(20, 81) / 2
    paired = {known, asked} in ({"A", "T"}, {"C", "G"})
    value = share if paired else 50 - share
    answer = quantity(value, "%")
    reason = (
        f"{known} and {asked} pair, so their shares are equal"
        if paired
        else f"A pairs with T and G with C, so {known} and {asked} make up 50 %"
    )
    return Question(
        problem=(
            f"{share:g} % of the bases of a double-stranded DNA are {known}. What percentage is "
            f"{asked}?"
        ),
        answer=answer,
        work=f"{reason}: {answer}",
        wrong=wrong_values(rng, value, "%", (50 - share, 100 - share, share)),
    )


def gc_share(rng: Random) -> Question:
    """The GC content of a sequence."""
    strand = "".join(rng.choices("ACGT", k=rng.choice((8, 10, 12, 16, 20))))
    count = strand.count("G") + strand.count("C")
    value = 100 * count / len(strand)
    answer = quantity(value, "%")
    slips = (100 - value, 100 * strand.count("G") / len(strand))
    return Question(
        problem=f"What is the GC content of the DNA sequence {strand}, in percent?",
        answer=answer,
        work=f"{count} of {len(strand)} bases are G or C: {answer}",
        wrong=wrong_values(rng, value, "%", (each for each in slips if each)) if value else (),
    )


def cross(rng: Random) -> Question:
    """The offspring of a cross of one gene with a dominant allele."""
    trait = rng.choice(
        ("tall pea plants", "purple pea flowers", "round pea seeds", "yellow pea seeds")
    )
    letter = rng.choice("ABDEGHR")
    pair, shares = rng.choice(tuple(_CROSSES.items()))
    kind = rng.choice(("dominant", "recessive", "heterozygous"))
    value = shares[kind]
    first, second = (each.replace("A", letter).replace("a", letter.lower()) for each in pair)
    shown = {"dominant": "show the dominant trait", "recessive": "show the recessive trait"}
    return Question(
        problem=(
            f"The gene for {trait} has a dominant allele {letter} and a recessive allele "
            f"{letter.lower()}. Of the offspring of {first} x {second}, what percentage is "
            "expected "
            f"to {shown.get(kind, 'be heterozygous')}?"
        ),
        answer=f"{value} %",
        work=f"Of the four combinations {value // 25} fit, which is {value} %",
        wrong=tuple(f"{each} %" for each in (75, 50, 25, 100, 0) if each != value),
    )


_CROSSES = {
    ("Aa", "Aa"): {"dominant": 75, "recessive": 25, "heterozygous": 50},
    ("Aa", "aa"): {"dominant": 50, "recessive": 50, "heterozygous": 50},
    ("AA", "Aa"): {"dominant": 100, "recessive": 0, "heterozygous": 50},
    ("AA", "aa"): {"dominant": 100, "recessive": 0, "heterozygous": 100},
}


def divisions(rng: Random) -> Question:
    """Cells after some divisions."""
    start, rounds = rng.randrange(1, 60), rng.randrange(2, 9)
    count = start * 2**rounds
    return Question(
        problem=(
            f"{start} bacteria divide {rounds} times, all of them each time. How many are there "
            "then?"
        ),
        answer=str(count),
        work=f"Each round doubles them: {start} * 2^{rounds} = {start} * {2**rounds} = {count}",
        wrong=wrong_counts(rng, count, (start * 2 * rounds, start * rounds, count // 2), low=1),
    )


def gametes(rng: Random) -> Question:
    """Chromosomes after meiosis, and kinds of gametes."""
    pairs = rng.randrange(2, 51)
    whole = rng.random() < 0.5
    given, count = (2 * pairs, pairs) if whole else (pairs, 2 * pairs)
    asked = (
        f"A diploid body cell of an animal has {given} chromosomes. How many has its sperm cell?"
        if whole
        else f"An egg cell of a diploid animal has {given} chromosomes. How many has its body cell?"
    )
    done = f"{given} / 2" if whole else f"{given} * 2"
    return Question(
        problem=asked,
        answer=str(count),
        work=f"Meiosis halves the number: {done} = {count}",
        wrong=wrong_counts(rng, count, (given, 4 * pairs), low=1),
    )


def _mutated(rng: Random, strand: str) -> str:
    """A strand with one base changed."""
    place = rng.randrange(len(strand))
    letters = sorted(set("ACGU" if "U" in strand else "ACGT") - {strand[place]})
    return strand[:place] + rng.choice(letters) + strand[place + 1 :]
