"""What complex numbers have that others have not: parts, conjugates, an absolute value, an angle.

In the model they are calls of functions that Python and NumPy do not name: `c.real`, `c.imag`,
`c.conj`, `c.abs` of one number, `c.make` of two parts. Of other numbers the real part and the
conjugate are the number itself, as in NumPy.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from operator import attrgetter

from polyopt.frontend import messages
from polyopt.frontend.context import Context
from polyopt.frontend.promotion import WEAK_COMPLEX, Side, beside, is_exact
from polyopt.frontend.values import Value
from polyopt.model.expr import Call, Const
from polyopt.model.types import ScalarType, bool_

PARTS = ("real", "imag")
METHODS = ("conjugate", "conj")


def part(context: Context, node: ast.AST, value: Value, name: str) -> Value:
    """`value.real` or `value.imag`; raises UnsupportedSyntaxError for bools."""
    _check_number(context, node, value, name)
    if any(not is_exact(side, value.type.dtype) for side in value.mixed):
        context.refuse_mixed(node, value)
    type_, constant = _component(value.type), value.constant
    sides = frozenset(_side(side, attrgetter(name)) for side in value.mixed)
    if not value.type.dtype.is_complex:
        zero = Value(Const(0, type_.dtype), type_, beside(type_, sides))
        return value if name == "real" else zero
    if constant is not None:
        return Value(Const(attrgetter(name)(constant), type_.dtype), type_)
    return Value(Call(f"c.{name}", (value.expr,), type_.dtype), type_, beside(type_, sides))


def conjugate(context: Context, node: ast.AST, value: Value) -> Value:
    """`value.conjugate()`; raises UnsupportedSyntaxError for bools."""
    _check_number(context, node, value, "conjugate")
    if any(side.type.dtype is not value.type.dtype for side in value.mixed):
        context.refuse_mixed(node, value)
    if not value.type.dtype.is_complex:
        return value
    sides = frozenset(Side(side.type) for side in value.mixed)
    conjugated = Call("c.conj", (value.expr,), value.type.dtype)
    return Value(conjugated, value.type, beside(value.type, sides))


def modulus(context: Context, node: ast.AST, value: Value) -> Value:
    """`abs(value)` of a complex number, a float."""
    joined, type_ = value.type.dtype, _component(value.type)
    for side in value.mixed:
        dtype = side.type.dtype
        if dtype is not joined and (dtype.is_complex or not is_exact(side, joined)):
            context.refuse_mixed(node, value)
    sides = frozenset(_side(side, abs) for side in value.mixed)
    return Value(Call("c.abs", (value.expr,), type_.dtype), type_, beside(type_, sides))


def _component(type_: ScalarType) -> ScalarType:
    return ScalarType(type_.dtype.component, type_.weak)


def _side(side: Side, change: Callable[[complex], float]) -> Side:
    known = None if side.constant is None else change(side.constant)
    return Side(_component(side.type), known)


def of_parts(context: Context, node: ast.AST, values: Sequence[Value]) -> Value:
    """`complex(x)` and `complex(x, y)`, of real numbers; `complex(z)` of a complex one."""
    if len(values) == 1:
        return Value(context.coerce(values[0], WEAK_COMPLEX.dtype, node), WEAK_COMPLEX)
    if any(value.type.dtype.is_complex for value in values):
        text = messages.COMPLEX_TO_REAL(type=WEAK_COMPLEX.dtype.component)
        raise context.unsupported(node, text)
    real, imag = (context.coerce(v, WEAK_COMPLEX.dtype.component, node) for v in values)
    return Value(Call("c.make", (real, imag), WEAK_COMPLEX.dtype), WEAK_COMPLEX)


def _check_number(context: Context, node: ast.AST, value: Value, name: str) -> None:
    if value.type.dtype is bool_:
        raise context.unsupported(node, messages.NUMPY_TYPE(name=name))
