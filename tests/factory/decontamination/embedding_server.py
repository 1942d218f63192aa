"""A server that speaks the embeddings API and misbehaves on demand, in a thread of this process."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from factory.decontamination.embedding import ScriptedEmbedding
from factory.decontamination.hashed_words import HashedWords

DIMENSIONS = 16
WORDS = HashedWords(ScriptedEmbedding(dimensions=DIMENSIONS))


def vector(text: str) -> list[float]:
    return [float(x) * 3 for x in WORDS.embed([text]).vectors[0]]  # servers need not normalise


@dataclass
class EmbeddingServer:
    """What it is told to do and what it saw."""

    port: int = 0
    modes: list[str] = field(default_factory=list)
    """What becomes of the next requests; `ok` of all others."""
    longest: int = 10**9
    """Characters of a text that fit."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def reply(self, body: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        mode = self.modes.pop(0) if self.modes else "ok"
        texts = body["input"]
        data = [{"index": i, "embedding": vector(text)} for i, text in enumerate(texts)]
        if any(len(text) > self.longest for text in texts):
            message = f"This model's maximum context length is {self.longest} tokens."
            return 400, {"error": {"message": message, "code": 400}}, {}
        match mode:
            case "429":
                return 429, {"error": {"message": "slow down"}}, {"Retry-After": "0.01"}
            case "500":
                return 500, {"error": {"message": "oops"}}, {}
            case "401":
                return 401, {"error": {"message": "wrong key"}}, {}
            case "422":
                return 422, {"detail": "batch size 64 > maximum allowed batch size 32"}, {}
            case "short":
                data.pop()
            case "shuffled":
                data.reverse()
            case "twice":
                data[-1]["index"] = 0
            case "ragged":
                data[0]["embedding"] = data[0]["embedding"][:-1]
            case "narrow":
                data = [each | {"embedding": each["embedding"][:3]} for each in data]
            case "nan":
                data[0]["embedding"][0] = float("nan")
            case "infinite":
                data[0]["embedding"][0] = 1e300
            case "null":
                data[0]["embedding"][0] = None
            case "zeros":
                data[0]["embedding"] = [0.0] * DIMENSIONS
            case "unnumbered":
                data = [{"embedding": each["embedding"]} for each in data]
        return 200, {"object": "list", "data": data, "usage": {"prompt_tokens": 1}}, {}


@contextmanager
def serving() -> Iterator[EmbeddingServer]:
    """A server that ends with the block."""
    server = EmbeddingServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.bodies.append(body | {"path": self.path})
            server.headers.append(self.headers.get("Authorization", ""))
            status, answer, headers = server.reply(body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
