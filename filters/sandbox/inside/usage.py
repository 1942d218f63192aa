"""What a supervisor's descendants use, as the kernel tells in /proc."""

import contextlib
import os
import resource
from dataclasses import dataclass

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PARENT, _TIMES, _THREADS, _RESIDENT = 1, slice(11, 15), 17, 21


@dataclass(frozen=True)
class Usage:
    """Sums over the descendants that live; their CPU time includes those that are buried."""

    pids: tuple[int, ...]
    cpu_s: float
    tasks: int
    resident_bytes: int
    """Memory that processes share is counted once for each."""

    def proportional_bytes(self) -> int:
        """The same with shared memory counted once; slower to tell."""
        return sum(_proportional_bytes(pid) for pid in self.pids)


def look() -> Usage:
    """What the descendants of this process use now."""
    stats = {int(name): _stat(name) for name in os.listdir("/proc") if name.isdigit()}
    family, generation = [], {os.getpid()}
    while generation:
        generation = {
            p for p, fields in stats.items() if fields and int(fields[_PARENT]) in generation
        }
        family += sorted(generation)
    found = [stats[pid] for pid in family]
    ticks = sum(int(time) for fields in found for time in fields[_TIMES])
    return Usage(
        pids=tuple(family),
        cpu_s=ticks / _TICKS + buried_cpu_s(),
        tasks=sum(int(fields[_THREADS]) for fields in found),
        resident_bytes=sum(int(fields[_RESIDENT]) for fields in found) * _PAGE_BYTES,
    )


def buried_cpu_s() -> float:
    """CPU seconds of the children that were waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _stat(pid: str) -> list[bytes]:
    """The fields after the command's name, or none where the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2].split()
    except OSError:
        return []


def _proportional_bytes(pid: int) -> int:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup", "rb") as file:
        for line in file:
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) << 10
    return 0
