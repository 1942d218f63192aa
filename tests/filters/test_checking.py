"""The checking processes: deadlines, replacements, queueing, and a machine that is busy."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from factory.errors import Unjudged
from filters import checking

LATE = "9^{9^{9^{9}}}"


@pytest.fixture(autouse=True)
def _no_checkers_left():
    yield
    checking.close_all()


def reason(gold, predicted, timeout_s=0.5):
    with pytest.raises(Unjudged) as caught:
        checking.check(gold, predicted, timeout_s=timeout_s)
    return caught.value.reason


def children():
    return [
        child
        for child in psutil.Process(os.getpid()).children(recursive=True)
        if child.is_running() and child.cmdline()[1:] == ["-m", "filters.math_child"]
    ]


def test_the_deadline_holds_in_any_thread_and_the_next_pair_is_judged_again():
    results = {}

    def work():
        results["late"] = reason("5", LATE)
        results["next"] = checking.check("\\sin^2 x+\\cos^2 x", "1", timeout_s=5.0)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert results == {"late": "timeout", "next": True}


def test_a_pair_that_takes_long_is_late_by_its_own_cpu_time_only():
    for _ in range(3):
        assert checking.check("x+1", "1+x", timeout_s=0.3) is True
    assert reason("5", LATE, timeout_s=0.3) == "timeout"


def test_a_child_that_is_kept_from_running_is_not_late():
    assert checking.check("1", "1", timeout_s=5.0)
    (child,) = children()
    child.suspend()
    threading.Timer(1.5, child.resume).start()
    assert checking.check("\\tan^2 y+1", "\\sec^2 y", timeout_s=1.0) is True
    assert [each.pid for each in children()] == [child.pid]


def test_the_children_run_inside_the_sandbox():
    assert checking.confined()
    assert checking.check("x+1", "1+x", timeout_s=5.0) is True
    (child,) = children()
    for name in ("pid", "net", "mnt", "ipc", "uts"):
        theirs = os.readlink(f"/proc/{child.pid}/ns/{name}")
        assert theirs != os.readlink(f"/proc/self/ns/{name}"), name
    status = Path(f"/proc/{child.pid}/status").read_text()
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status


def test_a_checker_that_is_killed_is_replaced():
    assert checking.check("1/2", "\\frac12", timeout_s=5.0) is True
    (child,) = children()
    child.kill()
    assert checking.check("1/2", "\\frac12", timeout_s=5.0) is True


def test_a_child_that_dies_on_a_pair_leaves_it_unjudged(monkeypatch):
    _children_that(monkeypatch, "import os; input(); os._exit(3)")
    assert reason("1", "2") == "checker_died"


def test_a_child_that_talks_nonsense_is_not_believed(monkeypatch):
    _children_that(monkeypatch, "input(); print('{true', flush=True); input()")
    assert reason("1", "2") == "checker_died"
    _children_that(monkeypatch, "input(); print('[1]', flush=True); input()")
    assert reason("1", "2") == "checker_died"


def test_a_pair_that_meets_the_backstop_is_tried_once_more_alone(monkeypatch, tmp_path):
    started = tmp_path / "started"
    code = f"open({str(started)!r}, 'a').write('x'); input(); import time; time.sleep(60)"
    _children_that(monkeypatch, code)
    monkeypatch.setattr(checking, "_LEAST_BACKSTOP_S", 0.3)
    monkeypatch.setattr(checking, "_BACKSTOP", 0.0)
    assert reason("1", "2") == "backstop"
    assert started.read_text() == "xx"


def test_there_are_no_more_children_than_processors():
    pairs = [("1/2", f"\\frac{{{i % 3}}}{{2}}") for i in range(60)]
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda pair: checking.check(*pair, timeout_s=5.0), pairs))
    assert found == [i % 3 == 1 for i in range(60)]
    assert 0 < len(children()) <= len(os.sched_getaffinity(0))


def test_hostile_pairs_among_others_change_no_verdict():
    hostile = [("5", LATE), ("5", "\\int_0^1 x^{x^{x^{x}}} dx"), ("5", "(" * 50 + ")" * 50)]
    fair = [("2x", "x+x", True), ("\\sin 2x", "2\\sin x\\cos x", True), ("x^2", "x^3", False)]

    def ask(i):
        if i % 8 == 0:
            try:
                return checking.check(*hostile[i // 8 % 3], timeout_s=0.3) is False
            except Unjudged as unjudged:
                return unjudged.reason in ("timeout", "checker_error", "checker_died")
        gold, predicted, equal = fair[i % 3]
        return checking.check(gold, predicted, timeout_s=5.0) is equal

    with ThreadPoolExecutor(64) as pool:
        assert all(pool.map(ask, range(24)))


def test_children_end_when_their_parent_is_gone():
    code = (
        "from filters import checking; import os\n"
        "checking.check('1', '1', timeout_s=5.0)\n"
        "print(checking._idle[0].pid, flush=True); os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    pid = int(done.stdout)
    for _ in range(100):
        if ended := has_ended(pid):
            break
        time.sleep(0.05)
    else:
        os.kill(pid, signal.SIGKILL)
    assert ended, "the child outlived its parent"


def has_ended(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _children_that(monkeypatch, code):
    def start():
        return subprocess.Popen(
            [sys.executable, "-c", "print('ready', flush=True); " + code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    checking.close_all()
    monkeypatch.setattr(checking, "start_child", start)
