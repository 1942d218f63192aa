"""Hand-made rows with the columns that the four competition sets have on the Hub."""

import json
from typing import Any

ADD = "a, b = map(int, input().split())\nprint(a + b)"
ADD_CPP = (
    "#include <iostream>\nint main() { long long a, b; std::cin >> a >> b; std::cout << a + b; }"
)
HUMAN_EVAL = (
    "Check if in given list of numbers, are any two numbers closer to each other than given "
    "threshold. >>> has_close_elements([1.0, 2.0, 3.0], 0.5) False >>> "
    "has_close_elements([1.0, 2.8, 3.0, 4.0, 5.0, 2.0], 0.3) True"
)
"""The words of HumanEval/0."""


def streams(number: int, *, right: int = 1) -> dict[str, list[str]]:
    """So many tests of `ADD`; with `right = 2` those of a program that doubles."""
    pairs = [(i, 2 * i + 1) for i in range(number)]
    return {
        "inputs": [f"{a} {b}\n" for a, b in pairs],
        "outputs": [f"{right * (a + b)}\n" for a, b in pairs],
    }


def taco(question: str, tests: Any, solutions: list[str], *, starter: str = "") -> dict[str, Any]:
    """A row of BAAI/TACO."""
    return {
        "question": question,
        "solutions": json.dumps(solutions),
        "starter_code": starter,
        "input_output": json.dumps(tests),
        "difficulty": "EASY",
        "raw_tags": "['Mathematics']",
        "name": None,
        "source": "codewars",
        "tags": "['Mathematics']",
        "skill_types": "[]",
        "url": None,
        "Expected Auxiliary Space": None,
        "time_limit": None,
        "date": None,
        "picture_num": None,
        "memory_limit": None,
        "Expected Time Complexity": None,
    }


def apps(question: str, tests: Any, solutions: list[str], *, starter: str = "") -> dict[str, Any]:
    """A row of codeparrot/apps, where what is missing is an empty text."""
    return {
        "problem_id": 7,
        "question": question,
        "solutions": json.dumps(solutions) if solutions else "",
        "input_output": json.dumps(tests) if tests else "",
        "difficulty": "interview",
        "url": "https://example.org/7",
        "starter_code": starter,
    }


def contest(description: str, *, input_file: str = "") -> dict[str, Any]:
    """A row of deepmind/code_contests: solutions in Python 2, C++ and Python 3."""

    def pairs(start: int, stop: int) -> dict[str, list[str]]:
        every = streams(stop)
        return {"input": every["inputs"][start:stop], "output": every["outputs"][start:stop]}

    return {
        "name": "1_A. Sum",
        "description": description,
        "public_tests": pairs(0, 1),
        "private_tests": pairs(1, 2),
        "generated_tests": pairs(0, 4),
        "source": 2,
        "difficulty": 7,
        "solutions": {"language": [1, 2, 3], "solution": ["print 1", ADD_CPP, ADD]},
        "incorrect_solutions": {"language": [3], "solution": ["print(0)"]},
        "cf_contest_id": 1,
        "cf_index": "A",
        "cf_points": 0.0,
        "cf_rating": 800,
        "cf_tags": ["math"],
        "is_description_translated": False,
        "untranslated_description": "",
        "time_limit": {"seconds": 1, "nanos": 0},
        "memory_limit_bytes": 256_000_000,
        "input_file": input_file,
        "output_file": "",
    }


def codeforces(description: str, **fields: Any) -> dict[str, Any]:
    """A row of open-r1/codeforces."""
    return {
        "id": "1/A",
        "aliases": None,
        "contest_id": "1",
        "contest_name": "Round 1",
        "contest_type": "CF",
        "contest_start": 1_266_580_800,
        "contest_start_year": 2010,
        "index": "A",
        "time_limit": 1.0,
        "memory_limit": 256.0,
        "title": "Sum",
        "description": description,
        "input_format": "Two integers.",
        "output_format": "Their sum.",
        "interaction_format": None,
        "note": "Mind the signs.",
        "examples": [{"input": "1 2", "output": "3"}],
        "editorial": None,
        "rating": 800,
        "tags": ["math"],
        "testset_size": 3,
        "official_tests": [
            {"input": "1 2", "output": "3"},
            {"input": "-1 1", "output": "0"},
            {"input": "5 5", "output": "10"},
        ],
        "official_tests_complete": True,
        "input_mode": "stdio",
        "generated_checker": None,
        "executable": True,
        "generated_tests": 0,
        **fields,
    }


CALLED = {"fn_name": "add", "inputs": [[1, 2], [3, 4]], "outputs": [[3], [7]]}
SETS: dict[str, list[dict[str, Any]]] = {
    "taco": [
        taco("Add two numbers that stand in one line.", streams(3), [ADD]),
        taco("", streams(3), [ADD]),
        taco("Add `a` and `b`.", CALLED, ["def add(a, b): return a + b"], starter="def add(a, b):"),
        taco("Double the sum of two numbers.", streams(3, right=2), [ADD]),
    ],
    "apps": [
        apps("Add two numbers that stand in one line.", streams(2), [ADD]),
        apps(
            "Add the numbers, as a method.",
            CALLED,
            ["class Solution:\n    def add(self, a, b):\n        return a + b"],
            starter="class Solution:\n    def add(self, a, b):",
        ),
        apps("Nobody knows how to test this.", None, []),
        apps(HUMAN_EVAL, streams(2), [ADD]),
    ],
    "code_contests": [
        contest("Sum up what two friends have."),
        contest("Sum up what a file says.", input_file="sum.in"),
    ],
    "codeforces": [
        codeforces("Add the two integers."),
        codeforces("Talk to the judge.", interaction_format="Print a guess, read the reply."),
        codeforces("Print any two addends.", generated_checker="print(1)"),
    ],
}
"""By the names of `pipelines.code_rows.KNOWN`."""
