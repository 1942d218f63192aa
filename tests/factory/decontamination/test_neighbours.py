"""Cosines of texts and items, in blocks, at a glance and exactly."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from factory.decontamination import neighbours
from factory.decontamination.hashed_words import HashedWords
from factory.decontamination.neighbours import Near, Vectors, look
from factory.decontamination.windows import Embedded
from factory.errors import PartError
from factory.seeds import seeded
from tests.factory.decontamination.near_corpora import SCRIPTED

ITEM = "how many apples has Janet after she sells four of her seven apples"
OTHER = "what is the area of a circle with a radius of three metres"


def embedded(*groups: Sequence[Sequence[float]]) -> Embedded:
    """Texts as lists of windows, normalised."""
    flat = np.array([window for group in groups for window in group], np.float32)
    owners = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    spans = np.array([(10 * i, 10 * i + 10) for group in groups for i in range(len(group))])
    return Embedded(
        vectors=flat / np.linalg.norm(flat, axis=1, keepdims=True), owners=owners, spans=spans
    )


def vectors(*groups: Sequence[Sequence[float]]) -> Vectors:
    found = embedded(*groups)
    return Vectors(found.vectors, found.owners, found.spans)


def random_groups(seed: str, number: int, most: int) -> list[list[list[float]]]:
    rng = np.random.default_rng(seeded(3, seed).getrandbits(32))
    return [rng.standard_normal((int(n), 6)).tolist() for n in rng.integers(1, most + 1, number)]


@pytest.mark.parametrize("most", [1, 4])
@pytest.mark.parametrize("block_bytes", [1, 4 * 30, 4 * 700, 1 << 20])
def test_the_nearest_are_those_of_all_pairs_whatever_the_blocks(
    most: int, block_bytes: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(neighbours, "_BLOCK_BYTES", block_bytes)
    texts, wanted = random_groups("texts", 40, most), random_groups("items", 23, most)
    expected = []
    for number, text in enumerate(texts):
        cosines = [
            max(
                float(embedded([a]).vectors[0] @ embedded([b]).vectors[0])
                for a in text
                for b in item
            )
            for item in wanted
        ]
        near = [(-cosine, i) for i, cosine in enumerate(cosines) if cosine >= 0.5]
        expected += [(number, i, -cosine) for cosine, i in sorted(near)[:3]]
    found = vectors(*wanted).nearest(embedded(*texts), threshold=0.5, top_k=3)
    assert [(n.text, n.item) for n in found] == [(text, item) for text, item, _ in expected]
    assert [n.similarity for n in found] == pytest.approx([c for _, _, c in expected], abs=2e-6)
    assert len({n.text for n in found}) > 5


def test_the_span_is_that_of_the_nearest_windows():
    wanted = vectors([[1, 0, 0]], [[0, 1, 0], [0, 0, 1]])
    found = wanted.nearest(
        embedded([[1, 0.1, 0]], [[1, 1, 0], [0, 0.1, 1]]), threshold=0.9, top_k=1
    )
    assert found == [
        Near(0, 0, found[0].similarity, 0, 10, 0, 10),
        Near(1, 1, found[1].similarity, 10, 20, 10, 20),
    ]


def test_the_threshold_is_inclusive_and_equally_near_items_come_in_their_order():
    wanted = vectors([[0.6, 0.8]], [[1, 0]], [[0.6, 0.8]], [[0.6, 0.8]])
    found = wanted.nearest(embedded([[1, 0]]), threshold=0.6, top_k=3)
    assert [(n.item, n.similarity) for n in found] == [(1, 1.0), (0, 0.6), (2, 0.6)]
    assert wanted.nearest(embedded([[1, 0]]), threshold=0.60001, top_k=9)[1:] == []
    assert float(np.float32(0.7)) < 0.7
    (near,) = vectors([[0.7, 0.51**0.5]]).nearest(embedded([[1, 0]]), threshold=0.7, top_k=1)
    assert near.similarity == 0.7


def test_nothing_is_near_to_no_items_and_no_texts_are_near():
    nothing = Embedded(
        vectors=np.empty((0, 2), np.float32), owners=np.empty(0, np.int64), spans=np.empty((0, 2))
    )
    none = Vectors(nothing.vectors, nothing.owners, nothing.spans)
    assert none.nearest(embedded([[1, 0]]), threshold=-1, top_k=3) == []
    assert vectors([[1, 0]]).nearest(nothing, threshold=-1, top_k=3) == []


def test_vectors_of_another_model_than_the_items_are_refused():
    with pytest.raises(PartError, match="vectors of 2 dimensions, those of the items have 3"):
        vectors([[1, 0, 0]]).nearest(embedded([[1, 0]]), threshold=0.5, top_k=1)


class Blurred(HashedWords):
    """Sees at a glance less likeness to the item than there is, by up to `slack`."""

    slack = 0.05

    def __init__(self) -> None:
        super().__init__(SCRIPTED)
        self.looked_at_exactly = 0

    def glance(self, texts: Sequence[str]) -> Embedded:
        seen = super().embed(texts)
        moved = seen.vectors - 0.04 * super().embed([ITEM]).vectors
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        return dataclasses.replace(seen, vectors=moved.astype(np.float32))

    def embed(self, texts: Sequence[str]) -> Embedded:
        self.looked_at_exactly += len(texts)
        return super().embed(texts)


def test_what_is_near_after_a_glance_is_what_is_near(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(neighbours, "_TEXTS_TOGETHER", 7)
    words = ITEM.split()
    rng = np.random.default_rng(4)
    texts = [" ".join(rng.choice(words, 9)) for _ in range(50)] + [OTHER] * 50
    exact = HashedWords(SCRIPTED)
    found = exact.embed([ITEM])
    wanted = Vectors(found.vectors, found.owners, found.spans)
    blurred = Blurred()
    assert look(texts, blurred, wanted, SCRIPTED).near == look(texts, exact, wanted, SCRIPTED).near
    assert 0 < blurred.looked_at_exactly < 60
    borderline = [n.similarity for n in look(texts, exact, wanted, SCRIPTED).near]
    assert min(borderline) < SCRIPTED.threshold + 0.02
