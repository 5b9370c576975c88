"""Subscripts and loop bounds that are read from data: `x[col[k]]`, `range(ptr[i], ptr[i + 1])`."""

from __future__ import annotations

import ast

from polyopt.frontend.affine import read_affine
from polyopt.frontend.context import Context, Pending
from polyopt.frontend.dispatch import read_expression
from polyopt.frontend.values import Value, affine_of
from polyopt.model.affine import Affine
from polyopt.model.expr import Binary, Datum, Load, ScalarArg, walk
from polyopt.model.types import i64


def read_index(context: Context, node: ast.expr, role: str) -> Affine:
    """The value of `node`, which stands as a `role`: affine, or an integer read from data.

    Raises NotAffineError at the innermost expression where it is neither.
    """
    try:
        value = read_expression(context, node)
    except Pending:  # the round is read again once the type is known
        return Affine()
    affine = affine_of(value)
    if affine is not None:
        return affine
    if not (_is_data(value) or (role == "subscript" and _is_remainder(value))):
        return read_affine(context, node, role)
    datum = Datum(context.coerce(value, i64, node), context.text(node))
    return Affine(((datum, 1),), 0)


def _is_data(value: Value) -> bool:
    reads = any(isinstance(e, Load | ScalarArg) for e in walk(value.expr))
    return reads and value.type.dtype.is_integer


def _is_remainder(value: Value) -> bool:
    """Whether it is `… % n`, of which the run knows that it lies in [0, n)."""
    return isinstance(value.expr, Binary) and value.expr.op == "mod"
