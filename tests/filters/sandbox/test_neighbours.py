"""Program A attacks program B, at the same time and afterwards; the two share one interpreter."""

import os
import socket
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from filters.sandbox import Limits, Running, run, start

LIMITS = Limits(cpu_s=5, wall_s=15)


@contextmanager
def victim() -> Iterator[Running]:
    """B: it has a secret in memory, in a file and in its environment, and runs on to its end."""
    ours, theirs = socket.socketpair()
    source = textwrap.dedent("""
        import os, socket
        secret = os.environ["SECRET"] = "".join(["hun", "ter2"])
        open("/tmp/secret", "w").write(secret)
        channel = socket.socket(fileno=3)
        channel.sendall(b"ready")
        assert channel.recv(9) == b"go on"
        assert open("/tmp/secret").read() == secret
        assert sorted(os.listdir("/tmp")) == ["program.py", "secret"]
        print("unharmed")
    """)
    running = start(source, fds=[theirs.fileno()], limits=LIMITS)
    theirs.close()
    with ours:
        assert ours.recv(9) == b"ready"
        yield running
        ours.sendall(b"go on")
        outcome = running.wait()
        assert outcome.stdout == b"unharmed\n", outcome


ATTACKS = {
    "signals": """
        import os, signal
        for pid in [-1, *range(1, 4_000)]:
            if pid != os.getpid():
                try: os.kill(pid, signal.SIGKILL)
                except OSError: pass
    """,
    "looks into /proc": """
        import os
        found = [pid for pid in os.listdir("/proc") if pid.isdigit()]
        assert sorted(found) == ["1", "2"], found
        try: open("/proc/1/environ").read()
        except OSError: pass
        else: raise SystemExit("read")
    """,
    "traces": """
        import ctypes, os
        libc = ctypes.CDLL(None)
        libc.ptrace.restype = ctypes.c_long
        for pid in range(1, 4_000):
            assert libc.ptrace(16, pid, 0, 0) == -1
    """,
    "reads memory": """
        import os
        for pid in range(1, 4_000):
            if pid != os.getpid():
                try: open(f"/proc/{pid}/mem", "rb")
                except OSError: continue
                raise SystemExit(f"opened {pid}")
    """,
    "looks for files": """
        import os
        first = os.path.join("/proc/1/root", "tmp")
        for top in ("/tmp", "/dev/shm", "/var/tmp", "/run", "/proc/1/cwd", first):
            for where, _, names in os.walk(top):
                assert "secret" not in names, where
    """,
    "fills the shared memory": """
        try:
            with open("/dev/shm/fill", "wb") as file:
                while True: file.write(bytes(1 << 20))
        except OSError: pass
    """,
    "uses abstract sockets": """
        import socket
        try: socket.socket(socket.AF_UNIX).bind("\\0meet")
        except OSError: pass
        else: raise SystemExit("bound")
    """,
    "uses the loopback": """
        import socket
        try: socket.create_server(("127.0.0.1", 8000))
        except OSError: pass
        else: raise SystemExit("listens")
    """,
    "uses all descriptors": """
        import os, stat
        for fd in range(1024):
            try: mode = os.fstat(fd).st_mode
            except OSError: continue
            assert fd < 3 and stat.S_ISFIFO(mode), fd
    """,
    "writes to all descriptors": """
        import os
        for fd in range(1024):
            try: os.write(fd, b"+")
            except OSError: pass
    """,
    "locks files": """
        import fcntl, os
        for name in ("/", "/tmp", "/usr", "/packages"):
            try: fcntl.flock(os.open(name, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError: pass
    """,
    "uses System V queues": """
        import ctypes
        libc = ctypes.CDLL(None)
        assert libc.msgget(7, 0o1666) == libc.semget(7, 1, 0o1666) == -1
        assert libc.shmget(7, 9, 0o1666) == -1
    """,
    "changes the host's name": """
        import socket
        try: socket.sethostname("taken")
        except OSError: pass
        assert socket.gethostname() == "sandbox"
    """,
    "forks without end": """
        import os
        while True:
            try: os.fork()
            except OSError: break
    """,
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_program_is_not_harmed_by_a_neighbour_that(attack: str):
    with victim():
        outcome = run(textwrap.dedent(attack), limits=Limits(cpu_s=2, processes=16))
        assert outcome.exit_code == 0, outcome.stderr.decode()


POISONS = {
    "builtins": "import builtins; builtins.print = builtins.len = lambda *a: 0",
    "modules": "import sys, json, math; math.sqrt = json.dumps = abs; sys.modules['re'] = 0",
    "types": "import typing, fractions; fractions.Fraction.__eq__ = lambda a, b: True",
    "the end": "import atexit, os, threading; atexit.register(os._exit, 0)",
    "the path": "import sys; sys.path[:] = ['/tmp']; open('/tmp/heapq.py', 'w').write('1/0')",
    "the environment": "import os; os.environ.clear(); os.environ['PYTHONPATH'] = '/tmp'",
    "the collector": "import gc; gc.disable(); gc.freeze()",
    "its memory": "import ctypes; ctypes.memset(id(5), 255, 8)",
    "the limits": "import sys; sys.setrecursionlimit(50); sys.set_int_max_str_digits(640)",
    "the directory": "import os; os.mkdir('/tmp/d'); os.chdir('/tmp/d')",
    "files": "open('/tmp/left', 'w').write('x'); open('/dev/shm/left', 'w').write('x')",
    "signals": "import signal; [signal.signal(n, signal.SIG_IGN) for n in (2, 13, 15)]",
    "a process": "import os, time; os.fork() or (os.setsid(), os.fork() or time.sleep(600))",
}
CHECK = """
import fractions, gc, heapq, json, math, os, re, signal, sys
assert (len("ab"), math.sqrt(4), json.dumps(1), 2 + 3) == (2, 2.0, "1", int("5"))
assert re.match("a", "a") and fractions.Fraction(1, 2) != fractions.Fraction(1, 3)
assert heapq.nsmallest(1, [2, 1]) == [1]
assert os.getcwd() == "/tmp" and os.listdir("/tmp") == ["program.py"] == os.listdir("/dev/shm")
assert os.environ["HOME"] == "/tmp" and "PYTHONPATH" not in os.environ
assert gc.isenabled() and sys.getrecursionlimit() == 1000
assert signal.getsignal(2) is signal.default_int_handler
assert sorted(n for n in os.listdir("/proc") if n.isdigit()) == ["1", "2"]
print("clean")
"""


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS.keys())
def test_a_program_finds_nothing_of_one_before_that_poisoned(poison: str):
    run(poison, limits=LIMITS)
    outcome = run(CHECK, limits=LIMITS)
    assert outcome.stdout == b"clean\n", outcome.stderr.decode()


def test_two_candidates_of_one_name_do_not_meet():
    outcomes = [start(f"open('a', 'x').write('{n}'); print(open('a').read())") for n in range(8)]
    assert [running.wait().stdout for running in outcomes] == [b"%d\n" % n for n in range(8)]


SEARCH = """
import re
low, high = HALVES
word = re.compile(low + b"[" + high[:1] + b"]" + high[1:])  # not to find itself
for line in open("/proc/self/maps"):
    span, mode = line.split()[:2]
    if "r" in mode and "[v" not in line:
        start, end = (int(number, 16) for number in span.split("-"))
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            memory.seek(start)
            if word.search(memory.read(end - start)):
                print("found")
print("searched")
"""


def test_a_secret_of_one_program_is_not_in_the_memory_of_the_next():
    low, high = (os.urandom(8).hex().encode() for _ in range(2))
    held = "import sys; word = sys.stdin.readline()\n"
    search = SEARCH.replace("HALVES", repr((low, high)))
    assert run(held + search, stdin=low + high, limits=LIMITS).stdout.startswith(b"found\n")
    outcome = run(search, limits=LIMITS)
    assert outcome.stdout == b"searched\n", outcome.stderr.decode()
