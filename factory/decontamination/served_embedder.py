"""A server that speaks OpenAI's embeddings API: vLLM, TEI, SGLang, Ollama, or a hosted one.

The client is the HTTP teacher's, with its patience: `factory.teachers.http_exchange`.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np

from factory.decontamination.embedding import HttpEmbedding
from factory.decontamination.windows import Embedded, Span, num_windows, spread
from factory.errors import PrerequisiteError, RunError, TeacherError
from factory.records import Completion, Message, Request, Sampling
from factory.teachers.http import read_key
from factory.teachers.http_vectors import read_vectors

_TOO_LONG = ("context_overflow",)


class ServedEmbedder:
    """Asks one or more servers, a batch of windows a request."""

    slack = 0.0

    def __init__(self, config: HttpEmbedding) -> None:
        self.config = config
        self._dimensions = 0
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Embedded:
        """See `Embedder.embed`.

        Raises:
            PrerequisiteError: the variable named by `api_key_env` is not set.
            TeacherError: no server answers any more, or the key or the model is refused.
            RunError: a text is refused, or vectors differ in their number of dimensions.
        """
        room, most = self.config.window_chars, self.config.max_windows
        owned: list[tuple[int, Span]] = []
        cut = []
        for owner, text in enumerate(texts):
            if num_windows(len(text), room=room, overlap=room // 4) > most:
                cut.append(owner)
            owned += [
                (owner, span) for span in spread(len(text), room=room, overlap=room // 4, most=most)
            ]
        found = self._ask_all(texts, owned)
        order = sorted(found)
        return Embedded.of(
            self._normalised([found[each] for each in order]),
            [owner for owner, _ in order],
            [span for _, span in order],
            cut=cut,
        )

    glance = embed

    def _ask_all(
        self, texts: Sequence[str], windows: Sequence[tuple[int, Span]]
    ) -> dict[tuple[int, Span], np.ndarray]:
        """A vector for each window, or for both halves of one that is too long for the server."""
        found: dict[tuple[int, Span], np.ndarray] = {}
        # Those of like length together: a server fills up the shorter ones.
        ordered = sorted(windows, key=lambda each: (each[1][1] - each[1][0], each))
        size = self.config.batch_size
        batches = [ordered[i : i + size] for i in range(0, len(ordered), size)]
        while batches:
            again: list[list[tuple[int, Span]]] = []
            requests = [self._request(texts, batch) for batch in batches]
            for index, completion in self._exchange(requests):
                batch = batches[index]
                if completion.error.startswith(_TOO_LONG):
                    again += _halves(batch, completion)
                elif completion.error:
                    self._refuse(completion.error)
                else:
                    found.update(zip(batch, read_vectors(completion, len(batch)), strict=True))
            batches = again
        return found

    def _request(self, texts: Sequence[str], batch: Sequence[tuple[int, Span]]) -> Request:
        turns = (Message(role="user", content=texts[owner][slice(*span)]) for owner, span in batch)
        model, revision = self.config.identity()
        return Request(
            task="embed", messages=tuple(turns), mode="off", model=model, revision=revision,
            sampling=Sampling(temperature=0.0, max_tokens=1), sample=0, seed=0,
        )  # fmt: skip

    def _exchange(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        from factory.teachers.http_exchange import Exchange

        try:
            key = read_key(self.config.api_key_env)
            with closing(Exchange(self.config.server(), key)) as exchange:
                yield from exchange.answer(iter(requests))
        except (PrerequisiteError, TeacherError) as error:  # they name the teachers' table
            raise type(error)(str(error).replace("teacher.", "embedding.")) from error

    def _refuse(self, error: str) -> None:
        raise RunError(
            f"{', '.join(self.config.base_urls)} cannot embed a batch of up to "
            f"{self.config.batch_size} texts: {error}; where it takes fewer at once, lower "
            "embedding.batch_size, and run the same command again"
        )

    def _normalised(self, vectors: Sequence[np.ndarray]) -> np.ndarray:
        sizes = {len(vector) for vector in vectors}
        with self._lock:
            self._dimensions = self._dimensions or min(sizes, default=0)
        if strange := sizes - {self._dimensions}:
            raise RunError(
                f"{', '.join(self.config.base_urls)}: vectors of {min(strange)} dimensions beside "
                f"such of {self._dimensions}; do all addresses serve {self.config.model}?"
            )
        stacked = np.array(vectors, np.float32).reshape(len(vectors), self._dimensions)
        lengths = np.linalg.norm(stacked.astype(np.float64), axis=1, keepdims=True)
        normalised: np.ndarray = (stacked / lengths).astype(np.float32)
        return normalised


def _halves(
    batch: Sequence[tuple[int, Span]], completion: Completion
) -> list[list[tuple[int, Span]]]:
    """What to ask instead of a batch that holds a text too long for the server."""
    if len(batch) > 1:
        middle = len(batch) // 2
        return [list(batch[:middle]), list(batch[middle:])]
    owner, (start, stop) = batch[0]
    middle = (start + stop) // 2
    if middle == start:
        raise RunError(f"the embedding server finds one character too long: {completion.error}")
    return [[(owner, (start, middle)), (owner, (middle, stop))]]
