"""Calls inside data expressions: `math.*`, `min`, `max`, `abs`, conversions, `len`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Literal

from polyopt.frontend import messages
from polyopt.frontend.affine import combine
from polyopt.frontend.captured import Function, Helper, KernelFunction, resolve
from polyopt.frontend.complex_parts import METHODS, conjugate, modulus, of_parts
from polyopt.frontend.context import Context
from polyopt.frontend.data import arithmetic, check_sign, index, truth
from polyopt.frontend.dispatch import expression, read_expression
from polyopt.frontend.inline import read_helper_call
from polyopt.frontend.numpy_calls import NUMPY_FUNCTIONS, read_numpy_call
from polyopt.frontend.promotion import WEAK_BOOL, WEAK_FLOAT, WEAK_INT, Side, mix, order_is_uniform
from polyopt.frontend.values import Value, affine_of
from polyopt.model.affine import extreme
from polyopt.model.expr import Binary, Call, Cast, Unary
from polyopt.model.types import DType, ScalarType, f64, i64

UNARY_MATH = frozenset(
    {
        "sqrt",
        "cbrt",
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "radians",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "acosh",
        "atanh",
        "degrees",
        "erf",
        "erfc",
        "gamma",
        "lgamma",
        "fabs",
    }
)
BINARY_MATH = frozenset({"pow", "atan2", "hypot", "fmod", "copysign", "remainder", "nextafter"})
ROUNDING_MATH = frozenset({"floor", "ceil", "trunc"})
TEST_MATH = frozenset({"isnan", "isinf", "isfinite"})
ARITY = dict.fromkeys(UNARY_MATH | ROUNDING_MATH | TEST_MATH, 1) | dict.fromkeys(BINARY_MATH, 2)


@expression(ast.Call)
def _call(context: Context, node: ast.Call) -> Value:
    function = resolve(context, node.func)
    if isinstance(function, DType):
        return _cast(context, node, function)
    if isinstance(function, Helper):
        return read_helper_call(context, node, function)
    if isinstance(function, KernelFunction):
        raise context.unsupported(node, messages.KERNEL_PLACE(text=context.text(node)))
    if not isinstance(function, Function):
        method = node.func
        if isinstance(method, ast.Attribute) and method.attr in METHODS and not node.args:
            return conjugate(context, node, read_expression(context, method.value))
        raise context.unsupported(node, messages.unknown_call(node.func, context.text(node.func)))
    if function.module == "numpy" and function.name in NUMPY_FUNCTIONS:
        return read_numpy_call(context, node, function.name)
    if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
        raise context.unsupported(node, messages.CALL_FORM(name=function.name))
    if function.module == "math":
        return _math(context, node, function.name)
    reader = _BUILTIN.get(function.name) if function.module == "builtins" else None
    if reader is None:
        text = messages.misplaced_call(function.module, function.name)
        raise context.unsupported(node, text)
    return reader(context, node)


def _cast(context: Context, node: ast.Call, dtype: DType) -> Value:
    """`np.float32(x)` and its like: NumPy's scalar of that type."""
    if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
        raise context.unsupported(node, messages.NUMPY_CAST(name=context.text(node.func)))
    operand = read_expression(context, node.args[0])
    return Value(context.coerce(operand, dtype, node), ScalarType(dtype, weak=False))


# ---- math ----------------------------------------------------------------------------------


def _math(context: Context, node: ast.Call, name: str) -> Value:
    if name == "log" and len(node.args) == 2:  # CPython divides the two logarithms
        numerator, denominator = (_function(context, "log", [a]) for a in node.args)
        return arithmetic(context, node, "div", numerator, denominator)
    if name in ("gcd", "lcm"):
        return _divisor(context, node, name)
    if name not in ARITY:
        raise context.unsupported(node, messages.UNKNOWN_MATH(name=name))
    if len(node.args) != ARITY[name]:
        text = messages.argument_count(f"math.{name}", ARITY[name], len(node.args))
        raise context.unsupported(node, text)
    if name in ROUNDING_MATH:
        return _rounding(context, node, name)
    return _function(context, name, node.args)


def _function(context: Context, name: str, nodes: list[ast.expr]) -> Value:
    arguments = tuple(context.coerce(read_expression(context, node), f64, node) for node in nodes)
    if name == "fabs":
        return Value(Unary("abs", arguments[0], f64), WEAK_FLOAT)
    type_ = WEAK_BOOL if name in TEST_MATH else WEAK_FLOAT
    return Value(Call(name, arguments, type_.dtype), type_)


def _divisor(context: Context, node: ast.Call, name: str) -> Value:
    """`math.gcd` and `math.lcm`, of two integers."""
    if len(node.args) != 2:
        raise context.unsupported(node, messages.argument_count(f"math.{name}", 2, len(node.args)))
    values = [read_expression(context, argument) for argument in node.args]
    if any(value.type.dtype.is_inexact for value in values):
        raise context.unsupported(node, messages.INTEGERS_ONLY(name=f"math.{name}"))
    a, b = (context.python_int(value, node) for value in values)
    return Value(Call(f"np.{name}", (a, b), i64), WEAK_INT)


