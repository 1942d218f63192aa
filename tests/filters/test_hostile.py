"""Whatever a model writes, every filter has a verdict with a reason, in time, and no crash."""

import time
from dataclasses import replace

import pytest

from factory.apply import apply_filter
from factory.records import Constraint, Grade, GroupFilter, Judged, Response, UnitTest
from filters import FILTERS, make_filter
from tests.toys import prompt

MEGABYTE = 1_000_000
HOSTILE = {
    "empty": "",
    "white space": " \n\t\u200b\u00a0",
    "ten megabytes": "word and " * (10 * MEGABYTE // 9),
    "ten megabytes in one line": "x" * (10 * MEGABYTE),
    "ten megabytes of boxes": "\\boxed{1} " * MEGABYTE,
    "ten megabytes of digits": "9" * (10 * MEGABYTE),
    "a box of a megabyte": "\\boxed{" + "1+" * (MEGABYTE // 2) + "1}",
    "binary": bytes(range(256)).decode("latin-1") * 400,
    "null bytes": "\0" * 1000 + "\\boxed{5\0}",
    "lone surrogates": "\ud800\udfff \\boxed{\ud800}",
    "right to left": "\u202e}5{dexob\\ \u2066\\boxed{5\u200f",
    "unbalanced braces": "\\boxed{" * 10_000 + "5" + "}" * 9_999,
    "closing braces": "}" * 100_000 + "\\boxed{5",
    "a tower of powers": "\\boxed{9**9**9**9}",
    "a latex tower of powers": "\\boxed{9^{9^{9^{9}}}}",
    "a factorial": "\\boxed{(10^{10})!!}",
    "nested brackets": "\\boxed{" + "(" * 10_000 + "5" + ")" * 10_000 + "}",
    "nested fractions": "\\boxed{" + "\\frac{1}{" * 10_000 + "2" + "}" * 10_000 + "}",
    "nested lists": "[" * 10_000 + "]" * 10_000,
    "nested quotes": "> " * 50_000 + "x",
    "unclosed tag": "<think>" + "so " * 1000 + "\\boxed{5}",
    "closing tag alone": "</think>\\boxed{5}",
    "several think blocks": "<think>a</think>\\boxed{4}<think>b</think>\\boxed{5}",
    "tags inside code": "<think>x</think>```python\nprint('</think><think>')\n```",
    "open fence": "```python\n" + "print(1)\n" * 1000,
    "ten thousand fences": "```python\nx\n```\n" * 10_000,
    "evaluated python": "\\boxed{__import__('os').system('true')}",
    "latex commands": "\\boxed{\\input{/etc/passwd}\\write18{true}\\newcommand\\x{\\x}\\x}",
    "markup": "[red]\\boxed{5[/red] <script>alert(1)</script>\x1b[31m",
}
TRUTHS = ("final_answer", "multiple_choice", "quantity", "short_reference", "unit_tests")
"""Filters that keep what is correct: nothing above is."""


def hostile(text: str) -> Response:
    """A response to a prompt that any filter can judge, with a gold answer that no text gives."""
    asked = prompt(gold="1234567")
    fields = {name: getattr(asked, name) for name in asked.__dataclass_fields__}
    return Response(
        prompt=type(asked)(
            **{
                **fields,
                "choices": ("one", "two", "three", "four"),
                "tests": (UnitTest(kind="stdio", input="2\n", expected="never\n"),),
                "language": "python",
                "constraints": (Constraint(instruction_id="startend:quotation"),),
                "policy": "refuse",
            }
        ),
        mode="on",
        sample=0,
        output=text,
        grades=(Grade(column="judge", score=1.0), Grade(column="reward", score=1.0)),
    )


BIG = [name for name in HOSTILE if name.startswith("ten megabytes")]


@pytest.mark.parametrize("kind", [name for name in HOSTILE if name not in BIG])
@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_has_a_verdict_on_hostile_text(name: str, kind: str):
    verdict_in_time(name, HOSTILE[kind])


@pytest.mark.slow
@pytest.mark.parametrize("kind", BIG)
@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_has_a_verdict_on_very_long_text(name: str, kind: str):
    verdict_in_time(name, HOSTILE[kind])


def verdict_in_time(name: str, text: str) -> None:
    filter, response = make_filter(name), hostile(text)
    if name == "final_answer":
        filter = replace(filter, timeout_s=1.0)
    started = time.process_time()
    if isinstance(filter, GroupFilter):
        (score,) = filter.scores([Judged(response)])
        verdict = filter.judge(score)
    else:
        verdict = apply_filter(filter, response)
    assert time.process_time() - started < 10
    assert verdict.decision == "keep" or verdict.reason
    if name in TRUTHS:
        assert verdict.decision != "keep"
