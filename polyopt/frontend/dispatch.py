"""From a syntax node to the function that reads it.

Readers of expressions and of statements refer to one another; they meet in these two tables.
What has no reader is refused with its own words (`constructs.CONSTRUCTS`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TypeVar

from polyopt.frontend import constructs
from polyopt.frontend.context import Context
from polyopt.frontend.values import Value
from polyopt.model.nest import Node

ExpressionReader = Callable[[Context, ast.expr], Value]
StatementReader = Callable[[Context, ast.stmt], list[Node]]

_EXPRESSIONS: dict[type[ast.expr], ExpressionReader] = {}
_STATEMENTS: dict[type[ast.stmt], StatementReader] = {}
_EXPANDERS: list[Callable[[Context, ast.stmt], list[Node] | None]] = []

E = TypeVar("E", bound=ast.expr)
S = TypeVar("S", bound=ast.stmt)


def expression(
    kind: type[E],
) -> Callable[[Callable[[Context, E], Value]], Callable[[Context, E], Value]]:
    """Register the reader of one kind of expression."""

    def register(reader: Callable[[Context, E], Value]) -> Callable[[Context, E], Value]:
        _EXPRESSIONS[kind] = reader  # type: ignore[assignment]  # looked up by the same kind
        return reader

    return register


def statement(
    kind: type[S],
) -> Callable[[Callable[[Context, S], list[Node]]], Callable[[Context, S], list[Node]]]:
    """Register the reader of one kind of statement."""

    def register(reader: Callable[[Context, S], list[Node]]) -> Callable[[Context, S], list[Node]]:
        _STATEMENTS[kind] = reader  # type: ignore[assignment]  # looked up by the same kind
        return reader

    return register


def expander(
    reader: Callable[[Context, ast.stmt], list[Node] | None],
) -> Callable[[Context, ast.stmt], list[Node] | None]:
    """Register a reader that is asked before those by kind, and gives None for what is not its."""
    _EXPANDERS.append(reader)
    return reader


def read_expression(context: Context, node: ast.expr) -> Value:
    """An expression as a typed value.

    Raises UnsupportedSyntaxError for what the language does not have, NotAffineError for a
    subscript that is not affine, Pending for a scalar whose type is not known yet.
    """
    reader = _EXPRESSIONS.get(type(node))
    if reader is None:
        raise context.unsupported(node, constructs.construct(node))
    return reader(context, node)


def read_statements(context: Context, nodes: Iterable[ast.stmt]) -> list[Node]:
    """A suite of statements as nodes of the loop nest."""
    result: list[Node] = []
    for node in nodes:
        expanded = next((e for f in _EXPANDERS if (e := f(context, node)) is not None), None)
        if expanded is not None:
            result.extend(expanded)
            continue
        reader = _STATEMENTS.get(type(node))
        if reader is None:
            raise context.unsupported(node, constructs.construct(node))
        result.extend(reader(context, node))
    return result
