"""Recurrences that a prefix operation computes: each value is an operand combined with the last.

    H[j] = max(0, a[j], H[j - 1] - 1)    is    H[j] = max(T[j], H[j - 1] + step)    with step = -1
    T[j] = max(0, a[j], 0 - 1): the value with the least that H[j - 1] can be in its place

Sums, and minima and maxima of integers: these are associative, and what is between two of them is
added along the way (Blelloch, Prefix Sums and Their Applications, 1990).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from polyopt.model.affine import Affine
from polyopt.model.expr import Binary, BinaryOp, Const, Expr, Load, loads, rebuild, substitute, walk
from polyopt.model.scop import Scop, Statement
from polyopt.model.types import DType, FpMode

_MOST_NODES = 64
"""Operations of a body whose temporaries are written into one expression."""
_MOST_STEP = 4096
"""With at most 2**48 elements in an array, steps add up to what 64 bits hold."""

Op = Literal["add", "min", "max"]
Part = tuple[Statement, Mapping[str, Affine]]
"""A statement of the body and the values of its iterators."""


@dataclass(frozen=True)
class Recurrence:
    """`array[subscripts]` is `operand` combined by `op` with the element before plus `step`.

    It holds from the loop's second iteration on: the element before is then one of its results.
    """

    array: str
    subscripts: tuple[Affine, ...]
    dtype: DType
    op: Op
    operand: Expr
    step: int


def recurrence_along(
    parts: Sequence[Part], scop: Scop, variable: str, fp: FpMode
) -> Recurrence | None:
    """What a loop's body computes along its variable; None where that is no such recurrence.

    All statements but the last assign private scalars, which are written into the last.
    """
    value = _composed(parts, scop)
    if value is None:
        return None
    statement, values = parts[-1]
    subscripts = tuple(s.substitute(values) for s in statement.subscripts)
    dtype = scop.dtype(statement.array)
    before = _before(subscripts, variable)
    if before is None or value.dtype != dtype:
        return None
    last = Load(statement.array, before, dtype)
    found = [x for x in loads(value) if x.array == statement.array and x != last]
    if not all(_is_elsewhere(x.subscripts, subscripts, variable) for x in found):
        return None
    form = _form(value, last, fp)
    if form is None:
        return None
    op, start, step = form
    operand = rebuild(value, lambda node: start if node == last else node)
    return Recurrence(statement.array, subscripts, dtype, op, operand, step)


def _composed(parts: Sequence[Part], scop: Scop) -> Expr | None:
    """The last statement's value, the scalars before it written in."""
    private = scop.private_scalars
    known: dict[Load, Expr] = {}
    value: Expr | None = None
    for number, (statement, values) in enumerate(parts):
        if statement.guard is not None or statement.late or statement.exits:
            return None
        value = _with(substitute(statement.value, dict(values)), known)
        if sum(1 for _ in walk(value)) > _MOST_NODES:
            return None
        if any(s.is_data for x in loads(value) for s in x.subscripts):
            return None
        if number + 1 < len(parts):
            if statement.array not in private or value.dtype != scop.dtype(statement.array):
                return None
            subscripts = tuple(s.substitute(values) for s in statement.subscripts)
            known[Load(statement.array, subscripts, value.dtype)] = value
    if value is None or any(x.array in private for x in loads(value)):
        return None
    return value


def _with(value: Expr, known: Mapping[Load, Expr]) -> Expr:
    def change(node: Expr) -> Expr:
        return known.get(node, node) if isinstance(node, Load) else node

    return rebuild(value, change)


def _before(subscripts: tuple[Affine, ...], variable: str) -> tuple[Affine, ...] | None:
    """The subscripts one iteration earlier, where the loop moves one of them by one."""
    moved = [s for s in subscripts if variable in s.names()]
    if len(moved) != 1 or any(s.is_data for s in subscripts):
        return None
    if moved[0].coefficient(variable) != 1:
        return None
    if variable in (moved[0] - Affine.name(variable)).names():
        return None
    return tuple(s - 1 if variable in s.names() else s for s in subscripts)


def _is_elsewhere(
    subscripts: tuple[Affine, ...], target: tuple[Affine, ...], variable: str
) -> bool:
    """Whether no iteration of the loop writes an element that is read."""
    differences = (
        a - b
        for a, b in zip(subscripts, target, strict=True)
        if variable not in a.names() | b.names()
    )
    return any(d.is_constant and d.constant for d in differences)


# ---- forms -----------------------------------------------------------------------------------


def _form(value: Expr, last: Load, fp: FpMode) -> tuple[Op, Const, int] | None:
    """The operation, what stands for the element before in the operand, and the step."""
    dtype = last.dtype
    if value == last or dtype.kind in "bc" or not _reads(value, last):
        return None
    if (dtype.is_integer or fp != "strict") and _is_sum(value, last):
        return "add", Const(0.0 if dtype.is_float else 0, dtype), 0
    if not dtype.is_integer:
        return None
    kinds: tuple[Op, Op] = ("max", "min")
    return next((f for op in kinds if (f := _extremum(value, last, op))), None)


def _reads(expr: Expr, last: Load) -> bool:
    return any(node == last for node in walk(expr))


def _is_sum(value: Expr, last: Load) -> bool:
    """Whether the element before is one term, with a plus."""
    match value:
        case Load():
            return value == last
        case Binary("add" | "sub" as op, left, right, dtype) if dtype == last.dtype:
            if _reads(right, last):
                return op == "add" and not _reads(left, last) and _is_sum(right, last)
            return _is_sum(left, last)
    return False


def _extremum(value: Expr, last: Load, op: Op) -> tuple[Op, Const, int] | None:
    steps = _steps(value, last, op)
    low, high = last.dtype.limits
    if steps is None or len(steps) != 1:
        return None
    (step,) = steps
    if step == 0:
        return op, Const(low if op == "max" else high, last.dtype), 0
    start = _limit(value, op)
    if start is None or not low <= start + step <= high:
        return None
    if abs(step) > _MOST_STEP or last.dtype.bits > 32:
        return None
    return op, Const(start, last.dtype), step


def _steps(value: Expr, last: Load, op: Op) -> frozenset[int] | None:
    """What is added to the element before on each way to the result, which must lead away from
    where integers wrap; None where the form is another one."""
    if value == last:
        return frozenset({0})
    if not isinstance(value, Binary) or value.dtype != last.dtype:
        return None
    left, right = _reads(value.left, last), _reads(value.right, last)
    if value.op == op:
        sides = [
            _steps(side, last, op)
            for side, reads in ((value.left, left), (value.right, right))
            if reads
        ]
        return None if None in sides else frozenset(s for side in sides if side for s in side)
    added = _added(value.op, value.right) if left and not right else None
    if added is None and value.op == "add" and right and not left:
        added = _added(value.op, value.left)
    inner = _steps(value.left if left else value.right, last, op)
    if added is None or inner is None or (added > 0) == (op == "max"):
        return None
    return frozenset(s + added for s in inner)


def _added(op: BinaryOp, other: Expr) -> int | None:
    """The constant that a sum or a difference adds."""
    if op not in ("add", "sub") or not isinstance(other, Const) or not other.value:
        return None
    return other.integer if op == "add" else -other.integer


def _limit(value: Expr, op: Op) -> int | None:
    """A bound that the result never passes, whatever is read: the least for "max"."""
    if isinstance(value, Const):
        return value.integer
    if not isinstance(value, Binary) or value.op != op:
        return None
    found = [b for b in (_limit(value.left, op), _limit(value.right, op)) if b is not None]
    if not found:
        return None
    return max(found) if op == "max" else min(found)
