"""Typed data expressions: the bodies of statements.

The front end resolves every type and inserts every cast, so that a printer needs no rules of
promotion: both operands of `Binary` and `Compare` have one dtype; `Binary.dtype` is that dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from polyopt.model.affine import Affine, Opaque
from polyopt.model.types import DType, bool_

UnaryOp = Literal["neg", "abs", "not", "invert"]
BinaryOp = Literal[
    "add", "sub", "mul", "div", "floordiv", "mod", "pow",
    "min", "max", "and", "or", "xor", "lshift", "rshift",
]  # fmt: skip
CompareOp = Literal["<", "<=", "==", "!=", ">=", ">"]


@dataclass(frozen=True, slots=True)
class Const:
    """A literal or a captured number, already of its final type."""

    value: int | float | complex | bool
    dtype: DType

    @property
    def integer(self) -> int:
        """The value of an integer constant."""
        return int(self.value.real)


@dataclass(frozen=True, slots=True)
class Load:
    """An array element; rank-0 arrays (scalar locals) have no subscripts."""

    array: str
    subscripts: tuple[Affine, ...]
    dtype: DType


@dataclass(frozen=True, slots=True)
class ScalarArg:
    """A scalar argument that is not a parameter of the model (float, bool, NumPy scalar)."""

    name: str
    dtype: DType


@dataclass(frozen=True, slots=True)
class Index:
    """A quasi-affine value of iterators and parameters used as data (dtype i64)."""

    value: Affine
    dtype: DType


@dataclass(frozen=True, slots=True)
class Unary:
    """`neg`, `abs` on numbers; `not` on bool; `invert` on integers."""

    op: UnaryOp
    operand: Expr
    dtype: DType


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic. `min(a, b)` is Python's: `b if b < a else a` (`max`: `b if b > a else a`).

    `div` is on floats only; `floordiv` and `mod` floor; integer arithmetic wraps; integer
    division by zero gives 0, as NumPy does. `and or xor` are bitwise, on integers and bools.
    """

    op: BinaryOp
    left: Expr
    right: Expr
    dtype: DType


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of two values of one dtype, giving bool."""

    op: CompareOp
    left: Expr
    right: Expr
    dtype: DType = bool_


@dataclass(frozen=True, slots=True)
class Logical:
    """Short-circuit `and` / `or` of two bools."""

    op: Literal["and", "or"]
    left: Expr
    right: Expr
    dtype: DType = bool_


@dataclass(frozen=True, slots=True)
class Select:
    """`then if condition else otherwise`; only the chosen side is evaluated."""

    condition: Expr
    then: Expr
    otherwise: Expr
    dtype: DType


@dataclass(frozen=True, slots=True)
class Call:
    """A function of Python's `math` by its name there; arguments and result as libm's double
    function unless `dtype` says f32 (NumPy's float32 functions, later)."""

    function: str
    arguments: tuple[Expr, ...]
    dtype: DType


@dataclass(frozen=True, slots=True)
class Cast:
    """A conversion to `dtype`: C's rules, floats to integers truncate."""

    operand: Expr
    dtype: DType


Expr = (
    Const | Load | ScalarArg | Index | Unary | Binary | Comparison | Logical | Select | Call | Cast
)


@dataclass(frozen=True, slots=True)
class Datum(Opaque):
    """A subscript or bound that is read from data, such as the `col[k]` of `x[col[k]]`.

    `text` is the expression as the kernel writes it.
    """

    expr: Expr
    text: str = field(compare=False)

    def names(self) -> frozenset[str]:
        """The iterators and parameters that the expression depends on."""
        found: set[str] = set()
        for node in walk(self.expr):
            if isinstance(node, Load):
                found.update(n for s in node.subscripts for n in s.names())
            elif isinstance(node, Index):
                found.update(node.value.names())
        return frozenset(found)

    def substituted(self, values: Mapping[str, Affine]) -> Datum:
        """The same with names replaced."""
        return replace(self, expr=substitute(self.expr, values))

    def __str__(self) -> str:
        return self.text


def data(affine: Affine) -> tuple[Expr, ...]:
    """The expressions in an affine that are read from data."""
    return tuple(o.expr for o in affine.opaque() if isinstance(o, Datum))


def change_data(affine: Affine, change: Callable[[Expr], Expr]) -> Affine:
    """Apply `change` bottom-up to what an affine reads from data, where it is a term of it."""
    terms = (
        (replace(a, expr=rebuild_all(a.expr, change)) if isinstance(a, Datum) else a, f)
        for a, f in affine.terms
    )
    return Affine.of(terms, affine.constant) if affine.is_data else affine


def rebuild_all(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Apply `change` bottom-up to every node, those that subscripts read from data included."""

    def inside(node: Expr) -> Expr:
        if isinstance(node, Load) and any(s.is_data for s in node.subscripts):
            node = replace(node, subscripts=tuple(change_data(s, change) for s in node.subscripts))
        return change(node)

    return rebuild(expr, inside)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct operands, in evaluation order; those of a load are its subscripts from data."""
    match expr:
        case Load(subscripts=subscripts):
            return tuple(e for s in subscripts for e in data(s))
        case Unary(operand=a) | Cast(operand=a):
            return (a,)
        case Binary(left=a, right=b) | Comparison(left=a, right=b) | Logical(left=a, right=b):
            return (a, b)
        case Select(condition=a, then=b, otherwise=c):
            return (a, b, c)
        case Call(arguments=arguments):
            return arguments
        case _:
            return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """The expression and everything below it, operands after their operator."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def conjuncts(condition: Expr) -> Iterator[Expr]:
    """The parts of a conjunction, in the order in which they are evaluated."""
    if isinstance(condition, Logical) and condition.op == "and":
        yield from conjuncts(condition.left)
        yield from conjuncts(condition.right)
    else:
        yield condition


def loads(expr: Expr) -> tuple[Load, ...]:
    """Every array element read, in evaluation order, duplicates kept."""
    return tuple(e for e in walk(expr) if isinstance(e, Load))


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Apply `change` bottom-up to every node, but not to what subscripts read from data."""
    match expr:
        case Unary() | Cast():
            new: Expr = replace(expr, operand=rebuild(expr.operand, change))
        case Binary() | Comparison() | Logical():
            new = replace(expr, left=rebuild(expr.left, change), right=rebuild(expr.right, change))
        case Select():
            new = replace(
                expr,
                condition=rebuild(expr.condition, change),
                then=rebuild(expr.then, change),
                otherwise=rebuild(expr.otherwise, change),
            )
        case Call():
            new = replace(expr, arguments=tuple(rebuild(a, change) for a in expr.arguments))
        case _:
            new = expr
    return change(new)


def substitute(expr: Expr, values: Mapping[str, Affine]) -> Expr:
    """Replace iterator and parameter names in subscripts and indices."""

    def change(node: Expr) -> Expr:
        match node:
            case Load():
                return replace(
                    node, subscripts=tuple(s.substitute(values) for s in node.subscripts)
                )
            case Index():
                return replace(node, value=node.value.substitute(values))
            case _:
                return node

    return rebuild(expr, change)
