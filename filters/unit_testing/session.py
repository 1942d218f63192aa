"""One program against tests that call it: the processes, the channels between them, the clock.

The host sends the job to the checker over a channel that no candidate has, and believes only what
comes back on it with the job's nonce. The code that the sandbox starts is the same for every
program; programs, tests and nonces go over the channels, so that they are in no process but those
that need them.
"""

import re
import secrets
import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any

from filters import sandbox
from filters.unit_testing.codec import ProtocolError, receive, send

MAX_HELPERS = 8
"""Functions of a program, besides the entry point, that a test may call by name."""

_DEFINED = re.compile(r"^(?:async[ \t]+def|def|class)[ \t]+(\w+)", re.MULTILINE)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What the checker said, and how the two processes ended."""

    said: tuple[str, ...]
    """For each case `passed`, `failed`, `broken`, `skipped` or a reason; `""` where it was
    silent."""
    ended: str
    """The sandbox's word for the end of whoever failed to answer; `""` where all were answered."""


def hold(
    program: str,
    cases: Sequence[dict[str, Any]],
    limits: sandbox.Limits,
    *,
    helpers: Sequence[str] = (),
    stop: bool = False,
    allow_unsandboxed: bool = False,
) -> Session:
    """Put a program before its tests.

    Args:
        program: the whole program.
        cases: what `filters.unit_testing.checker.judge` takes.
        limits: of each process.
        helpers: what `helper_names` found.
        stop: whether the cases after the first that is not passed are left out.
        allow_unsandboxed: whether to go on where the machine cannot isolate processes.

    Raises:
        PrerequisiteError: there is no sandbox here.
    """
    nonce = secrets.token_hex(16)
    job = {
        "nonce": nonce,
        "program": program,
        "helpers": list(helpers),
        "cases": list(cases),
        "stop": stop,
    }
    with ExitStack() as stack:
        host, far = _pair(stack)
        links = [_pair(stack) for _ in range(1 + len(helpers))]
        near = [far.fileno(), *(link[0].fileno() for link in links)]
        begin = partial(sandbox.start, limits=limits, allow_unsandboxed=allow_unsandboxed)
        checker = stack.enter_context(
            _Process(begin(_code("codec", "remote", "checker"), fds=near))
        )
        candidates = [
            stack.enter_context(
                _Process(begin(_code("codec", "candidate"), fds=[link[1].fileno()]))
            )
            for link in links
        ]
        for end in (far, *(end for link in links for end in link)):
            end.close()  # so that a process that ends is noticed at the other end
        # The sandbox keeps the time; this is for the sandbox's own death.
        host.settimeout(2 * limits.backstop_s + 60)
        said = _listen(host, job)
        ended = ""
        if "" in said:
            ended = checker.status()
        elif "broken" in said:
            ended = candidates[0].status()
    return Session(said=tuple(said), ended=ended)


class _Process:
    """A module of this package at work in the sandbox."""

    def __init__(self, running: sandbox.Running) -> None:
        self._running: sandbox.Running | None = running

    def __enter__(self) -> "_Process":
        return self

    def __exit__(self, *_: object) -> None:
        if self._running:
            self._running.kill()
            self._running.wait()

    def status(self) -> str:
        """How it ended by itself."""
        assert self._running
        outcome, self._running = self._running.wait(), None
        return outcome.status


def _listen(host: socket.socket, job: dict[str, Any]) -> list[str]:
    """What the checker says, padded with `""` where it ended before."""
    said: list[str] = []
    # The checker may end early: its time is up, or it died of the test.
    with suppress(ProtocolError):
        send(host.sendall, [job])
        for _ in job["cases"]:
            match receive(host.recv):
                case [nonce, str(word)] if nonce == job["nonce"]:
                    said.append(word)
                case _:
                    break
    return said + [""] * (len(job["cases"]) - len(said))


def _pair(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    first, second = socket.socketpair()
    stack.enter_context(first)
    stack.enter_context(second)
    return first, second


def helper_names(program: str, test: str, entry_point: str | None) -> list[str]:
    """The program's functions, besides the entry point, that a test seems to call by name.

    Each gets a process that runs the program only up to the end of the first definition of that
    name, so that what a completion writes below a prompt's helper does not replace it.
    """
    if entry_point is None:
        return []
    own = set(_DEFINED.findall(program)) & set(_WORD.findall(test))
    return sorted(own - {entry_point.split(".")[0].removesuffix("()")})[:MAX_HELPERS]


@cache
def _code(*modules: str) -> str:
    """Modules of this package as one program that calls the last one's `main`."""
    folder = files("filters.unit_testing")
    sources = [
        (f"filters.unit_testing.{module}", (folder / f"{module}.py").read_text())
        for module in modules
    ]
    return f"""
import sys, types
for name, source in {sources!r}:
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)
module.main()
"""
