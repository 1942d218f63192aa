"""Appends/s, lookups/s, opening and compaction of the ledger, beside sqlite3 and lmdb.

    python -m tests.benchmarks.ledger_throughput [--keys 1000000] [--laps 3]

Completions of about 1 kB of words with a line break every 80 characters, under hashed keys. Every
side appends the same completions in the same batches, each batch on the disk before the next;
sqlite3 runs with WAL and synchronous=FULL, lmdb with its defaults, and both store the completion as
JSON that msgspec decodes, as the ledger does. Lookups are of present keys in random order from one
thread; the ledger checks each line's checksum, the others check nothing. sqlite3 and lmdb get a
fifth of the keys, which favours them; diskcache, which commits each completion by itself, gets a
hundredth. lmdb and diskcache are left out where they are not installed.

Opening is timed in a fresh process each, which tells its peak memory.
"""

import argparse
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import msgspec

from factory.ledger import LedgerReader, LedgerWriter, compact, spent
from factory.records import Completion
from factory.seeds import digest
from tests.benchmarks.machine import describe, spread

BATCH = 1000
SEGMENTS = 20
Pairs = list[tuple[str, Completion]]

OPEN = """
import sys, time
from pathlib import Path
from factory.ledger import LedgerReader
def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
before = peak()
start = time.perf_counter()
reader = LedgerReader(Path(sys.argv[1]))
reader.refresh()
count = len(reader)
print(time.perf_counter() - start, peak(), peak() - before, count)
"""


def made(num_keys: int) -> Pairs:
    """Completions with their keys; 2,000 different texts."""
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(500)]
    texts = ["\n".join(" ".join(rng.choices(words, k=11)) for _ in range(12)) for _ in range(2_000)]
    return [
        (
            digest(number),
            Completion(
                text=texts[number % len(texts)],
                prompt_tokens=80,
                completion_tokens=200 + number % 100,
                engine="vllm 0.31.0, cuda, bfloat16",
            ),
        )
        for number in range(num_keys)
    ]


def batches(pairs: Pairs) -> Iterator[Pairs]:
    """The pairs in batches."""
    for start in range(0, len(pairs), BATCH):
        yield pairs[start : start + BATCH]


