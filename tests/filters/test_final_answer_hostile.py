"""What is refused before it is parsed, what honest text is not, and bad input of every kind."""

import os
import subprocess
import sys
import time

import pytest

from factory.apply import apply_filter
from filters import FinalAnswer
from filters.final_answer import canonical, equivalent, extract_boxed, takes_fast_path
from filters.math_extraction import boxes, marked
from filters.math_refusal import refused
from tests.math_pairs import pairs
from tests.toys import response

PYTHON = [
    "__import__('os').system('touch /tmp/owned')",
    "__import__('os')",
    "import os",
    "from os import system",
    "os.system('id')",
    "os.system(1)",
    "().__class__.__bases__[0].__subclasses__()",
    "(1).__class__",
    "x.__dict__",
    "eval('1')",
    "eval(1)",
    "exec (1)",
    "open('/etc/passwd').read()",
    "open (5)",
    "lambda: 1",
    "lambda x: x",
    "getattr(x, y)",
    "globals()",
    "sympify('1')",
    "print(1)",
    "chr(5)",
    "x.subs(x, 1)",
    "Symbol('x')",
    'f("x")',
    "`id`",
    "[c for c in ().__class__]",
    "a := 5",
    "x;import os",
    "\\text{__import__('os')}",
    "\\sin(x).__class__",
    "{}.__class__",
    "''.join(x)",
    "yield x",
]


@pytest.mark.parametrize("text", PYTHON)
def test_python_is_refused_before_it_is_parsed(text):
    assert refused(text) == "refused_text"
    assert equivalent("5", text) is None
    assert equivalent(text, "5") is None
    assert takes_fast_path("5", text)
    assert apply_filter(FinalAnswer(), response(f"\\boxed{{{text}}}")).decision != "keep"


@pytest.mark.parametrize(
    "text",
    [
        "\\lambda",
        "\\lambda = 5",
        "\\text{open}",
        "\\text{open interval}",
        "3:30\\text{ p.m.}",
        "\\text{U.S.}",
        "0.5x",
        "f'(x)",
        "f(x)",
        "5\\text{ sq. cm}",
        "\\text{input}",
        "\\{x : x > 0\\}",
        "P(A|B)",
        "x_{\\text{max}}",
        "\\text{Type I}",
        "don't know",
        "a_1, a_2, \\ldots, a_n",
        "C. x = 42",
        "(0.5)(0.25)",
        "\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}",
        "½",
        "−3",
        "√2",
        "π",
        "Ω",
        "五",
        "5\u200b",
    ],
)
def test_honest_text_is_not_refused(text):
    assert refused(text) == ""


def test_no_labelled_pair_is_refused():
    assert [p for p in pairs() if refused(p[1]) or refused(p[2])] == []


@pytest.mark.parametrize(
    "text",
    [
        "5\x00",
        "\x00" * 100,
        "5\u202e",
        "\u200f5",
        "\ud800",
        "5\x1b[31m",
        "\ue000",
        "5#6",
        "(" * 61,
        "{" * 500 + "}" * 500,
        "2^" * 41 + "2",
    ],
    ids=ascii,
)
def test_strange_characters_and_deep_nesting_are_refused(text):
    assert refused(text) == ("refused_text" if "#" not in text else "")
    assert equivalent("5", text) is not True


def test_a_long_answer_is_not_parsed():
    assert refused("x+" * 1500) == "answer_too_long"
    assert refused("9" * 2_001) == "answer_too_long"


HUGE = ["9^{9^{9^{9}}}", "9^9^9^9", "10^{10^{10}}", "2^{10000000}", "1000000!", "(10^9)^{10^9}"]


@pytest.mark.parametrize("text", HUGE)
def test_a_number_that_nothing_should_work_out_is_never_right_and_soon_judged(text):
    started = time.process_time()
    assert equivalent("5", text, timeout_s=0.5) is not True
    assert equivalent(text, text, timeout_s=0.5) is True
    assert time.process_time() - started < 1.0


