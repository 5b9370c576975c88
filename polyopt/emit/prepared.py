"""What scalars do to each element that is read from a packed buffer is done once, in the copy.

    C[i, j] += alpha * A_pack[i, k] * B[k, j]    →    A_pack holds alpha * A[i, k]

The product is the same to the last bit: it is one subexpression of the statement, computed from
the same operands; but it is computed once an element, not once for each of its uses.
"""

from __future__ import annotations

from collections.abc import Mapping

from polyopt.emit.loops import Promote
from polyopt.model.expr import Binary, Expr, Index, Load, children, loads, rebuild, walk
from polyopt.model.scop import Scop

_HOLE = ""


def preparation(node: Promote, scop: Scop) -> Expr | None:
    """The expression of an element that every read of a pack stands in, the element being a load
    of no array; None where they are read as they are."""
    found: set[Expr | None] = set()
    for name, subscripts in node.targets:
        statement = scop.statement(name)
        for expr in (statement.guard, statement.value):
            if expr is not None:
                found |= {
                    _around(path)
                    for path in _paths(expr)
                    if _is_load(path[-1], node.array, subscripts)
                }
    return found.pop() if len(found) == 1 else None


def _is_load(expr: Expr, array: str, subscripts: object) -> bool:
    return isinstance(expr, Load) and expr.array == array and expr.subscripts == subscripts


def _paths(expr: Expr) -> list[tuple[Expr, ...]]:
    """The nodes from an expression down to each of its leaves."""
    below = [path for child in children(expr) for path in _paths(child)]
    return [(expr, *path) for path in below] or [(expr,)]


def _around(path: tuple[Expr, ...]) -> Expr | None:
    """The largest expression on a path up from a load that scalars make of it."""
    load = path[-1]
    best: Expr | None = None
    for below, node in zip(reversed(path), reversed(path[:-1]), strict=False):
        if not isinstance(node, Binary) or node.dtype != load.dtype or node.dtype.kind != "f":
            break
        other = node.right if node.left is below else node.left
        if node.op not in ("add", "sub", "mul", "div") or not _is_scalar(other):
            break
        best = node
    return None if best is None else filled_in(best, Load(_HOLE, (), load.dtype), load)


def _is_scalar(expr: Expr) -> bool:
    return not any(isinstance(node, Load | Index) for node in walk(expr))


def filled_in(template: Expr, new: Expr, hole: Expr | None = None) -> Expr:
    """A template with its hole replaced."""

    def change(node: Expr) -> Expr:
        is_hole = isinstance(node, Load) and node.array == _HOLE if hole is None else node == hole
        return new if is_hole else node

    return rebuild(template, change)


def read_as(node: Expr, prepared: Mapping[str, Expr]) -> Expr:
    """The load that an expression is, where a buffer holds its value; else the expression."""
    if not isinstance(node, Binary):
        return node
    inside = loads(node)
    template = prepared.get(inside[0].array) if len(inside) == 1 else None
    if template is None or node != filled_in(template, inside[0]):
        return node
    return inside[0]
