"""Ledgers for tests."""

import subprocess
import sys
import time
from pathlib import Path

from factory.ledger import LedgerReader, LedgerWriter
from factory.records import Completion


def key(number: int) -> str:
    return f"{number:032x}"


def write(
    directory: Path, numbers: int | range, text: str = "text", run: str = "", account: str = ""
) -> LedgerWriter:
    writer = LedgerWriter(directory, run)
    for number in range(numbers) if isinstance(numbers, int) else numbers:
        completion = Completion(
            text=f"{text} {number}", prompt_tokens=2, completion_tokens=3, engine="toy"
        )
        writer.append(key(number), completion, account)
    writer.close()
    return writer


def read(directory: Path) -> LedgerReader:
    reader = LedgerReader(directory)
    reader.refresh()
    return reader


def texts(directory: Path) -> dict[int, str]:
    """Text by key number, of all keys below 1000."""
    reader = read(directory)
    found = {number: reader.get(key(number)) for number in range(1000) if key(number) in reader}
    return {number: completion.text for number, completion in found.items() if completion}


def segment_names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.glob("*.jsonl"))


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process of its own; it prints a line when it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline()
    return process


def wait_for(what, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not what() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert what()
