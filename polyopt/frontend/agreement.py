"""Results that are known although an operand's type is not: of literals, zeros and ones.

Python computes `2.0 * 0.1` in `f64`; where the kernel has the 2.0 as an `f32`, both give the same
once they are rounded to `f32`. So do `0.0 * x` (for an `x` that `f32` can hold) and `1.0 * x`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from polyopt.model.expr import BinaryOp
from polyopt.model.types import DType

_PYTHON: Mapping[BinaryOp, Callable[[complex, complex], complex]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "floordiv": operator.floordiv, "mod": operator.mod,
}  # fmt: skip


def of_constants(op: BinaryOp, left: complex, right: complex, dtype: DType) -> complex | None:
    """Python's `left op right`, where computing it in `dtype` gives the same in `dtype`."""
    function = _PYTHON.get(op)
    if function is None:
        return None
    try:
        result = function(left, right)
        with np.errstate(all="ignore"):
            own: Any = function(cast(Any, dtype(left)), cast(Any, dtype(right)))
            same = bool(dtype(result) == dtype(own))
    except (ArithmeticError, ValueError):
        return None
    return result if same else None


def keeps(op: BinaryOp, left: complex | None, right: complex | None) -> str:
    """What `left op right` is in any type, of numbers of which one is known or none.

    "zero"; "left" or "right" for that operand unchanged; "" where nothing is known.
    """
    if op in ("mul", "div", "floordiv", "mod") and left == 0:
        return "zero"
    if op == "mul" and right == 0:
        return "zero"
    if (op == "add" and left == 0) or (op == "mul" and left == 1):
        return "right"
    if (op in ("add", "sub") and right == 0) or (op == "mul" and right == 1):
        return "left"
    return ""
