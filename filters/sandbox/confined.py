"""Long-running commands of our own that handle hostile text, such as the math checker.

They are trusted to run and not to withstand: what a parser's hole lets in finds no network, no
files but the interpreter's and named packages, no other process, and a filter of system calls.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import IO, Any

import psutil

from filters.sandbox import shell
from filters.sandbox.limits import DEFAULT, Limits

_starter: ThreadPoolExecutor | None = None


class Confined(subprocess.Popen[bytes]):
    """A confined command; made by `spawn`, from one thread that lives as long as this process.

    `pid` is that of bwrap, whose death is the command's.
    """

    def __init__(self, command: list[str], info: tuple[int, int], **pipes: Any) -> None:
        reader, writer = info
        with open(reader, "rb") as answers:
            try:
                super().__init__(command, pass_fds=(writer,), env=shell.ENVIRONMENT, **pipes)
            finally:
                os.close(writer)
            said = answers.read()
        self._first = int(json.loads(said)["child-pid"]) if said else 0
        self._inner: psutil.Process | None = None

    def inner(self) -> psutil.Process | None:
        """The command's own process; none before it has started, or after it has ended."""
        if self._inner is None:
            try:
                self._inner = next(iter(psutil.Process(self._first).children()), None)
            except psutil.NoSuchProcess:
                return None
        return self._inner

    def cpu_s(self) -> float:
        """CPU seconds that the command has used so far, with the children it waited for.

        Raises:
            ProcessLookupError: it has ended.
        """
        process = self.inner()
        if process is None and self.poll() is None:
            return 0.0
        try:
            if process is None or process.status() == psutil.STATUS_ZOMBIE:
                raise ProcessLookupError(f"the confined command {self.args!r} has ended")
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            raise ProcessLookupError(f"the confined command {self.args!r} has ended") from None
        return float(times.user + times.system + times.children_user + times.children_system)


def cpu_seconds(popen: Confined) -> float:
    """CPU seconds that a confined command has used so far, with the children it waited for.

    Raises:
        ProcessLookupError: it has ended.
    """
    return popen.cpu_s()


def spawn(
    argv: Sequence[str],
    *,
    limits: Limits = DEFAULT,
    packages: Sequence[str] = ("factory", "filters"),
    stdin: int | IO[bytes] | None = subprocess.PIPE,
    stdout: int | IO[bytes] | None = subprocess.PIPE,
    stderr: int | IO[bytes] | None = subprocess.DEVNULL,
) -> Confined:
    """Start a command of our own with this interpreter's environment in view, read-only.

    It is killed when this process ends. Its writable directory is gone with it; `limits.cpu_s`,
    `wall_s` and `output_kb` are the caller's to hold it to, with `cpu_seconds` and `kill`.

    Args:
        argv: the command; `sys.executable` is there.
        limits: memory, processes, files.
        packages: packages that lie outside the environment, importable inside.
        stdin: as for `subprocess.Popen`.
        stdout: likewise.
        stderr: likewise.

    Raises:
        PrerequisiteError: bubblewrap or a package is missing.
    """
    inner = [*shell.enter("shim", "main()", isolated=True), json.dumps(asdict(limits))]
    inner += [shell.PACKAGES, *argv]
    reader, writer = os.pipe()
    command = shell.command(
        inner,
        directories=[*shell.python_directories(), *shell.python_directories(sys.prefix)],
        packages=packages,
        options=["--die-with-parent", "--info-fd", str(writer)],
        tmp=["--perms", "1777", "--size", str(limits.file_mb << 20), "--tmpfs", "/tmp"],
    )
    pipes = {"stdin": stdin, "stdout": stdout, "stderr": stderr}
    # The kernel kills a child when the thread that started it ends; threads of a pool come and go.
    return _lasting_thread().submit(Confined, command, (reader, writer), **pipes).result()


def _lasting_thread() -> ThreadPoolExecutor:
    global _starter
    if _starter is None:
        _starter = ThreadPoolExecutor(1, "sandbox-starter")
    return _starter


def _forget_thread() -> None:
    global _starter
    _starter = None


os.register_at_fork(after_in_child=_forget_thread)
