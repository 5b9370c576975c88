"""Integers read from data stand where they are used as subscripts and bounds.

    j = col[k]                            y[i] += val[k] * x[col[k]]
    y[i] += val[k] * x[j]           →

The model then knows that the index is read from an array that nothing writes; a scalar local,
written in every iteration, would tie the iterations together, and hide what is to be checked.
Only where the local has one assignment, whose value cannot change before its uses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from polyopt.errors import UnsupportedSyntaxError
from polyopt.frontend import messages
from polyopt.model.affine import Affine
from polyopt.model.expr import Cast, Datum, Expr, Load, change_data, data, loads, rebuild_all
from polyopt.model.nest import Assign, Branch, Loop, LoopNest, Node
from polyopt.model.show import show_expr

Change = Callable[[Expr], Expr]


def forwarded(nest: LoopNest) -> LoopNest:
    """The nest with such locals replaced by what they hold.

    Raises UnsupportedSyntaxError for a loop whose range is read from what the kernel writes.
    """
    while found := _candidate(nest):
        nest = _without(nest, found)
    _check_ranges(nest.body, {a.array for a in assignments(nest.body)})
    return nest


def assignments(nodes: tuple[Node, ...]) -> Iterator[Assign]:
    """Every assignment below some nodes, in textual order."""
    for node in nodes:
        match node:
            case Assign():
                yield node
            case Loop(body=body):
                yield from assignments(body)
            case Branch(then=then, otherwise=otherwise):
                yield from assignments((*then, *otherwise))


def _candidate(nest: LoopNest) -> Assign | None:
    """An assignment whose target can be replaced by its value."""
    written = Counter(a.array for a in assignments(nest.body))
    indices = {load.array for e in _index_data(nest.body) for load in loads(e)}
    local = {a.name for a in nest.arrays if a.kind == "local" and not a.shape}
    for assign, after in _with_rest(nest.body):
        name = assign.array
        if name not in local or name not in indices or written[name] != 1:
            continue
        kept = all(load.array not in written for load in loads(assign.value))
        uses = Counter(_read(nest.body))[name]
        if kept and assign.guard is None and Counter(_read(after))[name] == uses:
            return assign
    return None


def _with_rest(nodes: tuple[Node, ...]) -> Iterator[tuple[Assign, tuple[Node, ...]]]:
    """Every assignment with the nodes after it in its suite."""
    for number, node in enumerate(nodes):
        match node:
            case Assign():
                yield node, nodes[number + 1 :]
            case Loop(body=body):
                yield from _with_rest(body)
            case Branch(then=then, otherwise=otherwise):
                yield from _with_rest(then)
                yield from _with_rest(otherwise)


def _index_data(nodes: tuple[Node, ...]) -> Iterator[Expr]:
    """What subscripts and bounds read from data."""
    for node in nodes:
        match node:
            case Loop(lower=lower, upper=upper, body=body):
                yield from (*data(lower), *data(upper))
                yield from _index_data(body)
            case Branch(then=then, otherwise=otherwise):
                yield from _index_data((*then, *otherwise))
            case Assign():
                subscripts = [*node.subscripts]
                subscripts += [
                    s for e in _expressions(node) for x in loads(e) for s in x.subscripts
                ]
                yield from (e for s in subscripts for e in data(s))


def _expressions(assign: Assign) -> tuple[Expr, ...]:
    return (assign.value,) if assign.guard is None else (assign.guard, assign.value)


def _read(nodes: tuple[Node, ...]) -> Iterator[str]:
    """The arrays that some nodes read, one name a read."""
    for node in nodes:
        match node:
            case Loop(lower=lower, upper=upper, body=body):
                yield from (x.array for e in (*data(lower), *data(upper)) for x in loads(e))
                yield from _read(body)
            case Branch(then=then, otherwise=otherwise):
                yield from _read((*then, *otherwise))
            case Assign():
                own = (*_expressions(node), *(e for s in node.subscripts for e in data(s)))
                yield from (x.array for e in own for x in loads(e))


def _without(nest: LoopNest, assign: Assign) -> LoopNest:
    def change(node: Expr) -> Expr:
        if not isinstance(node, Load):
            return node
        if node.array == assign.array:
            return assign.value
        return replace(node, subscripts=tuple(map(_told, node.subscripts)))

    arrays = tuple(a for a in nest.arrays if a.name != assign.array)
    return replace(nest, arrays=arrays, body=_changed(nest.body, assign, change))


def _told(affine: Affine) -> Affine:
    """An affine whose parts from data have the text of what they now are."""
    return Affine.of(
        (
            (replace(a, text=_text(a.expr)) if isinstance(a, Datum) else a, f)
            for a, f in affine.terms
        ),
        affine.constant,
    )


def _text(expr: Expr) -> str:
    return show_expr(expr.operand if isinstance(expr, Cast) else expr)


def _changed(nodes: tuple[Node, ...], gone: Assign, change: Change) -> tuple[Node, ...]:
    found: list[Node] = []
    for node in nodes:
        match node:
            case Loop(lower=lower, upper=upper, body=body):
                bounds = [_told(change_data(b, change)) for b in (lower, upper)]
                body = _changed(body, gone, change)
                if body:
                    found.append(replace(node, lower=bounds[0], upper=bounds[1], body=body))
            case Branch(then=then, otherwise=otherwise):
                sides = [_changed(side, gone, change) for side in (then, otherwise)]
                if any(sides):
                    found.append(replace(node, then=sides[0], otherwise=sides[1]))
            case Assign():
                if node is not gone:
                    found.append(_changed_assignment(node, change))
    return tuple(found)


def _changed_assignment(node: Assign, change: Change) -> Assign:
    return replace(
        node,
        subscripts=tuple(_told(change_data(s, change)) for s in node.subscripts),
        value=rebuild_all(node.value, change),
        guard=None if node.guard is None else rebuild_all(node.guard, change),
    )


def _check_ranges(nodes: tuple[Node, ...], written: set[str]) -> None:
    for node in nodes:
        match node:
            case Loop(lower=lower, upper=upper, body=body):
                for bound in (lower, upper):
                    _check_range(node, bound, written)
                _check_ranges(body, written)
            case Branch(then=then, otherwise=otherwise):
                _check_ranges((*then, *otherwise), written)
            case Assign():
                pass


def _check_range(loop: Loop, bound: Affine, written: set[str]) -> None:
    for expr in data(bound):
        for load in loads(expr):
            if load.array in written:
                text = messages.RANGE_WRITTEN(
                    variable=loop.variable, bound=str(bound), name=load.array
                )
                raise UnsupportedSyntaxError(text, loop.location)
