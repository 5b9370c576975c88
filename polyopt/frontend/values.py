"""Typed values: an expression together with its NEP 50 type."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyopt.frontend.promotion import (
    UNMIXED,
    WEAK_BOOL,
    WEAK_COMPLEX,
    WEAK_FLOAT,
    WEAK_INT,
    Side,
    Sides,
)
from polyopt.model.affine import Affine
from polyopt.model.expr import Cast, Const, Expr, Index, Select, Unary
from polyopt.model.types import DType, ScalarType, bool_, from_numpy, i32, i64


@dataclass(frozen=True, slots=True)
class Value:
    """A data expression and its type; `expr.dtype` is `type.dtype`.

    `mixed` holds the types that the value may have in Python, where that depends on data.
    """

    expr: Expr
    type: ScalarType
    mixed: Sides = UNMIXED

    @property
    def sides(self) -> Sides:
        """The types that the value may have in Python."""
        constant = self.constant if self.type.weak else None
        return self.mixed or frozenset({Side(self.type, constant)})

    @property
    def is_bool(self) -> bool:
        """Whether this is a truth value."""
        return self.type.dtype is bool_

    @property
    def constant(self) -> int | float | complex | bool | None:
        """The number, where this is one."""
        return self.expr.value if isinstance(self.expr, Const) else None


class OutOfRangeError(Exception):
    """A constant that its type cannot hold."""


def number(value: object) -> Value | None:
    """A captured or literal number; None for what is none.

    Raises OutOfRangeError for integers beyond 64 bits.
    """
    if isinstance(value, np.generic):
        dtype = from_numpy(value.dtype)
        return (
            None if dtype is None else Value(Const(value.item(), dtype), ScalarType(dtype, False))
        )
    if isinstance(value, bool):
        return Value(Const(value, bool_), WEAK_BOOL)
    if isinstance(value, int):
        return Value(_integer(value, i64), WEAK_INT)
    if isinstance(value, float):
        return Value(Const(value, WEAK_FLOAT.dtype), WEAK_FLOAT)
    if isinstance(value, complex):
        return Value(Const(value, WEAK_COMPLEX.dtype), WEAK_COMPLEX)
    return None


def _integer(value: int, dtype: DType) -> Const:
    low, high = dtype.limits
    if not low <= value <= high:
        raise OutOfRangeError(f"{value} does not fit in {dtype}")
    return Const(value, dtype)


def coerce(value: Value, dtype: DType) -> Expr:
    """The expression converted to `dtype`; constants are converted here and now.

    Raises OutOfRangeError where a constant integer does not fit.
    """
    expr = value.expr
    if expr.dtype is dtype:
        return expr
    if isinstance(expr, Const):
        return _constant(expr.value, dtype)
    if isinstance(expr, Cast) and _is_lossless(expr.operand.dtype, expr.dtype):
        return expr.operand if expr.operand.dtype is dtype else Cast(expr.operand, dtype)
    if isinstance(expr, Select):  # conversions of constant sides happen here and now
        sides = (Value(s, ScalarType(s.dtype, False)) for s in (expr.then, expr.otherwise))
        then, otherwise = (coerce(side, dtype) for side in sides)
        return Select(expr.condition, then, otherwise, dtype)
    return Cast(expr, dtype)


def _is_lossless(source: DType, target: DType) -> bool:
    same = source.is_inexact == target.is_inexact
    return source is bool_ or (same and bool(np.can_cast(source.numpy, target.numpy)))


def _constant(value: complex, dtype: DType) -> Const:
    if dtype is bool_:
        return Const(bool(value), dtype)
    if dtype.is_complex:
        with np.errstate(over="ignore"):
            return Const(complex(dtype(value)), dtype)
    assert isinstance(value, float | int)  # others are refused by `Context.coerce`
    if dtype.is_integer:
        if not math.isfinite(value):
            raise OutOfRangeError(f"{value} does not fit in {dtype}")
        return _integer(int(value), dtype)
    with np.errstate(over="ignore"):
        converted: Any = dtype.numpy.type(value)
    return Const(float(converted), dtype)


LARGEST = 1 << 40
"""What constants and coefficients of an affine may be: forms of sizes stay within 64 bits then."""


def is_moderate(affine: Affine) -> bool:
    """Whether no number in an affine is beyond LARGEST."""
    numbers = (affine.constant, *(factor for _, factor in affine.terms))
    return all(abs(number) <= LARGEST for number in numbers)


def affine_of(value: Value) -> Affine | None:
    """The affine integer that this value is; None where it is none, or beyond LARGEST."""
    expr = value.expr
    if isinstance(expr, Cast) and isinstance(expr.operand, Index) and expr.dtype is i32:
        expr = expr.operand
    if isinstance(expr, Index):
        return expr.value
    if isinstance(expr, Const) and expr.dtype.kind == "i" and abs(expr.integer) <= LARGEST:
        return Affine.integer(expr.integer)
    return None


def affine_value(affine: Affine, type_: ScalarType = WEAK_INT) -> Value:
    """An affine integer as data.

    Raises OutOfRangeError where a constant does not fit.
    """
    if affine.is_constant:
        return Value(_integer(affine.constant, type_.dtype), type_)
    index = Index(affine, i64)
    return Value(index if type_.dtype is i64 else Cast(index, type_.dtype), type_)


def negation(expr: Expr) -> Expr:
    """`not expr`, of a bool."""
    if isinstance(expr, Const):
        return Const(not expr.value, bool_)
    if isinstance(expr, Unary) and expr.op == "not":
        return expr.operand
    return Unary("not", expr, bool_)
