"""The types of values, as NumPy 2 gives them (NEP 50: https://numpy.org/neps/nep-0050-scalar-promotion.html).

A value's type is a `ScalarType`: an element type, and whether it is weak. Python's own numbers
(literals, loop variables, sizes, `math.*` results) are weak: beside a strong value of their kind or
a higher one they take its type. Everything here follows what plain Python execution on NumPy
scalars gives.

Where one local is assigned several types, or the sides of a conditional expression, `min` or `max`
differ, Python's type depends on the data. The kernel's value then has their joined type, and
remembers its sides: what is computed from it must have the same bits whichever side was taken
(`operation_is_uniform` and its like), else it is refused. A literal among the sides counts as a
value of the joined type where that holds it exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Literal

import numpy as np

from polyopt.model.expr import BinaryOp
from polyopt.model.types import DType, ScalarType, bool_, f64, from_numpy, i64

WEAK_BOOL = ScalarType(bool_, weak=True)
WEAK_INT = ScalarType(i64, weak=True)
WEAK_FLOAT = ScalarType(f64, weak=True)

_RANK = {"b": 0, "i": 1, "f": 2}
_WEAK = (WEAK_BOOL, WEAK_INT, WEAK_FLOAT)


@dataclass(frozen=True, slots=True)
class Side:
    """A type that a value may have in Python; `constant` is the number where it is a weak one."""

    type: ScalarType
    constant: float | None = None


Sides = frozenset[Side]
UNMIXED: Sides = frozenset()


def join(types: Iterable[ScalarType]) -> ScalarType:
    """The type that values of all these types share (`np.result_type`)."""
    known = list(types)
    weak = max((_RANK[t.dtype.kind] for t in known if t.weak), default=0)
    strong = [t.dtype for t in known if not t.weak]
    if not strong:
        return _WEAK[weak]
    dtype = reduce(_promote, strong)
    if weak > _RANK[dtype.kind]:
        dtype = _WEAK[weak].dtype
    return ScalarType(dtype, weak=False)


def _promote(left: DType, right: DType) -> DType:
    promoted = from_numpy(np.promote_types(left.numpy, right.numpy))
    assert promoted is not None  # the five element types are closed under promotion
    return promoted


@dataclass(frozen=True, slots=True)
class Operation:
    """How to compute a binary operation: the operator, the operands' dtype, the result's type."""

    op: BinaryOp
    operands: DType
    result: ScalarType


Refusal = Literal["bool", "float", "power"]


def binary(op: BinaryOp, left: ScalarType, right: ScalarType) -> Operation | Refusal:
    """The typing of `left op right`.

    A refusal is "bool" where NumPy has no such operation on its bools, or computes it in 8 bits;
    "float" for bitwise operations on floats.
    """
    base = join((left, right))
    if base.dtype.is_float:
        return "float" if op in {"and", "or", "xor", "lshift", "rshift"} else _same(op, base)
    if op == "div":
        return Operation(op, f64, ScalarType(f64, base.weak))
    if base.dtype is bool_ and op not in {"and", "or", "xor"}:
        if base.weak:
            return _same(op, WEAK_INT)
        logical: dict[BinaryOp, BinaryOp] = {"add": "or", "mul": "and"}
        return _same(logical[op], base) if op in logical else "bool"
    return _same(op, base)


def _same(op: BinaryOp, base: ScalarType) -> Operation:
    return Operation(op, base.dtype, base)


def comparison(left: ScalarType, right: ScalarType) -> Operation:
    """The typing of a comparison: compared at the joined type, integers exactly."""
    base = join((left, right))
    return Operation("sub", base.dtype, ScalarType(bool_, base.weak))


# ---- values whose type depends on data -----------------------------------------------------


def mix(sides: Iterable[Side]) -> tuple[ScalarType, Sides]:
    """The joined type of these sides, and those that differ from it; UNMIXED where none does."""
    known = frozenset(sides)
    joined = join(side.type for side in known)
    strong = {side.type for side in known if not side.type.weak}
    adapts = not strong or join(strong) == joined
    kept = frozenset(
        s for s in known if not (adapts and s.constant is not None and _fits(s, joined))
    )
    return joined, UNMIXED if all(side.type == joined for side in kept) else kept


def _fits(side: Side, type_: ScalarType) -> bool:
    return side.type.weak and is_exact(side, type_.dtype)


def is_exact(side: Side, dtype: DType) -> bool:
    """Whether `dtype` holds every value of this side; indices and sizes stay below 2**53."""
    source = side.type.dtype
    if source is dtype or source is bool_:
        return True
    if side.constant is not None and dtype is not bool_:
        with np.errstate(over="ignore"):
            return _holds(dtype, side.constant)
    if source.is_float or not dtype.is_float:
        return source.kind == dtype.kind and source.bits <= dtype.bits
    return dtype is f64 and (source.bits <= 32 or side.type.weak)


def _holds(dtype: DType, number: float) -> bool:
    if dtype.is_float:
        return math.isnan(number) or float(dtype.numpy.type(number)) == number
    limit = 2 ** (dtype.bits - 1)
    return math.isfinite(number) and -limit <= number < limit and int(number) == number


def conversion_is_uniform(sides: Sides, joined: DType, dtype: DType) -> bool:
    """Whether each side converts to `dtype` as its joined value does."""
    return joined is dtype or all(is_exact(side, joined) for side in sides)


def operation_is_uniform(op: BinaryOp, left: Sides, right: Sides, typing: Operation) -> bool:
    """Whether `left op right` is computed as in `typing`, whichever sides are taken."""
    found = [binary(op, a.type, b.type) for a, b in product(left, right)]
    return all(
        isinstance(each, Operation) and (each.op, each.operands) == (typing.op, typing.operands)
        for each in found
    )


def operation_sides(op: BinaryOp, left: Sides, right: Sides) -> Sides:
    """The types of the result, for a uniform operation."""
    found = [binary(op, a.type, b.type) for a, b in product(left, right)]
    return mix(Side(each.result) for each in found if isinstance(each, Operation))[1]


def comparison_is_uniform(left: Sides, right: Sides, dtype: DType) -> bool:
    """Whether a comparison at `dtype` has the same outcome whichever sides are taken."""
    for a, b in product(left, right):
        own = join((a.type, b.type)).dtype
        exact = all(is_exact(side, own) and is_exact(side, dtype) for side in (a, b))
        if own is not dtype and not exact:
            return False
    return True


def order_is_uniform(left: Sides, right: Sides, dtype: DType) -> bool:
    """Whether `min` and `max` at `dtype` choose what Python does, comparing these two.

    An exact comparison and one after both are rounded to `dtype` choose the same rounded value.
    """
    for a, b in product(left, right):
        own = join((a.type, b.type)).dtype
        if own is not dtype and not (is_exact(a, own) and is_exact(b, own)):
            return False
    return True


def sign_is_uniform(sides: Sides, joined: DType) -> bool:
    """Whether `-x` and `abs(x)` have the same bits whichever side is taken."""
    dtypes = {side.type.dtype for side in sides}
    exact = all(is_exact(side, joined) for side in sides)
    return dtypes == {joined} or (exact and all(dtype.is_float for dtype in dtypes))
