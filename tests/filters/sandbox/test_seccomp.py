"""The filter, run by a small machine of our own, so that each architecture's list is tested."""

import struct

import pytest

from filters.sandbox.inside import seccomp

X86, ARM = 0xC000003E, 0xC00000B7
ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x50001, 0x50026


def decide(machine: str, architecture: int, number: int, *arguments: int) -> int:
    """What the kernel would do with a call."""
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("=IIQ6Q", number, architecture, 0, *padded)
    verdicts = [_run(program, data) for program in (seccomp.early(machine), seccomp.late(machine))]
    return next((verdict for verdict in verdicts if verdict != ALLOW), ALLOW)


def _run(program: bytes, data: bytes) -> int:
    steps = [struct.unpack_from("=HBBI", program, at) for at in range(0, len(program), 8)]
    at = accumulator = 0
    while True:
        code, if_true, if_false, value = steps[at]
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x06:
            return value
        else:
            holds = {
                0x15: accumulator == value,
                0x25: accumulator > value,
                0x45: accumulator & value != 0,
            }[code]
            at += if_true if holds else if_false


@pytest.mark.parametrize(
    ("number", "arguments", "wanted"),
    [
        (0, (), ALLOW),  # read
        (59, (), ALLOW),  # execve
        (53, (), ALLOW),  # socketpair
        (41, (), EPERM),  # socket
        (101, (), EPERM),  # ptrace
        (272, (), EPERM),  # unshare
        (321, (), EPERM),  # bpf
        (425, (), EPERM),  # io_uring_setup
        (435, (), ENOSYS),  # clone3
        (463, (), ENOSYS),  # newer than the list
        (56, (0x1200011,), ALLOW),  # a fork
        (56, (0x3D0F00,), ALLOW),  # a thread
        (56, (0x10000011,), EPERM),  # a fork into a new user namespace
        (56, (0x00020011,), EPERM),  # into new mounts
        (16, (0, 0x5401), ALLOW),  # ioctl TCGETS
        (16, (0, 0x5412), EPERM),  # TIOCSTI
        (16, (0, 0x541C), EPERM),  # TIOCLINUX
        (302, (0, 7), ALLOW),  # one's own limits
        (302, (1, 7), EPERM),  # another's limits
        (141, (0, 0, 5), ALLOW),  # nice
        (141, (0, 1, 5), EPERM),  # another's priority
        (141, (2, 0, 5), EPERM),  # that of all processes of the user
        (0x40000000, (), KILL),  # an x32 call
    ],
)
def test_calls_on_x86_64(number: int, arguments: tuple[int, ...], wanted: int):
    assert decide("x86_64", X86, number, *arguments) == wanted


@pytest.mark.parametrize(
    ("number", "arguments", "wanted"),
    [
        (63, (), ALLOW),  # read
        (221, (), ALLOW),  # execve
        (199, (), ALLOW),  # socketpair
        (198, (), EPERM),  # socket
        (117, (), EPERM),  # ptrace
        (97, (), EPERM),  # unshare
        (435, (), ENOSYS),  # clone3
        (220, (0x1200011,), ALLOW),
        (220, (0x10000011,), EPERM),
        (29, (0, 0x5412), EPERM),
        (261, (1, 7), EPERM),
        (140, (0, 0, 5), ALLOW),
        (140, (2, 0, 5), EPERM),
    ],
)
def test_calls_on_aarch64(number: int, arguments: tuple[int, ...], wanted: int):
    assert decide("aarch64", ARM, number, *arguments) == wanted


@pytest.mark.parametrize(("machine", "other"), [("x86_64", 0x40000003), ("aarch64", 0x40000028)])
def test_a_call_of_another_architecture_kills(machine: str, other: int):
    assert decide(machine, other, 0) == KILL
