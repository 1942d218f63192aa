"""A server that speaks the chat API and misbehaves on demand, in a process of its own.

    python -m tests.stub_server --port 0 --log FILE --delay-ms 5

The first line it prints is its port. What it answers follows from the request alone. A marker in
the last user turn, `<<500>>`, or `<<500:2>>` for the first two times that this body comes, chooses
a behaviour for one request; `POST /control` with `{"mode": "500", "times": 2}` for the next two,
whatever they are; with `{"limit": 4}` what comes while four are in hand is answered 429;
`{"reset": true}` forgets everything. `GET /stats` tells what came in. The log holds one line for
each request, written when it comes. The modes are those of `_chat` and `_score`.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
MARKER = re.compile(r"<<([a-z0-9-]+)(?::(\d+))?>>")
Send = Callable[[dict[str, Any]], Awaitable[None]]


def answer(body: dict[str, Any]) -> str:
    """What a well-behaved reply says; a function of the request alone."""
    turns = body["messages"]
    number = int(hashlib.sha256(json.dumps(turns).encode()).hexdigest(), 16) % 10
    text = f"{turns[-1]['content']} The final answer is \\boxed{{{number}}}."
    if turns[0]["content"] == "detailed thinking on":
        text = f"<think>\nIt looks like {number}.\n</think>\n\n{text}"
    for stop in body.get("stop", []):
        text = text.split(stop)[0]
    return text


@dataclass
class State:
    delay_s: float = 0.0
    log: int | None = None
    mode: str = ""
    times: int = 0
    limit: int = 0
    bodies: Counter[str] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)
    concurrent: int = 0
    max_concurrent: int = 0
    last: dict[str, Any] = field(default_factory=dict)

    def choose(self, body: dict[str, Any], times_seen: int) -> str:
        if self.limit and self.concurrent > self.limit:
            return "429-bare"
        if self.mode and self.times != 0:
            self.times -= 1
            return self.mode
        users = [turn["content"] for turn in body["messages"] if turn["role"] == "user"]
        marker = MARKER.search(users[-1] if users else "")
        if marker and times_seen <= int(marker[2] or 10**9):
            return marker[1]
        return "ok"


class Stub:
    def __init__(self, state: State) -> None:
        self.state = state

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        assert scope["type"] == "http"
        data, more = b"", True
        while more:
            message = await receive()
            data += message.get("body", b"")
            more = message.get("more_body", False)
        state = self.state
        if scope["path"] == "/stats":
            known = ("bodies", "paths", "concurrent", "max_concurrent", "last")
            await _json(send, {"received": sum(state.bodies.values())} | _pick(state, known))
            return
        if scope["path"] == "/control":
            self.control(json.loads(data))
            await _json(send, {})
            return
        name = hashlib.sha256(data).hexdigest()[:16]
        state.bodies[name] += 1
        state.paths[scope["path"]] += 1
        if state.log is not None:
            os.write(state.log, f"{name}\n".encode())
        state.concurrent += 1
        state.max_concurrent = max(state.max_concurrent, state.concurrent)
        try:
            body = state.last = json.loads(data)
            mode = state.choose(body, state.bodies[name])
            if state.delay_s:
                await asyncio.sleep(state.delay_s)
            if scope["path"].endswith("/pooling"):
                await _score(send, body, mode)
            elif scope["path"] == "/v1/chat/completions":
                headers = dict(scope["headers"])
                if mode == "disconnect":  # ASGI has no way to say it
                    receive.__self__.transport.abort()
                    return
                if mode == "slow":
                    await asyncio.sleep(0.15)
                if mode == "hang":
                    await receive()  # until the client goes away
                    return
                await _chat(send, body, mode, headers.get(b"authorization", b"").decode())
            else:
                await _json(send, {"detail": "Not Found"}, 404)
        finally:
            state.concurrent -= 1

    def control(self, order: dict[str, Any]) -> None:
        state = self.state
        if order.pop("reset", False):
            self.state = State(delay_s=state.delay_s, log=state.log, concurrent=state.concurrent)
        if "mode" in order and "times" not in order:
            order["times"] = -1
        for key, value in order.items():
            assert key in ("mode", "times", "limit", "delay_s"), key
            setattr(self.state, key, value)


def _pick(state: State, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(state, name) for name in names}


async def _json(
    send: Send, body: Any, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    await _send(send, json.dumps(body).encode(), status, b"application/json", headers)


async def _send(
    send: Send,
    data: bytes,
    status: int = 200,
    content_type: bytes = b"application/json",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    length: int | None = None,
) -> None:
    size = str(len(data) if length is None else length).encode()
    start = [(b"content-type", content_type), (b"content-length", size), *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": data, "more_body": length is not None})


def _error(message: str, kind: str = "BadRequestError", code: Any = 400) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


async def _score(send: Send, body: dict[str, Any], mode: str) -> None:
    reward = len(body["messages"][-1]["content"]) / 8
    rewards = {"tokens": [[0.5], [reward]], "classes": [0.25, 0.75]}.get(mode, [reward])
    usage = {"prompt_tokens": 7, "total_tokens": 7, "completion_tokens": 0}
    data = [{"index": 0, "object": "pooling", "data": rewards}]
    await _json(send, {"object": "list", "model": body["model"], "data": data, "usage": usage})


OVERFLOW = "This model's maximum context length is 64 tokens. However, you requested 78 tokens."
OVERFLOW_SGLANG = "The input (70 tokens) is longer than the model's context length (64 tokens)."
ERRORS: dict[str, tuple[int, Any]] = {
    "400": (400, _error("top_p must be in (0, 1]")),
    "402": (402, _error("Insufficient Balance", "unknown_error", "invalid_request_error")),
    "405": (405, {"detail": "Method Not Allowed"}),
    "410": (410, _error("The model was retired.")),
    "200-error": (200, _error("Provider overloaded", "", 502)),
    "404": (404, _error("The model does not exist.", "NotFoundError", 404)),
    "429": (429, _error("slow down", "rate", 429)),
    "429-quota": (429, _error("You exceeded your quota", "insufficient_quota", "")),
    "filter-400": (400, _error("The response was filtered.", "", "content_filter")),
    "overflow": (400, _error(OVERFLOW)),
    "overflow-sglang": (400, {"object": "error", "message": OVERFLOW_SGLANG, "code": 400}),
    "overflow-openai": (400, _error("Please reduce it.", "invalid", "context_length_exceeded")),
}
RETRY_AFTER = {"429": "0.2", "429-soon": "0.01", "429-minute": "60", "429-day": "86400"}
MESSAGES: dict[str, dict[str, Any]] = {
    "no-text": {"content": None},
    "big": {"content": "ab " * 350_000},
    "refusal": {"content": None, "refusal": "I'm sorry, I can't."},
    "reasoning": {"reasoning": "\nfirst, then\n", "content": "\n\nso it is 4"},
    "reasoning-content": {"reasoning_content": "first, then", "content": "so it is 4"},
    "reasoning-cut": {"reasoning": "first, th", "content": None},
}
ENDS = {"filter": "content_filter", "length": "length", "reasoning-cut": "length", "abort": "abort"}


def _no_room(body: dict[str, Any], mode: str) -> str:
    """What vLLM says where a prompt of 24 tokens and max_tokens are more than 64 tokens."""
    asked = body.get("max_tokens", 40)
    if 24 + asked <= 64:
        return ""
    if mode == "room-old":
        return (
            f"'max_tokens' or 'max_completion_tokens' is too large: {asked}. This model's maximum "
            f"context length is 64 tokens and your request has 24 input tokens ({asked} > 64 - 24)."
        )
    if mode == "room-sglang":
        return (
            "Requested token count exceeds the model's maximum context length of 64 tokens. You "
            f"requested a total of {24 + asked} tokens: 24 tokens from the input messages and "
            f"{asked} tokens for the completion."
        )
    if asked > 64:
        return f"max_tokens={asked} cannot be greater than max_model_len=64. Please request fewer"
    seen = min(24, 65 - asked)
    least = "at least " if seen == 65 - asked else ""
    return (
        f"This model's maximum context length is 64 tokens. However, you requested {asked} output "
        f"tokens and your prompt contains {least}{seen} input tokens, for a total of "
        f"{least}{seen + asked} tokens."
    )


async def _chat(send: Send, body: dict[str, Any], mode: str, authorization: str) -> None:
    if mode.startswith("room") and (refusal := _no_room(body, mode)):
        return await _json(send, _error(refusal), 400)
    if (mode.startswith("429") and mode not in ERRORS) or mode == "429":
        wait = formatdate(usegmt=True) if mode == "429-date" else RETRY_AFTER.get(mode)
        headers = ((b"retry-after", wait.encode()),) if wait else ()
        return await _json(send, ERRORS["429"][1], 429, headers)
    if mode == "302":
        return await _json(send, {}, 302, ((b"location", b"/stats"),))
    if mode in ERRORS:
        status, error = ERRORS[mode]
        return await _json(send, error, status)
    if mode in ("401", "403"):
        # With 403, where clients shorten a message, in the middle of the key.
        detail = f"{'x' * 275 if mode == '403' else 'Wrong key: '}{authorization} and so on"
        return await _json(send, _error(detail, "auth", "invalid_api_key"), int(mode))
    if mode in ("500", "503"):
        return await _send(send, b"<h1>oops</h1>", int(mode), b"text/html")
    if mode == "html":
        return await _send(send, b"<html>hello</html>", content_type=b"text/html")
    text = answer(body)
    message = {"role": "assistant", "content": text} | MESSAGES.get(mode, {})
    reply = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": body["model"],
        "system_fingerprint": "stub-1",
        "choices": [{"index": 0, "message": message, "finish_reason": ENDS.get(mode, "stop")}],
        "usage": {"prompt_tokens": 5, "completion_tokens": len(text.split()), "total_tokens": 9},
    }
    match mode:
        case "no-choices":
            reply["choices"] = []
        case "no-usage":
            del reply["usage"], reply["system_fingerprint"]
        case "path":
            reply["model"] = "/srv/models/toy"
        case "key" | "key-escaped":
            message["content"] = f"you said {authorization}"
    data = json.dumps(reply).encode()
    if mode == "key-escaped":
        data = data.replace(b"secret", b"s\\u0065cret")
    if mode in ("cut", "truncated"):
        half, length = data[: len(data) // 2], len(data) if mode == "cut" else None
        return await _send(send, half, length=length)
    await _send(send, data)


@dataclass(frozen=True)
class Running:
    """A stub server in another process."""

    process: "subprocess.Popen[str]"
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def control(self, **order: Any) -> None:
        self._ask("/control", json.dumps(order).encode())

    def stats(self) -> dict[str, Any]:
        return dict(json.loads(self._ask("/stats", None)))

    def _ask(self, path: str, data: bytes | None) -> bytes:
        with urllib.request.urlopen(f"{self.url[:-3]}{path}", data, timeout=10) as reply:
            return bytes(reply.read())


@contextmanager
def running(*options: str) -> Iterator[Running]:
    """A stub server that ends with the block."""
    command = [sys.executable, "-m", "tests.stub_server", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Running(process, int(process.stdout.readline()))
        finally:
            process.kill()


def main() -> None:
    """Serve until killed."""
    import uvicorn

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    arguments = parser.parse_args()
    log = None
    if arguments.log:
        log = os.open(arguments.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    state = State(delay_s=arguments.delay_ms / 1000, log=log)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", arguments.port))
    listener.listen(2048)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        Stub(state), log_level="critical", access_log=False, lifespan="off", backlog=2048
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
