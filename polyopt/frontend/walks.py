"""Walks over statements alone: expressions, which are most of a function's text, hold none of
what is looked for here, since the language has no assignment in an expression."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

_TARGETS = ("target", "targets", "optional_vars")


def statements(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """What stands among and below some nodes, but for expressions; in textual order."""
    for node in nodes:
        if isinstance(node, ast.expr):
            continue
        yield node
        for name in node._fields:
            inner = getattr(node, name, None)
            if isinstance(inner, list) and inner and isinstance(inner[0], ast.AST):
                yield from statements(inner)


def stored_names(nodes: Iterable[ast.AST]) -> dict[str, int]:
    """The names that these nodes assign, loop variables included, with their first lines."""
    lines: dict[str, int] = {}
    given = list(nodes)
    targets = [node for node in given if isinstance(node, ast.expr)]
    for node in statements(given):
        for name in _TARGETS:
            target = getattr(node, name, None)
            targets += target if isinstance(target, list) else [] if target is None else [target]
    for target in targets:
        for node in [target] if isinstance(target, ast.Name) else ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                lines[node.id] = min(node.lineno, lines.get(node.id, node.lineno))
    return lines


def loop_variables(nodes: Iterable[ast.AST]) -> dict[str, int]:
    """The variables of the `for` loops among and below these nodes, with their lines."""
    return {
        node.target.id: node.lineno
        for node in statements(nodes)
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name)
    }
