import shutil
import time
from dataclasses import replace

import pytest

from factory.apply import apply_filter, check_gold
from factory.errors import PrerequisiteError
from factory.records import Response, UnitTest, Verifier, join_output
from filters import sandbox
from filters.program import fenced
from filters.sandbox import Limits
from filters.unit_tests import UnitTests, passes
from tests.toys import prompt, response

ADD = "def add(a, b):\n    return a + b\n"
DISORDERED = """
import os, time
def add(a, b):
    os.write(3, bytes([0, 0, 0, 2]) + b'[]')
    time.sleep(60)
"""
POINT = """
class Point:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return self.x == other.x
    def __getitem__(self, place): return 3
f = Point
"""
CHECK = """
def check(candidate):
    assert candidate(2, 3) == 5
    assert candidate('a', 'b') == 'ab'
"""
RAISES = "class Problem(ValueError): pass\ndef f(): raise Problem('no')"
EXPECTS_RAISE = """
try:
    f()
except ValueError as error:
    assert str(error) == 'no'
else:
    raise AssertionError
"""
STACK = """
class Stack:
    def __init__(self): self.items = []
    def push(self, item): self.items.append(item)
    def pop(self): return self.items.pop()
    def __iter__(self): return iter(self.items)
    def __len__(self): return len(self.items)
"""
USES_STACK = """
stack = Stack()
assert not stack
stack.push(1)
assert list(stack) == [1]
stack.push([2])
assert list(stack) == stack.items == [1, [2]]
assert len(stack) == 2
assert stack.pop() == [2]
assert len(stack) == 1
assert stack
"""
LRU = """
from collections import OrderedDict
class Cache(OrderedDict):
    def get(self, key):
        if key not in self: return -1
        self.move_to_end(key)
        return self[key]
    def put(self, key, value):
        self[key] = value
        self.move_to_end(key)
        if len(self) > 2: self.popitem(last=False)
"""
USES_LRU = """
cache = Cache()
for key in (1, 2, 3):
    cache.put(key, key)
    assert len(cache) == min(key, 2)
assert cache.get(1) == -1
assert cache == {2: 2, 3: 3}
assert cache.get(2) == 2
"""
OWN_ERRORS = """
class Problem(ArithmeticError): pass
class Low(Problem): pass
class High(Problem): pass
def f(x): raise Low('no')
"""
CLOSE = "def check(candidate):\n    assert np.allclose(candidate(3), [3.0])"


def stdio(input: str, expected: str) -> UnitTest:
    return UnitTest(kind="stdio", input=input, expected=expected)


def call(input: str, expected: str, entry_point: str = "add") -> UnitTest:
    return UnitTest(kind="call", input=input, expected=expected, entry_point=entry_point)


def check(source: str, entry_point: str = "add") -> UnitTest:
    return UnitTest(kind="check", input=source, entry_point=entry_point)


def judged(program: str, *tests: UnitTest, language: str = "python", **fields):
    """The verdict on a fenced program."""
    answer = with_tests(response(fenced(program, language)), *tests, language=language)
    return apply_filter(UnitTests(**{"cpu_s": 5.0, **fields}), answer)


def with_tests(answer: Response, *tests: UnitTest, language: str = "python") -> Response:
    return replace(answer, prompt=replace(answer.prompt, tests=tests, language=language))


