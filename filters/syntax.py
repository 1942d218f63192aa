"""Whether a program parses, by tree-sitter; nothing is executed, and no Python of this machine's.

tree-sitter's Python grammar is made for editors and forgives: wrong indentation, blocks without a
statement, `try` without `except`, Python 2's `print x`. Those are looked for in its tree. What
only Python's compiler finds still parses (`f(x=1, 2)`, `return` outside a function), and so do a
few more forms of Python 2 (`a <> b`); `tests/filters/test_program.py` lists what is known.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

_FORGIVEN = """
(module) @block
(block) @block
(try_statement) @try
(elif_clause) @clause
(else_clause) @clause
(except_clause) @clause
(finally_clause) @clause
(print_statement) @old
(exec_statement) @old
"""
_BESIDE = ("comment", "line_continuation")
_AFTER_TRY = {"except_clause", "except_group_clause", "finally_clause"}


def parse(program: str, language: str) -> Any:
    """The root node of tree-sitter's tree of a `python` or `cpp` program."""
    import tree_sitter

    parser = tree_sitter.Parser(_grammar(language))
    return parser.parse(program.encode("utf-8", "surrogatepass")).root_node


def is_valid(root: Any, language: str) -> bool:
    """Whether all of a program has parsed, by the language's rules and not an editor's."""
    return not root.has_error and (language != "python" or not _is_forgiven(root))


def top_level_names(root: Any) -> Iterator[str]:
    """The functions, classes and variables that a program defines at its top level, in order."""
    for node in root.children:
        if node.type in ("decorated_definition", "template_declaration"):
            node = node.children[-1]
        while node is not None and node.type not in ("identifier", "type_identifier"):
            node = node.child_by_field_name("name") or node.child_by_field_name("declarator")
        if node is not None:
            yield node.text.decode("utf-8", "surrogatepass")


@cache
def _grammar(language: str) -> Any:
    import tree_sitter
    import tree_sitter_cpp
    import tree_sitter_python

    grammars = {"python": tree_sitter_python, "cpp": tree_sitter_cpp}
    return tree_sitter.Language(grammars[language].language())


def _is_forgiven(root: Any) -> bool:
    import tree_sitter

    found = tree_sitter.QueryCursor(tree_sitter.Query(_grammar("python"), _FORGIVEN)).captures(root)
    return bool(
        any(node.children[1].type != "chevron" for node in found.get("old", ()))
        or any(
            _AFTER_TRY.isdisjoint(c.type for c in node.children) for node in found.get("try", ())
        )
        or any(map(_is_misplaced, found.get("clause", ())))
        or any(map(_is_ragged, found.get("block", ())))
    )


def _is_misplaced(clause: Any) -> bool:
    """Whether an `else` or the like does not stand below its statement."""
    return bool(clause.start_point.column != clause.parent.start_point.column)


def _is_ragged(block: Any) -> bool:
    """Whether a block has no statement, or statements that begin in different columns."""
    statements = [node for node in block.named_children if node.type not in _BESIDE]
    if block.type == "module":
        column, row = 0, -1
    elif statements:
        column, row = statements[0].start_point.column, statements[0].start_point.row
    else:
        return True
    for statement in statements:
        if statement.start_point.row > row and statement.start_point.column != column:
            return True
        row = statement.end_point.row
    return False
