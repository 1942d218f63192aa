"""Tokens/s of a vLLM server through the factory against a load generator on the same server.

    python -m tests.benchmarks.served_throughput

A server with the bundled model runs in a process of its own. Both sides send the same requests with
the same seeds, in turns, with as many on their way. The load generator is bare aiohttp: it encodes
each body, posts it, and decodes the reply. The factory's side is a desk with the HTTP teacher and a
ledger. The server's cache of prompts is warm for both.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import aiohttp

from factory.records import Request
from factory.teachers.http import HttpConfig, HttpTeacher
from tests.benchmarks.machine import describe, spread
from tests.benchmarks.vllm_throughput import questions, through_the_factory
from tests.factory.vllm_server import VllmServer, serving


def body(server: VllmServer, item: Request) -> bytes:
    """What the load generator posts."""
    sampling = item.sampling
    return json.dumps(
        {
            "model": server.model,
            "messages": [{"role": t.role, "content": t.content} for t in item.messages],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "seed": item.seed,
        }
    ).encode()


async def load(server: VllmServer, requests: Sequence[Request], at_once: int) -> int:
    """Tokens of the answers."""
    tokens = 0
    waiting = iter(requests)
    headers = {"Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=0)

    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def client() -> None:
            nonlocal tokens
            for item in waiting:
                data = body(server, item)
                async with session.post(f"{server.base_url}/chat/completions", data=data) as reply:
                    tokens += (await reply.json())["usage"]["completion_tokens"]

        await asyncio.gather(*(client() for _ in range(at_once)))
    return tokens


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--at-once", type=int, default=32)
    arguments = parser.parse_args()
    print(describe())
    requests = questions(arguments.requests, max_tokens=arguments.tokens)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        config = HttpConfig(
            model=server.model,
            base_urls=(server.base_url,),
            license="apache-2.0",
            max_in_flight=arguments.at_once,
        )
        sides: dict[str, Callable[[], int]] = {
            "factory": lambda: through_the_factory(HttpTeacher(config), requests),
            "load": lambda: asyncio.run(load(server, requests, arguments.at_once)),
        }
        for side in sides.values():
            side()
        figures = []
        for lap in range(arguments.pairs):
            rates = {}
            for name in sorted(sides, reverse=bool(lap % 2)):
                start = time.perf_counter()
                rates[name] = sides[name]() / (time.perf_counter() - start)
            figures.append(rates)
            print(", ".join(f"{n} {rate:.0f} tokens/s" for n, rate in rates.items()), flush=True)
    for name in sides:
        print(f"{name:8}", spread([lap[name] for lap in figures]), "tokens/s")
    print("factory / load:", spread([lap["factory"] / lap["load"] for lap in figures]))


if __name__ == "__main__":
    main()
