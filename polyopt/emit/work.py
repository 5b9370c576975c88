"""How much work a parallel loop has: a product of affines that the call can evaluate.

For the statement with most loops inside, the widths of the iterators that the loops outside
leave free, times the operations of one instance. A box around the domain, so a triangle counts
twice its half: good enough to tell microseconds from milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from polyopt._isl import affine_from_aff
from polyopt.emit.loops import For, If, Instance, Node, Promote, below
from polyopt.model.affine import Affine
from polyopt.model.expr import walk
from polyopt.model.scop import Scop, Statement


def with_work(
    nodes: tuple[Node, ...], scop: Scop, outer: frozenset[str] = frozenset()
) -> tuple[Node, ...]:
    """Fill in `work` and `work_scale` of every parallel loop; `outer` are variables around."""
    return tuple(_node(n, scop, outer) for n in nodes)


def _node(node: Node, scop: Scop, outer: frozenset[str]) -> Node:
    match node:
        case For():
            body = with_work(node.body, scop, outer | {node.variable})
            if not (node.parallel or node.pipeline):
                return replace(node, body=body)
            factors, scale = _work(node, scop, outer)
            return replace(node, body=body, work=factors, work_scale=scale)
        case If():
            then = with_work(node.then, scop, outer)
            return replace(node, then=then, otherwise=with_work(node.otherwise, scop, outer))
        case Promote():
            return replace(node, body=with_work(node.body, scop, outer))
        case _:
            return node


def instances(nodes: tuple[Node, ...]) -> Iterator[Instance]:
    """Every statement instance below some nodes, in textual order."""
    return (node for node in below(nodes) if isinstance(node, Instance))


def unguarded(nodes: tuple[Node, ...]) -> Iterator[Instance]:
    """The statement instances below some nodes that no condition guards, in textual order."""
    for node in nodes:
        if isinstance(node, Instance):
            yield node
        elif isinstance(node, For | Promote):
            yield from unguarded(node.body)


def _work(node: For, scop: Scop, outer: frozenset[str]) -> tuple[tuple[Affine, ...], int]:
    fixed = outer | set(scop.parameter_names)
    best: tuple[tuple[Affine, ...], int] = ((), 0)
    for instance in instances(node.body):
        statement = scop.statement(instance.statement)
        free = [d for d, v in enumerate(instance.values) if not v.names() <= fixed]
        factors = tuple(w for d in free if (w := _width(scop, statement, d)) is not None)
        scale = sum(1 for _ in walk(statement.value))
        if (len(factors), scale) > (len(best[0]), best[1]):
            best = (factors, scale)
    return best


def _width(scop: Scop, statement: Statement, position: int) -> Affine | None:
    """The number of values between an iterator's least and greatest, where it has one form."""
    domain = statement.domain.intersect_params(scop.facts)
    low, high = domain.dim_min(position), domain.dim_max(position)
    ends = []
    for end in (low, high):
        pieces = end.gist(end.domain()).get_pieces()
        if not pieces:
            return None
        ends.append(affine_from_aff(pieces[0][1], scop.parameter_names, ()))
    first, last = ends
    return None if first is None or last is None else last - first + 1
