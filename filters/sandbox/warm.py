"""Programs in a warm interpreter, each in namespaces of its own."""

import atexit
import os
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

from factory.errors import PrerequisiteError
from filters.sandbox import shell
from filters.sandbox.inside import wire
from filters.sandbox.limits import DEFAULT, Limits, Outcome

_MOST_FDS = 16
_GRACE_S = 10.0
"""How much later than its backstop a supervisor may report."""
_WAY_OUT = (
    "programs are not run without namespaces of their own; allow unprivileged user namespaces "
    "(sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000, for a container "
    "--security-opt seccomp=unconfined --security-opt systempaths=unconfined), or run them "
    "unprotected with allow_unsandboxed = true"
)


class Running:
    """A program that was started."""

    def __init__(self, channel: socket.socket, limits: Limits, layers: tuple[str, ...]) -> None:
        self._channel = channel
        self._limits = limits
        self._layers = layers
        self._killed = False

    def wait(self) -> Outcome:
        """How the program ended, once it has; may be called once.

        Its output is taken from it meanwhile whether this is called or not.
        """
        self._channel.settimeout(self._limits.backstop_s + _GRACE_S)
        try:
            header, blobs, _ = wire.receive(self._channel)
        except TimeoutError:
            return Outcome("wall_timeout", layers=self._layers)
        except (EOFError, OSError):
            return Outcome("killed" if self._killed else "lost", layers=self._layers)
        finally:
            self._channel.close()
        del header["sizes"]
        stdout, stderr, *collected = blobs
        return Outcome(
            **header,
            stdout=stdout,
            stderr=stderr,
            layers=self._layers,
            collected=collected[0] if collected else None,
        )

    def kill(self) -> None:
        """End the program and everything it started."""
        self._killed = True
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)


