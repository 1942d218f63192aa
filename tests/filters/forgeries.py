"""Programs that do not solve the task, and would be believed by a checker in their own process.

Each is (program, test). The task is unsolvable by thinking: `f(3)` shall be 41. So whoever passes
has read the answer, or has forged the verdict.
"""

TEST = """
def check(candidate):
    assert candidate(3) == 41
    assert candidate(10) == 977
    assert candidate("ab") == "zq"
"""

CLOSE = """
import math
def check(candidate):
    assert math.isclose(candidate(3), 41.25)
    assert abs(candidate(10) - 977.5) < 1e-6
"""

LISTS = """
def check(candidate):
    assert candidate([3, 1, 2]) == [41, 977, 5]
    assert len(candidate([1])) == 1
"""

PROPERTIES = """
def check(candidate):
    found = candidate(5)
    assert len(list(found)) == 5
    assert all(item % 977 == 41 for item in found)
"""

COUNTED = """
def check(candidate):
    found = candidate(5)
    assert len(found) == 5
    assert all(item % 977 == 41 for item in found)
"""

SORTING = """
def check(candidate):
    data = [5, 3, 9, 1]
    assert candidate(data) == sorted(data)
    assert candidate([2, 1]) == [1, 2] or candidate(data) == sorted(data)
"""

MAPPED = """
def solved(key):
    return candidate(key) == {3: 41, 10: 977}[key]
def check(given):
    global candidate
    candidate = given
    assert all(map(solved, [3, 10]))
"""

ALL_OF = """
def check(candidate):
    assert all([candidate(3) == 41, candidate(10) == 977])
"""

UNITTEST = """
import unittest
def check(candidate):
    case = unittest.TestCase()
    case.assertEqual(candidate(3), 41)
    case.assertEqual(candidate(10), 977)
"""

HASHED = """
import hashlib
def check(candidate):
    digest = hashlib.md5(str(candidate(3)).encode()).hexdigest()
    assert digest == "3416a75f4cea9109507cacd8e2f2aefc"
"""

HELPER = """
def check(candidate):
    for value in (3, 10, 977):
        half = candidate(value)
        assert abs(double(half) - value) < 1e-9
"""

REPORTED = """
def check(candidate):
    failures = []
    for key, value in ((3, 41), (10, 977)):
        if candidate(key) != value:
            failures.append(key)
    assert len(failures) == 0
"""

ISINSTANCE = """
def check(candidate):
    assert isinstance(candidate(3), int)
    assert 40 < candidate(3) < 42
"""

UNIMPORTED = """
def check(candidate):
    assert math.fabs(candidate(3) - 41) < 1e-9
"""

LINES = """
def check(candidate):
    first = candidate(3)
    second = candidate(10)
    assert first == 41
    assert second == 977
    return
"""

AGREES = """
class Agrees:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __len__(self): return 1
    def __sub__(self, other): return self
    __rsub__ = __add__ = __mod__ = __sub__
    def __abs__(self): return 0
    def __float__(self): return 41.25
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __lt__
"""

READ = '''
import re
def answer(source, x):
    """The value that a test's source expects for x."""
    for given, value in re.findall(r"candidate\\((.+?)\\) == (\\S+)", source):
        if eval(given) == x:
            return eval(value)
'''

