"""The warm interpreter: it waits, with its imports done, and forks a supervisor for each program.

It sees no job. A message from the host is one descriptor: a channel, which goes to the supervisor.
The supervisor is born into namespaces of its own, used for one program: users, processes, mounts,
System V objects, host name. The network namespace stays the zygote's, which has not even loopback;
the filter denies sockets.
"""

import gc
import importlib
import os
import signal
import site
import socket
import sys
from contextlib import suppress

from filters.sandbox.inside import confine, kernel, supervisor, wire

_NAMESPACES = kernel.NEWUSER | kernel.NEWPID | kernel.NEWNS | kernel.NEWIPC | kernel.NEWUTS
_WARM = """
array ast bisect calendar cmath collections contextlib copy dataclasses datetime decimal enum
fractions functools hashlib heapq inspect io itertools json math numbers operator os pathlib
pickle queue random re statistics string struct symtable tempfile textwrap threading time
traceback types typing uuid
"""


def main(*, isolated: bool) -> supervisor.Program:
    """Serve the host until it is gone.

    Returns:
        In the process of a program alone: what to call to become it.
    """
    host = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    try:
        _prepare(isolated=isolated)
        user = os.getuid(), os.getgid()  # a new namespace does not know them
        problem = _try_out(user) if isolated else ""
    except OSError as error:
        problem = str(error)
    wire.send(host, {"problem": problem, "layers": confine.layers(isolated=isolated)})
    while True:
        _, fds, _, _ = socket.recv_fds(host, 1, 1)
        if not fds:
            os._exit(0)  # the host is gone; the kernel kills what this namespace still holds
        try:
            child = kernel.clone(_NAMESPACES if isolated else 0)
        except OSError:  # too many processes or namespaces now; the host finds its channel closed
            child = -1
        if child == 0:
            host.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _settle(user) if isolated else kernel.adopt_orphans()
            return supervisor.serve(socket.socket(fileno=fds[0]), isolated=isolated)
        os.close(fds[0])


def _try_out(user: tuple[int, int]) -> str:
    """What keeps this machine from giving a program namespaces of its own; empty where nothing."""
    reader, writer = os.pipe()
    if kernel.clone(_NAMESPACES) == 0:
        try:
            _settle(user)
            os.write(writer, b"ok")
        except OSError as error:
            os.write(writer, str(error).encode())
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        said = file.read().decode()
    return "" if said == "ok" else said or "the first process died"


def _prepare(*, isolated: bool) -> None:
    """Become nobody, and have everything at hand that programs often ask for."""
    if isolated:
        _uncover_proc()
        if os.getuid() == 0:
            with suppress(OSError):  # a container may not know the user
                confine.become_nobody()
    kernel.set_dumpable(False)
    for name in _WARM.split():
        importlib.import_module(name)
    site.setquit()
    site.sethelper()
    sys.path.insert(0, supervisor.WORK if isolated else "")
    if isolated:
        sys.path.append("/packages")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a handler is a way to reach a first process
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    confine.filter_calls()
    confine.counts_users_apart()
    gc.collect()
    gc.freeze()


def _uncover_proc() -> None:
    """Take off what bwrap lays over parts of /proc when root runs it.

    The kernel lets a new user namespace mount a /proc only where one is seen that hides nothing.
    """
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        covers = [line.split()[4] for line in mounts]
    for path in covers:
        if path.startswith("/proc/"):
            with suppress(OSError):
                kernel.unmount(path)


def _settle(user: tuple[int, int]) -> None:
    """What a supervisor does to its namespaces before it has a job."""
    kernel.set_dumpable(True)  # or its own /proc entries would be root's
    kernel.map_user(*user, inner=confine.INNER_USER)
    kernel.set_dumpable(False)
    flags = kernel.NOSUID | kernel.NODEV | kernel.NOEXEC
    kernel.mount("proc", "/proc", "proc", flags, "subset=pid")
