"""What an expression is worth: each node evaluated on NumPy scalars of its type."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping

import numpy as np

from polyopt.model.expr import (
    Binary,
    Call,
    Cast,
    Comparison,
    Const,
    Expr,
    Index,
    Load,
    Logical,
    ScalarArg,
    Select,
    Unary,
)
from polyopt.model.types import DType

_ARITHMETIC = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
    "min": min,
    "max": max,
}
_RELATIONS = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
_UNARY = {"neg": operator.neg, "abs": abs, "invert": operator.invert, "not": np.logical_not}


def evaluate(expr: Expr, values: Mapping[str, object], element):
    """The NumPy scalar that `expr` is worth; `element(array, subscripts)` reads arrays."""

    def inner(e: Expr):  # noqa: PLR0911
        match e:
            case Const(value, dtype):
                return scalar(value, dtype)
            case Load(array, subscripts):
                return element(array, tuple(s.evaluate(values) for s in subscripts))
            case ScalarArg(name, dtype):
                return scalar(values[name], dtype)
            case Index(value, dtype):
                return scalar(value.evaluate(values), dtype)
            case Unary(op, operand):
                return _UNARY[op](inner(operand))
            case Binary(op, left, right):
                return _ARITHMETIC[op](inner(left), inner(right))
            case Comparison(op, left, right):
                return np.bool_(_RELATIONS[op](inner(left), inner(right)))
            case Logical(op, left, right):
                first = inner(left)
                return first if bool(first) == (op == "or") else inner(right)
            case Select(condition, then, otherwise):
                return inner(then) if inner(condition) else inner(otherwise)
            case Call(function, arguments, dtype):
                return scalar(_function(function, [inner(a).item() for a in arguments]), dtype)
            case Cast(operand, dtype):
                return inner(operand).astype(dtype.numpy)

    with np.errstate(all="ignore"):
        return inner(expr)


def scalar(value, dtype: DType):
    """A NumPy scalar of the type; integers wrap, floats beyond the range of integers are least."""
    if dtype.kind == "i" and isinstance(value, float):
        fits = -(2.0 ** (dtype.bits - 1)) <= value < 2.0 ** (dtype.bits - 1)
        return dtype.numpy.type(int(value) if fits else -(2 ** (dtype.bits - 1)))
    if dtype.kind == "i":
        half = 2 ** (dtype.bits - 1)
        return dtype.numpy.type((int(value) + half) % (2 * half) - half)
    with np.errstate(over="ignore"):
        return dtype.numpy.type(value)


def _function(name: str, arguments: list[float]):
    """Python's function; where it raises, what libm gives."""
    if name in ("floor", "ceil", "trunc"):
        return float(getattr(np, name)(arguments[0]))
    try:
        return getattr(math, name)(*arguments)
    except ValueError:
        return _singular(name, arguments)
    except OverflowError:
        return _overflow(name, arguments)


def _singular(name: str, arguments: list[float]) -> float:
    x = arguments[0]
    if name in ("log", "log2", "log10") and x == 0:
        return -math.inf
    if name == "log1p" and x == -1:
        return -math.inf
    if name == "atanh" and abs(x) == 1:
        return math.copysign(math.inf, x)
    if name == "pow" and x == 0:
        return math.inf if not _odd(arguments[1]) else math.copysign(math.inf, x)
    return math.nan


def _overflow(name: str, arguments: list[float]) -> float:
    negative = name == "sinh" or (name == "pow" and _odd(arguments[1]))
    return math.copysign(math.inf, arguments[0]) if negative else math.inf


def _odd(value: float) -> bool:
    return value % 2 == 1
