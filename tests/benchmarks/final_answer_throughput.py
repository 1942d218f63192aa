"""Verdicts/s of the final-answer filter against math-verify called bare on the same pairs.

    python -m tests.benchmarks.final_answer_throughput

The pairs are `tests.benchmarks.math_mix`, others in every lap. One process asks one pair at a time
on both sides; the filter's checking process is started before. Bare: `parse` of both and `verify`,
with the time-outs that a process's main thread can have. A verdict that differs is printed unless
it is one of the known kinds of `tests.math_pairs`; verdicts are also held against the labels.
"""

import time
from collections import Counter

from math_verify import parse, verify

from factory.records import Response
from filters import FinalAnswer
from filters.final_answer import takes_fast_path
from tests.benchmarks.machine import describe, spread
from tests.benchmarks.math_mix import SHARES, Pair, mix
from tests.toys import prompt

LAPS = 4


def bare(gold: str, predicted: str) -> bool:
    """math-verify as its README calls it."""
    return bool(verify(parse(f"\\boxed{{{gold}}}"), parse(f"\\boxed{{{predicted}}}")))


def ours(gold: str, predicted: str) -> bool:
    """The filter on a whole response."""
    check = FinalAnswer()
    answer = f"The final answer is \\boxed{{{predicted}}}"
    item = Response(prompt=prompt(gold=gold), mode="off", sample=0, output=answer)
    return check.judge(check.score(item)).decision == "keep"


def timed(check: "object", pairs: list[Pair]) -> tuple[list[float], list[bool]]:
    """(seconds of each pair, verdicts) of a side."""
    assert callable(check)
    seconds, verdicts = [], []
    for gold, predicted in pairs:
        start = time.perf_counter()
        verdicts.append(bool(check(gold, predicted)))
        seconds.append(time.perf_counter() - start)
    return seconds, verdicts


class Tally:
    """Seconds of both sides by kind and by path, and what differed."""

    def __init__(self) -> None:
        self.seconds: Counter[tuple[str, str]] = Counter()
        self.number: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.differ: list[tuple[Pair, bool, bool]] = []

    def add(self, name: str, mine: float, theirs: float) -> None:
        self.number[name] += 1
        self.seconds[name, "ours"] += mine
        self.seconds[name, "bare"] += theirs

    def line(self, name: str) -> str:
        number = self.number[name]
        mine, theirs = self.seconds[name, "ours"], self.seconds[name, "bare"]
        speeds = f"{number / mine:9.0f} {number / theirs:9.0f} {theirs / mine:7.1f}"
        return f"  {name:24} {number:5} {speeds}"


def lap(tally: Tally, number: int) -> tuple[float, float]:
    """One lap's verdicts/s of both sides."""
    rows = mix(number)
    pairs = [pair for _, pair, _ in rows]
    mine, my_verdicts = timed(ours, pairs)
    theirs, their_verdicts = timed(bare, pairs)
    for row, a, b, x, y in zip(rows, mine, theirs, my_verdicts, their_verdicts, strict=True):
        kind, pair, equal = row
        for name in (kind, "fast path" if takes_fast_path(*pair) else "math-verify's"):
            tally.add(name, a, b)
        tally.wrong["ours"] += x != equal
        tally.wrong["bare"] += y != equal
        if x != y:
            tally.differ.append((pair, x, y))
    return len(pairs) / sum(mine), len(pairs) / sum(theirs)


def main() -> None:
    """Print the figures."""
    print(describe())
    ours("x^2+y^2=1", "x^2+y^2=4")
    lap(Tally(), 0)  # the first one warms up
    tally = Tally()
    figures = [lap(tally, number) for number in range(1, LAPS)]
    total = sum(share for share, _ in SHARES.values()) * (LAPS - 1)
    print(f"{total} pairs; fast path {tally.number['fast path'] / total:.1%}")
    print("  filter     ", spread([a for a, _ in figures]), "verdicts/s")
    print("  math-verify", spread([b for _, b in figures]), "verdicts/s")
    print("  ratio      ", spread([a / b for a, b in figures]))
    print(f"  {'':24} pairs    filter      bare   ratio")
    for name in (*SHARES, "fast path", "math-verify's"):
        print(tally.line(name))
    print(f"verdicts against the labels: filter {tally.wrong['ours']} wrong,", end=" ")
    print(f"math-verify {tally.wrong['bare']}; {len(tally.differ)} differ from one another")
    for pair, x, y in tally.differ[:40]:
        print(f"  filter {x!s:5} math-verify {y!s:5} {pair[0]} | {pair[1]}")


if __name__ == "__main__":
    main()
