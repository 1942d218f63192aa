import ast
import sysconfig
import time
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from factory.apply import apply_filter
from factory.records import Response, UnitTest, join_output
from filters.program import CodeSyntax, fenced, fences, programs
from filters.syntax import is_valid, parse
from tests.toys import response

GOOD = "```python\nprint(1)\n```"


def code_response(output: str, *, language: str = "python", **fields) -> Response:
    plain = response(output, **fields)
    tests = (UnitTest(kind="call", input="[1]", expected="1", entry_point="f"),)
    return replace(plain, prompt=replace(plain.prompt, language=language, tests=tests))


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (GOOD, ["print(1)"]),
        ("```py\na\n```\ntext\n```Python3\nb\n```", ["a", "b"]),
        ("```\na\n```", ["a"]),
        ("```\nx\n```\n```python\na\n```\n```\ny\n```", ["a"]),
        ("```cpp\na\n```", []),
        ("```json\na\n```", []),
        ('```python title="x.py"\na\n```', ["a"]),
        ("```python\n```", []),
        ("```python\n \n\n```", []),
        ("```python\na", []),
        ("```python\na\n``` python\nb\n```", ["a\n``` python\nb"]),
        ("````python\ns = '''\n```\n'''\n````", ["s = '''\n```\n'''"]),
        ("````markdown\n```python\na\n```\n````", []),
        ("~~~python\na\n```\n~~~", ["a\n```"]),
        ("```python\na\n~~~\n```", ["a\n~~~"]),
        ("```python\na\n`````", ["a"]),
        ("1. so:\n   ```python\n   if a:\n       b\n   ```", ["if a:\n    b"]),
        ("- so:\n\n      ```python\n      a\n      ```", ["a"]),
        (
            "```python\ndef f():\n    '''\n    ```\n    '''\n```",
            ["def f():\n    '''\n    ```\n    '''"],
        ),
        ("```python\r\na\r\nb\r\n```\r\n", ["a\nb"]),
        ("in line ```python a``` only", []),
        ("``` `x` ```\n```python\na\n```", ["a"]),
        ("```python\na\n```\n</think>\ndone", []),
        ("<think>\n```python\na\n```", []),
        ("a</think>\n```python\nb\n```", ["b"]),
        ("", []),
        ("```", []),
    ],
)
def test_the_closed_and_filled_programs_are_found(answer, found):
    assert programs(answer, "python") == found


def test_a_fence_without_a_language_counts_only_if_the_recipe_says_so():
    assert programs("```\na\n```", "python", bare=False) == []


@pytest.mark.parametrize("tag", ["cpp", "c++", "C++", "cc", "cxx"])
def test_cpp_has_several_names(tag):
    assert programs(f"```{tag}\nint x;\n```", "cpp") == ["int x;"]


@pytest.mark.parametrize("program", ["a", "s = '''\n```\n'''", "````\n```", "x = '`````'"])
def test_a_fenced_program_comes_back_whole(program):
    assert programs(fenced(program, "python"), "python") == [program]


MARKDOWN = [
    "```python\na\n```\n\ntext\n\n~~~\nb\n~~~\n",
    "````\n```\na\n```\n````\n",
    "``` a`b\nc\n```\nd\n```\n",
    "~~~ a`b ~c\nd\n~~~~\ne\n",
    "   ```\n   a\n     b\n  c\n   ```\n",
    "```\na\n  ```\nb\n",
    "```\na\n    ```\nb\n```\n",
    "```\n\n  \n```\n",
    "```\na\n",
    "``\na\n``\n",
    "text\n```\na\n```\ntext\n",
    "~~~~~~\na\n~~~ ~~\nb\n~~~~~~\n",
    "```\na\n``` b\n```\n",
]


@pytest.mark.parametrize("text", MARKDOWN)
def test_fences_are_those_of_a_commonmark_parser(text):
    tokens = [token for token in MarkdownIt().parse(text) if token.type == "fence"]
    ours = [(fence.tag, fence.code) for fence in fences(text)]
    assert ours == [
        ((token.info.split() or [""])[0].lower(), token.content.removesuffix("\n"))
        for token in tokens
    ]


