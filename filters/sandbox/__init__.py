"""Untrusted programs, run where they can do no harm.

`run` takes Python source or a command and says how it ended; `start` does not wait, and hands
descriptors on; `compile_cpp` makes a program for `run`; `spawn` starts a long-running command of
our own that handles hostile text.
"""

from filters.sandbox.confined import Confined, cpu_seconds, spawn
from filters.sandbox.cpp import Compiled, compile_cpp
from filters.sandbox.limits import Limits, Outcome, Status
from filters.sandbox.warm import Running, close, layers, run, start

__all__ = [
    "Compiled",
    "Confined",
    "Limits",
    "Outcome",
    "Running",
    "Status",
    "close",
    "compile_cpp",
    "cpu_seconds",
    "layers",
    "run",
    "spawn",
    "start",
]
