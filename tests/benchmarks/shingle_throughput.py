"""Shingles/s a core from raw Arrow text to MinHash signatures, beside rensa and datasketch.

    python -m tests.benchmarks.shingle_throughput [--peers PEERS/bin/python] [--rounds 7]

Word 5-grams, 128 permutations, one thread. Three corpora: `words`, rows of 232 words with signs
between them; `reasoning`, rows of 4 KB with short lines, numbers, formulas and phrases that come
again; `scripts`, rows of 232 words in German, Russian or Chinese letters. Words are drawn by rank
(Zipf) from 20,000 made-up ones.

What is timed begins with the text as Arrow holds it. `signatures` ends with number of shingles,
hash of their set and signature of each row, `bands` with 16 bands of 8 in place of the signature;
`sets`, `texts` and `tokens` are the other passes. The peers get a list of str and the shortest
Python that makes shingles of it, split at white space; rensa is its full R-MinHash
(`RMinHash.update`), datasketch is `update_batch` with xxhash. They run in an environment of their
own, on fewer rows, in the same rounds. Seconds are those of the processor, so that a busy machine
does not show; figures are medians, lowest and highest in brackets.

At the end, the first call in a process of its own: with nothing compiled, and with kernels on disk.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from factory.shingles import Shingling, shingle_sets, sketch, text_hashes, token_hashes
from tests.benchmarks.machine import describe, spread

PEER = """
import sys, time
import pyarrow.parquet as pq
tool, path = sys.argv[1:]
texts = pq.read_table(path)["text"].to_pylist()
def shingles(text):
    words = text.lower().split()
    return {" ".join(words[i : i + 5]) for i in range(max(len(words) - 4, 1))}
if tool == "rensa":
    import rensa
    def sign(text):
        found = shingles(text)
        signature = rensa.RMinHash(num_perm=128, seed=1)
        signature.update(list(found))
        signature.digest()
        return len(found)
else:
    import datasketch, xxhash
    made = datasketch.MinHash(num_perm=128, hashfunc=xxhash.xxh32_intdigest)
    def sign(text):
        found = shingles(text)
        made.copy().update_batch([shingle.encode() for shingle in found])
        return len(found)
