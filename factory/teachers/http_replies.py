"""What is sent to a server and how its replies are read; no network here.

Requests go to `POST {base}/chat/completions`. To continue an answer (`Request.prefix`) the
conversation ends with an assistant turn and says `continue_final_message`, as vLLM and SGLang want
it; both give back what comes after the prefix, so that nothing is stripped from a reply, which may
well begin like its prefix. A seed is sent modulo 2**31: servers differ in how wide theirs are.

Rewards (`task = "score"`) come from vLLM's `POST {root}/pooling`, which takes conversations,
applies the model's chat template, and with `use_activation` false gives the number that the model's
head computed. A head that scores every token gives its verdict at the last one.
"""

import math
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import msgspec

from factory.records import Completion, Message, Request
from factory.teachers.http import HttpConfig

Retry = Literal["never", "few", "often", "elsewhere"]

_OVERFLOW = re.compile(r"context[ _](length|size|window)|max_model_len", re.IGNORECASE)
_FILTERED = re.compile(r"content[ _](filter|policy)|ResponsibleAIPolicyViolation", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why an attempt gave no completion."""

    slug: str
    detail: str
    retry: Retry = "never"
    """`few`: as long as it looks like chance; `often`: `max_attempts`; `elsewhere`: nothing was
    sent, so as often for each server."""
    overload: bool = False
    """The server has too much to do."""
    healthy: bool = False
    """The server works: it is the request that cannot be answered."""
    retry_after_s: float = 0.0
    fatal: bool = False
    """Every other request would fail in the same way."""

    def completion(self) -> Completion:
        """What the caller gets when it is not tried again."""
        return Completion(finish_reason="error", error=f"{self.slug}: {self.detail}", engine="http")


def encode(config: HttpConfig, request: Request) -> bytes:
    """The body for a request.

    Raises:
        UnicodeEncodeError: the request holds half of a surrogate pair.
    """
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
    body["max_tokens"] = sampling.max_tokens
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
    choices: list[_Choice]
    usage: _Usage | None = None
    model: str | None = None
    system_fingerprint: str | None = None


class _Reward(msgspec.Struct):
    data: list[float | list[float]]


class _Pooling(msgspec.Struct):
    data: list[_Reward]
    usage: _Usage | None = None
    model: str | None = None


_chat = msgspec.json.Decoder(_Chat)
_pooling = msgspec.json.Decoder(_Pooling)


def read_reply(request: Request, data: bytes) -> Completion | Failure:
    """The completion in the body of a reply with status 200."""
    try:
        return _read_score(data) if request.task == "score" else _read_chat(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return bad_reply(f"no chat completion: {one_line(str(error))}")


def bad_reply(detail: str) -> Failure:
    """A reply that says nothing; the next one may."""
    return Failure(slug="bad_reply", detail=detail, retry="few")


def unreachable(detail: str) -> Failure:
    """There was nobody to send the request to."""
    return Failure(slug="unreachable", detail=detail, retry="elsewhere")


def _read_chat(data: bytes) -> Completion | Failure:
    reply = _chat.decode(data)
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


def read_error(status: int, data: bytes, retry_after: str, now: float) -> Failure:
    """What a reply with another status means.

    Args:
        status: of the reply.
        data: its body.
        retry_after: the header of that name, or an empty string.
        now: seconds since the epoch.
    """
    code, message = _server_message(data)
    # A redirect is not followed: the key is for the address in the recipe.
    message = "a redirect" if 300 <= status < 400 else message
    detail = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    said = f"{code} {message}"
    if 400 <= status < 500 and _FILTERED.search(said):
        return Failure(slug="content_filter", detail=detail, healthy=True)
    if status in (400, 413, 422) and _OVERFLOW.search(said):
        return Failure(slug="context_overflow", detail=detail, healthy=True)
    if status in (401, 403, 404) or status < 400:
        return Failure(slug="bad_request", detail=detail, fatal=True)
    wait = _seconds(retry_after, now)
    if status in (429, 503):
        slug = "rate_limited" if status == 429 else "server_error"
        return Failure(slug=slug, detail=detail, retry="often", overload=True, retry_after_s=wait)
    if status == 408:
        return Failure(slug="timeout", detail=detail, retry="few", overload=True)
    if status in (409, 425) or status >= 500:
        return Failure(slug="server_error", detail=detail, retry="often", retry_after_s=wait)
    return Failure(slug="bad_request", detail=detail, healthy=True)


def _server_message(data: bytes) -> tuple[str, str]:
    """(code, message) of an error body, as OpenAI, vLLM, SGLang and FastAPI write them."""
    try:
        body = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", one_line(data[:2_000].decode("utf-8", "replace"))
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return "", one_line(str(error))
    message = error.get("message", error.get("detail", ""))
    return f"{error.get('code', '')} {error.get('type', '')}", one_line(str(message))


def _seconds(retry_after: str, now: float) -> float:
    """A Retry-After header, seconds or a date, as seconds from now; 0 where it says nothing."""
    if not retry_after:
        return 0.0
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - now
        except ValueError:
            return 0.0
    return seconds if 0 < seconds < float("inf") else 0.0


def one_line(text: str, limit: int = 300) -> str:
    """A server's text, made fit for a message: one line, printable, not long."""
    words = " ".join(text.split())
    printable = "".join(char if char.isprintable() else "?" for char in words)
    return printable if len(printable) <= limit else f"{printable[:limit]}..."