@pytest.mark.parametrize(
    ("program", "test", "entry_point", "passed"),
    [
        (ADD, CHECK, "add", True),
        (ADD.replace("+", "*"), CHECK, "add", False),
        (ADD, "assert add(2, 3) == 5", None, True),
        (ADD, "assert add(2, 3) == 6", None, False),
        (ADD, "assert candidate(2, b=3) == 5", "add", True),
        (ADD, "assert add(2, 3) == 5", "add", True),
        (ADD, CHECK, "sub", False),
        (ADD, CHECK + "check(add)", None, True),
        (ADD, "x = 1", None, False),  # proves nothing
        (ADD, "assert True", "add", False),
        (ADD, CHECK, None, False),  # nothing says what is to be checked
        (ADD, "assert (", None, False),
        (ADD, "assert add(2, 3) == 5\nraise SystemExit", None, False),
        (ADD, "assert add(2, 3) == 5\nimport os\nos._exit(0)", None, False),
        (ADD, "assert add(lambda: 1, 3)", None, False),
        ("def add(a, b): return (", CHECK, "add", False),
        ("", CHECK, "add", False),
        ("\x00", CHECK, "add", False),
        ("\ud800", CHECK, "add", False),
        ("raise ValueError\n" + ADD, CHECK, "add", False),
        ("if __name__ == '__main__':\n    raise ValueError\n" + ADD, CHECK, "add", True),
        ("class Solution:\n    def add(self, a, b): return a + b", CHECK, "Solution().add", True),
        ("class Solution:\n    def add(self, a, b): return a", CHECK, "Solution().add", False),
        ("print('x' * 1000)\n" + ADD, CHECK, "add", True),
        ("def add(a, b): return add", CHECK, "add", False),
        ("PI = 3", "assert PI == 3", None, True),
        (RAISES, EXPECTS_RAISE, None, True),
        (
            "def f(): pass",
            "try:\n    f()\nexcept ValueError:\n    pass\nelse:\n    assert 0",
            None,
            False,
        ),
        ("def f():\n    yield 1\n    yield 2", "assert list(f()) == [1, 2]", None, True),
        (
            "def f():\n    n = 0\n    while True:\n        yield n\n        n += 1",
            "from itertools import islice\nassert list(islice(f(), 3)) == [0, 1, 2]",
            None,
            True,
        ),
        (
            "def f():\n    yield 1\n    yield 2",
            "g = f()\nassert next(g) == 1\nassert next(g) == 2",
            None,
            True,
        ),
        (STACK, USES_STACK, None, True),
        ("class A: pass\ndef f(x): return isinstance(x, A)", "assert f(A()) is True", None, True),
        (
            "def outer(x):\n    return inner(x)\ndef inner(x):\n    return x",
            "assert outer(1) == 1",
            None,
            True,
        ),
        (
            "from math import gcd\ndef f(a, b): return gcd(a, b)",
            "def check(c):\n    assert c(4, 6) == gcd(4, 6)",
            "f",
            True,
        ),
        (
            "def f(x):\n    return x + 0.5",
            "def check(c):\n    assert math.floor(c(1)) == 1",
            "f",
            True,
        ),
        ("def f(x):\n    x.sort()", "data = [2, 1]\nf(data)\nassert data == [1, 2]", None, False),
        (
            "def f(): return {1: (2, {3})}, b'x', 1j, float('inf'), 10**30, None, [], True",
            "assert f() == ({1: (2, {3})}, b'x', 1j, float('inf'), 10**30, None, [], True)",
            None,
            True,
        ),
        (
            "from datetime import *\ndef f(x): return datetime(2020, 1, 1) + timedelta(x)",
            "from datetime import datetime\ndef check(c):\n    assert c(1) == datetime(2020, 1, 2)",
            "f",
            True,
        ),
        (
            "from collections import *\ndef f(x): return Counter(x), namedtuple('P', 'x')(7)",
            "found, point = f('aab')\n"
            "assert found.most_common(1) == [('a', 2)] and found['z'] == 0 and point.x == 7",
            None,
            True,
        ),
        (
            "import numpy as np\ndef f(x): return np.array(x) * 2",
            "def check(c):\n    assert (c([1, 2]) == [2, 4]).all()\n    assert c(3) == 6",
            "f",
            True,
        ),
        ("import numpy as np\ndef f(x): return np.zeros((0, 1))", CLOSE, "f", False),
        ("class np:\n    allclose = lambda *_: True\ndef f(x): return x + 1", CLOSE, "f", False),
        ("def f(x): return [x]", CLOSE, "f", True),
        (
            "from enum import Enum\nclass Color(Enum):\n    RED = 1\ndef f(): return Color.RED",
            "assert f() is Color.RED and f() == Color.RED and isinstance(f(), Color)",
            None,
            True,
        ),
        (LRU, USES_LRU, None, True),
        (LRU.replace("return -1", "return 0"), USES_LRU, None, False),
        (
            "class Numbers(list): pass\ndef f(x): return Numbers(x)",
            "assert f([3, 1]) == [3, 1] and len(f([1])) == 1 and f([5])[0] == 5 and not f([])",
            None,
            True,
        ),
        (
            "def f(x): return x.decode()",
            "try:\n    f(b'\\xff')\nexcept UnicodeDecodeError:\n    pass\n"
            "else:\n    raise AssertionError",
            None,
            True,
        ),
        (
            OWN_ERRORS,
            "try:\n    f(1)\nexcept Low as error:\n    assert str(error) == 'no'",
            None,
            True,
        ),
        (OWN_ERRORS, "try:\n    f(1)\nexcept Problem:\n    pass", None, True),
        (OWN_ERRORS, "try:\n    f(1)\nexcept High:\n    pass", None, False),
        (OWN_ERRORS, "try:\n    f(1)\nexcept (High, ArithmeticError):\n    pass", None, True),
        (
            ADD,
            "from concurrent.futures import ThreadPoolExecutor\n"
            "with ThreadPoolExecutor(4) as pool:\n"
            "    assert list(pool.map(lambda n: add(n, 1), range(50))) == list(range(1, 51))",
            None,
            True,
        ),
        ("def f(): return 10**5000", "assert f() == 10**5000", None, True),
        ("def f():\n    x = []\n    x.append(x)\n    return x", "assert f()", None, False),
        ("def f(): return 'x' * 20_000_000", "assert f()", None, False),
        ("def f(): return float('nan')", "assert f() == f()", None, False),
    ],
)
def test_a_program_passes_what_it_is_proven_to_pass(program, test, entry_point, passed):
    assert passes(program, test, entry_point=entry_point, limits=Limits(cpu_s=5.0)) is passed