def _rounding(context: Context, node: ast.Call, name: str) -> Value:
    """`math.floor` and its like give Python integers; of an integer, the integer itself."""
    operand = read_expression(context, node.args[0])
    if not operand.type.dtype.is_inexact:
        return Value(context.python_int(operand, node), WEAK_INT)
    argument = context.coerce(operand, f64, node)
    return Value(Cast(Call(name, (argument,), f64), i64), WEAK_INT)


# ---- builtins ------------------------------------------------------------------------------


def _extreme(op: Literal["min", "max"]) -> Callable[[Context, ast.Call], Value]:
    def read(context: Context, node: ast.Call) -> Value:
        if len(node.args) < 2:
            raise context.unsupported(node, messages.REDUCTION_CALL(name=op))
        values = [read_expression(context, argument) for argument in node.args]
        affine = [affine_of(value) for value in values]
        type_, mixed = mix(side for value in values for side in value.sides)
        if type_.dtype.is_complex:
            raise context.unsupported(node, messages.COMPLEX_ORDER(name=op))
        context.check_held(node, type_.dtype, *values)
        _check_extremes(context, node, values, type_.dtype)
        if all(a is not None for a in affine) and type_.dtype.kind == "i":
            result = affine[0]
            for each in affine[1:]:
                assert result is not None
                assert each is not None
                result = combine(op, result, each)
            assert result is not None
            return index(context, node, result, type_)
        operands = [context.coerce(value, type_.dtype, node) for value in values]
        expr = operands[0]
        for operand in operands[1:]:
            expr = Binary(op, expr, operand, type_.dtype)
        return Value(expr, type_, mixed)

    return read


def _check_extremes(
    context: Context, node: ast.Call, values: Sequence[Value], dtype: DType
) -> None:
    """Refuse arguments that Python, comparing them two by two, would order otherwise."""
    for left, right in combinations(values, 2):
        if not order_is_uniform(left.sides, right.sides, dtype):
            context.refuse_mixed(node, *values)
            return


def _single(context: Context, node: ast.Call, name: str) -> Value:
    if len(node.args) != 1:
        raise context.unsupported(node, messages.argument_count(name, 1, len(node.args)))
    return read_expression(context, node.args[0])


def _abs(context: Context, node: ast.Call) -> Value:
    operand = _single(context, node, "abs")
    if operand.is_bool:
        return _plain(operand) if operand.type.weak else operand
    if operand.type.dtype.is_complex:
        return modulus(context, node, operand)
    affine = affine_of(operand)
    if affine is not None:
        return index(context, node, extreme("max", [affine, -affine]), operand.type)
    check_sign(context, node, operand)
    sides = frozenset(
        s if s.constant is None else Side(s.type, abs(s.constant)) for s in operand.mixed
    )
    return Value(Unary("abs", operand.expr, operand.type.dtype), operand.type, sides)


def _plain(operand: Value) -> Value:
    """A Python bool as the integer that it is."""
    return Value(Cast(operand.expr, i64), WEAK_INT)


def _float(context: Context, node: ast.Call) -> Value:
    return Value(context.coerce(_single(context, node, "float"), f64, node), WEAK_FLOAT)


def _complex(context: Context, node: ast.Call) -> Value:
    if len(node.args) not in (1, 2):
        raise context.unsupported(node, messages.argument_count("complex", 2, len(node.args)))
    return of_parts(context, node, [read_expression(context, a) for a in node.args])


def _int(context: Context, node: ast.Call) -> Value:
    return Value(context.python_int(_single(context, node, "int"), node), WEAK_INT)


def _bool(context: Context, node: ast.Call) -> Value:
    operand = _single(context, node, "bool")
    return Value(truth(context, node, operand), WEAK_BOOL)


def _pow(context: Context, node: ast.Call) -> Value:
    if len(node.args) != 2:
        raise context.unsupported(node, messages.argument_count("pow", 2, len(node.args)))
    base, exponent = (read_expression(context, argument) for argument in node.args)
    return arithmetic(context, node, "pow", base, exponent)


def _len(context: Context, node: ast.Call) -> Value:
    argument = node.args[0] if len(node.args) == 1 else node
    array = context.arrays.get(argument.id) if isinstance(argument, ast.Name) else None
    if array is not None and array.shape:
        return index(context, node, array.shape[0])
    raise context.unsupported(node, messages.LENGTH)


_BUILTIN: dict[str, Callable[[Context, ast.Call], Value]] = {
    "min": _extreme("min"),
    "max": _extreme("max"),
    "abs": _abs,
    "float": _float,
    "complex": _complex,
    "int": _int,
    "bool": _bool,
    "pow": _pow,
    "len": _len,
}
