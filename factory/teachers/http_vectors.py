"""Embeddings: what is sent to `POST {base}/embeddings` and how its replies are read.

A request's turns are the texts, a batch at a time. Their vectors travel in `Completion.text`, as
the base64 of their float32 numbers, one vector after the other.
"""

import base64
from typing import Any

import msgspec
import numpy as np

from factory.records import Completion, Request
from factory.teachers.http_failures import Failure, bad_reply, read_error


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None


class _Vector(msgspec.Struct):
    embedding: list[float]
    index: int | None = None


class _Embeddings(msgspec.Struct):
    data: list[_Vector] = []
    error: Any = None
    usage: _Usage | None = None


_embeddings = msgspec.json.Decoder(_Embeddings)


def encode_texts(model: str, extra: dict[str, Any], request: Request) -> bytes:
    """The body for a request.

    Raises:
        UnicodeEncodeError: a text holds half of a surrogate pair.
    """
    texts = [turn.content for turn in request.messages]
    return msgspec.json.encode(
        {**extra, "model": model, "input": texts, "encoding_format": "float"}
    )


def pack_vectors(request: Request, data: bytes) -> Completion | Failure:
    """The completion in the body of a reply with status 200.

    Raises:
        msgspec.DecodeError: it is no JSON, or of another shape; NaN is no JSON.
    """
    reply, number = _embeddings.decode(data), len(request.messages)
    if reply.error and not reply.data:
        return read_error(200, data, "", 0.0)
    if len(reply.data) != number:
        return bad_reply(f"it holds {len(reply.data)} vectors for {number} texts")
    order = [i if each.index is None else each.index for i, each in enumerate(reply.data)]
    if sorted(order) != list(range(number)):
        return bad_reply("its vectors are not numbered from 0, one for each text")
    if len(sizes := {len(each.embedding) for each in reply.data}) > 1 or 0 in sizes:
        return bad_reply(f"its vectors have {min(sizes)} to {max(sizes)} dimensions")
    vectors = np.empty((number, *sizes), np.float32)
    with np.errstate(over="ignore"):  # what is too large for float32 is told as such below
        vectors[order] = [each.embedding for each in reply.data]
    if not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
        return bad_reply("a vector holds infinite numbers, or only zeros")
    return Completion(
        text=base64.b64encode(vectors.tobytes()).decode(),
        prompt_tokens=(reply.usage or _Usage()).prompt_tokens or 0,
        completion_tokens=number,
        engine="http",
    )


def read_vectors(completion: Completion, number: int) -> np.ndarray:
    """The vectors in a completion, float32, shape (texts, dimensions)."""
    data = base64.b64decode(completion.text)
    return np.frombuffer(data, np.float32).reshape(number, -1)
