"""Vector loops in explicit vector types, for compilers that make none of loops.

    for j: y[j] += a * x[j]    →    for (; j < n - 3; j += 4)
                                        *(__global f64x4 *)&y[j] += a * *(… f64x4 *)&x[j];
                                    for (; j < n; j++) y[j] += a * x[j];

Only elements that lie side by side from one iteration to the next become vectors, those that are
read also from the last to the first; what does not follow the loop stays a scalar, which the
language spreads over the lanes. PoCL 3.0 vectorises no loop of a kernel (measured: 5 times on
jacobi-1d); vectors wider than its 32 bytes gain nothing there, and some abort its compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import cgen

from polyopt.emit.affine_c import affine
from polyopt.emit.loops import Comment, For, Instance, Node
from polyopt.emit.packed_index import packed_indices
from polyopt.emit.place import Place
from polyopt.emit.scope import Lanes, Scope
from polyopt.emit.text import Level
from polyopt.model.affine import Affine
from polyopt.model.expr import Binary, Expr, Index, Load, Unary, loads, walk
from polyopt.model.scop import Scop, Statement
from polyopt.model.types import DType

_UNROLLED = 8
_ARITHMETIC = ("add", "sub", "mul", "div")

Print = Callable[[tuple[Node, ...], Scope], list[cgen.Generable]]


def lanes_of(
    node: For, scop: Scop, scope: Scope, sums: frozenset[str] = frozenset()
) -> Lanes | None:
    """The vectors in which a loop may run; None where it must stay a loop.

    `sums` are the keys of the places into which it accumulates, an element a lane.
    """
    if not (node.vector and scope.target.vectors and node.step == 1 and scope.lanes is None):
        return None
    types: set[DType] = set()
    for item in _written_out(node.body):
        if not isinstance(item, Instance):
            return None
        statement = scop.statement(item.statement)
        if not _fits(item, statement, node.variable, scop, scope, sums):
            return None
        types.add(scop.dtype(statement.array))
    if len(types) != 1 or not scope.target.vectors:
        return None
    (dtype,) = types
    return Lanes(node.variable, scope.target.vectors * 8 // dtype.bits, dtype)


def vector_loop(node: For, lanes: Lanes, scope: Scope, print_body: Print) -> list[cgen.Generable]:
    """The loop in vectors, and its rest."""
    name, width = scope.names.of("value", node.variable), lanes.width
    inside = replace(scope, lanes=lanes, vector=True)
    body = cgen.Block(print_body(node.body, inside))
    lower, upper = str(affine(node.lower, scope)), affine(node.upper, scope)
    trips = node.upper - node.lower
    forward = cgen.Line(f"{name} += {width}")
    if trips.is_constant and trips.constant % width == 0:
        scope.used.values.discard(node.variable)
        start = cgen.Line(f"int64_t {name} = {lower}")
        loop = cgen.For(start, cgen.Line(f"{name} < {upper.at(Level.SHIFT)}"), forward, body)
        count = trips.constant // width
        pragma = [cgen.Pragma(f"{scope.target.unroll} {count}")] if 1 < count <= _UNROLLED else []
        return [*pragma, loop]
    rest = cgen.Block(print_body(node.body, replace(scope, vector=True)))
    scope.used.values.discard(node.variable)
    end = scope.names.fresh(f"{node.variable}_end")
    nothing, least = cgen.Line(""), cgen.Line(f"{name} < {end} - {width - 1}")
    return [
        cgen.Block(
            [
                cgen.Statement(f"const int64_t {end} = {upper}"),
                cgen.Statement(f"int64_t {name} = {lower}"),
                cgen.For(nothing, least, forward, body),
                cgen.For(nothing, cgen.Line(f"{name} < {end}"), cgen.Line(f"{name}++"), rest),
            ]
        )
    ]


# ---- what may be a vector --------------------------------------------------------------------


def _written_out(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """What stands in a loop, also in the loops inside that the compiler writes out."""
    for node in nodes:
        if isinstance(node, For) and node.unroll < 0 and not (node.parallel or node.exit):
            yield from _written_out(node.body)
        elif not isinstance(node, Comment):
            yield node


def _fits(
    node: Instance,
    statement: Statement,
    variable: str,
    scop: Scop,
    scope: Scope,
    sums: frozenset[str],
) -> bool:
    """Whether a statement's instances side by side are one operation on vectors."""
    dtype = scop.dtype(statement.array)
    if not dtype.is_float or dtype.bits < 32 or statement.guard is not None or statement.late:
        return False
    values = dict(zip(statement.iterators, node.values, strict=True))
    straight = dict(node.straight)

    def step(array: str, subscripts: tuple[Affine, ...]) -> int | None:
        key = scope.holder(statement.name, array, subscripts)
        if key in sums:
            return 1
        place = scope.places[key]
        here = tuple(s.replace_atoms(straight).substitute(values) for s in subscripts)
        return _step(place, here, variable, scope)

    if step(statement.array, statement.subscripts) != 1:
        return False
    moving = {i for i, value in values.items() if variable in value.names()}
    return _is_vector(statement.value, dtype, step, moving)


def _is_vector(
    expr: Expr,
    dtype: DType,
    step: Callable[[str, tuple[Affine, ...]], int | None],
    moving: set[str],
) -> bool:
    if expr.dtype != dtype:
        return False
    match expr:
        case Load(array, subscripts):
            return step(array, subscripts) is not None
        case Binary(op, left, right) if op in _ARITHMETIC:
            return all(_is_vector(e, dtype, step, moving) for e in (left, right))
        case Unary("neg", operand):
            return _is_vector(operand, dtype, step, moving)
    if any(isinstance(e, Index) and e.value.names() & moving for e in walk(expr)):
        return False
    return all(step(load.array, load.subscripts) == 0 for load in loads(expr))


def _step(place: Place, subscripts: tuple[Affine, ...], variable: str, scope: Scope) -> int | None:
    """How far an access moves with the variable: 0, 1, -1, or None for anything else."""
    indices = (
        packed_indices(place, subscripts, scope) if place.layout else place.indices(subscripts)
    )
    if not any(variable in i.names() for i in indices):
        return 0
    *others, last = indices
    step = last.coefficient(variable)
    alone = not any(variable in i.names() for i in others)
    rest = last - step * Affine.name(variable)
    plain = place.strides is None
    return step if alone and plain and step in (1, -1) and variable not in rest.names() else None
