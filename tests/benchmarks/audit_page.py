"""Building the audit of a large run, and how long its page keeps a reader waiting.

    python -m tests.benchmarks.audit_page [--copies 13] [--words 12] [--no-overlap]

A copy is 1,000 prompts with 8 responses each; those with reasoning on have about 85 characters for
each of `words`. The build runs in a process of its own, first without the overlap, then with it,
then with it from its cache. The page is searched in headless Chromium (`tests/browser`); a task is
what the browser does in one piece, during which the page answers nobody.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from factory.rundir import RunDirectory
from tests.audit_runs import write_large_run
from tests.benchmarks.machine import describe

SAID = "We add one to the number that is given, which is easy enough, and look at it again.\n"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
WATCH = """
window.tasks = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.tasks.push(task.duration);
}).observe({ type: "longtask" });
"""


def write(folder: Path, copies: int, words: int) -> RunDirectory:
    """The run."""

    def reply(item: Any, mode: str, sample: int) -> str:
        box = f"\\boxed{{{item.expected_answer}}}"
        return f"<think>\n{SAID * words}{sample}\n</think>\n\n{box}" if mode == "on" else box

    return write_large_run(folder / "run", copies=copies, reply=reply)


def build(run: RunDirectory, *options: str) -> None:
    """Time and memory of `factory audit`."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "factory", "audit", str(run.root), *options]
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"factory audit {' '.join(options)}: {seconds:.1f} s, at most {peak:,.0f} MB so far")


def look(run: RunDirectory) -> None:
    """Open, search by id, search by text; the longest task of each."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page()
        page.add_init_script(WATCH)
        for name, view in (
            ("all rows", "rows"),
            ("an id", "rows?id=off-002"),
            ("a reason", "rows?reason=loop"),
            ("a text", "rows?text=nowhere to be found"),
        ):
            page.goto("about:blank")
            started = time.perf_counter()
            page.goto(f"{(run.root / 'audit' / 'index.html').as_uri()}#{view}")
            page.wait_for_selector("#view-rows tbody tr, #view-rows progress", state="attached")
            first = time.perf_counter() - started
            while not page.evaluate("document.querySelector('#view-rows progress').hidden"):
                time.sleep(0.02)
            seconds = time.perf_counter() - started
            longest = page.evaluate("Math.max(0, ...window.tasks)")
            found = page.locator("[role=status]").inner_text()
            print(
                f"{name}: {found}; something to see after {first:.2f} s, all after {seconds:.1f} s;"
                f" longest task {f'{longest:.0f} ms' if longest else 'under 50 ms'}"
            )
        browser.close()


def main() -> None:
    """Build, measure, look."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--copies", type=int, default=13)
    parser.add_argument("--words", type=int, default=12)
    parser.add_argument("--overlap", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        run = write(Path(folder), options.copies, options.words)
        build(run, "--no-overlap")
        if options.overlap:
            build(run)
            build(run)
        files = list((run.root / "audit" / "data").iterdir())
        sizes = [path.stat().st_size for path in files]
        print(f"{len(sizes):,} files, {sum(sizes) / 1e6:,.0f} MB, largest {max(sizes):,} bytes")
        look(run)


if __name__ == "__main__":
    main()
