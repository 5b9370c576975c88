"""Loops whose range is read from data, as loops between bounds that have names.

    for k in range(ptr[i], ptr[i + 1]):    →    for k in range(k_lower, k_upper):

Sets know the two names as parameters, of which nothing is known but that the range is not empty,
and so hold every instance that there may be: the model is exact but for which of them there are,
and what such a loop writes is written perhaps. Where the loops are printed, the names become what
they stand for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import reduce
from typing import Literal

from polyopt.model.affine import Affine, All, Any, Compare, Condition, Not
from polyopt.model.expr import Comparison, Const, Expr, Index, Logical, Unary
from polyopt.model.nest import Assign, Branch, DataBound, Loop, LoopNest, Node
from polyopt.model.types import bool_, i64


def with_named_bounds(nest: LoopNest) -> LoopNest:
    """The nest with names for the bounds of each loop over data; it lists them.

    Loops inside whose bounds follow such a loop's variable are loops over data too.
    """
    taken = {p.name for p in nest.parameters} | {a.name for a in nest.arrays}
    taken |= {a.name for a in nest.arguments} | set(_variables(nest.body))
    found: list[DataBound] = []
    body = _named(nest.body, frozenset(), taken, found)
    return replace(nest, body=body, bounds=tuple(found)) if found else nest


def with_guards(nest: LoopNest) -> LoopNest:
    """The nest with branches on the variables of loops over data as guards of the assignments.

    for k in range(ptr[i], ptr[i + 1]):          for k in range(ptr[i], ptr[i + 1]):
        if k > i:                           →        y[i] += val[k]    where k > i
            y[i] += val[k]

    Sets would take such a branch for a condition on the bounds, and so on all rows at once.
    """
    return replace(nest, body=_guarded(nest.body, frozenset(), None))


def _variables(nodes: Iterable[Node]) -> Iterator[str]:
    return (loop.variable for loop in _loops(nodes))


def is_loose(loop: Loop, loose: frozenset[str]) -> bool:
    """Whether data bounds a loop, by itself or by the variable of a loop around it."""
    return any(b.is_data or b.names() & loose for b in (loop.lower, loop.upper))


def _guarded(
    nodes: tuple[Node, ...], loose: frozenset[str], guard: Expr | None
) -> tuple[Node, ...]:
    made: list[Node] = []
    for node in nodes:
        match node:
            case Loop(variable=variable, body=body):
                inside = loose | {variable} if is_loose(node, loose) else loose
                made.append(replace(node, body=_guarded(body, inside, guard)))
            case Branch(condition, then, otherwise) if condition_names(condition) & loose:
                test = _as_data(condition)
                made += _guarded(then, loose, _both(guard, test))
                made += _guarded(otherwise, loose, _both(guard, Unary("not", test, bool_)))
            case Branch(then=then, otherwise=otherwise):
                sides = [_guarded(side, loose, guard) for side in (then, otherwise)]
                made.append(replace(node, then=sides[0], otherwise=sides[1]))
            case Assign():
                made.append(replace(node, guard=_both(guard, node.guard)))
    return tuple(made)


def _both(first: Expr | None, second: Expr | None) -> Expr | None:
    if first is None or second is None:
        return first or second
    return Logical("and", first, second)


def _as_data(condition: Condition) -> Expr:
    """An affine condition as a data expression."""
    match condition:
        case Compare(relation, left, right):
            return Comparison(relation, Index(left, i64), Index(right, i64))
        case Not(operand):
            return Unary("not", _as_data(operand), bool_)
        case All(operands) | Any(operands):
            op: Literal["and", "or"] = "and" if isinstance(condition, All) else "or"
            parts = [_as_data(o) for o in operands]
            start: Expr = parts[0] if parts else Const(op == "and", bool_)
            return reduce(lambda one, other: Logical(op, one, other), parts[1:], start)


def condition_names(condition: Condition) -> frozenset[str]:
    """The iterators and parameters in a condition."""
    if isinstance(condition, Compare):
        return condition.left.names() | condition.right.names()
    operands = (condition.operand,) if isinstance(condition, Not) else condition.operands
    return frozenset[str]().union(*map(condition_names, operands))


def _named(
    nodes: tuple[Node, ...], loose: frozenset[str], taken: set[str], found: list[DataBound]
) -> tuple[Node, ...]:
    made: list[Node] = []
    for node in nodes:
        match node:
            case Loop(body=body):
                inside = loose
                if is_loose(node, loose):
                    inside = loose | {node.variable}
                    lower, upper = (_name(node, side, taken, found) for side in ("lower", "upper"))
                    node = replace(node, lower=lower, upper=upper)  # noqa: PLW2901
                made.append(replace(node, body=_named(body, inside, taken, found)))
            case Branch(then=then, otherwise=otherwise):
                sides = [_named(side, loose, taken, found) for side in (then, otherwise)]
                made.append(replace(node, then=sides[0], otherwise=sides[1]))
            case _:
                made.append(node)
    return tuple(made)


def _name(loop: Loop, side: str, taken: set[str], found: list[DataBound]) -> Affine:
    wanted = f"{loop.variable}_{side}"
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}{number}"
    taken.add(name)
    value = loop.lower if side == "lower" else loop.upper
    found.append(DataBound(name, value, loop.variable, is_lower=side == "lower"))
    return Affine.name(name)


def not_empty(nest: LoopNest) -> tuple[Condition, ...]:
    """That no loop over data is empty: such a loop has no instances to speak of."""
    names = {b.name for b in nest.bounds}
    return tuple(
        Compare("<" if loop.step > 0 else ">", loop.lower, loop.upper)
        for loop in _loops(nest.body)
        if loop.lower.single_name in names
    )


def _loops(nodes: Iterable[Node]) -> Iterator[Loop]:
    for node in nodes:
        match node:
            case Loop(body=body):
                yield node
                yield from _loops(body)
            case Branch(then=then, otherwise=otherwise):
                yield from _loops((*then, *otherwise))
            case _:
                pass
