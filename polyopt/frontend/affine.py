"""Expressions that must be quasi-affine: bounds, subscripts, shapes, assumptions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from polyopt.frontend import messages
from polyopt.frontend.captured import Function, resolve
from polyopt.frontend.context import Context, Pending
from polyopt.frontend.dispatch import read_expression
from polyopt.frontend.values import LARGEST, affine_of
from polyopt.model.affine import Affine, Compare, Relation, choice, extreme
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
    if op in _LINEAR:
        return _LINEAR[op](left, right)
    if op == "mul" and left.is_constant:
        left, right = right, left
    if op == "pow" and not left.is_constant:
        return None
    return (
        _BY_CONSTANT[op](left, right.constant) if right.is_constant and op in _BY_CONSTANT else None
    )


_LINEAR: Mapping[BinaryOp, Callable[[Affine, Affine], Affine]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "min": lambda a, b: extreme("min", [a, b]),
    "max": lambda a, b: extreme("max", [a, b]),
}


def wrapped(context: Context, op: BinaryOp, left: Affine, size: Affine) -> Affine | None:
    """`left % size`, of a size that is no constant, where `left` is known to lie less than one size
    outside of [0, size), as in `(i + 1) % n`; else None."""
    if op != "mod" or left.is_data or size.is_data:
        return None
    zero, one = Affine.integer(0), Affine.integer(1)

    def happens(relation: Relation, value: Affine, bound: Affine) -> bool:
        return context.flow.happens(*context.known(), Compare(relation, value, bound))

    far = happens("<", size, one) or happens("<", left, -size) or happens(">=", left, size * 2)
    if far:
        return None
    value = left
    if happens(">=", left, size):
        value = choice(Compare(">=", left, size), left - size, value)
    if happens("<", left, zero):
        value = choice(Compare("<", left, zero), left + size, value)
    return value


def _floordiv(affine: Affine, divisor: int) -> Affine | None:
    if divisor == 0:
        return None
    return affine // divisor if divisor > 0 else -affine // -divisor


def _mod(affine: Affine, divisor: int) -> Affine | None:
    if divisor == 0:
        return None
    return affine % divisor if divisor > 0 else -(-affine % -divisor)


def _power(affine: Affine, exponent: int) -> Affine | None:
    return Affine.integer(affine.constant**exponent) if 0 <= exponent < 64 else None


_BY_CONSTANT: Mapping[BinaryOp, Callable[[Affine, int], Affine | None]] = {
    "mul": lambda a, c: a * c,
    "floordiv": _floordiv,
    "mod": _mod,
    "pow": _power,
    "lshift": lambda a, c: a * 2**c if 0 <= c < 63 else None,
    "rshift": lambda a, c: a // 2**c if 0 <= c < 63 else None,
}


def _reason(context: Context, node: ast.expr) -> tuple[ast.expr, str]:
    """The innermost expression that is not affine although its operands are, and why."""
    for operand in _operands(context, node):
        if not _is_affine(context, operand):
            return _reason(context, operand)
    return node, _own_reason(context, node)


def _operands(context: Context, node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Call(func=function, args=arguments):
            known = resolve(context, function)
            is_extreme = isinstance(known, Function) and known.name in ("min", "max", "abs")
            return arguments if is_extreme else []
        case _:
            return []


def _is_affine(context: Context, node: ast.expr) -> bool:
    try:
        return affine_of(read_expression(context, node)) is not None
    except Pending:
        return False


def _is_large(context: Context, node: ast.expr) -> bool:
    """Whether it is an integer that all of its parts would be affine without."""
    try:
        constant = read_expression(context, node).constant
    except Pending:
        return False
    return type(constant) is int and abs(constant) > LARGEST


def _own_reason(context: Context, node: ast.expr) -> str:
    if _is_large(context, node):
        return messages.LARGE
    match node:
        case ast.BinOp(op=operator, right=divisor):
            if isinstance(operator, ast.FloorDiv | ast.Mod) and _is_zero(divisor):
                return messages.DIVISION_BY_ZERO
            if isinstance(operator, ast.Mult) and not _has_iterator(context, node):
                return messages.PRODUCT_OF_SIZES
            return _OPERATOR_REASONS.get(type(operator), messages.OTHER_OPERATION)
        case ast.Name(id=name):
            return _name_reason(context, name)
        case ast.Constant(value=value):
            return messages.CONSTANT(kind=type(value).__name__)
        case _:
            return _REASONS.get(type(node), messages.OTHER_OPERATION)


_OPERATOR_REASONS: Mapping[type[ast.operator], str] = {
    ast.Mult: messages.PRODUCT,
    ast.FloorDiv: messages.DIVISOR,
    ast.Mod: messages.DIVISOR,
    ast.Div: messages.TRUE_DIVISION,
}
_REASONS: Mapping[type[ast.expr], str] = {
    ast.Subscript: messages.INDIRECTION,
    ast.Compare: messages.TRUTH_VALUE,
    ast.BoolOp: messages.TRUTH_VALUE,
    ast.IfExp: messages.CONDITIONAL,
    ast.Call: messages.CALL,
}


def _name_reason(context: Context, name: str) -> str:
    if name in context.data:
        return messages.DATA_NAME(name=name, reason=context.data[name])
    if name in context.signature.scalars:
        dtype = context.signature.scalars[name].dtype
        return messages.SCALAR_ARGUMENT(name=name, dtype=dtype)
    return messages.OTHER_NAME


def _has_iterator(context: Context, node: ast.expr) -> bool:
    affine = [affine_of(read_expression(context, side)) for side in _operands(context, node)]
    names = {name for side in affine if side is not None for name in side.names()}
    return not names <= context.signature.parameter_names


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0
