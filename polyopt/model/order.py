"""A schedule tree as one lexicographic order: the map from instances to time vectors."""

from __future__ import annotations

from collections.abc import Mapping

import islpy as isl

from polyopt._isl import Frame
from polyopt.model.affine import Affine
from polyopt.model.tree import Band, Leaf, Mark, Node, Region, Sequence

TimeVector = tuple[Affine, ...]


def depth(node: Node) -> int:
    """The number of time dimensions that a subtree needs."""
    match node:
        case Leaf():
            return 0
        case Band(members, child):
            return len(members) + depth(child)
        case Mark(_, child) | Region(_, child):
            return depth(child)
        case Sequence(children):
            return 1 + max(depth(c.child) for c in children)


def time_vectors(node: Node, statements: tuple[str, ...]) -> dict[str, TimeVector]:
    """Per statement its time vector, all of one length.

    Only for trees whose filters hold whole statements, such as source order.
    """
    width = depth(node)
    zero = Affine()

    def visit(node: Node, name: str) -> TimeVector:
        match node:
            case Leaf():
                return ()
            case Band(members, child):
                return (*(m.row(name) for m in members), *visit(child, name))
            case Mark(_, child) | Region(_, child):
                return visit(child, name)
            case Sequence(children):
                position = next(i for i, c in enumerate(children) if name in c.statements)
                return (Affine.integer(position), *visit(children[position].child, name))

    vectors = {name: visit(node, name) for name in statements}
    return {name: (*v, *([zero] * (width - len(v)))) for name, v in vectors.items()}


def order_map(vectors: Mapping[str, TimeVector], frames: Mapping[str, Frame]) -> isl.UnionMap:
    """The union map from instances to time."""
    result: isl.UnionMap | None = None
    for name, vector in vectors.items():
        relation = frames[name].access("time", vector).reset_tuple_id(isl.dim_type.out)
        part = isl.UnionMap(relation)
        result = part if result is None else result.union(part)
    if result is None:
        return isl.UnionMap("{ }")
    return result
