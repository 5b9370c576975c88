"""Recognition of reductions: assignments `target = target op operand` in any of their spellings."""

from __future__ import annotations

from polyopt.model.expr import (
    Binary,
    BinaryOp,
    Comparison,
    Expr,
    Load,
    Logical,
    Select,
    Unary,
    loads,
)
from polyopt.model.nest import Assign
from polyopt.model.scop import Reduction, ReductionOp
from polyopt.model.types import DType

_ASSOCIATIVE: dict[BinaryOp, ReductionOp] = {
    "add": "add", "mul": "mul", "and": "and", "or": "or", "xor": "xor",
}  # fmt: skip


def recognise(assign: Assign, dtype: DType) -> Reduction | None:
    """The reduction that an assignment is, None where it is none.

    Recognised: `x + e`, `e + x`, `x - e`, `(x + a) + b`, products, bitwise and logical forms;
    `min(x, e)`, `max(x, e)` and the conditional forms `e if e < x else x`. The minimum forms
    keep `x` when `e` is NaN, whatever the order; `min(e, x)` does not, and so on floats is none.
    A guard must not read the target, nor may the operand read the very same element.
    """
    target = Load(assign.array, assign.subscripts, dtype)
    if assign.guard is not None and target in loads(assign.guard):
        return None
    found = _extremum(assign.value, target, dtype) or _associative(assign.value, target, dtype)
    if found is None or target in loads(found.operand):
        return None
    return found


def _associative(value: Expr, target: Load, dtype: DType) -> Reduction | None:
    exact = not dtype.is_inexact
    if isinstance(value, Logical):
        if value.left == target:
            return Reduction(value.op, value.right, True)
        return None
    if not isinstance(value, Binary) or value.dtype != dtype:
        return None
    if value.op == "sub":
        inner = _peel(value.left, target, "add")
        if inner is None:
            return None
        minus = Unary("neg", value.right, dtype)
        return Reduction("add", _also(inner, minus, "add", dtype), exact)
    op = _ASSOCIATIVE.get(value.op)
    if op is None or (op == "mul" and dtype.is_complex):
        return None
    for first, second in ((value.left, value.right), (value.right, value.left)):
        inner = _peel(first, target, value.op)
        if inner is not None:
            return Reduction(op, _also(inner, second, value.op, dtype), exact)
    return None


def _peel(side: Expr, target: Load, op: BinaryOp) -> tuple[Expr, ...] | None:
    """The other operands where `side` is the target under a chain of `op`, else None."""
    if side == target:
        return ()
    if isinstance(side, Binary) and side.op in (op, "sub" if op == "add" else op):
        left = _peel(side.left, target, op)
        if left is not None:
            minus = side.op == "sub"
            return (*left, Unary("neg", side.right, side.dtype) if minus else side.right)
        if side.op == op:
            right = _peel(side.right, target, op)
            if right is not None:
                return (side.left, *right)
    return None


def _also(inner: tuple[Expr, ...], last: Expr, op: BinaryOp, dtype: DType) -> Expr:
    parts = (*inner, last)
    total = parts[0]
    for part in parts[1:]:
        total = Binary(op, total, part, dtype)
    return total


def _extremum(value: Expr, target: Load, dtype: DType) -> Reduction | None:
    exact = not dtype.is_float
    match value:
        case Binary(op="min" | "max" as op, left=left, right=right, dtype=kind) if kind == dtype:
            if left == target:
                return Reduction(op, right, exact)
            if right == target and exact:
                return Reduction(op, left, exact)
        case Select(condition=Comparison() as test, then=then, otherwise=otherwise):
            return _conditional(test, then, otherwise, target, exact)
    return None


def _conditional(
    test: Comparison, then: Expr, otherwise: Expr, target: Load, exact: bool
) -> Reduction | None:
    """`e if e < x else x`, and on integers `x if x < e else e`, with every relation."""
    flipped = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
    if test.op not in flipped:
        return None
    if otherwise == target and (test.left, test.right) == (then, target):
        return Reduction("min" if test.op in "<=" else "max", then, exact)
    if otherwise == target and (test.right, test.left) == (then, target):
        return Reduction("min" if flipped[test.op] in "<=" else "max", then, exact)
    if not exact or then != target:
        return None
    if (test.left, test.right) == (target, otherwise):
        return Reduction("min" if test.op in "<=" else "max", otherwise, exact)
    if (test.right, test.left) == (target, otherwise):
        return Reduction("min" if flipped[test.op] in "<=" else "max", otherwise, exact)
    return None
