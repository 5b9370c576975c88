"""The reference interpreter: runs a loop nest on NumPy scalars, one node at a time.

Each expression node is computed by NumPy at the node's own type, so nothing but the loop nest
decides the result: no compiler, no schedule, and none of NumPy's promotion rules. Local arrays
start out as NaN (or a large number), and subscripts outside an array raise.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from polyopt.model.affine import Affine, Atom, Choice, Extreme, Floor, Mod, evaluate_condition
from polyopt.model.expr import (
    Binary,
    Call,
    Cast,
    Comparison,
    Const,
    Datum,
    Expr,
    Index,
    Load,
    Logical,
    ScalarArg,
    Select,
    Unary,
)
from polyopt.model.nest import Array, Assign, Branch, Loop, LoopNest, Node
from polyopt.model.types import ArrayType, DType

Subscripts = tuple[int, ...]

ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
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
    "min": min,  # Python's: b if b < a else a
    "max": max,
}
RELATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
UNARY: Mapping[str, Callable[[Any], Any]] = {
    "neg": operator.neg,
    "abs": abs,
    "invert": operator.invert,
    "not": np.logical_not,
}


def run(nest: LoopNest, *arguments: Any) -> None:
    """Execute a nest on arguments in call order; arrays are changed in place."""
    with np.errstate(all="ignore"):
        Machine(nest, arguments).execute(nest.body)


class Machine:
    """Parameters, loop variables, scalar arguments and arrays of one run."""

    def __init__(self, nest: LoopNest, arguments: tuple[Any, ...]) -> None:
        names = [argument.name for argument in nest.arguments]
        self.arguments = dict(zip(names, arguments, strict=True))
        self.sizes = dict(_parameters(nest, self.arguments))
        for argument in nest.arguments:
            if isinstance(argument.type, ArrayType) and argument.same_as is None:
                self._check_shape(nest.array(argument.name))
        self.arrays = {
            array.name: (
                self.arguments[array.name] if array.kind == "argument" else self._make(array)
            )
            for array in nest.arrays
        }

    def _shape(self, array: Array) -> Subscripts:
        return tuple(extent.evaluate(self.sizes) for extent in array.shape)

    def _check_shape(self, array: Array) -> None:
        given, declared = self.arguments[array.name].shape, self._shape(array)
        if given != declared:
            raise ValueError(f"{array.name} has shape {given}, declared is {declared}")

    def _make(self, array: Array) -> np.ndarray[Any, Any]:
        unset = math.nan if array.dtype.is_float else array.dtype.kind == "b" or 123456789
        return np.full(self._shape(array), unset, array.dtype.numpy)

    # ---- statements ----

    def execute(self, nodes: tuple[Node, ...]) -> None:
        for node in nodes:
            match node:
                case Loop(variable, lower, upper, step, body, _, flag):
                    for value in range(self.affine(lower), self.affine(upper), step):
                        if flag and not self.arrays[flag]:
                            break
                        self.sizes[variable] = value
                        self.execute(body)
                    self.sizes.pop(variable, None)
                case Branch(condition, then, otherwise):
                    self.execute(then if evaluate_condition(condition, self.sizes) else otherwise)
                case Assign():
                    self.assign(node)

    def assign(self, node: Assign) -> None:
        if node.guard is not None and not self.value(node.guard):
            return
        array = self.arrays[node.array]
        value = self.value(node.value)
        assert value.dtype == array.dtype, f"{node} stores {value.dtype} into {array.dtype}"
        array[self.element(node.array, node.subscripts)] = value

    def element(self, name: str, subscripts: tuple[Affine, ...]) -> Subscripts:
        place, shape = tuple(self.affine(s) for s in subscripts), self.arrays[name].shape
        if len(place) != len(shape) or any(
            not 0 <= p < n for p, n in zip(place, shape, strict=True)
        ):
            raise IndexError(f"{name}[{place}] lies outside {shape}")
        return place

    def affine(self, affine: Affine) -> int:
        return affine.constant + sum(f * self._atom(a) for a, f in affine.terms)

    def _atom(self, atom: Atom) -> int:
        match atom:
            case Datum(expr):
                return int(self.value(expr))
            case Extreme(kind, operands):
                return (min if kind == "min" else max)(self.affine(o) for o in operands)
            case Choice(condition, then, otherwise):
                holds = evaluate_condition(condition, self.sizes)
                return self.affine(then if holds else otherwise)
            case Floor(numerator, denominator):
                return self.affine(numerator) // denominator
            case Mod(numerator, denominator):
                return self.affine(numerator) % denominator
            case _:
                return self.sizes[str(atom)]

    # ---- expressions ----

    def value(self, expr: Expr) -> Any:
        """The value of an expression: a NumPy scalar of its dtype."""
        result = self._value(expr)
        assert isinstance(result, np.generic), f"{expr} is no NumPy scalar"
        assert result.dtype == expr.dtype.numpy, f"{expr} has the type {result.dtype}"
        return result

    def _value(self, expr: Expr) -> Any:
        match expr:
            case Const(value, dtype):
                return _scalar(value, dtype)
            case Load(array, subscripts):
                return self.arrays[array][self.element(array, subscripts)]
            case ScalarArg(name, dtype):
                return _scalar(self.arguments[name], dtype)
            case Index(value, dtype):
                return _scalar(self.affine(value), dtype)
            case Cast(operand, dtype):
                return self.value(operand).astype(dtype.numpy)
            case Select(condition, then, otherwise):
                return self.value(then if self.value(condition) else otherwise)
            case Logical(op, left, right):
                first = self.value(left)
                return first if bool(first) == (op == "or") else self.value(right)
            case _:
                return self._operation(expr)

    def _operation(self, expr: Expr) -> Any:
        match expr:
            case Unary(op, operand):
                return UNARY[op](self.value(operand))
            case Binary(op, left, right):
                return ARITHMETIC[op](*_alike(self.value(left), self.value(right)))
            case Comparison(op, left, right):
                return RELATIONS[op](*_alike(self.value(left), self.value(right)))
            case Call(function, arguments, dtype) if function.startswith("c."):
                return _scalar(PAIRS[function[2:]](*map(self.value, arguments)), dtype)
            case Call(function, arguments, dtype) if function.startswith("np."):
                return _numpy(function[3:], [self.value(a) for a in arguments], dtype)
            case Call(function, arguments, dtype) if dtype.name == "f32" or function in NUMPY_ONLY:
                values = [self.value(a) for a in arguments]
                return _scalar(getattr(np, function)(*values), dtype)
            case Call(function, arguments, dtype):
                return _scalar(_call(function, [float(self.value(a)) for a in arguments]), dtype)
            case _:
                raise AssertionError(f"no such expression: {expr}")


def _parameters(nest: LoopNest, arguments: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for parameter in nest.parameters:
        kind, name, dimension = parameter.origin
        value = arguments[name]
        yield parameter.name, int(value if kind == "argument" else value.shape[dimension])


NUMPY_ONLY = ("rint", "signbit")
PAIRS = {"real": np.real, "imag": np.imag, "conj": np.conj, "abs": abs, "make": complex}


def _numpy(name: str, arguments: list[Any], dtype: DType) -> Any:
    """One of NumPy's own functions, by libm's name."""
    if name == "clip_low":
        return _scalar(np.clip(arguments[0], arguments[1], np.inf), dtype)
    if name == "clip_high":
        return _scalar(np.clip(arguments[0], -np.inf, arguments[1]), dtype)
    inverse = name.startswith("a") and name[1:2] in ("s", "c", "t")
    return _scalar(getattr(np, f"arc{name[1:]}" if inverse else name)(*arguments), dtype)


def _scalar(value: Any, dtype: DType) -> Any:
    return np.asarray(value).astype(dtype.numpy)[()]


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    assert left.dtype == right.dtype, f"operands of types {left.dtype} and {right.dtype}"
    return left, right


def _call(function: str, arguments: list[float]) -> float:
    """A function of `math`, with NumPy's result where Python's raises."""
    try:
        return getattr(math, function)(*arguments)
    except (ValueError, OverflowError, ZeroDivisionError):
        special = getattr(np, {"pow": "float_power"}.get(function, function), None)
        return float(special(*arguments)) if special is not None else math.nan
