"""Partial tiles run as whole ones, where all that is too much lands in padding.

    with C[8 it : 8 it + 8, …] as acc (clipped):          with … as acc (clipped):
        for i in range(8 it, min(n, 8 it + 8)):     →         for i in range(0, 8):
            acc[i, j] += A_pack[i, k] * …                         acc[8 it + i, j] += …

Iterations beyond n write only to places of the block that lie beyond its ends, which are not
written back, and read only from blocks and padded buffers. All tiles then are loops of
constant length, as in BLIS, and need not be separated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from polyopt.emit.loops import Comment, For, If, Instance, Node, Promote
from polyopt.emit.openmp import operands
from polyopt.model.affine import Affine, substitute_condition
from polyopt.model.scop import Access, Scop


@dataclass(frozen=True)
class _Around:
    """The blocks around a point, innermost last, and the ranges of the loops: a start, and how
    much further they go."""

    blocks: tuple[Promote, ...] = ()
    ranges: Mapping[str, tuple[Affine, int]] = field(default_factory=dict)

    def inside(self, loop: For) -> _Around:
        found = _range(loop)
        return self if found is None else self.where(loop.variable, *found)

    def where(self, variable: str, start: Affine, span: int) -> _Around:
        return replace(self, ranges={**self.ranges, variable: (start, span)})

    def holder(self, statement: str, access: Access) -> Promote | None:
        """The innermost block that an access goes to."""
        for block in reversed(self.blocks):
            chosen = not block.targets or (statement, access.subscripts) in block.targets
            if block.array == access.array and chosen:
                return block
        return None


def _range(loop: For) -> tuple[Affine, int] | None:
    if loop.within is not None:
        return loop.within[0], loop.within[1] - 1
    ends = [e - loop.lower for e in operands(loop.upper, "min")]
    known = [e.constant for e in ends if e.is_constant]
    return (loop.lower, max(min(known) - 1, 0)) if known else None


def widened(nodes: tuple[Node, ...], scop: Scop) -> tuple[Node, ...]:
    """The loops with every partial tile that may be made whole."""
    return _nodes(nodes, scop, _Around())


def _nodes(nodes: tuple[Node, ...], scop: Scop, around: _Around) -> tuple[Node, ...]:
    return tuple(_node(n, scop, around) for n in nodes)


def _node(node: Node, scop: Scop, around: _Around) -> Node:
    match node:
        case For():
            node = _widened(node, scop, around) or node
            return replace(node, body=_nodes(node.body, scop, around.inside(node)))
        case If():
            then = _nodes(node.then, scop, around)
            return replace(node, then=then, otherwise=_nodes(node.otherwise, scop, around))
        case Promote():
            inside = replace(around, blocks=(*around.blocks, node))
            return replace(node, body=_nodes(node.body, scop, inside))
        case Instance() | Comment():
            return node


def _widened(loop: For, scop: Scop, around: _Around) -> For | None:
    """The loop over its whole tile; None where that would do more than fill padding."""
    if loop.within is None or loop.step != 1 or loop.parallel or loop.lower != loop.within[0]:
        return None
    start, length = loop.within
    ends = [end for end in operands(loop.upper, "min") if end != start + length]
    inside = around.where(loop.variable, start, length - 1)
    if not ends or not _is_padding(loop.body, scop, inside, loop.variable, ends):
        return None
    moved = {loop.variable: Affine.name(loop.variable) + start}
    body = _substituted(loop.body, moved)
    whole = Affine.integer(length)
    return replace(loop, lower=Affine(), upper=whole, body=body, within=None)


def _is_padding(
    nodes: tuple[Node, ...], scop: Scop, around: _Around, variable: str, ends: list[Affine]
) -> bool:
    """Whether iterations of a loop from any of its ends on only fill padding."""
    for node in nodes:
        match node:
            case For():
                if not _is_padding(node.body, scop, around.inside(node), variable, ends):
                    return False
            case Instance():
                if not _fills_padding(node, scop, around, variable, ends):
                    return False
            case Comment():
                pass
            case _:
                return False
    return True


def _fills_padding(
    instance: Instance, scop: Scop, around: _Around, variable: str, ends: list[Affine]
) -> bool:
    statement = scop.statement(instance.statement)
    values = dict(zip(statement.iterators, instance.values, strict=True))
    if statement.guard is not None:
        return False
    for access in statement.accesses:
        block = around.holder(statement.name, access)
        padded = block is not None and (block.ends if block.layout is None else block.layout.pad)
        place = tuple(s.substitute(values) for s in access.subscripts)
        if block is None or not padded or not _lies_in(place, block, around):
            return False
        if access.kind != "read" and not all(
            _is_beyond(place, block.ends, variable, end) for end in ends
        ):
            return False
    return True


def _lies_in(place: tuple[Affine, ...], block: Promote, around: _Around) -> bool:
    """Whether an element lies in a block wherever the loops around stand."""
    shape = block.shape or (1,) * len(place)
    for subscript, origin, extent in zip(place, block.origin, shape, strict=True):
        least, span = subscript - origin, 0
        while moving := [(a, f) for a, f in least.terms if a in around.ranges]:
            # Loops further in first: their starts depend on those around them.
            order = list(around.ranges)
            atom, factor = max(moving, key=lambda term: order.index(str(term[0])))
            start, reach = around.ranges[str(atom)]
            if factor < 0:
                return False
            least, span = (
                least - Affine.of([(atom, factor)]) + start * factor,
                span + reach * factor,
            )
            if least.is_constant:
                break
        if not least.is_constant or least.constant < 0 or least.constant + span >= extent:
            return False
    return True


def _is_beyond(
    place: tuple[Affine, ...], limits: tuple[Affine, ...], variable: str, end: Affine
) -> bool:
    """Whether an element lies beyond what is written back once a loop has reached `end`."""
    return any(
        s.coefficient(variable) > 0 and s.substitute({variable: end}) == limit
        for s, limit in zip(place, limits, strict=True)
    )


def _substituted(nodes: tuple[Node, ...], values: Mapping[str, Affine]) -> tuple[Node, ...]:
    """Nodes with names replaced by affines."""
    found: list[Node] = []
    for node in nodes:
        match node:
            case Instance():
                moved = tuple(v.substitute(values) for v in node.values)
                found.append(replace(node, values=moved))
            case For():
                within = node.within and (node.within[0].substitute(values), node.within[1])
                found.append(
                    replace(
                        node,
                        lower=node.lower.substitute(values),
                        upper=node.upper.substitute(values),
                        body=_substituted(node.body, values),
                        within=within,
                    )
                )
            case If(condition, then, otherwise):
                condition = substitute_condition(condition, values)
                found.append(
                    If(condition, _substituted(then, values), _substituted(otherwise, values))
                )
            case _:
                found.append(node)
    return tuple(found)
