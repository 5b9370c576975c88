"""Typed data expressions in C, with exactly the values that NumPy's scalars have.

Floating-point operators are C's own, in the type of their operands. Wrapping integer arithmetic
goes through unsigned: in `(int64_t)((uint64_t)a * b + c)` one unsigned operand of each operator
makes the whole unsigned. What C does differently is a helper of `numerics`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import reduce

import numpy as np

from polyopt.emit.affine_c import affine, integer, prints_data
from polyopt.emit.libm import function_call
from polyopt.emit.packed_index import packed_indices
from polyopt.emit.place import Place
from polyopt.emit.scope import Lanes, Scope, Signature
from polyopt.emit.text import Level, Text, call, cast, infix, prefix, primary
from polyopt.errors import InternalError
from polyopt.model.affine import Affine
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
from polyopt.model.types import DType, c64, f16

_WRAPPING = {"add": ("+", Level.SUM), "sub": ("-", Level.SUM), "mul": ("*", Level.PRODUCT)}
_FLOATING = {**_WRAPPING, "div": ("/", Level.PRODUCT)}
_COMPLEX = {op: _WRAPPING[op] for op in ("add", "sub")}
_BITWISE = {
    "and": ("&", Level.BIT_AND),
    "or": ("|", Level.BIT_OR),
    "xor": ("^", Level.BIT_XOR),
}
_ON_BOOLS = {**_BITWISE, "add": ("|", Level.BIT_OR), "mul": ("&", Level.BIT_AND)}
_SHIFTS = {"lshift": "<<", "rshift": ">>"}


def element(array: str, subscripts: tuple[Affine, ...], scope: Scope, write: bool = False) -> Text:
    """An array element, wherever the scope keeps it."""
    place = scope.place(array, write)
    if place.pointer:
        return Text(f"*{place.name}", Level.UNARY)
    lanes = scope.lanes
    if lanes and any(lanes.variable in i.names() for i in place.moved(subscripts)):
        return _vector(array, subscripts, lanes, scope, write)
    if place.strides is not None:
        return Text(f"{place.name}[{_strided_index(place, subscripts, scope)}]", Level.POSTFIX)
    if place.flat:
        return Text(f"{place.name}[{_flat_index(place, subscripts, scope)}]", Level.POSTFIX)
    found = packed_indices(place, subscripts, scope) if place.layout else place.indices(subscripts)
    indices = "".join(f"[{affine(i, scope)}]" for i in found)
    indices += f"[{place.lane}]" if place.lane else ""
    return Text(place.name + indices, Level.POSTFIX if indices else Level.PRIMARY)


def _vector(
    array: str, subscripts: tuple[Affine, ...], lanes: Lanes, scope: Scope, write: bool
) -> Text:
    """The elements of all lanes, which lie side by side; where they lie the other way round, the
    last lane's is the first in memory."""
    place = scope.place(array, write)
    backwards = place.moved(subscripts)[-1].coefficient(lanes.variable) < 0
    if backwards:
        last = Affine.name(lanes.variable) + (lanes.width - 1)
        subscripts = tuple(s.substitute({lanes.variable: last}) for s in subscripts)
    first = element(array, subscripts, replace(scope, lanes=None), write)
    qualifier = place.space + ("" if write else "const ")
    whole = f"*({qualifier}{lanes.ctype} *)&{first}"
    if not backwards:
        return Text(whole, Level.UNARY)
    return Text(f"({whole}).s{''.join(map(str, reversed(range(lanes.width))))}", Level.POSTFIX)


def _flat_index(place: Place, subscripts: tuple[Affine, ...], scope: Scope) -> Text:
    """The one subscript of an element among all of its array's, rows one after another."""
    found = packed_indices(place, subscripts, scope) if place.layout else place.indices(subscripts)
    first, *others = found
    whole: Affine | None = first
    text = affine(first, scope)
    for index, extent in zip(others, place.extents[1:], strict=True):
        if whole is not None and (extent.is_constant or whole == Affine()):
            whole = whole * extent.constant + index
            text = affine(whole, scope)
            continue
        whole = None
        text = infix("*", text, affine(extent, scope), Level.PRODUCT)
        if index != Affine():
            text = infix("+", text, affine(index, scope), Level.SUM)
    return text


def _strided_index(place: Place, subscripts: tuple[Affine, ...], scope: Scope) -> Text:
    """The distance of an element from the first, by the strides of its array."""
    terms = []
    for index, step in zip(place.indices(subscripts), place.strides or (), strict=True):
        text = affine(index, scope)
        if index == Affine():
            continue
        factor = None if step is None else primary(scope.value(step))
        terms.append(text if factor is None else infix("*", text, factor, Level.PRODUCT))
    return reduce(lambda sum_, term: infix("+", sum_, term, Level.SUM), terms or [primary("0")])


