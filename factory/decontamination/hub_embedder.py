"""Any model that sentence-transformers loads: a directory or an id of the Hub."""

import functools
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from factory.decontamination.embedding import LocalEmbedding
from factory.decontamination.windows import (
    UNREADABLE,
    Embedded,
    num_windows,
    places,
    shorten,
    spread,
)
from factory.errors import FactoryError, PrerequisiteError, TeacherError
from factory.teachers import models

_INSTALL = "pip install 'reasoning-factory[embed]' (it needs torch and sentence-transformers)"
_LONGEST_TOKEN = 16
_SPARE = 8
"""Tokens that stand around a window, or that a word torn by it has more than before."""
_ROOM_UNSAID = 512


class HubEmbedder:
    """A model through sentence-transformers; loaded at the first text."""

    slack = 1e-3
    """Vectors of one text by itself and in a batch differ by less."""

    def __init__(self, config: LocalEmbedding, *, num_threads: int) -> None:
        self.config = config
        self.num_threads = num_threads
        self._lock = threading.Lock()

    @functools.cached_property
    def _model(self) -> Any:
        try:
            import sentence_transformers
            import torch
            import transformers
        except ImportError as error:
            text = f'embedding.kind = "local" needs {error.name}: {_INSTALL}'
            raise PrerequisiteError(text) from error
        torch.set_num_threads(self.num_threads)
        transformers.utils.logging.disable_progress_bar()
        config = self.config
        try:
            model = sentence_transformers.SentenceTransformer(
                models.locate(config.model),
                revision=config.revision or None,
                trust_remote_code=False,
            )
        except FactoryError:
            raise
        except Exception as error:  # whatever the files or the Hub make of it
            name, _ = config.identity()
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            raise TeacherError(f"embedding.model {name} cannot be loaded: {reason}") from error
        return model.eval()

    def embed(self, texts: Sequence[str]) -> Embedded:
        """See `Embedder.embed`; each window by itself, as `MiniLM` does it."""
        with self._lock:
            return self._embed(texts, batch_size=1)

    def glance(self, texts: Sequence[str]) -> Embedded:
        """See `Embedder.glance`."""
        with self._lock:
            return self._embed(texts, batch_size=self.config.batch_size)

    def _embed(self, texts: Sequence[str], *, batch_size: int) -> Embedded:
        most = self.config.max_windows
        room = max(_SPARE, (self._model.max_seq_length or _ROOM_UNSAID) - _SPARE)
        limit = most * room * _LONGEST_TOKEN
        windows: list[str] = []
        owners: list[int] = []
        spans: list[tuple[int, int]] = []
        cut = []
        blind: list[int] = []
        for owner, text in enumerate(texts):
            short, left_out = shorten(text, limit)
            offsets, unknown = self._tokens(short)
            if left_out or num_windows(len(offsets), room=room, overlap=room // 4) > most:
                cut.append(owner)
            for start, stop in spread(len(offsets), room=room, overlap=room // 4, most=most):
                place = offsets[start][0], offsets[stop - 1][1]
                if sum(unknown[start:stop]) > UNREADABLE * (stop - start):
                    blind.append(len(windows))
                windows.append(short[slice(*place)])
                owners.append(owner)
                spans += places([place], limit, left_out)
        vectors = self._model.encode(
            windows,
            batch_size=batch_size,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        stacked = np.array(vectors, np.float32).reshape(len(windows), -1)
        if not np.isfinite(stacked).all():
            name, _ = self.config.identity()
            raise TeacherError(f"embedding.model {name} gives vectors with numbers that are none")
        return Embedded.of(stacked, owners, spans, cut=cut, blind=blind)

    def _tokens(self, text: str) -> tuple[list[tuple[int, int]], list[bool]]:
        """The characters of each token, and whether the model does not know it.

        Where the tokenizer cannot say it, a character is a token, and known.
        """
        tokenizer = self._model.tokenizer
        if not getattr(tokenizer, "is_fast", False):
            characters = [(i, i + 1) for i in range(len(text))] or [(0, 0)]
            return characters, [False] * len(characters)
        found = tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, truncation=False,
            return_attention_mask=False, verbose=False,
        )  # fmt: skip
        unknown = [token == tokenizer.unk_token_id for token in found["input_ids"]]
        offsets = [(start, stop) for start, stop in found["offset_mapping"]]
        return offsets or [(0, len(text))], unknown or [False]
