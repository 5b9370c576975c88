"""The types of values, as NumPy 2 gives them (NEP 50: https://numpy.org/neps/nep-0050-scalar-promotion.html).

A value's type is a `ScalarType`: an element type, and whether it is weak. Python's own numbers
(literals, loop variables, sizes, `math.*` results) are weak: beside a strong value of their kind or
a higher one they take its type. Everything here follows what plain Python execution on NumPy
scalars gives; where one local is assigned several types, or the two sides of a conditional
expression, `min` or `max` differ, the value has their joined type, whichever side was taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np

from polyopt.model.expr import BinaryOp
from polyopt.model.types import DType, ScalarType, bool_, f64, from_numpy, i64

WEAK_BOOL = ScalarType(bool_, weak=True)
WEAK_INT = ScalarType(i64, weak=True)
WEAK_FLOAT = ScalarType(f64, weak=True)

_RANK = {"b": 0, "i": 1, "f": 2}
_WEAK = (WEAK_BOOL, WEAK_INT, WEAK_FLOAT)


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