sign(texts[0])
start = time.process_time()
count = sum(map(sign, texts))
print(time.process_time() - start, count)
"""
FIRST = """
import time
start = time.perf_counter()
import pyarrow as pa
from factory.shingles import Shingling, sketch
middle = time.perf_counter()
sketch(pa.array(["some text"]), Shingling(), 128, 1)
print(middle - start, time.perf_counter() - middle)
"""
LETTERS = {
    "latin": "etaoinshrdlucmfwypvbgkjqxz",
    "german": "enisratdhulcgmobwfkzvpüäößjyxq",
    "russian": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэ",
}


def vocabulary(rng: np.random.Generator, letters: str, size: int = 20_000) -> list[str]:
    """Words, the frequent ones first and on the whole shorter."""
    weights = 1 / np.arange(1, len(letters) + 1)
    drawn = rng.choice(list(letters), (size, 16), p=weights / weights.sum())
    lengths = 2 + 6 * np.log(np.arange(1, size + 1)) / np.log(size) + rng.integers(-1, 3, size)
    return ["".join(row[: int(length)]) for row, length in zip(drawn, lengths, strict=True)]


def sentences(rng: np.random.Generator, words: list[str], count: int) -> str:
    """So many words, a comma after each eighth or so, a full stop and a capital after sentences."""
    ranks = (len(words) ** rng.random(count)).astype(int) - 1
    chosen = [words[rank] for rank in ranks]
    marks = rng.choice(["", ", ", ". "], count, p=[0.82, 0.12, 0.06])
    for place in np.flatnonzero(marks[:-1] == ". ") + 1:
        chosen[place] = chosen[place].capitalize()
    return "".join(word + (mark or " ") for word, mark in zip(chosen, marks, strict=True))


def worded(rng: np.random.Generator, rows: int) -> list[str]:
    """Rows of 232 words."""
    words = vocabulary(rng, LETTERS["latin"])
    return [sentences(rng, words, 232) for _ in range(rows)]


def reasoned(rng: np.random.Generator, rows: int) -> list[str]:
    """Rows of about 4 KB, as a model thinks."""
    words = vocabulary(rng, LETTERS["latin"])
    phrases = ["Wait, let me check that again.", "So we have", "Let me think step by step.\n"]
    made = []
    for _ in range(rows):
        lines: list[str] = []
        while sum(map(len, lines)) < 4_000:
            a, b = rng.integers(2, 1000, 2).tolist()
            formula = f"\\(x_{a % 9} = {a} \\cdot {b} + {a % 7} = {a * b + a % 7}\\)"
            lines += [str(rng.choice(phrases)), formula, sentences(rng, words, 25)]
        made.append("\n".join(lines)[:4_096])
    return made


def in_scripts(rng: np.random.Generator, rows: int) -> list[str]:
    """A third each in German, Russian and Chinese letters."""
    known = [vocabulary(rng, LETTERS[name]) for name in ("german", "russian")]
    made = []
    for row in range(rows):
        if row % 3 < 2:
            made.append(sentences(rng, known[row % 3], 232))
            continue
        chars = 0x4DFF + (6_000 ** rng.random(400)).astype(int)
        chars[19::20] = ord("。")
        made.append("".join(map(chr, chars)))
    return made


CORPORA: dict[str, Callable[[np.random.Generator, int], list[str]]] = {
    "words": worded,
    "reasoning": reasoned,
    "scripts": in_scripts,
}


def passes(texts: pa.Array) -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    shingling = Shingling()
    return {
        "signatures": lambda: sketch(texts, shingling, 128, 1),
        "bands": lambda: sketch(texts, shingling, 128, 1, bands=16, rows=8, signature=False),
        "sets": lambda: shingle_sets(texts, shingling),
        "texts": lambda: text_hashes(texts),
        "tokens": lambda: token_hashes(texts),
    }


def timed(call: Callable[[], object]) -> float:
    """Seconds of this thread on the processor."""
    start = time.thread_time()
    call()
    return time.thread_time() - start


def peer(python: str, tool: str, path: Path) -> tuple[float, int]:
    """Seconds, and shingles."""
    command = [python, "-c", PEER, tool, str(path)]
    seconds, count = subprocess.run(command, check=True, capture_output=True).stdout.split()
    return float(seconds), int(count)


def compare(name: str, rows: int, rounds: int, peers: str | None) -> None:
    """Print the figures of one corpus."""
    texts = CORPORA[name](np.random.default_rng(1), rows)
    array = pa.array(texts, pa.large_string())
    size = sum(len(text.encode()) for text in texts)
    count = int(sketch(array, Shingling(), 128, 1).num_shingles.sum())
    calls = passes(array)
    ours: dict[str, list[float]] = {call: [] for call in calls}
    theirs: dict[str, list[float]] = {"rensa": [], "datasketch": []} if peers else {}
    few = rows // 20
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "texts.parquet"
        pq.write_table(pa.table({"text": array[:few]}), path)
        for _ in range(rounds):
            for call, function in calls.items():
                ours[call].append(timed(function))
            for tool in theirs:
                assert peers
                seconds, found = peer(peers, tool, path)
                theirs[tool].append(found / seconds / 1e6)
    print(f"\n{name}: {rows} rows, {size / rows:.0f} bytes and {count / rows:.0f} shingles each")
    for call, seconds_each in ours.items():
        rates = [count / seconds / 1e6 for seconds in seconds_each]
        median = float(np.median(seconds_each))
        speed = f"{rows / median:9,.0f} rows/s, {size / median / 1e6:6.0f} MB/s"
        print(f"  {call:<12} {speed}, million shingles/s {spread(rates)}")
    for tool, rates in theirs.items():
        speed = f"{float(np.median(rates)) * 1e6 * rows / count:9,.0f} rows/s"
        print(f"  {tool:<12} {speed}, million shingles/s {spread(rates)}")


def first_calls() -> None:
    """Print how long a process waits for its first sketch."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "NUMBA_CACHE_DIR": directory}
        for state in ("nothing compiled", "kernels on disk"):
            run = subprocess.run(
                [sys.executable, "-c", FIRST], check=True, capture_output=True, env=environment
            )
            imports, call = map(float, run.stdout.split())
            print(f"first call, {state}: {call:.2f} s after {imports:.2f} s of imports")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers", help="a Python with rensa, datasketch, xxhash and pyarrow")
    arguments = parser.parse_args()
    print(describe(), f"numba {numba.__version__}", sep=", ")
    if arguments.peers:
        names = ("rensa", "datasketch", "xxhash")
        code = f"from importlib.metadata import version as v; print({names}, *map(v, {names}))"
        print("peers:", subprocess.check_output([arguments.peers, "-c", code], text=True).strip())
    for name in CORPORA:
        compare(name, arguments.rows, arguments.rounds, arguments.peers)
    print()
    first_calls()


if __name__ == "__main__":
    main()
