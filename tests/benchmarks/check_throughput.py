"""Verdicts/s of the small filters, and what `PersonalData` finds where nothing should be.

    python -m tests.benchmarks.check_throughput

Speed: one process, answers of about 900 characters that end in the statement to check, so that the
whole way counts. False alarms: texts of every family of reasoning-gym (20 each, question and
answer), files of Python's standard library bare and in a fence (their authors' addresses are real
findings, so that the kinds are counted one by one), and 20,000 lines of random arithmetic.
"""

import sys
import sysconfig
import time
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

from factory.apply import apply_filter
from factory.records import Filter, Grade, Judged, Response
from filters.multiple_choice import MultipleChoice
from filters.personal_data import PersonalData
from filters.preference import BestOfN
from filters.quantity import Quantity
from filters.refusal import Refusal
from filters.short_reference import ShortReference
from tests.benchmarks.machine import describe, spread
from tests.toys import response

FILLER = "Let us go on step by step, since 3 of the 14 terms cancel and the rest is small. " * 11


def answers(filter_name: str, number: int) -> list[Response]:
    """What a filter is asked, half of it wrong."""
    draw = Random(filter_name)
    items = []
    for _ in range(number):
        n, wrong = draw.randrange(2, 900), draw.randrange(2)
        options = tuple(f"{n + i} J" for i in range(4))
        gold, stated = {
            "MultipleChoice": ("C", f"\\boxed{{\\text{{({'CD'[wrong]})}} {n + 2 + wrong} J}}"),
            "Quantity": (f"{n} m/s^2", f"\\boxed{{{n * 100 * (1 + wrong)}\\,\\mathrm{{cm/s^2}}}}"),
            "ShortReference": (f"the Poincaré map {n}|map", f"\\boxed{{poincare map {n + wrong}}}"),
        }.get(filter_name, ("", "I can't help with that." if wrong else "That is all."))
        item = response(FILLER + stated, gold=gold)
        items.append(replace(item, prompt=replace(item.prompt, choices=options, policy="comply")))
    return items


def speed(check: Filter, number: int = 2_000) -> None:
    """Print verdicts/s over four laps, the first left out, and how many were kept."""
    rates = []
    for lap in range(4):
        items = answers(type(check).__name__, number)
        started = time.perf_counter()
        verdicts = [apply_filter(check, item) for item in items]
        if lap:
            rates.append(number / (time.perf_counter() - started))
    kept = sum(verdict.decision == "keep" for verdict in verdicts)
    print(f"{check.name:20} {spread(rates)} verdicts/s, {kept} of {number} kept")


def best_of_n_speed(number: int = 2_000, samples: int = 8) -> None:
    """Print responses/s of the group filter."""
    draw = Random(1)
    groups = [
        [
            Judged(response("x", sample=s, grades=(Grade(column="reward", score=draw.random()),)))
            for s in range(samples)
        ]
        for _ in range(number)
    ]
    started = time.perf_counter()
    for group in groups:
        BestOfN().scores(group)
    rate = number * samples / (time.perf_counter() - started)
    print(f"{BestOfN.name:20} {rate:.0f} responses/s in groups of {samples}")


def puzzles(number: int) -> list[str]:
    """Question and answer of every family of reasoning-gym that builds."""
    import reasoning_gym
    from reasoning_gym.factory import DATASETS

    texts = []
    for name in DATASETS:
        try:
            data = reasoning_gym.create_dataset(name, size=number, seed=11)
            texts += [f"{item['question']}\n{item['answer']}" for item in data]
        except Exception as error:
            print(f"  left out {name}: {type(error).__name__}", file=sys.stderr)
    return texts


def arithmetic(number: int) -> list[str]:
    """Lines with numbers of all lengths, fifty to a text."""
    rng = Random(3)
    lines = []
    for _ in range(number):
        a, b = (rng.randrange(10 ** rng.randrange(1, 17)) for _ in range(2))
        lines.append(f"{a} {rng.choice('+-*/')} {b} = {a + b}, {a / (b + 1):.6f}, {a:,} - {b:,}")
    return ["\n".join(lines[i : i + 50]) for i in range(0, number, 50)]


def code() -> list[str]:
    """The files of the standard library, its tests left out."""
    root = Path(sysconfig.get_paths()["stdlib"])
    paths = sorted(p for p in root.rglob("*.py") if not {"site-packages", "test"} & set(p.parts))
    return [path.read_text(encoding="utf-8", errors="replace") for path in paths]


def alarms(name: str, texts: list[str]) -> None:
    """Print how many texts were dropped, by kind, and the speed."""
    started = time.perf_counter()
    reasons = Counter(apply_filter(PersonalData(), response(text)).reason for text in texts)
    seconds = time.perf_counter() - started
    size = sum(map(len, texts)) / 1e6
    found = {reason: count for reason, count in sorted(reasons.items()) if reason}
    print(f"{name}: {len(texts)} texts, {size:.1f} MB, {size / seconds:.1f} MB/s, found {found}")


def main() -> None:
    """Print the figures."""
    warnings.simplefilter("ignore")
    print(describe())
    for check in (MultipleChoice(), Quantity(), ShortReference(), Refusal(), PersonalData()):
        speed(check)
    best_of_n_speed()
    alarms("reasoning-gym", puzzles(20))
    alarms("arithmetic", arithmetic(20_000))
    files = code()
    alarms("standard library, bare", files)
    alarms("standard library, fenced", [f"```python\n{text}\n```" for text in files])


if __name__ == "__main__":
    main()
