"""The types of values, as NumPy 2 gives them (NEP 50: https://numpy.org/neps/nep-0050-scalar-promotion.html).

A value's type is a `ScalarType`: an element type, and whether it is weak. Python's own numbers
(literals, loop variables, sizes, `math.*` results) are weak: beside a strong value of their kind or
a higher one they take its type. Everything here follows what plain Python execution on NumPy
scalars gives.

Where one local is assigned several types, or the sides of a conditional expression, `min` or `max`
differ, Python's type depends on the data. The kernel's value then has their joined type, and
remembers its sides: what is computed from it must have the same bits whichever side was taken
(`operation_is_uniform` and its like), else it is refused. Of a literal among the sides the number
is known: `max(A32[i], 0.0) * x` is 0 in every type, and `1.0 * 0.1` rounds to one `f32`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product
from typing import Literal

import numpy as np

from polyopt.frontend.agreement import keeps, of_constants
from polyopt.model.expr import BinaryOp
from polyopt.model.types import DType, ScalarType, bool_, c64, c128, f64, from_numpy, i64

WEAK_BOOL = ScalarType(bool_, weak=True)
WEAK_INT = ScalarType(i64, weak=True)
WEAK_FLOAT = ScalarType(f64, weak=True)
WEAK_COMPLEX = ScalarType(c128, weak=True)

_RANK = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}
_WEAK = (WEAK_BOOL, WEAK_INT, WEAK_FLOAT, WEAK_COMPLEX)


@dataclass(frozen=True, slots=True)
class Side:
    """A type that a value may have in Python; `constant` is the number where it is a weak one."""

    type: ScalarType
    constant: float | complex | None = None


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
        single = _WEAK[weak] is WEAK_COMPLEX and dtype.is_float and dtype.bits <= 32
        dtype = c64 if single else _WEAK[weak].dtype
    return ScalarType(dtype, weak=False)


def _promote(left: DType, right: DType) -> DType:
    promoted = from_numpy(np.promote_types(left.numpy, right.numpy))
    assert promoted is not None  # the element types are closed under promotion
    return promoted


@dataclass(frozen=True, slots=True)
class Operation:
    """How to compute a binary operation: the operator, the operands' dtype, the result's type."""

    op: BinaryOp
    operands: DType
    result: ScalarType


Refusal = Literal["bool", "float", "complex", "power"]


def binary(op: BinaryOp, left: ScalarType, right: ScalarType) -> Operation | Refusal:
    """The typing of `left op right`.

    A refusal is "bool" where NumPy has no such operation on its bools, or computes it in 8 bits;
    "float" for bitwise operations on floats; "complex" for those, `//`, `%`, `min` and `max` on
    complex numbers.
    """
    base = join((left, right))
    if base.dtype.is_complex:
        return _same(op, base) if op in {"add", "sub", "mul", "div", "pow"} else "complex"
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
    known = _widened(frozenset(sides))
    joined = join(side.type for side in known)
    return joined, UNMIXED if all(side.type == joined for side in known) else known


_MOST_CONSTANTS = 4
"""Of more constants than these only the type is kept, so that reading in rounds comes to an end."""


def beside(joined: ScalarType, sides: Sides) -> Sides:
    """The sides of a value that is kept as `joined`; UNMIXED where all are that."""
    return UNMIXED if all(side.type == joined for side in sides) else _widened(sides)


def _widened(sides: Sides) -> Sides:
    for type_ in _WEAK:
        own = frozenset(side for side in sides if side.type == type_)
        if len(own) > _MOST_CONSTANTS or (Side(type_) in own and len(own) > 1):
            sides = sides - own | {Side(type_)}
    return sides


def is_exact(side: Side, dtype: DType) -> bool:
    """Whether `dtype` holds every value of this side; indices and sizes stay below 2**53."""
    source = side.type.dtype
    if source is dtype or source is bool_:
        return True
    if side.constant is not None and dtype is not bool_:
        with np.errstate(over="ignore"):
            return _holds(dtype, side.constant)
    if source.is_inexact or not dtype.is_inexact:
        return bool(np.can_cast(source.numpy, dtype.numpy))
    return bool(np.can_cast(source.numpy, dtype.numpy)) and (source.bits < 64 or side.type.weak)


def _holds(dtype: DType, number: complex) -> bool:
    if dtype.is_complex:
        return _holds(dtype.component, number.real) and _holds(dtype.component, number.imag)
    if not isinstance(number, float | int):
        return False
    if dtype.is_float:
        return math.isnan(number) or float(dtype.numpy.type(number)) == number
    low, high = dtype.limits
    return math.isfinite(number) and low <= number <= high and int(number) == number


def opposite_sides(sides: Sides) -> Sides:
    """The sides of `-x`."""
    return frozenset(s if s.constant is None else replace(s, constant=-s.constant) for s in sides)


def known_type(sides: Sides, joined: DType) -> Side | None:
    """The one type or number that a value has here, where the `joined` type holds it exactly."""
    types = {side.type for side in sides}
    if len(sides) == 1 and all(side.constant is not None for side in sides):
        return next(iter(sides))
    if len(types) != 1 or not all(is_exact(side, joined) for side in sides):
        return None
    return Side(types.pop())


def conversion_is_uniform(sides: Sides, joined: DType, dtype: DType) -> bool:
    """Whether each side converts to `dtype` as its joined value does."""
    return joined is dtype or all(is_exact(side, joined) for side in sides)


def operation_is_uniform(op: BinaryOp, left: Sides, right: Sides, typing: Operation) -> bool:
    """Whether `left op right` is computed as in `typing`, whichever sides are taken."""
    for a, b in product(left, right):
        own = binary(op, a.type, b.type)
        if not isinstance(own, Operation):
            return False
        if (own.op, own.operands) != (typing.op, typing.operands) and known_result(
            op, a, b, typing.operands
        ) is None:
            return False
    return True


def operation_sides(op: BinaryOp, left: Sides, right: Sides, typing: Operation) -> Sides:
    """The types of the result; UNMIXED where that is the type of `typing` in any case."""
    found: list[Side] = []
    for a, b in product(left, right):
        own = binary(op, a.type, b.type)
        if isinstance(own, Operation):
            found.append(known_result(op, a, b, typing.operands) or Side(own.result))
    return mix((*found, Side(typing.result)))[1]


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


def known_result(op: BinaryOp, left: Side, right: Side, dtype: DType) -> Side | None:
    """The side of a result that `dtype` gives rightly, though Python computes in another type.

    None where the bits may differ.
    """
    typing = binary(op, left.type, right.type)
    if not isinstance(typing, Operation) or not typing.result.weak or dtype is bool_:
        return None
    if left.constant is not None and right.constant is not None:
        result = of_constants(op, left.constant, right.constant, dtype)
        return None if result is None else Side(typing.result, result)
    kept = keeps(op, left.constant, right.constant)
    if kept == "zero":
        return Side(typing.result, 0)
    return Side(typing.result) if kept else None