@pytest.mark.parametrize(
    ("output", "fields", "reason"),
    [
        (GOOD, {}, ""),
        ("print(1)", {}, "no_program"),
        (join_output("work", GOOD), {}, ""),
        (join_output(GOOD, "done"), {}, "fence_in_reasoning"),
        (join_output(GOOD, GOOD), {}, "fence_in_reasoning"),
        (join_output("~~~\nx", GOOD), {}, "fence_in_reasoning"),
        (join_output("``not a fence``", GOOD), {}, ""),
        (join_output(GOOD, GOOD), {"fence_in_reasoning": "ignore"}, ""),
        (join_output(GOOD, "done"), {"fence_in_reasoning": "ignore"}, "no_program"),
        (GOOD + "\n" + GOOD, {}, ""),
        (GOOD + "\n" + GOOD, {"several": "drop"}, "several_programs"),
        (GOOD + "\n```python\nx = (\n```", {}, "syntax_error"),
        ("```\nprint(1)\n```", {"bare_fences": False}, "no_program"),
        ("```python\nprint 1 +\n```", {}, "syntax_error"),
        ("```python\nint main() { return 0; }\n```", {}, "syntax_error"),
        ("```python\n" + "x = 1\n" * 20 + "```", {"max_characters": 100}, "program_too_long"),
        ("```python\ndef f(x): return x\n```", {"entry_point": True}, ""),
        ("```python\n@cache\ndef f(x):\n    return x\n```", {"entry_point": True}, ""),
        ("```python\nclass f: pass\n```", {"entry_point": True}, ""),
        ("```python\ndef g(x):\n    def f(): pass\n```", {"entry_point": True}, "no_entry_point"),
    ],
)
def test_what_does_not_parse_is_dropped_with_its_reason(output, fields, reason):
    mode = "on" if output.startswith("<think>") else "off"
    verdict = apply_filter(CodeSyntax(**fields), code_response(output, mode=mode))
    assert (verdict.reason, verdict.decision) == (reason, "drop" if reason else "keep")


def test_every_reason_of_code_syntax_is_reached_above():
    table = test_what_does_not_parse_is_dropped_with_its_reason.pytestmark[0].args[1]
    assert {reason for _, _, reason in table} == set(CodeSyntax.REASONS)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("int main() { return 0; }", ""),
        ("#include <map>\ntemplate<class T> T f(T x) { return x; }", ""),
        ("int main() { return 0;", "syntax_error"),
        ("def f(): pass", "syntax_error"),
    ],
)
def test_cpp_is_parsed_as_cpp(program, reason):
    answer = code_response(f"```cpp\n{program}\n```", language="cpp")
    assert apply_filter(CodeSyntax(), answer).reason == reason


def test_cpp_entry_points_are_found():
    answer = "```cpp\ntemplate<class T>\nT *f(T *x) { return x; }\n```"
    assert not apply_filter(
        CodeSyntax(entry_point=True), code_response(answer, language="cpp")
    ).reason


def test_of_a_method_the_class_is_looked_for():
    test = UnitTest(kind="call", input="[1]", expected="1", entry_point="Solution().add")
    for name, reason in (("Solution", ""), ("Other", "no_entry_point")):
        answer = code_response(f"```python\nclass {name}:\n    def add(self, x): return x\n```")
        answer = replace(answer, prompt=replace(answer.prompt, tests=(test,)))
        assert apply_filter(CodeSyntax(entry_point=True), answer).reason == reason


@pytest.mark.parametrize("language", ["", "cobol"])
def test_other_languages_are_unjudged(language):
    verdict = apply_filter(CodeSyntax(), code_response(GOOD, language=language))
    assert (verdict.decision, verdict.reason) == ("unjudged", "unsupported_language")


def test_a_program_of_no_length_is_refused():
    with pytest.raises(ValueError, match="max_characters must be > 0, got 0"):
        CodeSyntax(max_characters=0)


