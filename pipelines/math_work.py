"""Worked examples of small problems: how the work is written out, task by task.

It is the kind of work that a teacher which does not think is asked to imitate.
"""

from collections.abc import Mapping
from typing import Any

from factory.errors import ConfigError


def _work_expression(metadata: Mapping[str, Any], answer: str) -> str:
    first, *rest = metadata["expression"].split()
    value, lines = int(first), []
    for sign, text in zip(rest[::2], rest[1::2], strict=True):
        number = int(text)
        match sign:
            case "+":
                before, value = value, value + number
                lines.append(
                    f"Start at {before} and go up by {number}: {before} + {number} = {value}."
                )
            case "-":
                before, value = value, value - number
                lines.append(
                    f"Start at {before} and go down by {number}: {before} - {number} = {value}."
                )
            case "*":
                before, value = value, value * number
                groups = ", ".join(str(before * i) for i in range(1, number + 1))
                means = f"{before} * {number} means {number} groups of {before}: {groups}. "
                lines.append(f"{means if 0 < number < 13 else ''}So {before} * {number} = {value}.")
            case _:
                raise ConfigError(f"math.tasks: no worked example can be written for {sign!r}")
    return " ".join([*lines, f"The result is {answer}."])


def _work_gcd(metadata: Mapping[str, Any], answer: str) -> str:
    lists = [
        f"The divisors of {n} are {', '.join(str(d) for d in range(1, n + 1) if n % d == 0)}."
        for n in metadata["numbers"]
    ]
    return f"{' '.join(lists)} The largest number in all lists is {answer}."


def _work_lcm(metadata: Mapping[str, Any], answer: str) -> str:
    lists = [
        f"The multiples of {n} are {', '.join(str(m) for m in range(n, int(answer) + 1, n))}."
        for n in metadata["numbers"]
    ]
    return f"{' '.join(lists)} The first number in all lists is {answer}."


def _work_equation(metadata: Mapping[str, Any], answer: str) -> str:
    left, right = metadata["equation"].split(" = ")
    name = metadata["variable"]
    return f"Try {name} = {answer}: {left.replace(name, answer)} = {right}. So {name} = {answer}."


WORK = {
    "chain_sum": _work_expression,
    "products": _work_expression,
    "basic_arithmetic": _work_expression,
    "gcd": _work_gcd,
    "lcm": _work_lcm,
    "simple_equations": _work_equation,
}
"""How the work of an example is written out, by task."""
