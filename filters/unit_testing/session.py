"""One program against tests that call it: the processes, the channels between them, the clock.

The host sends the job to the checker over a channel that no candidate has, and believes only what
comes back on it with the job's nonce. The code that the sandbox starts is the same for every
program; programs, tests and nonces go over the channels, so that they are in no process but those
that need them.
"""

import marshal
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any

from filters import sandbox
from filters.unit_testing.codec import MAX_HELPERS, ProtocolError, receive, send


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What the checker said, and how the two processes ended."""

    said: tuple[str, ...]
    """For each case `passed`, `failed`, `broken`, `disordered`, `skipped` or a reason; `""` where
    it was silent."""
    ended: str
    """The sandbox's word for the end of whoever failed to answer; `""` where all were answered."""


def hold(
    program: str,
    cases: Sequence[dict[str, Any]],
    limits: sandbox.Limits,
    *,
    stop: bool = False,
    allow_unsandboxed: bool = False,
) -> Session:
    """Put a program before its tests.

    Args:
        program: the whole program.
        cases: what `filters.unit_testing.checker.judge` takes.
        limits: of each process.
        stop: whether the cases after the first that is not passed are left out.
        allow_unsandboxed: whether to go on where the machine cannot isolate processes.

    Raises:
        PrerequisiteError: there is no sandbox here.
    """
    nonce = secrets.token_hex(16)
    job = {"nonce": nonce, "program": program, "cases": list(cases), "stop": stop}
    begin = partial(sandbox.start, limits=limits, allow_unsandboxed=allow_unsandboxed)
    with ExitStack() as stack:
        host, far = _pair(stack)
        candidate, link = _candidate(stack, begin)
        fds = [far.fileno(), link.fileno()]
        checker = stack.enter_context(_Process(begin(_code("codec", "remote", "checker"), fds=fds)))
        far.close()  # so that each end notices when the other one closes
        link.close()
        # The sandbox keeps the time; this is for the sandbox's own death.
        host.settimeout(2 * limits.backstop_s + 60)
        said = _listen(host, job, lambda: _candidate(stack, begin)[1])
        ended = ""
        if "" in said:
            ended = checker.status()
        elif "broken" in said:
            ended = candidate.status()
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


def _candidate(
    stack: ExitStack, begin: Callable[..., sandbox.Running]
) -> tuple[_Process, socket.socket]:
    """A process for the program, and the checker's end of its channel."""
    near, far = _pair(stack)
    process = stack.enter_context(_Process(begin(_code("codec", "candidate"), fds=[far.fileno()])))
    far.close()
    return process, near


def _listen(
    host: socket.socket, job: dict[str, Any], helper: Callable[[], socket.socket]
) -> list[str]:
    """What the checker says, padded with `""` where it ended before.

    It may first ask for further processes of the program, for functions that the test calls.
    """
    said: list[str] = []
    # The checker may end early: its time is up, or it died of the test.
    with suppress(ProtocolError, OSError):
        send(host.sendall, [job])
        while len(said) < len(job["cases"]):
            match receive(host.recv):
                case [nonce, "helpers", int(number)] if nonce == job["nonce"]:
                    ends = [helper() for _ in range(min(number, MAX_HELPERS))]
                    socket.send_fds(host, [b"."], [end.fileno() for end in ends])
                    for end in ends:
                        end.close()
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


@cache
def _code(*modules: str) -> str:
    """Modules of this package as one program that calls the last one's `main`.

    They are compiled here, once, which saves each process of the sandbox a third of its time; it
    runs the same Python.
    """
    package = "filters.unit_testing"
    compiled = []
    for module in modules:
        source = (files(package) / f"{module}.py").read_text()
        code = compile(source, f"{module}.py", "exec", optimize=2)  # without docstrings
        compiled.append((f"{package}.{module}", marshal.dumps(code).hex()))
    return f"""
import marshal, sys, types
for name, code in {compiled!r}:
    module = sys.modules[name] = types.ModuleType(name)
    exec(marshal.loads(bytes.fromhex(code)), module.__dict__)
module.main()
"""
