"""Branches on data: they become guards on the assignments inside.

A guard must hold its value while the branch runs. It is written out at each assignment where
nothing in the branch can change it; else, and where the branch holds loops, it is first stored
in a local bool. Two sides that assign the same targets become selections without a guard.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from polyopt.frontend.conditions import affine_condition, conjunction, disjunction, opposite
from polyopt.frontend.context import Context, Pending
from polyopt.frontend.data import logical, truth
from polyopt.frontend.dispatch import read_expression, read_statements
from polyopt.frontend.promotion import WEAK_BOOL
from polyopt.frontend.statements import branch
from polyopt.frontend.values import Value, negation
from polyopt.model.affine import Condition
from polyopt.model.expr import Const, Expr, Load, Logical, Select, loads
from polyopt.model.nest import Assign, Branch, Loop, Node
from polyopt.model.types import bool_

STORED_CONDITION = "a condition that the branch could change"


def read_data_branch(context: Context, node: ast.If) -> list[Node]:
    """An `if` whose condition depends on data."""
    affine, rest = _split(context, node.test, ast.And)
    if affine and not node.orelse:
        with context.block(node.body, loop=False), context.flow.fork() as fork:
            with fork.side():
                pass
            with fork.side():
                inner = _guarded_suites(context, rest, node.body, [])
        return branch(context, conjunction(affine), tuple(inner), (), node.test)
    return _guarded_suites(context, node.test, node.body, node.orelse)


def _split(
    context: Context, test: ast.expr, kind: type[ast.boolop]
) -> tuple[list[Condition], ast.expr]:
    """The affine operands of an `and` (or `or`), and what is left of it."""
    if not isinstance(test, ast.BoolOp) or not isinstance(test.op, kind):
        return [], test
    affine: list[Condition] = []
    rest: list[ast.expr] = []
    for operand in test.values:
        condition = affine_condition(context, operand)
        if condition is None:
            rest.append(operand)
        else:
            affine.append(condition)
    if len(rest) == 1:
        return affine, rest[0]
    return affine, ast.copy_location(ast.BoolOp(test.op, rest), test)


def _guarded_suites(
    context: Context, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]
) -> list[Node]:
    before, guard = _condition(context, test)
    name = context.fresh("_cond")
    sides: list[list[Node]] = []
    with context.flow.fork() as fork:
        for suite in (body, orelse):
            with context.block(suite, loop=False), fork.side():
                sides.append(read_statements(context, suite))
    if not sides[0] and not sides[1]:
        context.release(name)
        return []
    if not before and _must_store(guard, sides):
        before = [_store(context, name, guard, test)]
        guard = Load(name, (), bool_)
    else:
        context.release(name)
    return [*before, *_combine(context, guard, sides[0], sides[1])]


def _must_store(guard: Expr, sides: Sequence[Sequence[Node]]) -> bool:
    """Whether a branch could change its guard, or would evaluate it in loops."""
    writes = list(_assignments([*sides[0], *sides[1]]))
    written = {each.array for each in writes}
    changes = any(load.array in written for load in loads(guard))
    merged = _selections(guard, sides[0], sides[1])
    single = len(writes) == 1 or (merged is not None and len(merged) == 1)
    return _has_loop(sides) or (changes and not single)


def _condition(context: Context, test: ast.expr) -> tuple[list[Node], Expr]:
    """The guard of a condition, with the statements that compute it.

    Affine operands of an `and` or `or` decide where the others are evaluated at all, so that
    `i > 0 and A[i-1] > 0` does not read `A[-1]`.
    """
    for kind in (ast.And, ast.Or):
        affine, rest = _split(context, test, kind)
        if not affine:
            continue
        is_and = kind is ast.And
        decides = conjunction(affine) if is_and else opposite(disjunction(affine))
        start = _store(context, context.fresh("_cond"), Const(not is_and, bool_), test)
        inner = _assign_condition(context, start.array, _truth(context, rest), rest)
        nodes = branch(context, decides, (inner,), (), test)
        return [start, *nodes], Load(start.array, (), bool_)
    return [], _truth(context, test)


def _truth(context: Context, test: ast.expr) -> Expr:
    try:
        return truth(context, test, read_expression(context, test))
    except Pending:
        return Const(True, bool_)


def _store(context: Context, name: str, value: Expr, test: ast.expr) -> Assign:
    context.data[name] = STORED_CONDITION
    return _assign_condition(context, name, value, test)


def _assign_condition(context: Context, name: str, value: Expr, test: ast.expr) -> Assign:
    assign = context.set_scalar(name, Value(value, WEAK_BOOL), test, test)
    return replace(assign, label=None)


def _assignments(nodes: Sequence[Node]) -> Iterator[Assign]:
    for node in nodes:
        match node:
            case Assign():
                yield node
            case Loop(body=body):
                yield from _assignments(body)
            case Branch(then=then, otherwise=otherwise):
                yield from _assignments((*then, *otherwise))


def _has_loop(sides: Sequence[Sequence[Node]]) -> bool:
    return any(
        isinstance(node, Loop)
        or (isinstance(node, Branch) and _has_loop([node.then, node.otherwise]))
        for side in sides
        for node in side
    )


# ---- putting the guard on ------------------------------------------------------------------


def _combine(context: Context, guard: Expr, then: list[Node], otherwise: list[Node]) -> list[Node]:
    merged = _selections(guard, then, otherwise)
    if merged is not None:
        return merged
    return [
        *(_guard(context, node, guard) for node in then),
        *(_guard(context, node, negation(guard)) for node in otherwise),
    ]


def _selections(guard: Expr, then: Sequence[Node], otherwise: Sequence[Node]) -> list[Node] | None:
    """`if c: x = a  else: x = b` as `x = a if c else b`: written in any case."""
    if len(then) != len(otherwise):
        return None
    merged: list[Node] = []
    for a, b in zip(then, otherwise, strict=True):
        if not isinstance(a, Assign) or not isinstance(b, Assign) or a.guard or b.guard:
            return None
        if (a.array, a.subscripts, a.label) != (b.array, b.subscripts, b.label):
            return None
        merged.append(replace(a, value=Select(guard, a.value, b.value, a.value.dtype)))
    return merged


def _guard(context: Context, node: Node, guard: Expr) -> Node:
    match node:
        case Loop(body=body):
            return replace(node, body=tuple(_guard(context, each, guard) for each in body))
        case Branch(then=then, otherwise=otherwise):
            return replace(
                node,
                then=tuple(_guard(context, each, guard) for each in then),
                otherwise=tuple(_guard(context, each, guard) for each in otherwise),
            )
        case Assign():
            return _guard_assignment(context, node, guard)


def _guard_assignment(context: Context, node: Assign, guard: Expr) -> Assign:
    """A stored condition takes the outer one in, so that it is written in any case.

    So does the flag of a loop where it is set: a loop that does not run has one that is false.
    """
    outer = Value(guard, WEAK_BOOL)
    starts = node.array in context.flags and node.value != Const(False, bool_)
    if starts or context.data.get(node.array) == STORED_CONDITION:
        return replace(node, value=logical("and", outer, Value(node.value, WEAK_BOOL)).expr)
    if node.guard is None:
        return replace(node, guard=guard)
    if _includes_outer(context, node.guard):
        return node
    return replace(node, guard=logical("and", outer, Value(node.guard, WEAK_BOOL)).expr)


def _includes_outer(context: Context, guard: Expr) -> bool:
    """A guard that begins with a condition stored in the same suite, and so under `outer`."""
    while isinstance(guard, Logical) and guard.op == "and":
        guard = guard.left
    return isinstance(guard, Load) and context.data.get(guard.array) == STORED_CONDITION