class _Zygote:
    """A warm interpreter, and a supervisor that waits for the next program."""

    def __init__(self, *, isolated: bool) -> None:
        command = shell.enter("zygote", f"main(isolated={isolated})()", isolated=isolated)
        if isolated:
            directories = shell.python_directories()
            covers = [
                ("--tmpfs", home, "--remount-ro", home) for home in shell.package_homes(directories)
            ]
            command = shell.command(
                command,
                directories=directories,
                packages=shell.EXTRA_PACKAGES,
                options=["--as-pid-1", *chain.from_iterable(covers)],
            )
        self._host, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=shell.ENVIRONMENT,
                start_new_session=True,
            )
        self._spares: list[socket.socket] = []
        try:
            header, _, _ = wire.receive(self._host)
        except EOFError:
            assert self._process.stderr
            said = self._process.stderr.read().decode(errors="replace")
            header = {"problem": said or f"{command[0]} ended at once", "layers": []}
        self.problem = " ".join(header["problem"].split())
        self.layers = tuple(header["layers"])

    def channel(self) -> socket.socket:
        """The channel of a supervisor for one program; another one gets ready meanwhile."""
        if not self._spares:
            self._spares.append(self._request())
        self._spares.append(self._request())
        return self._spares.pop(0)

    def _request(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            try:
                socket.send_fds(self._host, [b"+"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    def forget(self) -> None:
        """Close the descriptors; the interpreter ends, unless another process holds them."""
        for channel in (self._host, *self._spares):
            channel.close()
        assert self._process.stderr
        self._process.stderr.close()

    def disown(self) -> None:
        """Leave the interpreter to the process that this one was forked from."""
        self._process.returncode = 0
        self.forget()

    def close(self) -> None:
        """End the interpreter, and all programs that still run."""
        self.forget()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_zygotes: dict[bool, _Zygote] = {}
_lock = threading.Lock()


def _forget_all() -> None:
    """In a fork of this process: its parent's interpreters are not its own."""
    global _lock
    _lock = threading.Lock()
    while _zygotes:
        _zygotes.popitem()[1].disown()


os.register_at_fork(after_in_child=_forget_all)


@atexit.register
def close() -> None:
    """End the warm interpreters of this process; the next program starts a new one."""
    with _lock:
        while _zygotes:
            _zygotes.popitem()[1].close()


def _open(*, isolated: bool) -> _Zygote:
    """The warm interpreter; its `problem` says why it cannot be used."""
    if isolated not in _zygotes:
        zygote = _zygotes[isolated] = _Zygote(isolated=isolated)
        if zygote.problem:
            zygote.close()
    return _zygotes[isolated]


def _channel(*, allow_unsandboxed: bool) -> tuple[socket.socket, tuple[str, ...]]:
    """(channel, layers) of a supervisor for one program."""
    with _lock:
        for _ in range(2):
            try:
                zygote = _open(isolated=True)
                problem = zygote.problem
            except PrerequisiteError as missing:
                if not allow_unsandboxed:
                    raise
                problem = str(missing)
            if problem and not allow_unsandboxed:
                del _zygotes[True]  # it may work the next time
                raise PrerequisiteError(f"the sandbox does not work here: {problem}; {_WAY_OUT}")
            isolated = not problem
            zygote = _open(isolated=isolated)
            try:
                return zygote.channel(), zygote.layers
            except OSError:  # it died; the next one is new
                _zygotes.pop(isolated).close()
    raise PrerequisiteError("the sandbox's interpreter dies as soon as it is started")


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if "\0" in name or name != str(path) or {"/", "..", "."} & {*path.parts, name}:
        raise ValueError(f"files: names must be relative paths without .., got {name!r}")


def layers() -> tuple[str, ...]:
    """Names of the layers that protect this machine from a program.

    Raises:
        PrerequisiteError: programs cannot have namespaces of their own here.
    """
    channel, names = _channel(allow_unsandboxed=False)
    channel.close()
    return names


def start(
    code: str | Sequence[str],
    *,
    stdin: bytes = b"",
    files: Mapping[str, bytes] | None = None,
    limits: Limits = DEFAULT,
    fds: Sequence[int] = (),
    collect: str = "",
    allow_unsandboxed: bool = False,
) -> Running:
    """Start a program and go on; it may be called from any thread.

    Args:
        code: Python source, or a command and its arguments. Its directory is empty but for `files`.
        stdin: what it reads.
        files: executable files for its directory, by relative name.
        limits: what it may use.
        fds: descriptors that it gets as 3, 4, ...; the caller's stay open.
        collect: a file in its directory whose content goes into the outcome.
        allow_unsandboxed: run it without namespaces where there are none; `Outcome.layers` tells.

    Raises:
        PrerequisiteError: bubblewrap or namespaces are missing.
    """
    files = files or {}
    for name in (*files, collect or "none"):
        _check_name(name)
    if "/" in collect:
        raise ValueError(f"collect: must be a name without a directory, got {collect!r}")
    if len(fds) > _MOST_FDS:
        raise ValueError(f"fds: at most {_MOST_FDS} can be handed on, got {len(fds)}")
    is_source = isinstance(code, str)
    header: dict[str, Any] = {
        "argv": None if is_source else list(code),
        "limits": asdict(limits) | {"wall_s": limits.backstop_s},
        "files": list(files),
        "collect": collect,
    }
    source = code.encode(errors="surrogatepass") if isinstance(code, str) else b""
    blobs = [stdin, source, *files.values()]
    channel, names = _channel(allow_unsandboxed=allow_unsandboxed)
    try:
        wire.send(channel, header, blobs, fds)
    except (BrokenPipeError, ConnectionResetError):  # the supervisor was killed as it waited
        channel.close()
        channel, names = _channel(allow_unsandboxed=allow_unsandboxed)
        with suppress(BrokenPipeError, ConnectionResetError):  # `wait` says that it is lost
            wire.send(channel, header, blobs, fds)
    return Running(channel, limits, names)


def run(
    code: str | Sequence[str],
    *,
    stdin: bytes = b"",
    files: Mapping[str, bytes] | None = None,
    limits: Limits = DEFAULT,
    collect: str = "",
    allow_unsandboxed: bool = False,
) -> Outcome:
    """Run a program and say how it ended; see `start`.

    A `wall_timeout` says that the machine was busy or that the program waits. Nothing is tried
    again here: the caller knows what else runs, and may try once more with nothing beside it.
    """
    running = start(
        code,
        stdin=stdin,
        files=files,
        limits=limits,
        collect=collect,
        allow_unsandboxed=allow_unsandboxed,
    )
    return running.wait()
