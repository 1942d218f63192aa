"""One command a tool, timed from start to end, with the memory of its whole process tree.

    python -m tests.benchmarks.dedup_runs --install DIRECTORY

makes the peers' environment from `peers.txt`; `--peers DIRECTORY` then tells a benchmark where it
is. Memory is sampled 20 times a second: the sum of the resident sizes of all processes counts what
they share several times, their proportional sizes (PSS) once; reading the latter costs the kernel
time, so that it is sampled twice a second.
"""

import argparse
import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from tests.benchmarks.dedup_corpus import Spec, write_corpus
from tests.benchmarks.dedup_peers import TOOLS

HERE: Final = Path(__file__).parent
EVERY_S: Final = 0.05
ALL: Final = ("factory", *TOOLS)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one command took."""

    seconds: float
    cpu: float
    """Seconds of processor time, of all its processes that were waited for."""
    rss: int
    """Bytes, the highest sum of resident sizes over the process tree."""
    pss: int
    """Bytes, the highest sum of proportional sizes, 0 where the system does not tell."""

    def line(self) -> str:
        """For a person."""
        return (
            f"{self.seconds:.1f} s, {self.rss / 2**30:.2f} GiB RSS, {self.pss / 2**30:.2f} GiB PSS"
        )


class Watch:
    """Samples the memory of a process and all below it until `stop`."""

    def __init__(self, pid: int) -> None:
        self.rss = self.pss = 0
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more samples."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._over.wait(EVERY_S):
            with contextlib.suppress(psutil.Error):
                tree = [self._process, *self._process.children(recursive=True)]
                self.rss = max(self.rss, sum(map(_rss, tree)))
                if number % 10 == 0:
                    self.pss = max(self.pss, sum(map(_pss, tree)))
            number += 1


def _rss(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return process.memory_info().rss
    return 0


def _pss(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error, AttributeError):
        return process.memory_full_info().pss
    return 0


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def command(tool: str, source: Path, out: Path, *, peers: Path, threads: int) -> list[str]:
    """What a person would type; ours takes all cores."""
    if tool == "factory":
        return [sys.executable, "-m", "factory", "dedup", str(source), str(out)]
    python = peers / "bin" / "python"
    if not python.exists():
        way_out = f"python -m tests.benchmarks.dedup_runs --install {peers}"
        raise SystemExit(f"{python}: not there; make the peers' environment: {way_out}")
    script = [str(python), str(HERE / "dedup_peers.py"), tool, str(source), str(out)]
    return [*script, "--threads", str(threads)]


def measured(arguments: Sequence[str], log: Path) -> Run:
    """Run a command to its end; what it says goes into a file.

    Raises:
        SystemExit: naming the file, where the command failed.
    """
    with log.open("wb") as said:
        started, before = time.perf_counter(), _cpu_of_children()
        process = subprocess.Popen(arguments, stdout=said, stderr=subprocess.STDOUT)
        watch = Watch(process.pid)
        status = process.wait()
        seconds = time.perf_counter() - started
    watch.stop()
    if status:
        raise SystemExit(f"{' '.join(arguments)} ended with status {status}; see {log}")
    cpu = _cpu_of_children() - before
    return Run(seconds=seconds, cpu=cpu, rss=watch.rss, pss=watch.pss)


def run_tool(
    tool: str, source: Path, out: Path, *, peers: Path = Path("peers"), threads: int = 2
) -> Run:
    """Remove near duplicates with one tool; what an earlier run left goes first."""
    for left in (out, out.with_name(f".{out.name}.work")):
        shutil.rmtree(left, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    arguments = command(tool, source, out, peers=peers, threads=threads)
    return measured(arguments, out.with_name(f"{out.name}.log"))


def warm_up(tools: Sequence[str], options: argparse.Namespace) -> None:
    """Run each tool on a small corpus, so that what is compiled once is compiled.

    A first run of ours is slower by that; how long it took is told.
    """
    corpus = write_corpus(Spec(rows=3_000), options.directory / Spec(rows=3_000).name)
    for tool in tools:
        out = options.directory / "out" / f"warm-{tool}"
        run = run_tool(tool, corpus, out, peers=options.peers, threads=options.threads)
        print(f"warmed up {tool}: {run.line()}", flush=True)


def install(folder: Path) -> None:
    """Make the peers' environment with uv, which takes the packages where pip would."""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    environment = dict(os.environ)
    if links := environment.get("PIP_FIND_LINKS"):
        environment.setdefault("UV_FIND_LINKS", links)
    subprocess.run(
        [uv, "venv", "--allow-existing", "--python", "3.11", str(folder)],
        check=True,
        env=environment,
    )
    pins = ["--requirement", str(HERE / "peers.txt")]
    target = ["--python", str(folder / "bin" / "python")]
    subprocess.run([uv, "pip", "install", *target, *pins], check=True, env=environment)


def add_run_options(parser: argparse.ArgumentParser, tools: Sequence[str]) -> None:
    """The options of every benchmark that runs tools."""
    parser.add_argument("--tools", nargs="+", choices=ALL, default=list(tools))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--peers", type=Path, default=Path(".venv-peers"), help="the peers' environment"
    )
    parser.add_argument(
        "--directory",
        type=Path,
        default=Path(tempfile.gettempdir()) / "factory-benchmarks",
        help="for corpora and outputs; corpora stay there",
    )


def main() -> None:
    """Make the peers' environment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", type=Path, required=True, metavar="DIRECTORY")
    install(parser.parse_args().install)


if __name__ == "__main__":
    main()