def expression(expr: Expr, scope: Scope) -> Text:
    """A C expression whose value is the expression's; signed where it is an integer."""
    match expr:
        case Const(value, dtype):
            return constant(value, dtype)
        case Load(array, subscripts):
            return element(array, subscripts, scope)
        case ScalarArg(name, dtype):
            passed = primary(scope.value(name))
            return call(scope.helper("f16_from_f32"), passed) if dtype is f16 else passed
        case Index(value):
            return affine(value, scope)
        case Unary():
            return _unary(expr, scope)
        case Binary():
            return _binary(expr, scope)
        case Call(function, arguments) if function.startswith("c."):
            return _of_complex(expr, [expression(a, scope) for a in arguments], scope)
        case Call(function, arguments):
            return function_call(function, [expression(a, scope) for a in arguments], expr, scope)
        case Cast(operand, dtype):
            return _conversion(operand, dtype, scope)
        case _:
            return _choice(expr, scope)


@prints_data
def _datum(datum: Datum, scope: Scope) -> Text:
    """A subscript or bound that is read from data; it is the same in all lanes or in none."""
    return expression(datum.expr, replace(scope, wide=False))


def _choice(expr: Comparison | Logical | Select, scope: Scope) -> Text:
    match expr:
        case Comparison(op, left, right):
            level = Level.EQUALITY if op in ("==", "!=") else Level.RELATION
            a, b = expression(left, scope), expression(right, scope)
            return Text(f"{a.at(Level.SHIFT)} {op} {b.at(Level.SHIFT)}", level)
        case Logical(op, left, right):
            return _logical(op, expression(left, scope), expression(right, scope))
        case Select(test, then, otherwise):
            a, b, c = (expression(e, scope) for e in (test, then, otherwise))
            return Text(f"{a.at(Level.OR)} ? {b.at(Level.TERNARY)} : {c}", Level.TERNARY)


# ---- constants -----------------------------------------------------------------------------


def constant(value: complex | bool, dtype: DType) -> Text:
    """A literal that C reads back as exactly this value of this type."""
    if dtype.kind == "b":
        return primary("true" if value else "false")
    if dtype.is_integer:
        number = int(value.real)
        if number >= 2**63:
            return primary(f"{number}u")
        if dtype.bits == 32 and number == -(2**31):
            return primary("INT32_MIN")
        return integer(number)
    if isinstance(value, complex):
        parts = (constant(part, dtype.component) for part in (value.real, value.imag))
        return call("__builtin_complex", *parts)
    if dtype is f16:
        return primary(hex(int(np.float16(value).view(np.uint16))))
    if not math.isfinite(value):
        return _special(float(value), dtype)
    single = dtype.bits == 32
    with np.errstate(over="ignore"):
        digits = str(np.float32(value)) if single else repr(float(value))
    if not math.isfinite(float(digits)):
        return _special(float(digits), dtype)
    return Text(digits + "f" * single, Level.UNARY if digits[0] == "-" else Level.PRIMARY)


def _special(value: float, dtype: DType) -> Text:
    single = dtype.bits == 32
    if math.isnan(value):
        text = primary("NAN") if single else cast("double", primary("NAN"))
    else:
        text = primary("HUGE_VALF" if single else "HUGE_VAL")
    return prefix("-", text) if math.copysign(1.0, value) < 0 else text


# ---- operators -----------------------------------------------------------------------------


def _unary(expr: Unary, scope: Scope) -> Text:
    operand, dtype = expr.operand, expr.dtype
    match expr.op, dtype.kind:
        case ("not", _) | ("invert", "b"):
            return prefix("!", expression(operand, scope))
        case "invert", "i":
            return prefix("~", expression(operand, scope))
        case "invert", "u":
            return call(scope.helper(f"invert_{dtype}"), expression(operand, scope))
        case "neg", "i" | "u":
            return cast(dtype.ctype, _unsigned(expr, scope))
        case "neg", "f" | "c":
            return prefix("-", expression(operand, scope))
        case "abs", "f":
            return call("fabs" if dtype.bits == 64 else "fabsf", expression(operand, scope))
        case "abs", "i":
            return call(scope.helper(f"abs_{dtype}"), expression(operand, scope))
        case "abs", "b" | "u":
            return expression(operand, scope)
    raise InternalError(f"no C for {expr.op} on {dtype}")


