"""Arithmetic on `f16`: in `f32`, each result rounded back, as NumPy does it.

    C[i] = A[i] * B[i] + C[i]   →   C[i] = f16(f32(f16(f32(A[i]) * f32(B[i]))) + f32(C[i]))

The sum, difference, product, quotient and root of two `f16`, rounded to `f32` and then to `f16`,
are the rounded exact ones. What cannot need rounding (a sign, a choice) is not rounded. So the
model has `f16` in loads, constants, arguments, choices and conversions to and from `f32`, and in
conversions from `f64`, which round once.
"""

from __future__ import annotations

from dataclasses import replace

from polyopt.model.expr import (
    Binary,
    Call,
    Cast,
    Comparison,
    Const,
    Expr,
    Select,
    Unary,
    change_data,
    rebuild_all,
)
from polyopt.model.nest import Assign, Branch, Loop, LoopNest, Node
from polyopt.model.types import f16, f32, f64

_EXACT = frozenset({
    "floor", "ceil", "trunc", "rint", "copysign", "np.maximum", "np.minimum", "np.fmax", "np.fmin",
    "np.clip_low", "np.clip_high", "np.sign", "np.heaviside",
})  # fmt: skip
"""Functions that give an `f16` for every `f16`."""


def in_floats(nest: LoopNest) -> LoopNest:
    """The nest with its arithmetic on `f16` in `f32`."""
    return replace(nest, body=tuple(_node(node) for node in nest.body))


def _node(node: Node) -> Node:
    match node:
        case Loop():
            lower, upper = (change_data(b, _in_float) for b in (node.lower, node.upper))
            return replace(node, lower=lower, upper=upper, body=tuple(map(_node, node.body)))
        case Branch():
            then, otherwise = (tuple(map(_node, side)) for side in (node.then, node.otherwise))
            return replace(node, then=then, otherwise=otherwise)
        case Assign():
            subscripts = tuple(change_data(s, _in_float) for s in node.subscripts)
            guard = None if node.guard is None else rebuild_all(node.guard, _in_float)
            value = rebuild_all(node.value, _in_float)
            return replace(node, subscripts=subscripts, value=value, guard=guard)


def _in_float(expr: Expr) -> Expr:
    """An operation whose operands are done already."""
    match expr:
        case Cast(operand, dtype) if operand.dtype is f16 and dtype is not f16:
            wide = _wide(operand)
            return wide if dtype is f32 else Cast(wide, dtype)
        case Cast(operand, dtype) if dtype is f16 and operand.dtype not in (f16, f32, f64):
            return Cast(Cast(operand, f32), f16)
        case Comparison(left=left, right=right) if left.dtype is f16:
            return replace(expr, left=_wide(left), right=_wide(right))
        case Call(arguments=arguments) if any(a.dtype is f16 for a in arguments):
            wide_call = replace(expr, arguments=tuple(map(_wide, arguments)))
            return Cast(replace(wide_call, dtype=f32), f16) if expr.dtype is f16 else wide_call
        case Unary(operand=operand) if expr.dtype is f16:
            return Cast(replace(expr, operand=_wide(operand), dtype=f32), f16)
        case Binary(left=left, right=right) if expr.dtype is f16:
            return Cast(replace(expr, left=_wide(left), right=_wide(right), dtype=f32), f16)
        case _:
            return expr


def _wide(expr: Expr) -> Expr:
    """An `f16` as an `f32`; what was an `f16` before it was rounded is not rounded."""
    if expr.dtype is not f16:
        return expr
    if isinstance(expr, Const):
        return Const(expr.value, f32)
    if isinstance(expr, Select):
        return replace(expr, then=_wide(expr.then), otherwise=_wide(expr.otherwise), dtype=f32)
    if isinstance(expr, Cast) and _is_half(expr.operand):
        return expr.operand
    return Cast(expr, f32)


def _is_half(expr: Expr) -> bool:
    """Whether the value of an `f32` is one of an `f16`."""
    match expr:
        case Cast(operand=operand):
            return operand.dtype is f16
        case Unary(operand=operand):
            return _is_half(operand)
        case Binary(op="min" | "max", left=left, right=right):
            return _is_half(left) and _is_half(right)
        case Select(then=then, otherwise=otherwise):
            return _is_half(then) and _is_half(otherwise)
        case Call(function=function, arguments=arguments):
            return function in _EXACT and all(map(_is_half, arguments))
        case Const(value=value):
            return float(f16.numpy.type(value)) == value
        case _:
            return False
