"""The system calls that Python has no function for, by way of the C library.

Everything in this directory runs inside the sandbox and imports nothing but the standard library.
"""

import ctypes
import os

NEWNS, NEWCGROUP, NEWUTS = 0x0002_0000, 0x0200_0000, 0x0400_0000
NEWIPC, NEWUSER, NEWPID, NEWNET = 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000
NOSUID, NODEV, NOEXEC = 2, 4, 8  # of a mount

_CLONE = {"x86_64": 56, "aarch64": 220}.get(os.uname().machine, -1)
_SET_DUMPABLE, _DROP_BOUND = 4, 24
_SECCOMP, _NO_NEW_PRIVILEGES, _SUBREAPER = 22, 38, 36
_CAPABILITY_VERSION = 0x2008_0522
_DETACH = 2

# Holding the GIL: a child made by `clone` must come back into Python as the thread that called.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.syscall.argtypes = [ctypes.c_long] * 6
_libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


class _FilterProgram(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def clone(flags: int) -> int:
    """Fork into new namespaces; 0 in the child, which sends no signal when it ends."""
    return _checked(int(_libc.syscall(_CLONE, flags | 17, 0, 0, 0, 0)))


def unshare(flags: int) -> None:
    """Move this process into new namespaces."""
    _checked(_libc.unshare(flags))


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Mount a file system."""
    _checked(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()))


def unmount(target: str) -> None:
    """Detach a file system."""
    _checked(_libc.umount2(target.encode(), _DETACH))


def prctl(option: int, *values: int) -> int:
    """The call of that name."""
    return _checked(_libc.prctl(option, *(*values, 0, 0, 0, 0)[:4]))


def set_dumpable(dumpable: bool) -> None:
    """Whether processes of the same user may look into this one."""
    prctl(_SET_DUMPABLE, int(dumpable))


def adopt_orphans() -> None:
    """Be the parent of descendants whose own parent ends, as a namespace's first process is."""
    prctl(_SUBREAPER, 1)


def install_filter(program: bytes) -> None:
    """Hand a seccomp program to the kernel, for this thread and whatever it starts."""
    held = _FilterProgram(len(program) // 8, program)
    prctl(_SECCOMP, 2, ctypes.addressof(held))


def drop_capabilities() -> None:
    """Give up all capabilities, also those that starting a program could bring back."""
    capability = 0
    while _libc.prctl(_DROP_BOUND, capability, 0, 0, 0) == 0:  # it fails past the last one
        capability += 1
    _checked(0 if capability else -1)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)()))


def forbid_new_privileges() -> None:
    """No program started from here on gets privileges from its file; seccomp asks for that."""
    prctl(_NO_NEW_PRIVILEGES, 1)


def map_user(outer_uid: int, outer_gid: int, *, inner: int) -> None:
    """In a new user namespace: be the user `inner`, and know no other user."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inner} {outer_uid} 1"),
        ("gid_map", f"{inner} {outer_gid} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)
