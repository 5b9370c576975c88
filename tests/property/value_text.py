"""Typed data expressions and conditions as Python source over NumPy scalars."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyopt.model.affine import Affine, All, Compare, Condition, Not
from polyopt.model.affine import Any as AnyOf
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

Place = Callable[[str, tuple[Affine, ...]], str]

_INFIX = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>",
}  # fmt: skip
_PREFIX = {"neg": "-", "abs": "abs", "invert": "~", "not": "np.logical_not"}


@dataclass
class Constants:
    """Typed constants by name: what the text refers to."""

    values: dict[str, Any] = field(default_factory=lambda: {"_call": _call, "_at": at})

    def typed(self, value: Any, dtype: DType) -> str:
        """The name of a NumPy scalar."""
        with np.errstate(all="ignore"):
            scalar = np.asarray(value).astype(dtype.numpy)[()]
        name = f"_c{len(self.values)}"
        self.values[name] = scalar
        return name

    def name(self, dtype: DType) -> str:
        """The name of a dtype."""
        self.values[f"_{dtype}"] = dtype.numpy
        return f"_{dtype}"

    def unset(self, dtype: DType) -> str:
        """What uninitialised memory holds."""
        return self.typed(np.nan if dtype.is_float else 77, dtype)


def guarded(name: str, index: list[Affine]) -> str:
    """An element; a negative index is an error, as the arrays' ends are."""
    parts = [str(i) if i.is_constant and i.constant >= 0 else f"_at({i})" for i in index]
    return f"{name}[{', '.join(parts) or '()'}]"


def at(index: int) -> int:
    """The index, which must not be negative."""
    if index < 0:
        raise IndexError(f"index {index}")
    return index


def _call(function: str, *arguments: Any) -> float:
    try:
        return float(getattr(math, function)(*map(float, arguments)))
    except (ValueError, OverflowError, ZeroDivisionError):
        return math.nan


def condition_text(condition: Condition) -> str:
    """Python source of a condition on loop variables and parameters."""
    match condition:
        case Compare(relation, left, right):
            return f"({left}) {relation} ({right})"
        case All(operands):
            return " and ".join(f"({condition_text(o)})" for o in operands) or "True"
        case AnyOf(operands):
            return " or ".join(f"({condition_text(o)})" for o in operands) or "False"
        case Not(operand):
            return f"not ({condition_text(operand)})"


def value_text(expr: Expr, place: Place, values: dict[str, Affine], constants: Constants) -> str:
    """Python source whose value is a NumPy scalar of the expression's type."""

    def text(node: Expr) -> str:
        return value_text(node, place, values, constants)

    match expr:
        case Const(value, dtype):
            return constants.typed(value, dtype)
        case Load(array, subscripts):
            return place(array, subscripts)
        case ScalarArg(name):
            return f"{name}_"
        case Index(value, dtype):
            return f"{constants.name(dtype)}.type({value.substitute(values)})"
        case Cast(operand, dtype):
            return f"{text(operand)}.astype({constants.name(dtype)})"
        case Call(function, arguments, dtype):
            inner = ", ".join(text(a) for a in arguments)
            return f"{constants.name(dtype)}.type(_call({function!r}, {inner}))"
        case _:
            return _operation(expr, text)


def _operation(expr: Expr, text: Callable[[Expr], str]) -> str:
    match expr:
        case Select(condition, then, otherwise):
            return f"({text(then)} if {text(condition)} else {text(otherwise)})"
        case Comparison(op, left, right) | Logical(op, left, right):
            return f"({text(left)} {op} {text(right)})"
        case Unary(op, operand):
            return f"({_PREFIX[op]}({text(operand)}))"
        case Binary(op, left, right) if op in ("min", "max"):
            return f"{op}({text(left)}, {text(right)})"
        case Binary(op, left, right):
            return f"({text(left)} {_INFIX[op]} {text(right)})"
    raise AssertionError(f"no such expression: {expr}")
