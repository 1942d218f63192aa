"""Our verdicts on instructions against the official checker's, which lm-eval carries.

    python -m tests.benchmarks.ifeval_verdicts --random 3000
    python -m tests.benchmarks.ifeval_verdicts --record

Every instruction of `tests/filters/ifeval_cases.py` on every answer there, strict and loose; then
on random answers put together from fragments that the instructions look for, without the three
that ask langdetect, which finds little in such texts. langdetect has the same seed on both sides.
`--record` writes the table that the tests hold our checker to. Seconds are those of one thread,
each side in turn, on the answers of the table.
"""

import argparse
import json
import logging
import random
import tempfile
import time
from pathlib import Path

from filters.constraints import check
from tests.filters import official_ifeval
from tests.filters.ifeval_cases import FRAGMENTS, INSTRUCTIONS, RESPONSES

ASK_LANGDETECT = ("language:", "change_case:english")
TABLE = Path("tests/filters/ifeval_verdicts.json")


def random_answers(number: int) -> list[str]:
    draw = random.Random(f"ifeval {number}")
    return ["".join(draw.choices(FRAGMENTS, k=draw.randint(1, 25))) for _ in range(number)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=0, help="random answers")
    parser.add_argument("--record", action="store_true", help=f"write {TABLE}")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)  # langdetect's failures, one line each
    with tempfile.TemporaryDirectory() as folder:
        official = official_ifeval.load(Path(folder))
        started = time.perf_counter()
        theirs = [
            "".join(official_ifeval.verdict(official, name, kwargs, text) for text in RESPONSES)
            for name, kwargs in INSTRUCTIONS
        ]
        their_seconds = time.perf_counter() - started
        check("length_constraints:number_sentences", {"num_sentences": 1, "relation": "at least"},
              "", "Imports are not on the clock.")  # fmt: skip
        started = time.perf_counter()
        ours = [
            "".join(_ours(name, kwargs, text) for text in RESPONSES)
            for name, kwargs in INSTRUCTIONS
        ]
        our_seconds = time.perf_counter() - started
        _report("table", "".join(theirs), "".join(ours))
        print(f"official {their_seconds:.1f} s, ours {our_seconds:.1f} s")
        if arguments.random:
            plain = [each for each in INSTRUCTIONS if not each[0].startswith(ASK_LANGDETECT)]
            pairs = [(each, text) for text in random_answers(arguments.random) for each in plain]
            _report(
                "random",
                "".join(official_ifeval.verdict(official, *each, text) for each, text in pairs),
                "".join(_ours(*each, text) for each, text in pairs),
            )
    if arguments.record:
        rows = [
            json.dumps({"instruction": name, "kwargs": kwargs, "verdicts": verdicts})
            for (name, kwargs), verdicts in zip(INSTRUCTIONS, theirs, strict=True)
        ]
        TABLE.write_text("[\n" + ",\n".join(rows) + "\n]\n")


def _ours(name: str, kwargs: dict[str, object], text: str) -> str:
    strict = check(name, kwargs, "", text)
    return official_ifeval.symbol(strict, check(name, kwargs, "", text, loose=True))


def _report(what: str, theirs: str, ours: str) -> None:
    differ = sum(a != b for a, b in zip(theirs, ours, strict=True))
    print(f"{what}: {len(theirs)} pairs, strict and loose, {differ} differ")


if __name__ == "__main__":
    main()