def test_what_is_printed_or_read_does_not_disturb_the_tests():
    program = "import sys\nprint(sys.stdin.read())\nsys.stdout.write('PASSED')\n" + ADD
    assert passes(program, CHECK, entry_point="add")


@pytest.mark.parametrize("program", ["def f():\n    while True: pass", "while True: pass"])
def test_a_program_without_end_does_not_pass(program):
    started = time.monotonic()
    assert not passes(program, "assert f() is None", limits=Limits(cpu_s=0.3))
    assert time.monotonic() - started < 10


def test_tests_of_other_languages_are_refused():
    with pytest.raises(ValueError, match="language must be python .* got cpp"):
        passes("int main() {}", "assert(1);", language="cpp")


SUM = "print(sum(map(int, input().split())))"
CPP_SUM = "#include <iostream>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b; }"


@pytest.mark.parametrize(
    ("program", "tests", "fields", "score", "reason"),
    [
        (SUM, [stdio("1 2\n", "3\n")], {}, 1, ""),
        (SUM, [stdio("1 2\n", "3\n"), stdio("1 2\n", "4\n")], {}, 0.5, "tests_failed"),
        (SUM, [stdio("1 2\n", "3\n"), stdio("1 2\n", "4\n")], {"low": 0.5}, 0.5, ""),
        ("print(3.14159)", [stdio("", "3.1416")], {}, 0, "tests_failed"),
        ("print(3.14159)", [stdio("", "3.1416")], {"tolerance": 1e-3}, 1, ""),
        ("print(1, 2)", [stdio("", "1\n2")], {}, 1, ""),
        ("print(1, 2)", [stdio("", "1\n2")], {"compare": "lines"}, 0, "tests_failed"),
        ("print(3)\nraise SystemExit(1)", [stdio("", "3")], {}, -4, "crashed"),
        ("if __name__ == '__main__': print(3)", [stdio("", "3")], {}, 1, ""),
        ("print(", [stdio("", "3")], {}, -4, "crashed"),
        (" ", [stdio("", "3")], {}, -1, "no_program"),
        (SUM + "#" * 99, [stdio("", "3")], {"max_characters": 99}, -2, "program_too_long"),
        ("while True: pass", [stdio("", "3")], {"cpu_s": 0.2}, -5, "cpu_timeout"),
        ("x = bytearray(1 << 30)", [stdio("", "3")], {"memory_mb": 64}, -4, "crashed"),
        ("while True: print('x' * 99999)", [stdio("", "3")], {}, -8, "output_limit"),
        (ADD, [call("[1, 2]", "3"), call('["a", "b"]', '"ab"')], {}, 1, ""),
        (ADD, [call("[1, 2]", "3"), call("[1, 2]", "4")], {}, 0.5, "tests_failed"),
        (
            ADD,
            [call("[1, 2]", "4"), call("[1, 2]", "3")],
            {"stop_at_first_failure": True},
            0,
            "tests_failed",
        ),
        (ADD, [call("[1, 2]", "3", "sub")], {}, 0, "tests_failed"),
        ("def add(a, b): return a + b + 1e-9", [call("[1, 2]", "3")], {}, 0, "tests_failed"),
        ("def add(a, b): return a + b + 1e-9", [call("[1, 2]", "3")], {"tolerance": 1e-6}, 1, ""),
        ("def add(a, b): return (", [call("[1, 2]", "3")], {}, -3, "compile_error"),
        ("raise ValueError", [call("[1, 2]", "3")], {}, -4, "crashed"),
        ("raise SystemExit", [call("[1, 2]", "3")], {}, -4, "crashed"),
        (
            "def add(a, b):\n    while a == 2: pass\n    return a + b",
            [call("[1, 2]", "3"), call("[2, 2]", "4"), call("[3, 2]", "5"), call("[4, 2]", "6")],
            {"cpu_s": 0.3},
            0.25 - 5,
            "cpu_timeout",
        ),
        (DISORDERED, [check(CHECK)], {"wall_s": 2.0}, -4, "crashed"),  # nobody waits for its end
        (ADD, [check(CHECK), check("assert add(1, 1) == 2", "")], {}, 1, ""),
        (ADD, [check(CHECK), check("assert add(1, 1) == 3", "")], {}, 0.5, "tests_failed"),
        (ADD + "print(3)", [stdio("", "3"), call("[1, 2]", "3"), check(CHECK)], {}, 1, ""),
    ],
)
def test_the_share_of_tests_passed_decides(program, tests, fields, score, reason):
    verdict = judged(program, *tests, **fields)
    assert (verdict.score, verdict.reason) == (score, reason)
    assert verdict.decision == ("drop" if reason else "keep")