BAD = {
    "empty": "",
    "spaces": " \n\t ",
    "ten megabytes": "x" * 10_000_000,
    "ten megabytes of braces": "\\boxed{" + "{" * 10_000_000,
    "ten megabytes of boxes": "\\boxed{5" * 1_250_000,
    "ten megabytes in a box": "\\boxed{" + "9" * 10_000_000 + "}",
    "ten megabytes of marks": "Answer: " * 1_250_000,
    "ten megabytes of line ends": "Answer:" + "\n" * 10_000_000,
    "binary": bytes(range(256)).decode("latin-1") * 100,
    "binary in a box": "\\boxed{" + bytes(range(256)).decode("latin-1") + "}",
    "null bytes": "\\boxed{\x00\x00}",
    "a null byte after five": "\\boxed{5\x00}",
    "right-to-left": "\\boxed{\u202e5}",
    "a lone surrogate": "\\boxed{\ud8005}",
    "unbalanced": "\\boxed{{{5}",
    "unbalanced inside": "\\boxed{(((5}",
    "closed too often": "}}}}\\boxed{)]5}",
    "a tower": "\\boxed{9**9**9}",
    "a taller tower": "\\boxed{9^{9^{9^{9^{9}}}}}",
    "a factorial of a factorial": "\\boxed{((9!)!)!}",
    "nested": "\\boxed{" + "(" * 10_000 + "5" + ")" * 10_000 + "}",
    "nested fractions": "\\boxed{" + "\\frac{1}{" * 10_000 + "5" + "}" * 10_000 + "}",
    "nested roots": "\\boxed{" + "\\sqrt{" * 55 + "5" + "}" * 55 + "}",
    "nested boxes": "\\boxed{" * 10_000 + "6" + "}" * 10_000,
    "a think block that is not closed": "<think>\\boxed{5}",
    "think blocks": "<think>a</think><think>\\boxed{5}</think>",
    "tags in code": "```\n<think>\n```\\boxed{5}",
    "python": "\\boxed{__import__('os').system('true')}",
    "markup": "\\boxed{<script>alert(5)</script>}",
    "terminal escapes": "\\boxed{\x1b[2J5}",
    "a row of terms": "\\boxed{" + "+".join(f"\\sqrt{{{n}}}" for n in range(2, 150)) + "}",
    "a long product": "\\boxed{(a+b+c+d+e+f+g+h)^{39}}",
    "sines": "\\boxed{" + "".join(f"\\sin^8 {c} " for c in "abcdghjkmnpqrstuvw") + "}",
    "a long list": "\\boxed{" + ",".join("12" for _ in range(600)) + "}",
    "a large semiprime": "\\boxed{\\sqrt{" + str((2**89 - 1) * (2**107 - 1)) + "}}",
    "signs": "\\boxed{" + "-" * 1_900 + "6}",
    "relations": "\\boxed{" + "x<" * 900 + "5}",
    "plus-minus": "\\boxed{" + "\\pm" * 600 + "5}",
}


@pytest.mark.parametrize("output", BAD.values(), ids=BAD.keys())
def test_bad_input_gets_a_reason_and_is_never_kept(output):
    started = time.process_time()
    verdict = apply_filter(FinalAnswer(timeout_s=0.5), response(output))
    assert verdict.decision in ("drop", "unjudged")
    assert verdict.reason
    assert time.process_time() - started < 2.0
    assert verdict.seconds < 15.0


@pytest.mark.parametrize("gold", ["", " ", "???", "\x00", "\ud800", "$$", "(" * 100, "9" * 5_000])
def test_a_bad_gold_answer_is_unjudged(gold):
    verdict = apply_filter(FinalAnswer(timeout_s=0.5), response("\\boxed{5}", gold=gold))
    assert verdict.decision == "unjudged"


@pytest.mark.parametrize("output", BAD.values(), ids=BAD.keys())
def test_finding_answers_in_bad_input_is_quick(output):
    started = time.process_time()
    extract_boxed(output)
    boxes(output)
    marked(output)
    canonical(output)
    assert time.process_time() - started < 2.0


def test_imports_of_the_filters_stay_light():
    code = "import sys, filters; sys.exit(any(n in sys.modules for n in ('sympy', 'math_verify')))"
    assert subprocess.run([sys.executable, "-c", code], env={**os.environ}).returncode == 0
