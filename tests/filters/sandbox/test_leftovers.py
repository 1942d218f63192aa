"""Hostile programs in a row leave no process, file or descriptor behind."""

import os
import time
from pathlib import Path

import psutil
import pytest

from filters.sandbox import Limits, layers, run

PROGRAMS = """
import os
while True: os.fork()
---
import os
for _ in range(9): os.fork()
while True: pass
---
import os, time
for _ in range(9):
    if not os.fork():
        os.setsid()
        os.fork() or time.sleep(99)
---
while True: pass
---
9**9**9
---
bytearray(10**11)
---
held = []
while True: held.append(bytearray(1 << 22))
---
while True: print('x' * 9999)
---
import os
os.closerange(0, 999)
os.abort()
---
import os
os.kill(1, 9); os.kill(-1, 9); os.kill(os.getpid(), 19)
---
import os, signal
for n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)
os.kill(0, 15)
signal.pause()
---
import time
time.sleep(99)
---
import threading, time
while True: threading.Thread(target=time.sleep, args=(9,)).start()
---
for n in range(10**6): open(f'/tmp/{n}', 'w').write('x')
---
open('/tmp/big', 'wb').write(bytes(1 << 28))
---
import os
for n in range(99): os.mkfifo(f'/tmp/{n}'); os.symlink('/', f'/tmp/l{n}')
---
held = [open('/dev/null') for _ in range(9999)]
---
import ctypes
ctypes.string_at(0)
---
def f(): return f() + 1
f()
---
import os
os._exit(0)
---
import ctypes
libc = ctypes.CDLL(None)
while libc.inotify_init() >= 0: pass
---
import multiprocessing, time
for _ in "12": multiprocessing.Process(target=time.sleep, args=(99,)).start()
---
import subprocess
subprocess.Popen("(trap '' TERM HUP; sleep 99 & sleep 99) &", shell=True)
---
import os
os.mkdir('d'); os.chdir('d'); os.rmdir('/tmp/d')
os.execv('/bin/sleep', ['sleep', '99'])
---
import socket, os
a, b = socket.socketpair()
socket.send_fds(a, [b'x'], [a.fileno(), b.fileno()])
"""
HOSTILE = PROGRAMS.split("---\n")


def seen() -> dict[str, object]:
    """What of this machine a program could have left something in."""
    own = psutil.Process()
    family = own.children(recursive=True)
    warm = {child.pid: len(os.listdir(f"/proc/{child.pid}/fd")) for child in family[:1]}
    if os.getuid() == 0:
        warm |= {child.pid: child.num_fds() for child in family if "zygote" in str(child.cmdline())}
    return {
        "processes": len(family),
        "descriptors": own.num_fds(),
        "theirs": sorted(warm.values()),
        "threads": own.num_threads(),
        "mounts": Path("/proc/self/mounts").read_text().count("\n"),
        "programs": sorted(Path("/tmp").glob("program*")),
        "memory": sorted(
            path for path in Path("/dev/shm").glob("*") if path.stat().st_uid == 65534
        ),
    }


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_hundred_hostile_programs_leave_nothing_behind():
    layers()
    run("pass")
    time.sleep(1)  # its supervisor is on its way out, and the next on its way in
    before = seen()
    limits = Limits(cpu_s=0.2, wall_s=0.5, memory_mb=256, processes=16, file_mb=8, open_files=32)
    statuses = {run(source, limits=limits).status for source in HOSTILE * 8}
    assert len(HOSTILE) * 8 >= 200
    assert {"refused", "lost"}.isdisjoint(statuses)
    deadline = time.monotonic() + 10
    while (after := seen()) != before and time.monotonic() < deadline:
        time.sleep(0.1)  # the last supervisor is on its way out, and the next on its way in
    assert after == before


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_program_ends_and_the_next_one_runs(source: str):
    limits = Limits(cpu_s=0.2, wall_s=0.5, memory_mb=256, processes=16, file_mb=8, open_files=32)
    outcome = run(source, limits=limits)
    assert outcome.status not in ("refused", "lost")
    assert outcome.wall_s < 10
    assert run("print(1)").stdout == b"1\n"
