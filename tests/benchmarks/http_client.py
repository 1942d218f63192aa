"""Requests/s and processor time a request of the HTTP teacher, beside bare aiohttp and `openai`.

    python -m tests.benchmarks.http_client --requests 20000 --rounds 3

The server is another process that answers every request at once with the same bytes, so that what
is measured is the client. All sides send the same conversations, each with 256 in flight, and read
the text of each reply. Processor time is that of the client's process, user and system. Resident
memory is taken after a tenth of the requests and at the end of a longer run of the teacher.
"""

import argparse
import asyncio
import gc
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import aiohttp
import psutil

from factory.records import Message, Request, Sampling
from factory.teachers.http import HttpConfig, HttpTeacher
from tests.benchmarks.machine import describe, spread

IN_FLIGHT = 256
TEXT = "<think>\n2 and 3 are 5.\n</think>\n\nThe final answer is \\boxed{5}. " + "word " * 100
REPLY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "toy",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": TEXT, "tool_calls": [], "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 20, "total_tokens": 140, "completion_tokens": 120},
}
BODY = json.dumps(REPLY).encode()
ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
    + str(len(BODY)).encode()
    + b"\r\n\r\n"
    + BODY
)


class Instant(asyncio.Protocol):
    """Answers each request as soon as its last byte is there, without looking at it."""

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            _, _, after = head.partition(b"content-length:")
            length = int(after.split(b"\r\n")[0])
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            self.transport.write(ANSWER)


async def serve() -> None:
    """Print the port and answer until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Instant, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def instant_server() -> Iterator[str]:
    """The base URL of a server in another process."""
    command = [sys.executable, "-m", "tests.benchmarks.http_client", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def request(number: int) -> Request:
    """A conversation as a recipe's, different each time."""
    return Request(
        messages=(
            Message(role="system", content="detailed thinking on"),
            Message(role="user", content=f"What is {number} + 3? Think step by step. " + "x " * 60),
        ),
        mode="on",
        model="toy",
        revision="1",
        sampling=Sampling(),
        sample=0,
        seed=number,
    )


def teacher(url: str, num_requests: int) -> None:
    """The factory's own."""
    config = HttpConfig(model="toy", base_urls=(url,), license="mit", max_in_flight=IN_FLIGHT)
    answers = HttpTeacher(config).generate(request(number) for number in range(num_requests))
    assert all(completion.text == TEXT for _, completion in answers)


def bodies(num_requests: int) -> Iterator[dict[str, object]]:
    """The same requests as dictionaries."""
    for number in range(num_requests):
        item = request(number)
        yield {
            "model": "toy",
            "messages": [{"role": turn.role, "content": turn.content} for turn in item.messages],
            "temperature": item.sampling.temperature,
            "top_p": item.sampling.top_p,
            "max_tokens": item.sampling.max_tokens,
            "seed": item.seed,
        }


def bare_aiohttp(url: str, num_requests: int) -> None:
    """A fixed crowd of coroutines, json.dumps and json.loads."""
    asyncio.run(_bare_aiohttp(url, bodies(num_requests)))


async def _bare_aiohttp(url: str, work: Iterator[dict[str, object]]) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def worker() -> None:
            for body in work:
                async with session.post(f"{url}/chat/completions", json=body) as response:
                    reply = await response.json()
                assert reply["choices"][0]["message"]["content"] == TEXT

        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


def openai_client(url: str, num_requests: int) -> None:
    """The official client with its defaults."""
    asyncio.run(_openai_client(url, bodies(num_requests)))


async def _openai_client(url: str, work: Iterator[dict[str, object]]) -> None:
    import openai

    async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:

        async def worker() -> None:
            for body in work:
                reply = await client.chat.completions.create(**body)  # type: ignore[call-overload]  # a dict
                assert reply.choices[0].message.content == TEXT

        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


def measure(side: Callable[[str, int], None], url: str, num_requests: int) -> tuple[float, float]:
    """(requests/s, milliseconds of processor time a request)."""
    gc.collect()
    start, used = time.perf_counter(), time.process_time()
    side(url, num_requests)
    seconds, used = time.perf_counter() - start, time.process_time() - used
    return num_requests / seconds, 1e3 * used / num_requests


def memory(url: str, num_requests: int) -> tuple[float, float]:
    """MB resident after a tenth of the requests, and at the end."""
    config = HttpConfig(model="toy", base_urls=(url,), license="mit", max_in_flight=IN_FLIGHT)
    process = psutil.Process()
    answers = HttpTeacher(config).generate(request(number) for number in range(num_requests))
    for _ in itertools.islice(answers, num_requests // 10):
        pass
    early = process.memory_info().rss
    for _ in answers:
        pass
    return early / 1e6, process.memory_info().rss / 1e6


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--memory-requests", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve())
        return
    # The slowest side gets fewer requests: its figures are rates.
    sides = {"teacher": (teacher, 1), "bare aiohttp": (bare_aiohttp, 1)}
    try:
        import openai

        sides[f"openai {openai.__version__}"] = (openai_client, 10)
    except ImportError:
        print("openai is not installed: left out")
    print(describe(), f"aiohttp {aiohttp.__version__}", sep=", ")
    with instant_server() as url:
        teacher(url, 500)  # warms up
        laps: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
        for _ in range(arguments.rounds):
            for name, (side, share) in sides.items():
                laps[name].append(measure(side, url, arguments.requests // share))
        for name, figures in laps.items():
            print(f"{name:14}", spread([rate for rate, _ in figures]), "requests/s,", end=" ")
            print(spread([cost for _, cost in figures]), "ms of processor time each")
        early, late = memory(url, arguments.memory_requests)
        print(
            f"resident: {early:.1f} MB after a tenth of {arguments.memory_requests} requests, "
            f"{late:.1f} MB at the end"
        )


if __name__ == "__main__":
    main()
