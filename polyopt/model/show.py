"""The text forms of the model's artefacts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from polyopt.model.nest import Argument, Array, Assign, Branch, Loop, LoopNest, Node, Parameter
from polyopt.model.types import ArrayType, bool_, c128, f64, i64

_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>",
}  # fmt: skip
_STRENGTH = {
    "**": 12, "*": 10, "/": 10, "//": 10, "%": 10, "+": 9, "-": 9, "<<": 8, ">>": 8,
    "&": 7, "^": 6, "|": 5,
}  # fmt: skip
_NEGATION, _COMPARISON, _NOT, _AND, _OR, _SELECT = 11, 4, 3, 2, 1, 0
_ATOM = 13


def show_expr(expr: Expr) -> str:
    """An expression as Python would write it; conversions are calls of the target type."""
    return _show(expr)[0]


def _show(expr: Expr) -> tuple[str, int]:
    """The text, and how strongly its outermost operator binds."""
    match expr:
        case Const(value, dtype):
            short = dtype.is_inexact and dtype not in (f64, c128)
            text = str(dtype.numpy.type(value)) if short else repr(value)
            plain = dtype in (f64, c128, i64, bool_)
            return (text if plain else f"{dtype}({text})"), (_NEGATION if text[0] == "-" else _ATOM)
        case Index(value):
            text = str(value)
            strength = _STRENGTH["+" if " " in text else "*"]
            return text, (_ATOM if value.single_name else strength)
        case Unary(op, operand):
            return _unary(op, operand)
        case Binary(op, left, right):
            return _binary(op, left, right)
        case Comparison(relation, left, right):
            return _infix(relation, left, right, _COMPARISON, _COMPARISON + 1)
        case Logical(op, left, right):
            strength = _AND if op == "and" else _OR
            return _infix(op, left, right, strength, strength + 1)
        case Select(condition, then, otherwise):
            sides = [_bracket(e, _OR) for e in (then, condition)]
            return f"{sides[0]} if {sides[1]} else {_bracket(otherwise, _SELECT)}", _SELECT
        case _:
            return _atom(expr), _ATOM


def _atom(expr: Load | ScalarArg | Call | Cast) -> str:
    match expr:
        case Load(array, subscripts):
            return _element(array, [str(s) for s in subscripts])
        case ScalarArg(name):
            return name
        case Call(function, arguments):
            name = function if "." in function else f"math.{function}"
            return f"{name}({', '.join(map(show_expr, arguments))})"
        case Cast(operand, dtype):
            return f"{dtype}({show_expr(operand)})"


def _unary(op: str, operand: Expr) -> tuple[str, int]:
    match op:
        case "abs":
            return f"abs({show_expr(operand)})", _ATOM
        case "not":
            return f"not {_bracket(operand, _NOT)}", _NOT
        case _:
            return f"{'-' if op == 'neg' else '~'}{_bracket(operand, _NEGATION)}", _NEGATION


def _binary(op: str, left: Expr, right: Expr) -> tuple[str, int]:
    if op in ("min", "max"):
        return f"{op}({show_expr(left)}, {show_expr(right)})", _ATOM
    sign = _SIGNS[op]
    strength = _STRENGTH[sign]
    if op == "pow":
        return f"{_bracket(left, strength + 1)} ** {_bracket(right, strength)}", strength
    return _infix(sign, left, right, strength, strength)


def _infix(sign: str, left: Expr, right: Expr, own: int, needed: int) -> tuple[str, int]:
    return f"{_bracket(left, needed)} {sign} {_bracket(right, own + 1)}", own


def _bracket(expr: Expr, needed: int) -> str:
    text, strength = _show(expr)
    return text if strength >= needed else f"({text})"


def _element(array: str, subscripts: Sequence[str]) -> str:
    return f"{array}[{', '.join(subscripts)}]" if subscripts else array


# ---- loop nests ----------------------------------------------------------------------------


def show_nest(nest: LoopNest) -> str:
    """A loop nest: arguments, parameters and arrays, then its loops and assignments."""
    lines = [f"nest {nest.name}({', '.join(a.name for a in nest.arguments)})"]
    shapes = {array.name: array for array in nest.arrays}
    lines += [f"  argument {_argument(a, shapes)}" for a in nest.arguments]
    lines += [f"  parameter {_parameter(p)}" for p in nest.parameters]
    lines += [f"  local {_array(a)}" for a in nest.arrays if a.kind == "local"]
    lines += [f"  captured {name} = {value}" for name, value in nest.captured]
    lines += [f"  assume {a.condition}" for a in nest.assumptions]
    return "\n".join([*lines, *_nodes(nest.body, "  ")])


def _argument(argument: Argument, arrays: dict[str, Array]) -> str:
    if argument.same_as is not None:
        return f"{argument.name} is {argument.same_as}"
    if isinstance(argument.type, ArrayType):
        return _array(arrays[argument.name])
    return f"{argument.name}: {argument.type}"


def _array(array: Array) -> str:
    extents = f"[{', '.join(map(str, array.shape))}]" if array.shape else ""
    return f"{array.name}: {array.dtype}{extents}"


def _parameter(parameter: Parameter) -> str:
    kind, name, dim = parameter.origin
    source = f"argument {name}" if kind == "argument" else f"{name}.shape[{dim}]"
    return f"{parameter.name} = {source}"


def _nodes(nodes: Sequence[Node], indent: str) -> Iterator[str]:
    for node in nodes:
        match node:
            case Loop(variable, lower, upper, step, body):
                bounds = f"{lower}, {upper}" if step == 1 else f"{lower}, {upper}, {step}"
                yield f"{indent}for {variable} in range({bounds}):"
                yield from _nodes(body, indent + "  ")
            case Branch(condition, then, otherwise):
                yield f"{indent}if {condition}:"
                yield from _nodes(then, indent + "  ")
                if otherwise:
                    yield f"{indent}else:"
                    yield from _nodes(otherwise, indent + "  ")
            case Assign():
                yield indent + _assignment(node)


def _assignment(node: Assign) -> str:
    target = _element(node.array, [str(s) for s in node.subscripts])
    label = f"{node.label}: " if node.label else ""
    guard = f"  where {show_expr(node.guard)}" if node.guard is not None else ""
    return f"{label}{target} = {show_expr(node.value)}{guard}"