def test_every_reason_of_unit_tests_is_reached():
    table = test_the_share_of_tests_passed_decides.pytestmark[0].args[1]
    reached = {reason for *_, reason in table} - {""}
    by_the_sandbox_alone = {"memory_limit", "process_limit"}
    assert reached | by_the_sandbox_alone == set(UnitTests.REASONS)
    filter = UnitTests()
    for place, reason in enumerate(UnitTests.REASONS):
        assert filter.judge(0.25 - place).reason == reason
        assert UnitTests(low=0.25).judge(0.25 - place).decision == "keep"


def test_threads_and_memory_beyond_the_limits_are_named():
    many = """
import time
from threading import Thread
for _ in range(200): Thread(target=time.sleep, args=(9,), daemon=True).start()
time.sleep(9)
"""
    assert judged(many, stdio("", "3")).reason in ("process_limit", "crashed")


@pytest.mark.skipif(not shutil.which("g++", path="/usr/bin"), reason="needs g++")
@pytest.mark.parametrize(
    ("program", "score", "reason"),
    [
        (CPP_SUM, 1, ""),
        (CPP_SUM.replace("+", "-"), 0, "tests_failed"),
        (CPP_SUM.replace(";", ""), -3, "compile_error"),
        ('#include "/etc/passwd"\n' + CPP_SUM, -3, "compile_error"),
        ("int main() { return 1; }", -4, "crashed"),
        ("int main() { int *p = nullptr; return *(volatile int *)p; }", -4, "crashed"),
    ],
)
def test_cpp_programs_are_compiled_and_tested_by_their_output(program, score, reason):
    verdict = judged(program, stdio("1 2\n", "3\n"), language="cpp")
    assert (verdict.score, verdict.reason) == (score, reason)


@pytest.mark.parametrize(
    ("program", "tests", "language", "reason"),
    [
        (ADD, [], "python", "no_tests"),
        (ADD, [call("[1, 2]", "3")], "", "unsupported_language"),
        (CPP_SUM, [call("[1, 2]", "3")], "cpp", "unsupported_language"),
        (ADD, [call("1, 2", "3")], "python", "bad_test"),
        (ADD, [call("{}", "3")], "python", "bad_test"),
        (ADD, [check("def check(")], "python", "bad_test"),
        (ADD, [check("assert True")], "python", "program_unused"),
        (ADD, [check("add(print, 1)")], "python", "argument_not_plain"),
        (ADD, [check("import no_such_module\nassert add(1, 2) == 3")], "python", "bad_test"),
        (POINT, [check("assert f(1) == Point(1)", "")], "python", "own_operator"),
        (POINT, [check("assert Point(1)[0] == 3", "")], "python", "own_operator"),
    ],
)
def test_what_a_test_cannot_tell_is_unjudged(program, tests, language, reason):
    answer = with_tests(response(f"```python\n{program}\n```"), *tests, language=language)
    if language == "cpp":
        answer = replace(answer, output=fenced(program, "cpp"))
    verdict = apply_filter(UnitTests(cpu_s=5.0), answer)
    assert (verdict.decision, verdict.reason) == ("unjudged", reason)


