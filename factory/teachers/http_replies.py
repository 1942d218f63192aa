"""What is sent to a server and how its replies are read; no network here.

Requests go to `POST {base}/chat/completions`. To continue an answer (`Request.prefix`) the
conversation ends with an assistant turn and says `continue_final_message`, as vLLM and SGLang want
it; both give back what comes after the prefix, so that nothing is stripped from a reply, which may
well begin like its prefix. A seed is sent modulo 2**31: servers differ in how wide theirs are.

Rewards (`task = "score"`) come from vLLM's `POST {root}/pooling`, which takes conversations,
applies the model's chat template, and with `use_activation` false gives the number that the model's
head computed. A head that scores every token gives its verdict at the last one.
`factory.teachers.http_vectors` does the same for embeddings.
"""

import math
from typing import Any

import msgspec

from factory.records import Completion, Message, Request
from factory.teachers.http import HttpConfig
from factory.teachers.http_failures import (
    ROOM_UNKNOWN,
    Failure,
    bad_reply,
    one_line,
    read_error,
)
from factory.teachers.http_vectors import encode_texts, pack_vectors


def encode(config: HttpConfig, request: Request, room: int = 0) -> bytes:
    """The body for a request.

    Args:
        config: of the teacher.
        request: what is asked.
        room: replaces `max_tokens` where it is not 0; with ROOM_UNKNOWN the server takes what fits.

    Raises:
        UnicodeEncodeError: the request holds half of a surrogate pair.
    """
    if request.task == "embed":
        return encode_texts(config.model, config.extra_body, request)
    turns: tuple[Message, ...] = request.messages
    if request.prefix:
        turns = (*turns, Message(role="assistant", content=request.prefix))
    body: dict[str, Any] = {**config.extra_body, "model": config.model, "messages": turns}
    if request.task == "score":
        body["use_activation"] = False
        return msgspec.json.encode(body)
    sampling = request.sampling
    body["n"] = 1
    body["temperature"] = sampling.temperature
    body["top_p"] = sampling.top_p
    if room != ROOM_UNKNOWN:
        body["max_tokens"] = room or sampling.max_tokens
    if config.send_seed:
        body["seed"] = request.seed % 2**31
    if request.stop:  # some servers refuse an empty list
        body["stop"] = request.stop
    if request.prefix:
        body["continue_final_message"] = True
        body["add_generation_prompt"] = False
    return msgspec.json.encode(body)


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Turn(msgspec.Struct):
    content: str | None = None
    reasoning: str | None = None  # vLLM
    reasoning_content: str | None = None  # SGLang, and vLLM in its time
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Turn
    finish_reason: str | None = None


class _Chat(msgspec.Struct):
    choices: list[_Choice] = []
    error: Any = None
    usage: _Usage | None = None
    model: str | None = None
    system_fingerprint: str | None = None


class _Reward(msgspec.Struct):
    data: list[float | list[float]]


class _Pooling(msgspec.Struct):
    data: list[_Reward] = []
    error: Any = None
    usage: _Usage | None = None
    model: str | None = None


_chat = msgspec.json.Decoder(_Chat)
_pooling = msgspec.json.Decoder(_Pooling)


def read_reply(request: Request, data: bytes) -> Completion | Failure:
    """The completion in the body of a reply with status 200."""
    try:
        if request.task == "embed":
            return pack_vectors(request, data)
        return _read_score(data) if request.task == "score" else _read_chat(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        wanted = "embeddings" if request.task == "embed" else "chat completion"
        return bad_reply(f"no {wanted}: {one_line(str(error))}")


def _read_chat(data: bytes) -> Completion | Failure:
    reply = _chat.decode(data)
    if reply.error and not reply.choices:
        return read_error(200, data, "", 0.0)
    if not reply.choices:
        return bad_reply("it holds no choices")
    choice, usage = reply.choices[0], reply.usage or _Usage()
    turn, ended = choice.message, choice.finish_reason
    error = text = ""
    if turn.refusal:
        error = f"refused: {one_line(turn.refusal)}"
    elif ended == "content_filter":
        error = "content_filter: the server withheld the answer"
    elif ended not in ("stop", "length"):
        return bad_reply(f"finish_reason is {one_line(repr(ended))}, not stop or length")
    else:
        reasoning = (turn.reasoning or turn.reasoning_content or "").strip("\n")
        if not reasoning and turn.content is None:
            return bad_reply("it holds no text")
        text = _with_tags(reasoning, turn.content or "")
    return Completion(
        text=text,
        finish_reason="error" if error or ended is None else ended,
        prompt_tokens=usage.prompt_tokens or 0,
        completion_tokens=usage.completion_tokens or 0,
        engine=_engine(reply.model, reply.system_fingerprint),
        error=error,
    )


def _with_tags(reasoning: str, content: str) -> str:
    """The text as the model wrote it, where the server took the reasoning out.

    Without content the reasoning was cut off, or never closed.
    """
    if not reasoning:
        return content
    if not content:
        return f"<think>\n{reasoning}"
    content = content.lstrip("\n")
    return f"<think>\n{reasoning}\n</think>\n\n{content}"


def _read_score(data: bytes) -> Completion | Failure:
    reply = _pooling.decode(data)
    if reply.error and not reply.data:
        return read_error(200, data, "", 0.0)
    if len(reply.data) != 1 or not reply.data[0].data:
        return bad_reply(f"it holds {len(reply.data)} rewards, not one")
    values, usage = reply.data[0].data, reply.usage or _Usage()
    numbers = values[-1] if isinstance(values[-1], list) else values
    score = numbers[0] if len(numbers) == 1 else None
    if not isinstance(score, float) or not math.isfinite(score):
        detail = f"a reward is one finite number, the reply holds {len(numbers)} numbers"
        return Failure(slug="bad_reply", detail=detail, healthy=True)
    return Completion(
        score=score,
        prompt_tokens=usage.prompt_tokens or 0,
        engine=_engine(reply.model, None),
    )


def _engine(*names: str | None) -> str:
    # The manifest is published: a server that names its model by path or address is not quoted.
    known = [one_line(n) for n in names if n and not n.startswith("/") and "://" not in n]
    return ", ".join(["http", *known])
