"""The corpus that dedup is measured on: its labels are true, and so is the truth about it."""

import itertools
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import factory.shingles
from tests.benchmarks import dedup_truth
from tests.benchmarks.dedup_corpus import SHARES, Spec, batches, write_corpus
from tests.benchmarks.dedup_judging import Judge
from tests.benchmarks.dedup_words import KINDS

# The native half of both is compiled by whichever test comes first.
pytestmark = pytest.mark.timeout(120)
SPEC = Spec(rows=1_500, words=90, seed=3)


@cache
def rows(spec: Spec = SPEC) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(pl.from_arrow(batch)) for batch in batches(spec)])


@cache
def shingles(text: str) -> frozenset[str]:
    return factory.shingles.shingles(text, factory.shingles.Shingling())


def jaccard(a: str, b: str) -> float:
    return len(shingles(a) & shingles(b)) / len(shingles(a) | shingles(b))


def families(kind: str, style: str = "plain") -> list[list[str]]:
    """The texts of each family of a kind, in the order of their members."""
    mine = rows(Spec(rows=1_500, words=90, seed=3, style=style)).filter(kind=kind)
    grouped = mine.sort("member").group_by("family", maintain_order=True).agg("text")
    return grouped["text"].to_list()


def truth(texts: list[str], low: float = 0.5) -> dedup_truth.Truth:
    table = pl.DataFrame({"text": texts}).to_arrow()
    return dedup_truth.find(iter(table["text"].cast("large_string").chunks), low)


def test_every_row_has_its_number_and_each_kind_its_share():
    made = rows()
    assert made["id"].to_list() == list(range(1_500))
    for kind, share in SHARES.items():
        assert made.filter(kind=kind).height == pytest.approx(1_500 * share, rel=0.5), kind


def test_relatives_stand_apart():
    made = rows()
    first = made.filter(kind="near").group_by("family").agg(pl.col("id").max() - pl.col("id").min())
    assert first["id"].median() > 100


@pytest.mark.parametrize("kind", ["exact", "popular"])
def test_copies_are_the_same_bytes(kind: str):
    assert families(kind)
    for texts in families(kind):
        assert len(texts) > 1
        assert len(set(texts)) == 1


@pytest.mark.parametrize("style", ["plain", "prose"])
def test_folded_copies_differ_in_case_and_white_space_alone(style: str):
    for first, *others in families("folded", style):
        assert others
        for other in others:
            assert other != first
            assert other.casefold().split() == first.casefold().split()


def test_half_of_the_near_duplicates_are_just_below_the_threshold():
    found = np.array([jaccard(t[0], o) for t in families("near") for o in t[1:]])
    assert ((found > 0.4) & (found < 1)).mean() > 0.97
    assert ((found >= 0.7) & (found < 0.8)).mean() == pytest.approx(0.45, abs=0.12)
    assert ((found >= 0.8) & (found < 0.9)).mean() == pytest.approx(0.3, abs=0.12)


def test_most_links_of_a_chain_hold_and_most_of_its_ends_do_not():
    chains = families("chain")
    links = [jaccard(a, b) for texts in chains for a, b in itertools.pairwise(texts)]
    assert np.mean([link >= 0.8 for link in links]) > 0.8
    assert np.mean([jaccard(texts[0], texts[-1]) < 0.8 for texts in chains]) > 0.8


def test_members_of_a_cluster_are_all_near_its_first():
    for first, *others in families("cluster"):
        assert np.mean([jaccard(first, other) >= 0.8 for other in others]) > 0.95


def test_a_template_changes_in_its_numbers_alone():
    for texts in families("template"):
        assert len(set(texts)) == len(texts)
        bare = {" ".join("#" if w.isdigit() else w for w in text.split()) for text in texts}
        assert len(bare) == 1


def test_no_unique_text_is_a_duplicate_of_any_other():
    made = rows()
    found = truth(made["text"].to_list(), 0.8)
    alone = set(np.flatnonzero((made["kind"] == "unique").to_numpy()))
    near = {int(found.groups[row]) for row in alone} & {*found.left, *found.right}
    assert not near


