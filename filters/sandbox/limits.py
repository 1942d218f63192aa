"""What a program may use, and how it ended."""

from dataclasses import dataclass
from typing import Literal

from factory.config import settings

_WALL_FOR_EACH_CPU_SECOND = 10.0


@settings
class Limits:
    """What a program in the sandbox may use."""

    cpu_s: float = 10.0
    """CPU seconds of the whole process tree; these decide that a program is too slow."""
    wall_s: float = 0.0
    """Seconds on the clock, a backstop for programs that wait; 0 means ten times `cpu_s`, and
    at least ten. A busy machine can be the reason, so it says nothing of the program."""
    memory_mb: int = 1024
    """Address space of each process, and memory of all together."""
    processes: int = 64
    """Processes and threads alive at once."""
    file_mb: int = 64
    """Size of a file, and of all files together."""
    open_files: int = 128
    """Descriptors of a process."""
    output_kb: int = 1024
    """What is kept of standard output, and of standard error; a program that writes more ends."""

    def __post_init__(self) -> None:
        for name, low in _LOWEST.items():
            if not low <= (value := getattr(self, name)) < 1 << 31:
                raise ValueError(f"{name} must be {low} to 2147483647, got {value}")

    @property
    def backstop_s(self) -> float:
        """Seconds on the clock after which a program is ended."""
        return self.wall_s or max(10.0, self.cpu_s * _WALL_FOR_EACH_CPU_SECOND)


_LOWEST = {
    "cpu_s": 0.01,
    "wall_s": 0.0,
    "memory_mb": 64,
    "processes": 1,
    "file_mb": 1,
    "open_files": 8,
    "output_kb": 1,
}

DEFAULT = Limits()

Status = Literal[
    "exited",
    "signal",
    "cpu_timeout",
    "wall_timeout",
    "memory",
    "processes",
    "output_limit",
    "killed",
    "refused",
    "lost",
]


@dataclass(frozen=True)
class Outcome:
    """How a program ended.

    Attributes:
        status: `exited` by itself; killed by a `signal`; ended for its CPU time, its time on the
            clock, its `memory`, its number of `processes` or its output; `killed` by the caller;
            `refused`, as it could not be started; `lost`, as the sandbox itself died. The last two,
            and `wall_timeout`, say nothing of the program.
        exit_code: its exit code, or minus the signal's number; none where it was ended.
        stdout: what it wrote, as far as the limit.
        stderr: likewise.
        cpu_s: CPU seconds of its whole process tree.
        wall_s: seconds from its start to its end.
        layers: what protected the machine from it.
        collected: the file asked for, or none where it left none.
    """

    status: Status
    exit_code: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    cpu_s: float = 0.0
    wall_s: float = 0.0
    layers: tuple[str, ...] = ()
    collected: bytes | None = None
