"""What killed uploads cost: a dataset goes to a stand-in of the Hub, its publisher is killed.

    python -m tests.benchmarks.upload_resume

2 GB in 20 shards; five times kill -9 as soon as the stand-in has received a number of bytes drawn
from --seed, then to the end. The stand-in counts every byte of a shard that comes, also those of
uploads cut off. Asserted: no shard that had come whole is sent again, and what is sent twice is at
most kills x uploads in flight x shard size. Needs the disk for the dataset (removed at the end).
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from factory.publishing.sending import IN_FLIGHT
from tests.benchmarks.machine import describe
from tests.factory.publishing.datasets import write_dataset
from tests.factory.publishing.hub_server import HubServer, serving

NAME = "lab/upload"
TOKEN = "hf_bench"
_MOST_MEMORY = 300 << 20
"""Bytes; less than what is on its way."""
_ROOT = Path(__file__).parents[2]


class Attempt:
    """One start of the publisher.

    Args:
        dataset: what it publishes.
        hub: where to.
        kill_at: bytes that the stand-in has received in all when it is killed; None to let it end.
    """

    def __init__(self, dataset: Path, hub: HubServer, kill_at: int | None) -> None:
        self.whole = set(hub.completed)
        self.before = hub.received.copy()
        self.peak = 0
        self._killed = threading.Event()
        began = time.perf_counter()
        hub.on_bytes = lambda total: self._watch(total, kill_at)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
        environment |= {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "factory", "publish", str(dataset), "--repo", NAME],
            cwd=_ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while self._process.poll() is None:
            try:
                self.peak = max(self.peak, psutil.Process(self._process.pid).memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.02)
        self.status = self._process.wait()
        self.seconds = time.perf_counter() - began
        self.sent = hub.received - self.before

    def _watch(self, total: int, kill_at: int | None) -> None:
        if kill_at is not None and total >= kill_at and not self._killed.is_set():
            self._killed.set()
            self._process.send_signal(signal.SIGKILL)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=int, default=20)
    parser.add_argument("--shard-mb", type=float, default=100.0)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    size = int(arguments.shard_mb * 1e6)
    draw = random.Random(arguments.seed)
    places = sorted(draw.randrange(size * arguments.shards) for _ in range(arguments.kills))
    print(describe())
    with tempfile.TemporaryDirectory() as folder, serving(keep=False) as hub:
        hub.user(TOKEN, "ada", "lab")
        root = Path(folder) / "dataset"
        dataset = write_dataset(root, [(size, n) for n in range(arguments.shards)])
        print("| start | killed at byte | shards whole | bytes received | seconds | peak RSS |")
        print("|---|---:|---:|---:|---:|---:|")
        for number, place in enumerate([*places, None], 1):
            attempt = Attempt(dataset, hub, place)
            assert attempt.status == (0 if place is None else -signal.SIGKILL), attempt.status
            assert attempt.peak < _MOST_MEMORY, attempt.peak
            assert not set(attempt.sent) & attempt.whole, "a whole shard was sent again"
            files = set(hub.repo(NAME).files())
            assert ("manifest.json" in files) == ("README.md" in files) == (place is None), files
            shards = sum(hub.received[name] >= size for name in hub.completed)
            at = "" if place is None else f"{place:,}"
            cells = [f"{attempt.sent.total():,}", f"{attempt.seconds:.1f}"]
            print(
                f"| {number} | {at} | {shards} | {' | '.join(cells)} | {attempt.peak >> 20} MiB |"
            )
        shards_sent = {each: n for each, n in hub.received.items() if n >= size}
        assert len(shards_sent) == arguments.shards
        twice = sum(shards_sent.values()) - size * arguments.shards
        bound = arguments.kills * IN_FLIGHT * size
        print(f"bytes sent twice: {twice:,}; allowed: {bound:,} ({twice / bound:.1%})")
        print(f"shards sent again after they were whole: 0 of {arguments.shards}")
        assert twice <= bound


if __name__ == "__main__":
    main()
