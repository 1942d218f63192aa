"""Becoming the program: what its process does between the fork and the first untrusted line."""

import atexit
import contextlib
import fcntl
import io
import os
import signal
import socket
import sys
import threading
import traceback
import types
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from filters.sandbox.inside import confine, kernel, wire

SOURCE = "program.py"
_INSIDE = "confine kernel program seccomp shim supervisor usage watch wire zygote"
OURS = (
    *("filters", "filters.sandbox", "filters.sandbox.inside"),
    *(f"filters.sandbox.inside.{name}" for name in _INSIDE.split()),
)
"""Modules of the warm interpreter that a program does not find. A list, since a walk over all
modules would touch, and so copy, a page for nearly each."""


def _place(fds: Sequence[int]) -> None:
    """Make `fds` the descriptors 0, 1, 2, ... and close all others."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 256) for fd in fds]
    for target, fd in enumerate(high):
        os.dup2(fd, target)
    os.closerange(len(fds), 1 << 20)


def _write(path: str, data: bytes) -> None:
    """Fill a file; without the layers of `open`, which a fork pays for page by page."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    while data:
        data = data[os.write(fd, data) :]
    os.close(fd)


def wait(orders: socket.socket, own: Sequence[int], *, isolated: bool) -> Callable[[], NoReturn]:
    """In a process that was forked ahead of its job: wait for it, and say what to call then.

    Args:
        orders: a message of `wire`: `argv`, `limits` and `work`, the source, further descriptors.
        own: the standard streams, and the descriptor that is told when all went well.
        isolated: whether it has namespaces.
    """
    try:
        job, (source,), fds = wire.receive(orders)
    except EOFError:
        os._exit(0)
    orders.close()
    os.chdir(job["work"])
    if isolated:
        kernel.drop_capabilities()
    else:
        os.environ.update(HOME=job["work"], TMPDIR=job["work"])
    *streams, told = own
    given = [*streams, *fds, told]
    own_users = isolated and confine.counts_users_apart()
    return lambda: become(job["argv"], source, job["limits"], given, own_users=own_users)


def become(
    argv: Sequence[str] | None,
    source: bytes,
    limits: dict[str, Any],
    fds: Sequence[int],
    *,
    own_users: bool,
) -> NoReturn:
    """Give up everything that the program must not have, and be the program.

    The last of `fds` is told that this has gone well, and is not the program's.
    """
    os.setsid()
    _place(fds)
    told = len(fds) - 1
    if argv is None:
        _write(SOURCE, source)  # for tracebacks, and for programs that read themselves
    confine.limit(limits, own_users=own_users)
    confine.filter_namespaces()
    kernel.set_dumpable(True)
    with contextlib.suppress(OSError):
        # Where memory runs out, this goes first, and not who asked for it.
        _write("/proc/self/oom_score_adj", b"1000")
    os.write(told, b"+")
    os.close(told)
    if argv is None:
        _interpret(source)
    _execute(argv)


def _execute(argv: Sequence[str]) -> NoReturn:
    """Become a command; 126 or 127 as from a shell where that fails."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execvp(argv[0], list(argv))
    except (OSError, ValueError) as error:
        os.write(2, f"{argv[0]}: {error}\n".encode(errors="replace"))
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def _interpret(source: bytes) -> NoReturn:
    """Run Python source as `__main__`, and end as an interpreter ends."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=SOURCE, __builtins__=__builtins__)
    for name in OURS:
        sys.modules.pop(name, None)
    sys.modules["__main__"] = main
    sys.argv[:] = [SOURCE]
    _open_standard_streams()
    status = _status_of(lambda: exec(compile(source, SOURCE, "exec"), main.__dict__))
    ending: list[Callable[[], object]] = [
        threading._shutdown,  # type: ignore[attr-defined]  # waits for threads, as at every end
        atexit._run_exitfuncs,
    ]
    for step in ending:
        status = _status_of(step) or status
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(status)


def _open_standard_streams() -> None:
    """The warm interpreter's own streams know of what they were opened on."""
    for fd, name, mode, errors in (
        (0, "stdin", "r", "surrogateescape"),
        (1, "stdout", "w", "surrogateescape"),
        (2, "stderr", "w", "backslashreplace"),
    ):
        stream = io.TextIOWrapper(
            open(fd, f"{mode}b", closefd=False),  # noqa: SIM115  # it is open to the end
            encoding="utf-8",
            errors=errors,
            line_buffering=fd == 2,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _status_of(call: Callable[[], object]) -> int:
    try:
        call()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        _complain(str(end.code))
        return 1
    except BaseException as error:  # whatever a program raises ends it, as in an interpreter
        _complain(_without_own_frames(error))
        return 1
    return 0


def _without_own_frames(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip("\n")


def _complain(text: str) -> None:
    with contextlib.suppress(Exception):
        sys.stderr.write(text + "\n")
