"""Data expressions: names, constants, arithmetic, comparison, conditional expressions."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from polyopt.errors import UnsupportedSyntaxError
from polyopt.frontend import array_messages, messages
from polyopt.frontend.affine import combine, wrapped
from polyopt.frontend.captured import Function, Helper, KernelFunction, resolve
from polyopt.frontend.complex_parts import PARTS, part
from polyopt.frontend.context import Bound, Context, Lost, Pending
from polyopt.frontend.dispatch import expression, read_expression
from polyopt.frontend.promotion import (
    UNMIXED,
    WEAK_BOOL,
    WEAK_INT,
    Operation,
    Sides,
    binary,
    comparison,
    comparison_is_uniform,
    conversion_is_uniform,
    mix,
    operation_is_uniform,
    operation_sides,
    opposite_sides,
    sign_is_uniform,
)
from polyopt.frontend.values import (
    OutOfRangeError,
    Value,
    affine_of,
    affine_value,
    coerce,
    is_moderate,
    negation,
    number,
)
from polyopt.model.affine import Affine
from polyopt.model.expr import (
    Binary,
    BinaryOp,
    CompareOp,
    Comparison,
    Const,
    Expr,
    Logical,
    ScalarArg,
    Select,
    Unary,
)
from polyopt.model.symbols import Symbol
from polyopt.model.types import DType, ScalarType, bool_, i32, i64, u64

BINARY: dict[type[ast.operator], BinaryOp] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.FloorDiv: "floordiv",
    ast.Mod: "mod", ast.Pow: "pow", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
    ast.LShift: "lshift", ast.RShift: "rshift",
}  # fmt: skip

COMPARE: dict[type[ast.cmpop], CompareOp] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=", ast.GtE: ">=", ast.Gt: ">",
}  # fmt: skip

_PYTHON: dict[BinaryOp, Callable[[complex, complex], complex]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "floordiv": operator.floordiv, "mod": operator.mod, "pow": operator.pow,
}  # fmt: skip


# ---- names and constants -------------------------------------------------------------------


@expression(ast.Constant)
def _constant(context: Context, node: ast.Constant) -> Value:
    value = _number(context, node, node.value)
    if value is None:
        raise context.unsupported(node, messages.literal(node.value))
    return value


def _number(context: Context, node: ast.AST, value: object) -> Value | None:
    try:
        return number(value)
    except OutOfRangeError as error:
        raise context.unsupported(node, messages.OUT_OF_RANGE(fact=str(error))) from error


@expression(ast.Name)
def _name(context: Context, node: ast.Name) -> Value:
    name = node.id
    if context.frames:
        known = context.frames[-1].names.get(name)
        return _captured(context, node) if known is None else known
    if name in context.arrays:
        raise context.unsupported(
            node, array_messages.whole_array(name, len(context.arrays[name].shape))
        )
    binding = context.bindings.get(name)
    if isinstance(binding, Lost) and binding.ended_loop:
        text = messages.LOOP_VARIABLE_AFTER(name=name, line=binding.ended_loop)
        raise context.unsupported(node, text)
    if name not in context.data and isinstance(binding, Lost):
        context.demote(name, binding.reason, node)
    if name in context.data:
        return _data_scalar(context, node)
    if isinstance(binding, Bound):
        return index(context, node, binding.value, binding.type)
    if name in context.signature.scalars:
        type_ = context.signature.scalars[name]
        return Value(ScalarArg(name, type_.dtype), type_)
    if name in context.stored:
        return _unassigned(context, node)
    return _captured(context, node)


def _data_scalar(context: Context, node: ast.Name) -> Value:
    name = node.id
    is_argument = name in context.signature.scalars
    carried = any(name in stores for stores in context.loop_stores)
    if name not in context.assigned and not is_argument and not carried:
        raise read_before_assignment(context, node)
    try:
        return context.scalar(name)
    except Pending:
        context.pending.append(node)
        raise


def read_before_assignment(context: Context, node: ast.Name) -> UnsupportedSyntaxError:
    """The error for a local that has no value yet."""
    line = context.stored[node.id]
    text = messages.READ_BEFORE_ASSIGNMENT(name=node.id, line=line)
    return context.unsupported(node, text)


def _unassigned(context: Context, node: ast.Name) -> Value:
    """A local name that nothing has bound yet: carried round a loop, or a mistake."""
    name = node.id
    if name in context.loop_lines:
        text = messages.LOOP_VARIABLE_AFTER(name=name, line=context.loop_lines[name])
        raise context.unsupported(node, text)
    context.demote(name, messages.REASSIGNED_IN_LOOP.format(line=context.stored[name]), node)
    return _data_scalar(context, node)


def _captured(context: Context, node: ast.expr) -> Value:
    found = resolve(context, node)
    match found:
        case Value():
            return found
        case Symbol(name):
            if name not in context.signature.parameter_names:
                known = sorted(context.signature.parameter_names)
                raise context.unsupported(node, messages.foreign_symbol(name, known))
            return index(context, node, Affine.name(name))
        case Function() | Helper() | KernelFunction() | DType():
            raise context.unsupported(node, messages.FUNCTION_AS_VALUE(name=context.text(node)))
        case _:
            raise context.unsupported(node, messages.MODULE_AS_VALUE(name=context.text(node)))


def index(context: Context, node: ast.AST, affine: Affine, type_: ScalarType = WEAK_INT) -> Value:
    """An affine integer as data."""
    try:
        return affine_value(affine, type_)
    except OutOfRangeError as error:
        raise context.unsupported(node, messages.OUT_OF_RANGE(fact=str(error))) from error


@expression(ast.Attribute)
def _attribute(context: Context, node: ast.Attribute) -> Value:
    if isinstance(node.value, ast.Name) and node.value.id in context.arrays:
        array = context.arrays[node.value.id]
        if node.attr == "ndim":
            return index(context, node, Affine.integer(len(array.shape)))
        if node.attr == "size" and len(array.shape) == 1:
            return index(context, node, array.shape[0])
        raise context.unsupported(
            node, array_messages.ARRAY_ATTRIBUTE(name=array.name, attribute=node.attr)
        )
    if resolve(context, node) is None:
        if node.attr in PARTS:
            return part(context, node, read_expression(context, node.value), node.attr)
        raise context.unsupported(node, array_messages.ATTRIBUTE(text=context.text(node)))
    return _captured(context, node)


# ---- arithmetic ----------------------------------------------------------------------------


@expression(ast.BinOp)
def _binary(context: Context, node: ast.BinOp) -> Value:
    op = BINARY.get(type(node.op))
    if op is None:
        raise context.unsupported(node, messages.MATRIX_PRODUCT)
    left, right = read_expression(context, node.left), read_expression(context, node.right)
    return arithmetic(context, node, op, left, right)


def arithmetic(context: Context, node: ast.AST, op: BinaryOp, left: Value, right: Value) -> Value:
    """`left op right` by NEP 50; affine integers stay affine, constants are folded."""
    typing = binary(op, left.type, right.type)
    if not isinstance(typing, Operation):
        raise context.unsupported(node, messages.operands(op, typing))
    known = left.constant is not None and right.constant is not None
    if typing.operands.is_complex and typing.result.weak and op in ("div", "pow") and not known:
        raise context.unsupported(node, messages.python_complex(op))
    if op == "pow" and typing.operands.is_integer and not (left.constant and right.constant):
        _check_power(context, node, right, typing.result.weak)
    folded = _fold(context, node, typing, left, right)
    if folded is not None:
        return folded
    mixed = _mixed_operands(context, node, op, typing, left, right)
    a, b = (context.coerce(v, typing.operands, node) for v in (left, right))
    return Value(Binary(typing.op, a, b, typing.operands), typing.result, mixed)


def _mixed_operands(
    context: Context, node: ast.AST, op: BinaryOp, typing: Operation, left: Value, right: Value
) -> Sides:
    """The result's types where an operand's type depends on data; the bits must not."""
    if not left.mixed and not right.mixed:
        return UNMIXED
    if not operation_is_uniform(op, left.sides, right.sides, typing):
        context.refuse_mixed(node, left, right)
    return operation_sides(op, left.sides, right.sides, typing)


def _check_power(context: Context, node: ast.AST, exponent: Value, is_python: bool) -> None:
    """Python's integers give a float where the exponent is negative; NumPy's refuse that."""
    constant = exponent.constant
    if (is_python and constant is None) or (constant is not None and constant.real < 0):
        raise context.unsupported(node, messages.INTEGER_POWER)


_LARGEST_EXPONENT = 1100
"""Beyond it a power of any integer but -1, 0 and 1 leaves every type; it is not computed here."""


def _fold(
    context: Context, node: ast.AST, typing: Operation, left: Value, right: Value
) -> Value | None:
    a, b = affine_of(left), affine_of(right)
    if a is not None and b is not None and typing.result.dtype.kind == "i":
        affine = combine(typing.op, a, b) or wrapped(context, typing.op, a, b)
        if affine is not None and is_moderate(affine):
            return index(context, node, affine, typing.result)
    x, y = left.constant, right.constant
    if x is None or y is None or not typing.result.weak or typing.op not in _PYTHON:
        return None
    if typing.op == "pow" and abs(y) > _LARGEST_EXPONENT:
        return None
    try:
        result = _PYTHON[typing.op](x, y)
    except (ZeroDivisionError, OverflowError):
        return None
    return _number(context, node, result)


@expression(ast.UnaryOp)
def _unary(context: Context, node: ast.UnaryOp) -> Value:
    operand = read_expression(context, node.operand)
    if isinstance(node.op, ast.Not):
        return Value(negation(truth(context, node.operand, operand)), WEAK_BOOL)
    if operand.is_bool:
        return _unary_bool(context, node, operand)
    if isinstance(node.op, ast.UAdd):
        return operand
    if isinstance(node.op, ast.Invert):
        if operand.type.dtype.is_inexact:
            kind = "complex" if operand.type.dtype.is_complex else "float"
            raise context.unsupported(node, messages.operands("invert", kind))
        check_sign(context, node, operand)
        return Value(Unary("invert", operand.expr, operand.type.dtype), operand.type)
    return negate(context, node, operand)


def negate(context: Context, node: ast.AST, operand: Value) -> Value:
    """`-operand`, of a number."""
    affine, constant = affine_of(operand), operand.constant
    if affine is not None:
        return index(context, node, -affine, operand.type)
    if constant is not None:
        return Value(Const(-constant, operand.type.dtype), operand.type)
    check_sign(context, node, operand)
    negative = Unary("neg", operand.expr, operand.type.dtype)
    return Value(negative, operand.type, opposite_sides(operand.mixed))


def check_sign(context: Context, node: ast.AST, operand: Value) -> None:
    """Refuse `-x` and `abs(x)` whose bits would depend on the type that `x` happens to have."""
    if not sign_is_uniform(operand.mixed, operand.type.dtype):
        context.refuse_mixed(node, operand)


def _unary_bool(context: Context, node: ast.UnaryOp, operand: Value) -> Value:
    if operand.mixed:
        context.refuse_mixed(node, operand)
    if isinstance(node.op, ast.Invert) and not operand.type.weak:
        return Value(negation(operand.expr), operand.type)
    if isinstance(node.op, ast.Invert) or not operand.type.weak:
        op = "invert" if isinstance(node.op, ast.Invert) else "neg"
        raise context.unsupported(node, messages.operands(op, "bool"))
    integer = Value(context.coerce(operand, WEAK_INT.dtype, node), WEAK_INT)
    return integer if isinstance(node.op, ast.UAdd) else negate(context, node, integer)


# ---- comparison and logic ------------------------------------------------------------------


@expression(ast.Compare)
def _compare(context: Context, node: ast.Compare) -> Value:
    for op in node.ops:
        if type(op) not in COMPARE:
            raise context.unsupported(node, messages.comparison(type(op).__name__))
    sides = [read_expression(context, side) for side in (node.left, *node.comparators)]
    result: Value | None = None
    for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
        link = comparison_value(context, node, COMPARE[type(op)], left, right)
        result = link if result is None else logical("and", result, link)
    assert result is not None  # the grammar has at least one comparison
    return result


def comparison_value(
    context: Context, node: ast.AST, op: CompareOp, left: Value, right: Value
) -> Value:
    """`left op right`, at the type that both share."""
    typing = comparison(left.type, right.type)
    if typing.operands.is_complex and op not in ("==", "!="):
        raise context.unsupported(node, messages.COMPLEX_ORDER(name=op))
    operands = _compared_in(context, node, typing.operands, left, right)
    if operands is not None:
        a, b = (context.coerce(value, operands, node) for value in (left, right))
        return Value(Comparison(op, a, b), typing.result)
    if (left.mixed or right.mixed) and not comparison_is_uniform(
        left.sides, right.sides, typing.operands
    ):
        context.refuse_mixed(node, left, right)
    try:
        a, b = coerce(left, typing.operands), coerce(right, typing.operands)
    except OutOfRangeError as error:  # NumPy compares with Python's integers exactly
        if u64 in (left.type.dtype, right.type.dtype):
            raise context.unsupported(node, messages.OUT_OF_RANGE(fact=str(error))) from error
        a, b = (context.coerce(v, WEAK_INT.dtype, node) for v in (left, right))
    return Value(Comparison(op, a, b), typing.result)


def _compared_in(
    context: Context, node: ast.AST, joined: DType, left: Value, right: Value
) -> DType | None:
    """The type that holds two integers of types of which neither holds the other's values.

    None where the type that they share does. NumPy compares them by their values.
    """
    integers = left.type.dtype.is_integer and right.type.dtype.is_integer
    if not integers or (left.type.weak and right.type.weak):
        return None
    if joined.is_float and not left.mixed and not right.mixed:
        raise context.unsupported(node, messages.UNSIGNED_COMPARISON)
    open_int = any(v.type.weak and v.constant is None for v in (left, right))
    if not open_int or joined in (i32, i64):
        return None
    if joined is u64:
        raise context.unsupported(node, messages.UNSIGNED_COMPARISON)
    if left.mixed or right.mixed:
        context.refuse_mixed(node, left, right)
    return i64


def logical(op: str, left: Value, right: Value) -> Value:
    """`left and right` or `left or right`, of two bools; constants are folded."""
    type_, mixed = mix(left.sides | right.sides)
    absorbing = op == "or"
    if left.constant is not None:
        return Value((left if left.constant == absorbing else right).expr, type_, mixed)
    if right.constant is not None and right.constant != absorbing:
        return Value(left.expr, type_, mixed)
    return Value(Logical("or" if op == "or" else "and", left.expr, right.expr), type_, mixed)


@expression(ast.BoolOp)
def _bool_op(context: Context, node: ast.BoolOp) -> Value:
    op = "or" if isinstance(node.op, ast.Or) else "and"
    values = [read_expression(context, operand) for operand in node.values]
    result = values[-1]
    for operand, value in zip(reversed(node.values[:-1]), reversed(values[:-1]), strict=True):
        if value.is_bool and result.is_bool:
            result = logical(op, value, result)
        else:
            test = Value(truth(context, operand, value), WEAK_BOOL)
            then, otherwise = (value, result) if op == "or" else (result, value)
            result = select(context, node, test, then, otherwise)
    return result


def truth(context: Context, node: ast.AST, value: Value) -> Expr:
    """Python's truth of a value: that of a number is being different from zero."""
    if value.is_bool:
        return value.expr
    if not conversion_is_uniform(value.mixed, value.type.dtype, bool_):
        context.refuse_mixed(node, value)
    zero = context.coerce(Value(Const(0, WEAK_INT.dtype), WEAK_INT), value.type.dtype, node)
    if value.constant is not None:
        return Const(bool(value.constant), bool_)
    return Comparison("!=", value.expr, zero)


def select(
    context: Context, node: ast.AST, condition: Value, then: Value, otherwise: Value
) -> Value:
    """`then if condition else otherwise`, at the joined type."""
    type_, mixed = mix(then.sides | otherwise.sides)
    context.check_held(node, type_.dtype, then, otherwise)
    a, b = (context.coerce(v, type_.dtype, node) for v in (then, otherwise))
    return Value(Select(condition.expr, a, b, type_.dtype), type_, mixed)