HOSTILE = {
    "empty": "",
    "ten_megabytes": "```python\n" + "x = 1\n" * 1_700_000 + "```",
    "ten_megabytes_of_fences": "```python\n" * 1_000_000,
    "ten_megabytes_of_backticks": "`" * 10_000_000,
    "ten_megabytes_of_spaces": " " * 10_000_000 + "```python",
    "spaces_and_backticks": (" " * 1000 + "```") * 10_000,
    "null_bytes": "```python\n\x00\x00\n```",
    "lone_surrogate": "```python\n\ud800\n```",
    "right_to_left": "\u202e```python\nx = \n```",
    "unclosed": "```python\nx = 1",
    "nested_ten_thousand_deep": "```python\n" + "(" * 10_000 + ")" * 9_999 + "\n```",
    "several_think_blocks": "<think>a</think><think>\n```python\nx\n```\n</think>",
    "tags_inside_code": "```python\nx = '</think>'\n```",
    "longer_than_the_limit": "```python\n" + "[" * 100_001 + "\n```",
    "garbage": "```python\n" + "@#$(){}[]\x01" * 9_000 + "\n```",
    "blocks": "```python\n" + "if x:\n " * 5_000 + "(\n```",
}


@pytest.mark.parametrize("output", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("language", ["python", "cpp"])
def test_hostile_answers_are_dropped_with_a_reason_in_time(output, language):
    started = time.monotonic()
    verdict = apply_filter(CodeSyntax(), code_response(output, language=language))
    assert verdict.decision == "drop"
    assert verdict.reason in CodeSyntax.REASONS
    assert time.monotonic() - started < 5


LAYOUT = [
    "def f():\nx = 1",
    "x = 1\n  y = 2",
    "if x:\n    a\n  b",
    "if x:\n    a\n      b",
    "def f():\n    a\n  b",
    "class A:\n",
    "for x in y:\n    # nothing",
    "if x:\n    a\n  else:\n    b",
    "try:\n    a\nb",
    "try:\n    a\n  except E:\n    b",
    "print 'x'",
    "print x, y",
    "exec 'x'",
    "if x:\n\ta\n        b",
    "if x:\n    a\nelse:\nb",
]


@pytest.mark.parametrize("program", LAYOUT)
def test_what_the_grammar_forgives_and_python_does_not_is_an_error(program):
    with pytest.raises(SyntaxError):
        ast.parse(program)
    root = parse(program, "python")
    assert not root.has_error, "the grammar has learned this: one rule less is needed"
    assert not is_valid(root, "python")


@pytest.mark.parametrize(
    "program",
    [
        "x = 1; y = 2\nz = 3",
        "if a: b; c\nd",
        "if x:\n    a\n# low\n    b\n  # high\nc",
        "@d\ndef f():\n    '''text\nat the left'''\n    return (\n1)",
        "try:\n    a\nexcept* E:\n    b\nelse:\n    c\nfinally:\n    d",
        "match x:\n    case 1:\n        a\n    case _: b",
        "for x in y:\n  a\nelse:\n     b",
        "x = a if b else c\nprint(x)\nprint >> f, x",
        "async def f():\n    async for x in y:\n        pass\n    else:\n        pass",
        "x = \\\n  1\ny = [\n1,\n  2]",
        "if a:\n  if b:\n    c\n  elif d:\n    e\nelif f:\n  g",
    ],
)
def test_what_python_parses_is_valid(program):
    ast.parse(program)
    assert is_valid(parse(program, "python"), "python")


@pytest.mark.parametrize(
    "program",
    [
        "def f(x=1, y): pass",
        "f(x=1, 2)",
        "f(a for a in b, c)",
        "del f()",
        "a, b += 1",
        "x := 1",
        "0777",
        "raise a, b",
        "a <> b",
        "`x`",
        "b'é'",
        "async = 1",
        "x = '\\N{no such name}'",
    ],
)
def test_what_is_known_to_parse_although_python_refuses_it(program):
    assert not parses(program)
    assert is_valid(parse(program, "python"), "python")


def stdlib(step: int) -> list[Path]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    return sorted(path for path in folder.glob("*.py"))[::step]


def parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


@pytest.mark.parametrize("path", stdlib(12), ids=lambda path: path.name)
def test_the_grammar_agrees_with_python_on_its_own_library(path):
    source = path.read_text()
    if len(source) < 100_000:
        assert is_valid(parse(source, "python"), "python") is parses(source)
