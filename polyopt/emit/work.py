"""How much work a parallel loop has: a product of affines that the call can evaluate.

The estimate follows the deepest nest below the loop. A bound that depends on an inner variable
is taken at the middle of that variable's range, so a triangle counts half its square.
"""

from __future__ import annotations

from dataclasses import replace

from polyopt.emit.loops import For, If, Instance, Node, Promote
from polyopt.model.affine import Affine, Extreme
from polyopt.model.expr import walk
from polyopt.model.scop import Scop


def with_work(nodes: tuple[Node, ...], scop: Scop) -> tuple[Node, ...]:
    """Fill in `work` and `work_scale` of every parallel loop."""
    return tuple(_node(n, scop) for n in nodes)


def _node(node: Node, scop: Scop) -> Node:
    match node:
        case For():
            body = with_work(node.body, scop)
            if not node.parallel:
                return replace(node, body=body)
            factors, scale = _work(node, scop, {})
            return replace(node, body=body, work=factors, work_scale=scale)
        case If():
            then, otherwise = with_work(node.then, scop), with_work(node.otherwise, scop)
            return replace(node, then=then, otherwise=otherwise)
        case Promote():
            return replace(node, body=with_work(node.body, scop))
        case _:
            return node


def _work(node: For, scop: Scop, middle: dict[str, Affine]) -> tuple[tuple[Affine, ...], int]:
    lower = _one(node.lower.substitute(middle))
    upper = _one(node.upper.substitute(middle))
    trips = (upper - lower).floordiv(node.step)
    inner = {**middle, node.variable: (lower + upper).floordiv(2)}
    factors, scale = _deepest(node.body, scop, inner)
    return (trips, *factors), scale


def _one(bound: Affine) -> Affine:
    """The bound itself; of a minimum or maximum, its widest operand is not known, so the first."""
    if len(bound.terms) == 1:
        atom, factor = bound.terms[0]
        if isinstance(atom, Extreme) and factor == 1:
            simplest = min(atom.operands, key=lambda o: (len(o.names()), str(o)))
            return simplest + bound.constant
    return bound


def _deepest(
    nodes: tuple[Node, ...], scop: Scop, middle: dict[str, Affine]
) -> tuple[tuple[Affine, ...], int]:
    best: tuple[tuple[Affine, ...], int] = ((), 1)
    straight = 0
    for node in nodes:
        match node:
            case For():
                found = _work(node, scop, middle)
            case If():
                found = _deepest((*node.then, *node.otherwise), scop, middle)
            case Promote():
                found = _deepest(node.body, scop, middle)
            case Instance():
                straight += _operations(scop, node.statement)
                continue
            case _:
                continue
        if (len(found[0]), found[1]) > (len(best[0]), best[1]):
            best = found
    return best if best[0] else ((), max(best[1], straight, 1))


def _operations(scop: Scop, statement: str) -> int:
    return sum(1 for _ in walk(scop.statement(statement).value))