def test_a_corpus_is_a_function_of_its_spec(tmp_path: Path):
    spec = Spec(rows=700, words=40, seed=5)
    first, again = (write_corpus(spec, tmp_path / name, files=2) for name in "ab")
    assert [p.name for p in sorted(first.iterdir())] == ["part-00000.parquet"]
    assert pl.read_parquet(first).equals(pl.read_parquet(again))
    assert not pl.read_parquet(first).equals(rows(Spec(rows=700, words=40, seed=6)))


def test_the_join_finds_just_the_pairs_that_comparing_all_finds():
    draw = np.random.default_rng(1)
    texts = []
    for _ in range(60):
        words = [f"w{i}" for i in draw.integers(0, 400, draw.integers(1, 40))]
        texts.append(" ".join(words))
        for _ in range(3):
            words = list(words)
            words[draw.integers(len(words))] = "other"
            texts.append(" ".join(words))
    texts += ["", "  ", "!", "Straße und Haus und Hof", "STRASSE und haus UND hof", "a b, c d"]
    found = truth(texts)
    given = {
        (i, j): jaccard(texts[i], texts[j]) for i, j in itertools.combinations(range(len(texts)), 2)
    }
    rows_of = [np.flatnonzero(found.groups == group) for group in range(found.num_groups)]
    told = {
        (min(i, j), max(i, j)): float(similarity)
        for a, b, similarity in zip(found.left, found.right, found.jaccard, strict=True)
        for i, j in itertools.product(rows_of[a], rows_of[b])
    }
    told |= {pair: 1.0 for rows in rows_of for pair in itertools.combinations(rows, 2)}
    wanted = {pair: similarity for pair, similarity in given.items() if similarity >= 0.5}
    assert told == pytest.approx(wanted)
    assert len({*wanted.values()}) > 20


def test_the_join_cuts_texts_as_the_definition_of_tokens_says():
    draw = np.random.default_rng(7)
    ascii_alone = [chr(i) for i in range(1, 128)]
    others = [*"aB 1_ Éßſİ漢字かナ한글\u0301\u00a0\u200b\u3000…—'", "\U0001f600"]
    for signs in (ascii_alone, others):
        for _ in range(150):
            text = "".join(draw.choice(signs, draw.integers(1, 40)))
            tokens = factory.shingles.tokens(text)
            # With its tokens apart it is the same text to every shingle; with one more it is not.
            found = truth([text, " ".join(tokens), f"{text} more"])
            assert found.groups.tolist() == [0, 0, 1], (text, tokens)
            assert len(found.jaccard) == (jaccard(text, f"{text} more") >= 0.5)


def test_truth_is_kept_beside_the_corpus(tmp_path: Path):
    folder = write_corpus(Spec(rows=400, words=40), tmp_path / "corpus")
    first = dedup_truth.truth_of(folder)
    again = dedup_truth.truth_of(folder)
    assert (tmp_path / "corpus.truth-0.5.npz").exists()
    assert (first.groups == again.groups).all()
    assert (first.jaccard == again.jaccard).all()


def test_a_removal_is_judged_as_counting_pair_by_pair_does():
    made = rows(Spec(rows=300, words=60, seed=2))
    texts = made["text"].to_list()
    removed = np.random.default_rng(4).random(300) < 0.3
    codes = np.array([KINDS.index(kind) for kind in made["kind"]])
    quality = Judge(truth(texts), codes).quality(removed)
    near = [
        pair
        for pair in itertools.combinations(range(300), 2)
        if jaccard(texts[pair[0]], texts[pair[1]]) >= 0.8
    ]
    caught = [pair for pair in near if removed[list(pair)].any()]
    twins = {a for a, b in near if not removed[b]} | {b for a, b in near if not removed[a]}
    gone = set(np.flatnonzero(removed))
    assert (quality.all.found.part, quality.all.found.whole) == (len(caught), len(near))
    assert (quality.all.justified.part, quality.all.justified.whole) == (
        len(gone & twins),
        len(gone),
    )
    high = [share for low, share in quality.buckets.items() if low >= 0.8]
    assert sum(share.whole for share in high) == len(near)
    assert sum(share.part for share in high) == len(caught)


def test_removing_nothing_finds_nothing():
    made = rows(Spec(rows=300, words=60))
    codes = np.array([KINDS.index(kind) for kind in made["kind"]])
    quality = Judge(truth(made["text"].to_list()), codes).quality(np.zeros(300, dtype=np.bool_))
    assert quality.all.found.part == 0 < quality.all.found.whole
    assert str(quality.all.justified) == "-"
