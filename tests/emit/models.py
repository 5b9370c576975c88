"""Small models built by hand: the printer's input without the stages before it."""

from __future__ import annotations

import islpy as isl

from polyopt.emit.loops import Instance
from polyopt.model.affine import Affine, as_affine
from polyopt.model.expr import Expr, Load
from polyopt.model.nest import Argument, Array, Parameter
from polyopt.model.scop import Scop, Statement
from polyopt.model.tree import Leaf, Tree
from polyopt.model.types import ArrayType, DType, ScalarType, f64
from polyopt.source import Location

_SET = isl.Set("{ S1[] }")


def at(line: int, text: str = "") -> Location:
    """A place in an imagined source file."""
    return Location("kernel.py", line, 4, line, 4 + len(text), text)


def indices(*items: object) -> tuple[Affine, ...]:
    """Subscripts from names, integers and affines."""
    return tuple(as_affine(i) for i in items)


def load(array: str, *subscripts: object, dtype: DType = f64) -> Load:
    return Load(array, indices(*subscripts), dtype)


def run(statement: str, *values: object) -> Instance:
    """An instance of a statement."""
    return Instance(statement, indices(*values))


def statement(  # noqa: PLR0917
    name: str,
    iterators: str,
    array: str,
    subscripts: tuple[Affine, ...],
    value: Expr,
    guard: Expr | None = None,
    text: str = "",
    line: int = 1,
) -> Statement:
    return Statement(
        name, tuple(iterators.split()), _SET, "", array, subscripts, value, guard, None,
        at(line, text), None,
    )  # fmt: skip


def scop(
    statements: list[Statement],
    arrays: dict[str, tuple[DType, tuple[object, ...]]],
    locals_: dict[str, tuple[DType, tuple[object, ...]]] | None = None,
    scalars: dict[str, DType] | None = None,
    parameters: str = "",
    name: str = "kernel",
) -> Scop:
    """A model; the parameters are integer arguments."""
    known = [Array(n, d, indices(*s), "argument", at(1)) for n, (d, s) in arrays.items()]
    known += [Array(n, d, indices(*s), "local", at(1)) for n, (d, s) in (locals_ or {}).items()]
    arguments = [
        Argument(n, ScalarType(DType("i64", "i", 64, "int64_t"), True)) for n in parameters.split()
    ]
    arguments += [Argument(n, ScalarType(d, True)) for n, d in (scalars or {}).items()]
    arguments += [Argument(n, ArrayType(d, indices(*s))) for n, (d, s) in arrays.items()]
    return Scop(
        name,
        tuple(arguments),
        tuple(Parameter(n, ("argument", n, 0)) for n in parameters.split()),
        tuple(known),
        (),
        tuple(statements),
        _SET,
        "",
        Tree(tuple(s.name for s in statements), Leaf()),
        (),
        at(1),
    )
