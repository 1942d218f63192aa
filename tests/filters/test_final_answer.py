import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from factory.apply import apply_filter
from filters import FinalAnswer, checking
from filters.final_answer import canonical, equivalent, extract_boxed
from tests.toys import response


@pytest.mark.parametrize(
    ("output", "gold", "reason"),
    [
        ("so \\boxed{5}", "5", ""),
        ("\\boxed{4} no, \\boxed{5}", "5", ""),
        ("\\boxed{5} no, \\boxed{4}", "5", "wrong_answer"),
        ("\\boxed{25}", "5", "wrong_answer"),
        ("\\boxed{-5}", "5", "wrong_answer"),
        ("\\boxed{\\frac{1}{2}}", "0.5", ""),
        ("\\boxed{0.5}", "1/2", ""),
        ("\\boxed{\\frac{1}{3}}", "0.5", "wrong_answer"),
        ("\\boxed{x+1}", "1+x", ""),
        ("\\boxed{1,000}", "1000", ""),
        ("the answer is 5", "5", "no_answer"),
        ("\\boxed{}", "5", "no_answer"),
        ("\\boxed{5", "5", "no_answer"),
        ("\\boxed{words}", "5", "wrong_answer"),
        ("\\boxed{5}", "???", "gold_unparseable"),
        ("\\boxed{???}", "???", "gold_unparseable"),
        ("\\boxed{5}", "", "gold_unparseable"),
        ("\\boxed{5}", None, "no_gold"),
        ("\\boxed{import os}", "5", "refused_text"),
        ("\\boxed{" + "x+" * 1500 + "1}", "5", "answer_too_long"),
        ("<think>\\boxed{5}</think> \\boxed{4}", "5", "wrong_answer"),
        ("<think>\\boxed{5}</think> four", "5", "no_answer"),
    ],
)
def test_the_last_box_of_the_answer_decides(output, gold, reason):
    assert apply_filter(FinalAnswer(), response(output, gold=gold)).reason == reason


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\\boxed{a{b}c}", "a{b}c"),
        ("\\boxed{\\text{(C)}}", "\\text{(C)}"),
        ("\\boxed{a} and \\boxed{b}", "b"),
        ("boxed{a}", None),
        ("\\boxed{{a}", None),
    ],
)
def test_a_box_is_read_with_its_braces_balanced(text, found):
    assert extract_boxed(text) == found


@pytest.mark.parametrize(
    ("a", "b"), [("5", "5.0"), ("$5$", "5"), ("1,234", "1234"), (" X ", "x"), ("05", "5")]
)
def test_one_number_has_one_canonical_form(a, b):
    assert canonical(a) == canonical(b)
    assert canonical("1,23") != canonical("123")


PAIRS = [
    ("1/2", "\\frac{2}{4}"),
    ("1/2", "\\frac{2}{3}"),
    ("7.140", "7.14"),
    ("\\sqrt{4}", "2"),
    ("(1,2)", "(1, 2)"),
    ("-3", "-3.0"),
    ("3", "4"),
    ("0.1", "0.2"),
    ("2x", "x+x"),
]


@pytest.mark.parametrize(("gold", "predicted"), PAIRS)
def test_verdicts_are_math_verifys_own(gold, predicted):
    from math_verify import parse, verify

    readings = [parse(f"\\boxed{{{text}}}", parsing_timeout=None) for text in (gold, predicted)]
    assert equivalent(gold, predicted) == verify(*readings, timeout_seconds=None)


def test_the_deadline_holds_in_any_thread_and_the_next_pair_is_judged_again():
    results = {}

    def work():
        start = time.monotonic()
        answer = response("\\boxed{9^{9^{9^{9}}}}")
        results["late"] = apply_filter(FinalAnswer(timeout_s=0.5), answer).reason
        results["seconds"] = time.monotonic() - start
        results["next"] = equivalent("1/2", "\\frac12")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert results["late"] in ("timeout", "checker_died", "checker_error")
    assert results["next"] is True


def test_threads_do_not_get_each_others_verdicts():
    pairs = [("1/2", f"\\frac{{{i % 3}}}{{2}}") for i in range(60)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda pair: equivalent(*pair), pairs))
    assert found == [i % 3 == 1 for i in range(60)]


def test_a_checker_that_is_killed_is_replaced():
    assert equivalent("1/2", "\\frac12") is True
    checking.close_all()
    assert equivalent("1/2", "\\frac12") is True
    killed = [child for child in psutil.Process(os.getpid()).children() if child.is_running()]
    checkers = [child for child in killed if "filters.math_child" in child.cmdline()]
    for child in checkers:
        child.kill()
    assert checkers
    time.sleep(0.2)
    assert equivalent("1/2", "\\frac12") is True
