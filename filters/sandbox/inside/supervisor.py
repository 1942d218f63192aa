"""The first process of a program's own namespaces: it runs one program and reports on it.

It gets one job over its channel and answers with one report. The program has no descriptor of the
channel; what the report says of it, how it ended and the time it took, is what the kernel says.
When the channel closes, the host has lost interest or is dead: the supervisor ends, and with it
everything in its namespace.
"""

import contextlib
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filters.sandbox.inside import kernel, program, usage, wire
from filters.sandbox.inside.watch import Watch

WORK = "/tmp"

Program = Callable[[], None]


def serve(channel: socket.socket, *, isolated: bool) -> Program:
    """Run the job that comes over the channel, and exit.

    The program's process is forked before there is a job, so that little is left to do when one
    comes.

    Returns:
        What to call to become the program, in the process of the program alone: it starts on a
        stack without this module's frames.
    """
    (ours, theirs), (entered, entering) = _pipes(), os.pipe()
    orders, ordered = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        channel.close()
        orders.close()
        return program.wait(ordered, [*theirs, entering], isolated=isolated)
    ordered.close()
    for fd in (*theirs, entering):
        os.close(fd)
    try:
        job, blobs, fds = wire.receive(channel)
    except EOFError:
        os._exit(0)
    limits, sizes = job["limits"], dict(zip(job["files"], blobs[2:], strict=True))
    work = WORK if isolated else tempfile.mkdtemp(prefix="program-")
    try:
        _make_work_directory(work, limits["file_mb"], sizes, isolated=isolated)
        watch = Watch(limits, blobs[0], ours)
        order = {"argv": job["argv"], "limits": limits, "work": work}
        wire.send(orders, order, [blobs[1]], fds)
        for fd in fds:
            os.close(fd)
        header, outputs = _observe(watch, pid, channel.fileno(), limits)
        if not os.read(entered, 1):
            header = {"status": "refused"}  # it failed before the first line of the program
        with contextlib.suppress(OSError, TypeError):
            outputs.append(_collect(job["collect"], limits["file_mb"]))
        if not isolated:
            shutil.rmtree(work, ignore_errors=True)
        wire.send(channel, header, outputs)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError):
            wire.send(channel, {"status": "refused"}, [b"", f"{error}\n".encode()])
    os._exit(0)


def _make_work_directory(
    work: str, size_mb: int, files: dict[str, bytes], *, isolated: bool
) -> None:
    if isolated:
        flags = kernel.NOSUID | kernel.NODEV
        kernel.mount("tmpfs", work, "tmpfs", flags, f"size={size_mb}m,nr_inodes=16k")
        kernel.drop_capabilities()
    os.chdir(work)
    for name, data in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o755)


def _pipes() -> tuple[list[int], list[int]]:
    """Three pipes: (this side's ends, the program's)."""
    (in_read, in_write), (out_read, out_write), (err_read, err_write) = (
        os.pipe(),
        os.pipe(),
        os.pipe(),
    )
    return [in_write, out_read, err_read], [in_read, out_write, err_write]


def _observe(
    watch: Watch, pid: int, channel: int, limits: dict[str, Any]
) -> tuple[dict[str, Any], list[bytes]]:
    """(header, outputs) of the report on a program that has ended, or was ended."""
    status = watch.until_it_ends(pid, channel)
    watch.end()
    cpu_s = usage.buried_cpu_s()
    room = limits["output_kb"] << 10
    if any(stream.overflows() for stream in watch.streams):
        status = status or "output_limit"
    if not status:
        status = "exited" if (watch.exit_code or 0) >= 0 else "signal"
        if cpu_s >= limits["cpu_s"]:  # it ended before anybody looked
            status = "cpu_timeout"
    header = {
        "status": status,
        "exit_code": watch.exit_code if status in ("exited", "signal") else None,
        "cpu_s": cpu_s,
        "wall_s": time.monotonic() - watch.started,
    }
    return header, [bytes(stream.data[:room]) for stream in watch.streams]


def _collect(name: str, most_mb: int) -> bytes:
    """A file that the program left in its directory, and nothing that a link leads to."""
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        return file.read(most_mb << 20)
