"""Verdicts/s of the final-answer filter against math-verify called bare on the same pairs.

    python -m tests.benchmarks.final_answer_throughput

Two sets of pairs: what the tiny recipe meets (integers; from its own prompts, half of them wrong),
and forms that need math-verify (fractions, roots, polynomials, tuples; written out below). One
process asks one pair at a time on both sides; the filter's checking process is started before.
Bare: `parse` of both and `verify`, with the time-outs that a process's main thread can have.
"""

import random
import time
from pathlib import Path

from math_verify import parse, verify

from factory.recipe import load_recipe
from factory.records import Response
from filters import FinalAnswer
from pipelines import make_job
from tests.benchmarks.machine import describe, spread
from tests.toys import prompt

Pair = tuple[str, str]


def integer_pairs(number: int) -> list[Pair]:
    """Gold answers of the tiny recipe, and a right or a wrong answer to each."""
    job = make_job(load_recipe(Path("pipelines/recipes/tiny.toml")))
    draw = random.Random(1)
    golds = [p.expected_answer or "" for p in job.pipeline.source.prompts(0, number)]
    return [(gold, gold if draw.random() < 0.5 else str(int(gold) + 1)) for gold in golds]


def latex_pairs(number: int, lap: int) -> list[Pair]:
    """Forms that only math-verify can compare, half of them wrong; others in every lap.

    The checking process keeps its readings, and the same pairs again would only measure that.
    """
    draw = random.Random(f"latex {lap}")
    pairs = []
    for _ in range(number):
        a, b, c = (draw.randint(2, 30) for _ in range(3))
        wrong = draw.randint(0, 1)
        pairs.append(
            draw.choice(
                [
                    (f"\\frac{{{a}}}{{{b}}}", f"\\frac{{{a * c}}}{{{b * c + wrong}}}"),
                    (f"{a}\\sqrt{{{b}}}", f"\\sqrt{{{a * a * b + wrong}}}"),
                    (f"x^2+{a}x+{b}", f"{b + wrong}+{a}x+x^2"),
                    (f"({a},{b})", f"({a}, {b + wrong})"),
                    (f"{a}/{b}", f"{a / b + wrong}"),
                ]
            )
        )
    return pairs


def seconds(check: "object", pairs: list[Pair]) -> tuple[float, list[bool]]:
    """(time, verdicts) of a side."""
    assert callable(check)
    start = time.perf_counter()
    verdicts = [bool(check(gold, predicted)) for gold, predicted in pairs]
    return time.perf_counter() - start, verdicts


def bare(gold: str, predicted: str) -> bool:
    """math-verify as its README calls it."""
    return bool(verify(parse(f"\\boxed{{{gold}}}"), parse(f"\\boxed{{{predicted}}}")))


def ours(gold: str, predicted: str) -> bool:
    """The filter on a whole response."""
    check = FinalAnswer()
    answer = f"The final answer is \\boxed{{{predicted}}}"
    item = Response(prompt=prompt(gold=gold), mode="off", sample=0, output=answer)
    return check.judge(check.score(item)).decision == "keep"


def main() -> None:
    """Print the figures."""
    print(describe())
    ours("1/2", "\\frac12")
    integers = integer_pairs(600)
    for name in ("integers", "latex"):
        figures, differ, num_pairs = [], 0, 0
        for lap in range(4):
            pairs = integers if name == "integers" else latex_pairs(600, lap)
            (mine, my_verdicts), (theirs, their_verdicts) = (
                seconds(ours, pairs),
                seconds(bare, pairs),
            )
            num_pairs += len(pairs)
            differ += sum(a != b for a, b in zip(my_verdicts, their_verdicts, strict=True))
            if lap:  # the first one warms up
                figures.append((len(pairs) / mine, len(pairs) / theirs))
        print(f"{name}: {num_pairs} pairs, {differ} verdicts differ")
        print("  filter     ", spread([a for a, _ in figures]), "verdicts/s")
        print("  math-verify", spread([b for _, b in figures]), "verdicts/s")
        print("  ratio      ", spread([a / b for a, b in figures]))


if __name__ == "__main__":
    main()