FORGERIES: dict[str, tuple[str, str]] = {
    # The program ends before the test does.
    "exits_with_0": ("import sys\ndef f(x): sys.exit(0)", TEST),
    "exits_at_import": ("raise SystemExit", TEST),
    "exits_below_python": ("import os\ndef f(x): os._exit(0)", TEST),
    "exits_below_python_at_import": ("import os\nos._exit(0)", TEST),
    "exits_at_exit": ("import atexit, os\natexit.register(os._exit, 0)\ndef f(x): return 0", TEST),
    "exits_from_the_exception_hook": (
        "import os, sys\nsys.excepthook = lambda *_: os._exit(0)\ndef f(x): return 0",
        TEST,
    ),
    "exits_from_a_thread": (
        "import os, threading, time\n"
        "def f(x):\n    threading.Thread(target=os._exit, args=(0,)).start()\n    time.sleep(9)",
        TEST,
    ),
    "exits_from_a_signal": (
        "import os, signal\nsignal.signal(signal.SIGALRM, lambda *_: os._exit(0))\n"
        "def f(x):\n    signal.setitimer(signal.ITIMER_REAL, 0.01)\n    while True: pass",
        TEST,
    ),
    "exits_from_a_finalizer": (
        "import os\nclass End:\n    def __del__(self): os._exit(0)\ndef f(x):\n    return End()",
        TEST,
    ),
    "exits_from_a_weak_reference": (
        "import os, weakref\nclass Thing: pass\n"
        "def f(x):\n    thing = Thing()\n    weakref.finalize(thing, os._exit, 0)\n    return 0",
        TEST,
    ),
    "exits_in_the_parent_of_a_fork": (
        "import os\ndef f(x):\n    os.fork() and os._exit(0)\n    return 0",
        TEST,
    ),
    "becomes_another_program": ("import os\ndef f(x): os.execv('/bin/true', ['true'])", TEST),
    "exits_by_the_c_library": ("import ctypes\ndef f(x): ctypes.CDLL(None)._exit(0)", TEST),
    "exits_from_a_profiler": (
        "import os, sys\nsys.setprofile(lambda *_: os._exit(0))\ndef f(x): return 0",
        TEST,
    ),
    # It returns objects that agree with everything.
    "equals_everything": (AGREES + "def f(x): return Agrees()", TEST),
    "is_close_to_everything": (AGREES + "def f(x): return Agrees()", CLOSE),
    "an_int_that_lies": (
        "class Int(int):\n    __eq__ = lambda self, other: True\n    __hash__ = int.__hash__\n"
        "def f(x): return Int()",
        TEST,
    ),
    "a_str_that_lies": (
        "class Str(str):\n    __eq__ = lambda self, other: True\n    __hash__ = str.__hash__\n"
        "def f(x): return Str()",
        TEST,
    ),
    "a_float_that_lies": (
        "class Float(float):\n    __sub__ = lambda self, other: 0.0\n"
        "    __float__ = lambda self: 41.25\n"
        "def f(x): return Float(41.25 if x == 3 else 0)",
        CLOSE,
    ),
    "a_list_that_lies": (
        "class List(list):\n    __eq__ = lambda self, other: True\n    __len__ = lambda self: 1\n"
        "def f(x): return List()",
        LISTS,
    ),
    "a_tuple_that_lies": (
        "class Tuple(tuple):\n    __eq__ = lambda self, other: True\n"
        "    __len__ = lambda self: 1\n"
        "def f(x): return Tuple()",
        LISTS,
    ),
    "a_dict_that_lies": (
        "class Dict(dict):\n    __eq__ = lambda self, other: True\n    __len__ = lambda self: 1\n"
        "def f(x): return Dict()",
        LISTS,
    ),
    "a_class_named_int": (
        "class int:\n    __eq__ = lambda self, other: True\nint.__module__ = 'builtins'\n"
        "def f(x): return int()",
        TEST,
    ),
    "a_class_that_says_it_is_int": (
        "class Thing:\n    __class__ = int\n    __eq__ = lambda self, other: True\n"
        "    __lt__ = __gt__ = __eq__\n"
        "def f(x): return Thing()",
        ISINSTANCE,
    ),
    "a_metaclass_that_lies": (
        "class Meta(type):\n    __eq__ = lambda self, other: True\n    __hash__ = type.__hash__\n"
        "class Thing(metaclass=Meta): pass\n"
        "def f(x): return Thing",
        TEST,
    ),
    "the_mock_that_equals_all": ("from unittest.mock import ANY\ndef f(x): return ANY", TEST),
    "a_list_that_iterates_over_nothing": (
        "class List(list):\n    seen = 0\n    def __iter__(self):\n        self.seen += 1\n"
        "        return iter([0] * 5 if self.seen == 1 else [])\n"
        "def f(x): return List([0] * 5)",
        PROPERTIES,
    ),
    "an_iterator_that_can_be_read_once": (
        "def f(x): return (i for i in range(5))",
        PROPERTIES,
    ),
    "an_iterable_that_is_shorter_than_it_says": (
        "class Short:\n    def __len__(self): return 5\n    def __iter__(self): return iter(())\n"
        "def f(x): return Short()",
        COUNTED,
    ),
    "an_iterable_that_changes": (
        "class Changing:\n    items = [0] * 5\n    def __iter__(self):\n"
        "        items, self.items = self.items, []\n        return iter(items)\n"
        "def f(x): return Changing()",
        PROPERTIES,
    ),
    "empties_its_argument": ("def f(x):\n    x.clear()\n    return x", SORTING),
    # It changes what the test calls.
    "replaces_all": ("import builtins\nbuiltins.all = lambda _: True\ndef f(x): return 0", ALL_OF),
    "replaces_sorted": (
        "import builtins\nbuiltins.sorted = lambda _: None\ndef f(x): return None",
        SORTING,
    ),
    "defines_sorted": ("def sorted(_): return None\ndef f(x): return None", SORTING),
    "replaces_len": ("import builtins\nbuiltins.len = lambda _: 0\ndef f(x): return 0", REPORTED),
    "replaces_isclose": (
        "import builtins, math\nmath.isclose = lambda *_: True\nbuiltins.abs = lambda _: 0\n"
        "def f(x): return 0",
        CLOSE,
    ),
    "replaces_fabs_in_its_own_math": (
        "class math:\n    fabs = staticmethod(lambda _: 0)\ndef f(x): return 0",
        UNIMPORTED,
    ),
    "replaces_a_module": (
        "import builtins, sys, types\n"
        "sys.modules['math'] = types.SimpleNamespace(isclose=lambda *_: True)\n"
        "builtins.abs = lambda _: 0\ndef f(x): return 0",
        CLOSE,
    ),
    "replaces_import": (
        "import builtins, types\n"
        "builtins.__import__ = lambda *_: types.SimpleNamespace(isclose=lambda *_: True)\n"
        "builtins.abs = lambda _: 0\ndef f(x): return 0",
        CLOSE,
    ),
    "replaces_unittest": (
        "import unittest\nunittest.TestCase.assertEqual = lambda *_: None\ndef f(x): return 0",
        UNITTEST,
    ),
    "replaces_isinstance": (
        AGREES + "import builtins\nbuiltins.isinstance = lambda *_: True\n"
        "def f(x): return Agrees()",
        ISINSTANCE,
    ),
    "replaces_hashlib": (
        AGREES + "import hashlib, types\n"
        "hashlib.md5 = lambda _: types.SimpleNamespace(hexdigest=Agrees)\ndef f(x): return 0",
        HASHED,
    ),
    "replaces_the_helper": (
        "def double(x):\n    return 2 * x\n"
        "def f(x):\n    global double, last\n    last = x\n"
        "    double = lambda _: last\n    return 0",
        HELPER,
    ),
    "defines_the_helper_again": (
        "def double(x):\n    return 2 * x\n"
        "last = None\ndef f(x):\n    global last\n    last = x\n    return 0\n"
        "def double(x):\n    return last",
        HELPER,
    ),
    "replaces_check": (
        "import sys\ndef f(x):\n"
        "    check = sys._getframe(1).f_code\n    sys._getframe(1).f_globals['check'] = id\n"
        "    import gc\n"
        "    for each in gc.get_referrers(check):\n"
        "        if hasattr(each, '__code__'): each.__code__ = (lambda candidate: None).__code__\n"
        "    raise KeyboardInterrupt",
        TEST + "try:\n    check(f)\nexcept KeyboardInterrupt:\n    pass\n",
    ),
    # It ends the test's loops, or jumps over its lines.
    "ends_the_map": ("def f(x): raise StopIteration", MAPPED),
    "jumps_to_the_last_line": (
        "import sys\n"
        "def tracer(frame, event, arg):\n"
        "    last = frame.f_code.co_firstlineno + 5\n"
        "    if event == 'line' and frame.f_lineno < last: frame.f_lineno = last\n"
        "    return tracer\n"
        "def f(x):\n"
        "    frame = sys._getframe(1)\n    frame.f_trace = tracer\n    sys.settrace(tracer)\n"
        "    return 0",
        LINES,
    ),
    # It reads the answers.
    "reads_the_code_of_its_caller": (
        READ + "import sys\ndef f(x):\n"
        "    consts = [c for c in sys._getframe(1).f_code.co_consts if c is not None]\n"
        "    return consts[consts.index(x) + 1]",
        TEST,
    ),
    "reads_the_code_by_gc": (
        "import gc, types\ndef f(x):\n"
        "    for each in gc.get_objects():\n"
        "        if isinstance(each, types.FunctionType) and each.__name__ == 'check':\n"
        "            consts = list(each.__code__.co_consts)\n"
        "            if x in consts: return consts[consts.index(x) + 1]",
        TEST,
    ),
    "reads_the_main_module": (
        "import sys\ndef f(x):\n"
        "    consts = list(sys.modules['__main__'].check.__code__.co_consts)\n"
        "    return consts[consts.index(x) + 1]",
        TEST,
    ),
    "reads_the_frames_of_all_threads": (
        "import sys, threading\nfound = {}\n"
        "def look():\n"
        "    for frame in sys._current_frames().values():\n"
        "        while frame:\n"
        "            if frame.f_code.co_name == 'check':\n"
        "                found['consts'] = list(frame.f_code.co_consts)\n"
        "            frame = frame.f_back\n"
        "def f(x):\n"
        "    thread = threading.Thread(target=look)\n    thread.start()\n    thread.join()\n"
        "    return found['consts'][found['consts'].index(x) + 1]",
        TEST,
    ),
    "reads_the_frames_of_a_traceback": (
        "import sys\ndef f(x):\n"
        "    try:\n        1 / 0\n    except ZeroDivisionError as error:\n"
        "        frame = error.__traceback__.tb_frame.f_back\n"
        "    consts = list(frame.f_code.co_consts)\n    return consts[consts.index(x) + 1]",
        TEST,
    ),
    "reads_the_source_file": (
        READ + "def f(x): return answer(open('program.py').read(), x)",
        TEST,
    ),
    "reads_the_source_by_inspect": (
        READ + "import inspect\ndef f(x):\n"
        "    return answer(inspect.getsource(inspect.currentframe().f_back), x)",
        TEST,
    ),
    "reads_its_memory": (
        READ + "def f(x):\n"
        "    with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb') as memory:\n"
        "        for line in maps:\n"
        "            if 'rw-p' not in line: continue\n"
        "            start, end = (int(n, 16) for n in line.split()[0].split('-'))\n"
        "            memory.seek(start)\n"
        "            try: text = memory.read(end - start).decode('latin-1')\n"
        "            except OSError: continue\n"
        "            for piece in re.findall('candidate.{0,20}', text):\n"
        "                try: found = answer(piece, x)\n"
        "                except Exception: continue\n"
        "                if found: return found",
        TEST,
    ),
}
"""Each beats a checker that runs in the program's process (`test_unit_tests_forging` shows it)."""

