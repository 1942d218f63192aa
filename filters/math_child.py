"""The child process behind `filters.checking`: pairs in on stdin, verdicts out on stdout.

A line in is `[gold, predicted, CPU seconds]`; a line out is `true`, `false`, or a reason such as
`"gold_unparseable"`. A timer on this process's CPU time ends it when they are over: its signal has
no handler, so that not even a loop inside the integer arithmetic holds it up. Memory is limited, so
that `9**9**9` ends this process and not the machine.
"""

import json
import os
import resource
import signal
import sys
from functools import lru_cache
from typing import Any

from math_verify import parse, verify

_MEMORY_BYTES = 4 << 30


@lru_cache(maxsize=4096)
def _parse(answer: str) -> tuple[Any, ...]:
    """math-verify's readings of an answer; its own time-outs are off, the timer keeps time."""
    return tuple(parse(f"\\boxed{{{answer}}}", parsing_timeout=None))


def _compare(gold: str, predicted: str) -> bool | str:
    reference = _parse(gold)
    if all(isinstance(reading, str) for reading in reference):
        return "gold_unparseable"  # math-verify hands on as text what it cannot read
    return bool(verify(list(reference), list(_parse(predicted)), timeout_seconds=None))


def main() -> None:
    """Answer until the input ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, hard))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    # Whatever a parser prints must not end up among the verdicts.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _compare("1", "2")  # loads the parser
    replies.write("ready\n")
    replies.flush()
    for line in sys.stdin:
        gold, predicted, cpu_s = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, cpu_s)
        try:
            reply: bool | str = _compare(gold, predicted)
        except (MemoryError, RecursionError, ArithmeticError, ValueError, TypeError):
            reply = "checker_error"
        signal.setitimer(signal.ITIMER_PROF, 0)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
