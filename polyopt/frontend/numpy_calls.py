"""NumPy's functions of single elements: `np.sqrt(x)`, `np.where(c, a, b)`, `np.maximum(a, b)`.

Their results are strong, those of Python's numbers too: `np.sqrt(2.0)` is an `np.float64`. Types
are found as for operators (NEP 50); functions that give floats take integers of 32 and 64 bits
to `f64`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np

from polyopt.frontend import messages
from polyopt.frontend.complex_parts import PARTS, conjugate, modulus, part
from polyopt.frontend.context import Context
from polyopt.frontend.data import (
    arithmetic,
    check_sign,
    comparison_value,
    logical,
    negate,
    truth,
)
from polyopt.frontend.dispatch import read_expression
from polyopt.frontend.promotion import Side, beside, join
from polyopt.frontend.values import Value, negation
from polyopt.model.expr import (
    Binary,
    BinaryOp,
    Call,
    Cast,
    CompareOp,
    Comparison,
    Const,
    Expr,
    Select,
    Unary,
)
from polyopt.model.types import DType, ScalarType, bool_, f16, f32, f64

Reader = Callable[[Context, ast.Call, Sequence[Value]], Value]


def read_numpy_call(context: Context, node: ast.Call, name: str) -> Value:
    """A call of a function in `NUMPY_FUNCTIONS`.

    Raises UnsupportedSyntaxError for keywords, a wrong number of arguments, and types for which
    the function gives nothing in NumPy or a type that kernels do not have.
    """
    count, reader = NUMPY_FUNCTIONS[name]
    if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
        raise context.unsupported(node, messages.CALL_FORM(name=f"np.{name}"))
    if len(node.args) != count:
        text = messages.argument_count(f"np.{name}", count, len(node.args))
        raise context.unsupported(node, text)
    result = reader(context, node, [read_expression(context, a) for a in node.args])
    return result if name in PARTS else _strong(result)


def _strong(value: Value) -> Value:
    """NumPy's scalar of a value's type."""
    sides = (Side(ScalarType(side.type.dtype, weak=False)) for side in value.mixed)
    type_ = ScalarType(value.type.dtype, weak=False)
    return Value(value.expr, type_, beside(type_, frozenset(sides)))


def _common(context: Context, node: ast.AST, values: Sequence[Value], find: Find) -> DType:
    """The type in which a function of these values computes; the same whatever their sides."""
    joined = join(v.type for v in values).dtype
    found = find(joined)
    if found is None and joined.is_complex:
        raise context.unsupported(node, messages.COMPLEX_FUNCTION(name=_name(node)))
    if found is None:
        raise context.unsupported(node, messages.NUMPY_TYPE(name=_name(node)))
    for sides in product(*(v.sides for v in values)):
        if find(join(side.type for side in sides).dtype) is not found:
            context.refuse_mixed(node, *values)
            break
    return found


Find = Callable[[DType], DType | None]


def _name(node: ast.AST) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else "the function"


def _float_of(dtype: DType) -> DType | None:
    """The type of a function that gives floats, for operands of this type."""
    if dtype.is_inexact:
        return None if dtype.is_complex else dtype
    return {8: f16, 16: f32}.get(dtype.bits, f64)


def _float_or_complex(dtype: DType) -> DType | None:
    return dtype if dtype.is_complex else _float_of(dtype)


def _number_of(dtype: DType) -> DType | None:
    return None if dtype is bool_ else dtype


def _ordered(dtype: DType) -> DType | None:
    return None if dtype.is_complex else dtype


def _ordered_number(dtype: DType) -> DType | None:
    return _ordered(dtype) and _number_of(dtype)


def _same(dtype: DType) -> DType | None:
    return dtype


# ---- floats ----------------------------------------------------------------------------------


def _floating(function: str, context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    dtype = _common(context, node, values, _float_of)
    return _called(function, dtype, context, node, values)


def _called(
    function: str, dtype: DType, context: Context, node: ast.Call, values: Sequence[Value]
) -> Value:
    arguments = tuple(context.coerce(value, dtype, node) for value in values)
    return Value(Call(function, arguments, dtype), ScalarType(dtype, weak=False))


def _fmod(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    """Of floats; of integers NumPy has another."""
    _common(context, node, values, lambda d: d if d.is_float else None)
    return _floating("fmod", context, node, values)


def _analytic(name: str, context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    """A function of real and of complex numbers; the square root of a real one is exact."""
    dtype = _common(context, node, values, _float_or_complex)
    function = f"c.{name}" if dtype.is_complex else "sqrt" if name == "sqrt" else f"np.{name}"
    return _called(function, dtype, context, node, values)


def _nextafter(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    """Not of `f16`: computed as a float, its neighbour would be the float's."""
    if _float_of(join(value.type for value in values).dtype) is f16:
        raise context.unsupported(node, messages.NUMPY_TYPE(name=_name(node)))
    return _floating("nextafter", context, node, values)