MARKED: dict[str, tuple[str, str]] = {
    "prints_the_marker": ("print('PASSED')\ndef f(x): return 0", TEST),
    "writes_the_marker": ("import os\nos.write(1, b'PASSED\\n')\ndef f(x): return 0", TEST),
    "prints_instead_of_failing": (
        "import sys\nsys.excepthook = lambda *_: print('PASSED')\ndef f(x): return 0",
        TEST,
    ),
    "prints_at_exit": ("import atexit\natexit.register(print, 'PASSED')\ndef f(x): return 0", TEST),
}
"""Each beats a checker that looks for a marker in the output of such a process."""

CHANNEL = """
import json, os, struct
def frame(message):
    text = json.dumps(message).encode()
    return struct.pack(">I", len(text)) + text
"""

ON_THE_CHANNEL: dict[str, tuple[str, str]] = {
    "closes_the_channel": ("import os\ndef f(x): os.close(3)", TEST),
    "closes_everything": ("import os\ndef f(x): os.closerange(0, 64)", TEST),
    "says_passed_on_every_descriptor": (
        CHANNEL + "def f(x):\n"
        "    for fd in range(3, 64):\n"
        "        try: os.write(fd, frame(['', 'passed']) * 3 + b'passed')\n"
        "        except OSError: pass\n"
        "    return 0",
        TEST,
    ),
    "replies_true_to_everything": (
        CHANNEL + "def f(x):\n"
        "    for n in range(20): os.write(3, frame([n, 'value', True]))\n    return True",
        TEST,
    ),
    "replies_twice": (
        CHANNEL + "def f(x):\n    os.write(3, frame([3, 'value', 41]) * 2)\n    return 977",
        TEST,
    ),
    "asks_in_its_turn": (
        CHANNEL + "def f(x):\n    os.write(3, frame([3, 'name', 'check']))\n"
        "    return os.read(3, 1000)",
        TEST,
    ),
    "reads_the_next_requests": (
        "import os\ndef f(x):\n    os.set_blocking(3, False)\n"
        "    try: return os.read(3, 1 << 20)\n    except BlockingIOError: return None",
        TEST,
    ),
    "a_frame_without_end": (
        "import os, struct\ndef f(x):\n    os.write(3, struct.pack('>I', 2**32 - 1))\n"
        "    while True: os.write(3, b'x' * 65536)",
        TEST,
    ),
    "a_reply_nested_without_end": (
        "import os, struct\ndef f(x):\n    text = b'[' * 2_000_000\n"
        "    os.write(3, struct.pack('>I', len(text)) + text)",
        TEST,
    ),
    "a_reply_that_is_no_json": (
        "import os, struct\ndef f(x): os.write(3, struct.pack('>I', 6) + b'passed')",
        TEST,
    ),
    "a_reply_that_is_an_object": (
        CHANNEL + "def f(x): os.write(3, frame({'value': 41}))",
        TEST,
    ),
    "a_value_of_an_unknown_kind": (
        CHANNEL + "def f(x): os.write(3, frame([3, 'value', ['eval', '41']]))",
        TEST,
    ),
    "a_set_of_lists": (CHANNEL + "def f(x): os.write(3, frame([3, 'value', ['s', ['l']]]))", TEST),
    "a_fraction_over_nothing": (
        CHANNEL + "def f(x): os.write(3, frame([3, 'value', ['fraction', 1, 0]]))",
        TEST,
    ),
    "an_object_that_is_not_there": (
        CHANNEL + "def f(x): os.write(3, frame([3, 'value', ['r', -999999]]))",
        TEST,
    ),
    "an_end_where_none_is": (CHANNEL + "def f(x): os.write(3, frame([3, 'end']))", MAPPED),
    "an_error_named_stop_iteration": (
        CHANNEL + "def f(x): os.write(3, frame([3, 'error', ['StopIteration'], '']))",
        MAPPED,
    ),
    "an_error_named_exit": (
        CHANNEL + "def f(x): os.write(3, frame([3, 'error', ['exit', 'SystemExit'], '']))",
        TEST,
    ),
    "an_error_named_import": (
        CHANNEL + "def f(x): os.write(3, frame([3, 'error', ['__import__', 'eval'], 'os']))",
        TEST,
    ),
    "an_error_that_is_no_name": (
        CHANNEL + "def f(x): os.write(3, frame([3, 'error', [[], {}, 7], 'os']))",
        TEST,
    ),
    "a_reply_by_a_child_that_stays": (
        CHANNEL + "def f(x):\n    if os.fork() == 0:\n        while True:\n"
        "            os.write(3, frame([3, 'value', True]))\n    os._exit(0)",
        TEST,
    ),
    "replaces_the_codec": (
        "import sys\ncodec = sys.modules['filters.unit_testing.codec']\n"
        "codec.pack = codec.unpack = lambda *_: True\n"
        "main = sys.modules['filters.unit_testing.candidate']\n"
        "main.pack = main.unpack = lambda *_: True\n"
        "def f(x): return True",
        TEST,
    ),
    "an_object_that_pickles_to_code": (
        "import os\nclass Thing:\n    def __reduce__(self): return os._exit, (0,)\n"
        "def f(x): return Thing()",
        TEST,
    ),
    "looks_for_the_test_in_all_processes": (
        "import os, re\ndef f(x):\n"
        "    for pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "        for name in ('cmdline', 'environ', 'maps'):\n"
        "            try: text = open(f'/proc/{pid}/{name}', 'rb').read()\n"
        "            except OSError: continue\n"
        "            assert b'candidate(' not in text or not b'977' in text\n"
        "    return 0",
        TEST,
    ),
    "numbers_that_share_a_hash": (
        "class Hidden(int):\n    __hash__ = object.__hash__\n"
        "def f(x): return [{Hidden(n * (2**61 - 1)) for n in range(60_000)}]",
        TEST,
    ),
    "an_answer_without_end": (
        "def f(x):\n    while True: yield 1",
        "def check(candidate):\n    assert sorted(candidate(3)) == [41]",
    ),
    "a_range_without_end": (
        "def f(x): return range(10**18)",
        "def check(candidate):\n    assert list(candidate(3)) == [41]",
    ),
    "raises_what_the_test_expects_of_itself": ("def f(x): raise AssertionError('passed')", TEST),
    "raises_an_exit_that_the_test_catches": (
        "def f(x): raise SystemExit(0)",
        "def check(candidate):\n    try:\n        candidate(3)\n    except BaseException:\n"
        "        return\n    assert False",
    ),
}
"""Written against this checker: what a program could do to the channel, and to what it leads to."""