def rate(count: int, work: Callable[[], object]) -> float:
    """How many a second."""
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def append_ledger(pairs: Pairs, folder: Path, segments: int = 1) -> None:
    """The ledger, an append a completion and a flush a batch."""
    size = -(-len(pairs) // segments)
    for start in range(0, len(pairs), size):
        with LedgerWriter(folder, "bench") as writer:
            for batch in batches(pairs[start : start + size]):
                for key, completion in batch:
                    number = writer.append(key, completion, "r1/math/on")
                assert writer.flush() == number


class Sqlite:
    """sqlite3 as a careful user would set it."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "peer.sqlite", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "mmap_size=8589934592"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute("CREATE TABLE t (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID")

    def append(self, pairs: Pairs) -> None:
        """A transaction a batch."""
        for batch in batches(pairs):
            self.connection.execute("BEGIN")
            self.connection.executemany(
                "INSERT OR IGNORE INTO t VALUES (?, ?)",
                [(bytes.fromhex(key), msgspec.json.encode(item)) for key, item in batch],
            )
            self.connection.execute("COMMIT")

    def get(self, keys: Sequence[str]) -> None:
        """Look up and decode."""
        decode = msgspec.json.Decoder(Completion).decode
        ask = self.connection.execute
        for key in keys:
            decode(ask("SELECT v FROM t WHERE k = ?", (bytes.fromhex(key),)).fetchone()[0])


class Lmdb:
    """lmdb, every transaction synchronous."""

    def __init__(self, folder: Path) -> None:
        import lmdb

        self.environment = lmdb.open(str(folder / "peer.lmdb"), map_size=64 << 30)

    def append(self, pairs: Pairs) -> None:
        """A transaction a batch."""
        for batch in batches(pairs):
            with self.environment.begin(write=True) as transaction:
                for key, item in batch:
                    transaction.put(bytes.fromhex(key), msgspec.json.encode(item))

    def get(self, keys: Sequence[str]) -> None:
        """Look up and decode."""
        decode = msgspec.json.Decoder(Completion).decode
        with self.environment.begin(buffers=True) as transaction:
            for key in keys:
                decode(transaction.get(bytes.fromhex(key)))


class Diskcache:
    """diskcache, a commit a completion."""

    def __init__(self, folder: Path) -> None:
        import diskcache

        self.cache = diskcache.Cache(folder / "diskcache", sqlite_synchronous=2)

    def append(self, pairs: Pairs) -> None:
        """One by one."""
        for key, item in pairs:
            self.cache[bytes.fromhex(key)] = msgspec.json.encode(item)

    def get(self, keys: Sequence[str]) -> None:
        """Look up and decode."""
        decode = msgspec.json.Decoder(Completion).decode
        for key in keys:
            decode(self.cache[bytes.fromhex(key)])


@contextmanager
def folder() -> Iterator[Path]:
    """A directory for one measurement."""
    path = Path(tempfile.mkdtemp())
    try:
        yield path
    finally:
        shutil.rmtree(path)


def opening(path: Path) -> tuple[float, float, float]:
    """(seconds, peak memory in MiB, what of it came on top of the imports) of a fresh process."""
    command = [sys.executable, "-c", OPEN, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(said[0]), float(said[1]), float(said[2])


def lookups(reader: LedgerReader, keys: Sequence[str], laps: int) -> None:
    """Print lookups/s in two ways."""

    def look_in() -> None:
        for key in keys:
            assert key in reader

    def get() -> None:
        for key in keys:
            reader.get(key)

    ways = {"key in reader": look_in, "get": get}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(laps):
        for name, way in ways.items():
            rates[name].append(rate(len(keys), way))
    for name, values in rates.items():
        print(f"ledger, {name}: {spread(values)} lookups/s", flush=True)


def ledger(pairs: Pairs, asked: Sequence[str], laps: int) -> None:
    """Print the ledger's figures."""
    few, half = pairs[: len(pairs) // 5], pairs[: len(pairs) // 2]
    rates = []
    for _ in range(laps):
        with folder() as path:
            rates.append(rate(len(few), lambda: append_ledger(few, path)))
    print(f"ledger, append: {spread(rates)} durable completions/s", flush=True)
    with folder() as path:
        append_ledger(pairs, path, SEGMENTS)
        size = sum(segment.stat().st_size for segment in path.glob("*.jsonl"))
        print(f"ledger: {len(pairs)} keys, {size / 2**20:.0f} MiB in {SEGMENTS} segments")
        report("with indexes", [opening(path) for _ in range(laps)])
        reader = LedgerReader(path)
        reader.refresh()
        lookups(reader, asked, laps)
        for idx in path.glob("*.idx"):
            idx.unlink()
        report("without indexes", [opening(path) for _ in range(laps)])
        start = time.perf_counter()
        spent(path, "bench")
        print(f"ledger, spent without indexes: {time.perf_counter() - start:.1f} s")
    rates = []
    for _ in range(laps):
        with folder() as path:
            append_ledger(half, path, SEGMENTS)
            append_ledger(half[: len(half) // 10], path)  # duplicates
            start = time.perf_counter()
            done = compact(path, "bench")
            rates.append(done.bytes_before / 2**20 / (time.perf_counter() - start))
            assert done.duplicates == len(half) // 10
            reader = LedgerReader(path)
            reader.refresh()
            assert len(reader) == len(half)
    print(f"ledger, compaction with a tenth of duplicates: {spread(rates)} MiB/s", flush=True)


def report(name: str, laps: list[tuple[float, float, float]]) -> None:
    """Print what opening took."""
    seconds = spread([lap[0] for lap in laps])
    memory, added = median(lap[1] for lap in laps), median(lap[2] for lap in laps)
    print(
        f"ledger, opening {name}: {seconds} s, peak {memory:.0f} MiB, {added:.0f} of it added",
        flush=True,
    )


def peers(pairs: Pairs, asked: Sequence[str], laps: int) -> None:
    """Print the figures of the others."""
    shares: dict[type[Sqlite] | type[Lmdb] | type[Diskcache], int] = {
        Sqlite: 5,
        Lmdb: 5,
        Diskcache: 100,
    }
    for kind, share in shares.items():
        some = pairs[: len(pairs) // share]
        names = {key for key, _ in some}
        keys = [key for key in asked if key in names]
        with folder() as path:
            try:
                peer = kind(path)
            except ImportError:
                print(f"{kind.__name__.lower()}: not installed")
                continue
            appended = rate(len(some), lambda: peer.append(some))  # noqa: B023 - called at once
            print(f"{kind.__name__.lower()}, append: {appended:.0f} durable completions/s")
            found = [rate(len(keys), lambda: peer.get(keys)) for _ in range(laps)]  # noqa: B023 - too
            print(f"{kind.__name__.lower()}, get: {spread(found)} lookups/s", flush=True)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--lookups", type=int, default=200_000)
    parser.add_argument("--laps", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    arguments = parser.parse_args()
    print(describe())
    pairs = made(arguments.keys)
    rng = random.Random(2)
    asked = [pairs[rng.randrange(len(pairs))][0] for _ in range(arguments.lookups)]
    ledger(pairs, asked, arguments.laps)
    if not arguments.no_peers:
        peers(pairs, asked, arguments.laps)


if __name__ == "__main__":
    main()