@pytest.mark.parametrize("test", [stdio("", "3"), call("[]", "3", "f"), check("f()", "")])
def test_a_program_that_waits_for_ever_is_unjudged_after_a_second_try(test):
    program = "import time\ndef f(): time.sleep(60)\nif __name__ == '__main__': f()"
    verdict = judged(program, test, wall_s=0.5)
    assert (verdict.decision, verdict.reason) == ("unjudged", "wall_timeout")


def test_without_a_sandbox_nothing_is_run(monkeypatch):
    def missing(*_, **__):
        raise PrerequisiteError("no namespaces here")

    monkeypatch.setattr(sandbox, "start", missing)
    monkeypatch.setattr(sandbox, "run", missing)
    for test in (stdio("", "3"), call("[1, 2]", "3"), check(CHECK)):
        verdict = judged(ADD, test)
        assert (verdict.decision, verdict.reason) == ("unjudged", "sandbox_unavailable")
    with pytest.raises(PrerequisiteError):
        passes(ADD, CHECK, entry_point="add")


def test_a_missing_compiler_is_named(monkeypatch):
    def missing(*_, **__):
        raise PrerequisiteError("no g++")

    monkeypatch.setattr(sandbox, "compile_cpp", missing)
    verdict = judged(CPP_SUM, stdio("1 2", "3"), language="cpp")
    assert (verdict.decision, verdict.reason) == ("unjudged", "compiler_missing")


def test_the_reference_program_is_the_gold_answer():
    filter = UnitTests()
    assert isinstance(filter, Verifier)
    gold = replace(prompt(gold=ADD), tests=(check(CHECK),), language="python")
    assert check_gold(filter, gold).decision == "keep"
    assert check_gold(filter, replace(gold, expected_answer="def add(): 1")).reason == "bad_gold"
    assert filter.gold_answer(replace(gold, expected_answer=None)) is None


def test_a_program_in_the_think_block_is_none():
    answer = with_tests(response(join_output(fenced(ADD, "python"), "done")), check(CHECK))
    assert apply_filter(UnitTests(), answer).reason == "no_program"


@pytest.mark.parametrize(
    "fields", [{"low": 0}, {"low": 1.1}, {"tolerance": -1}, {"max_characters": 0}]
)
def test_fields_out_of_range_are_refused(fields):
    with pytest.raises(ValueError, match=f"{next(iter(fields))} must be"):
        UnitTests(**fields)


def test_limits_out_of_range_are_refused():
    with pytest.raises(ValueError, match="cpu_s must be"):
        UnitTests(cpu_s=0)


HOSTILE = {
    "empty": "",
    "ten_megabytes": "```python\n" + "x = 1\n" * 1_700_000 + "```",
    "null_bytes": "```python\n\x00\n```",
    "lone_surrogate": "```python\n\ud800\n```",
    "right_to_left": "\u202e```python\nx = 1\n```",
    "power_tower": "```python\nx = 9**9**9\n```",
    "nested_ten_thousand_deep": "```python\n" + "(" * 10_000 + ")" * 10_000 + "\n```",
    "minus_ten_thousand_deep": "```python\nx = " + "-" * 50_000 + "1\n```",
    "unclosed_tag": "<think>```python\n" + ADD + "\n```",
    "several_think_blocks": "<think>a</think><think>\n```python\n" + ADD + "```\n</think>",
    "deletes_everything": "```python\nimport shutil\nshutil.rmtree('/', True)\n```",
    "fork_bomb": "```python\nimport os\nwhile True: os.fork()\n```",
    "much_memory": "```python\nx = [0]\nwhile True: x += x\n```",
}


@pytest.mark.parametrize("output", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("test", [stdio("1 2", "3"), check(CHECK)], ids=["stdio", "check"])
def test_hostile_answers_get_a_reason_in_time(output, test):
    started = time.monotonic()
    answer = with_tests(response(output), test)
    verdict = apply_filter(UnitTests(cpu_s=0.5), answer)
    assert verdict.decision == "drop"
    assert verdict.reason in UnitTests.REASONS
    assert time.monotonic() - started < 15
