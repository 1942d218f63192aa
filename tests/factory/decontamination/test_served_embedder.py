"""An embedding model behind a server that misbehaves on demand."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from factory.decontamination.embedding import HttpEmbedding
from factory.decontamination.served_embedder import ServedEmbedder
from factory.errors import PrerequisiteError, RunError, TeacherError
from tests.factory.decontamination.embedding_server import WORDS, EmbeddingServer, serving


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with serving() as server:
        yield server


def served(server: EmbeddingServer, **fields: Any) -> ServedEmbedder:
    quick: dict[str, Any] = {"backoff_s": 0.002, "max_backoff_s": 0.01, "timeout_s": 5.0}
    return ServedEmbedder(
        HttpEmbedding(**{"model": "toy", "base_urls": (server.url,), **quick, **fields})
    )


TEXTS = [f"text number {n} says {n * 7}" for n in range(10)]


def expected(texts: list[str]) -> np.ndarray:
    return WORDS.embed(texts).vectors


def test_texts_are_sent_in_batches_and_their_vectors_normalised(server: EmbeddingServer):
    embedded = served(server, batch_size=4).embed(TEXTS)
    assert np.allclose(embedded.vectors, expected(TEXTS), atol=1e-6)
    assert embedded.vectors.dtype == np.float32
    assert embedded.owners.tolist() == list(range(10))
    assert sorted(len(body["input"]) for body in server.bodies) == [2, 4, 4]
    assert server.bodies[0]["path"] == "/v1/embeddings"
    assert server.bodies[0]["model"] == "toy"
    assert server.bodies[0]["encoding_format"] == "float"


@pytest.mark.parametrize("mode", ["429", "500", "short", "twice", "ragged", "nan", "null", "zeros"])
def test_what_may_pass_is_asked_again(mode: str, server: EmbeddingServer):
    server.modes = [mode, mode]
    embedded = served(server).embed(TEXTS)
    assert np.allclose(embedded.vectors, expected(TEXTS), atol=1e-6)
    assert len(server.bodies) == 3


@pytest.mark.parametrize("mode", ["shuffled", "unnumbered"])
def test_vectors_are_put_in_order_by_their_numbers(mode: str, server: EmbeddingServer):
    server.modes = [mode]
    assert np.allclose(served(server).embed(TEXTS).vectors, expected(TEXTS), atol=1e-6)


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("short", "it holds 9 vectors for 10 texts"),
        ("twice", "not numbered from 0"),
        ("ragged", "15 to 16 dimensions"),
        ("nan", "no embeddings"),
        ("null", "no embeddings"),
        ("infinite", "infinite numbers"),
        ("zeros", "only zeros"),
        ("422", "lower embedding.batch_size"),
    ],
)
def test_replies_that_stay_bad_end_the_work_and_say_why(
    mode: str, message: str, server: EmbeddingServer
):
    server.modes = [mode] * 20
    with pytest.raises(RunError, match=message):
        served(server).embed(TEXTS)


def test_vectors_of_another_dimension_than_before_end_the_work(server: EmbeddingServer):
    model = served(server)
    model.embed(TEXTS)
    server.modes = ["narrow"]
    with pytest.raises(RunError, match="vectors of 3 dimensions beside such of 16"):
        model.embed(TEXTS)


def test_a_window_that_the_server_finds_too_long_is_halved(server: EmbeddingServer):
    server.longest = 30
    texts = ["short", "word " * 20]
    embedded = served(server, window_chars=64, max_windows=4).embed(texts)
    assert embedded.owners.tolist()[0] == 0
    spans = embedded.spans[1:].tolist()
    assert all(stop - start <= 30 for start, stop in spans)
    assert (spans[0][0], spans[-1][1]) == (0, 100)


def test_a_server_that_takes_nothing_at_all_ends_the_work(server: EmbeddingServer):
    server.longest = 0
    with pytest.raises(RunError, match="one character too long"):
        served(server).embed(["ab"])


def test_a_wrong_key_is_told_with_the_setting_that_names_it(
    server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
):
    model = served(server, api_key_env="EMBED_KEY")
    with pytest.raises(PrerequisiteError, match="EMBED_KEY, which embedding.api_key_env names"):
        model.embed(TEXTS)
    monkeypatch.setenv("EMBED_KEY", "sk-secret")
    model.embed(TEXTS)
    assert server.headers == ["Bearer sk-secret"]
    server.modes = ["401"]
    with pytest.raises(TeacherError, match="HTTP 401: wrong key.*EMBED_KEY") as told:
        model.embed(TEXTS)
    assert "sk-secret" not in str(told.value)


def test_a_server_that_wants_a_key_is_told_with_the_setting_that_is_missing(
    server: EmbeddingServer,
):
    model = served(server)
    server.modes = ["401"]
    with pytest.raises(TeacherError, match="embedding.api_key_env"):
        model.embed(TEXTS)


def test_no_texts_need_no_server():
    config = HttpEmbedding(model="toy", base_urls=("http://127.0.0.1:9/v1",), patience_s=0.1)
    assert ServedEmbedder(config).embed([]).vectors.shape[0] == 0
