"""A running program as its supervisor sees it: fed, read, measured and buried."""

import contextlib
import os
import select
import signal
import time
from dataclasses import dataclass, field
from typing import Any

from filters.sandbox.inside import usage

_CHUNK = 65536
_LONGEST_PAUSE_S = 0.1
_SHORTEST_PAUSE_S = 0.01


@dataclass
class Stream:
    """What a program has written to one of its two outputs."""

    fd: int
    room: int
    data: bytearray = field(default_factory=bytearray)

    def read(self) -> bool:
        """Take what there is; whether more may come."""
        try:
            chunk = os.read(self.fd, _CHUNK)
        except BlockingIOError:
            return False
        self.data += chunk
        return bool(chunk) and not self.overflows()

    def overflows(self) -> bool:
        """Whether there is more than may be kept."""
        return len(self.data) > self.room


class Watch:
    """Watches one program."""

    def __init__(self, limits: dict[str, Any], stdin: bytes, pipes: list[int]) -> None:
        self.exit_code: int | None = None
        self.started = time.monotonic()
        self.streams = [Stream(fd, limits["output_kb"] << 10) for fd in pipes[1:]]
        self._pid = 0
        self._limits = limits
        self._stdin = pipes[0]
        self._unsent = memoryview(stdin)
        for fd in pipes:
            os.set_blocking(fd, False)

    def until_it_ends(self, pid: int, channel: int) -> str:
        """Watch until the program has ended, or must be: the status to report, or nothing.

        What `channel` has to say is only that the host has closed it.
        """
        self._pid = pid
        poll = select.poll()
        exited = os.pidfd_open(pid)
        streams = {stream.fd: stream for stream in self.streams}
        for fd in (exited, channel, *streams):
            poll.register(fd, select.POLLIN)
        poll.register(self._stdin, select.POLLOUT)
        next_look = self.started + _SHORTEST_PAUSE_S
        while self.exit_code is None:
            for fd, _ in poll.poll(max(0.0, next_look - time.monotonic()) * 1000):
                if fd == channel:
                    return "killed"
                if (fd == self._stdin and not self._feed()) or (
                    fd in streams and not streams[fd].read()
                ):
                    poll.unregister(fd)
            if any(stream.overflows() for stream in self.streams):
                return "output_limit"
            if time.monotonic() >= next_look:
                used = usage.look()
                if problem := self._problem(used):
                    return problem
                next_look = time.monotonic() + self._pause(used.cpu_s)
            self._bury()
        return ""

    def end(self) -> None:
        """Kill and bury what is left, and read what it had written."""
        while self._bury():
            # To the first process of a namespace, -1 is everyone else there, in one stroke.
            for pid in (-1,) if os.getpid() == 1 else usage.look().pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)
        for stream in self.streams:
            while stream.read():
                pass

    def _feed(self) -> bool:
        """Write a piece of the input; whether more is to come."""
        try:
            self._unsent = self._unsent[os.write(self._stdin, self._unsent[:_CHUNK]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            self._unsent = self._unsent[:0]
        if not self._unsent:
            os.close(self._stdin)
        return bool(self._unsent)

    def _problem(self, used: usage.Usage) -> str:
        if used.cpu_s >= self._limits["cpu_s"]:
            return "cpu_timeout"
        if time.monotonic() - self.started >= self._limits["wall_s"]:
            return "wall_timeout"
        if used.tasks > self._limits["processes"]:
            return "processes"
        room = self._limits["memory_mb"] << 20
        if used.resident_bytes > room and used.proportional_bytes() > room:
            return "memory"
        return ""

    def _pause(self, cpu_s: float) -> float:
        """Seconds in which the program cannot spend what it has left; within reason."""
        cpu: float = (self._limits["cpu_s"] - cpu_s) / (os.cpu_count() or 1)
        wall: float = self._limits["wall_s"] - (time.monotonic() - self.started)
        return min(max(min(cpu, wall), _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)

    def _bury(self) -> bool:
        """Wait for the children that are dead, the program or its orphans; whether any lives."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self._pid:
                    self.exit_code = os.waitstatus_to_exitcode(status)
        return False
