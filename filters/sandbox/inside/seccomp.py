"""Which system calls a program may not make, as a BPF program for the kernel.

A list of refusals, not of permissions: interpreters and compilers use some two hundred calls, and a
list of those would break with every libc. What a refusal is for stands beside it. A refused call
fails with EPERM, as if the user were not allowed; calls newer than the list fail with ENOSYS.

There are two programs, and a call must pass both. The long one is installed once, in the warm
interpreter, and what is forked from it has it for nothing; it leaves out the two calls by which a
supervisor makes a program's namespaces. The short one, for these, is installed in each program.
"""

import errno
import os
import struct

# name: (x86_64, aarch64); -1 where the architecture has none.
_DENIED = {
    # Looking into other processes, and taking their descriptors.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # New namespaces, where a program would have all capabilities again; clone is looked at below.
    "unshare": (272, 97),
    "setns": (308, 268),
    # Another view of the files.
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "fanotify_init": (300, 262),
    # Any network, also the abstract names that programs in one network namespace would share.
    # socketpair stays: it reaches nobody.
    "socket": (41, 198),
    # Memory that no limit counts.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    # Kernel code with a history of holes, of no use to a solution of a problem.
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "personality": (135, 92),
    "modify_ldt": (154, -1),
    "uselib": (134, -1),
    "lookup_dcookie": (212, 18),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # The machine's own affairs; the kernel refuses them too, without capabilities.
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "iopl": (172, -1),
    "ioperm": (173, -1),
}

# name: (x86_64, aarch64, which argument must be 0, so that it means the caller). The supervisor
# has the same user; without this a program could slow it down or set its limits.
_OWN_ONLY = {
    "prlimit64": (302, 261, 0),
    "sched_setaffinity": (203, 122, 0),
    "sched_setscheduler": (144, 119, 0),
    "sched_setparam": (142, 118, 0),
    "sched_setattr": (314, 274, 0),
}

_CLONE, _CLONE3, _IOCTL, _SETPRIORITY = (56, 220), (435, 435), (16, 29), (141, 140)
_MOUNT = (165, 40)
_NAMESPACES = 0x7E02_0000
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_NEWEST = 462
_X32 = 0x4000_0000
_ARCHITECTURES = {"x86_64": (0, 0xC000_003E), "aarch64": (1, 0xC000_00B7)}

_KILL, _ALLOW, _ERROR = 0x8000_0000, 0x7FFF_0000, 0x0005_0000
_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCHITECTURE = 0, 4


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _argument(index: int) -> int:
    """Offset of the low half of an argument, on a little-endian machine."""
    return 16 + 8 * index


def _refuse(number: int, error: int = errno.EPERM) -> bytes:
    return _step(_EQUAL, number, 0, 1) + _step(_RETURN, _ERROR | error)


def _examine(number: int, argument: int, test: bytes) -> bytes:
    """For one call: load an argument, and what `test` lets through is allowed."""
    inner = _step(_LOAD, _argument(argument)) + test + _step(_RETURN, _ALLOW)
    return _step(_EQUAL, number, 0, len(inner) // 8) + inner


def supported() -> bool:
    """Whether there is a list for this machine."""
    return os.uname().machine in _ARCHITECTURES


_REFUSAL = _step(_RETURN, _ERROR | errno.EPERM)


def late(machine: str) -> bytes:
    """The short program, as the kernel's `struct sock_filter` array."""
    column, _ = _ARCHITECTURES[machine]
    steps = [_step(_LOAD, _NUMBER), _refuse(_MOUNT[column])]
    steps += [_examine(_CLONE[column], 0, _step(_ANY_BIT, _NAMESPACES, 0, 1) + _REFUSAL)]
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def early(machine: str) -> bytes:
    """The long program, as the kernel's `struct sock_filter` array."""
    column, architecture = _ARCHITECTURES[machine]
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        steps += [_step(_ANY_BIT, _X32, 0, 1), _step(_RETURN, _KILL)]
    steps += [_step(_GREATER, _NEWEST, 0, 1), _step(_RETURN, _ERROR | errno.ENOSYS)]
    # Without it libc asks for clone, whose flags can be looked at.
    steps += [_refuse(_CLONE3[column], errno.ENOSYS)]
    numbers = [row[column] for row in _DENIED.values()]
    steps += [_refuse(number) for number in numbers if number >= 0]
    zero = _step(_EQUAL, 0, 1, 0) + _REFUSAL
    steps += [_examine(row[column], row[2], zero) for row in _OWN_ONLY.values()]
    # One's own process only: not one's group, nor all processes of the user.
    own = zero + _step(_LOAD, _argument(1)) + zero
    steps += [_examine(_SETPRIORITY[column], 0, own)]
    first, second = _TERMINAL_INPUT
    terminal = _step(_EQUAL, first, 1, 0) + _step(_EQUAL, second, 0, 1) + _REFUSAL
    steps += [_examine(_IOCTL[column], 1, terminal), _step(_RETURN, _ALLOW)]
    return b"".join(steps)
