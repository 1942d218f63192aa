"""What every process that runs untrusted code does to itself first."""

import functools
import math
import os
import resource
from typing import Any

from filters.sandbox.inside import kernel, seccomp

_MEGABYTE = 1 << 20
_STACK_BYTES = 8 << 20
INNER_USER = 1000
_NOBODY = 65534
_MACHINE = os.uname().machine
_HARD = {
    getattr(resource, name): resource.getrlimit(getattr(resource, name))[1]
    for name in dir(resource)
    if name.startswith("RLIMIT_")
}
"""The hard limits that this process was born with."""
_EARLY, _LATE = (
    (seccomp.early(_MACHINE), seccomp.late(_MACHINE)) if seccomp.supported() else (b"", b"")
)


def limit(limits: dict[str, Any], *, own_users: bool) -> None:
    """Set the resource limits, as far as the hard limits of the machine allow.

    Args:
        limits: the fields of `filters.sandbox.Limits`.
        own_users: whether the kernel counts this namespace's processes alone (Linux 5.14).
    """
    wanted = {
        resource.RLIMIT_CPU: math.ceil(limits["cpu_s"]) + 1,  # a net; the supervisor is exact
        resource.RLIMIT_AS: limits["memory_mb"] * _MEGABYTE,
        resource.RLIMIT_FSIZE: limits["file_mb"] * _MEGABYTE,
        resource.RLIMIT_NOFILE: limits["open_files"],
        resource.RLIMIT_STACK: _STACK_BYTES,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_CORE: 0,
    }
    if own_users:
        wanted[resource.RLIMIT_NPROC] = limits["processes"] + 1  # the supervisor counts too
    for kind, value in wanted.items():
        hard = _HARD[kind]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


@functools.cache
def counts_users_apart() -> bool:
    """Whether this kernel counts processes by user and user namespace, not by user alone."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int("".join(filter(str.isdigit, minor)))) >= (5, 14)


def become_nobody() -> None:
    """Be an ordinary user, where this process is root: the kernel limits no process of root's."""
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def filter_calls() -> None:
    """Install most of the seccomp filter for good, for this process and all that it forks."""
    kernel.forbid_new_privileges()
    if _EARLY:
        kernel.install_filter(_EARLY)


def filter_namespaces() -> None:
    """Install the rest, when all namespaces are made."""
    if _LATE:
        kernel.install_filter(_LATE)


def layers(*, isolated: bool) -> list[str]:
    """What protects the machine from a program, by name."""
    names = ["seccomp"] if _EARLY else []
    names += ["no_new_privileges", "rlimits", "clocks", "output_limit", "environment"]
    names += ["descriptors", "process_watch"]
    if isolated:
        names += ["user", "pid", "mount", "net", "ipc", "uts", "read_only", "tmpfs", "capabilities"]
    if isolated and os.getuid() and counts_users_apart():
        names += ["process_limit"]
    return sorted(names)
