"""Expressions that must be quasi-affine: bounds, subscripts, shapes, assumptions."""

from __future__ import annotations

import ast
from typing import Literal

from polyopt.frontend import messages
from polyopt.frontend.context import Context, Pending
from polyopt.frontend.dispatch import read_expression
from polyopt.frontend.values import affine_of
from polyopt.model.affine import Affine, extreme
from polyopt.model.expr import BinaryOp


def read_affine(context: Context, node: ast.expr, role: str) -> Affine:
    """The affine value of `node`, which stands as a `role` ("subscript", "bound", …).

    Raises NotAffineError at the innermost expression that breaks the rule.
    """
    try:
        value = read_expression(context, node)
    except Pending:
        value = None
    affine = affine_of(value) if value is not None else None
    if affine is None:
        culprit, reason = _reason(context, node)
        raise context.not_affine(
            culprit, messages.not_affine(role, context.text(node), context.text(culprit), reason)
        )
    return affine


def combine(op: BinaryOp, left: Affine, right: Affine) -> Affine | None:
    """`left op right` where that is affine again, else None."""
    constant = right.constant if right.is_constant else None
    match op:
        case "add":
            return left + right
        case "sub":
            return left - right
        case "mul":
            if constant is None and left.is_constant:
                return right * left.constant
            return left * constant if constant is not None else None
        case "floordiv" if constant:
            return left // constant if constant > 0 else -left // -constant
        case "mod" if constant:
            return left % constant if constant > 0 else -(-left % -constant)
        case "lshift" if constant is not None and 0 <= constant < 63:
            return left * 2**constant
        case "rshift" if constant is not None and 0 <= constant < 63:
            return left // 2**constant
        case "pow" if constant is not None and constant >= 0 and left.is_constant:
            return Affine.integer(left.constant**constant)
        case "min" | "max":
            kind: Literal["min", "max"] = "min" if op == "min" else "max"
            return extreme(kind, [left, right])
        case _:
            return None


def _reason(context: Context, node: ast.expr) -> tuple[ast.expr, str]:
    """The innermost expression that is not affine although its operands are, and why."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and not isinstance(node, ast.Subscript | ast.Attribute):
            if isinstance(node, ast.Call) and child is node.func:
                continue
            if not _is_affine(context, child):
                return _reason(context, child)
    return node, _own_reason(context, node)


def _is_affine(context: Context, node: ast.expr) -> bool:
    try:
        return affine_of(read_expression(context, node)) is not None
    except Pending:
        return False


def _own_reason(context: Context, node: ast.expr) -> str:
    match node:
        case ast.BinOp(op=ast.Mult()):
            return messages.PRODUCT
        case ast.BinOp(op=ast.FloorDiv() | ast.Mod(), right=divisor):
            return messages.DIVISION_BY_ZERO if _is_zero(divisor) else messages.DIVISOR
        case ast.BinOp(op=ast.Div()):
            return messages.TRUE_DIVISION
        case ast.Subscript():
            return messages.INDIRECTION
        case ast.Name(id=name) if name in context.data:
            return messages.data_name(name, context.data[name])
        case ast.Name(id=name) if name in context.signature.scalars:
            return messages.scalar_argument(name, str(context.signature.scalars[name].dtype))
        case ast.Constant(value=value):
            return messages.constant(type(value).__name__)
        case ast.Compare() | ast.BoolOp():
            return messages.TRUTH_VALUE
        case ast.IfExp():
            return messages.CONDITIONAL
        case ast.Call():
            return messages.CALL
        case _:
            return messages.OTHER_OPERATION


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0
