"""Conditions: affine ones for domains and assumptions, and what is known without running."""

from __future__ import annotations

import ast

from polyopt.errors import PolyoptError
from polyopt.frontend import constructs, messages
from polyopt.frontend.affine import combine
from polyopt.frontend.captured import resolve
from polyopt.frontend.context import Context, Pending
from polyopt.frontend.data import COMPARE
from polyopt.frontend.dispatch import read_expression
from polyopt.frontend.values import LARGEST, affine_of
from polyopt.model import affine as af
from polyopt.model.affine import Affine, Condition
from polyopt.model.expr import Binary, Const, Expr, Index, Unary
from polyopt.model.types import DType

TRUE, FALSE = af.All(), af.Any()


def constant(condition: Condition) -> bool | None:
    """The truth of a condition that no size or iterator decides."""
    if condition == TRUE:
        return True
    return False if condition == FALSE else None


def affine_condition(context: Context, node: ast.expr) -> Condition | None:
    """The affine condition that `node` is; None where it depends on data."""
    match node:
        case ast.BoolOp(op=op, values=values):
            parts = [affine_condition(context, value) for value in values]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                return None
            return conjunction(known) if isinstance(op, ast.And) else disjunction(known)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = affine_condition(context, operand)
            return None if inner is None else opposite(inner)
        case ast.Compare():
            return _comparison(context, node)
        case _:
            return _truth(context, node)


def conjunction(parts: list[Condition]) -> Condition:
    """All of the parts; constants among them are folded."""
    if FALSE in parts:
        return FALSE
    kept = tuple(part for part in parts if part != TRUE)
    return kept[0] if len(kept) == 1 else af.All(kept)


def disjunction(parts: list[Condition]) -> Condition:
    """Any of the parts; constants among them are folded."""
    if TRUE in parts:
        return TRUE
    kept = tuple(part for part in parts if part != FALSE)
    return kept[0] if len(kept) == 1 else af.Any(kept)


def opposite(condition: Condition) -> Condition:
    """The negation; constants are folded."""
    if condition in (TRUE, FALSE):
        return FALSE if condition == TRUE else TRUE
    return condition.operand if isinstance(condition, af.Not) else af.Not(condition)


def _comparison(context: Context, node: ast.Compare) -> Condition | None:
    static = _static_comparison(context, node)
    if static is not None:
        return TRUE if static else FALSE
    _refuse_large(context, node)
    sides = [_affine(context, side) for side in (node.left, *node.comparators)]
    links: list[Condition] = []
    for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
        if left is None or right is None or type(op) not in COMPARE:
            return None
        links.append(_fold(af.Compare(COMPARE[type(op)], left, right)))
    return conjunction(links)


def _refuse_large(context: Context, node: ast.Compare) -> None:
    """Refuse a comparison of sizes and loop variables that 64 bits may not hold: it decides what
    runs, so it must not wrap as data do.

    Raises NotAffineError.
    """
    forms = [_exact(context, side) for side in (node.left, *node.comparators)]
    known = [form for form in forms if form is not None]
    factors = [factor for form in known for _, factor in form.terms]
    sums = [form.constant for form in known if form.terms]
    beyond = any(abs(f) > LARGEST for f in factors) or any(abs(c) > _LARGEST_SUM for c in sums)
    if beyond and len(known) == len(forms):
        text = context.text(node)
        message = messages.not_affine("condition", text, text, messages.LARGE)
        raise context.not_affine(node, message)


_LARGEST_SUM = 1 << 62
"""What may be added to a size: both together stay within 64 bits."""


def _exact(context: Context, node: ast.expr) -> Affine | None:
    """The integer that an expression is before it wraps, of sizes and loop variables; else None."""
    try:
        return _exact_form(read_expression(context, node).expr)
    except Pending:
        return None


def _exact_form(expr: Expr) -> Affine | None:
    match expr:
        case Index(value):
            return value
        case Const(dtype=dtype) if dtype.is_integer:
            return Affine.integer(expr.integer)
        case Unary("neg", operand):
            inner = _exact_form(operand)
            return None if inner is None else -inner
        case Binary(op, left, right):
            a, b = _exact_form(left), _exact_form(right)
            return None if a is None or b is None else combine(op, a, b)
        case _:
            return None


def _fold(condition: af.Compare) -> Condition:
    difference = condition.left - condition.right
    if not difference.is_constant:
        return condition
    return TRUE if af.evaluate_condition(condition, _names(condition)) else FALSE


def _names(condition: af.Compare) -> dict[str, int]:
    """Any values: only differences that are constant are asked for."""
    return dict.fromkeys(condition.left.names() | condition.right.names(), 0)


def _truth(context: Context, node: ast.expr) -> Condition | None:
    try:
        value = read_expression(context, node)
    except Pending:
        return None
    if value.is_bool:
        return None if value.constant is None else (TRUE if value.constant else FALSE)
    affine = affine_of(value)
    return None if affine is None else _fold(af.Compare("!=", affine, Affine()))


def _affine(context: Context, node: ast.expr) -> Affine | None:
    try:
        return affine_of(read_expression(context, node))
    except Pending:
        return None


# ---- static properties ---------------------------------------------------------------------


def _static_comparison(context: Context, node: ast.Compare) -> bool | None:
    """The outcome of `A.dtype == np.float32` and the like."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return None
    left, right = (dtype_of(context, side) for side in (node.left, node.comparators[0]))
    if left is None or right is None:
        return None
    return (left is right) == isinstance(node.ops[0], ast.Eq)


def dtype_of(context: Context, node: ast.expr) -> DType | None:
    """The element type that `A.dtype`, `np.float32` or `po.f32` names."""
    if isinstance(node, ast.Attribute) and node.attr == "dtype":
        owner = node.value
        if isinstance(owner, ast.Name) and owner.id in context.arrays:
            return context.arrays[owner.id].dtype
    if not isinstance(node, ast.Name | ast.Attribute):
        return None
    try:
        found = resolve(context, node)
    except PolyoptError:
        return None
    return found if isinstance(found, DType) else None


def assumption(context: Context, node: ast.expr) -> Condition:
    """A condition on the parameters alone.

    Raises NotAffineError where it speaks of data, UnsupportedSyntaxError where it stands inside
    a loop or branch.
    """
    if context.depth:
        raise context.unsupported(node, constructs.ASSUMPTION_PLACE)
    condition = affine_condition(context, node)
    if condition is None:
        raise context.not_affine(node, constructs.ASSUMPTION_ON_DATA(text=context.text(node)))
    return condition
