"""An embedder without a model: hashed words, for tests and rehearsals."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from factory.decontamination.embedding import ScriptedEmbedding
from factory.decontamination.windows import Embedded, num_windows, spread
from factory.seeds import derive_seed

_WORD = re.compile(r"\S+")


class HashedWords:
    """A text's vector is the sum of its words'; each word has a direction of its own."""

    slack = 0.0

    def __init__(self, config: ScriptedEmbedding) -> None:
        self.config = config
        self.num_embedded = 0
        """Texts that were embedded so far."""

    def embed(self, texts: Sequence[str]) -> Embedded:
        """See `Embedder.embed`."""
        vectors, owners, spans, cut = [], [], [], []
        room, most = self.config.window_words, self.config.max_windows
        for owner, text in enumerate(texts):
            words = [match.span() for match in _WORD.finditer(text)] or [(0, len(text))]
            overlap = room // 4
            if num_windows(len(words), room=room, overlap=overlap) > most:
                cut.append(owner)
            for start, stop in spread(len(words), room=room, overlap=overlap, most=most):
                span = words[start][0], words[stop - 1][1]
                vectors.append(self._vector(text[slice(*span)]))
                owners.append(owner)
                spans.append(span)
        self.num_embedded += len(texts)
        stacked = np.array(vectors, np.float32).reshape(-1, self.config.dimensions)
        return Embedded.of(stacked, owners, spans, cut=cut)

    glance = embed

    def _vector(self, text: str) -> np.ndarray:
        total = np.zeros(self.config.dimensions)
        for word, count in Counter(text.casefold().split()).items():
            total += count * _direction(word, self.config.dimensions)
        return (total / (np.linalg.norm(total) or 1.0)).astype(np.float32)


@lru_cache(maxsize=10_000)
def _direction(word: str, dimensions: int) -> np.ndarray:
    return np.random.default_rng(derive_seed(0, word)).standard_normal(dimensions)