def _binary(expr: Binary, scope: Scope) -> Text:
    op, dtype = expr.op, expr.dtype
    if dtype.is_integer:
        if op in _WRAPPING:
            return cast(dtype.ctype, _unsigned(expr, scope))
        if op in _SHIFTS and (shifted := _constant_shift(expr, scope)):
            return shifted
    operators = {"f": _FLOATING, "c": _COMPLEX, "i": _BITWISE, "u": _BITWISE, "b": _ON_BOOLS}[
        dtype.kind
    ]
    left, right = expression(expr.left, scope), expression(expr.right, scope)
    if op in operators:
        sign, level = operators[op]
        join = infix if dtype.is_inexact else _bitwise
        return join(sign, left, right, level)
    if dtype.kind == "f" and op == "pow":
        return function_call("pow", [left, right], expr, scope)
    if (dtype.kind == "b" and op not in ("min", "max")) or (dtype.is_float and op in _SHIFTS):
        raise InternalError(f"no C for {op} on {dtype}")
    return call(scope.helper(f"{op}_{dtype}"), left, right)


def _bitwise(sign: str, left: Text, right: Text, level: Level) -> Text:
    """`&`, `|`, `^`: gcc asks for brackets around any other operator beside them."""
    a, b = (t.at(Level.UNARY) if t.level != level else t.text for t in (left, right))
    if right.level == level:
        b = f"({b})"
    return Text(f"{a} {sign} {b}", level)


def _logical(op: str, left: Text, right: Text) -> Text:
    """`&&` and `||`; grouping does not matter, mixing gets the brackets that gcc asks for."""
    level = Level.AND if op == "and" else Level.OR
    a, b = (t.at(Level.EQUALITY) if t.level != level else t.text for t in (left, right))
    return Text(f"{a} {'&&' if op == 'and' else '||'} {b}", level)


def _constant_shift(expr: Binary, scope: Scope) -> Text | None:
    """A shift by a constant within the width, as C's own operator."""
    if not (isinstance(expr.right, Const) and 0 <= expr.right.integer < expr.dtype.bits):
        return None
    amount = primary(str(expr.right.integer))
    if expr.op == "rshift":
        value = expression(expr.left, scope)
        return Text(f"{value.at(Level.UNARY)} >> {amount}", Level.SHIFT)
    value = _unsigned(expr.left, scope)
    return cast(expr.dtype.ctype, Text(f"{value.at(Level.UNARY)} << {amount}", Level.SHIFT))


def _of_complex(expr: Call, arguments: list[Text], scope: Scope) -> Text:
    """A part of a complex number, one made of parts, or libm's function of one."""
    name, argument = expr.function[2:], expr.arguments[0].dtype
    suffix = "f" if argument is c64 else ""
    match name:
        case "real" | "imag":
            return prefix(f"__{name}__ ", arguments[0])
        case "make":
            return call("__builtin_complex", *arguments)
        case "conj":
            return call(f"__builtin_conj{suffix}", *arguments)
        case "abs":
            return call(scope.helper(f"abs_{argument}"), *arguments)
    known = Signature(f"c{name}{suffix}", expr.dtype.ctype, 1, False)
    scope.used.functions[known.name] = known
    return call(f"libm_{known.name}", *arguments)


# ---- wrapping integers ---------------------------------------------------------------------


def _wraps(expr: Expr) -> bool:
    if isinstance(expr, Binary):
        return expr.dtype.is_integer and expr.op in _WRAPPING
    return isinstance(expr, Unary) and expr.dtype.is_integer and expr.op == "neg"


def _unsigned(expr: Expr, scope: Scope) -> Text:
    """An expression of the unsigned type of the same width and bits."""
    match expr:
        case Binary(op, left, right) if _wraps(expr):
            sign, level = _WRAPPING[op]
            enough = _wraps(right)
            a = expression(left, scope) if enough and not _wraps(left) else _unsigned(left, scope)
            b = _unsigned(right, scope) if enough else expression(right, scope)
            return infix(sign, a, b, level)
        case Unary(operand=operand) if _wraps(expr):
            return prefix("-", _unsigned(operand, scope))
        case _:
            return cast(expr.dtype.unsigned, expression(expr, scope))


def assigned(expr: Expr, scope: Scope) -> Text:
    """The expression as the right side of an assignment, which converts unsigned back."""
    return _unsigned(expr, scope) if _wraps(expr) else expression(expr, scope)


def increment(expr: Expr, scope: Scope) -> Text:
    """The right side of `x += …` on a variable of its type: it makes integers wrap."""
    return _unsigned(expr, scope) if expr.dtype.is_integer else expression(expr, scope)


# ---- conversions ---------------------------------------------------------------------------


def _conversion(operand: Expr, dtype: DType, scope: Scope) -> Text:
    if isinstance(operand, ScalarArg) and operand.dtype is f16:  # is passed as a float
        return primary(scope.value(operand.name))
    source, value = operand.dtype, expression(operand, scope)
    if source == dtype:
        return value
    by_helper = f16 in (source, dtype) or (source.is_complex and dtype.is_complex)
    if by_helper or (source.is_float and dtype.is_integer):
        return call(scope.helper(f"{dtype}_from_{source}"), value)
    return cast(dtype.ctype, value)