def _fabs(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    dtype = _common(context, node, values, _float_of)
    operand = context.coerce(values[0], dtype, node)
    return Value(Unary("abs", operand, dtype), ScalarType(dtype, weak=False))


def _scaled(
    over: float, under: float, context: Context, node: ast.Call, values: Sequence[Value]
) -> Value:
    """`np.radians` and `np.degrees`: a product with a quotient computed in the type."""
    dtype = _common(context, node, values, _float_of)
    operand = context.coerce(values[0], dtype, node)
    wide = f32 if dtype is f16 else dtype
    constant = Const(float(np.divide(wide(over), wide(under))), wide)
    product: Expr = Binary("mul", Cast(operand, f32) if dtype is f16 else operand, constant, wide)
    return Value(Cast(product, f16) if dtype is f16 else product, ScalarType(dtype, weak=False))


def _rounded(function: str, context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    """`np.floor` and its like keep integers as they are."""
    if values[0].type.dtype.is_inexact:
        return _floating(function, context, node, values)
    return Value(values[0].expr, ScalarType(values[0].type.dtype, weak=False))


def _tested(function: str, context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    if values[0].type.dtype.is_complex:
        tests = [
            _tested(function, context, node, [part(context, node, values[0], p)]) for p in PARTS
        ]
        return logical("and" if function == "isfinite" else "or", *tests)
    dtype = values[0].type.dtype if values[0].type.dtype.is_float else f64
    argument = context.coerce(values[0], dtype, node)
    return Value(Call(function, (argument,), bool_), ScalarType(bool_, weak=False))


# ---- numbers -----------------------------------------------------------------------------------


def _operator(op: BinaryOp, context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    left, right = values
    if left.mixed or right.mixed:
        _common(context, node, values, _same)
    if left.type.weak and right.type.weak:
        left = _strong(left)
    return arithmetic(context, node, op, left, right)


def _power(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    """Of floats NumPy's own function; `**` on its scalars is libm's."""
    if join(value.type for value in values).dtype.is_float:
        return _floating("np.pow", context, node, values)
    return _operator("pow", context, node, values)


def _relation(op: CompareOp, context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    return comparison_value(context, node, op, *values)


def _choice(
    function: str, op: BinaryOp, context: Context, node: ast.Call, values: Sequence[Value]
) -> Value:
    """`np.maximum` and its like: of integers Python's, of floats with their own rule for nan."""
    dtype = _common(context, node, values, _ordered)
    left, right = (context.coerce(value, dtype, node) for value in values)
    type_ = ScalarType(dtype, weak=False)
    if dtype.is_float:
        return Value(Call(f"np.{function}", (left, right), dtype), type_)
    return Value(Binary(op, left, right, dtype), type_)


def _clip(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    """`np.clip(x, low, high)`: nan in any of the three gives nan; `x` is strong, a literal too."""
    values = [_strong(values[0]), *values[1:]]
    _common(context, node, values, _ordered)
    low = _choice("clip_low", "max", context, node, values[:2])
    return _choice("clip_high", "min", context, node, [low, values[2]])


def _where(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    test, then, otherwise = values
    dtype = _common(context, node, (then, otherwise), _same)
    condition = truth(context, node.args[0], test)
    a, b = (context.coerce(value, dtype, node) for value in (then, otherwise))
    return Value(Select(condition, a, b, dtype), ScalarType(dtype, weak=False))


def _sign(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    dtype = _common(context, node, values, _ordered_number)
    operand = context.coerce(values[0], dtype, node)
    return Value(Call("np.sign", (operand,), dtype), ScalarType(dtype, weak=False))


def _absolute(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    (operand,) = values
    if operand.type.dtype.is_complex:
        return modulus(context, node, operand)
    check_sign(context, node, operand)
    if operand.is_bool:
        return operand
    return Value(Unary("abs", operand.expr, operand.type.dtype), operand.type)


def _negative(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    _common(context, node, values, _number_of)
    return negate(context, node, values[0])


def _positive(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    _common(context, node, values, _number_of)
    return values[0]


def _square(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    _common(context, node, values, _number_of)
    return _operator("mul", context, node, [values[0], values[0]])


def _part(name: str, context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    """`np.real` and `np.imag` read the attribute, and leave Python's numbers what they are."""
    return part(context, node, values[0], name)


def _conjugate(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    return conjugate(context, node, values[0])


def _angle(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    """The arc tangent of the imaginary part over the real one."""
    real, imag = (part(context, node, values[0], name) for name in PARTS)
    return _floating("np.atan2", context, node, [imag, real])


def _reciprocal(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    dtype = _common(context, node, values, lambda d: d if d.is_float else None)
    one = Const(1.0, dtype)
    operand = context.coerce(values[0], dtype, node)
    return Value(Binary("div", one, operand, dtype), ScalarType(dtype, weak=False))


def _divisor(function: str, context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    """`np.gcd` and `np.lcm`."""
    dtype = _common(context, node, values, lambda d: None if d.is_inexact else _number_of(d))
    arguments = tuple(context.coerce(value, dtype, node) for value in values)
    return Value(Call(f"np.{function}", arguments, dtype), ScalarType(dtype, weak=False))


# ---- logic ---------------------------------------------------------------------------------


def _truths(context: Context, node: ast.Call, values: Sequence[Value]) -> list[Value]:
    type_ = ScalarType(bool_, weak=False)
    return [
        Value(truth(context, argument, value), type_)
        for argument, value in zip(node.args, values, strict=True)
    ]


def _logic(op: str, context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    return logical(op, *_truths(context, node, values))


def _logical_xor(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    left, right = _truths(context, node, values)
    return Value(Comparison("!=", left.expr, right.expr), left.type)


def _logical_not(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    (operand,) = _truths(context, node, values)
    return Value(negation(operand.expr), operand.type)


def _invert(context: Context, node: ast.Call, values: Sequence[Value]) -> Value:
    (operand,) = values
    _common(context, node, values, lambda d: None if d.is_inexact else d)
    expr: Expr = Unary("invert", operand.expr, operand.type.dtype)
    return Value(negation(operand.expr) if operand.is_bool else expr, operand.type)


# ---- the table -------------------------------------------------------------------------------

_LIBM = {
    "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2",
    "log10": "log10", "log1p": "log1p", "sin": "sin", "cos": "cos", "tan": "tan",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "sinh": "sinh", "cosh": "cosh",
    "tanh": "tanh", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "cbrt": "cbrt",
}  # fmt: skip
_ANALYTIC = ("sqrt", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh")
_LIBM_OF_TWO = {"arctan2": "atan2", "hypot": "hypot"}
_OPERATORS: Mapping[str, BinaryOp] = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div",
    "floor_divide": "floordiv", "remainder": "mod", "bitwise_and": "and", "bitwise_or": "or",
    "bitwise_xor": "xor", "left_shift": "lshift", "right_shift": "rshift",
}  # fmt: skip
_RELATIONS: Mapping[str, CompareOp] = {
    "less": "<", "less_equal": "<=", "equal": "==", "not_equal": "!=", "greater": ">",
    "greater_equal": ">=",
}  # fmt: skip
_CHOICES: Mapping[str, BinaryOp] = {
    "maximum": "max", "minimum": "min", "fmax": "max", "fmin": "min",
}  # fmt: skip

NUMPY_FUNCTIONS: Mapping[str, tuple[int, Reader]] = {
    **{n: (1, partial(_floating, f"np.{c}")) for n, c in _LIBM.items()},
    **{n: (2, partial(_floating, f"np.{c}")) for n, c in _LIBM_OF_TWO.items()},
    "copysign": (2, partial(_floating, "copysign")),
    "nextafter": (2, _nextafter),
    **{n: (1, partial(_analytic, n)) for n in _ANALYTIC},
    **{n: (1, partial(_part, n)) for n in PARTS},
    "conjugate": (1, _conjugate),
    "angle": (1, _angle),
    "fabs": (1, _fabs),
    "fmod": (2, _fmod),
    "heaviside": (2, partial(_floating, "np.heaviside")),
    "rint": (1, partial(_floating, "rint")),
    "radians": (1, partial(_scaled, np.pi, 180)),
    "deg2rad": (1, partial(_scaled, np.pi, 180)),
    "degrees": (1, partial(_scaled, 180, np.pi)),
    "rad2deg": (1, partial(_scaled, 180, np.pi)),
    **{n: (1, partial(_rounded, n)) for n in ("floor", "ceil", "trunc")},
    "round": (1, partial(_rounded, "rint")),
    **{n: (1, partial(_tested, n)) for n in ("isnan", "isinf", "isfinite", "signbit")},
    **{n: (2, partial(_operator, op)) for n, op in _OPERATORS.items()},
    **{n: (2, partial(_relation, op)) for n, op in _RELATIONS.items()},
    **{n: (2, partial(_choice, n, op)) for n, op in _CHOICES.items()},
    "power": (2, _power),
    "clip": (3, _clip),
    "where": (3, _where),
    "sign": (1, _sign),
    "absolute": (1, _absolute),
    "negative": (1, _negative),
    "positive": (1, _positive),
    "square": (1, _square),
    "reciprocal": (1, _reciprocal),
    "gcd": (2, partial(_divisor, "gcd")),
    "lcm": (2, partial(_divisor, "lcm")),
    "logical_and": (2, partial(_logic, "and")),
    "logical_or": (2, partial(_logic, "or")),
    "logical_xor": (2, _logical_xor),
    "logical_not": (1, _logical_not),
    "invert": (1, _invert),
}
